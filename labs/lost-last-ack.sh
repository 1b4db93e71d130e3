# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What if the very last ACK is lost?'
title='Lost last ACK: what TIME_WAIT is for'

lab() {
	wire delay 20ms
	set_sysctl time_wait_ms 4000
	set_sysctl rto_min_ms 1000
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		left shutdown
		left wait FIN_WAIT2
		right drain
		- run tc -n left qdisc change dev veth0 root netem limit 10000 loss 100%
		right close
		left drain
		left wait TIME_WAIT
		- run tc -n left qdisc change dev veth0 root netem limit 10000 delay 20ms loss 0%
		left close
		left gone
		right gone
	END
}
