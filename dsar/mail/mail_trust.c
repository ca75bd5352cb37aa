/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_trust.h"

#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file/whole.h"

#define DECRYPTED_MAX (50u << 20)

static void
mapped_end(struct span *s)
{
	whole_unmap(*s);
}

static int
map(int fd, struct span *ret, struct err *e)
{
	const int rc = whole_map(fd, ret);

	if (rc > 0)
		return err_fail(e, EX_DATAERR, 0, N_("a mail without content"), NULL, NULL);
	return rc < 0 ? err_memory(e) : 0;
}

static struct span
range(const struct span *m, struct mail_range r)
{
	return span_of(m->p + r.at, r.len);
}

/* PART, as a mail of its own. */
static int
inner_parse(struct mail_read *r, struct span part, struct err *e)
{
	cleanup_fd int fd = memfd_create("part", MFD_CLOEXEC);

	if (fd < 0 || whole_write(fd, part) < 0)
		return err_memory(e);
	mail_release(&r->inner);
	r->has_inner = true;
	return mail_parse(fd, &r->inner, e);
}

/* M, in FILE, is multipart/signed: what the signature covers becomes what there is to read, good or not. */
static int
signed_read(struct openpgp *p, struct mail_read *r, const struct mail *m, const struct span *file,
	struct err *e)
{
	const struct span part = range(file, m->signed_part);

	if (openpgp_verify(p, part, m->signature, &r->signature, e) < 0)
		return -1;
	r->covered = COVERED_CONTENT;
	return inner_parse(r, part, e);
}

static int
encrypted_read(struct openpgp *p, struct mail_read *r, const struct span *file, struct err *e)
{
	CLEANUP(mapped_end) struct span plain = SPAN_NONE;
	struct mail_range at;
	struct openpgp_signature combined;
	cleanup_fd int fd = -1;

	if (openpgp_decrypt(p, range(file, r->outer.cipher), DECRYPTED_MAX, &fd, &combined, e) <
			0 ||
		map(fd, &plain, e) < 0)
		return -1;
	r->encrypted = r->has_inner = true;
	if (mail_parse(fd, &r->inner, e) < 0)
		return -1;
	if (combined.n > 0) {
		r->covered = COVERED_CONTENT;
		r->signature = combined;
		return 0;
	}
	if (r->inner.form != MAIL_SIGNED)
		return 0; /* confidential, and from whomever */
	at = r->inner.signed_part;
	if (openpgp_verify(p, range(&plain, at), r->inner.signature, &r->signature, e) < 0)
		return -1;
	r->covered = COVERED_CONTENT;
	return inner_parse(r, range(&plain, at), e);
}

static int
facts_take(struct openpgp *p, struct mail_read *r, struct err *e)
{
	struct openpgp_key key;

	r->one_from = r->outer.n_from == 1;
	/* a From inside that is another one would be a second */
	if (r->has_inner && r->inner.n_from > 0)
		r->one_from = r->one_from && r->inner.n_from == 1 &&
			      r->inner.from.len == r->outer.from.len &&
			      strncasecmp(r->inner.from.p, r->outer.from.p, r->outer.from.len) == 0;
	if (!r->signature.good || !r->one_from)
		return 0;
	if (openpgp_judge(p, r->signature.fpr, r->outer.from, &key, e) < 0)
		return -1;
	r->address_in_key = key.has_address;
	return 0;
}

int
mail_read(struct openpgp *p, int fd, struct mail_read *ret, struct err *e)
{
	CLEANUP(mapped_end) struct span file = SPAN_NONE;
	int rc = 0;

	*ret = (struct mail_read){ 0 };
	if (mail_parse(fd, &ret->outer, e) < 0 || map(fd, &file, e) < 0)
		return -1;
	if (p && ret->outer.form == MAIL_SIGNED)
		rc = signed_read(p, ret, &ret->outer, &file, e);
	else if (p && ret->outer.form == MAIL_ENCRYPTED)
		rc = encrypted_read(p, ret, &file, e);
	return rc < 0 ? -1 : facts_take(p, ret, e);
}

void
mail_read_release(struct mail_read *r)
{
	mail_release(&r->outer);
	mail_release(&r->inner);
}

const struct mail *
mail_content(const struct mail_read *r)
{
	return r->has_inner ? &r->inner : &r->outer;
}

bool
mail_is_of(const struct mail_read *r, const char *fpr)
{
	return r->covered == COVERED_CONTENT && r->signature.good && r->signature.n == 1 &&
	       r->one_from && r->address_in_key && strcasecmp(r->signature.fpr, fpr) == 0;
}
