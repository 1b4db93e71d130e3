#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Compares what the documents name with what there is: functions, files, tests,
# sysctls with their defaults and ranges, counters, and the page of states.
#
# usage: scripts/check-docs.sh [--self-test]
#
# In README.md and Documentation/*.rst a name in literal quotes, followed by (),
# is a function of ours; FILE:name() is one of that file. Calls of users and
# functions of the kernel are written without the brackets, or as connect(2).
# The last line is "docs: N passed, N failed"; --self-test proves, in a copy,
# that each kind of mistake is found.
# shellcheck disable=SC2016 # backquotes and $ are the documents' and the patterns' own
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

passed=0 failed=0
ok() { passed=$((passed + 1)); }
no() {
	failed=$((failed + 1))
	printf 'not ok: %s\n' "$1"
}
finish() {
	printf 'docs: %s passed, %s failed\n' "$passed" "$failed"
	[[ $failed == 0 ]]
	exit
}

# Prints "FILE NAME" for every function that the sources define.
definitions() {
	find . -name '*.[ch]' ! -name '*.mod.c' ! -path './build/*' ! -path './.*/*' -printf '%P\n' |
		xargs awk '
		FNR == 1 { name = "" }
		/^[A-Za-z_]/ && /[A-Za-z0-9_]\(/ {
			match($0, /[A-Za-z_][A-Za-z0-9_]*\(/)
			name = RSTART > 1 ? substr($0, RSTART, RLENGTH - 1) : ""
		}
		name != "" && /(^|[^;])\{/ { print FILENAME, name; name = "" }
		/;[ \t]*$|^[ \t]*$|^#/ { name = "" }'
}

# Prints the literal text of documents, a piece a line, with its document.
literals() {
	local doc
	for doc in "${docs[@]}"; do
		if [[ $doc == *.md ]]; then
			# Fenced blocks are no quotes.
			sed '/^```/,/^```/d' "$doc" | grep -oE '`[^`]+`' || true
		else
			grep -oE '``[^`]+``' "$doc" || true
		fi | tr -d '`' | sort -u | sed "s|^|$doc	|"
	done
}

check_functions() {
	local doc text file name
	while IFS=$'\t' read -r doc text; do
		[[ $text =~ ^(([a-z0-9_/.-]+\.[ch]):)?([A-Za-z_][A-Za-z0-9_]*)\(\)$ ]] || continue
		file=${BASH_REMATCH[2]} name=${BASH_REMATCH[3]}
		if grep -qE "^${file:-[^ ]+} $name\$" "$defined"; then
			ok
		else
			no "$doc: no function $name() in ${file:-the sources}"
		fi
	done < <(literals)
}

# A path in the text, quoted or not, is one of the project's.
check_files() {
	local doc path
	for doc in "${docs[@]}"; do
		while read -r path; do
			# What a command makes is not there yet.
			[[ $path != build/* ]] || continue
			if [[ -e $path || -e $(dirname "$doc")/$path ]]; then
				ok
			else
				no "$doc: no file $path"
			fi
		done < <(
			{
				grep -oE '(^|[^A-Za-z0-9_./~-])((scripts|selftests|tests|demo|Documentation|include|\.ci)/[A-Za-z0-9_./-]*[A-Za-z0-9_]|tcpstate[a-z0-9_]*\.[ch])([^A-Za-z0-9_*]|$)' "$doc" |
					grep -oE '(\.?[A-Za-z0-9_]+[A-Za-z0-9_./-]*)?[A-Za-z0-9_]' || true
				grep -oE '`[A-Za-z0-9_./-]+\.(c|h|sh|py|rst|md|svg|dot)`' "$doc" | tr -d '`' || true
				grep -oE '\]\([A-Za-z0-9_./-]+\)|:: [A-Za-z0-9_/-]+\.svg$' "$doc" |
					sed -E 's/^(\]\(|:: )//; s/\)$//' || true
			} | sort -u
		)
	done
	# The contents name pages without a suffix.
	while read -r path; do
		if [[ -e Documentation/$path.rst ]]; then ok; else no "index.rst: no page $path"; fi
	done < <(sed -n '/toctree::/,/^[^ ]/s/^ *\([a-z]*\)$/\1/p' Documentation/index.rst | grep .)
}

check_tests() {
	local doc name
	while IFS=$'\t' read -r doc name; do
		if [[ -e selftests/$name.c || -e selftests/$name.sh ]]; then
			ok
		else
			no "$doc: no test $name"
		fi
	done < <(literals | grep -E '	((sock|wire)_[a-z_]+|[a-z]+_test)$' || true)
}

# Name, field, lower and upper bound of each KNOB() and KNOB_AS().
knobs() {
	sed -nE -e 's/^\tKNOB\(([a-z0-9_]+), ([^,]+), ([^)]+)\),.*/\1 \1 \2 \3/p' \
		-e 's/^\tKNOB_AS\("([a-z0-9_]+)", ([a-z0-9_]+), ([^,]+), ([^)]+)\),.*/\1 \2 \3 \4/p' \
		tcpstate_sysctl.c
}

# The number behind a bound of KNOB().
bound() {
	case $1 in
	SYSCTL_ZERO) echo 0 ;;
	SYSCTL_INT_MAX) echo 2147483647 ;;
	SYSCTL_ONE) echo 1 ;;
	SYSCTL_TWO) echo 2 ;;
	*) sed -nE "s/^static int ${1#&} = ([0-9]+);.*/\1/p" tcpstate_sysctl.c ;;
	esac
}

