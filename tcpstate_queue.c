// SPDX-License-Identifier: GPL-2.0
/*
 * The write queue: text that a user has handed over and the peer has not
 * acknowledged, as a row of buffers of page fragments.  A segment is cut out of it
 * by reference whenever it is sent, so a first transmission and a repeated one are
 * the same thing, and no buffer knows how often it was sent.
 *
 * A buffer has no header and goes nowhere: it is no sk_buff, which costs as much as
 * the segment itself.
 */
#include <linux/skbuff.h>
#include <linux/slab.h>

#include <net/sock.h>

#include "tcpstate.h"

static struct kmem_cache *cache;

static struct tcpstate_buffer *first(const struct sock *sk)
{
	return list_first_entry_or_null(&tcpstate_sk(sk)->write_queue, struct tcpstate_buffer,
					node);
}

/**
 * tcpstate_queue_last() - the buffer that more text may go into
 * @sk: the socket
 *
 * Context: socket lock held.
 * Return: the last one, or NULL where there is none.
 */
struct tcpstate_buffer *tcpstate_queue_last(const struct sock *sk)
{
	const struct list_head *queue = &tcpstate_sk(sk)->write_queue;

	return list_empty(queue) ? NULL : list_last_entry(queue, struct tcpstate_buffer, node);
}

/**
 * tcpstate_queue_add() - a buffer for what comes next
 * @sk: the socket; sk_wmem_schedule() has said yes to a buffer's size
 *
 * Context: socket lock held; process.
 * Return: an empty one, the last of the queue now, or NULL: no memory.
 */
struct tcpstate_buffer *tcpstate_queue_add(struct sock *sk)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_buffer *buf = kmem_cache_alloc(cache, sk->sk_allocation);

	if (!buf)
		return NULL;
	buf->seq = ts->tcb.write_seq;
	buf->len = 0;
	buf->frag_count = 0;
	list_add_tail(&buf->node, &ts->write_queue);
	sk_wmem_queued_add(sk, sizeof(*buf));
	sk_mem_charge(sk, sizeof(*buf));
	return buf;
}

static bool continues(const struct tcpstate_buffer *buf, const struct page *page, u32 off)
{
	const struct tcpstate_frag *last;

	if (!buf->frag_count)
		return false;
	last = &buf->frags[buf->frag_count - 1];
	return last->page == page && last->off + last->len == off;
}

/**
 * tcpstate_queue_fits() - is there room for another fragment
 * @buf: the buffer
 * @page: that the text is in
 * @off: where in it
 *
 * Context: socket lock held.
 */
bool tcpstate_queue_fits(const struct tcpstate_buffer *buf, const struct page *page, u32 off)
{
	return buf->frag_count < ARRAY_SIZE(buf->frags) || continues(buf, page, off);
}

/**
 * tcpstate_queue_append() - more text
 * @sk: the socket; sk_wmem_schedule() has said yes
 * @buf: the last buffer; tcpstate_queue_fits() has said yes
 * @page: that the text is in; another reference to it is taken where needed
 * @off: where in it
 * @len: how much, octets
 *
 * Context: socket lock held.
 */
void tcpstate_queue_append(struct sock *sk, struct tcpstate_buffer *buf, struct page *page,
			   u32 off, u32 len)
{
	if (continues(buf, page, off)) {
		buf->frags[buf->frag_count - 1].len += len;
	} else {
		get_page(page);
		buf->frags[buf->frag_count++] = (struct tcpstate_frag){ page, off, len };
	}
	buf->len += len;
	sk_wmem_queued_add(sk, len);
	sk_mem_charge(sk, len);
	tcpstate_sk(sk)->tcb.write_seq += len;
}

/* Where to look for seq: most cuts go on where the last one ended. */
static struct tcpstate_buffer *first_of(const struct sock *sk, u32 seq)
{
	struct tcpstate_buffer *buf = tcpstate_sk(sk)->cut_from;

	return buf && !tcpstate_before(seq, buf->seq) ? buf : first(sk);
}

/**
 * tcpstate_queue_cut() - hang text by reference below what is in an skb
 * @sk: the socket
 * @skb: new, without fragments
 * @seq: number of the first octet
 * @len: how many
 *
 * Context: socket lock held; process or softirq.
 * Return: 0; -EMSGSIZE where it lies in more fragments than an skb has; -EFAULT
 * where the queue has no such text.
 */
