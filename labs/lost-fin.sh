# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What if the FIN is lost on the way?'
title='Lost FIN: it is sent until it is acknowledged'

lab() {
	wire delay 20ms
	set_sysctl rto_min_ms 1000
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		left send 100
		right read 100
		- sleep 200
		- run tc -n left qdisc change dev veth0 root netem limit 10000 loss 100%
		left shutdown
		- run tc -n left qdisc change dev veth0 root netem limit 10000 delay 20ms loss 0%
		left wait FIN_WAIT2
		right drain
		right close
		left drain
		left wait TIME_WAIT
		left close
		left gone
		right gone
	END
}
