/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/maildir/mime.h"

#include <iconv.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#define PARAMETER_MAX 128 /* of a header; a boundary has at most 70 (RFC 2046 5.1.1) */

static const char blanks[] = " \t\r\n";

/* Behind the blanks and line ends at P. A mail has no NUL at its end, and may have some in it. */
static const char *
after_blanks(const char *p, const char *end)
{
	while (p < end && *p && strchr(blanks, *p))
		p++;
	return p;
}

/* --- charsets --------------------------------------------------------------------------------- */

/* Bytes of a unit of CHARSET; 0: not one of those that have no state which a stranger's text could lead astray. What
 * has, but UTF-7, keeps ASCII as it is. */
static size_t
unit_of(const char *charset)
{
	static const struct {
		const char *begin;
		size_t unit;
	} known[] = { { "iso-8859-", 1 }, { "windows-125", 1 }, { "cp125", 1 }, { "koi8-", 1 },
		{ "utf-16", 2 }, { "utf-32", 4 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncasecmp(charset, known[i].begin, strlen(known[i].begin)) == 0)
			return known[i].unit;
	return 0;
}

/* Turns what OUT has from FROM on into UTF-8. Each byte makes at most three. */
static void
to_utf8(struct buf *out, size_t from, const char *charset)
{
	const size_t len = out->len - from, unit = unit_of(charset);
	char *in, *to;
	size_t n_in = len, n_to = 3 * len;
	iconv_t cd;

	if (out->failed || len == 0 || unit == 0 || !buf_room(out, 4 * len))
		return;
	cd = iconv_open("UTF-8", charset);
	if ((intptr_t)cd == -1)
		return;
	/* its bytes behind the room for what they become */
	in = memmove(out->p + from + 3 * len, out->p + from, len);
	to = out->p + from;
	while (n_in > 0 && iconv(cd, &in, &n_in, &to, &n_to) == (size_t)-1) {
		const size_t odd = n_in < unit ? n_in
					       : unit; /* no character of it, or a piece of one */

		memmove(to, in, odd);
		in += odd;
		to += odd;
		n_in -= odd;
		n_to -= odd;
	}
	(void)iconv_close(cd);
	out->len = (size_t)(to - out->p);
}

/* --- encodings -------------------------------------------------------------------------------- */

static int
hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/* "=41", and in a body "=" at a line's end, which joins it to the next; in a WORD "_" is a blank. */
static void
put_quoted(struct buf *b, struct span s, bool word)
{
	const char *p = s.p, *end = s.p + s.len;

	while (p < end) {
		if (*p == '=' && end - p > 2 && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
			buf_char(b, (char)(hex(p[1]) << 4 | hex(p[2])));
			p += 3;
			continue;
		}
		if (!word && *p == '=') {
			const char *nl = memchr(p, '\n', (size_t)(end - p));

			if (nl && after_blanks(p + 1, nl) == nl) {
				p = nl + 1;
				continue;
			}
		}
		buf_char(b, word && *p == '_' ? ' ' : *p);
		p++;
	}
}

static void
put_base64(struct buf *b, struct span s)
{
	const char *end = s.p;
	size_t len = 0;

	if (s.len == 0 || !buf_room(b, s.len / 4 * 3 + 3))
		return;
	/* its padding is the first that it does not know; so is what a damage left */
	if (sodium_base642bin((unsigned char *)b->p + b->len, s.len / 4 * 3 + 3, s.p, s.len, blanks,
		    &len, &end, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		end = s.p;
	else
		b->len += len;
	s = span_from(s, (size_t)(end - s.p));
	while (s.len > 0 && strchr("= \t\r\n", *s.p))
		s = span_from(s, 1);
	buf_span(b, s);
}

/* --- headers ---------------------------------------------------------------------------------- */

struct span
mime_header(struct span *rest)
{
	const char *p = rest->p, *end = p + rest->len, *to = p;

	if (rest->len == 0 || *p == '\n' || *p == '\r')
		return SPAN_NONE;
	do {
		const char *nl = memchr(to, '\n', (size_t)(end - to));

		to = nl ? nl + 1 : end;
	} while (to < end && (*to == ' ' || *to == '\t'));
	*rest = span_of(to, (size_t)(end - to));
	return span_of(p, (size_t)(to - p));
}

bool
mime_is_header(struct span h, const char *name)
{
	const size_t len = strlen(name);

	return h.len > len && h.p[len] == ':' && strncasecmp(h.p, name, len) == 0;
}

/* "=?charset?Q?text?=" at P as what it stands for. Where it ends; NULL: none. */
static const char *
put_word(struct buf *b, const char *p, const char *end)
{
	const size_t from = b->len;
	const char *coding, *text, *to;
	char charset[32];

	if (end - p < 8 || p[0] != '=' || p[1] != '?')
		return NULL;
	coding = memchr(p + 2, '?', (size_t)(end - p - 2));
	if (!coding || end - coding < 5 || coding[2] != '?')
		return NULL;
	text = coding + 3;
	to = memmem(text, (size_t)(end - text), "?=", 2);
	if (!to)
		return NULL;
	if (coding[1] == 'Q' || coding[1] == 'q')
		put_quoted(b, span_of(text, (size_t)(to - text)), true);
	else if (coding[1] == 'B' || coding[1] == 'b')
		put_base64(b, span_of(text, (size_t)(to - text)));
	else
		return NULL;
	(void)snprintf(charset, sizeof(charset), "%.*s", (int)(coding - p - 2), p + 2);
	to_utf8(b, from, charset);
	return to + 2;
}

/* One header as a line of text. */
static void
put_header(struct buf *b, struct span h)
{
	const char *p = h.p, *end = h.p + h.len;

	while (p < end) {
		const char *behind = put_word(b, p, end);

		if (behind) {
			const char *next = after_blanks(behind, end);

			/* blanks between two words are part of neither */
			p = end - next > 2 && next[0] == '=' && next[1] == '?' ? next : behind;
			continue;
		}
		if (*p != '\r' && *p != '\n')
			buf_char(b, *p);
		p++;
	}
	buf_char(b, '\n');
}

/* The value of H before its parameters, or of the parameter NAME; "" where there is none. */
static void
value_of(struct span h, const char *name, char ret[PARAMETER_MAX])
{
	char text[2048], *rest = text, *part;

	(void)snprintf(text, sizeof(text), "%.*s", (int)h.len, h.p);
	part = strchr(text, ':');
	rest = part ? part + 1 : text;
	*ret = '\0';
	for (bool first = true; (part = strsep(&rest, ";")); first = false) {
		const size_t len = name ? strlen(name) : 0;

		part += strspn(part, blanks);
		if (first != !name ||
			(name && (strncasecmp(part, name, len) != 0 || part[len] != '=')))
			continue;
		part += name ? len + 1 : 0;
		if (*part == '"') {
			part++;
			part[strcspn(part, "\"")] = '\0';
		} else
			part[strcspn(part, blanks)] = '\0';
		(void)snprintf(ret, PARAMETER_MAX, "%s", part);
		return;
	}
}

/* --- bodies ----------------------------------------------------------------------------------- */

struct part {
	char type[PARAMETER_MAX], charset[PARAMETER_MAX], boundary[PARAMETER_MAX],
		encoding[PARAMETER_MAX];
};

/* Reads the head of BODY, which is what follows it then; with PUT it goes to OUT. */
static struct part
read_head(struct buf *out, struct span *body, bool put)
{
	struct part p = { .type = "text/plain" };
	struct span h;

	while ((h = mime_header(body)).p) {
		if (mime_is_header(h, "Content-Type")) {
			value_of(h, NULL, p.type);
			value_of(h, "charset", p.charset);
			value_of(h, "boundary", p.boundary);
		} else if (mime_is_header(h, "Content-Transfer-Encoding"))
			value_of(h, NULL, p.encoding);
		if (put)
			put_header(out, h);
	}
	return p;
}

static void
put_content(struct buf *out, const struct part *p, struct span body)
{
	const size_t from = out->len;

	if (strcasecmp(p->encoding, "base64") == 0)
		put_base64(out, body);
	else if (strcasecmp(p->encoding, "quoted-printable") == 0)
		put_quoted(out, body, false);
	else
		buf_span(out, body);
	if (strncasecmp(p->type, "text/", strlen("text/")) == 0)
		to_utf8(out, from, p->charset);
	buf_char(out, '\n');
}

/* What stands before the next line that is the boundary; *BODY is what stands behind it then. LAST: the
 * boundary is the closing one, or there is none any more. */
static struct span
before_boundary(struct span *body, const char *boundary, bool *ret_last)
{
	const struct span all = *body;
	const size_t len = strlen(boundary);
	const char *p = all.p, *end = all.p + all.len;

	for (; p && p < end; p = memchr(p, '\n', (size_t)(end - p)), p = p ? p + 1 : NULL) {
		const char *nl;

		if ((size_t)(end - p) < len + 2 || p[0] != '-' || p[1] != '-' ||
			memcmp(p + 2, boundary, len) != 0)
			continue;
		nl = memchr(p, '\n', (size_t)(end - p));
		*ret_last = (size_t)(end - p) >= len + 4 && p[len + 2] == '-' && p[len + 3] == '-';
		*body = nl ? span_of(nl + 1, (size_t)(end - nl - 1)) : span_of(end, 0);
		return span_of(all.p, (size_t)(p - all.p));
	}
	*ret_last = true;
	*body = span_of(end, 0);
	return all;
}

static void put_part(struct buf *out, struct span text, bool head, unsigned depth);

static void
put_parts(struct buf *out, const struct part *p, struct span body, unsigned depth)
{
	bool last;
	struct span before = before_boundary(&body, p->boundary, &last);

	put_content(out, &(struct part){ 0 },
		before); /* for programs without MIME; people write there */
	while (!last && !out->failed) {
		before = before_boundary(&body, p->boundary, &last);
		put_part(out, before, true, depth + 1);
	}
	put_content(out, &(struct part){ 0 }, body);
}

/* Programs that forward a mail say "7bit", which changes nothing. */
static bool
stands_as_it_is(const struct part *p)
{
	static const char *const names[] = { "", "7bit", "8bit", "binary" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(p->encoding, names[i]) == 0)
			return true;
	return false;
}

static void
put_part(struct buf *out, struct span text, bool head, unsigned depth)
{
	struct span body = text;
	struct part p = read_head(out, &body, head);
	const bool deep = depth >= MIME_DEPTH_MAX;

	if (!deep && strncasecmp(p.type, "multipart/", strlen("multipart/")) == 0 && *p.boundary)
		put_parts(out, &p, body, depth);
	else if (!deep && strcasecmp(p.type, "message/rfc822") == 0 && stands_as_it_is(&p)) {
		while (body.len > 0 && strchr("\r\n", *body.p))
			body = span_from(body, 1);
		put_part(out, body, true, depth + 1);
	} else
		put_content(out, &p, body);
}

void
mime_text(struct buf *out, struct span mail, const struct conf_list *names, bool body)
{
	struct span rest = mail, h;

	while ((h = mime_header(&rest)).p)
		for (size_t i = 0; i < names->n; i++)
			if (mime_is_header(h, names->v[i]))
				put_header(out, h);
	if (body) {
		buf_char(out, '\n');
		put_part(out, mail, false, 0);
	}
}
