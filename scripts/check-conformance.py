#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Checks the table of RFC 9293's requirements against the sources and a test run.

usage: scripts/check-conformance.py [--write] [--log FILE]... [--intree FILE]
       scripts/check-conformance.py --self-test

  --log FILE     what the selftests of this run printed (TAP), one for each wire:
                 a row then also needs that each of its tests ran and passed in
                 one of them; a skipped one does not count
  --intree FILE  the same of the wire tests on the in-tree TCP: says how many of
                 those that ours passes it passes too, and lists the others
  --write        make Documentation/conformance.rst from the tables

Documentation/rfc9293.tsv has the labels, Documentation/conformance.tsv a row for
each: label, status, functions as file:function, tests as file.fixture.case or
file.fixture.variant.case, remark. Documentation/intree.tsv has what the in-tree TCP
does differently: the cases (with * and ?), the RFC's section, the difference.
The last line is "conformance: N passed, M failed".
"""
import argparse
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import tempfile

STATUSES = ("done", "left out", "not applicable")
LEVELS = ("MUST", "SHLD", "MAY", "REC")

SECTIONS = {
    "3.1": "Header",
    "3.2": "Options",
    "3.4": "Sequence numbers",
    "3.5": "Opening a connection",
    "3.6": "Closing a connection",
    "3.7": "Segmentation",
    "3.8": "Data communication",
    "3.9": "Interfaces",
    "3.10": "Event processing",
}

PAGE = """\
.. SPDX-License-Identifier: GPL-2.0
.. Made by scripts/check-conformance.py --write from the .tsv files beside it.

===========
Conformance
===========

RFC 9293 numbers its requirements; its Appendix B lists the labels.  Each has a row
here: the requirement in our words, the functions that meet it, and the tests that
show it.  Of {rows} rows {done} are done, {left_out} are left out with a reason, and
{not_applicable} do not apply.

A row that is done names functions that exist and tests that exist, and ``make check``
fails if one of those tests did not run, was skipped, or failed on both wires.  No
row is open.  A test is named by its file in ``selftests/``, its fixture, the variant
where one alone is meant, and its case.  Beside the tests that are named here each
file of layer 0 has tables of facts, see testing.rst.

The rows are in ``Documentation/conformance.tsv``, the labels in
``Documentation/rfc9293.tsv``; this page is made from them by
``scripts/check-conformance.py``.  "In-tree" is the TCP of the Linux kernel.
"""

INTREE = """\

What the in-tree TCP answers differently
========================================

