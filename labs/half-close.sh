# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='May one end go on talking after the other has closed?'
title='Half close: one end has closed, the other goes on'

lab() {
	wire delay 50ms
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		left send 100
		left shutdown
		left wait FIN_WAIT2
		right drain
		right wait CLOSE_WAIT
		right send 1000
		left read 1000
		- sleep 200
		right send 1000
		left read 1000
		- sleep 200
		right close
		left drain
		left wait TIME_WAIT
		left close
		left gone
		right gone
	END
}
