# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The interpreters that are here. To be sourced by a bats file.
#
#   interpreters      paths: Debian's python3 first, then every other CPython from 3.8 to 3.14 in the PATH, in /usr and
#                     of pyenv, each once
#   each SCRIPT ARGUMENT…   runs it with each of them and the walk under test, prints what they say; fails when one does

# Prints where it really is; fails for what is refused (refusals.bats) and for a shim of pyenv without its version.
IS_ONE='
import os, sys, sysconfig
if sys.implementation.name != "cpython" or hasattr(sys, "gettotalrefcount") or sysconfig.get_config_var("Py_GIL_DISABLED"):
    sys.exit(1)
print(os.path.realpath(sys.executable))'

interpreters() {
    local found version place
    {
        echo /usr/bin/python3
        for version in 3.{8,9,10,11,12,13,14}; do
            type -aP "python$version" || true
            compgen -G "/usr/bin/python$version" || true
            compgen -G "/usr/local/bin/python$version" || true
            compgen -G "$HOME/.pyenv/versions/$version.*/bin/python3" || true
        done
    } | while read -r found; do
        place=$("$found" -c "$IS_ONE" 2>/dev/null </dev/null) || continue
        [ ! -x "$place" ] || found=$place
        echo "$found"
    done | awk '!seen[$0]++'
}

witness() { echo "$REPO/build/tests/python/witness.so"; }

each() {
    local interpreter script=$1 wrong=0 n=0
    shift
    for interpreter in $(interpreters); do
        n=$((n + 1))
        # The library's thread-local storage has its place at the start of a program; here it comes later, as a plugin.
        GLIBC_TUNABLES=glibc.rtld.optional_static_tls=8192 PYTHONDONTWRITEBYTECODE=1 timeout -s KILL "${PATIENCE:-200}" \
            "$interpreter" -W ignore "$BATS_TEST_DIRNAME/$script" "$(witness)" "$@" >out 2>&1 || {
            echo "$interpreter: status $?"
            wrong=1
        }
        cat out
        sed "s/^/# /" out >&3
    done
    echo "# $script: $n versions" >&3
    return $wrong
}