``make check`` runs the wire tests on the in-tree TCP of the VM's kernel too and says
how many it passes.  They are not its tests: the RFC leaves room, and it has reasons
of its own.  What is known, with the section that the tests go by:
"""


class Failed(Exception):
    """The tables cannot even be read."""


def read_table(path, columns):
    """The rows of a .tsv file without comments, each with its line number."""
    rows = []
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except OSError as err:
        raise Failed(f"{path}: {err.strerror}") from err
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#") or line.startswith("id\t"):
            continue
        fields = line.split("\t")
        fields += [""] * (columns - len(fields))
        if len(fields) > columns:
            raise Failed(f"{path}:{number}: {len(fields)} columns, {columns} are wanted")
        rows.append([field.strip() for field in fields])
    return rows


class Sources:
    """What the sources define."""

    def __init__(self, root):
        self.root = root
        self.known_functions = {}
        self.known_cases = {}

    def functions(self, name):
        """Names of the functions that a file defines, or None without the file."""
        if name not in self.known_functions:
            path = os.path.join(self.root, name)
            found = None
            if os.path.isfile(path):
                with open(path, encoding="utf-8") as file:
                    text = file.read()
                # A head in the first column, its body's brace in the next line's.
                heads = re.finditer(r"^[A-Za-z_][^\n;{}()]*?\b(\w+)\([^;{}]*?\)[^;{}()]*\n\{",
                                    text, re.M)
                found = {match.group(1) for match in heads}
            self.known_functions[name] = found
        return self.known_functions[name]

    def cases(self, program):
        """(tests, variants) of a test program, or None without it.

        tests: set of (fixture, case); variants: fixture to a set of names.
        A shell test has one, ("", "").
        """
        if program not in self.known_cases:
            self.known_cases[program] = self.read_cases(program)
        return self.known_cases[program]

    def read_cases(self, program):
        base = os.path.join(self.root, "selftests", program)
        if os.path.isfile(base + ".sh"):
            return {("", "")}, {}
        if not os.path.isfile(base + ".c"):
            return None
        with open(base + ".c", encoding="utf-8") as file:
            text = re.sub(r"^#include.*$", "", file.read(), flags=re.M)
        # A file's own macros may make tests; the harness's are left as they are.
        text = subprocess.run(["gcc", "-E", "-P", "-x", "c", "-"], input=text, check=True,
                              capture_output=True, text=True).stdout
        tests = {(fixture, case) for fixture, case in re.findall(
            r"\b(?:WIRE_TEST|TEST_F|TEST_F_TIMEOUT)\s*\(\s*(\w+)\s*,\s*(\w+)", text)}
        tests |= {("global", case) for case in re.findall(r"(?<![\w])TEST\s*\(\s*(\w+)", text)}
        variants = {}
        for fixture, variant in re.findall(
                r"\bFIXTURE_VARIANT_ADD\s*\(\s*(\w+)\s*,\s*(\w+)", text):
            variants.setdefault(fixture, set()).add(variant)
        return tests, variants


def read_log(path):
    """Results by name, "program.fixture[.variant].case" or "program"."""
    results = {}
    program = running = None
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\r\n")
            match = re.match(r"# selftests: [^:]*: (\S+)$", line)
            if match:
                program, running = match.group(1).removesuffix(".sh"), None
                continue
            match = re.match(r"(not ok|ok) \d+ selftests: [^:]*: (\S+)(.*)", line)
            if match:
                name = match.group(2).removesuffix(".sh")
                results[name] = "skip" if "# SKIP" in match.group(3) else match.group(1)
                # The program's last lines may still follow, through another pipe.
                continue
            match = re.match(r"# #\s+RUN\s+(\S+) \.\.\.", line)
            if match:
                running = match.group(1)
                continue
            match = re.match(r"# +(not ok|ok) \d+\b(.*)", line)
            if match and program:
                rest = match.group(2)
                # A case that was skipped may stand there without its name.
                name = running or rest.split("#")[0].strip(" -")
                if name:
                    results[f"{program}.{name}"] = \
                        "skip" if "# SKIP" in rest else match.group(1)
                running = None
    return results


class Checker:
    """The tables of one tree, checked."""

    def __init__(self, root, logs=None, intree=None):
        self.root = root
        self.sources = Sources(root)
        self.logs = [read_log(log) for log in logs or []]
        self.intree = read_log(intree) if intree else None
        self.passed = 0
        self.problems = []
        self.labels = read_table(self.file("rfc9293.tsv"), 5)
        self.rows = read_table(self.file("conformance.tsv"), 5)
        self.differences = read_table(self.file("intree.tsv"), 3)

    def file(self, name):
        return os.path.join(self.root, "Documentation", name)

    def good(self):
        self.passed += 1

    def bad(self, text):
        self.problems.append(text)

    # --- tests ---

    def names_in_source(self, name):
        """Why a test that a table names does not exist, or None."""
        parts = name.split(".")
        cases = self.sources.cases(parts[0])
        if cases is None:
            return f"no test program {parts[0]}"
        tests, variants = cases
        if len(parts) == 1:
            return None if tests == {("", "")} else f"{name} names no case"
        if len(parts) not in (3, 4) or (parts[1], parts[-1]) not in tests:
            return f"no test {name}"
        if len(parts) == 4 and parts[2] not in variants.get(parts[1], ()):
            return f"no variant {parts[2]} for {name}"
        return None

    @staticmethod
    def results_of(name, log):
        """Results of a test in a log; of all its variants where none is named."""
        parts = name.split(".")
        if len(parts) != 3:
            return [log[name]] if name in log else []
        found = [log[name]] if name in log else []
        pattern = re.compile(re.escape(f"{parts[0]}.{parts[1]}.") + r"[^.]+" +
                             re.escape(f".{parts[2]}"))
        return found + [result for case, result in log.items() if pattern.fullmatch(case)]

    def why_not_passed(self, name):
        """Why a test does not count as passed in this run, or None."""
        why = "did not run"
        for log in self.logs:
            results = self.results_of(name, log)
            if "not ok" in results:
                why = "failed"
            elif "ok" in results:
                return None
            elif results and why == "did not run":
                why = "was skipped"
        return why

    # --- rows ---

    def check_row(self, row):
        label, status, code, tests, remark = row
        problems = []
        if status not in STATUSES:
            problems.append(f"is open ({status or 'no status'})")
        if status in STATUSES[1:] and len(remark.split()) < 4:
            problems.append(f"is {status} without a reason")
        if status == "done" and not code:
            problems.append("is done, but names no function")
        if status == "done" and not tests:
            problems.append("is done, but names no test")
        for place in code.split():
            name, _, function = place.partition(":")
            known = self.sources.functions(name)
            if known is None:
                problems.append(f"no file {name}")
            elif function not in known:
                problems.append(f"no function {function} in {name}")
        for test in tests.split():
            why = self.names_in_source(test)
            if why:
                problems.append(why)
            elif self.logs:
                why = self.why_not_passed(test)
                if why:
                    problems.append(f"{test} {why}")
        for problem in problems:
            self.bad(f"{label}: {problem}")
        if not problems:
            self.good()

    def check_labels(self):
        """Each label has one row, and each row a label."""
        wanted = [label[0] for label in self.labels]
        have = [row[0] for row in self.rows]
        before = len(self.problems)
        if not wanted:
            self.bad("rfc9293.tsv has no label")
        for label in wanted:
            if have.count(label) != 1:
                self.bad(f"{label}: {have.count(label)} rows instead of one")
        for label in sorted(set(have) - set(wanted)):
            self.bad(f"{label}: no such label in rfc9293.tsv")
        if len(self.problems) == before:
            self.good()

    def check_differences(self):
        for pattern, section, text in self.differences:
            program = pattern.split(".")[0]
            names = set()
            for base, _, files in os.walk(os.path.join(self.root, "selftests")):
                if base.endswith("selftests"):
                    names = {os.path.splitext(name)[0] for name in files
                             if name.startswith("wire_") and name.endswith(".c")}
            programs = [name for name in names if fnmatch.fnmatchcase(name, program)]
            if not any(self.matches_source(name, pattern) for name in programs):
                self.bad(f"intree.tsv: {pattern} is no test")
            elif not section.startswith("RFC ") or len(text.split()) < 4:
                self.bad(f"intree.tsv: {pattern} has no section or no text")
            else:
                self.good()

    def matches_source(self, program, pattern):
        tests, variants = self.sources.cases(program)
        for fixture, case in tests:
            names = [f"{program}.{fixture}.{variant}.{case}"
                     for variant in variants.get(fixture, ())]
            if any(fnmatch.fnmatchcase(name, pattern)
                   for name in names or [f"{program}.{fixture}.{case}"]):
                return True
        return False

    def check_page(self):
        try:
            with open(self.file("conformance.rst"), encoding="utf-8") as file:
                page = file.read()
        except OSError:
            page = ""
        if page == self.page():
            self.good()
        else:
            self.bad("conformance.rst is not what the tables say: "
                     "run scripts/check-conformance.py --write")

    # --- the in-tree TCP ---

    def compare(self):
        """Lines about the in-tree TCP on the wire tests that ours passes."""
        ours = {name: result for name, result in self.logs[0].items()
                if name.startswith("wire_") and "." in name and result != "skip"} \
            if self.logs else {}
        if not ours or not any("." in name for name in self.intree):
            self.bad("no wire test ran on the in-tree TCP, or none on ours")
            return []
        passed = [name for name in ours if self.intree.get(name) == "ok"]
        good = [name for name, result in ours.items() if result == "ok"]
        lines = [f"in-tree TCP: passes {len(passed)} of {len(ours)} wire tests "
                 f"(ours: {len(good)} of {len(ours)})"]
        by_reason = {}
        for name in ours:
            if self.intree.get(name) == "ok":
                continue
            reason = next((f"{section}: {text}" for pattern, section, text
                           in self.differences if fnmatch.fnmatchcase(name, pattern)),
                          "not explained in Documentation/intree.tsv")
            by_reason.setdefault(reason, []).append(name)
        said = {"skip": " (skipped there)", None: " (did not run there)"}
        for reason, names in by_reason.items():
            lines.append(f"  {reason}")
            lines += [f"    {name}{said.get(self.intree.get(name), '')}" for name in names]
        self.good()
        return lines

    # --- the page ---

    @staticmethod
    def section_of(label):
        match = re.match(r"(\d+\.\d+)", label[1])
        return match.group(1) if match else ""

    def count(self, status):
        return sum(1 for row in self.rows if row[1] == status)

    @staticmethod
    def cell(text, indent):
        lines = text.split("\n")
        pad = " " * indent
        return lines[0] + "".join(f"\n{pad}{line}" if line else "\n" for line in lines[1:])

    @staticmethod
    def literals(names, suffix=""):
        """One literal a line; as a line block, so that each keeps its line."""
        return "\n".join(f"| ``{name}{suffix}``" for name in names)

    def page_row(self, label, row):
        name, section, level, requirement, intree = label
        _, status, code, tests, remark = row
        what = f"**{name}** ({section.split(' ')[0].rstrip(',')}, {level})\n\n{requirement}"
        where = self.literals(code.split(), "()") if status == "done" else status
        parts = [part for part in (remark, f"In-tree: {intree}" if intree else "") if part]
        cells = [what, where, self.literals(tests.split()), "\n\n".join(parts)]
        lines = [("   * - " if not i else "     - ") + self.cell(text, 7)
                 for i, text in enumerate(cells)]
        return "\n".join(line.rstrip() for line in lines)

    @staticmethod
    def head(widths, *titles):
        lines = ["", ".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
        lines += [("   * - " if not i else "     - ") + title
                  for i, title in enumerate(titles)]
        return lines

    def page(self):
        """The text of conformance.rst."""
        rows = {row[0]: row for row in self.rows}
        out = [PAGE.format(rows=len(self.rows), done=self.count("done"),
                           left_out=self.count("left out"),
                           not_applicable=self.count("not applicable"))]
        for section, title in SECTIONS.items():
            labels = [label for label in self.labels if self.section_of(label) == section]
            if not labels:
                continue
            labels.sort(key=lambda label: (
                [int(n) for n in re.match(r"[\d.]+", label[1]).group().split(".")],
                LEVELS.index(label[0].split("-")[0]), int(label[0].split("-")[1])))
            heading = f"{section} {title}"
            out += [heading, "=" * len(heading)]
            out += self.head("34 26 34 36", "Requirement", "Where", "Tests", "Remark")
            out += [self.page_row(label, rows[label[0]]) for label in labels
                    if label[0] in rows]
            out.append("")
        if self.differences:
            out[-1:] = [INTREE.rstrip("\n")]
            out += self.head("40 20 60", "Tests", "Section", "Difference")
            for pattern, section, text in self.differences:
                out.append(f"   * - ``{pattern}``\n     - {section}\n     - {text}")
            out.append("")
        return "\n".join(out)

    def run(self):
        """Check all; print; true if nothing failed."""
        for row in self.rows:
            self.check_row(row)
        self.check_labels()
        self.check_differences()
        self.check_page()
        lines = self.compare() if self.intree is not None else []
        for problem in self.problems:
            print(f"not ok: {problem}")
        for line in lines:
            print(line)
        ran = ", all tests ran" if self.logs and not self.problems else ""
        print(f"conformance: {len(self.rows)} rows: {self.count('done')} done, "
              f"{self.count('left out')} left out with reason, "
              f"{self.count('not applicable')} not applicable{ran}")
        print(f"conformance: {self.passed} passed, {len(self.problems)} failed")
        return not self.problems


# --- self-test: a small tree, and one mistake at a time ---

SMALL = {
    "Documentation/rfc9293.tsv":
        "id\tsection\tlevel\trequirement\tnote\n"
        "MUST-1\t3.1\tmust\tOne thing\t\nMUST-2\t3.1\tmust\tAnother\t\n"
        "MAY-1\t3.9.1.7\tmay\tA third\t\nSHLD-1\t3.8\tshould\tA fourth\tin its way\n",
    "Documentation/conformance.tsv":
        "MUST-1\tdone\ttcpstate_a.c:one\twire_a.edge.first wire_a.kind.second\t\n"
        "MUST-2\tdone\ttcpstate_a.c:two\twire_a.kind.small.second\t\n"
        "MAY-1\tleft out\t\t\tNo program has ever asked for it.\n"
        "SHLD-1\tdone\ttcpstate_a.c:two\tshell_test wire_a.edge.made_left\t\n",
    "Documentation/intree.tsv": "wire_a.kind.*.second\tRFC 9293 3.1\tIt has another idea of it.\n",
    "tcpstate_a.c":
        "static int one(int a)\n{\n\treturn a;\n}\n\n"
        "int two(int a,\n\tint b)\n{\n\treturn one(a) + b;\n}\n\nint only_declared(int a);\n",
    "selftests/shell_test.sh": "#!/bin/sh\n",
    "selftests/wire_a.c":
        "#include \"lib/wire.h\"\nWIRE_FIXTURE(edge)\nWIRE_TEST(edge, first)\n{\n}\n"
        "FIXTURE_VARIANT_ADD(kind, small) {\n};\nFIXTURE_VARIANT_ADD(kind, large) {\n};\n"
        "TEST_F_TIMEOUT(kind, second, 60)\n{\n}\n"
        "#define MADE(name) WIRE_TEST(edge, made_##name) { }\nMADE(left)\n",
    "log":
        "TAP version 13\n1..2\n# selftests: tcpstate: wire_a\n# TAP version 13\n"
        "# #  RUN           edge.first ...\n# #            OK  edge.first\n# ok 1 edge.first\n"
        "# #  RUN           kind.small.second ...\n# ok 2 kind.small.second\n"
        "# #  RUN           kind.large.second ...\n# #      SKIP      not here\n"
        "# ok 3 # SKIP not here\n# #  RUN           edge.made_left ...\n"
        "# ok 4 edge.made_left\nok 1 selftests: tcpstate: wire_a\n"
        "# selftests: tcpstate: shell_test.sh\nok 2 selftests: tcpstate: shell_test.sh\n",
}

# What, file, old text, new text, what must be said.
MISTAKES = [
    ("missing function", "tcpstate_a.c", "int two(", "int three(", "no function two"),
    ("declared function", "Documentation/conformance.tsv", "c:one", "c:only_declared",
     "no function only_declared"),
    ("missing file", "Documentation/conformance.tsv", "tcpstate_a.c:one", "tcpstate_b.c:one",
     "no file tcpstate_b.c"),
    ("missing test", "selftests/wire_a.c", "(edge, first)", "(edge, last)",
     "no test wire_a.edge.first"),
    ("missing made test", "selftests/wire_a.c", "MADE(left)", "MADE(right)",
     "no test wire_a.edge.made_left"),
    ("test without a case", "Documentation/conformance.tsv", "wire_a.edge.first ", "wire_a ",
     "wire_a names no case"),
    ("missing program", "Documentation/conformance.tsv", "shell_test", "no_such_test",
     "no test program no_such_test"),
    ("missing variant", "selftests/wire_a.c", "kind, small", "kind, tiny",
     "no variant small"),
    ("test failed", "log", "# ok 1 edge.first", "# not ok 1 edge.first",
     "wire_a.edge.first failed"),
    ("a variant failed", "log", "# ok 3 # SKIP not here", "# not ok 3 kind.large.second",
     "wire_a.kind.second failed"),
    ("test skipped", "log", "# ok 1 edge.first", "# ok 1 # SKIP no",
     "wire_a.edge.first was skipped"),
    ("all variants skipped", "log", "# ok 2 kind.small.second", "# ok 2 # SKIP no",
     "wire_a.kind.second was skipped"),
    ("test did not run", "log", "# ok 4 edge.made_left\n", "", "edge.made_left did not run"),
    ("program skipped", "log", "tcpstate: shell_test.sh\nok 2 selftests: tcpstate: shell_test.sh",
     "tcpstate: shell_test.sh\nok 2 selftests: tcpstate: shell_test.sh # SKIP",
     "shell_test was skipped"),
    ("program failed", "log", "ok 2 selftests", "not ok 2 selftests", "shell_test failed"),
    ("empty log", "log", SMALL["log"], "", "shell_test did not run"),
    ("missing row", "Documentation/conformance.tsv",
     "MUST-2\tdone\ttcpstate_a.c:two\twire_a.kind.small.second\t\n", "",
     "MUST-2: 0 rows instead of one"),
    ("row twice", "Documentation/conformance.tsv", "MUST-2\t", "MUST-1\t",
     "MUST-1: 2 rows instead of one"),
    ("unknown label", "Documentation/conformance.tsv", "MUST-2\t", "MUST-3\t",
     "MUST-3: no such label"),
    ("open row", "Documentation/conformance.tsv", "MUST-2\tdone", "MUST-2\topen",
     "MUST-2: is open"),
    ("row without a status", "Documentation/conformance.tsv", "MUST-2\tdone", "MUST-2\t",
     "MUST-2: is open"),
    ("left out without a reason", "Documentation/conformance.tsv",
     "No program has ever asked for it.", "Later.", "MAY-1: is left out without a reason"),
    ("done without a function", "Documentation/conformance.tsv",
     "MUST-2\tdone\ttcpstate_a.c:two", "MUST-2\tdone\t", "MUST-2: is done, but names no function"),
    ("done without a test", "Documentation/conformance.tsv",
     "wire_a.kind.small.second", "", "MUST-2: is done, but names no test"),
    ("difference of no test", "Documentation/intree.tsv", "kind.*", "sort.*", "is no test"),
    ("difference without a section", "Documentation/intree.tsv", "RFC 9293 3.1", "somewhere",
     "has no section"),
    ("page is old", "Documentation/conformance.rst", "Another", "Yet another",
     "conformance.rst is not what the tables say"),
    ("no in-tree results", "intree", SMALL["log"], "", "no wire test ran on the in-tree TCP"),
]


def self_test():
    """Each mistake must be found, and the small tree without one be good."""
    script = os.path.abspath(__file__)
    passed = failed = 0

    def run(tree, *more):
        return subprocess.run([sys.executable, script, "--dir", tree, *more],
                              capture_output=True, text=True, check=False)

    def expect(what, result, status, text):
        nonlocal passed, failed
        if (result.returncode != 0) == status and text in result.stdout:
            passed += 1
            return
        failed += 1
        print(f"not ok: self-test: {what}: status {result.returncode}")
        print("".join(f"  | {line}\n" for line in
                      (result.stdout + result.stderr).split("\n")), end="")

    def grow(tree, what="", file="", old="", new=""):
        for name, text in {**SMALL, "intree": SMALL["log"]}.items():
            path = os.path.join(tree, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        run(tree, "--write")
        if not file:
            return
        path = os.path.join(tree, file)
        with open(path, encoding="utf-8") as source:
            text = source.read()
        assert old in text, what
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace(old, new, 1))
        # Only the page's own mistake is to be about the page.
        if "rst" not in file:
            run(tree, "--write")

    tree = tempfile.mkdtemp()
    try:
        log, intree = os.path.join(tree, "log"), os.path.join(tree, "intree")
        grow(tree)
        expect("the tree itself", run(tree, "--log", log, "--intree", intree), False,
               "conformance: 4 rows: 3 done, 1 left out with reason, 0 not applicable, "
               "all tests ran")
        expect("without a log", run(tree), False, "conformance: 7 passed, 0 failed")
        expect("the in-tree TCP, all", run(tree, "--log", log, "--intree", intree), False,
               "in-tree TCP: passes 3 of 3 wire tests (ours: 3 of 3)")
        for mistake in MISTAKES:
            grow(tree, *mistake[:4])
            expect(mistake[0], run(tree, "--log", log, "--intree", intree), True, mistake[4])
        # On one wire is enough, and a failure there is no failure here.
        grow(tree, "", "intree", "# ok 1 edge.first", "# not ok 1 edge.first")
        expect("one wire of two", run(tree, "--log", intree, "--log", log), False,
               "all tests ran")
        expect("in-tree failure, not explained", run(tree, "--log", log, "--intree", intree),
               False, "not explained in Documentation/intree.tsv\n    wire_a.edge.first\n")
        grow(tree, "", "intree", "# ok 2 kind.small.second", "# not ok 2 kind.small.second")
        expect("in-tree failure, explained", run(tree, "--log", log, "--intree", intree), False,
               "RFC 9293 3.1: It has another idea of it.\n    wire_a.kind.small.second\n")
        expect("in-tree failure, counted", run(tree, "--log", log, "--intree", intree), False,
               "in-tree TCP: passes 2 of 3 wire tests (ours: 3 of 3)")
    finally:
        shutil.rmtree(tree)
    print(f"conformance: {passed} passed, {failed} failed")
    return failed == 0


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--log", action="append", default=[])
    parser.add_argument("--intree")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--dir", default=os.path.join(os.path.dirname(__file__), ".."))
    args = parser.parse_args()
    if args.self_test:
        return 0 if self_test() else 1
    try:
        checker = Checker(args.dir, args.log, args.intree)
        if args.write:
            with open(checker.file("conformance.rst"), "w", encoding="utf-8") as out:
                out.write(checker.page())
            return 0
        return 0 if checker.run() else 1
    except (Failed, OSError, subprocess.CalledProcessError) as err:
        print(f"not ok: {err}")
        print("conformance: 0 passed, 1 failed")
        return 1


if __name__ == "__main__":
    sys.exit(main())
