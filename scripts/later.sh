#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Fetches one package from a later Debian suite than the system's own, without
# touching apt's settings and lists, and prints the path of its .deb.
set -euo pipefail

usage() {
	cat <<'END'
usage: scripts/later.sh PACKAGE SUITE...

Takes the package from the first suite that has it. The archive is the one that
the system's apt uses. The .deb stays in ~/.cache/tcpstate/apt, and is taken from
there the next time; delete it there to fetch a newer one.
END
}

die() {
	printf 'later: %s\n' "$*" >&2
	exit 1
}

[[ ${1:-} != --help ]] || { usage; exit 0; }
[[ $# -ge 2 ]] || { usage >&2; exit 2; }
package=$1
shift
apt=${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate/apt

# Nothing, where the folder is not there yet.
newest() {
	find "$apt" -maxdepth 1 -name "${package}_*.deb" 2> /dev/null | sort -V | tail -n 1 || true
}

found=$(newest)
if [[ -z $found ]]; then
	# shellcheck disable=SC2016 # apt's own variables
	uri=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' |
		awk -F'|' '
			$1 == "Debian" && $2 == "Debian" { found = $3; exit }
			$3 ~ /\/debian\/$/ && !guess { guess = $3 } # apt has no lists yet
			END { print found ? found : guess }')
	[[ -n $uri ]] || die "no Debian archive among apt's sources"
	mkdir -p "$apt"
	# All but the .deb itself goes away again: the lists of a suite are some 60 MB.
	own=$(mktemp -d "$apt/own.XXXXXX")
	trap 'rm -rf "$own"' EXIT
	mkdir -p "$own/lists/partial" "$own/archives/partial" "$own/deb"
	# APT::Sandbox::User: apt's own user may not read a home folder.
	options=(-q -o "Dir::Etc::sourcelist=$own/own.sources" -o Dir::Etc::sourceparts=-
		-o "Dir::State::lists=$own/lists" -o "Dir::Cache=$own"
		-o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
		-o "APT::Sandbox::User=$(id -un)")
	for suite in "$@"; do
		printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
			"$uri" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg \
			> "$own/own.sources"
		if ! apt-get "${options[@]}" update > "$own/log" 2>&1; then
			tail -n 5 "$own/log" >&2
			continue
		fi
		if (cd "$own/deb" && apt-get "${options[@]}" download "$package") > "$own/log" 2>&1; then
			mv "$own/deb/${package}"_*.deb "$apt/"
			break
		fi
	done
	found=$(newest)
	[[ -n $found ]] || die "no $package in $*: $(tail -n 1 "$own/log")"
fi
printf '%s\n' "$found"
