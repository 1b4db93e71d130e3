#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A lab's part inside the VM: loads the module, lays the two namespaces of demo/net.sh,
# plays the lab, and draws what the flight recorder saw.
#
# usage: labs/guest.sh MODULE PROGRAMS LAB FOLDER
#
# A lab is a file that sets "question" and "title" and has a function lab(), which plays
# it on ports $port (right) and $((port + 1)) (left). Status 3 of lab() says that two
# things that should cross did not, as the machine was too slow: once more, then.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ko=$1 programs=$2 name=$3 out=$4
tries=5
PATH=$programs:$PATH
# shellcheck source=demo/net.sh
. "$here/../demo/net.sh"

say() { printf 'lab: %s\n' "$*"; }

# For labs: the wire between left and right, as netem takes it; nothing: a clean one.
wire() { # [SIDE] NETEM...
	local side sides=(left right)
	if [[ ${1-} == left || ${1-} == right ]]; then
		sides=("$1")
		shift
	fi
	for side in "${sides[@]}"; do
		tc -n "$side" qdisc del dev veth0 root 2> /dev/null || true
		[[ $# == 0 ]] || tc -n "$side" qdisc add dev veth0 root netem limit 10000 "$@"
	done
}

# For labs: lines for the actor, with $port set in.
play() { actor; }

# For labs: what the left end's ladder is drawn of.
shown() { printf '192.0.2.1:%s-192.0.2.2:%s' $((port + 1)) "$port"; }

title='' question=''
# shellcheck disable=SC1090
. "$here/$name.sh"

load_module "$ko"
lay_namespaces
set_sysctl time_wait_ms 1000
whole_life
say "$question"
status=3
for ((try = 0; status == 3 && try < tries; try++)); do
	port=$((7000 + 10 * try))
	status=0
	wire
	(lab) || status=$?
	[[ $status != 3 ]] || say "they did not cross, as the machine was too slow; once more"
done
[[ $status == 0 ]] || { say "FAILED: status $status"; exit 1; }

both=(-n left -n right)
tcpstate record "${both[@]}" -o "$out/$name.pcapng"
tcpstate ladder --width 100 "$out/$name.pcapng" "$(shown)" > "$out/$name.txt"
tcpstate ladder -o "$out/$name.svg" -T "$title" "$out/$name.pcapng" "$(shown)"
tcpstate plot -o "$out/$name-plot.svg" -T "$title" "$out/$name.pcapng" "$(shown)"
tcpstate dot -o "$out/$name-states.dot" "$out/$name.pcapng"
unload_module "$ko" || { say "FAILED: the module cannot be unloaded"; exit 1; }
