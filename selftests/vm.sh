#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs a command as root in a VM with a Debian 6.1 kernel, or another one, over the
# host's file tree (virtme-ng), and fails when the kernel's log shows a splat.
set -euo pipefail

usage() {
	cat <<'END'
usage: selftests/vm.sh [OPTION]... -- COMMAND [ARGUMENT]...

Runs COMMAND as root in a virtual machine. The guest sees the host's files; what
it writes is lost, except below the folders given by --rw. The working folder is
the current one. Variables named TCPSTATE_* are handed on. stdin is empty.
One VM runs at a time per user; a second one waits for it.

  --cpus N           virtual CPUs (default 1: 2 are for races)
  --memory SIZE      guest memory, in MiB or with suffix M or G (default 1G)
  --timeout SECONDS  limit for COMMAND, from its start (default 600)
  --boot-timeout SECONDS
                     limit until COMMAND starts (default 240)
  --kernel KERNEL    release (6.1.0-NN-amd64, modules in /lib/modules) or path of
                     a kernel image that has 9p, overlay and virtio built in, as
                     scripts/kernel.sh makes them; the default is the newest
                     installed 6.1.*-amd64 whose headers are installed too
  --rw FOLDER        share FOLDER for writing (may be repeated)
  --debug-log FILE   keep the kernel's log there
  --judge FILE       start nothing; judge a log that --debug-log has kept
  --accel KIND       auto, kvm or tcg (default auto: KVM if it really runs)
  --icount           count instructions as time (TCG, one CPU), for figures
                     that repeat
  --kopt ARGUMENT    append to the kernel's command line (may be repeated)
  --qemu ARGUMENT    append to QEMU's command line (may be repeated)
  --quiet            no progress lines, only COMMAND's output and errors
  --help

Exit status: that of COMMAND, or
  120  the kernel's log shows a report of a mistake: a warning, BUG, lockdep,
       KASAN, UBSAN, ODEBUG, refcount, RCU stall, hung task, kmemleak,
       "unregister_netdevice: waiting" ...
  121  the kernel died: panic or oops
  122  COMMAND did not end within --timeout, or the boot within its own limit;
       what each CPU was doing then is printed, and in the log of --debug-log
       what each task was
  123  the VM stopped without saying COMMAND's status
  125  the VM could not be started, or wrong usage
  130  interrupted
COMMAND should leave 120 to 125 to the VM. In all these cases the last lines of
the kernel's log are printed on stderr.
END
}

say() { [[ -n $quiet ]] || printf 'vm: %s\n' "$*" >&2; }
complain() { printf 'vm: %s\n' "$*" >&2; }
die() {
	complain "$*"
	exit 125
}

# Only text that a kernel prints for a mistake counts: a line like
# "Spectre V2 : WARNING: ..." does not. vm_selftest.sh has a line of each kind.
died='^(Kernel panic - not syncing|Oops: |Oops:|BUG: unable to handle|kernel BUG at |general protection fault|double fault|PANIC: |invalid opcode: |divide error: |stack segment: |traps: PANIC)'
splat='^(-+\[ cut here \]-+|WARNING: |BUG: |=*\[ ?BUG: |BUG [^ ]+ \(|watchdog: BUG|hrtimer: .*BUG'
splat+='|INFO: (task .* blocked for more than|suspicious |possible |inconsistent |trying to register non-static key)'
splat+='|(INFO: )?rcu(: INFO:|_).*(stall|starved)|rcu: .*(stall|starved)'
splat+='|UBSAN: |KASAN: |KFENCE: |KCSAN: |KMSAN: |ODEBUG: ([a-z]+ (active|not)|Out of memory)|refcount_t: |ref_tracker: '
splat+='|unreferenced object 0x|kmemleak: ([1-9][0-9]* new suspected|Cannot|Kernel memory leak detector disabled)'
splat+='|(list_(add|del)|slab|Slab|rhashtable) corruption|SLUB: .*(corrupt|Objects remaining)|[^ ]+: page allocation failure'
splat+='|unregister_netdevice: waiting for|(IPv[46]: )?Attempt to release|NETDEV WATCHDOG'
splat+='|DEBUG_LOCKS_WARN_ON|INFO: lockdep is turned off|scheduling while atomic|usercopy: Kernel memory|.*Kernel memory (exposure|overwrite) attempt)'

