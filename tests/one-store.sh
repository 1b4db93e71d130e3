#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# One function alone changes a state: nothing but tcpstate_state.c stores
# sk_state or flow.state, in any of the kernel's ways.
#
# usage: one-store.sh [--self-test] [DIR]

stores="sk_state[[:space:]]*([-+|&^]?=[^=]|\+\+|--)"
stores="$stores|flow(\.|->)state[[:space:]]*([-+|&^]?=[^=]|\+\+|--)"
stores="$stores|(WRITE_ONCE|smp_store_release|xchg|cmpxchg)[[:space:]]*\("
stores="${stores}[^,;]*(sk_state|flow(\.|->)state)[[:space:]]*,"
stores="$stores|inet_sk_set_state[[:space:]]*\(|inet_sk_state_store[[:space:]]*\("
stores="$stores|tcp_set_state[[:space:]]*\("

# Prints the lines that store a state outside of the choke point; true if there are any.
search() {
	find "$1" -maxdepth 1 -name '*.[ch]' ! -name tcpstate_state.c ! -name '*.mod.c' \
		-exec cat {} + | grep -qE "$stores" || return 1
	find "$1" -maxdepth 1 -name '*.[ch]' ! -name tcpstate_state.c ! -name '*.mod.c' \
		-exec grep -nHE "$stores" {} +
	return 0
}

self_test() {
	dir=$(mktemp -d) || exit 1
	trap 'rm -rf "$dir"' EXIT
	bad=0 n=0
	while IFS='	' read -r want line; do
		n=$((n + 1))
		printf '%s\n' "$line" > "$dir/tcpstate_x.c"
		search "$dir" > /dev/null && got=yes || got=no
		[ "$got" = "$want" ] && continue
		echo "one-store: self-test: $line: wanted $want, got $got"
		bad=$((bad + 1))
	done <<- 'LINES'
	yes	sk->sk_state = TCP_CLOSE;
	yes	sk->sk_state=TCP_CLOSE;
	yes	newsk->sk_state  = state;
	yes	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	yes	smp_store_release(&sk->sk_state, TCP_CLOSE);
	yes	xchg(&sk->sk_state, TCP_CLOSE);
	yes	inet_sk_set_state(sk, TCP_CLOSE);
	yes	inet_sk_state_store(sk, TCP_CLOSE);
	yes	tcp_set_state(sk, TCP_CLOSE);
	yes	ts->flow.state = TCPSTATE_CLOSE;
	yes	flow->state = 1; sk->sk_state |= 1;
	yes	smp_store_release(&tcpstate_sk(sk)->flow.state, state);
	no	if (sk->sk_state == TCP_CLOSE)
	no	if (sk->sk_state != TCP_CLOSE)
	no	switch (READ_ONCE(sk->sk_state)) {
	no	sock->state = SS_CONNECTED;
	no	smp_load_acquire(&ts->flow.state);
	LINES
	mv "$dir/tcpstate_x.c" "$dir/tcpstate_state.c"
	echo 'sk->sk_state = 1;' > "$dir/tcpstate_state.c"
	if search "$dir" > /dev/null; then
		echo "one-store: self-test: the choke point itself"
		bad=$((bad + 1))
	fi
	echo "one-store: self-test: $((n + 1 - bad)) of $((n + 1)) as they should be"
	[ "$bad" = 0 ]
	exit
}

[ "$1" = --self-test ] && self_test
dir=${1:-$(dirname "$0")/..}
[ -e "$dir/tcpstate_state.c" ] || { echo "one-store: no tcpstate_state.c in $dir"; exit 1; }
if search "$dir"; then
	echo "one-store: a state is stored outside of tcpstate_state.c"
	exit 1
fi
echo "one-store: tcpstate_state.c alone stores states"
