#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Turns trace lines into rows of a two-column timeline and into the checklist of
the eleven states. Starts nothing and reads no clock.

usage: timeline.py NETNS=left NETNS=right < TRACE
"""
import re
import sys

# In the order of net/ipv4/tcp.c's comment.
STATES = ("SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "CLOSING",
          "TIME_WAIT", "CLOSE_WAIT", "LAST_ACK", "CLOSE", "LISTEN")
SIDES = ("left", "right")
COLUMN = 41

OURS = re.compile(r"\s(\d+\.\d+): tcpstate_state: netns=(\d+) wire=(\d+) local=(\S+) "
                  r"remote=(\S+) (\w+) -> (\w+) event=(\w+)")
# Our own sockets fire this one too, under their family's name.
STRANGER = re.compile(r"\s(\d+\.\d+): inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP "
                      r"sport=(\d+) dport=(\d+) saddr=(\S+) .*"
                      r"oldstate=TCP_(\w+) newstate=TCP_(\w+)")
LOST = re.compile(r"LOST \d+ EVENTS")


class Change:
    """One change of state of one socket."""

    def __init__(self, when, side, old, new, event):
        self.when = when        # seconds, of the guest's clock
        self.side = side        # "left" or "right"
        self.old = old
        self.new = new
        self.event = event      # None: the in-tree TCP, whose tracepoint names none
        self.port = None        # of the stranger's socket
        self.wire = None

    @property
    def ours(self):
        return self.event is not None

    @property
    def by_listener(self):
        """A listener never moves on; LISTEN -> SYN_RECV is its child's first edge."""
        return self.new == "LISTEN" or (self.old == "LISTEN" and self.new == "CLOSE")

    def text(self):
        edge = "%s -> %s" % (self.old, self.new)
        if not self.ours:
            return edge + " (in-tree)"
        return "%s (%s)%s" % (edge, self.event, " listener" if self.by_listener else "")


def parse(line, side_of_netns, side_of_address):
    """A Change, or None for any other line."""
    found = OURS.search(line)
    if found:
        side = side_of_netns.get(found[2])
        if side is None:
            return None
        change = Change(float(found[1]), side, found[6], found[7], found[8])
        change.wire = int(found[3])
        return change
    found = STRANGER.search(line)
    if found and found[4] in side_of_address:
        change = Change(float(found[1]), side_of_address[found[4]], found[5], found[6], None)
        change.port = (int(found[2]), int(found[3]))
        return change
    return None


def header(names):
    return "  %10s     %-*s %s" % ("", COLUMN, names[0], names[1])


def row(change, began):
    place = SIDES.index(change.side)
    cells = ["", ""]
    cells[place] = change.text()
    text = "  %10.1f ms  %-*s %s" % ((change.when - began) * 1000, COLUMN, cells[0], cells[1])
    return text.rstrip()


class Checklist:
    """By which edge, in which run and at which end each state was first entered."""

    def __init__(self):
        self.first = {}
        self.edges = {}         # (state, event): how often

    def add(self, change, run):
        if not change.ours:
            return
        edge = (change.old, change.event)
        self.edges[edge] = self.edges.get(edge, 0) + 1
        if change.old != change.new:
            self.first.setdefault(change.new, (run, change))

    def visited(self):
        return sum(state in self.first for state in STATES)

    def missing(self):
        return [state for state in STATES if state not in self.first]

    def rows(self, yes, no):
        for state in STATES:
            if state in self.first:
                run, change = self.first[state]
                yield "  %s  %-12s from %-12s by %-18s run %d, %s" % (
                    yes, state, change.old, change.event, run, change.side)
            else:
                yield "  %s  %-12s was never entered" % (no, state)


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if len(sys.argv) > 1 else 2
    sides = dict(word.split("=", 1) for word in sys.argv[1:])
    began = None
    checklist = Checklist()
    print(header(SIDES))
    for line in sys.stdin:
        change = parse(line, sides, {})
        if change:
            began = change.when if began is None else began
            checklist.add(change, 1)
            print(row(change, began))
    for text in checklist.rows("[x]", "[ ]"):
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
