# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # read and set by labs/guest.sh
question='Must a lost segment wait for the timer?'
title='Fast retransmit: three duplicate ACKs, then without them'

lab() {
	local lines='' i
	for ((i = 0; i < 12; i++)); do
		lines+=$'left send 1000\n'
	done
	wire delay 50ms
	set_sysctl rto_min_ms 1000
	# Of large packets the fourth is lost, and the fourteenth: behind the twelve and the
	# one that is sent again comes a single one.
	ip netns exec right nft -f - <<-'END'
		table ip lab {
			chain in {
				type filter hook prerouting priority -300;
				ip length > 1000 numgen inc mod 14 { 3, 13 } drop
			}
		}
	END
	play <<-END
		right listen $port
		left bind $((port + 1))
		left connect $port
		left wait ESTABLISHED
		right accept
		left set nodelay 1
		$lines
		right read 12000
		- sleep 500
		left send 1000
		right read 1000
		- sleep 200
		left abort
		right readable
		right close
		left gone
		right gone
	END
}
