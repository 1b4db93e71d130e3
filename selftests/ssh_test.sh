#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sshd lets ssh run commands, and scp and sftp copy files.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
all_programs_only
need sshd ssh scp sftp ssh-keygen

# sshd wants a user of that name, which only the installed package has.
if ! getent passwd sshd >/dev/null; then
	{ cat /etc/passwd; echo "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin"; } >"$tmp/passwd"
	mount --bind "$tmp/passwd" /etc/passwd
	trap 'umount /etc/passwd; cleanup' EXIT
fi
mkdir -p /run/sshd

start_sshd() {
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/work/host" &&
		ssh-keygen -q -t ed25519 -N '' -f "$tmp/work/user" || return
	cat >"$tmp/work/sshd_config" <<-END
	ListenAddress $server_ip
	Port 2222
	HostKey $tmp/work/host
	AuthorizedKeysFile $tmp/work/user.pub
	PidFile none
	StrictModes no
	UsePAM no
	PasswordAuthentication no
	PermitRootLogin yes
	PrintMotd no
	PrintLastLog no
	LogLevel ERROR
	Subsystem sftp internal-sftp
	END
	cat >"$tmp/work/ssh_config" <<-END
	Host server
		HostName $server_ip
		Port 2222
		User root
		IdentityFile $tmp/work/user
		IdentitiesOnly yes
		UserKnownHostsFile $tmp/work/known
		StrictHostKeyChecking accept-new
		LogLevel ERROR
		BatchMode yes
		TCPKeepAlive yes
		ServerAliveInterval 5
		IPQoS af21 cs1
	END
	# A path with a slash: sshd runs itself again for each client.
	serve "$(command -v sshd)" -D -e -f "$tmp/work/sshd_config"
	listening 2222
}

session() {
	start_sshd || return
	[ "$(dial ssh -F "$tmp/work/ssh_config" server echo hello)" = hello ] ||
		wrong "no session" || return
	# shellcheck disable=SC2002 # a pipe is what is wanted
	cat "$tmp/a" | dial ssh -F "$tmp/work/ssh_config" server cat >"$tmp/work/echoed" || return
	same "$tmp/a" "$tmp/work/echoed"
}

copies() {
	start_sshd || return
	dial scp -q -F "$tmp/work/ssh_config" "$tmp/a" "server:$tmp/work/a" </dev/null &&
		same "$tmp/a" "$tmp/work/a" || return
	dial scp -q -F "$tmp/work/ssh_config" "server:$tmp/b" "$tmp/work/b" </dev/null &&
		same "$tmp/b" "$tmp/work/b" || return
	dial sftp -q -F "$tmp/work/ssh_config" -b - server >/dev/null <<-END || return
	put $tmp/b $tmp/work/c
	get $tmp/a $tmp/work/d
	END
	same "$tmp/b" "$tmp/work/c" && same "$tmp/a" "$tmp/work/d"
}

# What sshd returns when SIGTERM ends it.
stopped_status=255
programs_main "ssh session" session "scp and sftp" copies
