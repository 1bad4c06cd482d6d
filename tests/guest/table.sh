#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The table of scenarios on cgroup v2, in two boots of a guest (one of 512 MiB); with N=3 about an hour for each kernel.
#
# usage: table.sh [N [PATTERN]]        (as tests/scenario/table.sh; 3 unless told)
#
#   GUEST_KERNEL     as for guest.sh
#   GUEST_MEMORY     4096 (MiB), of the first boot
#   GUEST_TIMEOUT    seconds for each boot, 4 hours unless told
set -eu -o pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
export GUEST_TIMEOUT=${GUEST_TIMEOUT:-14400}
# Its files are in memory: the reports of twenty runs of the ETL, of 21 MB each.
export GUEST_MEMORY=${GUEST_MEMORY:-4096}

data=$PWD/build/guest/data
mkdir -p "$data"
/usr/bin/python3 examples/etl/generate.py 300000 "$data/orders.csv" "$data/reference.csv"
truncate -s $((5 * (48 << 20))) "$data/stream"

# What is no line of the table (progress, what was wrong) goes to standard error.
rows() {
    local line
    while IFS= read -r line; do
        case $line in
            "| scenario |"* | "|---"*) ;;
            "|"*) printf '%s\n' "$line" ;;
            *) printf '%s\n' "$line" >&2 ;;
        esac
    done
}
bad=0
echo "| scenario | kernel | runs | missed | false | cause right | headroom at the action, median (worst) | lead time, median (shortest) |"
echo "|---|---|---|---|---|---|---|---|"
"$here/guest.sh" "$here/rows.sh" "${1:-3}" "${2:-}" "$data" | rows || bad=1
GUEST_MEMORY=512 GUEST_OPTIONS=psi=0 "$here/guest.sh" "$here/rows_small.sh" "${1:-3}" "${2:-}" | rows || bad=1
exit $bad
