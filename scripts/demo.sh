#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Shows the module at work, as "make demo" does: installs what is missing,
# builds, boots a VM and lets files and states be seen there.
#
# usage: scripts/demo.sh
#
# The last line is the verdict; the status is 0 only if everything held.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=$PWD/build/demo
quiet_limit=8

say() { printf 'demo: %s\n' "$*"; }
die() {
	say "FAILED: $*"
	exit 1
}

# Hands lines on, and says what goes on when none has come for a while. With a
# log, the lines go there instead and the latest is shown when it is time.
relay() { # TITLE [LOG]
	local began=$SECONDS spoke=$SECONDS line='' part last='' status
	while :; do
		status=0
		IFS= read -r -t 2 part || status=$?
		line+=$part
		if [[ $status == 0 ]]; then
			last=$line line=''
			if [[ -n ${2-} ]]; then
				printf '%s\n' "$last" >> "$2"
			else
				printf '%s\n' "$last"
				spoke=$SECONDS last=''
			fi
		elif [[ $status -le 128 ]]; then
			[[ -z $line ]] || printf '%s\n' "$line" >> "${2:-/dev/stdout}"
			return 0
		fi
		if [[ $((SECONDS - spoke)) -ge $quiet_limit ]]; then
			spoke=$SECONDS
			printf 'demo: ... %s, %s s  %.60s\n' "$1" $((SECONDS - began)) "${last#"${last%%[![:space:]]*}"}"
		fi
	done
}

build_all() {
	make --no-print-directory modules &&
	cc -O2 -Wall -Wextra -o "$build/tcpcat" selftests/tcpcat.c &&
	cc -O2 -Wall -Wextra -o "$build/crossing" demo/crossing.c &&
	make --no-print-directory -C tools && cp build/tools/tcpstate "$build/"
}

say "installing what is missing"
scripts/deps.sh build vm demo tools 2>&1 | relay installing || die "packages are missing"

say "building the module and the demo's programs"
mkdir -p "$build"
: > "$build/make.log"
if ! build_all 2>&1 | relay building "$build/make.log"; then
	tail -n 20 "$build/make.log"
	die "it does not build"
fi

# What the guest cannot know about the one who looks.
TCPSTATE_DEMO_COLOUR=0
[[ ! -t 1 || -n ${NO_COLOR-} || ${TERM-dumb} == dumb ]] || TCPSTATE_DEMO_COLOUR=1
TCPSTATE_DEMO_TICK='[x]'
[[ $(locale charmap 2> /dev/null) != UTF-8 ]] || TCPSTATE_DEMO_TICK=$'\u2713'
export TCPSTATE_DEMO_COLOUR TCPSTATE_DEMO_TICK

say "booting a VM; this machine's own kernel is left alone"
status=0
selftests/vm.sh --timeout 900 --rw "$build" -- demo/guest.sh "$PWD/tcpstate.ko" "$build" 2>&1 |
	relay "the VM" || status=$?
case $status in
0)
	dot -Tsvg "$build/states.dot" > "$build/states.svg"
	say "as pictures: build/demo/crossing.svg and build/demo/states.svg (a browser shows them)"
	say "for Wireshark: build/demo/crossing.pcapng"
	say "more of them: make lab"
	say "it works: exit status 0"
	;;
*) die "see above; the VM's exit status is $status" ;;
esac
