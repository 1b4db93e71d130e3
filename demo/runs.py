#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The six runs of the demonstration, inside the VM. demo/guest.sh has laid the
namespaces and loaded the module before.

usage: runs.py PROGRAMS SCRATCH

PROGRAMS is the folder of tcpcat, crossing and tcpstate, where the record of the last
run and the diagram of states are left; SCRATCH is one for files. Exit
status: 0 if every file arrived whole and all eleven states were visited.
"""
import hashlib
import json
import os
import queue
import subprocess
import sys
import threading
import time

import timeline

TRACING = "/sys/kernel/tracing"
ADDRESS = {"left": "192.0.2.1", "right": "192.0.2.2"}
MIB = 1 << 20
# A run in which for so long no state changes and no byte arrives has hung.
STALL = 100
# The longest that a run may take at all.
LIMIT = 300
BEAT = 5
CROSSING_TRIES = 5

LOSSY = ("loss", "10%", "delay", "20ms", "reorder", "25%", "50%")
SLOW = ("delay", "150ms")

COLOUR = os.environ.get("TCPSTATE_DEMO_COLOUR") == "1"
TICK = os.environ.get("TCPSTATE_DEMO_TICK") or "[x]"
CROSS = " " * (len(TICK) - 1) + "-"


def paint(code, text):
    return "\033[%sm%s\033[0m" % (code, text) if COLOUR else text


def good(text):
    return paint("32", text)


def bad(text):
    return paint("31;1", text)


def say(text=""):
    print(text, flush=True)


def inside(side, *command):
    return ["ip", "netns", "exec", side, *command]


def stat(side):
    """The module's counters in a namespace."""
    text = subprocess.run(inside(side, "cat", "/proc/net/tcpstate_stat"), check=True,
                          capture_output=True, text=True).stdout
    return {name: int(value) for name, value in (line.split() for line in text.splitlines())}


def shape_link(*netem):
    """One discipline at both ends, none without arguments."""
    for side in timeline.SIDES:
        subprocess.run(["tc", "-n", side, "qdisc", "del", "dev", "veth0", "root"],
                       check=False, stderr=subprocess.DEVNULL)
        if netem:
            subprocess.run(["tc", "-n", side, "qdisc", "add", "dev", "veth0", "root",
                            "netem", *netem], check=True)


def dropped():
    """Packets that the link's two ends have lost so far."""
    count = 0
    for side in timeline.SIDES:
        text = subprocess.run(["tc", "-n", side, "-s", "-j", "qdisc", "show", "dev", "veth0"],
                              check=True, capture_output=True, text=True).stdout
        count += sum(entry.get("drops", 0) for entry in json.loads(text))
    return count


