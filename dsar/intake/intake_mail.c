/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/intake/intake.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include <sodium.h>

#include "base/cleanup.h"
#include "base/file/whole.h"
#include "dsar/case/identity.h"
#include "dsar/mail/mail_box.h"
#include "dsar/mail/mail_trust.h"
#include "dsar/mail/probe.h"
#include "dsar/intake/propose.h"
#include "dsar/intake/receipt.h"
#include "dsar/openpgp/sealer.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define RECEIPTS_A_DAY 5 /* to one address: more is a loop, or somebody who counts */
#define DAY_US         (INT64_C(86400) * 1000000)
#define NUMBER_MIN     9 /* "2026-0001" */

struct taking {
	struct session *s;
	struct intake ret;
	int fd, sealed;
	uint8_t digest[MAIL_DIGEST_LEN];
	struct mail_read read;
	struct case_file c;
	bool receipt_due;
};

/* --- kept, sealed ----------------------------------------------------------------------------- */

struct whole {
	int fd;
	off_t at;
};

static ssize_t
whole_read(void *ctx, void *p, size_t n, struct err *e)
{
	struct whole *w = ctx;
	const ssize_t got = pread(w->fd, p, n, w->at);

	if (got < 0)
		return err_fail(e, EX_IOERR, 0, N_("cannot read the mail"), NULL, NULL);
	w->at += got;
	return got;
}

static int
digest_take(struct taking *t, struct err *e)
{
	crypto_generichash_state h;
	struct whole w = { t->fd, 0 };
	unsigned char part[1 << 14];
	ssize_t n;

	(void)crypto_generichash_init(&h, NULL, 0, MAIL_DIGEST_LEN);
	while ((n = whole_read(&w, part, sizeof(part), e)) > 0)
		(void)crypto_generichash_update(&h, part, (size_t)n);
	(void)crypto_generichash_final(&h, t->digest, MAIL_DIGEST_LEN);
	return n < 0 ? -1 : 0;
}

static int
seal(struct taking *t, struct openpgp *own, struct err *e)
{
	struct whole w = { t->fd, 0 };
	struct span text;
	int rc;

	t->sealed = memfd_create("sealed", MFD_CLOEXEC);
	if (t->sealed < 0 || whole_map(t->fd, &text) != 0)
		return err_memory(e);
	rc = text.len <= SEALER_MAX
		     ? openpgp_seal(own, text, t->sealed, e)
		     : openpgp_encrypt(own, openpgp_own(own), false, whole_read, &w, t->sealed, e);
	whole_unmap(text);
	return rc;
}

static int
keep(struct taking *t, struct err *e)
{
	struct span sealed;
	int rc;

	if (whole_map(t->sealed, &sealed) != 0)
		return err_memory(e);
	rc = mail_box_put(t->s->registry, t->digest, sealed, t->s->now_us, t->ret.number, e);
	whole_unmap(sealed);
	return rc;
}

/* --- which case ------------------------------------------------------------------------------- */

/* The number of a case in TEXT that there is, open; our own Message-IDs begin with it as well. */
static int
find_number(struct taking *t, struct span text, struct err *e)
{
	char number[CASE_NUMBER_MAX];

	for (size_t i = 0; i + NUMBER_MIN <= text.len; i++) {
		size_t n = 0;
		int rc;

		if (i > 0 && isalnum((unsigned char)text.p[i - 1]))
			continue;
		while (n < CASE_NUMBER_MAX - 1 && i + n < text.len &&
			(isdigit((unsigned char)text.p[i + n]) || (n == 4 && text.p[i + n] == '-')))
			n++;
		if (n < NUMBER_MIN || text.p[i + 4] != '-')
			continue;
		memcpy(number, text.p + i, n);
		number[n] = '\0';
		rc = case_read(t->s->registry, number, &t->c, e);
		if (rc < 0)
			return -1;
		if (rc == 0 && t->c.state < CASE_CLOSED)
			return 0;
	}
	return 1;
}

static int
join(struct taking *t, struct err *e)
{
	const struct span at[] = { t->read.outer.in_reply_to, t->read.outer.references,
		t->read.outer.subject, mail_content(&t->read)->subject };
	int rc = 1;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]) && rc == 1; i++)
		rc = find_number(t, at[i], e);
	return rc;
}

