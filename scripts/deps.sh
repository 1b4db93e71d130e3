#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs the Debian packages that a part of the project needs, if any is
# missing. Prints one line when it installs something, else nothing.
set -euo pipefail

usage() {
	cat <<'END'
usage: scripts/deps.sh GROUP...

  build   the module: compiler and headers of Debian's 6.1 kernel
  user    the user-space tests
  fuzz    the fuzzers of the pure files
  tools   what "make tools" builds; graphviz for its pictures
  vm      the VM of the selftests: kernel, its source, QEMU, virtme-ng
  kernel  the small kernels of scripts/kernel.sh, to be compiled
  dkms    DKMS, for its test
  demo    the demonstrations
  bench   measurements beside the in-tree TCP
  lint    the checkers
  programs       what the selftests run on AF_TCPSTATE
  more-programs  what "make check-programs" runs besides

virtme-ng is no package of Debian 12. It is fetched from the suite named by
TCPSTATE_VIRTME_SUITE (default trixie) by scripts/later.sh, so that the system's
own lists stay as they are.

Programs that Debian starts as services (nginx, sshd, PostgreSQL) are not installed
but unpacked, into ~/.cache/tcpstate/programs; those that are installed are taken.
END
}

die() {
	printf 'deps: %s\n' "$*" >&2
	exit 1
}

packages_of() {
	case $1 in
	build) echo linux-headers-amd64 gcc make libc6-dev ;;
	user) echo gcc clang make libc6-dev ;;
	# Clang's recommended packages are not installed; libFuzzer is in one of them.
	fuzz) echo clang libclang-rt-14-dev make libc6-dev python3 ;;
	tools) echo gcc make libc6-dev libmnl-dev graphviz librsvg2-bin ;;
	vm)
		echo linux-image-amd64 linux-headers-amd64 linux-source-6.1 \
			qemu-system-x86 virtme-ng busybox-static xz-utils \
			gcc make libc6-dev libmnl-dev perl rsync \
			iproute2 iputils-ping kmod socat ethtool nftables procps python3
		;;
	kernel) echo linux-source-6.1 gcc make libc6-dev flex bison bc libelf-dev libssl-dev perl python3 xz-utils ccache ;;
	dkms) echo dkms linux-headers-amd64 gcc make ;;
	demo) echo socat netcat-openbsd iproute2 ethtool nftables curl tshark ;;
	bench) echo gcc libc6-dev iproute2 ethtool kmod procps python3 ;;
	lint) echo sparse shellcheck perl python3 linux-source-6.1 xz-utils ;;
	# With the libraries of what is unpacked.
	programs)
		echo curl iperf3 python3 socat iproute2 procps util-linux \
			libcrypt1 libpcre2-8-0 libssl3 zlib1g
		;;
	more-programs)
		echo apache2-utils openssh-client postgresql-client-15 redis-tools rsync wrk \
			gcc libc6-dev liburing-dev \
			libaudit1 libcom-err2 libgssapi-krb5-2 libicu72 libkrb5-3 libldap-2.5-0 \
			liblz4-1 libpam0g libselinux1 libsystemd0 libwrap0 libxml2 libzstd1
		;;
	*) die "unknown group $1 (--help explains)" ;;
	esac
}

# Package and program of what a group has unpacked.
services_of() {
	case $1 in
	programs) echo nginx nginx ;;
	more-programs) echo openssh-server sshd postgresql-15 postgres ;;
	esac
}

[[ $# -gt 0 ]] || { usage >&2; exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ $1 != --help ]] || { usage; exit 0; }
command -v apt-get > /dev/null || die "needs Debian's apt-get"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate
programs=$cache/programs
have_program() {
	PATH=$PATH:/usr/sbin:/sbin:$programs/usr/sbin command -v "$1" > /dev/null ||
		compgen -G "/usr/lib/postgresql/15/bin/$1" > /dev/null ||
		compgen -G "$programs/usr/lib/postgresql/15/bin/$1" > /dev/null
}

wanted=() unpacked=()
for group in "$@"; do
	read -r -a names <<< "$(packages_of "$group")"
	[[ ${#names[@]} -gt 0 ]] || exit 1
	wanted+=("${names[@]}")
	read -r -a names <<< "$(services_of "$group")"
	for ((i = 0; i < ${#names[@]}; i += 2)); do
		have_program "${names[i + 1]}" || unpacked+=("${names[i]}")
	done
done

installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2> /dev/null |
	sed -n 's/^installed //p' || true)
missing=()
while read -r name; do
	grep -qxF "$name" <<< "$installed" || missing+=("$name")
done < <(printf '%s\n' "${wanted[@]}" | sort -u)
[[ ${#missing[@]} -gt 0 || ${#unpacked[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) != 0 ]]; then
	command -v sudo > /dev/null || [[ ${#missing[@]} == 0 ]] ||
		die "run this as root, or install sudo; missing: ${missing[*]}"
	as_root=(sudo)
fi
[[ ${#missing[@]} == 0 ]] || printf 'deps: installing %s\n' "${missing[*]}"
[[ ${#unpacked[@]} == 0 ]] || printf 'deps: unpacking %s\n' "${unpacked[*]}"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
	"$@" > "$log" 2>&1 < /dev/null || {
		tail -n 20 "$log" >&2
		die "failed: $*"
	}
}
apt_get() {
	quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"
}

# Lists that are missing or more than a day old can name files that are gone.
lists_are_fresh() {
	[[ -n $(find /var/lib/apt/lists -maxdepth 1 -name '*InRelease' -mtime -1 -print -quit) ]]
}

unpack() { # PACKAGE...
	local part
	mkdir -p "$programs" "$cache"
	part=$(mktemp -d "$cache/unpack.XXXXXX")
	(
		cd "$part"
		quietly apt-get -q -o "APT::Sandbox::User=$(id -un)" download "$@"
		for package in *.deb; do
			quietly dpkg-deb -x "$package" "$programs"
		done
	) || { rm -rf "$part"; exit 1; }
	rm -rf "$part"
	# Unpacked by root, but for everybody who runs the tests.
	chmod 755 "$programs"
}

lists_are_fresh || apt_get update
[[ ${#unpacked[@]} == 0 ]] || unpack "${unpacked[@]}"
plain=()
for name in "${missing[@]}"; do
	[[ $name == virtme-ng ]] || plain+=("$name")
done
[[ ${#plain[@]} == 0 ]] || apt_get install "${plain[@]}"
if [[ ${#plain[@]} -lt ${#missing[@]} ]]; then
	if [[ $(apt-cache policy virtme-ng | sed -n 's/^ *Candidate: //p') =~ ^[0-9] ]]; then
		apt_get install virtme-ng
	else
		# The installed keyring may be older than the suite's key.
		suite=${TCPSTATE_VIRTME_SUITE:-trixie}
		deb=$(scripts/later.sh virtme-ng "$suite" 2> /dev/null) || {
			apt_get install debian-archive-keyring
			deb=$(scripts/later.sh virtme-ng "$suite")
		}
		apt_get install "$deb"
	fi
fi
