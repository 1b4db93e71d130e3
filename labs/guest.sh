#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A lab's part inside the VM: loads the module, lays the two namespaces of demo/net.sh,
# plays the lab, and draws what the flight recorder saw. Several labs are played one
# after another.
#
# usage: labs/guest.sh MODULE PROGRAMS FOLDER LAB...
#
# A lab is a file that sets "question" and "title" and has a function lab(), which plays
# it on ports $port (right) and $((port + 1)) (left). Status 3 of lab() says that two
# things that should cross did not, as the machine was too slow: once more, then.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ko=$1 programs=$2 out=$3
shift 3
tries=5
events=4096
PATH=$programs:$PATH
# shellcheck disable=SC1091 # it is one of those that are checked
. "$here/../demo/net.sh"

say() { printf 'lab: %s\n' "$*"; }

# For labs: the wire from left and right, as netem takes it; nothing: a clean one.
# shellcheck disable=SC2120 # labs pass arguments
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

# For labs: lines for the actor, on the standard input.
play() { actor; }

# The connections whose ladders are drawn, one a line, with a title if it is another one; a
# lab may say others. The first one is the picture NAME.svg, the next is NAME-2.svg.
shown() { printf '192.0.2.1:%s-192.0.2.2:%s\n' $((port + 1)) "$port"; }

draw() { # NAME PICTURE CONNECTION [TITLE]
	tcpstate ladder --width 100 "$out/$1.pcapng" "$3" > "$out/$2.txt"
	tcpstate ladder -o "$out/$2.svg" -T "${4:-$title}" "$out/$1.pcapng" "$3"
}

play_lab() { # NAME
	local status=3 try both=(-n left -n right) connection words i=1 suffix=''
	title='' question=''
	# shellcheck disable=SC1090
	. "$here/$1.sh"
	lay_namespaces
	set_sysctl time_wait_ms 1000
	set_sysctl record "$events"
	say "$1: $question"
	for ((try = 0; status == 3 && try < tries; try++)); do
		port=$((7000 + 10 * try)) status=0
		wire left
		wire right
		(lab) || status=$?
		[[ $status != 3 ]] || say "they did not cross, as the machine was too slow; once more"
	done
	[[ $status == 0 ]] || return 1
	tcpstate record "${both[@]}" -o "$out/$1.pcapng"
	shown | while read -r connection words; do
		draw "$1" "$1$suffix" "$connection" "$words"
		[[ -n $suffix ]] || tcpstate plot -o "$out/$1-plot.svg" -T "${words:-$title}" \
			"$out/$1.pcapng" "$connection"
		i=$((i + 1)) suffix=-$i
	done
	tcpstate dot -o "$out/$1-states.dot" "$out/$1.pcapng"
}

failed=0
for name in "$@"; do
	load_module "$ko"
	# No "if" around it, in which a failing line would not end it.
	set +e
	(set -e; play_lab "$name")
	status=$?
	set -e
	if [[ $status != 0 ]]; then
		say "FAILED: $name: status $status"
		failed=1
	fi
	unload_module "$ko" || { say "FAILED: the module cannot be unloaded"; exit 1; }
done
exit "$failed"