# The kernel's messages without their time stamps.
strip_stamps() { tr -d '\r' | sed -E 's/^(<[0-9]+>)?(\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? )//'; }

kernel_log() { { cat "$run/console" "$run/dmesg" 2> /dev/null || true; } | strip_stamps; }

# Says what is wrong with a log; its status is 0, or vm.sh's own.
judge_log() { # LOG
	if grep -qE "$died" <<< "$1"; then
		complain "FAILED: the kernel died: $(grep -m1 -E "$died" <<< "$1")"
		grep -n -m1 -B 20 -A 60 -E "$died" <<< "$1" | sed 's/^/  | /' >&2
		return 121
	fi
	if grep -qE "$splat" <<< "$1"; then
		complain "FAILED: the kernel's log shows: $(grep -m1 -E "$splat" <<< "$1")"
		grep -n -m1 -A 60 -E "$splat" <<< "$1" | sed 's/^/  | /' >&2
		return 120
	fi
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/tcpstate
cpus=1 memory=1G timeout=600 boot_timeout=240 kernel='' debug_log='' accel=auto judge=''
icount='' quiet='' rw=() kopt=() qemu=()

while [[ $# -gt 0 ]]; do
	case $1 in
	--help | -h) usage; exit 0 ;;
	--icount) icount=1; shift; continue ;;
	--quiet) quiet=1; shift; continue ;;
	--) shift; break ;;
	--*) [[ $# -ge 2 ]] || die "$1 needs a value (--help explains)" ;;
	*) break ;;
	esac
	case $1 in
	--cpus) cpus=$2 ;;
	--memory) memory=$2 ;;
	--timeout) timeout=$2 ;;
	--boot-timeout) boot_timeout=$2 ;;
	--kernel) kernel=$2 ;;
	--rw) rw+=("$(cd "$2" && pwd -P)") ;;
	--debug-log) debug_log=$2 ;;
	--judge) judge=$2 ;;
	--accel) accel=$2 ;;
	--kopt) kopt+=("$2") ;;
	--qemu) qemu+=("$2") ;;
	*) die "unknown option $1 (--help explains)" ;;
	esac
	shift 2
