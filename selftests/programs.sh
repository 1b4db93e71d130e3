# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of programs share. A program talks to the same program, or to its
# usual partner, over a veth pair; one end or both run under tcpstate-run:
#
#   +------------ server -----------+   +------------ client -----------+
#   | lo                            |   |                            lo |
#   | 10.9.8.1 veth0 ---------------|---|--------------- veth0 10.9.8.2 |
#   +-------------------------------+   +-------------------------------+
#
# A test sources this file, defines functions, and calls
#
#	programs_main NAME FUNCTION [NAME FUNCTION]...
#
# which runs each function once in each role: on wire 6 with our server and an
# in-tree client, with an in-tree server and our client, and with both ours; on
# wire 253, which the in-tree TCP does not speak, with both ours; with
# TCPSTATE_FAMILY=2 with both in-tree. In a function
#
#	serve COMMAND...	starts a server in the background
#	serve_at_client COMMAND...	the same at the client's side
#	dial COMMAND...		runs a client
#	listening PORT...	waits until the server listens
#
# Its status is the case's. Besides, our side must have opened connections, the
# in-tree side none of ours, every server must end as it is told to, and no program
# may have written an error: stderr has to be empty but for what quiet() takes out.
# Every change of state of ours is traced, and each connection's must be a way through
# the RFC's diagram (programs/histories.awk).

# Functions run by name and by traps look unreachable; variables are the tests'.
# shellcheck disable=SC2317,SC2034,SC2016
set -u

