#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# curl gets files from python3 -m http.server.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
need python3 curl
# A line for each request.
quiet '^[0-9.]+ - - \[.*\] "GET [^ ]+ HTTP/1.1" 200 -$'

get() {
	serve python3 -u -m http.server -b "$server_ip" -d "$tmp" 8000
	listening 8000 || return
	dial curl -fsS "http://$server_ip:8000/a" -o "$tmp/work/a" \
		"http://$server_ip:8000/b" -o "$tmp/work/b" || return
	same "$tmp/a" "$tmp/work/a" && same "$tmp/b" "$tmp/work/b" || return
	# Slowly, so that the window closes.
	dial curl -fsS --limit-rate 1M "http://$server_ip:8000/a" -o "$tmp/work/slow" &&
		same "$tmp/a" "$tmp/work/slow"
}

stopped_status=143
programs_main "http.server and curl" get