int tcpstate_queue_cut(struct sock *sk, struct sk_buff *skb, u32 seq, u32 len)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	struct tcpstate_buffer *buf = first_of(sk, seq);
	unsigned int i;
	int n = 0;

	if (unlikely(!buf))
		return -EFAULT;
	list_for_each_entry_from(buf, &ts->write_queue, node) {
		u32 off = seq - buf->seq;

		if (off >= buf->len)
			continue;
		for (i = 0; i < buf->frag_count && len; i++) {
			const struct tcpstate_frag *frag = &buf->frags[i];
			u32 size = frag->len;

			if (off >= size) {
				off -= size;
				continue;
			}
			if (n == MAX_SKB_FRAGS)
				return -EMSGSIZE;
			size = min(size - off, len);
			get_page(frag->page);
			skb_fill_page_desc(skb, n++, frag->page, frag->off + off, size);
			skb->len += size;
			skb->data_len += size;
			seq += size;
			len -= size;
			off = 0;
		}
		if (!len) {
			ts->cut_from = buf;
			return 0;
		}
	}
	return len ? -EFAULT : 0;
}

static void give_back(struct sock *sk, u32 octets)
{
	sk_wmem_queued_add(sk, -octets);
	sk_mem_uncharge(sk, octets);
}

/**
 * tcpstate_queue_drop() - one buffer goes, with its text
 * @sk: the socket
 * @buf: of its queue
 *
 * Context: socket lock held.
 */
void tcpstate_queue_drop(struct sock *sk, struct tcpstate_buffer *buf)
{
	struct tcpstate_sock *ts = tcpstate_sk(sk);
	unsigned int i;

	if (ts->cut_from == buf)
		ts->cut_from = NULL;
	list_del(&buf->node);
	give_back(sk, sizeof(*buf) + buf->len);
	for (i = 0; i < buf->frag_count; i++)
		put_page(buf->frags[i].page);
	kmem_cache_free(cache, buf);
}

/*
 * Take acknowledged text off the front of a buffer, not all of it: a writer may
 * wait for the room, and the rest for the writer (an urgent send's last octet).
 */
static void trim(struct sock *sk, struct tcpstate_buffer *buf, u32 n)
{
	unsigned int gone = 0;
	u32 left = n;

	while (left >= buf->frags[gone].len) {
		left -= buf->frags[gone].len;
		put_page(buf->frags[gone].page);
		gone++;
	}
	buf->frags[gone].off += left;
	buf->frags[gone].len -= left;
	buf->frag_count -= gone;
	memmove(buf->frags, buf->frags + gone, buf->frag_count * sizeof(buf->frags[0]));
	buf->seq += n;
	buf->len -= n;
	give_back(sk, n);
}

/**
 * tcpstate_queue_release() - free what is before a number
 * @sk: the socket
 * @seq: SND.UNA
 *
 * Context: socket lock held.
 */
void tcpstate_queue_release(struct sock *sk, u32 seq)
{
	struct tcpstate_buffer *buf;

	while ((buf = first(sk))) {
		if (tcpstate_after(buf->seq + buf->len, seq)) {
			if (tcpstate_after(seq, buf->seq))
				trim(sk, buf, seq - buf->seq);
			return;
		}
		tcpstate_queue_drop(sk, buf);
	}
}

/**
 * tcpstate_queue_purge() - throw away all that was to be sent
 * @sk: its TCB is going
 *
 * Context: socket lock held.
 */
void tcpstate_queue_purge(struct sock *sk)
{
	struct tcpstate_buffer *buf;

	while ((buf = first(sk)))
		tcpstate_queue_drop(sk, buf);
}

/**
 * tcpstate_queue_init() - make the slab cache
 *
 * Context: module load.
 * Return: 0 or -ENOMEM.
 */
int tcpstate_queue_init(void)
{
	cache = KMEM_CACHE(tcpstate_buffer, 0);
	return cache ? 0 : -ENOMEM;
}

/**
 * tcpstate_queue_exit() - free it
 *
 * Context: module unload; no socket is left.
 */
void tcpstate_queue_exit(void)
{
	kmem_cache_destroy(cache);
}
