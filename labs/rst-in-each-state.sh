# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='What does a RST do in each of the eleven states?'
title='RST in each state'

# How often a RST has ended the right end, by the state that it was in.
by_rst() { tcpstate dot --json -n right | grep '"RCV_RST"'; }

lab() {
	local p=$port before ended
	before=$(by_rst)
	wire delay 150ms
	play <<-END || return
		right listen $p
		- say LISTEN: a RST that belongs to nothing
		left stray $p
		- sleep 400
		- run tcpstate list -n right
		- say SYN_SENT: nobody listens where the right end calls
		right bind $((p + 9))
		right connect $((p + 9))
		right wait CLOSE
		right error
		right close
		- say SYN_RECV: the left end calls, and has forgotten it when the answer comes
		left bind $((p + 1))
		left connect $p
		left abort
		- sleep 600
		right gone
		- say ESTABLISHED
		left bind $((p + 2))
		left connect $p
		left wait ESTABLISHED
		right accept
		left abort
		right wait CLOSE
		right error
		right close
		- say FIN_WAIT1: the FIN of the right end and the RST are under way at once
		left bind $((p + 3))
		left connect $p
		left wait ESTABLISHED
		right accept
		right shutdown
		left abort
		right wait CLOSE
		right error
		right close
		- say FIN_WAIT2
		left bind $((p + 4))
		left connect $p
		left wait ESTABLISHED
		right accept
		right shutdown
		right wait FIN_WAIT2
		left abort
		right wait CLOSE
		right error
		right close
		- say CLOSE_WAIT
		left bind $((p + 5))
		left connect $p
		left wait ESTABLISHED
		right accept
		left shutdown
		right wait CLOSE_WAIT
		left abort
		right wait CLOSE
		right error
		right close
		- say CLOSING: a FIN, then a RST, both from an end that has not yet heard our FIN
		left bind $((p + 6))
		left connect $p
		left wait ESTABLISHED
		right accept
		right shutdown
		left shutdown
		- sleep 60
		left abort
		right wait CLOSE
		right error
		right close
		- say LAST_ACK
		left bind $((p + 7))
		left connect $p
		left wait ESTABLISHED
		right accept
		left shutdown
		right wait CLOSE_WAIT
		right shutdown
		left abort
		right wait CLOSE
		right error
		right close
		- say TIME_WAIT: the left end has forgotten all when the last ACK comes
		left bind $((p + 8))
		left connect $p
		left wait ESTABLISHED
		right accept
		right shutdown
		left wait CLOSE_WAIT
		left shutdown
		left abort
		right wait TIME_WAIT
		- sleep 400
		- run tcpstate list -n right
		right error
		right close
		left gone
		right gone
	END
	ended=$(diff <(printf '%s\n' "$before") <(by_rst) | grep -c '^>' || true)
	[[ $ended == 8 ]] || { echo "lab: a RST has ended $ended of 8 states"; return 3; }
}

shown() {
	printf '192.0.2.2:%s-192.0.2.1:%s RST in %s\n' \
		"$port" $((port + 6)) CLOSING "$port" $((port + 1)) SYN_RECV \
		"$port" $((port + 5)) CLOSE_WAIT "$port" $((port + 8)) 'TIME_WAIT: ignored'
}
