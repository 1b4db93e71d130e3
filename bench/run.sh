#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Side by side with the in-tree TCP, as "make bench" does it: builds, boots one VM
# with one CPU whose time is a count of instructions, measures there, and writes
# bench/results.json, bench/results.txt and bench/results.svg.
set -euo pipefail

usage() {
	cat <<'END'
usage: bench/run.sh [--quick | --small] [--real | --host] [--rounds N] [MEASURE...]

  --quick     one round, and no 100,000 connections
  --small     no 100,000 connections: 1 GiB of guest memory instead of 3
  --real      real time: the same VM, not counting; for hosts with KVM
  --host      real time, on this machine's own kernel: needs root, loads the module
  --rounds N  how often each is measured (default 5)
  MEASURE     only these (names of the table, or patterns: 'bulk_*')

With --quick or MEASUREs the results go to build/bench only, which are no results
to show. No test depends on any figure.
END
}

die() {
	printf 'bench: %s\n' "$*" >&2
	exit 1
}

mode=icount rounds=5 full=1 quick='' only=()
while [[ $# -gt 0 ]]; do
	case $1 in
	--quick) quick=1 rounds=1 full='' ;;
	--small) full='' ;;
	--real) mode=real ;;
	--host) mode=host ;;
	--rounds) rounds=${2:?} quick=''; shift ;;
	--help) usage; exit 0 ;;
	-*) usage >&2; exit 2 ;;
	*) only+=("$1") ;;
	esac
	shift
done
[[ $rounds =~ ^[1-9][0-9]*$ ]] || die "--rounds: not a number: $rounds"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=$PWD/build/bench
mkdir -p "$build"

# Said before anything is started.
memory=1024
[[ -z $full ]] || memory=3072
need=$((memory + 512))
[[ $mode != host ]] || need=2048
have=$(($(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024))
[[ $have -ge $need ]] || die "this host is too small: $need MiB of free memory are needed, $have are there"
have=$(($(df -Pk "$build" | awk 'END { print $4 }') / 1024))
[[ $have -ge 200 ]] || die "200 MiB of disk are needed below $build, $have are there"
[[ $mode != host || $(id -u) == 0 ]] || die "--host loads the module: run it as root"

scripts/deps.sh build vm bench
make --no-print-directory modules > "$build/module.log" 2>&1 ||
	{ tail -n 20 "$build/module.log" >&2; die "the module does not build"; }
cc -O2 -Wall -Wextra -o "$build/tcpbench" bench/tcpbench.c

# Counts instructions by function, where QEMU takes plugins of this kind.
plugin=()
if [[ $mode == icount ]]; then
	cc -O2 -Wall -Wextra -fPIC -shared -fvisibility=hidden -o "$build/insns.so" bench/insns.c
	try=$build/insns.so,to=$build/insns
	if echo quit | qemu-system-x86_64 -M none -nodefaults -display none -accel tcg \
		-monitor stdio -plugin "$try" > "$build/plugin.log" 2>&1; then
		plugin=(--qemu -plugin --qemu "$try")
	else
		printf 'bench: no tables by function: %s\n' "$(tail -n 1 "$build/plugin.log")" >&2
	fi
fi

rm -f "$build"/raw "$build"/raw.part "$build"/insns "$build"/symbols
export TCPSTATE_BENCH_ROUNDS=$rounds TCPSTATE_BENCH_FULL=$full TCPSTATE_BENCH_ONLY="${only[*]:-*}"
guest=(bench/guest.sh "$PWD/tcpstate.ko" "$build/tcpbench" "$build")
status=0
case $mode in
icount) selftests/vm.sh --icount "${plugin[@]}" --kopt slab_nomerge --memory "$memory" --rw "$build" --timeout 7200 -- "${guest[@]}" ;;
real) selftests/vm.sh --kopt slab_nomerge --memory "$memory" --rw "$build" --timeout 7200 -- "${guest[@]}" ;;
host) "${guest[@]}" ;;
esac || status=$?

# A run that was cut short leaves nothing that looks whole.
if [[ $status != 0 || $(tail -n 1 "$build/raw.part" 2> /dev/null) != complete ]]; then
	die "the run did not end well (status $status): no results are written"
fi
mv "$build/raw.part" "$build/raw"
results=$build
[[ -n $quick || ${#only[@]} != 0 ]] || results=bench
bench/report.py --mode "$mode" --counts "$build" "$build/raw" "$results"
