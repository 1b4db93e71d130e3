#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs all tests of the project, as "make check" does.
#
# usage: scripts/check.sh [--all] [--kernel VERSION] [--debug | --kmsan] [--programs | --fuzz | NAME...]
#
# --all: on wire 253 too every test, not only those that the wire matters for, the
# tests that take minutes, and the wire tests on the in-tree TCP beside ours.
#
# With names of kselftests (sock_bind, wire_edges ...), only the module is built
# and these are run; with --programs, all those that run other programs. The last
# line is "N passed, N failed"; the status is 0 only if nothing failed. A step that cannot run, or says no count, counts as failed.
#
# --fuzz: fuzzers alone: of the pure files, then in the VM a million hostile segments
# and as many hostile calls.
#
# --kernel: only what depends on the kernel, in the small one of this version that
# scripts/kernel.sh builds; --debug: in its debug flavour (of 6.1, if not said);
# --kmsan: in that with KMSAN, on wire 6, if not said otherwise those tests that look at
# all that goes to user space and to the wire: it is very slow.
set -euo pipefail
version='' flavour=base image='' kdir='' programs='' all='' fuzz=''
while [[ ${1:-} == --* ]]; do
	case $1 in
	--kernel) version=$2; shift ;;
	--debug | --kmsan) flavour=${1#--} ;;
	--all) all=1 ;;
	--programs) programs=all ;;
	--fuzz) fuzz=1 ;;
	*) sed -n 's/^# usage: /usage: /p' "$0"; exit 2 ;;
	esac
	shift
done
[[ $flavour == base ]] || version=${version:-6.1}
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

# A file with the image and the folder to build against, one a line.
small_kernel() {
	local option=()
	[[ $flavour == base ]] || option=("--$flavour")
	scripts/kernel.sh "${option[@]}" "$version" > "$build/kernel-$version-$flavour"
}

