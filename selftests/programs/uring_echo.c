// SPDX-License-Identifier: GPL-2.0
/*
 * An echo server and its client, whose calls after bind and listen all go through
 * io_uring: accept, connect, recv, send, shutdown, close.
 *
 *	uring_echo -l ADDRESS PORT		serves until it is ended
 *	uring_echo -m ADDRESS PORT		the same, with multishot accept and recv: one call
 *						gives many results, in buffers of the ring's
 *	uring_echo ADDRESS PORT CONNECTIONS	sends standard input by each connection,
 *						and compares what comes back
 */
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS	64
#define PIECE		16384

static struct io_uring ring;

static void fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	exit(1);
}

static struct io_uring_sqe *next_entry(void)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(&ring);

	if (!entry) {
		io_uring_submit(&ring);
		entry = io_uring_get_sqe(&ring);
	}
	if (!entry)
		fail("io_uring_get_sqe", EBUSY);
	return entry;
}

static struct io_uring_cqe *next_result(void)
{
	struct io_uring_cqe *result;
	int err;

	do
		err = io_uring_submit_and_wait(&ring, 1);
	while (err == -EINTR);
	if (err < 0)
		fail("io_uring_submit_and_wait", -err);
	err = io_uring_peek_cqe(&ring, &result);
	if (err)
		fail("io_uring_peek_cqe", -err);
	return result;
}

/* What one connection waits for. */
enum step { STEP_ACCEPT, STEP_CONNECT, STEP_RECEIVE, STEP_SEND, STEP_SHUTDOWN, STEP_CLOSE };

struct call {
	struct connection *connection;
	enum step step;
};

struct connection {
	struct call receive;	/* and accept, connect, close */
	struct call send;	/* and shutdown */
	bool used;
	int fd;
	size_t sent;
	size_t received;
	size_t filled;		/* of the server: octets in buffer */
	char buffer[PIECE];
};

static struct connection connections[CONNECTIONS];

static void init_connection(struct connection *connection, int fd)
{
	connection->used = true;
	connection->fd = fd;
	connection->receive.connection = connection;
	connection->send.connection = connection;
	connection->sent = 0;
	connection->received = 0;
}

static void submit(struct io_uring_sqe *entry, struct call *call, enum step step)
{
	call->step = step;
	io_uring_sqe_set_data(entry, call);
}

static void receive(struct connection *connection)
{
	struct io_uring_sqe *entry = next_entry();

	io_uring_prep_recv(entry, connection->fd, connection->buffer, PIECE, 0);
	submit(entry, &connection->receive, STEP_RECEIVE);
}

static void finish(struct connection *connection)
{
	struct io_uring_sqe *entry = next_entry();

	io_uring_prep_close(entry, connection->fd);
	submit(entry, &connection->receive, STEP_CLOSE);
}

/* One call for the listener: it carries no connection. */
static struct call accept_call;

static void accept_next(int listener)
{
	struct io_uring_sqe *entry = next_entry();

	io_uring_prep_accept(entry, listener, NULL, NULL, SOCK_CLOEXEC);
	submit(entry, &accept_call, STEP_ACCEPT);
}

static void accepted(int fd, void (*begin)(struct connection *connection))
{
	int i;

	if (fd < 0)
		fail("accept", -fd);
	for (i = 0; i < CONNECTIONS; i++)
		if (!connections[i].used) {
			init_connection(&connections[i], fd);
			begin(&connections[i]);
			return;
		}
	close(fd);
}

static void send_back(struct connection *connection)
{
	struct io_uring_sqe *entry = next_entry();

	io_uring_prep_send(entry, connection->fd, connection->buffer + connection->sent,
			   connection->filled - connection->sent, MSG_NOSIGNAL);
	submit(entry, &connection->send, STEP_SEND);
}

static void serve_step(struct call *call, int result, int listener)
{
	struct connection *connection = call->connection;

	switch (call->step) {
	case STEP_ACCEPT:
		accepted(result, receive);
		accept_next(listener);
		break;
	case STEP_RECEIVE:
		if (result < 0)
			fprintf(stderr, "recv: %s\n", strerror(-result));
		connection->filled = result > 0 ? result : 0;
		connection->sent = 0;
		if (result > 0)
			send_back(connection);
		else
			finish(connection);
		break;
	case STEP_SEND:
		if (result < 0)
			fail("send", -result);
		connection->sent += result;
		if (connection->sent < connection->filled)
			send_back(connection);
		else
			receive(connection);
		break;
	case STEP_CLOSE:
		connection->used = false;
		break;
	default:
		break;
	}
}

