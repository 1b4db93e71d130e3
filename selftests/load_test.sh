#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nginx answers every request that wrk and ab make on many connections.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
all_programs_only
need nginx wrk ab

start_nginx() {
	cat >"$tmp/work/nginx.conf" <<-END
	daemon off;
	user root;
	worker_processes 2;
	pid $tmp/work/nginx.pid;
	error_log stderr error;
	events { worker_connections 500; }
	http {
		access_log off;
		client_body_temp_path $tmp/work/body;
		proxy_temp_path $tmp/work/proxy;
		fastcgi_temp_path $tmp/work/fastcgi;
		uwsgi_temp_path $tmp/work/uwsgi;
		scgi_temp_path $tmp/work/scgi;
		server {
			listen $server_ip:8080 backlog=511;
			location / { return 200 "a small answer"; }
			location /big { alias $tmp/work/; }
		}
	}
	END
	head -c 20000 "$tmp/a" >"$tmp/work/file"
	serve nginx -c "$tmp/work/nginx.conf"
	listening 8080
}

keep_alive() {
	start_nginx || return
	dial wrk -t 1 -c 20 -d 5s --timeout 20s "http://$server_ip:8080/big/file" \
		>"$tmp/work/report" || return
	grep -E 'requests in|Transfer' "$tmp/work/report" | sed 's/^ */# /'
	if grep -E 'Socket errors|Non-2xx' "$tmp/work/report"; then
		wrong "wrk saw errors"
		return
	fi
	[ "$(awk '/requests in/ { print $1 }' "$tmp/work/report")" -gt 100 ]
}

# A connection for each request, with reuse of ports by TIME_WAIT at the client.
connect_each() {
	start_nginx || return
	dial ab -q -s 30 -n 2000 -c 20 "http://$server_ip:8080/" >"$tmp/work/report" || return
	grep -E '^(Complete|Failed|Non-2xx|Requests per)' "$tmp/work/report" | sed 's/^/# /'
	grep -qE '^Complete requests: +2000$' "$tmp/work/report" &&
		grep -qE '^Failed requests: +0$' "$tmp/work/report"
}

programs_main "nginx and wrk" keep_alive "nginx and ab" connect_each
