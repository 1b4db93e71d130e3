#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
# First process of the VM that vm.sh starts: lays a writable overlay over the
# host's files, runs the command and reports its status. It stands in for
# virtme-init, whose udev coldplug and mounts take most of a boot under TCG.
#
# vm.sh hands over, in the folder that holds the copy of this script:
#   busybox  static, so that nothing else is read over the slow first root
#   mounts   lines "tag path", folders that are shared for writing
#   command  a bash script: environment, working folder and the command

here=${0%/*}
bb="$here/busybox"
ports=/dev/virtio-ports

say() { echo "<5>tcpstate-vm: $*" > /dev/kmsg; }

stop() {
	say "stop: $*"
	$bb poweroff -f
	exit 1
}

# First stage: a new root from the host's files, then run this file again there
# as the second stage. The first root (virtme's) is 9p without a cache, where
# each exec is slow.
if [ "$1" != second ]; then
	$bb mount -t tmpfs -o mode=0755 run /run || exit 1
	$bb mkdir /run/host /run/rw /run/root
	$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=512000 \
		tcpstate_root /run/host || exit 1
	$bb mount -t tmpfs -o mode=0755 rw /run/rw || exit 1
	$bb mkdir /run/rw/upper /run/rw/work
	$bb mount -t overlay -o xino=off,lowerdir=/run/host,upperdir=/run/rw/upper,workdir=/run/rw/work \
		root /run/root || exit 1
	cd /run/root || exit 1
	$bb mount --move . / || exit 1
	exec $bb chroot . "$bb" sh "$0" second
fi

cd / || exit 1
$bb mount -t proc -o nosuid,noexec,nodev proc /proc
$bb mount -t sysfs -o nosuid,noexec,nodev sys /sys
$bb mount -t devtmpfs -o mode=0755,nosuid dev /dev
$bb mount -t tmpfs -o mode=0755,nosuid,nodev run /run
$bb mkdir -p /dev/pts /dev/shm /run/lock "$ports"
$bb mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
$bb mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
$bb mount -t debugfs debugfs /sys/kernel/debug
$bb mount -t tracefs tracefs /sys/kernel/tracing
$bb mount -t cgroup2 cgroup2 /sys/fs/cgroup
for link in fd:fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do
	[ -e "/dev/${link%%:*}" ] || $bb ln -s "/proc/self/${link#*:}" "/dev/${link%%:*}"
done

# /dev/virtio-ports/NAME, as udev would do it.
for port in /sys/class/virtio-ports/*; do
	read -r name < "$port/name" && [ -n "$name" ] &&
		$bb ln -s "../${port##*/}" "$ports/$name"
done
[ -e $ports/tcpstate.status ] || stop "no status port"

while read -r tag path; do
	$bb mkdir -p "$path"
	$bb mount -t 9p -o rw,trans=virtio,version=9p2000.L,cache=mmap,msize=512000 \
		"$tag" "$path" || stop "cannot mount $path"
done < "$here/mounts"

$bb ip link set dev lo up
$bb hostname tcpstate-vm

# One writer keeps the port open, so that the command may open /dev/stdout anew.
$bb mkfifo /run/output
$bb cat < /run/output > $ports/tcpstate.output &
cat_pid=$!

exec 3> $ports/tcpstate.status
echo started >&3
say "command starts"
/bin/bash "$here/command" < /dev/null > /run/output 2>&1 3>&-
status=$?
say "command ended, status $status"

# Let the last output through, but do not wait for daemons that hold the pipe.
n=0
while $bb kill -0 $cat_pid 2> /dev/null && [ $n -lt 20 ]; do
	$bb usleep 50000
	n=$((n + 1))
done

[ -e $ports/tcpstate.dmesg ] && $bb dmesg > $ports/tcpstate.dmesg
echo "status $status" >&3
exec 3>&-
$bb poweroff -f
