#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nginx serves files, takes uploads and is a proxy, with curl at the other end.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
need nginx curl

configure() { # NAME LISTEN LOCATIONS
	mkdir -p "$tmp/work/$1"
	cat >"$tmp/work/$1.conf" <<-END
	daemon off;
	user root;
	worker_processes 2;
	pid $tmp/work/$1.pid;
	error_log stderr error;
	events { worker_connections 200; }
	http {
		access_log off;
		sendfile on;
		tcp_nopush on;
		client_max_body_size 100m;
		client_body_temp_path $tmp/work/$1/body;
		proxy_temp_path $tmp/work/$1/proxy;
		fastcgi_temp_path $tmp/work/$1/fastcgi;
		uwsgi_temp_path $tmp/work/$1/uwsgi;
		scgi_temp_path $tmp/work/$1/scgi;
		server {
			listen $2;
			root $tmp/work;
			$3
		}
	}
	END
}

file_server() {
	configure files "$server_ip:8080 $1" \
		"location / { dav_methods PUT; alias $tmp/work/; } location /src/ { alias $tmp/; }"
	serve nginx -c "$tmp/work/files.conf"
	listening 8080
}

exchange() { # URL
	dial curl -fsS "$1/src/a" -o "$tmp/work/a" "$1/src/b" -o "$tmp/work/b" || return
	same "$tmp/a" "$tmp/work/a" && same "$tmp/b" "$tmp/work/b" || return
	dial curl -fsS -T "$tmp/a" "$1/put" -o /dev/null && same "$tmp/a" "$tmp/work/put" || return
	dial curl -fsS -r 100000-199999 "$1/src/a" -o "$tmp/work/part" || return
	tail -c +100001 "$tmp/a" | head -c 100000 >"$tmp/work/expected"
	same "$tmp/work/expected" "$tmp/work/part"
}

files() {
	file_server "deferred backlog=100 so_keepalive=30s:5s:3" &&
		exchange "http://$server_ip:8080"
}

reuseport() {
	file_server reuseport && exchange "http://$server_ip:8080"
}

# The client of the file server is another nginx, which curl talks to over lo.
proxy() {
	file_server reuseport || return
	configure proxy 127.0.0.1:8081 "location / {
		proxy_pass http://$server_ip:8080; proxy_socket_keepalive on; }"
	serve_at_client nginx -c "$tmp/work/proxy.conf"
	until_true listens "$client_ns" 8081 || wrong "the proxy does not listen" || return
	exchange http://127.0.0.1:8081
}

programs_main "nginx and curl" files "nginx with reuseport" reuseport "nginx as a proxy" proxy