check_sysctls() {
	local doc knob field low high default row
	local -A knobs=()
	while read -r knob field low high; do
		knobs[$knob]=1
		default=$(sed -nE "s/^\ttn->$field = ([0-9]+);.*/\1/p" tcpstate_sysctl.c)
		# The row: the name, its default, its range.
		row=$(grep -A2 -F -- "* - \`\`net.tcpstate.$knob\`\`" Documentation/tcpstate.rst |
			tail -n 2 | sed 's/^ *- //' | tr '\n' '|' || true)
		if [[ $row == "$default|$(bound "$low") to $(bound "$high")|" ]]; then
			ok
		else
			no "tcpstate.rst: $knob has the default $default and the range $(bound "$low") to $(bound "$high"), said is ${row:-nothing}"
		fi
	done < <(knobs)
	# Those with a handler of their own have no bounds that could be read here.
	while read -r knob; do
		knobs[$knob]=1
		if grep -qF -- "* - \`\`net.tcpstate.$knob\`\`" Documentation/tcpstate.rst; then
			ok
		else
			no "tcpstate.rst: the sysctl $knob is missing"
		fi
	done < <(sed -nE 's/^\t\t\.procname\t= "([a-z0-9_]+)",.*/\1/p' tcpstate_sysctl.c)
	[[ ${#knobs[@]} -gt 0 ]] || no "no knob found in tcpstate_sysctl.c"
	for doc in "${docs[@]}"; do
		while read -r knob; do
			if [[ -n ${knobs[$knob]-} ]]; then ok; else no "$doc: no sysctl $knob"; fi
		done < <(grep -oE 'net[./]tcpstate[./][a-z0-9_]+' "$doc" | sed 's/.*[./]//' | sort -u || true)
	done
}

# Every counter and every reason of a drop stands in the user's guide.
check_counters() {
	local name n=0
	while read -r name; do
		n=$((n + 1))
		if grep -qF -- "\`\`$name\`\`" Documentation/tcpstate.rst; then
			ok
		else
			no "tcpstate.rst: the counter $name is missing"
		fi
	done < <(
		sed -nE 's/^\t\[TCPSTATE_MIB_[A-Z0-9]+\][^"]*"([^"]+)".*/\1/p' tcpstate_mib.c
		sed -nE '/DROP_NONE/d; s/^\t\[TCPSTATE_DROP_[A-Z_]+\][^"]*"([^"]+)".*/Drop:\1/p' tcpstate_seg.c
	)
	[[ $n -gt 0 ]] || no "no counter found in tcpstate_mib.c"
}

# scripts/lab.sh lists the labs of the page.
check_labs() {
	local file name
	for file in labs/*.sh; do
		grep -q '^question=' "$file" || continue
		name=$(basename "$file" .sh)
		if [[ -e Documentation/labs/$name.rst ]] &&
			grep -qx "   $name" Documentation/labs/index.rst; then
			ok
		else
			no "labs: $name has no page, or is not in labs/index.rst"
		fi
	done
}

check_sidebyside() {
	local why
	if why=$(scripts/sidebyside.py --check 2>&1); then
		ok
	else
		no "$why"
	fi
}

# The page and the drawing are what the table says; the picture shows each state.
check_states() {
	local name log
	if make -s -C tests ../build/tests/gen-states && log=$(build/tests/gen-states --check .); then
		ok
	else
		no "states.rst, states.dot: run scripts/gen-states.sh${log:+ ($log)}"
	fi
	while read -r name; do
		if grep -qE ">$name(<| )" Documentation/states.svg; then
			ok
		else
			no "states.svg: $name is missing: run scripts/gen-states.sh"
		fi
	done < <(sed -nE 's/^\t\[TCPSTATE_[A-Z0-9_]+\]\t*= "([A-Z0-9_]+)",/\1/p' tcpstate_fsm.c)
}

# Makes one mistake at a time in a copy of the project.
self_test() {
	local tree log what file text want status
	tree=$(mktemp -d)
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$tree'" EXIT
	log=$tree.log
	git ls-files -co --exclude-standard -z | xargs -0 ls -d 2> /dev/null |
		tar -cf - -T - | tar -xf - -C "$tree"
	if "$tree/scripts/check-docs.sh" > "$log" 2>&1; then
		ok
	else
		no "self-test: the copy itself"
		grep '^not ok' "$log" || true
	fi
	while IFS='|' read -r what file text want; do
		cp "$tree/$file" "$tree.kept"
		if [[ $text == s/* ]]; then
			sed -i "$text" "$tree/$file"
		else
			printf '\n%s\n' "$text" >> "$tree/$file"
		fi
		status=0
		"$tree/scripts/check-docs.sh" > "$log" 2>&1 || status=$?
		if [[ $status != 0 ]] && grep -qF -- "$want" "$log"; then
			ok
		else
			no "self-test: $what was not found (status $status)"
		fi
		mv "$tree.kept" "$tree/$file"
	done <<- 'MISTAKES'
	a function|Documentation/uapi.rst|``tcpstate_no_such()``|no function tcpstate_no_such()
	a function of the README|README.md|see `tcpstate_no_such()`|README.md: no function
	a prototype alone|Documentation/uapi.rst|``sock_no_socketpair()``|no function sock_no_socketpair()
	a function of another file|Documentation/uapi.rst|``tcpstate_wire.c:tcpstate_input()``|no function tcpstate_input() in tcpstate_wire.c
	a file|Documentation/testing.rst|see scripts/no-such.sh there|no file scripts/no-such.sh
	a source|README.md|`tcpstate_nothing.c`|no file tcpstate_nothing.c
	a link|README.md|[x](Documentation/nothing.rst)|no file Documentation/nothing.rst
	a page|Documentation/index.rst|s/^   uapi$/   nothing/|no page nothing
	a test|Documentation/testing.rst|``sock_nothing``|no test sock_nothing
	a sysctl|Documentation/internals.rst|net.tcpstate.nothing_ms|no sysctl nothing_ms
	a sysctl unsaid|Documentation/tcpstate.rst|s/net.tcpstate.delack_ms/delack/|delack_ms has
	a default|tcpstate_sysctl.c|s/delack_ms = 40;/delack_ms = 41;/|delack_ms has the default 41
	a range|tcpstate_sysctl.c|s/half_second = 500/half_second = 499/|range 1 to 499
	a counter unsaid|tcpstate_mib.c|s/"BadOptions"/"WorseOptions"/|counter WorseOptions is missing
	a page of states changed|Documentation/states.rst|More.|run scripts/gen-states.sh
	a page of differences changed|Documentation/sidebyside.rst|More.|run scripts/sidebyside.py
	a lab not listed|Documentation/labs/index.rst|s/^   lost-fin$/   half-close/|lost-fin has no page
	a state not drawn|Documentation/states.svg|s/CLOSE_WAIT/CLOSE_WEIGHT/|CLOSE_WAIT is missing
	MISTAKES
	rm -f "$log"
	finish
}

case ${1-} in
'') ;;
--self-test) self_test ;;
*)
	sed -n '/^# usage/,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
	exit 2
	;;
esac

docs=(README.md Documentation/*.rst Documentation/labs/*.rst)
defined=$(mktemp)
trap 'rm -f "$defined"' EXIT
definitions > "$defined"
check_functions
check_files
check_tests
check_sysctls
check_counters
check_states
check_labs
check_sidebyside
finish
