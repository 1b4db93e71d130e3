#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Prints which part of the module's lines and branches has run, file by file.
#
# usage: scripts/coverage.sh BUILD COUNTS...
#
# BUILD   the folder in which the module was built with TCPSTATE_GCOV=y
# COUNTS  a folder that "selftests/run.sh -g" has filled; more are added up
#
# A branch counts when it was taken at least once. The files with the lines that
# never ran marked "#####" are left in BUILD/coverage. The status is 0 when there
# was something to count.
set -euo pipefail

[[ $# -ge 2 && $1 != --help ]] || { sed -n '/^# Prints/,/^set/{/^set/d;s/^# \?//p}' "$0"; exit 2; }
build=$(realpath "$1")
shift
sum=$build/coverage
rm -rf "$sum"
mkdir -p "$sum"
for counts in "$@"; do
	for file in "$counts"/tcpstate*.gcda; do
		[[ -s $file ]] || continue
		name=${file##*/}
		if [[ -e $sum/$name ]]; then
			# gcov-tool merges folders, so each file stands in one of its own.
			mkdir -p "$sum/a" "$sum/b"
			mv "$sum/$name" "$sum/a/"
			cp "$file" "$sum/b/"
			gcov-tool merge -o "$sum/both" "$sum/a" "$sum/b" 2> /dev/null
			mv "$sum/both/$name" "$sum/"
			rm -rf "$sum/a" "$sum/b" "$sum/both"
		else
			cp "$file" "$sum/"
		fi
	done
done
cp "$build"/tcpstate_*.gcno "$sum/"
cd "$sum"
# Paths in the notes are relative to the folder of the build.
find "$build" -maxdepth 1 -name '*.[ch]' -exec cp {} "$sum/" \;
for file in tcpstate_*.gcda; do
	[[ -s $file ]] || continue
	gcov -b -o . "$file" 2> /dev/null
done | awk '
	function part(text) { sub(/^[^:]*:/, "", text); split(text, word, /% of /); return word[1] * word[2] / 100 }
	function whole(text) { sub(/^.*% of /, "", text); return text + 0 }
	/^File / { file = $2; gsub(/\x27/, "", file); sub(/^.*\//, "", file); own = file ~ /^tcpstate_.*\.c$/ }
	!own { next }
	/^Lines executed/ { ran[file] = part($0); lines[file] = whole($0) }
	/^Taken at least once/ { taken[file] = part($0); ways[file] = whole($0) }
	END {
		printf "%-26s %14s %18s\n", "", "lines", "branches"
		order = "sort"
		for (file in lines) {
			print row(file, ran[file], lines[file], taken[file], ways[file]) | order
			r += ran[file]; l += lines[file]; t += taken[file]; w += ways[file]
		}
		close(order)
		if (!l) exit 1
		print row("all", r, l, t, w)
	}
	function row(name, a, b, c, d) {
		return sprintf("%-26s %4d of %4d %3d%% %5d of %5d %3d%%", name, a + .5, b, 100 * a / b, c + .5, d, d ? 100 * c / d : 100)
	}'
