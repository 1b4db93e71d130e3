# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='How do two ends agree on where their numbers begin?'
title='Three-way handshake'

lab() {
	wire delay 50ms
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		right wait ESTABLISHED
		- sleep 200
		left send 100
		right read 100
		- sleep 200
		left abort
		right readable
		right close
		left gone
		right gone
	END
}
