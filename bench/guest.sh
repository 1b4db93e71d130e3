#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The measures, each on the in-tree TCP and on ours in turn, round by round, over
# a veth pair between two network namespaces that are made anew for each. Runs as
# root, in the VM that bench/run.sh starts; writes "measure stack round name value"
# lines, and "complete" as the last one.
#
# usage: bench/guest.sh MODULE TCPBENCH FOLDER
#
# TCPSTATE_BENCH_ROUNDS  how often each is measured (default 5)
# TCPSTATE_BENCH_ONLY    names of measures, or patterns of the shell (default: all)
# TCPSTATE_BENCH_STACKS  only these: intree, reno, newreno, cubic, ours, ours253, absent,
#                        hooked
# TCPSTATE_BENCH_FULL    100,000 connections too, once
set -euo pipefail

module=$1 tcpbench=$2 out=$3
rounds=${TCPSTATE_BENCH_ROUNDS:-5}
read -r -a only <<< "${TCPSTATE_BENCH_ONLY:-*}"
raw=$out/raw.part
server=10.9.0.2
began=$SECONDS

say() { printf 'bench: %s\n' "$*"; }

# The namespaces and what lies between them: MTU, segmentation offload, and the
# queueing discipline of the data's way and of the ACKs' way.
setup() {
	ip -batch - <<-END
		netns add bench-a
		netns add bench-b
		link add veth0 netns bench-a mtu $mtu type veth peer name veth0 mtu $mtu netns bench-b
	END
	ip -n bench-a -batch - <<-END
		addr add 10.9.0.1/24 dev veth0
		link set lo up
		link set veth0 up
	END
	ip -n bench-b -batch - <<-END
		addr add $server/24 dev veth0
		link set lo up
		link set veth0 up
	END
	local ns
	if [[ $offload != on ]]; then
		for ns in bench-a bench-b; do
			ip netns exec "$ns" ethtool -K veth0 gso off tso off gro off
			[[ $offload != none ]] || ip -n "$ns" link set veth0 gso_max_segs 1
		done
	fi
	[[ -z $there ]] || ip netns exec bench-a bash -c "$there"
	[[ -z $back ]] || ip netns exec bench-b bash -c "$back"
}

holders=()
teardown() {
	[[ ${#holders[@]} == 0 ]] || kill "${holders[@]}"
	holders=()
	ip netns del bench-a 2> /dev/null || true
	ip netns del bench-b 2> /dev/null || true
}
trap teardown EXIT

# Sets family, wire and, for the in-tree TCP, the congestion control.
stack_options() { # STACK
	family=18 wire=6
	case $1 in
	intree) family=2 ;;
	cubic | reno)
		family=2
		ip netns exec bench-a sysctl -qw net.ipv4.tcp_congestion_control="$1"
		ip netns exec bench-b sysctl -qw net.ipv4.tcp_congestion_control="$1"
		;;
	ours253) wire=253 ;;
	# What NewReno is by its RFC: no SACK, and so neither RACK nor DSACK.
	newreno)
		family=2
		ip netns exec bench-a sysctl -qw net.ipv4.tcp_congestion_control=reno \
			net.ipv4.tcp_sack=0
		;;
	# The in-tree TCP where a listener of ours keeps the hooks set in both namespaces.
	hooked)
		for ns in bench-a bench-b; do
			ip netns exec "$ns" python3 -c '
import socket, time
s = socket.socket(fileno=socket.socket(18, socket.SOCK_STREAM).detach(), family=socket.AF_INET)
s.bind(("0.0.0.0", 9))
s.listen()
time.sleep(10000)' &
			holders+=($!)
			until ip netns exec "$ns" grep -q "^Hooked 1" /proc/net/tcpstate_stat; do
				sleep 0.1
			done
		done
		family=2
		;;
	absent) family=2 ;;
	esac
	ip netns exec bench-a sysctl -qw net.ipv4.tcp_max_tw_buckets=200000
}

wanted() { # MEASURE
	local pattern
	for pattern in "${only[@]}"; do
		# shellcheck disable=SC2053 # a pattern it is
		[[ $1 != $pattern ]] || return 0
	done
	return 1
}

# The module is there, or for "absent" is not.
load() { # STACK
	if [[ $1 == absent ]]; then
		[[ ! -e /proc/net/tcpstate ]] || unload
	elif [[ ! -e /proc/net/tcpstate ]]; then
		insmod "$module"
	fi
}

# A namespace that was deleted goes a little later, and the last of our sockets with it.
unload() {
	local i
	for ((i = 0; i < 200; i++)); do
		! rmmod tcpstate 2> /dev/null || return 0
		sleep 0.1
	done
	say "the module stays: $(< /sys/module/tcpstate/refcnt)"
	exit 1
}

# Runs one measure on all stacks, in turn, a round after another.
mtu=1500 offload=on there='' back='' stacks='intree ours ours253'
measure() { # NAME TCPBENCH-ARGUMENT...
	local name=$1 round stack lines times=$rounds
	shift
	wanted "$name" || return 0
	[[ -z ${most-} || $times -le $most ]] || times=$most
	for ((round = 1; round <= times; round++)); do
		for stack in ${TCPSTATE_BENCH_STACKS:-$stacks}; do
			teardown
			load "$stack"
			setup
			stack_options "$stack"
			if ! lines=$("$tcpbench" --family $family --wire $wire "$@" "$server"); then
				say "FAILED: $name on $stack, round $round"
				exit 1
			fi
			awk -v "of=$name $stack $round" '{ print of, $0 }' <<< "$lines" >> "$raw"
		done
	done
	say "$name: $times rounds, $((SECONDS - began)) s"
}

