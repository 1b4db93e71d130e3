#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# redis-server keeps what redis-cli gives it, answers redis-benchmark, and feeds a replica.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
all_programs_only
need redis-cli redis-benchmark redis-check-rdb

# Debian's redis-server is this program under another name, in a package that
# starts a service.
ln -s "$(command -v redis-check-rdb)" "$tmp/redis-server"

server_options=(--repl-diskless-sync-delay 0 --save '' --appendonly no --daemonize no --loglevel warning --protected-mode no)

start_redis() {
	serve "$tmp/redis-server" --bind "$server_ip" --port 6379 --dir "$tmp/work" \
		"${server_options[@]}"
	listening 6379
}

cli() { dial redis-cli -h "$server_ip" -p 6379 "$@"; }

set_and_get() {
	start_redis || return
	[ "$(cli PING)" = PONG ] || wrong "no PONG" || return
	[ "$(cli -x SET a <"$tmp/a")" = OK ] || wrong "SET" || return
	# It adds a newline.
	cli --raw GET a | head -c -1 >"$tmp/work/a"
	same "$tmp/a" "$tmp/work/a"
}

benchmark() {
	start_redis || return
	dial redis-benchmark -h "$server_ip" -p 6379 -n 3000 -c 20 -P 4 -d 1000 --csv \
		-t ping,set,get,lpush,lrange_100 >"$tmp/work/report" || return
	sed 's/^/# /' "$tmp/work/report"
	# A heading, two kinds of ping, set, get, lpush twice, lrange.
	[ "$(wc -l <"$tmp/work/report")" = 8 ] || wrong "not all of the measurements"
}

replica_has() {
	in_client redis-cli -s "$tmp/work/socket" --raw GET a 2>/dev/null | head -c -1 >"$tmp/work/replicated"
	cmp -s "$tmp/a" "$tmp/work/replicated"
}

replica() {
	start_redis || return
	[ "$(cli -x SET a <"$tmp/a")" = OK ] || wrong "SET" || return
	mkdir "$tmp/work/replica"
	serve_at_client "$tmp/redis-server" --bind 127.0.0.1 --port 6380 \
		--unixsocket "$tmp/work/socket" --dir "$tmp/work/replica" \
		--replicaof "$server_ip 6379" "${server_options[@]}"
	until_true replica_has || wrong "it does not reach the replica"
}

programs_main "redis-cli" set_and_get redis-benchmark benchmark "redis replica" replica
