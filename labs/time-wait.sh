# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='Why does the end that closed first linger, and who may take its name?'
title='TIME_WAIT: the name is kept, then a new SYN takes it'

lab() {
	wire delay 20ms
	set_sysctl time_wait_ms 5000
	play <<-END
		right listen $port
		right listen $((port + 2))
		left bind $((port + 1))
		left connect $((port + 2))
		left wait ESTABLISHED
		right accept
		right shutdown
		right wait FIN_WAIT2
		left drain
		left close
		right drain
		right wait TIME_WAIT
		right close
		- sleep 1500
		- say right is in TIME_WAIT; left calls again from the same port
		left bind $((port + 1))
		left connect $((port + 2))
		left wait ESTABLISHED
		right accept
		- say it was taken: the new SYN is beyond all that the old connection had sent
		left send 10
		right read 10
		right shutdown
		left drain
		left close
		right drain
		right wait TIME_WAIT
		right close
		left gone
		right gone
	END
}
shown() { printf '192.0.2.2:%s-192.0.2.1:%s\n' $((port + 2)) $((port + 1)); }
