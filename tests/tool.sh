#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The command tcpstate as its user meets it, without the module: drawings of files, and
# one clear line and a status for everything that is wrong.
# "tool_cli: N passed, N failed" is the last line.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

tool=$PWD/build/tools/tcpstate
passed=0 failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export LC_ALL=C.UTF-8
unset COLUMNS LINES

ok() { passed=$((passed + 1)); }
no() {
	failed=$((failed + 1))
	printf 'not ok: tool_cli: %s\n' "$1"
}

# Works: the status is 0, nothing on stderr.
works() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" > out 2> err && [[ ! -s err ]]; then ok; else no "$name: $(head -n 3 err)"; fi
}

# Fails: the status is as said, stdout empty, stderr one line that matches.
fails() { # NAME STATUS PATTERN COMMAND...
	local name=$1 want=$2 pattern=$3 status=0
	shift 3
	"$@" > out 2> err || status=$?
	if [[ $status == "$want" && ! -s out && $(wc -l < err) == 1 ]] && grep -qE -- "$pattern" err; then
		ok
	else
		no "$name: status $status, stdout $(wc -c < out) octets, stderr: $(head -n 3 err)"
	fi
}

shows() { # NAME PATTERN [COUNT]
	local n
	n=$(grep -cE -- "$2" out)
	if [[ $n == "${3:-$n}" && $n != 0 ]]; then ok; else no "$1: $n lines have $2"; fi
}

well_formed() { # FILE
	if python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$1" 2> err; then
		ok
	else
		no "$1 is no XML: $(tail -n 1 err)"
	fi
}

if [[ ! -x $tool ]] || ! "$OLDPWD/build/tests/test_tool" "$dir" > log 2>&1; then
	printf 'not ok: tool_cli: build/tools/tcpstate or build/tests/test_tool is missing or fails\n'
	echo "tool_cli: $passed passed, $((failed + 1)) failed"
	exit 1
fi

# Help.
works 'help' "$tool" --help
for command in list watch top show ladder plot dot record abort; do
	shows "help names $command" "^  $command " 1
done
for command in list watch top show ladder plot dot record abort; do
	works "help of $command" "$tool" "$command" --help
	shows "help of $command" "^usage: tcpstate $command" 1
done

# Files.
works 'ladder as text' "$tool" ladder -w 90 crossing.pcapng
shows 'CLOSING at both ends' ' CLOSING( |$)' 2
if grep -q $'\033' out; then no 'colours where there is no terminal'; else ok; fi
works 'ladder of a named socket' "$tool" ladder crossing.pcapng 192.0.2.1:7100-192.0.2.2:7101
works 'ladder by number' "$tool" ladder crossing.pcapng '#2'
works 'ladder as JSON' "$tool" ladder --json crossing.pcapng
if python3 -m json.tool < out > /dev/null 2> err; then ok; else no "ladder --json: $(cat err)"; fi
works 'ladder as picture' "$tool" ladder -o l.svg -T 'a < b & c' crossing.pcapng
well_formed l.svg
works 'plot' "$tool" plot -o p.svg crossing.pcapng
well_formed p.svg
works 'plot as JSON' "$tool" plot --json crossing.pcapng
if python3 -m json.tool < out > /dev/null 2> err; then ok; else no "plot --json: $(cat err)"; fi
works 'show' "$tool" show crossing.pcapng
shows 'show has the TCB' '^  SND\.UNA ' 1
works 'show as JSON' "$tool" show --json crossing.pcapng
if python3 -m json.tool < out > /dev/null 2> err; then ok; else no "show --json: $(cat err)"; fi
works 'dot' "$tool" dot crossing.pcapng
shows 'dot has the taken edge' 'RCV_FIN</b> <b>×2</b>'
works 'dot as JSON' "$tool" dot --json crossing.pcapng
if python3 -m json.tool < out > /dev/null 2> err; then ok; else no "dot --json: $(cat err)"; fi
works 'dot as text' "$tool" dot --text crossing.pcapng
shows 'dot as text' '┃ RCV_ACK_OF_FIN ×2' 1
works 'dot without marks' "$tool" dot --all
if command -v dot > /dev/null; then
	works 'dot as picture' "$tool" dot -o d.svg crossing.pcapng
	well_formed d.svg
