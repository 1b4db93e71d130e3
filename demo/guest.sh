#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration's part inside the VM: loads the module, lays two network
# namespaces (demo/net.sh) and lets runs.py show the six runs.
#
# usage: demo/guest.sh MODULE PROGRAMS
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ko=$1
programs=$2
time_wait_ms=1000
# shellcheck disable=SC1091 # it is one of those that are checked
. "$here/net.sh"

say() { printf 'demo: %s\n' "$*"; }

say "loading the module on Linux $(uname -r)"
load_module "$ko"

say "laying two network namespaces, joined by veth"
lay_namespaces
set_sysctl time_wait_ms "$time_wait_ms"

scratch=$(mktemp -d /run/demo.XXXXXX)
say "TIME_WAIT is set to $time_wait_ms ms here, so that its end can be seen"
status=0
python3 -B "$here/runs.py" "$programs" "$scratch" || status=$?
rm -rf "$scratch"

if ! unload_module "$ko"; then
	say "FAILED: the module cannot be unloaded"
	exit 1
fi
exit "$status"
