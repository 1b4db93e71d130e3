#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# PostgreSQL serves psql and pgbench.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
all_programs_only
need postgres initdb psql pgbench

# It refuses to be root.
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
mkdir "$tmp/empty"
chmod 711 "$tmp"
mkdir -m 777 "$tmp/cluster"
if ! "${user[@]}" initdb -D "$tmp/cluster/data" -U postgres -A trust --no-sync \
	--no-instructions >"$tmp/initdb" 2>&1; then
	sed 's/^/# /' "$tmp/initdb"
	echo "Bail out! initdb"
	exit 1
fi
echo "host all all 10.9.8.0/24 trust" >>"$tmp/cluster/data/pg_hba.conf"

start_postgres() {
	serve "${user[@]}" "$(command -v postgres)" -D "$tmp/cluster/data" \
		-h "$server_ip" -k '' -c fsync=off -c log_min_messages=warning \
		-c logging_collector=off -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=5 \
		-c tcp_keepalives_count=3 -c tcp_user_timeout=20000 -c max_connections=20
	listening 5432 || return
	until_true ready || wrong "it does not get ready"
}

sql() {
	dial psql -X -q -A -t -v ON_ERROR_STOP=1 \
		"host=$server_ip user=postgres dbname=postgres keepalives_idle=20" "$@"
}

# By the same program, so that it counts as the client; the first may be too early.
ready() {
	[ "$(in_client "${client_with[@]}" psql -X -A -t -h "$server_ip" -U postgres -c 'select 1' \
		2>/dev/null)" = 1 ]
}

copies() {
	local sum

	start_postgres || return
	base64 -w 100 "$tmp/a" >"$tmp/work/text"
	sql -c 'drop table if exists lines; create table lines (n serial, line text)' || return
	sql -c "\\copy lines (line) from '$tmp/work/text'" || return
	sql -c "\\copy (select line from lines order by n) to '$tmp/work/back'" || return
	same "$tmp/work/text" "$tmp/work/back" || return
	sum=$(sql -c "select md5(string_agg(line, chr(10) order by n) || chr(10)) from lines")
	[ "$sum" = "$(md5sum <"$tmp/work/text" | cut -d' ' -f1)" ] || wrong "the server's sum is $sum"
}

bench() {
	local first second

	start_postgres || return
	dial pgbench -h "$server_ip" -U postgres -i -q -s 1 postgres || return
	dial pgbench -h "$server_ip" -U postgres -c 4 -t 50 postgres >"$tmp/work/report" || return
	grep -E 'processed|failed|tps' "$tmp/work/report" | sed 's/^/# /'
	grep -q 'processed: 200/200' "$tmp/work/report" || wrong "not all transactions" || return
	first=$(sql -c 'select sum(abalance) from pgbench_accounts') || return
	second=$(sql -c 'select sum(delta) from pgbench_history') || return
	[ "$first" = "$second" ] || wrong "the sums differ: $first, $second"
}

# pgbench tells on stderr what it does; so does the server, as it ends.
quiet '^(dropping old tables|creating tables|generating data|starting vacuum|vacuuming|creating primary keys|done in|pgbench: ).*|[0-9]+ of [0-9]+ tuples.*|.*LOG: .*|NOTICE: .*'
programs_main psql copies pgbench bench