fi
works 'characters for plain terminals' env LC_ALL=C "$tool" ladder crossing.pcapng
if grep -qP '[^\x00-\x7f]' out; then no 'plain characters'; else ok; fi

# Wireshark's own reader: every segment, the states in the comments, no complaint.
if command -v tshark > /dev/null; then
	works 'tshark' bash -c 'tshark -r crossing.pcapng -T fields -e tcp.flags.str -e frame.comment 2> tshark.err'
	shows 'tshark sees 12 segments' . 12
	if grep -v 'Running as user' tshark.err | grep -q .; then no "tshark: $(cat tshark.err)"; else ok; fi
	tshark -r crossing.pcapng -Y 'frame.comment contains "state=CLOSING old=FIN_WAIT1"' > out 2> /dev/null
	if [[ -s out ]]; then ok; else no 'tshark: no comment speaks of CLOSING'; fi
	# What another program has written is read as well.
	if editcap crossing.pcapng edited.pcapng 2> err; then
		works 'an edited file' "$tool" ladder edited.pcapng
		shows 'an edited file' ' CLOSING( |$)' 2
	fi
fi

# Wrong usage.
fails 'no command' 2 'no command' "$tool"
fails 'no such command' 2 'no such command: fly' "$tool" fly
fails 'unknown option' 2 'unknown option --fly' "$tool" list --fly
fails 'option without value' 2 'needs a value' "$tool" list -s
fails 'no such state' 2 'no such state: OPEN' "$tool" list -s OPEN
fails 'no such port' 2 'not a number' "$tool" list -p 70000
fails 'argument missing' 2 'is missing' "$tool" show
fails 'too many arguments' 2 'too many arguments' "$tool" list x
fails 'no socket name' 2 'not a socket: 192.0.2.1' "$tool" ladder crossing.pcapng 192.0.2.1
fails 'record without a file' 2 '-o FILE is missing' "$tool" record

# Wrong files.
fails 'no such file' 1 'No such file' "$tool" ladder nothing.pcapng
fails 'a folder' 1 'Is a directory' "$tool" ladder ./
echo 'not a capture' > text.pcapng
fails 'not a pcapng' 1 'not a pcapng file' "$tool" ladder text.pcapng
: > empty.pcapng
fails 'empty file' 1 'empty' "$tool" ladder empty.pcapng
head -c 5000 crossing.pcapng > cut.pcapng
fails 'truncated file' 1 'truncated' "$tool" ladder cut.pcapng
fails 'unknown socket' 1 'no such socket in crossing.pcapng: :99' "$tool" ladder crossing.pcapng :99
fails 'unknown number' 1 'no such socket' "$tool" show crossing.pcapng '#99'
fails 'cannot write' 1 'No such file' "$tool" ladder -o none/l.svg crossing.pcapng

# A terminal that is too narrow.
fails 'narrow by option' 1 '60 columns are too narrow' "$tool" ladder -w 60 crossing.pcapng
fails 'narrow by environment' 1 '40 columns are too narrow' env COLUMNS=40 "$tool" ladder crossing.pcapng

fails 'narrow diagram' 1 '60 columns are too narrow' env COLUMNS=60 "$tool" dot --text crossing.pcapng
# A terminal of its own for each, of 60 columns and 20 rows.
if command -v script > /dev/null; then
	for command in 'ladder crossing.pcapng' 'dot --text crossing.pcapng'; do
		script -qec "stty cols 60 rows 20; $tool $command" /dev/null > typed < /dev/null
		status=$?
		if [[ $status == 1 ]] && grep -q '60 columns are too narrow' typed; then
			ok
		else
			no "narrow terminal: $command: status $status, $(head -n 2 typed)"
		fi
	done
fi

# No module here; a machine that has it says so and loses nothing.
if [[ ! -e /proc/net/tcpstate_stat ]]; then
	for command in list 'show :80' 'ladder :80' 'plot :80' dot top watch 'record -o r.pcapng' 'abort :80'; do
		# shellcheck disable=SC2086 # words
		fails "no module: $command" 1 'module tcpstate is not loaded' "$tool" $command
	done
fi
fails 'no such namespace' 1 'no network namespace nowhere' "$tool" list -n nowhere

echo "tool_cli: $passed passed, $failed failed"
[[ $failed == 0 ]]
