/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file/input.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file/unpack.h"

#define CHUNK (64u << 10)

struct input {
	int fd;
	char *name;
	const char *filter;    /* NULL: not known yet */
	struct unpack *unpack; /* or NULL: plain */
	struct span left;      /* read from the file and not taken: into chunk */
	bool ended;            /* the file has no more */
	bool whole;            /* a member has just ended */
	bool damaged;
	char chunk[CHUNK];
};

/* read(2) for descriptors that may be set not to wait. */
static ssize_t
read_wait(int fd, void *p, size_t n)
{
	for (;;) {
		const ssize_t r = read(fd, p, n);

		if (r >= 0 || (errno != EINTR && errno != EAGAIN))
			return r;
		if (errno == EAGAIN)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
	}
}

static int
read_failed(const struct input *in, struct err *e)
{
	return err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, "%s", in->name);
}

/* Adds to what is left, at the front of the chunk. */
static int
chunk_fill(struct input *in, struct err *e)
{
	ssize_t r;

	if (in->left.len > 0)
		memmove(in->chunk, in->left.p, in->left.len);
	in->left.p = in->chunk;
	r = read_wait(in->fd, in->chunk + in->left.len, CHUNK - in->left.len);
	if (r < 0)
		return read_failed(in, e);
	in->left.len += (size_t)r;
	in->ended = r == 0;
	return 0;
}

/* Reads until the kind is clear: one read, unless it ends within a magic number. */
static int
filter_find(struct input *in, struct err *e)
{
	while (!in->filter) {
		if (chunk_fill(in, e) < 0)
			return -1;
		in->filter = in->left.len > 0 || in->ended ? unpack_sniff(in->left) : NULL;
		if (!in->filter && in->ended)
			in->filter = "";
	}
	if (*in->filter) {
		in->unpack = unpack_new(in->filter);
		if (!in->unpack)
			return err_memory(e);
	}
	return 0;
}

int
input_open(int fd, const char *name, struct input **ret, struct err *e)
{
	CLEANUP(input_freep) struct input *in = malloc(sizeof(*in));
	struct stat st;

	if (!in) {
		(void)close(fd);
		return err_memory(e);
	}
	*in = (struct input){ .fd = fd, .name = strdup(name), .left = SPAN("") };
	if (!in->name)
		return err_memory(e);
	if (fstat(fd, &st) < 0)
		return read_failed(in, e);
	if (S_ISREG(st.st_mode) && filter_find(in, e) < 0)
		return -1;
	*ret = TAKE(in);
	return 0;
}

int
input_open_file(const char *file, struct input **ret, struct err *e)
{
	const char *name = file ? file : "standard input";
	const int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", name);
	return input_open(fd, name, ret, e);
}

static long
plain_read(struct input *in, void *p, size_t n, struct err *e)
{
	ssize_t r;

	if (in->left.len > 0) {
		n = n < in->left.len ? n : in->left.len;
		memcpy(p, in->left.p, n);
		in->left = span_from(in->left, n);
		return (long)n;
	}
	if (in->ended)
		return 0;
	r = read_wait(in->fd, p, n);
	return r < 0 ? read_failed(in, e) : r;
}

static long
damage_tell(struct input *in, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("damaged file"), N_("its readable part was taken"),
		"%s (%s)", in->name, in->filter);
}

static long
packed_read(struct input *in, void *p, size_t n, struct err *e)
{
	assert(n > 0);
	while (!in->damaged) {
		size_t got = 0;

		if (in->left.len == 0 && !in->ended && chunk_fill(in, e) < 0)
			return -1;
		if (in->whole && in->left.len == 0 && in->ended)
			return 0;
		switch (unpack_step(in->unpack, &in->left, in->ended, p, n, &got)) {
		case UNPACK_MORE:
			in->whole = false;
			/* no progress, and nothing that could make any: it was cut short */
			in->damaged = got == 0 && in->left.len == 0 && in->ended;
			break;
		case UNPACK_MEMBER:
			in->whole = true;
			break;
		case UNPACK_DAMAGED:
			in->damaged = true;
			break;
		case UNPACK_MEMORY:
			return err_fail(e, EX_OSERR, 0, N_("not enough memory to unpack"),
				N_("unpack it first"), "%s (%s)", in->name, in->filter);
		}
		if (got > 0)
			return (long)got;
	}
	return damage_tell(in, e);
}

long
input_read(struct input *in, void *p, size_t n, struct err *e)
{
	if (!in->filter && filter_find(in, e) < 0)
		return -1;
	return in->unpack ? packed_read(in, p, n, e) : plain_read(in, p, n, e);
}

const char *
input_filter(const struct input *in)
{
	return in->filter ? in->filter : "";
}

struct input *
input_free(struct input *in)
{
	if (!in)
		return NULL;
	(void)unpack_free(in->unpack);
	(void)close(in->fd); /* read side */
	free(in->name);
	free(in);
	return NULL;
}
