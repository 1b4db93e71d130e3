#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# iperf3 sends 8 MiB each way, by one stream and by three, and both ends agree.

# What programs.sh sets, and what it reads.
# shellcheck disable=SC1091,SC2154,SC2034
here=$(cd "$(dirname "$0")" && pwd)
. "$here/programs.sh"
need iperf3 python3

bytes=8388608

# The report has no error, and says that what was asked for has arrived. The client
# ends once it has sent that much, or with --bidir received it: what is then still on
# its way, and what goes the slower way, is not counted.
check_report() {
	python3 - "$1" "$bytes" <<-'END'
	import json, sys
	report = json.load(open(sys.argv[1]))
	if "error" in report:
	    sys.exit("# iperf3: " + report["error"])
	most = 0
	for way in "", "_bidir_reverse":
	    if "sum_sent" + way not in report["end"]:
	        continue
	    got = report["end"]["sum_received" + way]["bytes"]
	    sent = report["end"]["sum_sent" + way]
	    print("# received %d, sent %d, retransmits %s, %.0f Mbit/s" % (got, sent["bytes"],
	          sent.get("retransmits"), sent["bits_per_second"] / 1e6))
	    if not 0 < got <= sent["bytes"]:
	        sys.exit("# received what was not sent, or nothing")
	    most = max(most, got)
	if most < int(sys.argv[2]) * 0.5:
	    sys.exit("# not what was asked for")
	END
}

measure() {
	local options

	serve iperf3 -4 -s -B "$server_ip" -p 5201
	listening 5201 || return
	for options in "" -R "-P 3" --bidir; do
		# shellcheck disable=SC2086 # several words
		dial iperf3 -4 -c "$server_ip" -p 5201 -n "$bytes" -J $options \
			>"$tmp/work/report" || { head -c 2000 "$tmp/work/report"; return 1; }
		check_report "$tmp/work/report" || return
	done
}

# What iperf3 returns when a signal ends it.
stopped_status=1
quiet '^iperf3: interrupt - the server has terminated$'
programs_main iperf3 measure
