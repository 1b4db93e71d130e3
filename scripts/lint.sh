#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the checkers over the sources: sparse, kernel-doc, checkpatch, shellcheck
# and the project's own rules. Prints only what they find.
#
# usage: scripts/lint.sh      status 0 if all are silent
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A checker passes when it says nothing and its status is 0.
silent() { # NAME COMMAND...
	local name=$1 status=0
	shift
	"$@" > "$log" 2>&1 < /dev/null || status=$?
	if [[ $status == 0 && ! -s $log ]]; then
		passed=$((passed + 1))
		printf 'ok %s\n' "$name"
	else
		failed=$((failed + 1))
		printf 'not ok %s (status %s)\n' "$name" "$status"
		head -n 200 "$log" | sed 's/^/  | /'
	fi
}

# What git knows, and what it would add: build products are left out.
files() {
	git ls-files -co --exclude-standard -- "$@" | while read -r file; do
		[[ ! -e $file ]] || printf '%s\n' "$file"
	done
}

ksrc=$(scripts/ksrc.sh)
mapfile -t sources < <(files '*.c' '*.h' | grep -v /)
mapfile -t headers < <(files 'include/*.h')
mapfile -t tools < <(files 'tools/*.[ch]')
mapfile -t scripts < <(files '*.sh' .ci/run tools | while read -r file; do
	! head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b' || printf '%s\n' "$file"
done)

# shellcheck disable=SC2317 # called through silent
{
run_sparse() { # in a copy, so that objects of the module are left as they are
	local copy status=0
	copy=$(mktemp -d)
	cp -r Makefile Kbuild include ./*.[ch] "$copy"
	make -s -C "$copy" C=2 CF=-Wsparse-error > "$copy/log" 2>&1 || status=$?
	grep -E 'warning:|error:|Error ' "$copy/log" | sed "s|$copy/||" || true
	[[ $status == 0 ]] || tail -n 20 "$copy/log"
	rm -rf "$copy"
	return "$status"
}

run_kernel_doc() {
	"$ksrc/scripts/kernel-doc" -none "${sources[@]}" "${headers[@]}" "${tools[@]}"
}

# Ignored everywhere: CAMELCASE, which takes _Static_assert for a name of ours, and
# LINE_SPACING, which wants a line between a table and the assertion on its size.
# In tcpstate_compat.h: what it is for, and the order of its version tests. In
# tcpstate_fsm.c: long lines, since a cell of the table is a line. In tracepoint
# headers: what TRACE_EVENT cannot be written without. In tools/: macros that user
# space has not, the names of functions that a library stands in for, text of pictures,
# which nobody searches a log for, and the flag of a signal handler.
run_checkpatch() {
	local ignore file
	for file in "${sources[@]}" "${headers[@]}" "${tools[@]}"; do
		ignore=CAMELCASE,LINE_SPACING
		case $file in
		*_compat.h) ignore+=,LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_ARG_REUSE ;;
		# Its uapi namesake is included by name; the family is a parameter.
		tcpstate.h | ./tcpstate.h) ignore+=,EMBEDDED_FILENAME ;;
		*_main.c) ignore+=,CONST_STRUCT ;;
		tools/*)
			ignore+=,PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME,SYMBOLIC_PERMS
			ignore+=,SPLIT_STRING,LONG_LINE_STRING,VOLATILE,BIT_MACRO
			;;
		*_fsm.c) ignore+=,LONG_LINE,BRACKET_SPACE ;;
		*_trace.h) ignore+=,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT,COMPLEX_MACRO,SPACING,TRAILING_SEMICOLON,MACRO_ARG_REUSE ;;
		esac
		"$ksrc/scripts/checkpatch.pl" --no-tree --strict --terse --no-summary \
			--max-line-length=100 --ignore "$ignore" -f "$file" || true
	done
}

# SC2317 takes functions that traps and other functions call for dead code.
run_shellcheck() { shellcheck -e SC2317 -f gcc "${scripts[@]}"; }

version_tests() {
	! grep -nE 'LINUX_VERSION_CODE|KERNEL_VERSION\(' "${sources[@]}" "${headers[@]}" |
		grep -v '^tcpstate_compat\.h:'
}

spdx() {
	local file
	files '*.c' '*.h' '*.sh' '*.py' '*.pl' '*.rst' '*Makefile' '*Kbuild' .ci/run |
		while read -r file; do
			head -n 3 "$file" | grep -q 'SPDX-License-Identifier:' ||
				printf '%s: no SPDX-License-Identifier\n' "$file"
		done
}

# A fresh machine has other mirrors and folders than the one this was written on.
machine_names() {
	! files | grep -v '^scripts/lint.sh$' | tr '\n' '\0' |
		xargs -0 grep -nIE '(deb|ftp|security)\.debian\.org|snapshot\.debian|/work/(main|shared)|/root/'
}
}

silent sparse run_sparse
silent kernel-doc run_kernel_doc
silent checkpatch run_checkpatch
silent shellcheck run_shellcheck
silent 'kernel versions only in tcpstate_compat.h' version_tests
silent 'SPDX headers' spdx
silent 'no names of this machine' machine_names
printf 'lint: %s passed, %s failed\n' "$passed" "$failed"
[[ $failed == 0 ]]
