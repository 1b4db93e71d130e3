# SPDX-License-Identifier: GPL-2.0
#
# make		build tcpstate.ko against the installed headers (KDIR= for others)
# make check	every test; ends with "N passed, N failed"
#		(T="NAME..." these kselftests only; KERNEL=6.1 on a small kernel)
# make check-all	more than "make check": all of it on both wires, and the wire tests
#		on the in-tree TCP beside ours
# make check-debug	the kselftests in a kernel with KASAN, lockdep, kmemleak
# make check-kmsan	a dozen kselftests in a kernel with KMSAN (memory that nobody has written)
# make check-fuzz	libFuzzer on the pure files, a million hostile segments and
#		hostile calls in the VM (TCPSTATE_FUZZ_SECONDS, _SEED, _ROUNDS, _CALLS)
# make check-programs	unchanged programs on AF_TCPSTATE, more than "make check" runs
# make tools	build tcpstate and tcpstate-run (make -C tools install puts it in its place)
# make demo	see it work
# make bench	figures beside those of the in-tree TCP (REAL=1: real time in the VM,
#		REAL=host: on this machine; SMALL=1: without 100,000 connections)
# make lab	list the labs; LAB=NAME plays one and draws it
# make pictures	play all labs and renew the pictures of the documents
# make clean	remove what was built

KDIR ?= $(shell ls -d /lib/modules/*/build 2>/dev/null | grep -E '/6\.1\.' | sort -V | tail -n 1)

all: modules

modules: headers
	$(MAKE) -C $(KDIR) M=$(CURDIR) W=1 $(if $(C),C=$(C)) $(if $(CF),CF="$(CF)") modules

# Without root this only says what is missing.
headers:
	@test -n "$(KDIR)" || { \
		echo "no kernel headers: apt-get install linux-headers-amd64, or KDIR=DIR" >&2; \
		exit 1; }

check:
	@scripts/check.sh $(KERNEL:%=--kernel %) $(T)

check-all:
	@scripts/check.sh --all

check-debug:
	@scripts/check.sh --debug $(KERNEL:%=--kernel %) $(T)

check-kmsan:
	@scripts/check.sh --kmsan $(KERNEL:%=--kernel %) $(T)

check-fuzz:
	@scripts/check.sh --fuzz

check-programs:
	@scripts/check.sh --programs

tools:
	$(MAKE) -C tools

demo:
	@scripts/demo.sh

bench:
	@bench/run.sh $(if $(SMALL),--small) $(if $(filter host,$(REAL)),--host,$(if $(REAL),--real))

lab:
	@scripts/lab.sh $(LAB)

pictures:
	@scripts/pictures.sh

clean:
	$(if $(KDIR),$(MAKE) -C $(KDIR) M=$(CURDIR) clean)
	rm -rf build

.PHONY: all modules headers check check-all check-debug check-kmsan check-fuzz check-programs tools demo \
	lab pictures bench clean
