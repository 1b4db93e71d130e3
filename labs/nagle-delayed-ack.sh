# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='Why do two small writes take so much longer than one?'
title='Nagle waits for an ACK that is itself delayed'

lab() {
	wire delay 5ms
	set_sysctl delack_ms 200
	# The timeout must not come before the delayed ACK.
	set_sysctl rto_min_ms 1000
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		right set quickack 0
		# The first read tells the peer of a wider window; that is not the question here.
		left send 10
		right read 10
		- sleep 500
		- say two small writes: the second waits for the ACK of the first
		left send 10
		left send 10
		right read 20
		- sleep 500
		- say the same with TCP_NODELAY
		left set nodelay 1
		left send 10
		left send 10
		right read 20
		- sleep 500
		left abort
		right readable
		right close
		left gone
		right gone
	END
}
