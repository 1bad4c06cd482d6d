# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# To be sourced by a bats file, after same.bash.
#
#   endures ALLOCATIONS THREADS LOADS    the program `endurance` at work for so many of each, watched from its first byte
#                                        on, with the fault counter on: nothing grows, and the books come out even

endures() {
    PATIENCE=${PATIENCE:-300} run_as it "keep=always:activate=1M:limit=440M:sample=${SAMPLE:-64K}" \
        "$DOORS/endurance" "$@" "$DOORS/plugin_narrow.so" "$DOORS/plugin_wide.so"
    cat it.out it.err
    grep -E 'round (2|20):' it.err >it.judged
    [ "$(cat it.status)" = 0 ]
    "$REPO/build/lastwords" report --json lastwords-endurance.*.lw >it.json
    "$REPO/build/lastwords" report lastwords-endurance.*.lw >it.text
    python3 "$REPO/tests/support/endured.py" it.json it.text "$@" | tee -a it.judged
    return "${PIPESTATUS[0]}"
}
