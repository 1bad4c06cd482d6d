#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: in_cgroup.sh GROUP PSI_GROUP COMMAND…
#
# Enters the cgroup GROUP (and PSI_GROUP, unless empty) and becomes COMMAND. LD_PRELOAD and LASTWORDS belong to the
# command alone, so they come in as TEST_PRELOAD and TEST_LASTWORDS.
set -eu
group=$1
psi=$2
shift 2
echo $$ >"$group/cgroup.procs"
[ -z "$psi" ] || [ ! -d "$psi" ] || echo $$ >"$psi/cgroup.procs" 2>/dev/null || true
[ -z "${TEST_PRELOAD:-}" ] || export LD_PRELOAD=$TEST_PRELOAD
[ -z "${TEST_LASTWORDS:-}" ] || export LASTWORDS=$TEST_LASTWORDS
unset TEST_PRELOAD TEST_LASTWORDS
exec "$@"