static int
open_case(struct taking *t, struct err *e)
{
	const struct mail *m = mail_content(&t->read);
	const int64_t received = t->read.outer.received_us;
	struct case_letter l = { .lang = propose_language(m->text),
		.address = t->read.one_from ? t->read.outer.from : SPAN_NONE };
	char first[CASE_NUMBER_MAX];

	/* what our own server says, where it can be true */
	l.received_day = day_local(received > t->s->now_us - 30 * DAY_US && received <= t->s->now_us
					   ? received
					   : t->s->now_us);
	l.n = propose_articles(m->text, l.article);
	if (l.n == 0)
		l.n = propose_articles(
			m->subject.p ? m->subject : t->read.outer.subject, l.article);
	if (l.n == 0)
		l.article[l.n++] = ARTICLE_ACCESS; /* whatever it is: somebody has to look */
	if (case_open_within(t->s->registry, &l, t->s->now_us, first, e) < 0)
		return -1;
	t->ret.opened = true;
	/* of a run that was ended before this number was its case's: keys of whoever wrote then */
	openpgp_remove(registry_dir(t->s->registry), first);
	return case_get(t->s->registry, first, &t->c, e);
}

/* --- what is known of it ---------------------------------------------------------------------- */

static json_t *
text_of(struct span s)
{
	return s.p ? json_stringn(s.p, s.len) : json_null();
}

/* Three facts apart (mail_trust.h), then what it says. */
static json_t *
account(const struct taking *t)
{
	const struct mail *m = mail_content(&t->read);

	return json_pack("{s:s, s:b, s:s, s:s, s:b, s:o, s:o, s:o, s:b, s:i}", "what", "in",
		"encrypted", t->read.encrypted, "signed_part",
		t->read.covered == COVERED_CONTENT ? "content" : "nothing", "signed_by",
		t->read.signature.good ? t->read.signature.fpr : "", "address_in_key",
		t->read.address_in_key, "from", text_of(t->read.outer.from), "subject",
		text_of(m->subject.p ? m->subject : t->read.outer.subject), "text",
		text_of(m->text), "text_cut", m->text_cut, "automatic", (int)t->read.outer.traits);
}

