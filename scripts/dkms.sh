#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Adds what git knows of this tree to a DKMS tree of its own and builds the module
# there for the kernel that the selftests run in.
# The system's own DKMS tree is left alone.
#
# usage: scripts/dkms.sh FOLDER [RELEASE]
set -euo pipefail

[[ $# -ge 1 && $1 != --help ]] || { sed -n 's/^# usage: /usage: /p' "$0"; exit 2; }
folder=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
release=${2:-$(find /lib/modules -maxdepth 2 -path '*/6.1*-amd64/build' -printf '%h\n' |
	sort -V | tail -n 1 | xargs -r basename)}
[[ -n $release ]] || { echo "dkms: no headers of a 6.1 kernel: run scripts/deps.sh build" >&2; exit 1; }
export PATH=$PATH:/usr/sbin:/sbin

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
