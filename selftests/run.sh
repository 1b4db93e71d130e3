#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Runs the installed kselftests with the module loaded, inside the VM that vm.sh
# starts, and counts the results.
set -euo pipefail

usage() {
	cat <<'END'
usage: selftests/run.sh [-k MODULE] [-d FOLDER] [-r FILE] [-g FOLDER] [-t NAME]...

  -k MODULE  the module to load (default: tcpstate.ko beside selftests/)
  -d FOLDER  the installed tests (default: build/kselftest, from
             "make -C selftests install")
  -r FILE    write the counts to FILE: "passed failed skipped" in the first line,
             then the names of what failed
  -t NAME    run this test only, without its suffix (may be repeated)
  -g FOLDER  copy what a module built with TCPSTATE_GCOV=y has counted there

TCPSTATE_FAMILY=2 runs the tests on the in-tree TCP; then the module may be
missing. TCPSTATE_SLOW=N multiplies all deadlines by N, for slow kernels.
Loading, each test case, and unloading count as one each; so do, in a kernel that
has them, lockdep still being on at the end and kmemleak finding nothing.
Exit status: 0 if all passed or were skipped, 1 if any failed.
END
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=$here/../tcpstate.ko folder=$here/../build/kselftest results='' counts_to='' names=()
while getopts k:d:r:g:t:h option; do
	case $option in
	k) module=$OPTARG ;;
	d) folder=$OPTARG ;;
	r) results=$OPTARG ;;
	g) counts_to=$OPTARG ;;
	t) names+=("$OPTARG") ;;
	h) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac
done
module=$(realpath -m "$module")
folder=$(realpath -m "$folder")
[[ -z $results ]] || results=$(realpath -m "$results")
[[ -z $counts_to ]] || counts_to=$(realpath -m "$counts_to")
passed=0 failed=0 skipped=0 bad=()

good() { passed=$((passed + 1)); }
wrong() {
	failed=$((failed + 1))
	bad+=("$1")
	printf 'not ok: %s\n' "$1"
}

finish() {
	printf 'selftests: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
	if [[ -n $results ]]; then
		{
			printf '%s %s %s\n' "$passed" "$failed" "$skipped"
			[[ ${#bad[@]} == 0 ]] || printf '%s\n' "${bad[@]}"
		} > "$results"
	fi
	[[ $failed == 0 ]]
	exit
}

kmemleak=/sys/kernel/debug/kmemleak
[[ -e $kmemleak ]] || kmemleak=''

# Nothing that was allocated since the module was loaded may be lost. An object
# counts as lost when two scans say so, at least 5 seconds after its allocation.
no_leaks() { # WHEN
	local leaks
	[[ -n $kmemleak ]] || return 0
	sleep 6
	echo scan > "$kmemleak"
	echo scan > "$kmemleak"
	leaks=$(< "$kmemleak")
	if [[ -z $leaks ]]; then
		good
	else
		printf '%s\n' "$leaks" | sed 's/^/# /'
		wrong "kmemleak $1: $(grep -c '^unreferenced object' <<< "$leaks") leaks"
		echo clear > "$kmemleak"
	fi
}

# Most of a test is waiting for timers, and each case lives in a network namespace of
# its own: one program runs on each CPU, pinned there, so that a segment and its answer
# are not spread over both. Those that sleep nearly all the time go one after the other
# beside them, on any CPU. Races want all CPUs, and what unloads the module, sets the
# clock or lets memory fail wants to be the only one: these run last, alone.
tap=/run/tcpstate.tap
run_programs() {
	local alone=() together=() asleep=() name cpu

	for name in "${select[@]}"; do
		case $name in
		*:module_test.sh | *:sock_race | *:sock_thread | *:sock_fuzz | \
		*:sock_faults | *:sock_upheaval) alone+=("$name") ;;
		*:wire_keepalive | *:wire_persist | *:wire_retransmit) asleep+=("$name") ;;
		*) together+=("$name") ;;
		esac
	done
	printf '%s\n' "${together[@]}" > /run/tcpstate.queue
	printf '%s\n' "${asleep[@]}" > /run/tcpstate.asleep
	: > "$tap"
	for ((cpu = 0; cpu < $(nproc); cpu++)); do
		run_queue queue "$cpu" &
	done
	run_queue asleep "0-$((cpu - 1))" &
	wait
	printf '%s\n' "${alone[@]}" > /run/tcpstate.alone
	run_queue alone "0-$((cpu - 1))"
}

# Takes programs off a queue; what each has printed comes out in one piece.
run_queue() { # QUEUE CPUS
	local name began out=/run/tcpstate.out.$1.$2

	while name=$(flock "$tap" sed -i -e '1{w /dev/stdout' -e 'd}' "/run/tcpstate.$1") &&
		[[ -n $name ]]; do
		began=$SECONDS
		# Through a pipe: the runner opens /dev/stdout anew, at the start of a file.
		taskset -c "$2" ./run_kselftest.sh -t "$name" < /dev/null 2>&1 | cat > "$out"
		printf '# %s took %s s\n' "${name#*:}" $((SECONDS - began)) >> "$out"
		flock "$tap" tee -a "$tap" < "$out"
	done
}

mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
# Traces without names of processes: for these the kernel would patch its scheduler while
# the other CPU is in it, and QEMU 7.2 may then run the old code for ever.
echo 0 > /sys/kernel/tracing/options/record-cmd
ip link set lo up

loaded=''
if [[ -e $module ]]; then
	[[ -z $kmemleak ]] || { echo scan > "$kmemleak" && echo clear > "$kmemleak"; }
	for needed in $(modinfo -F depends "$module" | tr ',' ' '); do
		modprobe "$needed"
	done
	if insmod "$module"; then
		loaded=1
		good
	else
		wrong "insmod ${module##*/}"
		finish
	fi
	export TCPSTATE_KO=$module
elif [[ ${TCPSTATE_FAMILY:-} == 2 ]]; then
	printf '# no %s: the in-tree TCP alone is tested\n' "${module##*/}"
else
	wrong "${module##*/} does not exist (make builds it; TCPSTATE_FAMILY=2 goes without)"
	finish
fi

cd "$folder"
select=()
for name in "${names[@]}"; do
	found=$(grep -m1 -E "^tcpstate:${name}(\.sh)?\$" kselftest-list.txt || true)
	if [[ -n $found ]]; then
		select+=("$found")
	else
		wrong "no such test: $name"
	fi
done
[[ ${#names[@]} != 0 ]] || mapfile -t select < kselftest-list.txt
if [[ ${#select[@]} -gt 0 ]]; then
	run_programs

	# A program that prints cases ("# ok 1 ...") counts as its cases; one
	# that does not, or that fails although all its cases passed, counts
	# itself.
	# The runner may say what became of a program before the last lines of its
	# own have come through the runner's pipe: a program ends where the next begins.
	counts=$(awk '
		function finish(  i) {
			if (verdict == "") return
			whole = verdict ~ /^ok/
			if (whole && verdict ~ /# SKIP/ && ok + bad + skip == 0) skip = 1
			else if (whole && ok + bad + skip == 0) ok = 1
			else if (!whole && bad == 0) {
				why = verdict; sub(/^[^#]*# ?/, "", why); bad = 1; name[1] = "(" why ")"
			}
			for (i = 1; i <= bad; i++) print "bad " program ": " name[i]
			passed += ok; failed += bad; skipped += skip; programs++
			verdict = ""
		}
		/^# selftests: / { finish(); in_program = 1; ok = bad = skip = 0; next }
		in_program && /^# +not ok [0-9]+/ {
			if (/# SKIP/) { skip++; next }
			bad++; line = $0; sub(/^# +not ok [0-9]+ *-? */, "", line); name[bad] = line; next
		}
		in_program && /^# +ok [0-9]+/ { if (/# SKIP/) skip++; else ok++; next }
		/^(not )?ok [0-9]+ selftests: / {
			program = $0; sub(/^.*selftests: [^:]*: /, "", program); sub(/ #.*/, "", program)
			verdict = $0
		}
		END { finish(); print "counts", passed + 0, failed + 0, skipped + 0, programs + 0 }
	' "$tap")
	read -r _ ok not_ok skip programs <<< "$(grep '^counts ' <<< "$counts")"
	passed=$((passed + ok)) failed=$((failed + not_ok)) skipped=$((skipped + skip))
	mapfile -t -O "${#bad[@]}" bad < <(sed -n 's/^bad //p' <<< "$counts")
	[[ $programs == "${#select[@]}" ]] || wrong "$programs of ${#select[@]} test programs ran"
fi

# Connections that the tests have left without an owner would hold the module
# until their peers, which are gone, have not answered long enough; namespaces
# that go away in the background hold it for a moment.
if [[ -n $loaded ]]; then
	echo 1 > /sys/module/tcpstate/parameters/abort_orphans
	# While the names of its functions are known, and below again without it.
	printf '# tcpstate is at %s\n' "$(cat /sys/module/tcpstate/sections/.text)"
	no_leaks 'before rmmod'
	gone='' began=$SECONDS
	for ((i = 0; i < 120 * ${TCPSTATE_SLOW:-1}; i++)); do
		if rmmod tcpstate 2> /run/rmmod.err; then
			gone=1
			break
		fi
		sleep 1
	done
	printf '# rmmod tcpstate took %s s\n' $((SECONDS - began))
	if [[ -n $gone ]]; then
		good
	else
		wrong "rmmod tcpstate: $(cat /run/rmmod.err)"
	fi
	no_leaks 'after rmmod'
	# The kernel keeps the counts of modules that are gone, loaded twice or not.
	if [[ -n $counts_to ]]; then
		mkdir -p "$counts_to"
		for file in /sys/kernel/debug/gcov/"${module%/*}"/*.gcda; do
			cat "$file" > "$counts_to/${file##*/}"
		done
	fi
fi
if [[ -e /proc/lockdep_stats ]]; then
	# It switches itself off at its first report, and when its tables are full.
	if grep -qE 'debug_locks: +1' /proc/lockdep_stats; then
		good
	else
		wrong 'lockdep is off'
	fi
fi
finish
