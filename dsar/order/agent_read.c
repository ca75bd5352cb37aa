/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * agent_read.c - an order's file is opened, and its signatures are looked at
 *
 * What is denied is denied for good: so before a fault is the order's, it is seen that OpenPGP works here at all.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "base/file/scratch.h"
#include "base/file/whole.h"
#include "dsar/order/agent-private.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/order/queue.h"
#include "dsar/register/registry.h"
#include "dsar/order/seal.h"
#include "dsar/session.h"

#define FILE_MAX (2u * ORDER_MAX)
#define ROOM_NEED                                                                                  \
	(1 << 20) /* bytes: more than gpg writes of the largest key that an order may carry */

/* --- whose fault ------------------------------------------------------------------------------ */

static ssize_t
read_none(void *ctx, void *p, size_t n, struct err *e)
{
	(void)ctx;
	(void)p;
	(void)n;
	(void)e;
	return 0;
}

/* Is what our own key has encrypted decrypted again? 1: no. */
static int
try_decrypt(struct agent *a, struct err *e)
{
	cleanup_fd int made = memfd_create("probe", MFD_CLOEXEC), plain = -1;
	struct openpgp_signature ignored;
	struct err why;
	char text[8192];
	ssize_t n;

	if (made < 0 ||
		openpgp_encrypt(a->ring, openpgp_own(a->ring), false, read_none, NULL, made, e) < 0)
		return -1;
	n = pread(made, text, sizeof(text), 0);
	return n > 0 && openpgp_decrypt(a->ring, span_of(text, (size_t)n), sizeof(text), &plain,
				&ignored, &why) == 0
		       ? 0
		       : 1;
}

static bool
has_room(const char *scratch)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/room", scratch) < 0)
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd >= 0 && posix_fallocate(fd, 0, ROOM_NEED) == 0 && unlink(path) == 0;
}

/* Is our own key's signature good, by the same way on which others' are looked at? 1: no. */
static int
try_verify(struct agent *a, struct err *e)
{
	CLEANUP(buf_release) struct buf key = { .max = 1u << 20 }, signature = { .max = 1u << 16 };
	CLEANUP(sign_check_freep) struct sign_check *check = NULL;
	char scratch[SCRATCH_MAX], fingerprint[FINGERPRINT_LEN + 1];
	const struct span text = SPAN("sparsam");
	int rc;

	if (openpgp_export(a->ring, openpgp_own(a->ring), &key, e) < 0 ||
		openpgp_sign(a->ring, text, &signature, e) < 0 || scratch_make(scratch, e) < 0)
		return -1;
	rc = has_room(scratch)
		     ? sign_check_new(scratch, span_of(key.p, key.len), &check, fingerprint, e)
		     : 1;
	if (rc == 0)
		rc = sign_verify(check, text, span_of(signature.p, signature.len), e);
	check = sign_check_free(check);
	scratch_remove(scratch);
	return rc;
}

/* Does OpenPGP work? Then what it has refused was wrong; else it is tried again later. */
static int
openpgp_works(struct agent *a, struct err *e)
{
	int rc = try_decrypt(a, e);

	if (rc == 0)
		rc = try_verify(a, e);
	return rc == 0 ? 0
		       : err_fail(e, EX_TEMPFAIL, 0, N_("OpenPGP does not work"),
				 N_("see that gnupg is installed, /tmp not full and the clock right, and try "
				    "`gpg --homedir` on that folder"),
				 "%s", a->dir);
}

/* --- opened ----------------------------------------------------------------------------------- */

static int
decrypt(struct errand *t, struct span cipher, enum order_fault *fault, struct err *e)
{
	struct openpgp_signature ignored;
	int fd = -1, rc;

	if (openpgp_decrypt(t->a->ring, cipher, FILE_MAX, &fd, &ignored, e) < 0) {
		*fault = ORDER_UNREADABLE;
		return e->exit == EX_DATAERR ? openpgp_works(t->a, e) : -1;
	}
	rc = whole_map(fd, &t->plain);
	(void)close(fd);
	if (rc > 0)
		*fault = ORDER_FORM;
	return rc < 0 ? err_memory(e) : 0;
}

