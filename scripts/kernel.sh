#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Builds a small kernel for the selftests' VM from Debian's linux-source package
# and the fragments in selftests/config/, once, and says where it is.
set -euo pipefail

usage() {
	cat <<'END'
usage: scripts/kernel.sh [--debug | --kmsan] VERSION

Prints two lines: the path of the kernel's image (for "selftests/vm.sh --kernel"),
and the folder to build modules against (for "make KDIR="). Progress is on stderr.

  VERSION  6.1, 6.12 or 7.2
  --debug  with KASAN, lockdep, kmemleak and the rest of selftests/config/debug.config
  --kmsan  with KMSAN (selftests/config/kmsan.config), built by clang; modules for it
           want "make CC=clang" too

6.1 is the installed linux-source-6.1; the others' sources are fetched from later
Debian suites (scripts/later.sh). A build takes 15 to 40 minutes on two CPUs and 4 GB
while it runs. What is left of it, some 150 MB, is kept in ~/.cache/tcpstate under a
name with a hash of the configuration, the source's version and the compiler's; it
can be deleted at any time. In it, "dropped" lists the options that this version of
the kernel did not take.
END
}

die() {
	printf 'kernel: %s\n' "$*" >&2
	exit 1
}
say() { printf 'kernel: %s\n' "$*" >&2; }

flavour=base
[[ ${1:-} != --help ]] || { usage; exit 0; }
case ${1:-} in
--debug | --kmsan)
	flavour=${1#--}
	shift
	;;
esac
compiler=gcc full_version=-dumpfullversion
[[ $flavour != kmsan ]] || compiler=clang full_version=-dumpversion
case ${1:-} in
6.1) suites='' ;;
6.12) suites='trixie trixie-backports' ;;
7.2) suites='forky sid trixie-backports' ;;
*) usage >&2; exit 2 ;;
esac
[[ $# == 1 ]] || { usage >&2; exit 2; }
kernel=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate
package=linux-source-$kernel
fragments=(selftests/config/base.config)
[[ $flavour == base ]] || fragments+=("selftests/config/$flavour.config")

for tool in "$compiler" gcc make flex bison bc perl xz; do
	command -v "$tool" > /dev/null || die "$tool is missing: run scripts/deps.sh kernel"
done

# Sets version, and how to write the tarball to stdout.
if [[ -z $suites ]]; then
	# shellcheck disable=SC2016 # dpkg-query's own variable
	version=$(dpkg-query -W -f '${Version}' "$package" 2> /dev/null || true)
	[[ -n $version ]] || die "$package is missing: run scripts/deps.sh kernel"
	tarball() { cat "/usr/src/$package.tar.xz"; }
else
	# shellcheck disable=SC2086 # a list
	deb=$(scripts/later.sh "$package" $suites)
	version=$(dpkg-deb -f "$deb" Version)
	tarball() { dpkg-deb --fsys-tarfile "$deb" | tar -xO "./usr/src/$package.tar.xz"; }
fi

hash=$({ cat "${fragments[@]}"; printf '%s\n' "$version"; "$compiler" "$full_version"; } | sha256sum)
target=$cache/kernel-$kernel-$flavour-${hash:0:12}
found() {
	touch "$target"
	printf '%s\n%s\n' "$target/bzImage" "$target"
	exit 0
}
[[ ! -d $target ]] || found

mkdir -p "$cache"
exec 9>> "$target.lock"
flock -n 9 || { say "another run builds it; waiting"; flock 9; }
[[ ! -d $target ]] || found

free=$(df -P -k "$cache" | awk 'NR == 2 { print int($4 / 1024) }')
[[ $free -ge 5000 ]] || die "$free MB are free in $cache; a build wants 5000"

# Whole or not there: built under another name, whose remains the next run removes.
part=$target.part
began=$SECONDS
rm -rf "$part"
mkdir "$part"
say "unpacking $package $version"
tarball | tar -xJ -C "$part" --strip-components=1 || die "cannot unpack $package"
cat "${fragments[@]}" > "$part/fragment"
# shellcheck disable=SC2317 # called through build
build() {
	# ccache, where it is installed, makes the next build of a like kernel short.
	PATH=/usr/lib/ccache:$PATH CCACHE_DIR=$cache/ccache CCACHE_MAXSIZE=2G CCACHE_NOHASHDIR=1 \
		KBUILD_BUILD_TIMESTAMP=tcpstate KBUILD_BUILD_USER=tcpstate KBUILD_BUILD_HOST=tcpstate \
		nice make -C "$part" CC="$compiler" -j "$(nproc)" "$@" >> "$part/log" 2>&1 9>&- || {
		tail -n 30 "$part/log" >&2
		die "make $* failed; its output is in $part/log"
	}
}
build allnoconfig KCONFIG_ALLCONFIG=fragment

# What the last word of the fragments on an option says, and the kernel did not take.
awk -F= '
	FNR == NR { if (/^CONFIG_/) have[$1] = substr($0, length($1) + 2); next }
	/^CONFIG_/ { want[$1] = substr($0, length($1) + 2) }
	END {
		for (name in want) {
			is = name in have ? have[name] : "n"
			if (is != want[name]) print name "=" want[name] " is " is
		}
	}' "$part/.config" "$part/fragment" | sort > "$part/dropped"
sed 's/^/kernel: not taken: /' "$part/dropped" >&2
# Without that its tests would pass for nothing.
! grep -E '^CONFIG_K[AM]SAN=' "$part/dropped" >&2 ||
	die "$compiler and $kernel have no such kernel: $flavour"

say "building $kernel-$flavour, output in $part/log"
build bzImage modules

# Of sources and objects only what building a module takes is kept.
(
	cd "$part"
	cp arch/x86/boot/bzImage bzImage
	find . -mindepth 1 -maxdepth 1 ! -name Makefile ! -name Kbuild ! -name .config ! -name Module.symvers \
		! -name System.map ! -name scripts ! -name include ! -name arch ! -name tools \
		! -name bzImage ! -name fragment ! -name dropped ! -name log -exec rm -rf {} +
	find arch -mindepth 1 -maxdepth 1 ! -name x86 -exec rm -rf {} +
	find arch/x86 -mindepth 1 -maxdepth 1 ! -name include ! -name 'Makefile*' -exec rm -rf {} +
	find tools -mindepth 1 -maxdepth 1 ! -name objtool -exec rm -rf {} +
	find . -name '*.o' -delete -o -name '*.a' -delete -o -name '.*.cmd' -delete
)
mv -T "$part" "$target"
say "built in $((SECONDS - began)) s, $(du -sm "$target" | cut -f 1) MB"
# Kernels of other configurations that nobody has asked for in a fortnight.
find "$cache" -maxdepth 1 -name 'kernel-*' ! -name '*.lock' -mtime +14 -exec rm -rf {} +
found
