# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What if both ends call each other at the same moment?'
title='Simultaneous open: the SYNs cross'

lab() {
	wire delay 150ms
	play <<-END
		left bind $((port + 1))
		right bind $port
		left connect $port
		right connect $((port + 1))
		left wait ESTABLISHED
		right wait ESTABLISHED
		- sleep 300
		left abort
		right readable
		right close
		left gone
		right gone
	END
}
