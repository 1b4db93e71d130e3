#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tests vm.sh itself: a command's status comes through, and a panic, a hang, a
# warning in the kernel's log and a VM that just stops are told apart; and each
# kind of report that a debug kernel can make is seen in a log. And what fetches
# virtme-ng works on a machine where nothing was fetched before.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
passed=0 failed=0
out=$(mktemp)
line=$(mktemp)
fresh=$(mktemp -d)
trap 'rm -rf "$out" "$line" "$fresh"' EXIT

check() { # NAME STATUS TEXT OPTION... -- COMMAND...
	local name=$1 want=$2 text=$3 status=0
	shift 3
	"$here/vm.sh" "$@" > "$out" 2>&1 || status=$?
	if [[ $status == "$want" ]] && grep -qF -- "$text" "$out"; then
		passed=$((passed + 1))
		printf 'ok %s\n' "$name"
	else
		failed=$((failed + 1))
		printf 'not ok %s: status %s, expected %s and "%s"\n' "$name" "$status" "$want" "$text"
		sed 's/^/  | /' "$out"
	fi
}

# shellcheck disable=SC2016 # the guest expands it
check success 0 'guest 6.1' -- sh -c 'echo guest $(uname -r)'
check status 7 'the last words' -- sh -c 'echo the last words; exit 7'
check warning 120 'WARNING: CPU: 0' -- \
	sh -c 'echo "WARNING: CPU: 0 PID: 1 at net/none.c:1 nothing+0x0/0x0" > /dev/kmsg'
check panic 121 'Kernel panic' -- sh -c 'echo c > /proc/sysrq-trigger'
check hang 122 'did not end within 3 s' --timeout 3 -- sleep 600
check 'where it hangs' 122 'NMI backtrace for cpu 0' --timeout 3 -- sleep 600
check 'what hangs' 122 ', 1 sleep (S)' --timeout 3 -- sleep 600
check stop 123 'without saying' -- sh -c 'busybox poweroff -f; sleep 60'
check usage 125 'unknown option' --no-such-option 1 -- true

judge() { # NAME STATUS TEXT, a log's lines on stdin
	local text
	while read -r text; do
		printf '[   12.345678][  T123] %s\r\n' "$text" > "$line"
		check "$1: ${text:0:60}" "$2" "$3" --judge "$line"
	done
}

# One line of each kind, as kernels print them.
judge died 121 'the kernel died: ' <<'END'
Kernel panic - not syncing: Fatal exception in interrupt
Oops: 0002 [#1] PREEMPT SMP KASAN NOPTI
BUG: unable to handle page fault for address: ffffc90000a3b000
kernel BUG at net/core/skbuff.c:113!
general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] SMP KASAN
END
judge splat 120 "the kernel's log shows: " <<'END'
------------[ cut here ]------------
WARNING: CPU: 0 PID: 87 at lib/refcount.c:28 refcount_warn_saturate+0xb4/0x140
BUG: KASAN: slab-use-after-free in tcpstate_push+0x12/0x340 [tcpstate]
UBSAN: shift-out-of-bounds in net/none.c:12:3
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: possible irq lock inversion dependency detected
WARNING: inconsistent lock state
WARNING: suspicious RCU usage
WARNING: held lock freed!
WARNING: bad unlock balance detected!
WARNING: lock held when returning to user space!
INFO: trying to register non-static key.
[ BUG: Invalid wait context ]
BUG: sleeping function called from invalid context at include/linux/sched/mm.h:274
BUG: scheduling while atomic: tcpcat/211/0x00000101
BUG: using smp_processor_id() in preemptible [00000000] code: tcpcat/211
BUG: MAX_LOCKDEP_KEYS too low!
ODEBUG: free active (active state 0) object type: timer_list hint: tcpstate_rto+0x0/0x90 [tcpstate]
ODEBUG: Out of memory. ODEBUG disabled
refcount_t: underflow; use-after-free.
ref_tracker: net notrefcnt@ffff888007a3d1e8 has 1/1 users at
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
unreferenced object 0xffff888006f2c000 (size 1024):
BUG tcpstate (Tainted: G           O      ): Objects remaining in tcpstate on __kmem_cache_shutdown()
BUG kmalloc-64 (Not tainted): Right Redzone overwritten
BUG: Bad page state in process tcpcat  pfn:06f2c
list_del corruption, ffff888006f2c000->next is LIST_POISON1 (dead000000000100)
rcu: INFO: rcu_preempt self-detected stall on CPU
watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [tcpcat:211]
BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!
INFO: task rmmod:321 blocked for more than 122 seconds.
unregister_netdevice: waiting for veth0 to become free. Usage count = 2
IPv4: Attempt to release TCP socket in state 1 ffff888006f2c000
tcpcat: page allocation failure: order:0, mode:0x40cc0(GFP_KERNEL|__GFP_COMP)
END
judge silent 0 'no report' <<'END'
Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on!
kmemleak: Kernel memory leak detector initialized (mem pool available: 15679)
tcpstate: loading out-of-tree module taints kernel.
rcu: Hierarchical RCU implementation.
hrtimer: interrupt took 10345678 ns
END

# An apt that knows of no archive: it is asked, so the empty cache was no error.
printf '#!/bin/sh\n' > "$fresh/apt-get"
chmod +x "$fresh/apt-get"
if XDG_CACHE_HOME=$fresh/cache PATH=$fresh:$PATH \
	"$here/../scripts/later.sh" virtme-ng trixie > "$out" 2>&1 ||
	! grep -qxF "later: no Debian archive among apt's sources" "$out"; then
	failed=$((failed + 1))
	printf 'not ok later.sh with nothing in its cache\n'
	sed 's/^/  | /' "$out"
else
	passed=$((passed + 1))
	printf 'ok later.sh with nothing in its cache\n'
fi

printf 'vm_selftest: %s passed, %s failed\n' "$passed" "$failed"
[[ $failed == 0 ]]
