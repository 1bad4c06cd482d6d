#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scenarios that need cgroup v2, in one boot of a guest. TAP on standard output.
#
#   GUEST_ONLY      a regular expression: only the tests whose name matches
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

for part in build/liblastwords.so build/lastwords build/tests/programs/leak; do
    [ -e "$part" ] || { echo "not ok 1 guest: $part is missing"; exit 1; }
done

# The guest sees the checkout read-only, and is slow: what it reads is made here.
data=$PWD/build/guest/data
mkdir -p "$data"
/usr/bin/python3 examples/etl/generate.py 300000 "$data/orders.csv" "$data/reference.csv"
truncate -s $((5 * (48 << 20))) "$data/stream"

status=0
"$here/guest.sh" "$here/inside.sh" "$data" "$data/stream" "${GUEST_ONLY:-}" 2>"$data/errors" || status=$?
cat "$data/errors" >&2
case $status in
    0) ;;
    97) echo "ok 1 guest, cgroup v2 # skip $(tail -n 1 "$data/errors")" ;;
    *)
        echo "not ok guest, cgroup v2: the list of tests ended with $status"
        sed 's/^/# /' "$data/errors"
        exit 1
        ;;
esac
