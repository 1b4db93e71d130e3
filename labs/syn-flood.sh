# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What does a listener do with calls of hosts that do not exist?'
title='SYN flood: one of many half-open connections'

lab() {
	wire
	# What the made-up hosts are sent must go somewhere.
	ip -n right route add 198.51.100.0/24 dev veth0
	ip -n right neigh replace 198.51.100.1 lladdr "$(mac left)" dev veth0 nud permanent
	set_sysctl synack_retries 1
	set_sysctl record_dead 1024
	play <<-END
		right listen $port
		left flood 300 $port
		- run tcpstate list -n right | sort -r | head -n 8
		- run ip netns exec right grep -E '^(SYN_RECV|LISTEN|HalfOpenOverflows) ' /proc/net/tcpstate_stat
		- say now all of them are given up
		right gone
	END
}
shown() { printf '192.0.2.2:%s-198.51.100.1:1024\n' "$port"; }