# For another kernel in a copy, so that the objects for Debian's are left as they are.
build_module() {
	local status=0 tree=.
	if [[ -n $version ]]; then
		tree=$(dirname "$module")
		rm -rf "$tree"
		mkdir -p "$tree"
		cp -r Makefile Kbuild include ./*.[ch] "$tree"
	fi
	make --no-print-directory -C "$tree" ${kdir:+"KDIR=$kdir"} "${make[@]}" modules \
		> "$build/module.log" 2>&1 || status=$?
	cat "$build/module.log"
	[[ $status == 0 ]] && ! grep -E 'warning:|WARNING:' "$build/module.log"
}

# The unit tests of layer 0 once more, built with the flags of this kernel.
run_kunit() {
	local tree
	tree=$(dirname "$module")
	cp -r tests "$tree"
	make --no-print-directory -C "$tree/tests" kunit "KDIR=$kdir" "${make[@]}" || return 1
	# allnoconfig has left KUNIT_DEFAULT_ENABLED and, of later kernels, KUNIT_AUTORUN_ENABLED out.
	selftests/vm.sh "${vm[@]}" --kopt kunit.enable=1 --kopt kunit.autorun=1 \
		--timeout $((300 * ${TCPSTATE_SLOW:-1})) -- scripts/kunit.sh "$tree/tests/tcpstate_pure_test.ko"
}

run_selftests() { # WIRE NAME...
	local option=() name status=0
	export TCPSTATE_WIRE=$1
	shift
	for name in "$@"; do
		option+=(-t "$name")
	done
	[[ -z $all ]] || export TCPSTATE_LONG=1 TCPSTATE_ROUNDS=200
	if [[ $flavour == debug ]]; then
		rm -rf "$build/counts-$TCPSTATE_WIRE"
		option+=(-g "$build/counts-$TCPSTATE_WIRE")
	fi
	rm -f "$build/results"
	make -s -C selftests install OUTPUT="$build/selftests" INSTALL_ROOT="$build/kselftest" || return 1
	selftests/vm.sh "${vm[@]}" --rw "$build" --timeout $((2400 * ${TCPSTATE_SLOW:-1})) \
		--debug-log "$build/kernel-wire-$TCPSTATE_WIRE.log" -- \
		selftests/run.sh -k "$module" -r "$build/results" "${option[@]}" || status=$?
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

# The wire tests on the in-tree TCP, for comparison: what fails there fails no run.
run_intree() {
	local option=() name
	while IFS=: read -r _ name; do
		option+=(-t "${name%.sh}")
	done < <(grep -E '^tcpstate:wire_' "$build/kselftest/kselftest-list.txt")
	# Each case that fails there waits until its deadline.
	TCPSTATE_FAMILY=2 TCPSTATE_WIRE=6 TCPSTATE_MORE_SECONDS=1800 selftests/vm.sh "${vm[@]}" \
		--timeout $((4200 * ${TCPSTATE_SLOW:-1})) -- \
		selftests/run.sh -k "$build/no-module" "${option[@]}" > "$build/check-intree.log" 2>&1 || true
	printf 'the wire tests on the in-tree TCP: %s\n' \
		"$(grep -a '^selftests: ' "$build/check-intree.log" | tail -n 1 || true)"
}

# What RFC 9293 asks for, against the sources and the tests that have just run.
run_conformance() {
	local intree=()
	if [[ -n $all ]]; then
		run_intree
		intree=(--intree "$build/check-intree.log")
	fi
	scripts/check-conformance.py --log "$build/check-selftests-on-wire-6.log" \
		--log "$build/check-selftests-on-wire-253.log" "${intree[@]}"
}

# The wire is known to the lowest layers alone: tests of what they do, and of the
# socket calls. The rest of the wire tests would run the same code a second time.
wire_matters() {
	basename -a -s .c selftests/sock_*.c \
		selftests/wire_{edges,closed,malformed,icmp,pmtu,ipheader}.c
	basename -a -s .sh selftests/*_test.sh
}

if [[ -n $programs ]]; then
	export TCPSTATE_PROGRAMS=all
	while read -r test; do
		set -- "$@" "$(basename "$test" .sh)"
	done < <(grep -lE '^programs_main ' selftests/*_test.sh)
fi
cpus=$(nproc)
# Debian's kernels clear all memory that they give; others show what was there before.
vm=(--cpus $((cpus < 4 ? cpus : 4)) --kopt init_on_alloc=0) module=$PWD/tcpstate.ko
if [[ -n $fuzz ]]; then
	step whole packages scripts/deps.sh build fuzz vm
	step whole 'module build' build_module
	step counted 'planted bugs' tests/fuzz/run.sh --planted
	step counted 'fuzzers of the pure files' tests/fuzz/run.sh
	export TCPSTATE_FUZZ_ROUNDS=${TCPSTATE_FUZZ_ROUNDS:-1000000}
	export TCPSTATE_FUZZ_CALLS=${TCPSTATE_FUZZ_CALLS:-1000000}
	step counted 'hostile segments and calls' run_selftests 6 wire_fuzz wire_flood sock_fuzz
	finish
fi
if [[ -z $version ]]; then
	step whole packages scripts/deps.sh build user vm lint demo tools programs ${programs:+more-programs} ${all:+dkms}
else
	packages=(vm kernel programs ${programs:+more-programs})
	# For its clang.
	[[ $flavour != kmsan ]] || packages+=(fuzz)
	step whole packages scripts/deps.sh "${packages[@]}"
	step whole "kernel $version-$flavour" small_kernel
	{ read -r image && read -r kdir; } < "$build/kernel-$version-$flavour"
	module=$build/module-$version-$flavour/tcpstate.ko
	vm+=(--kernel "$image")
fi
# What the module is built with.
make=()
if [[ $flavour != base ]]; then
	export TCPSTATE_SLOW=${TCPSTATE_SLOW:-6}
	vm+=(--boot-timeout 600)
fi
if [[ $flavour == kmsan ]]; then
	make=(CC=clang)
	[[ $# != 0 ]] || set -- sock_data sock_opt sock_diag sock_record sock_proc sock_urgent \
		wire_icmp wire_ipopt wire_cookie wire_timewait wire_sack wire_record
	# Each octet has two more that say what is known of it.
	vm+=(--memory 6G)
fi
if [[ $flavour == debug ]]; then
	make=(TCPSTATE_GCOV=y)
	vm+=(--memory 2G --kopt kasan_multi_shot)
	# For wire_poison: what nobody has written has a pattern.
	# For sock_faults: all caches may fail but those of kmemleak, and those without which
	# sysfs_slab_add() of 6.1 loses the name of a new cache.
	vm+=(--kopt 'slub_debug=PA;P,kmemleak_*,kernfs_node_cache,kmalloc-16,kmalloc-32')
fi
step whole 'module build' build_module
if [[ -z $version && $# == 0 && -n $all ]]; then
	step whole dkms scripts/dkms.sh "$build/dkms"
fi
if [[ $# == 0 && -z $version ]]; then
	step counted 'user-space tests' make --no-print-directory -C tests check
	step whole 'tools build' make --no-print-directory -C tools
	step counted 'tools tests' tests/tool.sh
	step counted lint scripts/lint.sh
	step counted docs scripts/check-docs.sh
	step counted 'docs self-test' scripts/check-docs.sh --self-test
	step counted 'conformance self-test' scripts/check-conformance.py --self-test
	step counted 'vm selftest' selftests/vm_selftest.sh
fi
[[ $# != 0 || -z $version ]] || step counted 'unit tests in the kernel' run_kunit
step counted 'selftests on wire 6' run_selftests 6 "$@"
[[ $flavour != kmsan ]] || finish
if [[ $# == 0 && -z $all ]]; then
	mapfile -t names < <(wire_matters)
	step counted 'selftests on wire 253' run_selftests 253 "${names[@]}"
else
	step counted 'selftests on wire 253' run_selftests 253 "$@"
fi
[[ $flavour != debug ]] || step whole coverage scripts/coverage.sh "$(dirname "$module")" "$build"/counts-{6,253}
[[ $# != 0 ]] || step counted conformance run_conformance
finish