here=$(cd "$(dirname "$0")" && pwd)
family=${TCPSTATE_FAMILY:-18}
wire=${TCPSTATE_WIRE:-6}
unpacked=${TCPSTATE_UNPACKED:-${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate/programs}
server_ip=10.9.8.1
client_ip=10.9.8.2
server_ns=server$$
client_ns=client$$
# For one wait, and for one client: generous, for software emulation.
deadline=60
case_number=0
failed=0
server_pids=()

tmp=$(mktemp -d) || exit 1

cleanup() {
	local pid

	for pid in "${server_pids[@]}"; do
		kill -9 "$pid" 2>/dev/null
	done
	ip netns del "$server_ns" 2>/dev/null
	ip netns del "$client_ns" 2>/dev/null
	[ ! -d "$trace" ] || rmdir "$trace"
	rm -rf "$tmp"
}
trap cleanup EXIT

# Only with "make check-programs": these take their time and packages.
all_programs_only() {
	[ "${TCPSTATE_PROGRAMS-}" = all ] && return
	echo "1..0 # SKIP make check-programs runs it"
	exit 4
}

# The path of a program: installed, or unpacked by scripts/deps.sh, since Debian
# would start it as a service. A test without its programs fails.
need() { # PROGRAM...
	local program path

	PATH=$PATH:$unpacked/usr/sbin:$unpacked/usr/bin
	for path in /usr/lib/postgresql/*/bin "$unpacked"/usr/lib/postgresql/*/bin; do
		[ -d "$path" ] && PATH=$PATH:$path
	done
	for program in "$@"; do
		command -v "$program" >/dev/null || {
			echo "Bail out! no $program: scripts/deps.sh programs more-programs"
			exit 1
		}
	done
}

result() { # STATUS NAME
	case_number=$((case_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $case_number $2"
	else
		echo "not ok $case_number $2"
		failed=1
	fi
}

# Says why a case fails, and fails.
wrong() {
	echo "# $*"
	return 1
}

link() {
	ip netns add "$server_ns" && ip netns add "$client_ns" &&
	ip -n "$server_ns" link set lo up && ip -n "$client_ns" link set lo up &&
	ip link add veth0 netns "$server_ns" type veth peer name veth0 netns "$client_ns" &&
	ip -n "$server_ns" addr add "$server_ip/24" dev veth0 &&
	ip -n "$client_ns" addr add "$client_ip/24" dev veth0 &&
	ip -n "$server_ns" link set veth0 up && ip -n "$client_ns" link set veth0 up
}

run=("$here/tcpstate-run" -f "$family" -P "$wire")

in_server() { ip netns exec "$server_ns" "$@"; }
in_client() { ip netns exec "$client_ns" "$@"; }

# exec, so that the number of the job is the server's own.
serve() {
	local number=${#server_pids[@]}

	(exec ip netns exec "$server_ns" "${server_with[@]}" "$@") \
		>"$tmp/server.out.$number" 2>"$tmp/server.err.$number" </dev/null &
	server_pids+=($!)
}

# A server that is the client of the other: a proxy, a replica.
serve_at_client() {
	local number=${#server_pids[@]}

	(exec ip netns exec "$client_ns" "${client_with[@]}" "$@") \
		>"$tmp/server.out.$number" 2>"$tmp/server.err.$number" </dev/null &
	server_pids+=($!)
}

# Standard input and output are the caller's.
dial() {
	in_client timeout "$deadline" "${client_with[@]}" "$@" 2>>"$tmp/client.err" || {
		wrong "status $? of: $*"
	}
}

# In-tree and ours: state 0A is LISTEN.
listens() { # NAMESPACE PORT
	local hex

	printf -v hex '%04X' "$2"
	ip netns exec "$1" cat /proc/net/tcp /proc/net/tcpstate 2>/dev/null |
		grep -qE "^ *[0-9]+: [0-9A-F]{8}:$hex 00000000:0000 0A "
}

until_true() {
	local end=$((SECONDS + deadline))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

listening() {
	local port

	for port in "$@"; do
		until_true listens "$server_ns" "$port" || wrong "nobody listens on port $port" || return
	done
}

# Ends the servers, the last one first, as an administrator would. A server that is gone by itself, or
# that needs to be killed, is an error; 128 + SIGTERM is an end as told.
stop_servers() {
	local i pid status bad=0

	for ((i = ${#server_pids[@]} - 1; i >= 0; i--)); do
		pid=${server_pids[i]}
		kill -TERM "$pid" 2>/dev/null
		if ! until_true gone "$pid"; then
			wrong "a server does not end"
			kill -9 "$pid"
			bad=1
		fi
		wait "$pid"
		status=$?
		case $status in
		0 | 143 | "${stopped_status:-143}") ;;
		*)
			wrong "a server ended with status $status"
			bad=1
			;;
		esac
	done
	server_pids=()
	return $bad
}

gone() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }

same() { # FILE FILE
	[ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ] || {
		wrong "$2: $(stat -c %s "$2" 2>/dev/null || echo no) bytes, not those of $1"
	}
}

counter() { # NAMESPACE NAME
	ip netns exec "$1" awk -v name="$2" '$1 == name { print $2 }' /proc/net/tcpstate_stat
}

# What a program says on stderr in good health, as an extended regular expression.
quiet_pattern='^$'
quiet() { quiet_pattern="^\$|$1"; }

heard_errors() {
	local file found=1

	for file in "$tmp"/server.err.* "$tmp/client.err"; do
		[ -e "$file" ] || continue
		if grep -vE "$quiet_pattern" "$file" >"$tmp/heard"; then
			sed "s/^/# ${file##*/}: /" "$tmp/heard" | head -n 20
			found=0
		fi
	done
	return $found
}

# One connection of ours at least at each end that is ours, none at the others.
check_ends() {
	local passive active

	[ "$family" != 2 ] || return 0
	passive=$(counter "$server_ns" PassiveOpens)
	active=$(counter "$client_ns" ActiveOpens)
	echo "# opened: passive $passive at the server, active $active at the client"
	if [ "$server_is" = ours ]; then
		[ "$passive" -gt 0 ] || wrong "the server took no connection of ours" || return
	else
		[ "$passive" = 0 ] || wrong "the in-tree server took connections of ours" || return
	fi
	if [ "$client_is" = ours ]; then
		[ "$active" -gt 0 ] || wrong "the client made no connection of ours" || return
	else
		[ "$active" = 0 ] || wrong "the in-tree client made connections of ours" || return
	fi
	[ "$(counter "$server_ns" ImpossibleEvents)$(counter "$client_ns" ImpossibleEvents)" = 00 ] ||
		wrong "an event that the table says cannot happen"
}

# A trace of its own, of these two namespaces: other tests run beside this one.
trace=/sys/kernel/tracing/instances/programs$$
begin_trace() {
	local server client

	[ "$family" != 2 ] || return 0
	server=$(stat -Lc %i "/run/netns/$server_ns")
	client=$(stat -Lc %i "/run/netns/$client_ns")
	mkdir "$trace" && echo mono >"$trace/trace_clock" && echo 8192 >"$trace/buffer_size_kb" &&
	echo "netns == $server || netns == $client" >"$trace/events/tcpstate/tcpstate_state/filter" &&
	echo 1 >"$trace/events/tcpstate/tcpstate_state/enable"
}

check_histories() {
	local status=0

	[ "$family" != 2 ] || return 0
	echo 0 >"$trace/tracing_on"
	if grep -hE '^(overrun|dropped events): [1-9]' "$trace"/per_cpu/cpu*/stats; then
		wrong "the trace has lost events"
		status=1
	fi
	awk -f "$here/histories.awk" "$trace/trace" >"$tmp/histories" || status=1
	tail -n 20 "$tmp/histories" | sed 's/^/# /'
	rmdir "$trace"
	return "$status"
}

one_role() { # NAME FUNCTION SERVER CLIENT
	local status=0 began=$SECONDS

	server_is=$3 client_is=$4
	server_with=() client_with=()
	[ "$server_is" = ours ] && server_with=("${run[@]}" -l "$tmp/sockets")
	[ "$client_is" = ours ] && client_with=("${run[@]}" -l "$tmp/sockets")
	if ! link; then
		result 1 "$1: no veth pair"
		return
	fi
	rm -rf "$tmp"/server.* "$tmp"/client.* "$tmp/work" "$tmp/sockets"
	mkdir "$tmp/work"
	chmod 777 "$tmp" "$tmp/work"
	# For programs that give up root.
	if [ "$family" != 2 ]; then
		in_server sysctl -q -w net.tcpstate.unprivileged=1
		in_client sysctl -q -w net.tcpstate.unprivileged=1
	fi
	begin_trace || status=1
	"$2" || status=1
	check_ends || status=1
	stop_servers || status=1
	check_histories || status=1
	! heard_errors || status=1
	if [ "$status" != 0 ]; then
		tail -n 5 "$tmp"/server.out.* 2>/dev/null | sed 's/^/# /'
		sed 's/^/# socket: /' "$tmp/sockets" 2>/dev/null | tail -n 20
	fi
	echo "# $((SECONDS - began)) s"
	result "$status" "$1: server $3, client $4"
	ip netns del "$server_ns"
	ip netns del "$client_ns"
}

programs_main() { # NAME FUNCTION [NAME FUNCTION]...
	echo "TAP version 13"
	if [ "$wire" = 6 ] && [ "$family" != 2 ]; then
		echo "1..$(($# * 3 / 2))"
	else
		echo "1..$(($# / 2))"
	fi
	head -c 2097152 /dev/urandom >"$tmp/a"
	head -c 2097152 /dev/urandom >"$tmp/b"
	while [ $# -gt 0 ]; do
		if [ "$family" = 2 ]; then
			one_role "$1" "$2" in-tree in-tree
		elif [ "$wire" = 6 ]; then
			one_role "$1" "$2" ours in-tree
			one_role "$1" "$2" in-tree ours
			one_role "$1" "$2" ours ours
		else
			one_role "$1" "$2" ours ours
		fi
		shift 2
	done
	exit $failed
}
