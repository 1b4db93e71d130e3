#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Plays a lab in a VM and leaves its pictures, as "make lab" does.
#
# usage: scripts/lab.sh           lists the labs
#        scripts/lab.sh LAB...    plays them; all: every one
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=$PWD/build/labs
say() { printf 'lab: %s\n' "$*"; }
die() {
	say "FAILED: $*"
	exit 1
}

# In the order of the page, which is that of learning.
labs() {
	local name
	while read -r name; do
		[[ ! -e labs/$name.sh ]] || echo "$name"
	done < <(sed -n 's/^   \([a-z-]*\)$/\1/p' Documentation/labs/index.rst)
}

if [[ $# == 0 ]]; then
	printf 'Labs: make lab LAB=NAME plays one and draws it; Documentation/labs/NAME.rst explains.\n\n'
	while read -r name; do
		printf '  %-20s %s\n' "$name" "$(sed -n "s/^question='\(.*\)'$/\1/p" "labs/$name.sh")"
	done < <(labs)
	exit 0
fi
[[ $* != all ]] || mapfile -t names < <(labs)
[[ $* == all ]] || names=("$@")
for name in "${names[@]}"; do
	grep -qxF -- "$name" <(labs) || die "no lab $name; \"make lab\" lists them"
done

scripts/deps.sh build vm demo tools || die "packages are missing"
mkdir -p "$build"
say "building the module and the tools"
if ! {
	make --no-print-directory modules && make -s -C tools &&
		cc -O2 -Wall -Wextra -Iinclude/uapi -o "$build/actor" labs/actor.c
} > "$build/make.log" 2>&1; then
	tail -n 20 "$build/make.log"
	die "it does not build"
fi
cp build/tools/tcpstate "$build/"
for name in "${names[@]}"; do
	rm -f "$build/$name".* "$build/$name"-*
done

say "starting a virtual machine; ${#names[@]} to play, about $((30 + 15 * ${#names[@]})) s"
status=0
selftests/vm.sh --quiet --timeout 600 --rw "$build" -- \
	labs/guest.sh "$PWD/tcpstate.ko" "$build" "$build" "${names[@]}" || status=$?
[[ $status == 0 ]] || die "see above; the VM's exit status is $status"
for name in "${names[@]}"; do
	if command -v dot > /dev/null; then
		dot -Tsvg "$build/$name-states.dot" > "$build/$name-states.svg"
	fi
	printf '\n'
	cat "$build/$name.txt"
	printf '\n'
	for picture in "build/labs/$name.svg" "build/labs/$name"-[0-9].svg; do
		[[ ! -e $picture ]] || say "the picture:     $picture (a browser shows it)"
	done
	say "its explanation: Documentation/labs/$name.rst"
	say "graphs:          build/labs/$name-plot.svg"
	say "states visited:  build/labs/$name-states.svg"
	say "for Wireshark:   build/labs/$name.pcapng"
done