/* --- the same with multishot --- */

#define PIECES	128	/* a power of two */

/* Buffers that the kernel takes from; each is sent back as it came, in its order. */
static struct io_uring_buf_ring *pieces;
static char piece_text[PIECES][PIECE];
static struct {
	int size, next;
} piece[PIECES];
static int pieces_out;

/* The pieces of a connection that wait to be sent, the first one being sent. */
static struct line {
	int first, last;
	bool ended;	/* nothing more comes */
	bool starved;	/* there was no buffer: ask again */
} lines[CONNECTIONS];

static void give_piece(int i)
{
	io_uring_buf_ring_add(pieces, piece_text[i], PIECE, i, io_uring_buf_ring_mask(PIECES), 0);
	io_uring_buf_ring_advance(pieces, 1);
}

static void make_pieces(void)
{
	struct io_uring_buf_reg reg = { .ring_entries = PIECES };
	void *area;
	int i, err;

	err = posix_memalign(&area, sysconf(_SC_PAGESIZE), PIECES * sizeof(struct io_uring_buf));
	if (err)
		fail("posix_memalign", err);
	pieces = area;
	io_uring_buf_ring_init(pieces);
	reg.ring_addr = (unsigned long)pieces;
	err = io_uring_register_buf_ring(&ring, &reg, 0);
	if (err)
		fail("io_uring_register_buf_ring", -err);
	for (i = 0; i < PIECES; i++)
		give_piece(i);
}

static struct line *line_of(const struct connection *connection)
{
	return &lines[connection - connections];
}

static void receive_many(struct connection *connection)
{
	struct io_uring_sqe *entry = next_entry();

	io_uring_prep_recv_multishot(entry, connection->fd, NULL, 0, 0);
	entry->flags |= IOSQE_BUFFER_SELECT;
	entry->buf_group = 0;
	submit(entry, &connection->receive, STEP_RECEIVE);
}

static void accept_many(int listener)
{
	struct io_uring_sqe *entry = next_entry();

	io_uring_prep_multishot_accept(entry, listener, NULL, NULL, SOCK_CLOEXEC);
	submit(entry, &accept_call, STEP_ACCEPT);
}

static void send_first(struct connection *connection)
{
	struct io_uring_sqe *entry = next_entry();
	int i = line_of(connection)->first;

	io_uring_prep_send(entry, connection->fd, piece_text[i] + connection->sent,
			   piece[i].size - connection->sent, MSG_NOSIGNAL);
	submit(entry, &connection->send, STEP_SEND);
}

static void take_piece(struct connection *connection, int i, int size)
{
	struct line *line = line_of(connection);

	pieces_out++;
	piece[i].size = size;
	piece[i].next = -1;
	if (line->first >= 0) {
		piece[line->last].next = i;
		line->last = i;
		return;
	}
	line->first = i;
	line->last = i;
	connection->sent = 0;
	send_first(connection);
}

static void piece_sent(struct connection *connection, int size)
{
	struct line *line = line_of(connection);
	int i = line->first, k;

	connection->sent += size;
	if (connection->sent == (size_t)piece[i].size) {
		line->first = piece[i].next;
		connection->sent = 0;
		give_piece(i);
		pieces_out--;
		for (k = 0; k < CONNECTIONS; k++)
			if (lines[k].starved) {
				lines[k].starved = false;
				receive_many(&connections[k]);
			}
	}
	if (line->first >= 0)
		send_first(connection);
	else if (line->ended)
		finish(connection);
}

static void begin_many(struct connection *connection)
{
	*line_of(connection) = (struct line){ .first = -1 };
	receive_many(connection);
}

static void serve_many_step(struct call *call, int result, unsigned int flags, int listener)
{
	struct connection *connection = call->connection;

	switch (call->step) {
	case STEP_ACCEPT:
		accepted(result, begin_many);
		if (!(flags & IORING_CQE_F_MORE))
			accept_many(listener);
		break;
	case STEP_RECEIVE:
		if (result > 0) {
			take_piece(connection, flags >> IORING_CQE_BUFFER_SHIFT, result);
			if (!(flags & IORING_CQE_F_MORE))
				receive_many(connection);
			break;
		}
		if (result == -ENOBUFS) {
			/* They may all have come back since. */
			if (pieces_out)
				line_of(connection)->starved = true;
			else
				receive_many(connection);
			break;
		}
		if (result < 0)
			fprintf(stderr, "recv: %s\n", strerror(-result));
		line_of(connection)->ended = true;
		if (line_of(connection)->first < 0)
			finish(connection);
		break;
	case STEP_SEND:
		if (result < 0)
			fail("send", -result);
		piece_sent(connection, result);
		break;
	case STEP_CLOSE:
		connection->used = false;
		break;
	default:
		break;
	}
}

