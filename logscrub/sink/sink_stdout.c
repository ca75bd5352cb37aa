/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_stdout.c - records as lines on standard output
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "logscrub/sink/sink-private.h"

#define PATIENCE_MS 100 /* for a reader that is slow */

static int
stdout_write(struct sink *k, const char *stream, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e)
{
	(void)trace;
	return sink_take_line(k, stream, en, text, e);
}

/* POLLOUT promises that PIPE_BUF bytes go into a pipe without waiting, so that a reader that stands
 * still does not stop the service. */
static ssize_t
write_some(const char *p, size_t n)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (poll(&pfd, 1, PATIENCE_MS) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(STDOUT_FILENO, p, n < PIPE_BUF ? n : PIPE_BUF);
}

static int
stdout_flush(struct sink *k, struct err *e)
{
	size_t done = 0;
	int r = 0;

	while (done < k->pending.len && r == 0) {
		ssize_t n = write_some(k->pending.p + done, k->pending.len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EPIPE || errno == EBADF)
			return err_fail(
				e, EX_IOERR, errno, N_("standard output is closed"), NULL, NULL);
		else if (errno != EINTR)
			r = sink_fail_errno(k, errno);
	}
	if (r == 0)
		return sink_stored(k, e);
	memmove(k->pending.p, k->pending.p + done, k->pending.len - done);
	buf_cut(&k->pending, k->pending.len - done);
	return r;
}

static void
stdout_close(struct sink *k)
{
	(void)stdout_flush(k, NULL); /* nobody is left to hear of it */
	sink_release(k);
	free(k);
}

static const struct sink_driver stdout_driver = {
	.write = stdout_write,
	.flush = stdout_flush,
	.close = stdout_close,
};

int
sink_stdout_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e)
{
	struct sink *k = calloc(1, sizeof(*k));

	(void)d;
	if (!k)
		return err_memory(e);
	if (sink_init(k, &stdout_driver, s, "standard output", e) < 0) {
		sink_release(k);
		free(k);
		return -1;
	}
	*ret = k;
	return 0;
}