def checksum(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return digest.hexdigest()


class Trace:
    """Reads the kernel's trace as it grows, in a thread of its own."""

    def __init__(self):
        self.changes = queue.Queue()
        self.lost = False
        self.netns = {str(os.stat("/run/netns/" + side).st_ino): side for side in timeline.SIDES}
        for knob, value in (("tracing_on", "0"), ("trace", ""), ("buffer_size_kb", "1024"),
                            ("events/tcpstate/tcpstate_state/enable", "1"),
                            ("events/sock/inet_sock_set_state/enable", "1"),
                            ("tracing_on", "1")):
            with open(os.path.join(TRACING, knob), "w", encoding="ascii") as file:
                file.write(value)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        sides = {address: side for side, address in ADDRESS.items()}
        with open(os.path.join(TRACING, "trace_pipe"), encoding="utf-8",
                  errors="replace") as pipe:
            for line in pipe:
                self.lost = self.lost or bool(timeline.LOST.search(line))
                change = timeline.parse(line, self.netns, sides)
                if change:
                    self.changes.put(change)

    def next(self, seconds):
        try:
            return self.changes.get(timeout=seconds)
        except queue.Empty:
            return None


class End:
    """One end of a file transfer: who it is and what it does."""

    def __init__(self, side, ours, listens, sends=0):
        self.side = side
        self.ours = ours
        self.listens = listens
        self.sends = sends      # bytes
        self.receives = 0
        self.process = None
        self.hold = None        # stdin that stays open until the other side has shut down

    def command(self, programs, wire, server_address, port):
        if self.ours:
            listen = ["-l"] if self.listens else []
            return [os.path.join(programs, "tcpcat"), "-w", str(wire), *listen,
                    server_address, str(port)]
        if self.listens:
            address = "TCP4-LISTEN:%d,bind=%s,reuseaddr" % (port, server_address)
        else:
            address = "TCP4:%s:%d" % (server_address, port)
        if self.sends and self.receives:
            return ["socat", "-t", "600", "-", address]
        return ["socat", "-u", "-", address] if self.sends else ["socat", "-u", address, "-"]

    def words(self):
        who = "AF_TCPSTATE, tcpcat" if self.ours else "in-tree TCP, socat"
        role = "listens" if self.listens else "connects"
        work = " and ".join(word for word, size in (("sends", self.sends),
                                                    ("receives", self.receives)) if size)
        return "%-6s %-20s %-9s %s" % (self.side, who, role + ",", work)


class Demo:
    def __init__(self, programs, scratch):
        self.programs = programs
        self.scratch = scratch
        self.trace = Trace()
        self.checklist = timeline.Checklist()
        self.number = 0
        self.intact = 0
        self.total = 6
        self.ports = None       # of the two ends that crossed
        self.troubles = []

    # --- one run ---

    def begin(self, title, lines, names):
        self.number += 1
        self.port = 7000 + self.number
        self.began = None
        self.open_since = self.last_change = None
        self.stands = {}
        self.edges = set()
        self.trouble = []
        self.started = self.heard = self.spoke = time.monotonic()
        self.arrived = 0
        say()
        say(paint("1", "Run %d of %d: %s" % (self.number, self.total, title)))
        for line in lines:
            say("  " + line)
        say(paint("2", timeline.header(names)))

    def finish(self):
        if self.trouble:
            for text in self.trouble:
                say(bad("  FAILED: " + text))
                self.troubles.append("run %d: %s" % (self.number, text))
        else:
            self.intact += 1

    def show(self, change):
        if change.port and (self.port not in change.port or change.old == change.new):
            return False
        if self.began is None:
            self.began = change.when
        if change.new == "ESTABLISHED" and self.open_since is None:
            self.open_since = change.when
        self.last_change = change.when
        self.heard = self.spoke = time.monotonic()
        self.checklist.add(change, self.number)
        text = timeline.row(change, self.began)
        if change.ours:
            self.stands[change.side, "listener" if change.by_listener else "connection"] = \
                change.new
            self.edges.add((change.side, change.old, change.new))
            say(text)
        else:
            say(paint("2", text))
        return True

    def closed(self):
        """True once every socket of ours that appeared has come back to CLOSE."""
        return bool(self.stands) and all(state == "CLOSE" for state in self.stands.values())

    def stalled(self):
        now = time.monotonic()
        return now - self.heard > STALL or now - self.started > LIMIT

    def report_stall(self):
        now = time.monotonic()
        self.trouble.append("not done after %d s; the last that moved was %d s ago" % (
            now - self.started, now - self.heard))
        for (side, what), state in sorted(self.stands.items()):
            say(bad("  %s %s stood in %s" % (side, what, state)))
        for side in timeline.SIDES:
            held = ["%s %d" % (name, count) for name, count in stat(side).items()
                    if name in timeline.STATES and count]
            say("  %s sockets by state: %s" % (side, ", ".join(held) or "none"))

    def wait(self, done, each_change=lambda change: None, progress=lambda: ""):
        """Shows changes until done() holds and nothing more is on its way."""
        while True:
            change = self.trace.next(0.3)
            if change:
                if self.show(change):
                    each_change(change)
                continue
            if done():
                return True
            if self.stalled():
                self.report_stall()
                return False
            text = progress()
            if time.monotonic() - self.spoke >= BEAT:
                self.spoke = time.monotonic()
                say(paint("2", "  ... %s" % (text or "waiting")))

    # --- files ---

    def path(self, what, end):
        return os.path.join(self.scratch, "%s-%s" % (what, end.side))

    def start(self, end, wire, server_address):
        out = open(self.path("received", end), "wb")
        errors = open(self.path("errors", end), "wb")
        if end.sends:
            source = open(self.path("sent", end), "rb")
        elif end.ours:
            source = subprocess.PIPE
        else:
            source = subprocess.DEVNULL
        end.process = subprocess.Popen(
            inside(end.side, *end.command(self.programs, wire, server_address, self.port)),
            stdin=source, stdout=out, stderr=errors)
        end.hold = end.process.stdin
        for file in (out, errors, source):
            if hasattr(file, "close"):
                file.close()

    def release(self, end):
        if end.hold:
            end.hold.close()
            end.hold = None

    def transfer(self, title, left, right, wire=6, netem=()):
        ends = (left, right)
        for end, other in ((left, right), (right, left)):
            end.receives = other.sends
            if end.sends:
                with open(self.path("sent", end), "wb") as file:
                    file.write(os.urandom(end.sends))
        server, client = (left, right) if left.listens else (right, left)
        shape_link(*netem)
        before = [stat(side) for side in timeline.SIDES]
        link = "link: %s" % (" ".join(netem) + " (netem, both ways)" if netem else "clean")
        self.begin(title, [left.words(), right.words(), "wire   %d, %s" % (wire, link)],
                   ["%s: %s" % (end.side, "AF_TCPSTATE" if end.ours else "in-tree TCP")
                    for end in ends])
        want = sum(end.sends for end in ends)

        def progress():
            arrived = sum(os.path.getsize(self.path("received", end)) for end in ends
                          if end.receives)
            if arrived != self.arrived:
                self.arrived = arrived
                self.heard = time.monotonic()
            return "%.1f of %.1f MiB have arrived" % (arrived / MIB, want / MIB)

        listening = []

        def each_change(change):
            if change.new == "LISTEN" and not listening:
                listening.append(True)
                self.start(client, wire, ADDRESS[server.side])
            for end in ends:
                if change.ours and change.side == end.side and change.new == "CLOSE_WAIT":
                    self.release(end)

        def done():
            if server.process.poll() is not None and not client.process:
                return True
            return client.process and all(end.process.poll() is not None for end in ends) and \
                (self.closed() or not self.stands)

        self.start(server, wire, ADDRESS[server.side])
        self.wait(done, each_change, progress)
        self.end_processes(ends)
        retransmitted = sum(stat(side)["RetransSegs"] - old["RetransSegs"]
                            for side, old in zip(timeline.SIDES, before))
        if netem:
            lost = dropped()
            say("  the link lost %d packets; AF_TCPSTATE sent %d segments again" %
                (lost, retransmitted))
            if not lost:
                self.trouble.append("the lossy link lost nothing")
        for sender, receiver in ((left, right), (right, left)):
            if sender.sends:
                self.compare(sender, receiver)
        self.finish()

    def end_processes(self, ends):
        for end in ends:
            self.release(end)
            if not end.process:
                self.trouble.append("%s was never started" % end.side)
                continue
            if end.process.poll() is None:
                end.process.kill()
            status = end.process.wait()
            with open(self.path("errors", end), encoding="utf-8", errors="replace") as file:
                for line in file:
                    say("  %s says: %s" % (end.side, line.rstrip()[:85]))
            if status:
                self.trouble.append("%s ended with status %d" % (end.side, status))

    def compare(self, sender, receiver):
        sums = checksum(self.path("sent", sender)), checksum(self.path("received", receiver))
        sizes = (os.path.getsize(self.path("sent", sender)),
                 os.path.getsize(self.path("received", receiver)))
        same = sums[0] == sums[1] and sizes[0] == sizes[1]
        arrow = "%s -> %s" % (sender.side, receiver.side)
        say("  %-13s  sha256 %s...  sent %d bytes, received %d bytes, same: %s" % (
            arrow, sums[0][:12], *sizes, good("yes") if same else bad("NO")))
        if not same:
            say("  %-13s  sha256 %s... is what arrived" % ("", sums[1][:12]))
            self.trouble.append("the file from %s did not arrive whole" % sender.side)
        elif self.open_since is not None and self.last_change > self.open_since:
            say(paint("2", "  %-13s  the connection lived %.1f s (TIME_WAIT included)" % (
                "", self.last_change - self.open_since)))

    # --- simultaneous open and close ---

    def crossed(self):
        """What must be seen at both ends, and was not."""
        wanted = (("SYN_SENT", "SYN_RECV"), ("SYN_RECV", "ESTABLISHED"),
                  ("FIN_WAIT1", "CLOSING"), ("CLOSING", "TIME_WAIT"), ("TIME_WAIT", "CLOSE"))
        return ["%s: %s -> %s" % (side, old, new) for side in timeline.SIDES
                for old, new in wanted if (side, old, new) not in self.edges]

    def crossing(self, title):
        shape_link(*SLOW)
        for side in timeline.SIDES:
            subprocess.run(inside(side, "sh", "-c",
                                  "echo 4096 > /proc/sys/net/tcpstate/record"), check=True)
        self.begin(title, ["left   AF_TCPSTATE, connects to right",
                           "right  AF_TCPSTATE, connects to left at the same moment",
                           "wire   6, link: delay 150ms (netem, both ways): SYNs and FINs cross"],
                   ["left: AF_TCPSTATE", "right: AF_TCPSTATE"])
        status = 3
        for attempt in range(CROSSING_TRIES):
            if attempt:
                say("  they did not cross, as the machine was too slow; once more")
                self.edges.clear()
            # New ports, so that no TIME_WAIT is in the way.
            ports = 7100 + 2 * attempt, 7101 + 2 * attempt
            process = subprocess.Popen(
                [os.path.join(self.programs, "crossing"), "-w", "6",
                 "/run/netns/left", ADDRESS["left"], str(ports[0]),
                 "/run/netns/right", ADDRESS["right"], str(ports[1])],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            ended = self.wait(lambda: process.poll() is not None and
                              (self.closed() or not self.stands))
            if not ended:
                process.kill()
            words = process.communicate()[0]
            status = process.returncode
            for line in words.splitlines():
                say("  " + line[:95])
            if not ended or status != 3:
                break
        self.ports = ports
        if status:
            self.trouble.append("crossing ended with status %d" % status)
        for text in self.crossed():
            self.trouble.append("not seen at " + text)
        self.finish()

    # --- the end ---

    def agree(self):
        """The module's own count of edges and what was traced must be the same."""
        counted, held, impossible = {}, 0, 0
        for side in timeline.SIDES:
            for name, value in stat(side).items():
                if name.startswith("Edge:"):
                    edge = tuple(name.split(":")[1:])
                    counted[edge] = counted.get(edge, 0) + value
                elif name in timeline.STATES:
                    held += value
                elif name == "ImpossibleEvents":
                    impossible += value
        if self.trace.lost:
            self.troubles.append("the trace has lost events")
        for edge in sorted(set(counted) | set(self.checklist.edges)):
            pair = counted.get(edge, 0), self.checklist.edges.get(edge, 0)
            if pair[0] != pair[1]:
                self.troubles.append("%s x %s: the module counted %d, the trace told %d" %
                                     (*edge, *pair))
        if impossible:
            self.troubles.append("the module met %d impossible events" % impossible)
        if held:
            self.troubles.append("%d sockets of the module are still there" % held)

    # --- pictures ---

    def tool(self, *arguments):
        """What tcpstate, the command, prints; without a word if it fails."""
        both = ["-n", "left", "-n", "right"] if arguments[0] in ("record", "dot") else []
        plain = {} if TICK != "[x]" else {"LC_ALL": "C"}
        command = [os.path.join(self.programs, "tcpstate"), *arguments, *both]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={**os.environ, **plain}, check=False)
        if done.returncode:
            self.troubles.append("tcpstate %s: %s" % (arguments[0], done.stdout.strip()))
            return ""
        return done.stdout.rstrip("\n")

    def pictures(self):
        """The last connection as a ladder, and the edges of all runs."""
        colour = ["--colour"] if COLOUR else []
        record = os.path.join(self.programs, "crossing.pcapng")
        name = "%s:%d-%s:%d" % (ADDRESS["left"], self.ports[0], ADDRESS["right"], self.ports[1])
        self.tool("record", "-o", record)
        say()
        say(paint("1", "The last connection, from the flight recorder: time runs down, "
                       "segments cross"))
        say()
        say(self.tool("ladder", "--width", "100", *colour, record, name))
        self.tool("ladder", "-o", os.path.join(self.programs, "crossing.svg"),
                  "-T", "Both connect at once, both close at once", record, name)
        say()
        say(self.tool("dot", "--text", *colour))
        self.tool("dot", "-o", os.path.join(self.programs, "states.dot"))

    def verdict(self):
        say()
        say(paint("1", "The eleven states, and the edge by which each was first entered"))
        for text in self.checklist.rows(good(TICK), bad(CROSS)):
            say(text)
        self.pictures()
        self.agree()
        missing = self.checklist.missing()
        if missing:
            self.troubles.append("never visited: " + ", ".join(missing))
        say()
        for text in self.troubles:
            say(bad("  - " + text))
        line = "demo: %s %d runs intact, %d of %d states visited" % (
            "all" if self.intact == self.total else "%d of" % self.intact, self.total,
            self.checklist.visited(), len(timeline.STATES))
        say((bad if self.troubles else good)(line))
        return 1 if self.troubles else 0


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    demo = Demo(*sys.argv[1:])
    clean, lossy = 3 * MIB, 2 * MIB
    demo.transfer("our client gives a file to a stranger's server",
                  End("left", True, False, clean), End("right", False, True))
    demo.transfer("a stranger's client gives a file to our server",
                  End("left", False, False, clean), End("right", True, True))
    demo.transfer("both give a file at once, over a bad link",
                  End("left", True, False, lossy), End("right", False, True, lossy),
                  netem=LOSSY)
    demo.transfer("our client gives a file to our server",
                  End("left", True, False, clean), End("right", True, True))
    demo.transfer("our server gives a file to our client, on IP protocol 253",
                  End("left", True, True, clean), End("right", True, False), wire=253)
    demo.crossing("both connect at once, both close at once")
    return demo.verdict()


if __name__ == "__main__":
    sys.exit(main())
