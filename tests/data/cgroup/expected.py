#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What has to be read from the recorded trees, as rows for tests/unit/shim_cgroup.c: a second reading of the same files.

usage: expected.py DIRECTORY        (of KERNEL/NAME.tree files; C on standard output)

Rules of the kernel's documentation, not of the library's code: reclaimable are the file pages on the two lists, less
what is dirty or under writeback, and on v2 the reclaimable slab; memsw of v1 is memory and swap together.
"""
import pathlib
import re
import sys

NONE = "NONE"
V1_NO_LIMIT = 0x7000000000000000


def read_tree(path):
    """{file: text} of one recorded tree."""
    parts = re.split(r"^## (.*)\n", path.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def number(text):
    """Of a file with one number; `max` and what v1 writes for it are no limit."""
    if text is None or text.strip() == "max" or int(text) >= V1_NO_LIMIT:
        return NONE
    return int(text)


def rows(text):
    return {name: int(value) for name, value in re.findall(r"^(\S+) (\d+)$", text or "", flags=re.M)}


def swap_v1(limit, files):
    memsw_limit, memsw_used = number(files.get("memsw.limit_in_bytes")), number(files.get("memsw.usage_in_bytes"))
    used = number(files["usage_in_bytes"])
    most = NONE if memsw_limit == NONE or limit == NONE else max(0, memsw_limit - limit)
    if int(files.get("swappiness", "1")) == 0:
        most = 0
    return most, NONE if memsw_used == NONE else max(0, memsw_used - used)


def level(version, files):
    """The columns of struct expected_level after the path."""
    stat = rows(files["stat"])
    total = (lambda name: stat.get(name)) if version == 2 else (lambda name: stat.get("total_" + name))
    busy = (total("file_dirty") if version == 2 else total("dirty")) or 0
    busy += (total("file_writeback") if version == 2 else total("writeback")) or 0
    lists = total("inactive_file") + total("active_file")
    reclaimable = max(0, lists - busy)
    if version == 2:
        limit = number(files.get("max"))
        return [limit, number(files["current"]), reclaimable + stat.get("slab_reclaimable", 0), number(files.get("high")),
                number(files.get("swap.max")), number(files.get("swap.current")), number(files.get("peak")),
                rows(files["events"])["oom_kill"], rows(files["events"])["max"], stat["anon"], stat["file"], stat["shmem"],
                stat.get("kernel", NONE), busy, stat["inactive_file"], stat.get("workingset_refault_file", NONE)]
    limit = number(files.get("limit_in_bytes"))
    swap_limit, swap_used = swap_v1(limit, files)
    return [limit, number(files["usage_in_bytes"]), reclaimable, number(files["soft_limit_in_bytes"]), swap_limit, swap_used,
            number(files["max_usage_in_bytes"]), rows(files["oom_control"])["oom_kill"], number(files["failcnt"]),
            stat["total_rss"], stat["total_cache"], stat["total_shmem"], number(files["kmem.usage_in_bytes"]), busy,
            stat["total_inactive_file"], stat.get("total_workingset_refault_file", NONE)]


def chain(tree):
    """(version, own path, pressure file or "", [(path, {file: text})…]), innermost first."""
    mounts = [line.split(" - ") for line in tree["/proc/self/mountinfo"].splitlines()]
    mounts = [(left.split()[3], left.split()[4], right.split()) for left, right in mounts]
    v1 = next((m for m in mounts if m[2][0] == "cgroup" and "memory" in m[2][2].split(",")), None)
    own = dict(re.findall(r"^\d+:([^:]*):(.*)$", tree["/proc/self/cgroup"], flags=re.M))
    mount = v1 or next(m for m in mounts if m[2][0] == "cgroup2")
    path = next(own[name] for name in own if ("memory" in name.split(",") if v1 else name == ""))
    groups = {}
    root = mount[0].rstrip("/")
    if not (path + "/").startswith(root + "/") or not root and (path + "/").startswith("/../"):
        return 1 if v1 else 2, path, "", []  # it does not lie below the mount
    for name, text in tree.items():
        found = re.fullmatch(re.escape(mount[1]) + r"(.*)/memory\.([^/]*)", name)
        if found and found[2] != "pressure":
            groups.setdefault(found[1] or "/", {})[found[2]] = text
    usage = "usage_in_bytes" if v1 else "current"
    levels = sorted(((name, files) for name, files in groups.items() if usage in files), key=lambda g: -len(g[0]))
    pressure = next((name for name in tree if name.endswith("/memory.pressure")), "")
    return 1 if v1 else 2, path, pressure, levels


def main():
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Written by tests/data/cgroup/expected.py from the trees beside it: do not edit. */")
    print("static const struct tree recorded[] = {")
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*/*.tree")):
        version, own, pressure, levels = chain(read_tree(path))
        if not levels:
            continue
        print(f'    {{"{path.parent.name}/{path.stem}", {version}, "{own}", "{pressure}",')
        body = ",\n".join(f'      {{"{name}", ' + ", ".join(str(column) for column in level(version, files)) + "}"
                          for name, files in levels)
        print(f"     {{\n{body}}}}},")
    print("};")


if __name__ == "__main__":
    main()
