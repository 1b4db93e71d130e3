// SPDX-License-Identifier: GPL-2.0
/*
 * Prints the rows of one family: that of TCPSTATE_FAMILY. See side.h.
 *
 * usage: sidebyside [STATE]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>

#include "side.h"
#include "lib/sock.h"

void * volatile side_bad = (void *)8;
volatile int side_parts_negative = -1, side_parts_many = 1025;

/* Calls that other files want in the same place for all states. */
static int hold_port(void)
{
	int fd = sock_new(0);

	/*
	 * And the kernel switches the times of segments on some time after the first socket
	 * has asked for them: there is one that does, all the time.
	 */
	sock_set(sock_intree(), SOL_SOCKET, SO_TIMESTAMP, 1);
	return sock_bind(fd, "127.0.0.2", 7776);
}

/* The in-tree TCP without what ours says that it has not: that says no in the same way. */
static int set_knobs(void)
{
	int fd = open("/proc/sys/net/ipv4/tcp_congestion_control", O_WRONLY);
	bool ok = fd >= 0 && write(fd, "reno", 4) == 4;

	close(fd);
	return ok ? wire_write_file("/proc/sys/net/ipv4/tcp_fastopen", 0) : -1;
}

int main(int argc, char **argv)
{
	const struct side_state *state;
	struct side s = { 0 };
	long long began;
	struct wire w;
	int i;

	setvbuf(stdout, NULL, _IOFBF, 1 << 16);
	if (wire_init(&w) || hold_port() || set_knobs()) {
		printf("no wire\n");
		return 1;
	}
	s.w = &w;
	for (i = 0; i < side_nstates; i++) {
		state = &side_states[i];
		if (argc > 1 && strcmp(argv[1], state->name))
			continue;
		began = sock_ms();
		side_fresh(&s, state);
		side_calls(&s);
		side_messages(&s);
		side_waiting(&s);
		if (state->options)
			side_options(&s);
		side_end();
		side_drop(&s);
		fprintf(stderr, "%s: %lld ms\n", state->name, sock_ms() - began);
	}
	wire_fini(&w);
	return 0;
}
