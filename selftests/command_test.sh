#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tcpstate, the command, shows sockets as they are and what happened to them, and says
# in one line what it cannot do.

# shellcheck disable=SC2317 # functions are run by name
set -u

here=$(cd "$(dirname "$0")" && pwd)
wire=${TCPSTATE_WIRE:-6}
case_number=0
failed=0

if [ "${TCPSTATE_FAMILY:-18}" = 2 ]; then
	echo "1..0 # SKIP needs the module"
	exit 4
fi

# In a network namespace of its own, which no other test's sockets are in.
if [ "${1-}" != --in ]; then
	exec unshare -n "$here/${0##*/}" --in
fi
ip link set lo up
tool=$here/tcpstate

tmp=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
export LC_ALL=C.UTF-8
echo 4096 >/proc/sys/net/tcpstate/record
echo 500 >/proc/sys/net/tcpstate/time_wait_ms

result() { # STATUS NAME
	case_number=$((case_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $case_number $2"
	else
		echo "not ok $case_number $2"
		sed 's/^/# /' out err 2>/dev/null | head -n 40
		failed=1
	fi
}

try() { # NAME COMMAND...
	local name=$1
	shift
	: >out
	: >err
	"$@"
	result $? "$name"
}

# The command works, and its output has the pattern so often.
shows() { # PATTERN COUNT ARGUMENT...
	local pattern=$1 count=$2
	shift 2
	"$tool" "$@" >out 2>err && [ ! -s err ] && [ "$(grep -cE -- "$pattern" out)" = "$count" ]
}

is_json() { # ARGUMENT...
	"$tool" "$@" >out 2>err && python3 -m json.tool <out >/dev/null 2>>err
}

# Status 1, nothing on stdout, one line on stderr.
refuses() { # PATTERN COMMAND...
	local pattern=$1
	shift
	"$@" >out 2>err
	[ $? = 1 ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && grep -qE -- "$pattern" err
}

# Until the command shows it, for at most a minute.
until_shows() { # PATTERN COUNT ARGUMENT...
	local end=$((SECONDS + 60))
	until shows "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# Two tcpcat; what they read are pipes that we hold.
begin() { # PORT
	mkfifo "s$1" "c$1"
	"$here/tcpcat" -w "$wire" -l 127.0.0.1 "$1" <"s$1" >/dev/null 2>"serr$1" &
	server=$!
	exec 7>"s$1"
	until_shows 'LISTEN' 1 list -p "$1" || return 1
	"$here/tcpcat" -w "$wire" 127.0.0.1 "$1" <"c$1" >/dev/null 2>"cerr$1" 7>&- &
	client=$!
	exec 8>"c$1"
	until_shows '^ESTABLISHED' 2 list -p "$1"
}

watched() {
	exec 8>&-
	wait "$watcher"
	grep -q 'ESTABLISHED -> FIN_WAIT1' watched && grep -q ' CLOSE$' watched
}

recorded() {
	"$tool" record -o r.pcapng >out 2>err && [ ! -s err ] &&
		shows ' ESTABLISHED( |$)' 2 ladder -w 110 r.pcapng '*:7001-*:*'
}

# Every FIN and its state, as another program reads the file.
tshark_reads() {
	tshark -d ip.proto==253,tcp -r r.pcapng -Y 'tcp.flags.fin == 1' -T fields -e frame.comment \
		>out 2>err && grep -q 'state=FIN_WAIT1' out
}

same_edges() {
	local counted
	counted=$(sed -n 's/^Edge:ESTABLISHED:CLOSE //p' /proc/net/tcpstate_stat)
	is_json dot --json && tr -d '\n' <out |
		grep -qE "\"ESTABLISHED\", \"event\": \"CLOSE\", [^}]*\"taken\": $counted}"
}

aborted() {
	"$tool" abort '127.0.0.1:7002' >out 2>err && wait "$server"
	grep -qi 'abort' serr7002
}

# What one user has written, another one draws.
is_readable() {
	"$tool" record -o public.pcapng >out 2>err &&
		nobody "$tool" ladder -w 110 public.pcapng '*:7001-*:*' >out 2>err && [ ! -s err ]
}

# On a terminal of 60 columns and 20 rows: status 1, one line.
too_narrow() { # COMMAND PATTERN
	script -qec "stty cols 60 rows 20; $tool $1" /dev/null </dev/null >out
	[ $? = 1 ] && [ "$(wc -l <out)" = 1 ] && grep -q "$2" out
}

# Still root by number, so that the folder of the tests can be read.
nobody() { setpriv --bounding-set -all --inh-caps -all "$@"; }

try "two ends are made" begin 7001
try "list names the program" shows 'ESTABLISHED .* 127\.0\.0\.1:7001 .*tcpcat\([0-9]+\)$' 2 list -s established
try "list by state shows no others" shows . 1 list -s close-wait
try "list by another port" shows . 1 list -p 9
try "list as JSON" is_json list --json
echo 'some text' >&8
try "show has the TCB" shows '^  (SND\.UNA|RCV\.NXT) +[0-9]' 2 show '127.0.0.1:7001'
try "show as JSON" is_json show --json '127.0.0.1:7001'
try "ladder of a living socket" shows ' ESTABLISHED( |$)' 2 ladder -w 110 '127.0.0.1:7001'
try "top shows the gauges" shows '^ESTABLISHED +2 ' 1 top -N 1
try "records are for root" refuses 'root only' nobody "$tool" show '127.0.0.1:7001'
for command in ladder plot; do
	try "$command is for root" refuses 'root only' nobody "$tool" $command '127.0.0.1:7001'
done
try "record is for root" refuses 'root only' nobody "$tool" record -o n.pcapng
try "a file is for everybody" is_readable
try "abort is for root" refuses 'root only' nobody "$tool" abort '127.0.0.1:7001'
try "everybody may list" nobody "$tool" list
for command in show ladder plot abort; do
	try "$command: an unknown socket" refuses 'no such socket' "$tool" $command :9
done
try "top: a terminal too narrow" too_narrow 'top -N 1' 'has 60 columns and 20 rows'
try "ladder: a terminal too narrow" too_narrow 'ladder 127.0.0.1:7001' '60 columns are too narrow'
try "dot: a terminal too narrow" too_narrow 'dot --text' '60 columns are too narrow'
# Without our ends of the pipes, or nothing would end when we close them.
"$tool" watch -t 60 -N 1 -s fin-wait1 >watched 2>watch-err 7>&- 8>&- &
watcher=$!
end=$((SECONDS + 60))
until grep -q watching watch-err; do
	[ "$SECONDS" -lt "$end" ] || break
	sleep 0.1
done
try "watch tells a change" watched
exec 7>&-
wait "$server" "$client"
try "record, and the ladder of the dead" recorded
try "dot counts as /proc does" same_edges
if command -v tshark >/dev/null; then
	try "tshark reads the record" tshark_reads
else
	case_number=$((case_number + 1))
	echo "ok $case_number # SKIP tshark reads the record: no tshark"
fi
# Who dies now leaves no record.
echo 0 >/proc/sys/net/tcpstate/record_dead
begin 7002
try "abort ends a connection" aborted
try "abort: a vanished socket" refuses 'no such socket' "$tool" abort '127.0.0.1:7002'
for command in show ladder plot; do
	try "$command: a vanished socket" refuses 'no such socket' "$tool" $command '127.0.0.1:7002'
done

echo "1..$case_number"
exit $failed
