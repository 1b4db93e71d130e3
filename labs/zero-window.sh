# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What does the sender do when the receiver has no room?'
title='Zero window: the sender probes until there is room'

lab() {
	wire delay 20ms
	set_sysctl rto_min_ms 300
	play <<-END
		right listen $port
		right set rcvbuf 4096
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		left fill
		- sleep 2500
		- say the receiver reads now
		left shutdown
		right drain
		right close
		left wait TIME_WAIT
		left close
		left gone
		right gone
	END
}