static void serve(const struct sockaddr_in *address, bool many)
{
	struct io_uring_cqe *result;
	unsigned int flags;
	int fd, one = 1;
	struct call *call;
	int got;

	if (many)
		make_pieces();
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) || listen(fd, 64))
		fail("listen", errno);
	if (many)
		accept_many(fd);
	else
		accept_next(fd);
	for (;;) {
		result = next_result();
		call = io_uring_cqe_get_data(result);
		got = result->res;
		flags = result->flags;
		io_uring_cqe_seen(&ring, result);
		if (many)
			serve_many_step(call, got, flags, fd);
		else
			serve_step(call, got, fd);
	}
}

static char *text;
static size_t text_size;

static void read_text(void)
{
	size_t room = 0;
	ssize_t got;

	do {
		if (text_size == room) {
			room += 1 << 20;
			text = realloc(text, room);
			if (!text)
				fail("realloc", ENOMEM);
		}
		got = read(0, text + text_size, room - text_size);
		if (got < 0)
			fail("read", errno);
		text_size += got;
	} while (got);
}

static void send_more(struct connection *connection)
{
	struct io_uring_sqe *entry = next_entry();
	size_t left = text_size - connection->sent;

	if (!left) {
		io_uring_prep_shutdown(entry, connection->fd, SHUT_WR);
		submit(entry, &connection->send, STEP_SHUTDOWN);
		return;
	}
	io_uring_prep_send(entry, connection->fd, text + connection->sent,
			   left < 4 * PIECE ? left : 4 * PIECE, MSG_NOSIGNAL);
	submit(entry, &connection->send, STEP_SEND);
}

/* True once the connection is done. */
static bool dial_step(struct call *call, int result)
{
	static const char *const names[] = { "accept", "connect", "recv", "send", "shutdown",
					     "close" };
	struct connection *connection = call->connection;

	if (result < 0)
		fail(names[call->step], -result);
	switch (call->step) {
	case STEP_CONNECT:
		receive(connection);
		send_more(connection);
		break;
	case STEP_SEND:
		connection->sent += result;
		send_more(connection);
		break;
	case STEP_RECEIVE:
		if (!result) {
			if (connection->received != text_size)
				fail("end of stream", ENODATA);
			finish(connection);
			break;
		}
		if (connection->received + result > text_size ||
		    memcmp(connection->buffer, text + connection->received, result))
			fail("echo", EBADMSG);
		connection->received += result;
		receive(connection);
		break;
	case STEP_CLOSE:
		return true;
	default:
		break;
	}
	return false;
}

static void dial(const struct sockaddr_in *address, int count)
{
	struct io_uring_sqe *entry;
	struct io_uring_cqe *result;
	struct call *call;
	int i, fd, got;

	read_text();
	for (i = 0; i < count; i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			fail("socket", errno);
		init_connection(&connections[i], fd);
		entry = next_entry();
		io_uring_prep_connect(entry, fd, (const struct sockaddr *)address,
				      sizeof(*address));
		submit(entry, &connections[i].receive, STEP_CONNECT);
	}
	while (count) {
		result = next_result();
		call = io_uring_cqe_get_data(result);
		got = result->res;
		io_uring_cqe_seen(&ring, result);
		count -= dial_step(call, got);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	bool many = argc > 1 && !strcmp(argv[1], "-m");
	bool server = many || (argc > 1 && !strcmp(argv[1], "-l"));
	int err, count;

	if (argc != 4 || inet_pton(AF_INET, argv[1 + server], &address.sin_addr) != 1) {
		fputs("usage: uring_echo -l | -m ADDRESS PORT\n"
		      "       uring_echo ADDRESS PORT CONNECTIONS\n", stderr);
		return 2;
	}
	address.sin_port = htons(atoi(argv[2 + server]));
	err = io_uring_queue_init(256, &ring, 0);
	if (err)
		fail("io_uring_queue_init", -err);
	if (server)
		serve(&address, many);
	count = atoi(argv[3]);
	if (count < 1 || count > CONNECTIONS)
		fail("connections", EINVAL);
	dial(&address, count);
	return 0;
}
