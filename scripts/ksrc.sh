#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Unpacks what the tests and checkers use of Debian's linux-source-6.1 (kselftest,
# checkpatch, kernel-doc) into the cache, once per package version, and prints
# the folder's path. Nothing of it belongs to this project.
set -euo pipefail

die() {
	printf 'ksrc: %s\n' "$*" >&2
	exit 1
}

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate
package=linux-source-6.1
# shellcheck disable=SC2016 # dpkg-query's own variable
version=$(dpkg-query -W -f '${Version}' "$package" 2> /dev/null || true)
[[ -n $version ]] || die "$package is missing: run scripts/deps.sh vm"
target=$cache/$package-$version
if [[ ! -d $target ]]; then
	tarball=$(dpkg-query -L "$package" | grep -m1 -E '/linux-source-6\.1\.tar\.') ||
		die "$package holds no tarball"
	mkdir -p "$cache"
	part=$(mktemp -d "$cache/ksrc.XXXXXX")
	trap 'rm -rf "$part"' EXIT
	tar -C "$part" --strip-components=1 -xf "$tarball" --wildcards --no-wildcards-match-slash \
		'*/tools/testing/selftests/lib.mk' \
		'*/tools/testing/selftests/*.h' \
		'*/tools/testing/selftests/*.sh' \
		'*/tools/testing/selftests/kselftest' \
		'*/tools/testing/selftests/lib' \
		'*/tools/scripts' \
		'*/scripts/checkpatch.pl' \
		'*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch' \
		'*/scripts/kernel-doc' \
		'*/scripts/subarch.include' \
		'*/scripts/Kbuild.include' \
		'*/scripts/Makefile.compiler' || die "cannot unpack $tarball"
	chmod 755 "$part"
	# Another run may have been faster; its folder is as good.
	mv -T "$part" "$target" 2> /dev/null || [[ -d $target ]] || die "cannot make $target"
fi
printf '%s\n' "$target"
