#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every call on a stream socket, in every state, with right and wrong arguments, does
# on our TCP what it does on the in-tree one: same return, errno, events and values.
# sidebyside prints a row for each; the rows that differ have to stand, with a reason,
# in sidebyside.expected, and what stands there has to differ.
#
# usage: sidebyside_test.sh [-k FOLDER]     -k: keep the rows of both there

here=$(cd "$(dirname "$0")" && pwd)
wire=${TCPSTATE_WIRE:-6}
family=${TCPSTATE_FAMILY:-18}
set -u

if [ "$wire" != 6 ] || [ "$family" = 2 ]; then
	echo "1..0 # SKIP the calls do not know the wire, and need both families"
	exit 4
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
case ${1-} in
-k) keep=$2 ;;
*) keep='' ;;
esac

echo "TAP version 13"
echo "1..3"
TCPSTATE_FAMILY=2 "$here/sidebyside" >"$tmp/intree" 2>"$tmp/intree.err" &
beside=$!
TCPSTATE_FAMILY=$family "$here/sidebyside" >"$tmp/ours" 2>"$tmp/ours.err"
ours=$?
wait $beside
intree=$?
[ -z "$keep" ] || cp "$tmp"/* "$keep"/
if [ $intree = 0 ] && [ $ours = 0 ]; then
	echo "ok 1 all states were entered"
else
	tail -n 1 "$tmp/intree" "$tmp/ours" | sed 's/^/# /'
	tail -n 40 "$tmp/intree.err" "$tmp/ours.err" | sed 's/^/# /'
	echo "not ok 1 all states were entered: status $intree in-tree, $ours ours"
fi

# A row is "STATE: CALL<tab>RESULT"; see sidebyside.expected for its lines.
LC_ALL=C awk -F '\t' '
function unexpected(kind, call, text) { print "# " kind ": " call text }

FILENAME ~ /expected$/ {
	if (/^rows: /) rows = substr($0, 7) + 0
	else if (/^reason: /) reason++
	else if (/^[^#]/) {
		n++
		maybe[n] = sub(/^\?/, "", $1)
		states[n] = "," $1 ","; pattern[n] = "^(" $2 ")$"; line[n] = $0; why[n] = reason
	}
	next
}
FILENAME ~ /intree$/ { result[$1] = $2; next }
{
	total++
	if (!($1 in result)) { lone++; print "# ours alone: " $0; next }
	at = index($1, ": ")
	state = substr($1, 1, at - 1)
	call = substr($1, at + 2)
	differs = result[$1] != $2
	if (differs) different++; else same++
	if (!(call in known)) {
		known[call] = ""
		for (i = 1; i <= n; i++)
			if (call ~ pattern[i]) known[call] = known[call] " " i
	}
	found = 0
	m = split(known[call], hits, " ")
	for (j = 1; j <= m; j++) {
		i = hits[j]
		if (states[i] != ",*," && !index(states[i], "," state ",")) continue
		found = 1
		if (differs) { seen[i]++; count[why[i]]++ }
		else if (!maybe[i]) { equal[i]++; example[i] = example[i] ? example[i] : $1 }
	}
	if (differs && !found) {
		key = call "\t" result[$1] "\t" $2
		if (!(key in where)) order[++kinds] = key
		where[key] = where[key] ", " state
		new++
	}
	delete result[$1]
}
END {
	for (key in result) { lone++; print "# in-tree alone: " key }
	for (i = 1; i <= kinds; i++) {
		split(order[i], part, "\t")
		print "# differs: " part[1] "\n#    in-tree: " part[2] "\n#    ours:    " part[3] \
			"\n#    in " substr(where[order[i]], 3)
	}
	for (i = 1; i <= n; i++) {
		if (!seen[i] && !maybe[i]) { stale++; print "# does not differ any more: " line[i] }
		else if (equal[i]) {
			stale++
			print "# says too much: " line[i] "\n#    " equal[i] " rows are the same, one is " example[i]
		}
	}
	for (i = 1; i <= reason; i++) print "# reason " i ": " count[i] + 0 " rows"
	print "# rows: " total ", the same: " same + 0 ", different: " different + 0
	if (total != rows) print "# sidebyside.expected knows " rows " rows"
	print (new + lone ? "not ok" : "ok") " 2 no row differs without a reason (" new + 0 " do)"
	print (stale || total != rows ? "not ok" : "ok") " 3 what has a reason does differ"
}' "$here/sidebyside.expected" "$tmp/intree" "$tmp/ours" | tee "$tmp/verdict"
[ $intree = 0 ] && [ $ours = 0 ] && ! grep -q '^not ok' "$tmp/verdict"
