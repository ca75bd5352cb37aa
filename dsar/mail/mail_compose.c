/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <gmime/gmime.h>
#include <nettle/base64.h>
#include <sodium.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/sendmail.h"

#define HEAD_MAX  (1u << 20)
#define OVERHEAD  (64u << 10) /* headers, the text, signature, packets: far less */
#define TOKEN_LEN 8           /* random bytes of an id */

struct names { /* made for one mail */
	char id[MAIL_ID_MAX], date[64], inner[2 * TOKEN_LEN + 1], outer[2 * TOKEN_LEN + 1];
	char *subject; /* encoded */
};

static void
token(char ret[2 * TOKEN_LEN + 1])
{
	unsigned char b[TOKEN_LEN];

	randombytes_buf(b, sizeof(b));
	(void)sodium_bin2hex(ret, 2 * TOKEN_LEN + 1, b, sizeof(b));
}

/* Nothing that ends a header, begins another address, or is read as an option. */
static bool
is_address(struct span a)
{
	unsigned at = 0;

	for (size_t i = 0; i < a.len; i++) {
		const unsigned char c = (unsigned char)a.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>[],;:\\\"", c))
			return false;
		at += c == '@';
	}
	return at == 1 && a.len > 2 && a.len < 255 && *a.p != '-' && *a.p != '@' &&
	       a.p[a.len - 1] != '@';
}

static void
names_end(struct names *n)
{
	g_free(n->subject);
}

