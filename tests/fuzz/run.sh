#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: tests/fuzz/run.sh [--keep | --replay | --planted] [TARGET]...
#
# Runs libFuzzer on the pure files, each target for TCPSTATE_FUZZ_SECONDS (60),
# as many at a time as there are CPUs, from the inputs in tests/fuzz/corpus.
#
# --keep: then write the inputs that reach most with least back there.
# --replay: only run those inputs, once each, without clang.
# --planted: every bug of planted.tsv, alone, must stop its target.
#
# An input that fails is kept in build/fuzz/TARGET-*.  The last line is
# "fuzz: N passed, N failed".
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
B=../../build/fuzz
# Under another make its options would come in, and its words into the lists.
unset MAKEFLAGS MAKELEVEL
seconds=${TCPSTATE_FUZZ_SECONDS:-60}
# An input is a row of events; longer rows find no more.  That of history is a file.
longest_of() { # TARGET
	case $1 in
	history) echo 1500 ;;
	*) echo 400 ;;
	esac
}

# One input of libFuzzer's folder from each line, and back.
unpack() { # TARGET FOLDER
	rm -rf "$2"
	mkdir -p "$2"
	[[ -e corpus/$1.hex ]] || return 0
	python3 - "corpus/$1.hex" "$2" <<-'END'
		import sys
		lines = [l.strip() for l in open(sys.argv[1]) if not l.startswith("#")]
		for n, line in enumerate(lines):
		    open(f"{sys.argv[2]}/{n:04}", "wb").write(bytes.fromhex(line))
	END
}

pack() { # FOLDER TARGET
	python3 - "$1" > "corpus/$2.hex" <<-'END'
		import os, sys
		inputs = [open(os.path.join(sys.argv[1], n), "rb").read() for n in os.listdir(sys.argv[1])]
		print("# SPDX-License-Identifier: GPL-2.0")
		for data in sorted(inputs, key=lambda d: (len(d), d)):
		    print(data.hex())
	END
}

# The reason and the input of a run that failed; true if there was one.
why() { # LOG
	grep -aE 'does not hold|runtime error|ERROR: AddressSanitizer|Test unit written|ERROR: libFuzzer' \
		"$1" | sed 's/^/# /'
}

fuzz() { # TARGET
	local name=$1 log=$B/$1.log status=0 runs
	unpack "$name" "$B/corpus-$name"
	"$B/fuzz_$name" -max_total_time="$seconds" -max_len="$(longest_of "$name")" -rss_limit_mb=2048 -timeout=10 \
		-artifact_prefix="$B/$name-" -print_final_stats=1 "$B/corpus-$name" \
		> "$log" 2>&1 || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	if [[ $status == 0 && ${runs:-0} -gt 1000 ]]; then
		echo "ok $name: $runs inputs"
	else
		echo "not ok $name: status $status after ${runs:-no} inputs, see $log"
		why "$log"
	fi
}

replay() { # TARGET
	local log=$B/$1-replay.log
	if "$B/replay_$1" "corpus/$1.hex" > "$log" 2>&1; then
		echo "ok $1: $(tail -n 1 "$log")"
	else
		echo "not ok $1: kept inputs"
		why "$log"
	fi
}

keep() { # TARGET
	local small=$B/small-$1
	rm -rf "$small"
	mkdir -p "$small"
	"$B/fuzz_$1" -merge=1 -max_len="$(longest_of "$1")" "$small" "$B/corpus-$1" > "$B/$1-merge.log" 2>&1 ||
		{ echo "not ok $1: merge"; return; }
	pack "$small" "$1"
}

# One bug, in a copy: the target must find it, from the kept inputs or without.
planted() { # LINE
	local target file change copy status=0 log
	IFS=$'\t' read -r target file change <<< "$1"
	copy=$(mktemp -d)
	log=$copy/log
	cp ../../tcpstate_*.[ch] "$copy"
	cp -r ../../include ../../tools "$copy"
	sed -i "$change" "$copy/$file"
	if cmp -s "$copy/$file" "../../$file"; then
		echo "not ok planted in $file for $target: changes nothing: $change"
	elif ! make -s B="$copy" PURE="$copy" "$copy/fuzz_$target" > "$log" 2>&1; then
		echo "not ok planted in $file for $target: does not compile: $change"
		tail -n 5 "$log" | sed 's/^/# /'
	else
		unpack "$target" "$copy/corpus"
		"$copy/fuzz_$target" -max_total_time="$seconds" -max_len="$(longest_of "$target")" -timeout=10 \
			-artifact_prefix="$copy/" "$copy/corpus" > "$log" 2>&1 || status=$?
		if [[ $status != 0 && -n $(why "$log") ]]; then
			echo "ok planted in $file found by $target"
		else
			echo "not ok planted in $file not found by $target: $change"
		fi
	fi
	rm -rf "$copy"
}

mode=fuzz
case ${1:-} in
--keep | --replay | --planted) mode=${1#--}; shift ;;
--*) sed -n 's/^# usage: /usage: /p' "$0"; exit 2 ;;
esac
read -r -a targets <<< "$(make -s targets)"
[[ $# == 0 ]] || targets=("$@")
export B seconds
export -f longest_of unpack pack why fuzz replay planted
mkdir -p "$B" corpus

build=fuzz
[[ $mode != replay ]] || build=replay
if [[ $mode != planted ]] &&
	! make -s -j"$(nproc)" "${targets[@]/#/$B/${build}_}" > "$B/build.log" 2>&1; then
	tail -n 20 "$B/build.log"
	echo "fuzz: 0 passed, 1 failed"
	exit 1
fi

# At the same time, as many as there are CPUs.
each() { xargs -d '\n' -P "$(nproc)" -I '{}' bash -c "$1 \"\$@\"" _ '{}'; }

case $mode in
planted) grep -v '^#' planted.tsv | each planted ;;
replay) printf '%s\n' "${targets[@]}" | each replay ;;
*) printf '%s\n' "${targets[@]}" | each fuzz ;;
esac > "$B/results" < /dev/stdin
sort "$B/results"
if [[ $mode == keep ]]; then
	for name in "${targets[@]}"; do
		keep "$name" | tee -a "$B/results"
	done
fi
passed=$(grep -c '^ok ' "$B/results")
failed=$(grep -c '^not ok ' "$B/results")
[[ $((passed + failed)) != 0 ]] || failed=1
echo "fuzz: $passed passed, $failed failed"
[[ $failed == 0 ]]
