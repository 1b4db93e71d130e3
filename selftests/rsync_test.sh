#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rsync brings trees to and from its daemon, whole and by differences.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
all_programs_only
need rsync diff

make_tree() { # FOLDER
	local i

	mkdir -p "$1/deep/er"
	cp "$tmp/a" "$1/a"
	for i in $(seq 40); do
		head -c $((i * 997)) "$tmp/b" >"$1/deep/$i"
	done
	ln -s ../../a "$1/deep/er/link"
}

trees() {
	make_tree "$tmp/work/here"
	mkdir "$tmp/work/there"
	cat >"$tmp/work/rsyncd.conf" <<-END
	use chroot = no
	munge symlinks = no
	uid = root
	gid = root
	address = $server_ip
	port = 8730
	log file = $tmp/server.out.rsync
	[tree]
		path = $tmp/work/there
		read only = no
	END
	serve rsync --daemon --no-detach -4 --config="$tmp/work/rsyncd.conf"
	listening 8730 || return
	dial rsync -4 -a --delete "$tmp/work/here/" "rsync://$server_ip:8730/tree/" || return
	diff -r "$tmp/work/here" "$tmp/work/there" || wrong "differs" || return
	# Differences: the middle of one file, and what goes.
	printf changed | dd of="$tmp/work/here/a" bs=1 seek=1000000 conv=notrunc status=none
	rm "$tmp/work/here/deep/7"
	dial rsync -4 -az -I --no-whole-file --delete "$tmp/work/here/" \
		"rsync://$server_ip:8730/tree/" || return
	diff -r "$tmp/work/here" "$tmp/work/there" || wrong "differs" || return
	dial rsync -4 -az "rsync://$server_ip:8730/tree/" "$tmp/work/back" || return
	diff -r "$tmp/work/here" "$tmp/work/back" || wrong "differs"
}

# What rsync returns when a signal ends it.
stopped_status=20
programs_main rsync trees
