# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What if both ends close at the same moment?'
title='Simultaneous close: the FINs cross'

lab() {
	wire delay 150ms
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		right wait ESTABLISHED
		left send 100
		right send 200
		right read 100
		left read 200
		- sleep 500
		left shutdown
		right shutdown
		left wait CLOSING
		right wait CLOSING
		left wait TIME_WAIT
		right wait TIME_WAIT
		left close
		right close
		left gone
		right gone
	END
}
