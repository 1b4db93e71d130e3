#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the unit tests of layer 0 in the kernel, inside the VM that vm.sh starts: loads
# their module, prints what KUnit says, and counts.
#
# usage: scripts/kunit.sh MODULE
set -euo pipefail
[[ $# == 1 ]] || { sed -n 's/^# usage: /usage: /p' "$0" >&2; exit 2; }
results=/sys/kernel/debug/kunit/tcpstate/results

# They run while it is loaded.
insmod "$1" || { echo 'kunit: 0 passed, 1 failed'; exit 1; }
[[ -r $results ]] || { echo 'kunit: no results'; echo 'kunit: 0 passed, 1 failed'; exit 1; }
cat "$results"
# The cases stand further in than the suite.
passed=$(grep -cE '^ +ok [0-9]+' "$results" || true)
failed=$(grep -cE '^ +not ok [0-9]+' "$results" || true)
rmmod "$(basename "$1" .ko)" || failed=$((failed + 1))
printf 'kunit: %s passed, %s failed\n' "$passed" "$failed"
[[ $failed == 0 && $passed != 0 ]]