done
[[ $# -gt 0 || $judge ]] || die "no command (--help explains)"
[[ $cpus =~ ^[1-9][0-9]*$ ]] || die "--cpus: not a number: $cpus"
[[ $timeout =~ ^[1-9][0-9]*$ ]] || die "--timeout: not a number of seconds: $timeout"
[[ $boot_timeout =~ ^[1-9][0-9]*$ ]] || die "--boot-timeout: not a number of seconds: $boot_timeout"

if [[ -n $judge ]]; then
	status=0
	judge_log "$(strip_stamps < "$judge")" || status=$?
	[[ $status != 0 ]] || say "no report of a mistake in $judge"
	exit "$status"
fi

for tool in virtme-run qemu-system-x86_64 busybox flock xz; do
	command -v "$tool" > /dev/null || die "$tool is missing: run scripts/deps.sh vm"
done

# Prints the newest installed 6.1 kernel, by preference one with headers.
newest_kernel() {
	local image release found=''
	while read -r image; do
		release=${image##*/vmlinuz-}
		[[ -d /lib/modules/$release/kernel ]] || continue
		found=${found:-$release}
		[[ -e /lib/modules/$release/build/Makefile ]] || continue
		found=$release
		break
	done < <(find /boot -maxdepth 1 -name 'vmlinuz-6.1.*-amd64' | sort -rV)
	printf '%s' "$found"
}

if [[ -z $kernel ]]; then
	kernel=$(newest_kernel)
	[[ -n $kernel ]] || die "no 6.1 kernel is installed: run scripts/deps.sh vm"
fi
if [[ $kernel == */* ]]; then
	image=$kernel
else
	image=/boot/vmlinuz-$kernel
fi
[[ -r $image ]] || die "cannot read the kernel $image"

# The run's own folder. The guest's init starts from there, so its path must
# survive the kernel's command line.
run=$(mktemp -d "${TMPDIR:-/tmp}/tcpstate-vm.XXXXXX")
[[ $run != *[[:space:]]* ]] || die "TMPDIR has a space in its name"
vm_pid='' out_pid=''

# The VM runs in a process group of its own, under timeout(1), which ends it
# even when this script is killed outright.
stop_vm() {
	[[ -n $vm_pid ]] || return 0
	kill -TERM -- "-$vm_pid" 2> /dev/null || true
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 -- "-$vm_pid" 2> /dev/null || break
		sleep 0.2
	done
	kill -KILL -- "-$vm_pid" 2> /dev/null || true
	wait "$vm_pid" 2> /dev/null || true
	vm_pid=''
}

# shellcheck disable=SC2317 # reached through trap
cleanup() {
	stop_vm
	[[ -z $out_pid ]] || kill "$out_pid" 2> /dev/null || true
	rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir -p "$cache"
exec 9>> "$cache/vm.lock"
if ! flock -n 9; then
	say "another VM is running; waiting for it"
	# One wait, for who asks again goes to the end of the row.
	while sleep 30; do
		say "still waiting for the other VM"
	done 9>&- &
	teller=$!
	flock 9
	kill "$teller"
fi

# True if a vCPU really runs under KVM: a 64 KiB BIOS whose reset vector writes
# 0x10 to the debug-exit port, which makes QEMU exit with 33. Remembered until
# the host boots again, for a KVM that hangs costs the whole bound.
kvm_note=$cache/kvm-$(cat /proc/sys/kernel/random/boot_id 2> /dev/null || echo unknown)
kvm_runs() {
	local status=0
	[[ -w /dev/kvm ]] || return 1
	if [[ ! -e $kvm_note ]]; then
		{
			head -c 65520 /dev/zero
			printf '\xba\xf4\x00\xb0\x10\xee\xf4\xeb\xfd\x00\x00\x00\x00\x00\x00\x00'
		} > "$run/bios"
		timeout -k 1 5 qemu-system-x86_64 -accel kvm -machine pc -nodefaults \
			-display none -bios "$run/bios" -no-reboot \
			-device isa-debug-exit,iobase=0xf4,iosize=1 \
			< /dev/null > /dev/null 2>&1 9>&- || status=$?
		rm -f "$cache"/kvm-*
		echo "$status" > "$kvm_note"
	fi
	[[ $(< "$kvm_note") == 33 ]]
}

[[ -z $icount ]] || accel=tcg
case $accel in
kvm | tcg) ;;
auto)
	accel=tcg
	! kvm_runs || accel=kvm
	;;
*) die "--accel: auto, kvm or tcg, not $accel" ;;
esac

# What the guest finds in the run's folder.
cp "$here/vm_init.sh" "$run/init"
cp "$(command -v busybox)" "$run/busybox"
chmod 755 "$run/init"
mkfifo "$run/output"
{
	printf 'cd %q || exit 125\n' "$(pwd -P)"
	printf 'export PATH=%q HOME=%q LANG=C.UTF-8\n' \
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "$HOME"
	for name in $(compgen -v TCPSTATE_ || true); do
		printf 'export %s=%q\n' "$name" "${!name}"
	done
	printf 'exec'
	printf ' %q' "$@"
	printf '\n'
} > "$run/command"

share() { # TAG FOLDER EXTRA
	printf '%s\n' -fsdev "local,id=$1,path=${2//,/,,},security_model=none,multidevs=remap$3" \
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}
mapfile -t shares < <(share tcpstate_root / ,readonly=on)
: > "$run/mounts"
for i in "${!rw[@]}"; do
	mapfile -t -O "${#shares[@]}" shares < <(share "tcpstate_rw$i" "${rw[i]}" '')
	printf 'tcpstate_rw%s %s\n' "$i" "${rw[i]}" >> "$run/mounts"
done

port() { # NAME CHARDEV
	printf '%s\n' -chardev "file,id=tcpstate_$1,path=$2" \
		-device "virtserialport,name=tcpstate.$1,chardev=tcpstate_$1"
}
mapfile -t ports < <(
	port output "$run/output"
	port status "$run/status"
	port dmesg "$run/dmesg"
)

# shellcheck disable=SC2054 # the commas are the kernel's
kernel_options=(
	"init=$run/init"
	console=ttyS0 earlyprintk=serial,ttyS0,115200 loglevel=8 log_buf_len=4M
	panic=-1 oops=panic
	# For ask_where(): tasks and CPUs.
	unknown_nmi_panic panic_print=0x41
	# Faster under emulation, and no part of what is tested.
	mitigations=off nokaslr tsc=reliable no_timer_check audit=0 apparmor=0
	random.trust_cpu=on cryptomgr.notests i8042.noaux
	"${kopt[@]}"
)

# Prints the path of the kernel without its decompressor, which takes seconds
# under emulation; QEMU enters that one through PVH. Kept in the cache. Prints
# the image itself if it is of another make, or one with KASAN or KMSAN, whose PVH entry looks
# at shadow memory before there is any.
bare_kernel() {
	local bare offset kind
	if grep -qsE '^CONFIG_K[AM]SAN=y' "${image%/*}/.config"; then
		printf '%s' "$image"
		return
	fi
	bare=$cache/vmlinux-$(stat -Lc '%s-%Y' "$image")-${image##*/}
	[[ $image != "$cache"/* ]] || bare=${image%/*}/vmlinux
	if [[ ! -e $bare ]]; then
		for kind in 'xz -dc \xFD7zXZ\x00' 'gzip -dc \x1f\x8b\x08\x00'; do
			offset=$(LC_ALL=C grep -m1 -abo -P "${kind##* }" "$image" | head -n 1 | cut -d: -f1 || true)
			[[ -n $offset ]] || continue
			# shellcheck disable=SC2086 # a command and its option
			tail -c +$((offset + 1)) "$image" | ${kind% *} > "$run/vmlinux" 2> /dev/null || true
			[[ $(head -c 4 "$run/vmlinux" | tail -c 3) != ELF ]] || break
		done
		if [[ $(head -c 4 "$run/vmlinux" 2> /dev/null | tail -c 3) == ELF ]]; then
			mv "$run/vmlinux" "$bare"
		else
			bare=$image
		fi
	fi
	printf '%s' "$bare"
}

# Starts the VM under accelerator $1; sets vm_pid.
start_vm() {
	local args=() option cpu acceleration
	rm -f "$run/status" "$run/dmesg" "$run/console"
	touch "$run/console"
	for option in "${kernel_options[@]}"; do
		args+=("--kopt=$option")
	done
	# shellcheck disable=SC2054 # the commas are QEMU's
	if [[ $1 == kvm ]]; then
		acceleration=(-accel kvm) cpu=host
	elif [[ -n $icount ]]; then
		acceleration=(-accel tcg,thread=single -icount shift=0,sleep=off) cpu=max,la57=off,-erms
	else
		acceleration=(-accel tcg,thread=multi,tb-size=256) cpu=max,la57=off
	fi
	# set -m gives the job its own process group.
	set -m
	timeout --foreground -k 5 $((boot_timeout + timeout + 60)) \
		virtme-run --kimg "$image" --mods auto --disable-kvm --force-9p --disable-monitor \
		--force-initramfs \
		--overlay-rwdir /run \
		--cpus "$cpus" --memory "$memory" "${args[@]}" \
		--qemu-opts "${acceleration[@]}" -cpu "$cpu" -no-reboot \
		-qmp "unix:$run/qmp,server=on,wait=off" \
		-kernel "$(bare_kernel)" "${shares[@]}" -device virtio-serial-pci "${ports[@]}" "${qemu[@]}" \
		< /dev/null > "$run/console" 2> "$run/stderr" 8>&- &
	vm_pid=$!
	set +m
}

# A kernel that hangs is asked where: an NMI makes it panic and tell of each CPU and task.
ask_where() {
	local i
	kernel_log > "$run/unasked"
	python3 - "$run/qmp" <<- 'END' || return 0
		import socket, sys
		qmp = socket.socket(socket.AF_UNIX)
		qmp.settimeout(5)
		qmp.connect(sys.argv[1])
		lines = qmp.makefile()
		lines.readline()
		for command in "qmp_capabilities", "inject-nmi":
		    qmp.sendall(b'{"execute": "%s"}\n' % command.encode())
		    while '"return"' not in lines.readline():
		        pass
	END
	for ((i = 0; i < 300; i++)); do
		kill -0 "$vm_pid" 2> /dev/null || break
		sleep 0.1
	done
}

show_log() {
	complain "last lines of the kernel's log:"
	tail -n 40 "$run/log" | sed 's/^/  | /' >&2
	[[ ! -s $run/stderr ]] || tr -d '\r' < "$run/stderr" |
		grep -vE '^\[ *[0-9]+\.[0-9]+\]|^$' | tail -n 10 | sed 's/^/  qemu| /' >&2 || true
}

# True once the kernel itself, not only its decompressor, has written a line.
kernel_speaks() { grep -qs 'Linux version' "$run/console"; }

# Waits for the VM. Prints heartbeats while it boots; sets verdict to ended,
# hang, boot-hang or no-first-line.
watch_vm() { # ACCELERATOR
	local began=$SECONDS started='' beat=$SECONDS line
	verdict=ended
	while kill -0 "$vm_pid" 2> /dev/null; do
		sleep 0.1
		if [[ -z $started ]]; then
			if grep -qs '^started' "$run/status"; then
				started=$SECONDS
				say "booted in $((SECONDS - began)) s"
			elif [[ $1 == kvm && $((SECONDS - began)) -ge 10 ]] && ! kernel_speaks; then
				verdict=no-first-line
				return
			elif [[ $((SECONDS - began)) -ge $boot_timeout ]]; then
				verdict=boot-hang
				return
			elif [[ $((SECONDS - beat)) -ge 5 ]]; then
				beat=$SECONDS
				line=$(tail -n 1 "$run/console" | tr -cd '[:print:]' | cut -c 1-70)
				say "booting, $((SECONDS - began)) s: $line"
			fi
		elif [[ $((SECONDS - started)) -ge $timeout ]]; then
			verdict=hang
			return
		elif [[ $((SECONDS - beat)) -ge 60 ]]; then
			beat=$SECONDS
			say "running, $((SECONDS - started)) s of at most $timeout s"
		fi
	done
}

attempt() { # ACCELERATOR
	local name='software emulation (TCG)'
	[[ $1 == tcg ]] || name=KVM
	say "booting ${image##*/vmlinuz-} on $name, $cpus CPU(s), $memory"
	# Opened for both directions, so that neither side waits for the other; the
	# reader's own end sees the end of file once the VM and fd 8 are closed.
	exec 8<> "$run/output"
	cat 8>&- 9>&- < "$run/output" &
	out_pid=$!
	start_vm "$1"
	watch_vm "$1"
	[[ $verdict != *hang ]] || ask_where
	stop_vm
	exec 8>&-
	wait "$out_pid" 2> /dev/null || true
	out_pid=''
	# A KVM that cannot take the CPU model makes QEMU give up at once.
	[[ $1 != kvm ]] || kernel_speaks || verdict=no-first-line
}

attempt "$accel"
if [[ $verdict == no-first-line ]]; then
	say "KVM runs, but the kernel's first line did not come; TCG from now on"
	echo late > "$kvm_note"
	attempt tcg
fi
[[ -z $debug_log ]] || kernel_log > "$debug_log"
if [[ -e $run/unasked ]]; then
	complain "what it was doing$([[ -z $debug_log ]] || printf ' (all of it: %s)' "$debug_log"):"
	kernel_log | tail -n +"$(wc -l < "$run/unasked")" > "$run/answer"
	sed -n '1,90s/^/  | /p' "$run/answer" >&2
	complain "its tasks: $(sed -nE 's/^task:([^ ]+) +state:([A-Z]).*/\1 (\2)/p' "$run/answer" |
		sort | uniq -c | awk '{ printf "%s%s %s %s", (NR > 1 ? ", " : ""), $1, $2, $3 }')"
	mv "$run/unasked" "$run/log"
else
	kernel_log > "$run/log"
fi

status=$(sed -n 's/^status //p' "$run/status" 2> /dev/null || true)
judged=0
judge_log "$(< "$run/log")" || judged=$?
[[ $judged == 0 ]] || exit "$judged"
case $verdict in
hang)
	complain "FAILED: the command did not end within $timeout s"
	show_log
	exit 122
	;;
boot-hang | no-first-line)
	complain "FAILED: the VM did not boot within $boot_timeout s"
	show_log
	exit 122
	;;
esac
if [[ -z $status ]]; then
	complain "FAILED: the VM stopped without saying the command's status"
	show_log
	exit 123
fi
[[ $status == 0 ]] || say "the command's status is $status"
exit "$status"
