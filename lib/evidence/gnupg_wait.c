/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Why gpgme is not left to wait by itself: 1.18 asks poll(2) whether it can write to gpg, and does not look at POLLERR. When
 * gpg has ended early, at bytes that it cannot read, and the pipe is full, that is all that poll says, and gpgme turns
 * for ever: one mail with a key of noise was enough. So its operations are begun, and waited for here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <time.h>

#include "evidence/gnupg.h"

#define CPU_MAX_S  10
#define PIPE_BYTES (1 << 20) /* the most that anybody may have */
#define FED_MS     2         /* gpg takes a quarter of it meanwhile */

/* gpg inherits it. */
static void
limit(struct gnupg_wait *w)
{
	struct timespec used = { 0 };
	struct rlimit now;

	if (getrlimit(RLIMIT_CPU, &w->limit) < 0)
		return;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used); /* ours counts against it as well */
	now = (struct rlimit){ (rlim_t)used.tv_sec + CPU_MAX_S, w->limit.rlim_max };
	w->limited = setrlimit(RLIMIT_CPU, &now) == 0;
}

static gpgme_error_t
add(void *ctx, int fd, int is_read, gpgme_io_cb_t call, void *data, void **ret_tag)
{
	struct gnupg_wait *w = ctx;

	for (unsigned i = 0; i < GNUPG_PIPES; i++)
		if (!w->pipe[i].call) {
			w->pipe[i].fd = fd;
			w->pipe[i].events = is_read ? POLLIN : POLLOUT;
			w->pipe[i].call = call;
			w->pipe[i].data = data;
			if (w->streams) /* gpg takes 8 KiB at once: neither waits for the other at each of them */
				(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
			*ret_tag = &w->pipe[i];
			return 0;
		}
	return gpgme_error(GPG_ERR_TOO_MANY);
}

static void
forget(void *tag)
{
	struct gnupg_pipe *pipe = tag;

	pipe->call = NULL;
}

static void
happened(void *ctx, gpgme_event_io_t type, void *data)
{
	const struct gpgme_io_event_done_data *done = data;
	struct gnupg_wait *w = ctx;

	if (type != GPGME_EVENT_DONE)
		return;
	w->done = true;
	w->rc = done->err ? done->err : done->op_err;
}

void
gnupg_wait_begin(gpgme_ctx_t ctx, enum gnupg_bytes whose, struct gnupg_wait *w)
{
	struct gpgme_io_cbs calls = { add, w, forget, happened, w };

	(void)signal(SIGPIPE, SIG_IGN);
	*w = (struct gnupg_wait){ .streams = whose == GNUPG_OURS };
	if (whose == GNUPG_STRANGERS)
		limit(w);
	gpgme_set_io_cbs(ctx, &calls);
}

/* Has gpg enough to do? Of a full pipe it takes 8 KiB, and each time that much could be put behind it: so what streams waits
 * until half of it is free. */
static bool
is_fed(const struct gnupg_wait *w, const struct gnupg_pipe *pipe)
{
	int n;

	return w->streams && (pipe->events & POLLOUT) && ioctl(pipe->fd, FIONREAD, &n) == 0 &&
	       n > PIPE_BYTES / 2;
}

/* One round: all pipes of which there is anything to say, errors too. */
static int
turn(struct gnupg_wait *w)
{
	struct pollfd polled[GNUPG_PIPES];
	unsigned at[GNUPG_PIPES], n = 0;
	int wait_ms = -1;

	for (unsigned i = 0; i < GNUPG_PIPES; i++)
		if (w->pipe[i].call && is_fed(w, &w->pipe[i])) {
			wait_ms = FED_MS;
		} else if (w->pipe[i].call) {
			polled[n] = (struct pollfd){ w->pipe[i].fd, w->pipe[i].events, 0 };
			at[n++] = i;
		}
	if (n == 0 && wait_ms < 0)
		return -1; /* and it did not say that it is done */
	if (poll(polled, n, wait_ms) < 0)
		return errno == EINTR ? 0 : -1;
	for (unsigned i = 0; i < n && !w->done; i++) {
		const struct gnupg_pipe *pipe = &w->pipe[at[i]];

		/* a call may have ended others */
		if (polled[i].revents && pipe->call && pipe->fd == polled[i].fd)
			(void)pipe->call(pipe->data, pipe->fd);
	}
	return 0;
}

gpgme_error_t
gnupg_wait_end(gpgme_ctx_t ctx, struct gnupg_wait *w, gpgme_error_t begun)
{
	int rc = 0;

	while (!begun && !w->done && rc == 0)
		rc = turn(w);
	if (rc < 0)
		(void)gpgme_cancel(ctx);
	if (w->limited)
		(void)setrlimit(RLIMIT_CPU, &w->limit);
	gpgme_set_io_cbs(ctx, NULL); /* listing keys would wait for ever by them */
	if (begun)
		return begun;
	return rc < 0 ? gpgme_error(GPG_ERR_GENERAL) : w->rc;
}