# The in-tree TCP hands bursts down whatever the device says: gso_max_segs is what it heeds.
netem() { # THERE BACK: what is done to data and to ACKs, segment by segment
	offload=none
	there=${1:+tc qdisc add dev veth0 root $1}
	back=${2:+tc qdisc add dev veth0 root $2}
}

sysctl -qw kernel.kptr_restrict=0 fs.nr_open=2097152 2> /dev/null || true
echo 1000000 > /proc/sys/fs/file-max
load intree
: > "$raw"
# Where the functions are until the module is loaded again, for the tables by function.
grep -i ' [tw] ' /proc/kallsyms > "$out/symbols"

bulk=(--bytes $((32 << 20)) bulk)
measure bulk_64k "${bulk[@]}"
measure bulk_1k --size 1024 "${bulk[@]}"
offload=off
measure bulk_64k_nogso "${bulk[@]}"
measure bulk_1k_nogso --size 1024 "${bulk[@]}"
offload=on mtu=9000
measure bulk_64k_mtu9000 "${bulk[@]}"
offload=off
measure bulk_64k_mtu9000_nogso "${bulk[@]}"
offload=on mtu=1500
measure bulk_reader_limited --read-pause 500 --bytes $((16 << 20)) bulk
measure bulk_sender_limited --send-pause 500 --bytes $((16 << 20)) bulk
measure rr_1 --size 1 --count 3000 rr
measure rr_1k --size 1024 --count 3000 rr
measure crr --size 100 --count 1000 crr
measure accept --count 2048 accept
measure timewait --count 4000 timewait
measure idle_10k --count 10000 idle
measure idle_100 --count 100 idle
if [[ -n ${TCPSTATE_BENCH_FULL-} ]]; then
	most=1
	measure idle_100k --count 100000 idle
	unset most
fi

# What it costs to be watched: the recorder off, as it is by default, and with room for
# a whole life; then each tracepoint on, and the recorder off.
tracing=/sys/kernel/tracing
[[ -e $tracing/events ]] || mount -t tracefs tracefs "$tracing"
for seen in unwatched recorded recorded_4096 traced; do
	case $seen in
	unwatched | traced) there='echo 0 > /proc/sys/net/tcpstate/record' ;;
	recorded) there='' ;;
	recorded_4096) there='echo 4096 > /proc/sys/net/tcpstate/record' ;;
	esac
	back=$there
	if [[ $seen == traced ]] &&
		{ wanted rr_1_traced || wanted crr_traced || wanted bulk_64k_nogso_traced; }; then
		echo 1 > "$tracing/events/tcpstate/enable"
	fi
	stacks='ours ours253'
	# What we cost without it, beside the in-tree TCP, which has none.
	[[ $seen != unwatched ]] || stacks='intree ours ours253'
	measure "rr_1_$seen" --size 1 --count 3000 rr
	measure "crr_$seen" --size 100 --count 1000 crr
	offload=off
	measure "bulk_64k_nogso_$seen" "${bulk[@]}"
	offload=on
	[[ $seen != unwatched ]] || most=1 measure "idle_10k_$seen" --count 10000 idle
done
echo 0 > "$tracing/events/tcpstate/enable"
there='' back=''

# What the in-tree TCP pays: for the module's being there, and for its hooks.
stacks='absent intree hooked'
measure foreign_bulk "${bulk[@]}"
offload=off
measure foreign_bulk_nogso "${bulk[@]}"
offload=on
measure foreign_rr --size 1 --count 3000 rr
measure foreign_crr --size 100 --count 1000 crr

stacks='reno newreno cubic ours ours253'
lossy=(--warm 0 --bytes $((16 << 20)) --seconds 30 bulk)
flows=(--size 65536 --count 50 flows)
netem 'netem delay 10ms limit 100000' 'netem delay 10ms limit 100000'
measure delay_20ms "${lossy[@]}"
measure delay_20ms_flows "${flows[@]}"
netem 'netem delay 50ms limit 100000' 'netem delay 50ms limit 100000'
measure delay_100ms "${lossy[@]}"
for loss in 0.1 1 5; do
	netem "netem delay 10ms loss $loss% limit 100000" 'netem delay 10ms limit 100000'
	measure "loss_$loss" "${lossy[@]}"
	measure "loss_${loss}_flows" "${flows[@]}"
done
netem 'netem delay 10ms reorder 2% limit 100000' 'netem delay 10ms limit 100000'
measure reorder_2 "${lossy[@]}"
netem 'tbf rate 10mbit burst 16kb latency 100ms' 'netem delay 20ms limit 100000'
measure bottleneck_10mbit "${lossy[@]}"
measure bottleneck_10mbit_flows "${flows[@]}"

teardown
rmmod tcpstate || say "the module stays: $(< /sys/module/tcpstate/refcnt)"
printf 'complete\n' >> "$raw"
say "all measured in $((SECONDS - began)) s"
