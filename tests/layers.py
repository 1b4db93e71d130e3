#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The layer check: a file calls its own layer or lower, never up.

usage: layers.py [--self-test] [DIR]

Reads the undefined symbols of every tcpstate_*.o in DIR (the project folder)
with nm and looks up which object defines each.  A file that LAYERS does not
know is a failure, and so is a layer-0 object that needs more than a compiler.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

# The whole house, as in Documentation/internals.rst.
LAYERS = {
    0: "fsm seg opt cookie urg icmp ipopt rtt sack cong reno cubic",      # pure
    1: "demux port ipv4 ipv6 mib mem process queue record", # tables, addresses, counters
    2: "output",                                        # the builder of segments
    3: "state",                                         # the choke point
    4: "input path timer request timewait sock sendmsg recvmsg sockopt",  # event sources
    5: "wire diag genl proc sysctl",                         # doors
    6: "main",                                          # init and exit
}
# Tracepoints are fired from any layer, and use nothing but names of layer 0.
ANYWHERE = {"trace"}

LAYER = {name: layer for layer, names in LAYERS.items() for name in names.split()}
# What a compiler may ask for without the source saying so.
COMPILER = re.compile(
    r"__fentry__|mcount|__x86_return_thunk|__x86_indirect_thunk_\w+|__SCT__\w+|"
    r"mem(cpy|set|cmp|move)|__stack_chk_fail|__(asan|ubsan|kcsan|kasan|hwasan|sanitizer)_\w+|"
    r"__gcov_\w+|__llvm_\w+|_GLOBAL_OFFSET_TABLE_")


def symbols(path):
    """(defined, undefined) global symbols of an object."""
    defined, undefined = set(), set()
    out = subprocess.run(["nm", "-g", path], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        *_, kind, name = line.split()
        (undefined if kind in "Uvw" else defined).add(name)
    return defined, undefined


def check(objects):
    """objects: name -> (defined, undefined). Returns a list of faults."""
    faults = []
    home = {symbol: name for name, (defined, _) in objects.items() for symbol in defined}
    for name, (_, undefined) in sorted(objects.items()):
        if name not in LAYER and name not in ANYWHERE:
            faults.append(f"tcpstate_{name}.c stands in no layer: put it into {__file__}")
            continue
        layer = LAYER.get(name, 0)
        for symbol in sorted(undefined):
            callee = home.get(symbol)
            if callee is None:
                if layer == 0 and name not in ANYWHERE and not COMPILER.fullmatch(symbol):
                    faults.append(f"tcpstate_{name}.c is layer 0 and needs {symbol} of the kernel")
            elif callee in ANYWHERE:
                if layer == 0 and name not in ANYWHERE:
                    faults.append(f"tcpstate_{name}.c is layer 0 and fires {symbol}")
            elif LAYER.get(callee, 0) > layer:
                faults.append(f"tcpstate_{name}.c (layer {layer}) reaches up to {symbol} of "
                              f"tcpstate_{callee}.c (layer {LAYER[callee]})")
    return faults


def read(directory):
    objects = {}
    for path in glob.glob(os.path.join(directory, "tcpstate_*.o")):
        name = os.path.basename(path)[len("tcpstate_"):-len(".o")]
        if not name.endswith(".mod"):
            objects[name] = symbols(path)
    return objects


def build(directory, name, source):
    path = os.path.join(directory, f"tcpstate_{name}.o")
    subprocess.run(["gcc", "-c", "-O1", "-x", "c", "-", "-o", path], input=source, text=True,
                   check=True)


def self_test():
    """Every kind of fault, built with the compiler, must be found; a good house not."""
    good = {"fsm": "int fsm(void) { return 0; }",
            "output": "int fsm(void); int output(void) { return fsm(); }",
            "state": "int output(void); int state(void) { return output(); }",
            "sock": "int state(void); int sock(void) { return state(); }"}
    cases = [
        ("a house in order", {}, None),
        ("a call upward", {"output": "int state(void); int output(void) { return state(); }"},
         "reaches up to state "),
        ("a call sideways", {"timer": "int sock(void); int timer(void) { return sock(); }"}, None),
        ("layer 0 with a kernel's function",
         {"seg": "int printk(void); int seg(void) { return printk(); }"}, "needs printk"),
        ("layer 0 that the compiler gave a memcpy",
         {"seg": "void *memcpy(void *, const void *, unsigned long);"
                 "void *seg(void *a, void *b, unsigned long n) { return memcpy(a, b, n); }"}, None),
        ("an address taken upward", {"fsm": "int sock(void); int (*fsm)(void) = sock;"},
         "reaches up to sock "),
        ("an unknown file", {"kitchen": "int kitchen;"}, "stands in no layer"),
    ]
    bad = 0
    for what, change, want in cases:
        directory = tempfile.mkdtemp()
        try:
            for name, source in {**good, **change}.items():
                build(directory, name, source)
            faults = check(read(directory))
        finally:
            shutil.rmtree(directory)
        if bool(faults) != bool(want) or (want and not any(want in f for f in faults)):
            print(f"layers: self-test: {what}: wanted {want!r}, got {faults}")
            bad += 1
    print(f"layers: self-test: {len(cases) - bad} of {len(cases)} as they should be")
    return bad


def main():
    args = [a for a in sys.argv[1:] if a != "--self-test"]
    if "--self-test" in sys.argv:
        return 1 if self_test() else 0
    directory = args[0] if args else os.path.join(os.path.dirname(__file__), "..")
    objects = read(directory)
    if not objects:
        print(f"layers: no tcpstate_*.o in {directory}: run make first")
        return 1
    faults = check(objects)
    for fault in faults:
        print(f"layers: {fault}")
    print(f"layers: {len(objects)} objects, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
