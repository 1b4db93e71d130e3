#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# tcpstate-run turns a program's TCP sockets over IPv4 into AF_TCPSTATE ones, as
# its options say, and says in one line and by its status why it does not run.

# Functions run by name look unreachable; $ in quotes is for a shell to come.
# shellcheck disable=SC2317,SC2016
set -u

here=$(cd "$(dirname "$0")" && pwd)
family=${TCPSTATE_FAMILY:-18}
wire=${TCPSTATE_WIRE:-6}
case_number=0
failed=0

if [ "$family" = 2 ]; then
	echo "1..0 # SKIP needs the module"
	exit 4
fi

# Alone: the ports that the probe uses are free, and end with the case.
if [ "${1-}" = --in ]; then
	shift
	ip link set lo up
	exec "$@"
fi
alone() { unshare -n "$here/${0##*/}" --in "$@"; }

result() { # STATUS NAME
	case_number=$((case_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $case_number $2"
	else
		echo "not ok $case_number $2"
		failed=1
	fi
}

tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

probe() { # NAME CASE OPTION...
	local name=$1 which=$2

	shift 2
	alone "$here/tcpstate-run" -f "$family" -P "$wire" "$@" "$here/runprobe" "$which"
	result $? "$name"
}

# The one line on stderr and the status of a run that must not happen.
refused() { # NAME STATUS PATTERN COMMAND...
	local name=$1 want=$2 pattern=$3 status

	shift 3
	"$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ "$status" = "$want" ] && [ ! -s "$tmp/out" ] &&
	   [ "$(wc -l <"$tmp/err")" = 1 ] && grep -q "^tcpstate-run: $pattern" "$tmp/err"; then
		result 0 "$name"
	else
		echo "# status $status"
		sed 's/^/# /' "$tmp/out" "$tmp/err"
		result 1 "$name"
	fi
}

run=$here/tcpstate-run

log_says() {
	alone "$run" -f "$family" -P "$wire" -l "$tmp/log" -p 7000,7010-7019 "$here/runprobe" ports &&
	grep -q '^[0-9]* runprobe: fd [0-9]*: moved to AF_TCPSTATE$' "$tmp/log"
}

status_of_program() {
	"$run" -f "$family" sh -c 'exit 42'
	[ $? = 42 ]
}

# Others that are preloaded stay so.
keeps_preloads() {
	LD_PRELOAD=libm.so.6 "$run" -f "$family" sh -c 'cat /proc/$$/maps' | grep -q 'libm\.so'
}

nested() {
	[ "$("$run" -f "$family" "$run" -f "$family" -P 253 sh -c 'echo $TCPSTATE_RUN_PROTOCOL')" = 253 ]
}

echo "TAP version 13"
echo "1..23"
probe "what is TCP over IPv4 becomes ours and says TCP" kinds
probe "a child that runs another program" child
probe "--ipv4-only" no-ipv6 --ipv4-only
probe "SO_REUSEPORT" reuseport
probe "--ports" ports --ports 7000,7010-7019
probe "--not-ports" not-ports --not-ports 7009
probe "--ports and --not-ports" both -p 7000,7009 -x 7009
probe "what was set is carried over" carry -p 7000
probe "what cannot be carried over stays" pinned -p 7000
log_says
result $? "--log"
status_of_program
result $? "the program's status"
keeps_preloads
result $? "other preloaded libraries"
nested
result $? "one in another"
refused "no module of that family" 125 'module tcpstate is not loaded with family 22' \
	"$run" -f 22 true
refused "a family that is not the module's" 125 'family 1 is not' "$run" -f 1 true
refused "no capability" 125 'not permitted: CAP_NET_ADMIN' \
	setpriv --bounding-set -net_admin --inh-caps -net_admin "$run" -f "$family" true
refused "linked statically" 125 '.*busybox is linked statically' "$run" busybox true
refused "setuid" 125 '.* is setuid' \
	setpriv --reuid 65534 --clear-groups "$run" su
printf "#! %s sh\n" "$(command -v busybox)" >"$tmp/script"
chmod +x "$tmp/script"
refused "a script's interpreter" 125 '.*busybox is linked statically' "$run" "$tmp/script"
refused "not found" 127 'no-such-program: No such file' "$run" no-such-program
refused "no program" 126 '/etc/passwd: Permission denied' "$run" /etc/passwd
refused "no list of ports" 125 'no list of ports: 80,,81' "$run" -p 80,,81 true
refused "no such protocol" 125 '--protocol: 6 or 253, not 17' "$run" -P 17 true
exit $failed
