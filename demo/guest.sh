#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demonstration's part inside the VM: loads the module, lays two network
# namespaces and lets runs.py show the six runs.
#
#   +---------- left ----------+       +---------- right ---------+
#   | 192.0.2.1   veth0 [netem]|-------|[netem] veth0   192.0.2.2 |
#   +--------------------------+       +--------------------------+
#
# usage: demo/guest.sh MODULE PROGRAMS
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ko=$1
programs=$2
time_wait_ms=1000

say() { printf 'demo: %s\n' "$*"; }

say "loading the module on Linux $(uname -r)"
for name in $(modinfo -F depends "$ko" | tr , ' '); do
	modprobe "$name"
done
insmod "$ko"

say "laying two network namespaces, joined by veth"
for side in left right; do
	ip netns add "$side"
	ip -n "$side" link set lo up
done
ip link add veth0 netns left type veth peer name veth0 netns right
ip -n left addr add 192.0.2.1/24 dev veth0
ip -n right addr add 192.0.2.2/24 dev veth0
for side in left right; do
	ip -n "$side" link set veth0 up
	ip netns exec "$side" sh -c "echo $time_wait_ms > /proc/sys/net/tcpstate/time_wait_ms"
done

# Neighbours known beforehand: a slow link shall delay SYNs, not ARP.
mac() { ip netns exec "$1" cat /sys/class/net/veth0/address; }
ip -n left neigh replace 192.0.2.2 lladdr "$(mac right)" dev veth0 nud permanent
ip -n right neigh replace 192.0.2.1 lladdr "$(mac left)" dev veth0 nud permanent

scratch=$(mktemp -d /run/demo.XXXXXX)
say "TIME_WAIT is set to $time_wait_ms ms here, so that its end can be seen"
status=0
python3 -B "$here/runs.py" "$programs" "$scratch" || status=$?
rm -rf "$scratch"

# Nothing of ours may be left that holds the module.
ip netns del left
ip netns del right
name=$(basename "$ko" .ko)
for _ in {1..100}; do
	! rmmod "$name" 2> /dev/null || exit "$status"
	sleep 0.1
done
say "FAILED: the module cannot be unloaded"
exit 1
