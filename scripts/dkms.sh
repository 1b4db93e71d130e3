#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Adds what git knows of this tree to a DKMS tree of its own and builds the module
# there for the kernel that the selftests run in; in the VM with that kernel DKMS then
# installs it, modprobe finds and loads it, it opens a socket, and DKMS removes it.
# The system's own DKMS tree and its modules are left alone.
#
# usage: scripts/dkms.sh FOLDER [RELEASE]
set -euo pipefail

# What runs in the VM: its root cannot be written to, and what is laid over is gone with it.
guest() { # FOLDER RELEASE VERSION
	local over=/run/dkms dkms
	mkdir -p "$over"
	mount -t tmpfs tmpfs "$over"
	mkdir "$over/upper" "$over/work"
	mount -t overlay overlay -o "lowerdir=/lib/modules,upperdir=$over/upper,workdir=$over/work" \
		/lib/modules
	cp -a "$1/tree" "$over/"
	dkms=(dkms --dkmstree "$over/tree" --sourcetree "$1/source")
	"${dkms[@]}" install "tcpstate/$3" -k "$2"
	[[ $(modinfo -n tcpstate) == */updates/dkms/tcpstate.ko* ]]
	modprobe tcpstate
	python3 -c 'import socket; socket.socket(18, socket.SOCK_STREAM).listen()'
	rmmod tcpstate
	"${dkms[@]}" remove "tcpstate/$3" -k "$2"
	! modinfo tcpstate > /dev/null 2>&1 || { echo "dkms: it is still there" >&2; exit 1; }
	! modprobe tcpstate 2> /dev/null || { echo "dkms: it can still be loaded" >&2; exit 1; }
	echo "dkms: installed, loaded, removed"
}

export PATH=$PATH:/usr/sbin:/sbin
if [[ ${1-} == --guest ]]; then
	shift
	guest "$@"
	exit
fi
[[ $# -ge 1 && $1 != --help ]] || { sed -n 's/^# usage: /usage: /p' "$0"; exit 2; }
folder=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
release=${2:-$(find /lib/modules -maxdepth 2 -path '*/6.1*-amd64/build' -printf '%h\n' |
	sort -V | tail -n 1 | xargs -r basename)}
[[ -n $release ]] || { echo "dkms: no headers of a 6.1 kernel: run scripts/deps.sh build" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$folder/tree" "$folder/source" "$folder/tcpstate"
git ls-files -co --exclude-standard -- '*.[ch]' Kbuild Makefile dkms.conf include |
	grep -v -E '^(selftests|tests|tools|demo)/' | while read -r file; do
	[[ ! -e $file ]] || cp --parents "$file" "$folder/tcpstate"
done
dkms=(dkms --dkmstree "$folder/tree" --sourcetree "$folder/source")
"${dkms[@]}" add "$folder/tcpstate"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)
"${dkms[@]}" build "tcpstate/$version" -k "$release" || {
	cat "$folder/tree/tcpstate/$version/build/make.log" >&2 || true
	exit 1
}
selftests/vm.sh --timeout 900 -- "$PWD/scripts/dkms.sh" --guest "$folder" "$release" "$version"
