# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the demonstrations and the labs find inside the VM: the module, and two network
# namespaces that are joined by a wire.
#
#   +---------- left ----------+       +---------- right ---------+
#   | 192.0.2.1   veth0 [netem]|-------|[netem] veth0   192.0.2.2 |
#   +--------------------------+       +--------------------------+

load_module() { # MODULE
	local name
	for name in $(modinfo -F depends "$1" | tr , ' '); do
		modprobe "$name"
	done
	insmod "$1"
}

mac() { ip netns exec "$1" cat /sys/class/net/veth0/address; }

lay_namespaces() {
	local side
	for side in left right; do
		ip netns add "$side"
		ip -n "$side" link set lo up
	done
	ip link add veth0 netns left type veth peer name veth0 netns right
	ip -n left addr add 192.0.2.1/24 dev veth0
	ip -n right addr add 192.0.2.2/24 dev veth0
	for side in left right; do
		ip -n "$side" link set veth0 up
	done
	# Neighbours known beforehand: a slow link shall delay SYNs, not ARP.
	ip -n left neigh replace 192.0.2.2 lladdr "$(mac right)" dev veth0 nud permanent
	ip -n right neigh replace 192.0.2.1 lladdr "$(mac left)" dev veth0 nud permanent
}

# A knob of net.tcpstate in both namespaces.
set_sysctl() { # NAME VALUE
	local side
	for side in left right; do
		ip netns exec "$side" sh -c "echo $2 > /proc/sys/net/tcpstate/$1"
	done
}

# Nothing of ours may be left that holds the module.
unload_module() { # MODULE
	local name
	name=$(basename "$1" .ko)
	ip netns del left
	ip netns del right
	for _ in {1..100}; do
		! rmmod "$name" 2> /dev/null || return 0
		sleep 0.1
	done
	return 1
}
