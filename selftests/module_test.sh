#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module stays while anybody uses it, goes when nobody does, takes nothing
# with it and leaves nothing; and its parameters and knobs refuse nonsense.
# TCPSTATE_KO is the path of the module.

# Functions run by name in a namespace and by traps look unreachable.
# shellcheck disable=SC2317
set -u

here=$(cd "$(dirname "$0")" && pwd)
family=${TCPSTATE_FAMILY:-18}
wire=${TCPSTATE_WIRE:-6}
ko=${TCPSTATE_KO-}
module=$(basename "${ko:-tcpstate.ko}" .ko)
deadline=$((60 * ${TCPSTATE_SLOW:-1}))
ns=module$$
peer=peer$$
knobs=/proc/sys/net/tcpstate
stat=/proc/net/tcpstate_stat
case_number=0
failed=0

tmp=$(mktemp -d) || exit 1

cleanup() {
	local job

	for job in $(jobs -p); do
		kill -9 "$job" 2>/dev/null
	done
	ip netns del "$ns" 2>/dev/null
	ip netns del "$peer" 2>/dev/null
	loaded || insmod "$ko"
	rm -rf "$tmp"
}

result() { # STATUS NAME
	case_number=$((case_number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $case_number $2"
	else
		echo "not ok $case_number $2"
		failed=1
	fi
}

skip_all() {
	rm -rf "$tmp"
	echo "1..0 # SKIP $1"
	exit 4
}

loaded() { [ -d "/sys/module/$module" ]; }

# Retry a command until it succeeds or the deadline has passed.
until_true() {
	local end=$((SECONDS + deadline))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# shellcheck disable=SC2016
gauge() { # NAMESPACE STATE
	ip netns exec "$1" awk -v name="$2" '$1 == name { print $2 }' "$stat"
}

gauge_is() { [ "$(gauge "$1" "$2")" = "$3" ]; }

unload() { rmmod "$module" 2>/dev/null; }
reload() { loaded || insmod "$ko"; }

tcpcat() { # NAMESPACE ARGUMENT...
	local where=$1

	shift
	exec ip netns exec "$where" "$here/tcpcat" -f "$family" -w "$wire" "$@"
}

new_namespace() {
	ip netns add "$1" && ip -n "$1" link set lo up
}

stop() {
	kill -9 "$@" 2>/dev/null
	wait "$@" 2>/dev/null
	true
}

# Start a listener in the namespace, and wait for it; $listener is its job.  Its
# side of a connection is shut down at once, or with "open" never.
start_listener() { # ADDRESS PORT [open]
	local feed=/dev/null

	[ "${3-}" = open ] && feed=$tmp/feed
	tcpcat "$ns" -l "$1" "$2" <"$feed" >"$tmp/received" 2>&1 &
	listener=$!
	until_true gauge_is "$ns" LISTEN 1
}

# Connections that earlier tests have left without an owner hold the module.
end_orphans() { echo 1 >"/sys/module/$module/parameters/abort_orphans"; }

present_while_loaded() {
	loaded && [ -r "$stat" ] && [ -d "$knobs" ] &&
	until_true unload && ! loaded && ! [ -e "$stat" ] && ! [ -e "$knobs" ] &&
	reload && [ -r "$stat" ] && [ -d "$knobs" ]
}

refused_with_a_listener() {
	local status=0

	new_namespace "$ns" && start_listener 127.0.0.1 7000 || return 1
	unload && status=1
	loaded || status=1
	# The one who held it was not harmed.
	gauge_is "$ns" LISTEN 1 || status=1
	stop "$listener"
	until_true unload || status=1
	reload || status=1
	ip netns del "$ns"
	return "$status"
}

refused_with_a_connection() {
	local status=0 client

	new_namespace "$ns" && start_listener 127.0.0.1 7000 open || return 1
	tcpcat "$ns" 127.0.0.1 7000 <"$tmp/feed" >/dev/null 2>&1 &
	client=$!
	until_true gauge_is "$ns" ESTABLISHED 2 || status=1
	unload && status=1
	gauge_is "$ns" ESTABLISHED 2 || status=1
	stop "$client" "$listener"
	until_true unload || status=1
	reload || status=1
	ip netns del "$ns"
	return "$status"
}

time_wait_does_not_hold() {
	local status=0

	new_namespace "$ns" && start_listener 127.0.0.1 7000 || return 1
	(tcpcat "$ns" 127.0.0.1 7000 </dev/null >/dev/null) || status=1
	wait "$listener" || status=1
	until_true gauge_is "$ns" ESTABLISHED 0 || status=1
	[ "$(gauge "$ns" TIME_WAIT)" -ge 1 ] || status=1
	until_true unload || status=1
	reload || status=1
	ip netns del "$ns"
	return "$status"
}

few_retries() { # NAMESPACE
	ip netns exec "$1" sh -c "echo 3 >$knobs/retries2"
}

namespace_with_orphans() {
	local status=0 client

	new_namespace "$ns" && new_namespace "$peer" &&
	ip link add veth0 netns "$ns" type veth peer name veth0 netns "$peer" &&
	ip -n "$ns" addr add 10.9.8.1/24 dev veth0 &&
	ip -n "$peer" addr add 10.9.8.2/24 dev veth0 &&
	ip -n "$ns" link set veth0 up && ip -n "$peer" link set veth0 up ||
		return 1
	# An orphan holds its namespace until it gives up: let that be soon.
	few_retries "$ns" && few_retries "$peer" || return 1
	start_listener 10.9.8.1 7000 open || return 1
	tcpcat "$peer" -t 10 10.9.8.1 7000 <"$tmp/feed" >/dev/null 2>&1 &
	client=$!
	until_true gauge_is "$ns" ESTABLISHED 1 || status=1
	# Nobody will acknowledge the FINs of the two ends, nor own them.
	tc -n "$ns" qdisc add dev veth0 root netem loss 100% || return 1
	tc -n "$peer" qdisc add dev veth0 root netem loss 100% || return 1
	stop "$listener" "$client"
	until_true gauge_is "$ns" FIN_WAIT1 1 || status=1
	until_true gauge_is "$peer" FIN_WAIT1 1 || status=1
	ip netns del "$ns" || status=1
	ip netns del "$peer" || status=1
	until_true unload || status=1
	reload || status=1
	return "$status"
}

# Orphans whose peers are silent, in namespaces without a name, end when asked.
orphans_end_on_demand() {
	local status=0 client value

	new_namespace "$ns" || return 1
	start_listener 127.0.0.1 7000 open || return 1
	tcpcat "$ns" -t 10 127.0.0.1 7000 <"$tmp/feed" >/dev/null 2>&1 &
	client=$!
	until_true gauge_is "$ns" ESTABLISHED 2 || status=1
	# Connections that have an owner are left alone.
	end_orphans || status=1
	gauge_is "$ns" ESTABLISHED 2 || status=1
	tc -n "$ns" qdisc add dev lo root netem loss 100% || return 1
	stop "$listener" "$client"
	until_true gauge_is "$ns" FIN_WAIT1 2 || status=1
	ip netns del "$ns" || status=1
	unload && status=1
	for value in 0 x; do
		(echo "$value" >"/sys/module/$module/parameters/abort_orphans") 2>/dev/null
		unload && status=1
	done
	end_orphans || status=1
	until_true unload || status=1
	reload || status=1
	return "$status"
}

namespace_with_time_wait() {
	local status=0

	new_namespace "$ns" && start_listener 127.0.0.1 7000 || return 1
	(tcpcat "$ns" 127.0.0.1 7000 </dev/null >/dev/null) || status=1
	wait "$listener" || status=1
	until_true gauge_is "$ns" ESTABLISHED 0 || status=1
	ip netns del "$ns" || status=1
	until_true unload || status=1
	reload || status=1
	return "$status"
}

other_family() {
	local status=0 listener

	until_true unload || return 1
	insmod "$ko" family=22 || { reload; return 1; }
	new_namespace "$ns" || return 1
	"$here/tcpcat" -f 18 127.0.0.1 7000 </dev/null 2>&1 |
		grep -q "Address family not supported" || status=1
	family=22
	start_listener 127.0.0.1 7000 || status=1
	(echo hello | tcpcat "$ns" 127.0.0.1 7000) || status=1
	wait "$listener" || status=1
	[ "$(cat "$tmp/received")" = hello ] || status=1
	family=18
	ip netns del "$ns"
	until_true unload || status=1
	reload || status=1
	return "$status"
}

wrong_family() {
	local status=0 number

	until_true unload || return 1
	for number in -1 0 2 10 46 99 100000 x; do
		if insmod "$ko" family="$number" 2>/dev/null; then
			echo "# family=$number was taken"
			rmmod "$module"
			status=1
		fi
	done
	# The refusals left nothing in the way.
	reload || status=1
	return "$status"
}

# A write that must fail and change nothing.
refuses() { # KNOB VALUE
	local before after status=0

	before=$(cat "$knobs/$1") || return 1
	if (echo "$2" >"$knobs/$1") 2>/dev/null; then
		echo "# $1 took $2"
		status=1
	fi
	after=$(cat "$knobs/$1")
	[ "$before" = "$after" ] || status=1
	echo "$before" >"$knobs/$1"
	return "$status"
}

knobs_out_of_range() {
	local status=0 knob value

	for knob in time_wait_ms rto_min_ms rto_max_ms syn_retries \
		    synack_retries retries2 unprivileged fin_timeout_ms; do
		[ -f "$knobs/$knob" ] || { echo "# no $knob"; status=1; continue; }
		for value in -1 99999999999 4294967295 2147483647 x; do
			refuses "$knob" "$value" || status=1
		done
	done
	refuses unprivileged 2 || status=1
	refuses rto_min_ms 0 || status=1
	refuses rto_max_ms 0 || status=1
	return "$status"
}

knobs_in_range() {
	local status=0 before

	before=$(cat "$knobs/time_wait_ms")
	[ "$before" = 60000 ] || status=1
	echo 1500 >"$knobs/time_wait_ms" || status=1
	[ "$(cat "$knobs/time_wait_ms")" = 1500 ] || status=1
	new_namespace "$ns"
	# Each namespace starts from the default.
	[ "$(ip netns exec "$ns" cat "$knobs/time_wait_ms")" = 60000 ] ||
		status=1
	ip netns del "$ns"
	echo "$before" >"$knobs/time_wait_ms"
	return "$status"
}

again_and_again() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		until_true unload && insmod "$ko" || return 1
	done
}

echo "TAP version 13"
[ "$family" = 18 ] || skip_all "about the module, not the in-tree TCP"
[ -f "$ko" ] || skip_all "TCPSTATE_KO names no module"
[ -x "$here/tcpcat" ] || skip_all "tcpcat is not built"
trap cleanup EXIT
reload || { echo "Bail out! cannot load $ko"; exit 1; }
end_orphans
# A stdin that never ends.
mkfifo "$tmp/feed" && exec 9<>"$tmp/feed"

cases="present_while_loaded refused_with_a_listener refused_with_a_connection
time_wait_does_not_hold namespace_with_orphans orphans_end_on_demand
namespace_with_time_wait
other_family wrong_family knobs_out_of_range knobs_in_range again_and_again"
# shellcheck disable=SC2086
set -- $cases
echo "1..$#"
for name in "$@"; do
	"$name"
	result $? "$name"
done
exit $failed
