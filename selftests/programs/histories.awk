# SPDX-License-Identifier: GPL-2.0
#
# Reads lines of the tracepoint tcpstate_state and judges each connection's history:
# every change goes on from where the last one ended, along an edge of RFC 9293's
# figure 5 or, for an abort, to CLOSE; and where both ends are traced, who was closed by
# its peer has a peer that closed. What is wrong is printed; the last line counts.
#
# The edges are written down here once more, apart from the module's table.

BEGIN {
	split("CLOSE>SYN_SENT LISTEN>SYN_RECV SYN_SENT>SYN_RECV SYN_SENT>ESTABLISHED " \
	      "SYN_RECV>ESTABLISHED SYN_RECV>FIN_WAIT1 ESTABLISHED>FIN_WAIT1 " \
	      "ESTABLISHED>CLOSE_WAIT FIN_WAIT1>FIN_WAIT2 FIN_WAIT1>CLOSING " \
	      "FIN_WAIT1>TIME_WAIT FIN_WAIT2>TIME_WAIT CLOSING>TIME_WAIT " \
	      "CLOSE_WAIT>LAST_ACK", list, " ")
	for (i in list)
		edge[list[i]] = 1
}

function wrong(what) {
	print name ": " what
	bad++
}

function finished(path) {
	count++
	if (path ~ / TIME_WAIT/)
		waited++
	else if (path ~ / LAST_ACK CLOSE$/)
		answered++
	else
		cut++
}

{
	local = remote = netns = ""
	for (i = 1; i <= NF; i++) {
		if ($i ~ /^netns=/)
			netns = substr($i, 7)
		else if ($i ~ /^local=/)
			local = substr($i, 7)
		else if ($i ~ /^remote=/)
			remote = substr($i, 8)
		else if ($i == "->") {
			old = $(i - 1)
			new = $(i + 1)
		}
	}
	# A listener; and a child that was one too many, which was in no table.
	if (netns == "" || remote ~ /:0$/ || old ">" new == "LISTEN>CLOSE" || old == new)
		next
	name = local "," remote
	if (!(name in state)) {
		if (old != "CLOSE" && old != "LISTEN")
			wrong("begins in " old)
		history[name] = old
	} else if (old != state[name]) {
		wrong("goes to " new " from " old ", but was in " state[name])
	}
	if (new != "CLOSE" && !(old ">" new in edge))
		wrong("goes from " old " to " new)
	history[name] = history[name] " " new
	# Which way it went, for its peer: names may be had anew, so all of them.
	if (new == "CLOSE_WAIT" || new == "CLOSING")
		closed_by_peer[name] = remote "," local
	if (new == "FIN_WAIT1" || new == "LAST_ACK")
		closes[name] = 1
	known[name] = 1
	if (new == "CLOSE") {
		finished(history[name])
		delete state[name]
	} else {
		state[name] = new
	}
}

END {
	for (name in state) {
		if (state[name] == "TIME_WAIT")
			finished(history[name])
		else
			alive++
	}
	for (name in closed_by_peer)
		if (closed_by_peer[name] in known && !(closed_by_peer[name] in closes))
			wrong("was closed by a peer that did not close")
	printf "%d histories: %d to TIME_WAIT, %d to LAST_ACK, %d cut short, %d go on, %d wrong\n",
	       count + alive, waited, answered, cut, alive, bad
	exit bad > 0
}
