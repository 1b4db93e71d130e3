#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes Documentation/sidebyside.rst of selftests/sidebyside/sidebyside.expected.

usage: scripts/sidebyside.py [--check]

--check: says whether the page is what would be written; 1 if not.
"""
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
EXPECTED = os.path.join(ROOT, "selftests/sidebyside/sidebyside.expected")
PAGE = os.path.join(ROOT, "Documentation/sidebyside.rst")

# Numbers of options, as include/uapi has them.
NAMES = {
    "SOL_SOCKET": {7: "SO_SNDBUF", 8: "SO_RCVBUF", 15: "SO_REUSEPORT", 31: "SO_PEERSEC",
                   37: "SO_TIMESTAMPING", 38: "SO_PROTOCOL", 39: "SO_DOMAIN",
                   42: "SO_PEEK_OFF", 60: "SO_ZEROCOPY", 65: "SO_TIMESTAMPING_NEW",
                   74: "SO_TXREHASH", 80: "SO_DEVMEM_DONTNEED"},
    "SOL_IP": {26: "IP_RECVERR_RFC4884", 48: "MCAST_MSFILTER"},
    "SOL_TCP": {7: "TCP_SYNCNT", 10: "TCP_WINDOW_CLAMP", 12: "TCP_QUICKACK",
                14: "TCP_MD5SIG", 19: "TCP_REPAIR", 23: "TCP_FASTOPEN", 27: "TCP_SAVE_SYN",
                28: "TCP_SAVED_SYN", 32: "TCP_MD5SIG_EXT", 33: "TCP_FASTOPEN_KEY",
                34: "TCP_FASTOPEN_NO_COOKIE", 35: "TCP_ZEROCOPY_RECEIVE",
                37: "TCP_TX_DELAY", 38: "TCP_AO_ADD_KEY", 39: "TCP_AO_DEL_KEY",
                40: "TCP_AO_INFO", 41: "TCP_AO_GET_KEYS", 42: "TCP_AO_REPAIR",
                43: "TCP_IS_MPTCP", 44: "TCP_RTO_MAX_MS", 45: "TCP_RTO_MIN_US",
                46: "TCP_DELACK_MAX_US"},
}

HEAD = """\
.. SPDX-License-Identifier: GPL-2.0

=============================
Side by side with the in-tree
=============================

``sidebyside_test`` makes each call on a stream socket with right and wrong arguments, in each of
the eleven states and some more (a listener with a child, a socket that was reset, one
that is connected to itself ...), and reads and sets each option number with right and wrong
lengths and values, once on the in-tree TCP and once on ours.  It compares what came back: value or
errno, events, lengths, what was left to read.  {rows} rows; those that differ, and why, stand here.
``make check`` fails when another row differs, and when one of these does not differ any more.

The in-tree TCP runs with Reno and without Fast Open, as ours does.  "Some kernels" means that it
depends on the kernel, or on how it was configured.

This page is made by ``scripts/sidebyside.py`` from ``sidebyside.expected``; only there a
line says exactly which lengths, values and states it is about.

.. list-table::
   :header-rows: 1
   :widths: 55 45

   * - Why
     - Calls
"""


def option(match):
    """"get SOL_TCP (27|37)" by names."""
    verb = {"get": "getsockopt", "set": "setsockopt"}.get(match.group(1), "both")
    numbers = re.findall(r"\d+", match.group(3))
    names = ", ".join(NAMES[match.group(2)][int(n)] for n in numbers)
    return names if verb == "both" else "%s: %s" % (verb, names)


def call(pattern):
    """A pattern for people."""
    match = re.match(r"(get|set|\[gs\]et) (SOL_[A-Z]+) (\(?[0-9|]+\)?)", pattern)
    if match:
        return option(match)
    pattern = re.sub(r"\.\*$|\(NSD\)\?|\( for TCP_ZEROCOPY_RECEIVE\)\?", "", pattern)
    pattern = re.sub(r"\\([()])", r"\1", pattern)
    pattern = re.sub(r"\(\(([^()]*)\)\)", r"(\1)", pattern)
    return pattern.replace("length [0-9]+", "any length").replace("|", " | ")


def folded(calls):
    """Many variants of one call become a line."""
    lines = []
    for text in calls:
        name = re.match(r"[a-z]*", text).group(0)
        tail = re.search(r"( \(in [^)]*\))?$", text).group(0)
        alike = [c for c in calls if name and c.startswith(name + "(") and c.endswith(tail)]
        line = "%s, %d variants%s" % (name, len(alike), tail) if len(alike) > 3 else text
        if line not in lines:
            lines.append(line)
    return lines


def page():
    """The whole text."""
    rows, reasons = "?", []
    with open(EXPECTED, encoding="utf-8") as lines:
        for line in lines:
            line = line.rstrip("\n")
            if line.startswith("rows: "):
                rows = "{:,}".format(int(line[6:]))
            elif line.startswith("reason: "):
                reasons.append((line[8:], []))
            elif "\t" in line and not line.startswith("#"):
                states, pattern = line.split("\t")
                text = call(pattern)
                if states.lstrip("?") != "*":
                    text += " (in %s)" % states.lstrip("?").replace(",", ", ").replace(",  ", ", ")
                if states.startswith("?"):
                    text += " (some kernels)"
                if text not in reasons[-1][1]:
                    reasons[-1][1].append(text)
    text = HEAD.format(rows=rows)
    for why, calls in reasons:
        calls = folded(calls)
        text += "   * - %s\n     - | %s\n" % (why, "\n       | ".join(calls))
    return text


def main():
    """See the top."""
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: scripts/sidebyside.py [--check]")
    text = page()
    if sys.argv[1:]:
        with open(PAGE, encoding="utf-8") as old:
            sys.exit(0 if old.read() == text else "Documentation/sidebyside.rst is old: "
                     "run scripts/sidebyside.py")
    with open(PAGE, "w", encoding="utf-8") as out:
        out.write(text)


main()
