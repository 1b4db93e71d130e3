#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What "make -C tests check" does: build, run, count.
cd "$(dirname "$0")" || exit 1
B=../build/tests
mkdir -p "$B"
passed=0 failed=0

ok() { passed=$((passed + 1)); }
no() { failed=$((failed + 1)); echo "not ok: $1"; }

# One test: passes if the command does; its output is shown.
run() { # NAME COMMAND...
	local name=$1
	shift
	if "$@"; then ok; else no "$name"; fi
}

# A file of unit tests: counts its rows.
rows() { # NAME
	local out
	out=$("$B/test_$1" 2>&1)
	local status=$?
	printf '%s\n' "$out"
	if [[ $out =~ $1:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		[[ $status == 0 || ${BASH_REMATCH[2]} != 0 ]] || no "$1: status $status"
	else
		no "$1: no count, status $status"
	fi
}

# A script that ends with a count.
counted() { # COMMAND...
	local out
	out=$("$@" 2>&1)
	local status=$?
	printf '%s\n' "$out"
	if [[ $out =~ ([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		[[ $status == 0 || ${BASH_REMATCH[2]} != 0 ]] || no "$1: status $status"
	else
		no "$1: no count, status $status"
	fi
}

have_objects() { compgen -G '../tcpstate_*.o' > /dev/null; }

if ! make -s all; then
	echo "tests: 0 passed, 1 failed"
	exit 1
fi

# The long ones first, at the same time; their words come in order below.
declare -A job
for config in '1 2' '2 1'; do
	# shellcheck disable=SC2086
	"$B/model" $config > "$B/model-${config/ /-}.log" 2>&1 &
	job[$config]=$!
done

for file in fsm seg opt sack cookie urg icmp ipopt rtt cong reno tool; do
	rows "$file"
done
# What the fuzzers have kept; "make check-fuzz" goes on from there.
counted fuzz/run.sh --replay
run one-store ./one-store.sh
run one-store-self-test ./one-store.sh --self-test
run layers-self-test ./layers.py --self-test
if have_objects || [[ ${LAYERS:-0} == 1 ]]; then
	run layers ./layers.py ..
else
	echo "layers: no objects yet: left out"
fi
run gen-states "$B/gen-states" --check ..
for config in '1 2' '2 1'; do
	wait "${job[$config]}"
	status=$?
	tail -n 40 "$B/model-${config/ /-}.log"
	run "model $config" test "$status" = 0
done
run mutate "$B/mutate"

echo "tests: $passed passed, $failed failed"
[[ $failed == 0 ]]
