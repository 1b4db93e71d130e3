#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs all tests of the project, as "make check" does.
#
# usage: scripts/check.sh [--programs | NAME...]
#
# With names of kselftests (sock_bind, wire_edges ...), only the module is built
# and these are run; with --programs, all those that run other programs. The last line is "N passed, N failed"; the status is 0 only
# if nothing failed. A step that cannot run, or says no count, counts as failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

passed=0 failed=0 bad=()
build=$PWD/build
mkdir -p "$build"

# Adds the counts of a step whose output ends with "NAME: N passed, N failed".
add() { # NAME STATUS PASSED FAILED
	passed=$((passed + $3))
	failed=$((failed + $4))
	if [[ $4 != 0 ]]; then
		bad+=("$1")
	elif [[ $2 != 0 || $3 == 0 ]]; then
		failed=$((failed + 1))
		bad+=("$1 (status $2)")
	fi
}

# Runs a step. "counted": its last count line is added; "whole": it is one test.
step() { # KIND NAME COMMAND...
	local kind=$1 name=$2 status=0 began=$SECONDS log line
	shift 2
	printf '\n== %s\n' "$name"
	log=$build/check-${name//[^a-z0-9]/-}.log
	"$@" 2>&1 < /dev/null | tee "$log" || status=${PIPESTATUS[0]}
	if [[ $kind == whole ]]; then
		add "$name" "$status" "$((status == 0))" "$((status != 0))"
	else
		line=$(grep -E '^[a-z_]+: [0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 || true)
		if [[ $line =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
			add "$name" "$status" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
		else
			add "$name" "$status" 0 0
		fi
	fi
	printf '== %s: %s s, so far %s passed, %s failed\n' \
		"$name" $((SECONDS - began)) "$passed" "$failed"
}

finish() {
	trap - EXIT
	[[ ${#bad[@]} == 0 ]] || printf '\nfailed: %s\n' "$(printf '%s; ' "${bad[@]}")"
	printf '%s passed, %s failed\n' "$passed" "$failed"
	[[ $failed == 0 ]]
	exit
}
# Whatever ends this script early still leaves a count.
trap 'failed=$((failed + 1)); bad+=("check.sh ended early"); finish' EXIT
trap 'exit 130' INT TERM

build_module() {
	local status=0
	make --no-print-directory modules > "$build/module.log" 2>&1 || status=$?
	cat "$build/module.log"
	[[ $status == 0 ]] && ! grep -E 'warning:|WARNING:' "$build/module.log"
}

run_selftests() { # WIRE NAME...
	local option=() name status=0
	export TCPSTATE_WIRE=$1
	shift
	for name in "$@"; do
		option+=(-t "$name")
	done
	rm -f "$build/results"
	make -s -C selftests install OUTPUT="$build/selftests" INSTALL_ROOT="$build/kselftest" || return 1
	selftests/vm.sh --rw "$build" --timeout 2400 --debug-log "$build/kernel-wire-$TCPSTATE_WIRE.log" -- \
		selftests/run.sh -r "$build/results" "${option[@]}" || status=$?
	if [[ -s $build/results ]]; then
		sed 1d "$build/results" | sed 's/^/not ok: /'
		read -r ok not_ok _ < "$build/results"
		# A splat or a hang is a failure of its own, beside the counts.
		[[ $status -lt 120 ]] || not_ok=$((not_ok + 1))
		printf 'selftests: %s passed, %s failed\n' "$ok" "$not_ok"
	else
		printf 'selftests: 0 passed, 1 failed\n'
	fi
	return "$status"
}

groups=(build user vm lint demo programs)
if [[ ${1-} == --programs ]]; then
	shift
	export TCPSTATE_PROGRAMS=all
	groups+=(more-programs)
	while read -r test; do
		set -- "$@" "$(basename "$test" .sh)"
	done < <(grep -lE '^programs_main ' selftests/*_test.sh)
fi

step whole packages scripts/deps.sh "${groups[@]}"
step whole 'module build' build_module
if [[ $# == 0 ]]; then
	step counted 'user-space tests' make --no-print-directory -C tests check
	step counted lint scripts/lint.sh
	step counted docs scripts/check-docs.sh
	step counted 'docs self-test' scripts/check-docs.sh --self-test
	step counted 'vm selftest' selftests/vm_selftest.sh
fi
step counted 'selftests on wire 6' run_selftests 6 "$@"
step counted 'selftests on wire 253' run_selftests 253 "$@"
finish
