/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file/scratch.h"
#include "dsar/openpgp/openpgp.h"

#define KEYS_OF_ONE 8
#define KEY_MAX     (1u << 20)

struct seal {
	char scratch[SCRATCH_MAX];
	struct openpgp *ring;
	char fingerprint[OPENPGP_KEYS_MAX][OPENPGP_FPR_LEN + 1];
	size_t n;
};

int
seal_new(struct seal **ret, struct err *e)
{
	CLEANUP(seal_freep) struct seal *s = calloc(1, sizeof(*s));

	if (!s)
		return err_memory(e);
	if (scratch_make(s->scratch, e) < 0) {
		s->scratch[0] = '\0';
		return -1;
	}
	if (openpgp_open_at(s->scratch, &s->ring, e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}

struct seal *
seal_free(struct seal *s)
{
	if (!s)
		return NULL;
	s->ring = openpgp_free(s->ring);
	if (s->scratch[0])
		scratch_remove(s->scratch);
	free(s);
	return NULL;
}

int
seal_to(struct seal *s, struct span key, const char *fingerprint, struct err *e)
{
	struct openpgp_key found[KEYS_OF_ONE], one;
	enum openpgp_fault fault;
	size_t n;

	if (s->n == OPENPGP_KEYS_MAX)
		return err_fail(e, EX_SOFTWARE, 0, N_("too many keys"), NULL, NULL);
	if (openpgp_import(s->ring, key, found, KEYS_OF_ONE, &n, &fault, e) < 0 ||
		openpgp_judge(s->ring, fingerprint, SPAN_NONE, &one, e) < 0)
		return -1;
	if (one.fault != KEY_USABLE)
		return err_fail(
			e, EX_NOPERM, 0, openpgp_fault_text(one.fault), NULL, "%s", fingerprint);
	memcpy(s->fingerprint[s->n++], one.fpr, sizeof(one.fpr));
	return 0;
}

int
seal_to_file(struct seal *s, const char *path, const char *fingerprint, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_mem char *text = malloc(KEY_MAX);
	ssize_t n = fd < 0 || !text ? -1 : read(fd, text, KEY_MAX);

	if (n < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read a key"), NULL, "%s", path);
	return seal_to(s, span_of(text, (size_t)n), fingerprint, e) < 0 ? err_within(e, "%s", path)
									: 0;
}

static ssize_t
read_plain(void *ctx, void *p, size_t n, struct err *e)
{
	struct span *rest = ctx;

	(void)e;
	n = n < rest->len ? n : rest->len;
	memcpy(p, rest->p, n);
	*rest = span_from(*rest, n);
	return (ssize_t)n;
}

int
seal_write(struct seal *s, struct span plain, int fd, struct err *e)
{
	const char *to[OPENPGP_KEYS_MAX] = { s->fingerprint[0], s->fingerprint[1] };

	if (s->n == 0)
		return err_fail(e, EX_SOFTWARE, 0, N_("there is no such key"), NULL, NULL);
	return openpgp_encrypt_all(s->ring, to, s->n, false, read_plain, &plain, fd, e);
}

/* All that was written to FD, a file in memory. */
static int
take_back(int fd, struct buf *out, struct err *e)
{
	off_t at = 0;
	ssize_t n;

	do {
		if (!buf_room(out, 64u << 10))
			return err_memory(e);
		n = pread(fd, out->p + out->len, 64u << 10, at);
		out->len += n > 0 ? (size_t)n : 0;
		at += n > 0 ? n : 0;
	} while (n > 0);
	return n < 0 ? err_fail(e, EX_IOERR, errno, N_("cannot read"), NULL, NULL) : 0;
}

int
seal_once(const char *path, const char *fingerprint, struct span plain, struct buf *out,
	struct err *e)
{
	CLEANUP(seal_freep) struct seal *s = NULL;
	cleanup_fd int fd = memfd_create("sealed", MFD_CLOEXEC);

	if (fd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot make a file"), NULL, NULL);
	if (seal_new(&s, e) < 0 || seal_to_file(s, path, fingerprint, e) < 0 ||
		seal_write(s, plain, fd, e) < 0)
		return -1;
	return take_back(fd, out, e);
}