static int
names_make(const struct mail_draft *m, struct names *n, struct err *e)
{
	const time_t t = (time_t)(m->now_us / 1000000);
	const char *domain = strchr(m->from, '@');
	struct tm tm;
	char random[2 * TOKEN_LEN + 1];

	if (!is_address(m->to) || !is_address(span_str(m->from)) || !domain)
		return err_fail(e, EX_DATAERR, 0, N_("no mail can be written to that address"),
			N_("see the address of the case, and `mail` in the section dsar"), "%s",
			m->case_number ? m->case_number : "-");
	token(random);
	token(n->inner);
	token(n->outer);
	(void)snprintf(n->id, sizeof(n->id), "%s.%s%.90s", m->case_number ? m->case_number : "dsar",
		random, domain);
	(void)gmtime_r(&t, &tm);
	(void)strftime(n->date, sizeof(n->date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	g_mime_init();
	n->subject = g_mime_utils_header_encode_text(NULL, m->subject, "utf-8");
	return n->subject ? 0 : err_memory(e);
}

/* The headers that stand inside and outside; PREFIX is "HP-Outer: " where it is told what stands outside. */
static void
put_headers(struct buf *b, const struct mail_draft *m, const struct names *n, const char *subject,
	const char *prefix)
{
	buf_printf(b, "%sDate: %s\n%sFrom: %s\n%sTo: %.*s\n%sMessage-ID: <%s>\n%sSubject: %s\n",
		prefix, n->date, prefix, m->from, prefix, (int)m->to.len, m->to.p, prefix, n->id,
		prefix, subject);
}

/* A stranger's id goes back only if nothing can hide in it. */
static void
put_reply(struct buf *b, struct span id)
{
	for (size_t i = 0; i < id.len; i++)
		if ((unsigned char)id.p[i] <= ' ' || (unsigned char)id.p[i] >= 0x7f ||
			strchr("<>", id.p[i]))
			return;
	if (id.len > 0 && id.len < 500)
		buf_printf(b, "In-Reply-To: <%.*s>\nReferences: <%.*s>\n", (int)id.len, id.p,
			(int)id.len, id.p);
}

static void
put_text(struct buf *b, struct span text)
{
	gchar *coded = g_base64_encode((const guchar *)text.p, text.len);

	buf_str(b,
		"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n");
	for (size_t i = 0, len = strlen(coded); i < len; i += 76) {
		buf_put(b, coded + i, len - i < 76 ? len - i : 76);
		buf_char(b, '\n');
	}
	sodium_memzero(coded, strlen(coded));
	g_free(coded);
}

int
mail_send_clear(const struct mail_draft *m, struct err *e)
{
	CLEANUP(buf_wipe) struct buf b = { .max = HEAD_MAX };
	CLEANUP(names_end) struct names n = { 0 };
	struct sendmail s;

	if (names_make(m, &n, e) < 0)
		return -1;
	put_headers(&b, m, &n, n.subject, "");
	put_reply(&b, m->in_reply_to);
	buf_printf(&b, "Auto-Submitted: %s\nMIME-Version: 1.0\n",
		m->case_number ? "auto-replied" : "auto-generated");
	put_text(&b, m->text);
	if (b.failed)
		return err_memory(e);
	if (sendmail_begin(&s, m->sendmail, m->from, m->case_number, e) < 0 ||
		sendmail_put(&s, span_of(b.p, b.len), e) < 0)
		return -1;
	return sendmail_end(&s, e);
}

/* --- what is encrypted ------------------------------------------------------------------------ */

/* Head, the attachment in base64, tail: one after the other, with CRLF. */
struct content {
	struct buf head, tail, piece;
	size_t given; /* bytes of the piece */
	int fd;
	off_t at;
	bool ended;
};

static void
content_end(struct content *c)
{
	buf_wipe(&c->head);
	buf_wipe(&c->piece);
	buf_wipe(&c->tail);
}

static void
put_inner(struct content *c, const struct mail_draft *m, const struct names *n)
{
	struct buf *b = &c->head;

	buf_printf(b,
		"Content-Type: multipart/mixed; boundary=\"%s\";\n protected-headers=\"v1\"; hp=\"cipher\"\n",
		n->inner);
	put_headers(b, m, n, n->subject, "");
	put_headers(b, m, n, "[...]", "HP-Outer: ");
	buf_printf(b, "\n--%s\n", n->inner);
	put_text(b, m->text);
	if (m->attached >= 0)
		buf_printf(b,
			"--%s\nContent-Type: application/octet-stream\n"
			"Content-Disposition: attachment; filename=\"%s\"\n"
			"Content-Transfer-Encoding: base64\n\n",
			n->inner, m->file_name);
	buf_printf(&c->tail, "\n--%s--\n", n->inner);
}

#define LINE_BYTES 57 /* 76 characters of base64 (RFC 2045 section 6.8) */
#define LINE_WIDE  (BASE64_ENCODE_RAW_LENGTH(LINE_BYTES) + 2)
#define LINES      1024

static void
crlf_put(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n')
			buf_char(out, '\r');
		buf_char(out, text.p[i]);
	}
}

/* N bytes in base64, which a reader gives back as they were: of what comes as 8bit or binary some of them, Thunderbird among
 * them, change the line ends. */
static void
lines_put(struct buf *out, const unsigned char *p, size_t n)
{
	if (!buf_room(out, (n / LINE_BYTES + 1) * LINE_WIDE))
		return;
	for (size_t now; n > 0; p += now, n -= now) {
		char *at = out->p + out->len;
		size_t wide;

		now = n < LINE_BYTES ? n : LINE_BYTES;
		wide = BASE64_ENCODE_RAW_LENGTH(now);
		base64_encode_raw(at, now, p);
		at[wide] = '\r';
		at[wide + 1] = '\n';
		out->len += wide + 2;
	}
}

/* The next lines of the attachment, or, behind its end, the tail. */
static int
content_fill(struct content *c, struct err *e)
{
	unsigned char raw[LINE_BYTES * LINES];
	size_t len = 0;
	ssize_t n = 1;

	buf_clear(&c->piece);
	c->given = 0;
	while (c->fd >= 0 && len < sizeof(raw) &&
		(n = pread(c->fd, raw + len, sizeof(raw) - len, c->at)) > 0) {
		len += (size_t)n;
		c->at += n;
	}
	if (n < 0)
		return err_fail(
			e, EX_IOERR, errno, N_("cannot read what is to be sent"), NULL, NULL);
	lines_put(&c->piece, raw, len);
	sodium_memzero(raw, sizeof(raw));
	if (len == 0 && !c->ended) {
		crlf_put(&c->piece, span_of(c->tail.p, c->tail.len));
		c->ended = true;
	}
	return c->piece.failed ? err_memory(e) : 0;
}

static ssize_t
content_read(void *ctx, void *p, size_t n, struct err *e)
{
	struct content *c = ctx;
	size_t len = 0;

	while (len < n) {
		size_t now = c->piece.len - c->given;

		if (now == 0 && content_fill(c, e) < 0)
			return -1;
		if (now == 0 && (now = c->piece.len) == 0)
			break;
		if (now > n - len)
			now = n - len;
		memcpy((char *)p + len, c->piece.p + c->given, now);
		c->given += now;
		len += now;
	}
	return (ssize_t)len;
}

/* --- the mail around it ----------------------------------------------------------------------- */

static int
put_outer(struct sendmail *s, const struct mail_draft *m, const struct names *n, struct err *e)
{
	CLEANUP(buf_wipe) struct buf b = { .max = HEAD_MAX };

	put_headers(&b, m, n, "[...]", "");
	put_reply(&b, m->in_reply_to);
	buf_printf(&b,
		"MIME-Version: 1.0\nContent-Type: multipart/encrypted;\n"
		" protocol=\"application/pgp-encrypted\"; boundary=\"%s\"\n\n"
		"--%s\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n"
		"--%s\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n"
		"Content-Disposition: inline; filename=\"encrypted.asc\"\n\n",
		n->outer, n->outer, n->outer);
	return b.failed ? err_memory(e) : sendmail_put(s, span_of(b.p, b.len), e);
}

static int
hand_over(const struct mail_draft *m, const struct names *n, int cipher, struct err *e)
{
	char end[64];
	struct sendmail s;
	int len;

	if (sendmail_begin(
		    &s, m->sendmail, m->from, m->envelope ? m->envelope : m->case_number, e) < 0)
		return -1;
	len = snprintf(end, sizeof(end), "\n--%s--\n", n->outer);
	if (put_outer(&s, m, n, e) < 0 || sendmail_put_file(&s, cipher, e) < 0 ||
		sendmail_put(&s, span_of(end, (size_t)len), e) < 0) {
		sendmail_abort(&s);
		return -1;
	}
	return sendmail_end(&s, e);
}

int
mail_send_sealed(struct openpgp *p, const char *fpr, const struct mail_draft *m, struct err *e)
{
	CLEANUP(names_end) struct names n = { 0 };
	CLEANUP(content_end)
	struct content c = { .head = { .max = HEAD_MAX },
		.tail = { .max = 4096 },
		.piece = { .max = HEAD_MAX },
		.fd = m->attached };
	cleanup_fd int cipher = -1;

	if (names_make(m, &n, e) < 0)
		return -1;
	cipher = open(m->spool, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (cipher < 0)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a file"), NULL, "%s", m->spool);
	put_inner(&c, m, &n);
	if (c.head.failed || c.tail.failed)
		return err_memory(e);
	crlf_put(&c.piece, span_of(c.head.p, c.head.len));
	if (c.piece.failed)
		return err_memory(e);
	if (openpgp_encrypt(p, fpr, true, content_read, &c, cipher, e) < 0)
		return -1;
	return hand_over(m, &n, cipher, e);
}

/* Twice base64, the inner one in lines of 76 with CRLF, the outer one of 64. */
uint64_t
mail_sealed_size(uint64_t n)
{
	const uint64_t inner = (n + 2) / 3 * 4, lines = inner + (inner / 76 + 1) * 2 + OVERHEAD;
	const uint64_t outer = (lines + 2) / 3 * 4;

	return outer + outer / 64 + 1 + OVERHEAD;
}

uint64_t
mail_sealed_room(uint64_t max)
{
	uint64_t fits = 0, above = max; /* a mail is larger than what it holds */

	while (above - fits > 1) {
		const uint64_t n = fits + (above - fits) / 2;

		if (mail_sealed_size(n) <= max)
			fits = n;
		else
			above = n;
	}
	return fits;
}
