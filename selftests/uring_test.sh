#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# io_uring accepts, connects, sends and receives on eight connections at once; then
# with calls that give many results, buffers running out in between.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
all_programs_only
PATH=$PATH:$here
need uring_echo

echoes() {
	serve "$here/uring_echo" -l "$server_ip" 7003
	listening 7003 || return
	dial "$here/uring_echo" "$server_ip" 7003 1 <"$tmp/a" || return
	dial "$here/uring_echo" "$server_ip" 7003 8 <"$tmp/b"
}

many() {
	serve "$here/uring_echo" -m "$server_ip" 7004
	listening 7004 || return
	dial "$here/uring_echo" "$server_ip" 7004 1 <"$tmp/a" || return
	dial "$here/uring_echo" "$server_ip" 7004 8 <"$tmp/b"
}

programs_main "io_uring echo" echoes "io_uring multishot" many
