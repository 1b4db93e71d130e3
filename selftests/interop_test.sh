#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files of 1 MiB cross a link in both directions at once and arrive whole,
# ours against another TCP in either role, on a clean and on a lossy link.
#
#   +----------------- near -----------------+   +------------ far -----------+
#   | tcpcat: the family under test          |   | socat: the in-tree TCP     |
#   | 10.9.8.1 veth0 [netem]  ---------------|---|--------- [netem] 10.9.8.2  |
#   +----------------------------------------+   +----------------------------+
#
# The in-tree TCP does not speak on wire 253: there both ends are ours.

# Functions run by name in a namespace and by traps look unreachable.
# shellcheck disable=SC2317
set -u

here=$(cd "$(dirname "$0")" && pwd)
family=${TCPSTATE_FAMILY:-18}
wire=${TCPSTATE_WIRE:-6}
near=near$$
far=far$$
seconds=${TCPSTATE_INTEROP_SECONDS:-$((200 * ${TCPSTATE_SLOW:-1}))}
case_number=0
failed=0

tmp=$(mktemp -d) || exit 1

cleanup() {
	ip netns del "$near" 2>/dev/null
	ip netns del "$far" 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

result() { # STATUS NAME
	case_number=$((case_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $case_number $2"
	else
		echo "not ok $case_number $2"
		failed=1
	fi
}

tcpcat() {
	exec timeout "$seconds" "$here/tcpcat" -f "$family" -w "$wire" "$@"
}

# The other side of a transfer: socat on the in-tree TCP, or ours on wire 253.
peer_serve() {
	if [ "$wire" = 6 ]; then
		exec timeout "$seconds" socat -t "$seconds" - \
			TCP4-LISTEN:"$2",bind="$1",reuseaddr
	else
		tcpcat -l "$1" "$2"
	fi
}

peer_dial() {
	if [ "$wire" = 6 ]; then
		exec timeout "$seconds" socat -t "$seconds" - \
			TCP4:"$1":"$2",retry=1000,interval=0.05
	else
		tcpcat -t 30 "$1" "$2"
	fi
}

# Shell functions have to be run in a namespace: by name, through ourselves.
if [ "${1-}" = --in ]; then
	trap - EXIT
	rm -rf "$tmp"
	shift
	"$@"
	exit
fi

inside() { # NAMESPACE FUNCTION ARGUMENT...
	local ns=$1

	shift
	exec ip netns exec "$ns" "$here/${0##*/}" --in "$@"
}

same() { # FILE FILE
	[ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ]
}

transfer() { # NAME SERVER-NAMESPACE SERVER CLIENT-NAMESPACE CLIENT ADDR PORT
	local name=$1 status=0 server=$3
	local server_args=("$6" "$7") client_args=("$6" "$7") pid

	[ "$server" = tcpcat ] && server_args=(-l "$6" "$7")
	[ "$5" = tcpcat ] && client_args=(-t 30 "$6" "$7")
	inside "$2" "$server" "${server_args[@]}" \
		<"$tmp/b" >"$tmp/a.out" 2>"$tmp/server.err" &
	pid=$!
	(inside "$4" "$5" "${client_args[@]}" \
		<"$tmp/a" >"$tmp/b.out" 2>"$tmp/client.err") || {
		echo "# client ended with status $?"
		status=1
		# Nobody will come any more.
		kill "$pid" 2>/dev/null
	}
	wait "$pid" || {
		echo "# server ended with status $?"
		status=1
	}
	same "$tmp/a" "$tmp/a.out" || {
		echo "# client to server: $(stat -c %s "$tmp/a.out") bytes"
		status=1
	}
	same "$tmp/b" "$tmp/b.out" || {
		echo "# server to client: $(stat -c %s "$tmp/b.out") bytes"
		status=1
	}
	[ "$status" -eq 0 ] || sed 's/^/# /' "$tmp"/*.err
	result "$status" "$name"
}

link() {
	ip netns add "$near" && ip netns add "$far" &&
	ip -n "$near" link set lo up && ip -n "$far" link set lo up &&
	ip link add veth0 netns "$near" type veth peer name veth0 netns "$far" &&
	ip -n "$near" addr add 10.9.8.1/24 dev veth0 &&
	ip -n "$far" addr add 10.9.8.2/24 dev veth0 &&
	ip -n "$near" link set veth0 up && ip -n "$far" link set veth0 up
}

# Loss is random, but each run of the test has the same amount of it.
disturb() {
	tc -n "$near" qdisc add dev veth0 root netem delay 20ms loss 5% &&
	tc -n "$far" qdisc add dev veth0 root netem delay 20ms loss 5%
}

echo "TAP version 13"
if [ "$wire" = 6 ] && ! command -v socat >/dev/null; then
	echo "1..0 # SKIP no socat"
	exit 4
fi
if ! [ -x "$here/tcpcat" ]; then
	echo "Bail out! $here/tcpcat is not built"
	exit 1
fi
if ! link; then
	echo "Bail out! no veth pair"
	exit 1
fi
echo "1..4"
head -c 1048576 /dev/urandom >"$tmp/a"
head -c 1048576 /dev/urandom >"$tmp/b"

transfer "clean link, we connect" \
	"$far" peer_serve "$near" tcpcat 10.9.8.2 7001
transfer "clean link, we listen" \
	"$near" tcpcat "$far" peer_dial 10.9.8.1 7002
if disturb; then
	transfer "5% loss and 20 ms, we connect" \
		"$far" peer_serve "$near" tcpcat 10.9.8.2 7003
	transfer "5% loss and 20 ms, we listen" \
		"$near" tcpcat "$far" peer_dial 10.9.8.1 7004
else
	echo "ok 3 5% loss and 20 ms, we connect # SKIP no netem"
	echo "ok 4 5% loss and 20 ms, we listen # SKIP no netem"
fi
exit $failed
