#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tests vm.sh itself: a command's status comes through, and a panic, a hang, a
# warning in the kernel's log and a VM that just stops are told apart.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT

check() { # NAME STATUS TEXT OPTION... -- COMMAND...
	local name=$1 want=$2 text=$3 status=0
	shift 3
	"$here/vm.sh" "$@" > "$out" 2>&1 || status=$?
	if [[ $status == "$want" ]] && grep -qF -- "$text" "$out"; then
		passed=$((passed + 1))
		printf 'ok %s\n' "$name"
	else
		failed=$((failed + 1))
		printf 'not ok %s: status %s, expected %s and "%s"\n' "$name" "$status" "$want" "$text"
		sed 's/^/  | /' "$out"
	fi
}

# shellcheck disable=SC2016 # the guest expands it
check success 0 'guest 6.1' -- sh -c 'echo guest $(uname -r)'
check status 7 'the last words' -- sh -c 'echo the last words; exit 7'
check warning 120 'WARNING: CPU: 0' -- \
	sh -c 'echo "WARNING: CPU: 0 PID: 1 at net/none.c:1 nothing+0x0/0x0" > /dev/kmsg'
check panic 121 'Kernel panic' -- sh -c 'echo c > /proc/sysrq-trigger'
check hang 122 'did not end within 3 s' --timeout 3 -- sleep 600
check stop 123 'without saying' -- sh -c 'busybox poweroff -f; sleep 60'
check usage 125 'unknown option' --no-such-option 1 -- true

printf 'vm_selftest: %s passed, %s failed\n' "$passed" "$failed"
[[ $failed == 0 ]]