/* Looked at once more after a refusal, and after it was seen that our side works: what it lacked for (a folder that was full)
 * may have come back in between. */
static int
check_signatures(struct errand *t, enum order_fault *fault, struct err *e)
{
	for (int look = 0; look < 2; look++) {
		if (order_check(&t->paper, t->a->s->conf, &t->n_signers, fault, t->signer, e) < 0)
			return -1;
		if (*fault == ORDER_FINE || t->paper.n == 0)
			return 0;
		if (openpgp_works(t->a, e) < 0)
			return -1;
	}
	return 0;
}

/* Signatures before all else: whoever may not order is told nothing, and costs little. */
static int
parse(struct errand *t, enum order_fault *fault, struct err *e)
{
	int rc = order_unpack(t->plain, &t->paper, e);

	if (rc == 0 && check_signatures(t, fault, e) < 0)
		return -1;
	if (*fault != ORDER_FINE)
		return 0;
	if (rc == 0)
		rc = order_parse(t->paper.text, &t->order, e);
	if (rc == 0 && strcmp(t->order->id, t->id) != 0)
		rc = 1;
	if (rc > 0)
		*fault = ORDER_FORM;
	else if (rc == 0)
		sha256_hex(t->paper.text, t->sha256);
	return rc < 0 ? -1 : 0;
}

static int
read_file(struct errand *t, struct buf *out, enum order_fault *fault, struct err *e)
{
	char name[QUEUE_NAME_MAX];
	int rc;

	queue_name(t->id, QUEUE_ORDER, name);
	buf_init(out, FILE_MAX + 8192);
	rc = queue_read(t->a->orders, name, FILE_MAX, out, e);
	if (rc < 0 && (e->exit == EX_DATAERR || e->exit == EX_NOPERM)) { /* no file, or a link */
		*fault = ORDER_UNREADABLE;
		return 0;
	}
	if (rc == 0)
		sha256_hex(span_of(out->p, out->len), t->file);
	return rc;
}

int
errand_refuse(struct errand *t, enum order_fault *fault, struct err *e)
{
	struct buf cipher;
	const int rc = read_file(t, &cipher, fault, e);

	buf_release(&cipher);
	*fault = ORDER_ENDS_AGENT;
	return rc;
}

int
errand_read(struct errand *t, enum order_fault *fault, struct err *e)
{
	struct buf cipher;
	int rc = read_file(t, &cipher, fault, e);

	if (rc == 0 && *fault == ORDER_FINE)
		rc = decrypt(t, span_of(cipher.p, cipher.len), fault, e);
	buf_release(&cipher);
	if (rc == 0 && *fault == ORDER_FINE)
		rc = parse(t, fault, e);
	return rc;
}

int
errand_seal(struct errand *t, enum order_fault *fault, struct err *e)
{
	const struct conf *c = t->a->s->conf;

	if (seal_new(&t->seal, e) < 0)
		return -1;
	if (seal_to(t->seal, t->paper.signature[0].key, t->signer, e) < 0) {
		struct err why = *e;

		if (e->exit != EX_NOPERM || openpgp_works(t->a, e) < 0)
			return -1;
		(void)err_print(&why, "dsar", stderr); /* to that key nothing can be encrypted */
		*fault = ORDER_FAILED;
		return 0;
	}
	return c->agent_escrow_key
		       ? seal_to_file(t->seal, c->agent_escrow_key, c->agent_escrow.v[0], e)
		       : 0;
}

void
errand_release(struct errand *t)
{
	order_free(t->order);
	order_paper_release(&t->paper);
	t->seal = seal_free(t->seal);
	whole_unmap(t->plain);
}
