/* SPDX-License-Identifier: MIT */
/* Would the preload reach this command? Reads the ELF headers of the binary, and of a script's interpreter. */
#include "commands/doctor_checks.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct diagnosis {
    struct finding *findings;
    size_t count;
    size_t capacity;
};

__attribute__((format(printf, 4, 5))) static void find(struct diagnosis *diagnosis, enum finding_grade grade,
                                                       const char *what, const char *format, ...)
{
    va_list arguments;

    if (diagnosis->count == diagnosis->capacity)
        return;
    struct finding *finding = &diagnosis->findings[diagnosis->count++];
    finding->grade = grade;
    snprintf(finding->what, sizeof(finding->what), "%s", what);
    va_start(arguments, format);
    vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

/* As execvp looks it up. */
static bool look_up(const char *command, char *path, size_t size)
{
    const char *place = getenv("PATH");

    if (strchr(command, '/')) {
        snprintf(path, size, "%s", command);
        return access(path, X_OK) == 0;
    }
    for (place = place ? place : "/usr/bin:/bin"; *place;) {
        size_t length = strcspn(place, ":");
        struct stat status;
        snprintf(path, size, "%.*s/%s", length ? (int)length : 1, length ? place : ".", command);
        if (access(path, X_OK) == 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode))
            return true;
        place += length + (place[length] == ':');
    }
    return false;
}

/* "#!/usr/bin/env python3 -u" becomes "python3"; "#!/bin/sh -e" becomes "/bin/sh". False when it is no script. */
static bool interpreter_of(const char *path, char *interpreter, size_t size)
{
    char line[512] = "", *save = NULL;
    FILE *file = fopen(path, "re");
    bool script = file && fgets(line, sizeof(line), file) && strncmp(line, "#!", 2) == 0;

    if (file)
        fclose(file);
    char *word = script ? strtok_r(line + 2, " \t\n", &save) : NULL;
    const char *slash = word ? strrchr(word, '/') : NULL;
    if (slash && strcmp(slash, "/env") == 0)
        word = strtok_r(NULL, " \t\n", &save);
    while (word && word[0] == '-')
        word = strtok_r(NULL, " \t\n", &save);
    if (!word)
        return false;
    snprintf(interpreter, size, "%s", word);
    return true;
}

static bool has_loader(Elf *elf)
{
    size_t count = 0;
    GElf_Phdr header;

    elf_getphdrnum(elf, &count);
    for (size_t i = 0; i < count; i++)
        if (gelf_getphdr(elf, (int)i, &header) && header.p_type == PT_INTERP)
            return true;
    return false;
}

static void diagnose_elf(struct diagnosis *diagnosis, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    elf_version(EV_CURRENT);
    Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    if (!elf || elf_kind(elf) != ELF_K_ELF)
        find(diagnosis, FINDING_NOTE, "linking", "%s cannot be read as a program (%s)", path,
             fd < 0 ? strerror(errno) : "no ELF file");
    else if (!has_loader(elf))
        find(diagnosis, FINDING_BAD, "linking", "%s is statically linked: no library can be preloaded into it", path);
    else if (gelf_getclass(elf) != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32))
        find(diagnosis, FINDING_BAD, "linking", "%s has another word size than the library", path);
    else
        find(diagnosis, FINDING_GOOD, "linking", "dynamically linked: the library is loaded");
    if (elf)
        elf_end(elf);
    if (fd >= 0)
        close(fd);
}

static void diagnose_privileges(struct diagnosis *diagnosis, const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return;
    if ((status.st_mode & S_ISUID) && status.st_uid != geteuid())
        find(diagnosis, FINDING_BAD, "privileges", "set-user-id: the loader ignores LD_PRELOAD with a path");
    else if ((status.st_mode & S_ISGID) && status.st_gid != getegid())
        find(diagnosis, FINDING_BAD, "privileges", "set-group-id: the loader ignores LD_PRELOAD with a path");
}

/* "python3.11" says its version, and so does "python3.13t"; "python3" is a link to such a name in most places. */
static void diagnose_python(struct diagnosis *diagnosis, const char *path)
{
    char real[PATH_MAX], *rest = NULL;
    const char *name = realpath(path, real) ? strrchr(real, '/') : NULL;

    if (name && strncmp(name, "/pypy", 5) == 0)
        find(diagnosis, FINDING_NOTE, "python", "PyPy keeps its frames in another way: native frames only");
    if (!name || strncmp(name, "/python", 7) != 0)
        return;
    long minor = strncmp(name + 7, "3.", 2) == 0 ? strtol(name + 9, &rest, 10) : 0;
    if (!rest || rest == name + 9)
        find(diagnosis, FINDING_NOTE, "python", "%s: the version is not in the name", name + 1);
    else if (minor < 8 || minor > 14)
        find(diagnosis, FINDING_NOTE, "python", "CPython %s is not known (3.8 to 3.14 are): native frames only",
             name + 7);
    else if (*rest == 't')
        find(diagnosis, FINDING_NOTE, "python",
             "CPython %s is free-threaded, which is not supported: native frames only", name + 7);
    else if (*rest == 'd' || strcmp(rest, "-dbg") == 0)
        find(diagnosis, FINDING_NOTE, "python",
             "CPython %s is a debug build, which is not supported: native frames only", name + 7);
    else
        find(diagnosis, FINDING_GOOD, "python", "CPython %s: its frames are read, once its structures are verified",
             name + 7);
}

size_t doctor_command(const char *command, struct finding *findings, size_t capacity)
{
    struct diagnosis diagnosis = {.findings = findings, .capacity = capacity};
    char path[PATH_MAX], interpreter[256];

    if (!look_up(command, path, sizeof(path))) {
        find(&diagnosis, FINDING_BAD, "command", "%s: not found or not executable", command);
        return diagnosis.count;
    }
    find(&diagnosis, FINDING_GOOD, "command", "%s", path);
    for (int i = 0; i < 4 && interpreter_of(path, interpreter, sizeof(interpreter)); i++) {
        bool found = look_up(interpreter, path, sizeof(path));
        find(&diagnosis, found ? FINDING_GOOD : FINDING_BAD, "interpreter", found ? "%s" : "%s: not found",
             found ? path : interpreter);
        if (!found)
            return diagnosis.count;
    }
    diagnose_elf(&diagnosis, path);
    diagnose_privileges(&diagnosis, path);
    diagnose_python(&diagnosis, path);
    return diagnosis.count;
}