static int
put_key(struct taking *t, struct openpgp *ring, struct span blob, const char *source, struct err *e)
{
	struct openpgp_key found[MAIL_KEYS_MAX];
	enum openpgp_fault fault;
	size_t n;

	if (!blob.p)
		return 0;
	if (openpgp_import(ring, blob, found, MAIL_KEYS_MAX, &n, &fault, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (mail_box_key(t->s->registry, t->c.correspondence, &found[i], source,
			    t->s->now_us, e) < 0)
			return -1;
	return n > 0 ? 0
		     : case_event(t->s->registry, t->c.number, "key",
			       json_pack("{s:s, s:s, s:s}", "what", "refused", "source", source,
				       "why", openpgp_fault_text(fault)),
			       t->s->now_us, e);
}

static int
put_keys(struct taking *t, struct openpgp *ring, struct err *e)
{
	const struct mail *m = mail_content(&t->read);

	for (size_t i = 0; i < m->n_keys; i++)
		if (put_key(t, ring, m->key[i], "attached", e) < 0)
			return -1;
	return put_key(t, ring, t->read.outer.autocrypt_key, "autocrypt", e);
}

/* Of the key that was pinned before, and naming the case, so that nothing that was signed for another purpose
 * serves (identity.h). */
static int
verify(struct taking *t, struct err *e)
{
	const struct mail *m = mail_content(&t->read);
	char pinned[FINGERPRINT_LEN + 1];
	const int rc = identity_key(t->s->registry, &t->c, pinned, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (!mail_is_of(&t->read, pinned) || !m->text.p ||
		!memmem(m->text.p, m->text.len, t->c.number, strlen(t->c.number)))
		return 0;
	t->ret.verified = true;
	return t->c.identity == IDENTITY_VERIFIED
		       ? 0
		       : identity_set(t->s->registry, &t->c, IDENTITY_VERIFIED, "signature",
				 SPAN_NONE, t->s->now_us, e);
}

/* Once more, with the keys of its case. */
static int
read_again(struct taking *t, struct openpgp *ring, struct err *e)
{
	mail_read_release(&t->read);
	if (mail_read(ring, t->fd, &t->read, e) < 0)
		return -1;
	if (t->read.signature.good)
		memcpy(t->ret.signed_by, t->read.signature.fpr, sizeof(t->ret.signed_by));
	return 0;
}

static int
file_in(struct taking *t, struct err *e)
{
	struct registry *r = t->s->registry;

	if (registry_record(r, t->c.number, "mail", json_pack("{s:s}", "what", "in"), t->s->now_us,
		    e) < 0 ||
		mail_box_file(r, t->digest, t->c.number, e) < 0 ||
		case_event(r, t->c.number, "mail", account(t), t->s->now_us, e) < 0)
		return -1;
	return verify(t, e);
}

/* Else its case needs no keyring for it, which takes longer than all the rest. */
static bool
has_openpgp(const struct taking *t)
{
	const struct mail *m = &t->read.outer;

	return m->form != MAIL_PLAIN || m->n_keys > 0 || m->autocrypt_key.p;
}

/* Its case, which may be a new one, and all that is known of it: one change, so that a mail that comes again, because this
 * was ended in between, finds either nothing or its case. */
static int
file_within(struct taking *t, bool joins, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *ring = NULL;
	struct registry *r = t->s->registry;

	if (!joins && open_case(t, e) < 0)
		return -1;
	if (has_openpgp(t) && (openpgp_open(registry_dir(r), t->c.correspondence, &ring, e) < 0 ||
				      put_keys(t, ring, e) < 0 || read_again(t, ring, e) < 0))
		return -1;
	return file_in(t, e);
}

static int
file_mail(struct taking *t, bool joins, struct err *e)
{
	struct registry *r = t->s->registry;
	char number[CASE_NUMBER_MAX];
	int rc = registry_begin(r, e);

	if (rc < 0)
		return -1;
	rc = mail_box_number(r, t->digest, number, e);
	if (rc == 0 && *number) /* the same mail, taken by another process at this moment */
		rc = case_get(r, number, &t->c, e);
	else if (rc == 0)
		rc = file_within(t, joins, e);
	if (registry_end(r, rc, e) < 0)
		return -1;
	memcpy(t->ret.number, t->c.number, CASE_NUMBER_MAX);
	return 0;
}

/* --- reports, receipts ------------------------------------------------------------------------ */

static int
file_report(struct taking *t, struct err *e)
{
	const struct mail *m = &t->read.outer;
	struct registry *r = t->s->registry;
	int rc;

	t->ret.report = true;
	if (find_number(t, m->envelope_id, e) != 0)
		return err_fail(e, EX_DATAERR, 0, N_("a delivery report of no case"), NULL, NULL);
	if (registry_begin(r, e) < 0)
		return -1;
	rc = registry_record(r, t->c.number, "mail",
		json_pack("{s:s, s:s%}", "what", "report", "action", m->action.p ? m->action.p : "",
			m->action.len),
		t->s->now_us, e);
	if (rc == 0)
		rc = mail_box_file(r, t->digest, t->c.number, e);
	if (rc == 0)
		rc = case_event(r, t->c.number, "delivery",
			json_pack("{s:o, s:o, s:o}", "action", text_of(m->action), "status",
				text_of(m->status), "envelope", text_of(m->envelope_id)),
			t->s->now_us, e);
	if (registry_end(r, rc, e) < 0)
		return -1;
	memcpy(t->ret.number, t->c.number, CASE_NUMBER_MAX);
	return 0;
}

static int
receipts_today(struct taking *t, int64_t *ret, struct err *e)
{
	CLEANUP_STATEMENT sqlite3_stmt *st = NULL;

	if (registry_prepare(t->s->registry,
		    "SELECT count(DISTINCT correspondence) FROM case_file"
		    " WHERE lower(address) = lower(?) AND opened_us > ?",
		    &st, e) < 0)
		return -1;
	statement_text(st, 1, t->read.outer.from);
	(void)sqlite3_bind_int64(st, 2, t->s->now_us - DAY_US);
	if (registry_step(t->s->registry, st, e) != 0)
		return -1;
	*ret = sqlite3_column_int64(st, 0);
	return 0;
}

static bool
is_person(const struct taking *t)
{
	const struct mail *m = &t->read.outer;
	const char *own = t->s->conf->request_mail;

	return m->traits == 0 && t->read.one_from && own &&
	       (m->from.len != strlen(own) || strncasecmp(m->from.p, own, m->from.len) != 0);
}

/* Judged as the mail is filed, so that of many from one address only the first get one. */
static int
receipt_judge(struct taking *t, struct err *e)
{
	int64_t n;

	if (t->c.state != CASE_RECEIVED || !is_person(t))
		return 0;
	if (receipts_today(t, &n, e) < 0)
		return -1;
	t->receipt_due = n <= RECEIPTS_A_DAY;
	return 0;
}

/* --- many mails ------------------------------------------------------------------------------- */

static int
file_one(struct taking *t, struct err *e)
{
	int rc;

	if (t->ret.test)
		return 0;
	if (keep(t, e) < 0)
		return -1;
	if (t->ret.number[0]) { /* known: only its receipt may be missing */
		t->ret.again = true;
		rc = case_get(t->s->registry, t->ret.number, &t->c, e);
		return rc < 0 ? -1 : receipt_judge(t, e);
	}
	if (t->read.outer.form == MAIL_REPORT)
		return file_report(t, e);
	rc = join(t, e);
	if (rc < 0 || file_mail(t, rc == 0, e) < 0)
		return -1;
	return t->ret.opened ? receipt_judge(t, e) : 0;
}

/* The first *ret_n of them. What is wrong with one mail stays that mail's. */
static int
file_all(struct taking *const *t, size_t n, size_t *ret_n, struct err *e)
{
	struct err why;

	for (*ret_n = 0; *ret_n < n; ++*ret_n) {
		struct taking *at = t[*ret_n];

		if (file_one(at, &why) == 0)
			continue;
		if (why.exit != EX_DATAERR) {
			*e = why;
			return -1;
		}
		at->ret.refused = true;
		at->ret.why = why;
	}
	return 0;
}

/* The same mail, twice at once. */
static bool
is_among(const struct receipt *due, size_t n, const struct taking *t)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(due[i].c->correspondence, t->c.correspondence) == 0)
			return true;
	return false;
}

/* The mail comes again, and is known then: its receipt is due as long as its case is new. */
static void
put_off(struct taking *t, const struct err *why)
{
	t->ret.refused = true;
	t->ret.why = *why;
	(void)err_within(&t->ret.why, "%s", t->c.number);
	t->ret.why.exit = EX_TEMPFAIL;
}

/* Of N that were filed; *ret_n: with those behind it something is left to be done. */
static int
receipts(struct session *s, struct taking *const *t, size_t n, size_t *ret_n, struct err *e)
{
	struct receipt due[INTAKE_MAX] = { 0 };
	size_t of[INTAKE_MAX] = { 0 }, n_due = 0, n_done = 0;
	int rc;

	for (size_t i = 0; i < n; i++) {
		if (!t[i]->receipt_due || is_among(due, n_due, t[i]))
			continue;
		of[n_due] = i;
		due[n_due++] = (struct receipt){ .c = &t[i]->c,
			.to = t[i]->read.outer.from,
			.in_reply_to = t[i]->read.outer.message_id };
	}
	rc = n_due > 0 ? receipts_send(s, due, n_due, &n_done, e) : 0;
	for (size_t i = 0; i < n_done; i++) {
		t[of[i]]->ret.receipt = due[i].sent;
		t[of[i]]->ret.unsent = due[i].refused;
		if (due[i].unmade.exit)
			put_off(t[of[i]], &due[i].unmade);
	}
	*ret_n = n_done < n_due ? of[n_done] : n;
	return rc;
}

static int
come_again(struct err *e)
{
	e->exit = EX_TEMPFAIL; /* the mail server keeps it, and comes again */
	return -1;
}

int
intake_file(struct session *s, struct taking *const *t, size_t n, size_t *ret_n, struct err *e)
{
	struct err late;
	size_t n_filed = 0;
	int rc;

	*ret_n = 0;
	if (receipts_settle(s, e) < 0 || registry_batch_begin(s->registry, e) < 0)
		return come_again(e);
	rc = file_all(t, n, &n_filed, e);
	if (registry_batch_end(s->registry, 0, &late) < 0 ||
		receipts(s, t, n_filed, ret_n, &late) < 0) {
		*e = late;
		return come_again(e);
	}
	return rc < 0 ? come_again(e) : 0;
}

/* --- one -------------------------------------------------------------------------------------- */

static int
read_one(struct taking *t, struct openpgp *own, struct err *e)
{
	int rc = digest_take(t, e);

	if (rc == 0)
		rc = mail_read(own, t->fd, &t->read, e);
	if (rc == 0)
		rc = probe_take(t->s->registry, &t->read, openpgp_own(own), t->s->now_us, e);
	t->ret.test = rc == 0;
	return rc > 0 ? seal(t, own, e) : rc;
}

int
taking_new(struct session *s, struct openpgp *own, int fd, struct taking **ret, struct err *e)
{
	CLEANUP(taking_freep) struct taking *t = calloc(1, sizeof(*t));

	if (!t) {
		(void)close(fd);
		return err_memory(e);
	}
	*t = (struct taking){ .s = s, .fd = fd, .sealed = -1 };
	if (!openpgp_own(own))
		return err_fail(e, EX_TEMPFAIL, 0, N_("there is no key of our own"),
			N_("make one with `dsar key own --make`"), NULL);
	if (read_one(t, own, e) < 0)
		return e->exit == EX_DATAERR ? -1 : come_again(e);
	*ret = TAKE(t);
	return 0;
}

struct taking *
taking_free(struct taking *t)
{
	if (!t)
		return NULL;
	mail_read_release(&t->read);
	(void)close(t->fd);
	if (t->sealed >= 0)
		(void)close(t->sealed);
	free(t);
	return NULL;
}

bool
taking_is_slow(const struct taking *t)
{
	return has_openpgp(t);
}

const struct intake *
taking_result(const struct taking *t)
{
	return &t->ret;
}
