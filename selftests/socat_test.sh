#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Files cross in both directions at once between two socat, and arrive whole.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
need socat

both_ways() {
	# Status 0 when both directions are done; it is not told to end.
	serve socat -t 30 \
		"TCP4-LISTEN:7001,bind=$server_ip,reuseaddr,keepalive,nodelay,rcvbuf=65536" \
		"SYSTEM:cat $tmp/b & cat >$tmp/work/a"
	listening 7001 || return
	dial socat -t 30 - "TCP4:$server_ip:7001,sndbuf=65536,linger=10" \
		<"$tmp/a" >"$tmp/work/b" || return
	until_true gone "${server_pids[0]}" || wrong "the server goes on" || return
	same "$tmp/a" "$tmp/work/a" && same "$tmp/b" "$tmp/work/b"
}

# A server that forks for each client.
many() {
	local i

	serve socat "TCP4-LISTEN:7002,bind=$server_ip,reuseaddr,fork,backlog=20" EXEC:sha256sum
	listening 7002 || return
	for i in 1 2 3 4 5; do
		dial socat -t 30 - "TCP4:$server_ip:7002" <"$tmp/a" >"$tmp/work/sum.$i" &
		clients+=($!)
	done
	wait "${clients[@]}"
	clients=()
	for i in 1 2 3 4 5; do
		[ "$(cat "$tmp/work/sum.$i")" = "$(sha256sum <"$tmp/a")" ] ||
			wrong "client $i: another sum" || return
	done
}

clients=()
programs_main "socat, both ways" both_ways "socat, five at once" many
