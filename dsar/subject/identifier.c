/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/subject/identifier.h"

#include <stdlib.h>
#include <string.h>

#include <idn2.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "dsar/subject/subject.h"
#include "record/address.h"

#define COUNTRY   "49"
#define PHONE_MIN 6
#define PHONE_MAX 15 /* ITU-T E.164 */

enum identifier_class
identifier_class(const char *kind)
{
	static const struct {
		const char *word;
		enum identifier_class class;
	} words[] = { { "email", IDENTIFIER_EMAIL }, { "ip", IDENTIFIER_IP },
		{ "phone", IDENTIFIER_PHONE }, { "name", IDENTIFIER_NAME },
		{ "pattern", IDENTIFIER_PATTERN } };
	const char *last = strrchr(kind, '-');

	last = last ? last + 1 : kind;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, last) == 0)
			return words[i].class;
	return IDENTIFIER_ID;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* --- comparing -------------------------------------------------------------------------------- */

/* What is no UTF-8 is compared by its ASCII letters. */
static void
put_folded(struct buf *out, struct span s)
{
	uint8_t room[256];
	size_t len = sizeof(room);
	uint8_t *p = NULL;

	if (u8_check((const uint8_t *)s.p, s.len) == NULL)
		p = u8_casefold((const uint8_t *)s.p, s.len, NULL, UNINORM_NFC, room, &len);
	if (!p) {
		for (size_t i = 0; i < s.len; i++)
			buf_char(out, bytes_lower(s.p[i]));
		return;
	}
	buf_put(out, p, len);
	explicit_bzero(p, len);
	if (p != room)
		free(p);
}

static int
fold_name(struct span s, struct buf *out)
{
	const size_t begin = out->len;
	size_t to = begin;

	put_folded(out, s);
	if (out->failed)
		return -1;
	for (size_t from = begin; from < out->len; from++) {
		if (span_is_blank(out->p[from]) && to > begin && out->p[to - 1] == ' ')
			continue;
		out->p[to++] = span_is_blank(out->p[from]) ? ' ' : out->p[from];
	}
	out->len = to;
	return to > begin ? 0 : -1;
}

/* The domain as DNS knows it (RFC 5891), or its letters of ASCII in lower case. */
static void
put_domain(struct buf *out, struct span domain)
{
	char copy[256];
	char *ascii = NULL;

	if (domain.len < sizeof(copy)) {
		memcpy(copy, domain.p, domain.len);
		copy[domain.len] = '\0';
		if (idn2_to_ascii_8z(copy, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
			IDN2_OK)
			ascii = NULL;
		explicit_bzero(copy, sizeof(copy));
	}
	if (ascii)
		for (const char *p = ascii; *p; p++)
			buf_char(out, bytes_lower(*p));
	else
		put_folded(out, domain);
	if (ascii)
		explicit_bzero(ascii, strlen(ascii));
	idn2_free(ascii);
}

static bool
email_split(struct span s, struct span *local, struct span *domain)
{
	const char *at = memrchr(s.p, '@', s.len);

	if (!at || at == s.p || at + 1 == s.p + s.len)
		return false;
	*local = span_of(s.p, (size_t)(at - s.p));
	*domain = span_from(s, local->len + 1);
	for (size_t i = 0; i < s.len; i++)
		if (span_is_blank(s.p[i]) || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == ',')
			return false;
	return memchr(domain->p, '.', domain->len) != NULL;
}

static struct span
without_tag(struct span local)
{
	const char *plus = memchr(local.p, '+', local.len);

	return plus && plus > local.p ? span_of(local.p, (size_t)(plus - local.p)) : local;
}

static int
fold_email(struct span s, struct buf *out)
{
	struct span local, domain;

	if (!email_split(s, &local, &domain))
		return -1;
	put_folded(out, without_tag(local));
	buf_char(out, '@');
	put_domain(out, domain);
	return out->failed ? -1 : 0;
}

static int
fold_ip(struct span s, struct buf *out)
{
	char text[ADDRESS_TEXT_MAX];
	struct address a;

	if (!address_parse(s, &a))
		return -1;
	address_unmap(&a);
	buf_put(out, text, address_format(&a, text));
	return 0;
}

/* The digits of an international number, without a sign before them. */
static bool
phone_digits(struct span s, char ret[PHONE_MAX + 1], size_t *ret_n)
{
	char digits[PHONE_MAX + 4];
	size_t n = 0, skip;
	const bool plus = s.len > 0 && s.p[0] == '+';

	for (size_t i = plus; i < s.len; i++) {
		if (is_digit(s.p[i])) {
			if (n == sizeof(digits))
				return false;
			digits[n++] = s.p[i];
		} else if (!strchr(" -/().", s.p[i])) {
			return false;
		}
	}
	if (n < PHONE_MIN)
		return false;
	*ret_n = 0;
	skip = plus ? 0 : digits[0] == '0' && digits[1] == '0' ? 2 : digits[0] == '0' ? 1 : 0;
	if (skip == 1) {
		memcpy(ret, COUNTRY, 2);
		*ret_n = 2;
	}
	if (*ret_n + n - skip > PHONE_MAX)
		return false;
	memcpy(ret + *ret_n, digits + skip, n - skip);
	*ret_n += n - skip;
	ret[*ret_n] = '\0';
	return true;
}

static int
fold_phone(struct span s, struct buf *out)
{
	char digits[PHONE_MAX + 1];
	size_t n;

	if (!phone_digits(s, digits, &n))
		return -1;
	buf_char(out, '+');
	buf_put(out, digits, n);
	return 0;
}

static bool
is_uuid(struct span s)
{
	for (size_t i = 0; s.len == 36 && i < 36; i++) {
		const char c = bytes_lower(s.p[i]);

		if (i == 8 || i == 13 || i == 18 || i == 23
				? c != '-'
				: !is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
	}
	return s.len == 36;
}

static int
fold_id(struct span s, struct buf *out)
{
	const bool uuid = is_uuid(s);

	for (size_t i = 0; i < s.len; i++)
		buf_char(out, uuid ? bytes_lower(s.p[i]) : s.p[i]);
	return s.len > 0 && !out->failed ? 0 : -1;
}

int
identifier_fold_class(enum identifier_class class, struct span value, struct buf *out)
{
	const struct span s = span_trim(value);

	switch (class) {
	case IDENTIFIER_EMAIL:
		return fold_email(s, out);
	case IDENTIFIER_IP:
		return fold_ip(s, out);
	case IDENTIFIER_PHONE:
		return fold_phone(s, out);
	case IDENTIFIER_NAME:
		return fold_name(s, out);
	case IDENTIFIER_PATTERN:
		buf_span(out, value);
		return value.len > 0 ? 0 : -1;
	case IDENTIFIER_ID:
		break;
	}
	return fold_id(s, out);
}

/* --- forms in texts --------------------------------------------------------------------------- */

#define FORM_MAX (4 * IDENTIFIER_MAX)

struct forms {
	identifier_form *seen;
	void *ctx;
	struct err *e;
	struct buf out;
};

static int
give(struct forms *f)
{
	return f->out.failed ? 0 : f->seen(f->ctx, span_of(f->out.p, f->out.len), f->e);
}

static bool
is_plain(char c)
{
	return is_digit(c) || (bytes_lower(c) >= 'a' && bytes_lower(c) <= 'z') ||
	       strchr("-._~", c) != NULL;
}

/* As RFC 3986 and HTML's forms write it in a query: a blank is SPACE. */
static int
give_encoded(struct forms *f, struct span s, const char *space)
{
	static const char hex[] = "0123456789ABCDEF";
	bool changed = false;

	buf_clear(&f->out);
	for (size_t i = 0; i < s.len; i++) {
		const unsigned char c = (unsigned char)s.p[i];

		if (is_plain(s.p[i]) && c != '\0') {
			buf_char(&f->out, s.p[i]);
			continue;
		}
		changed = true;
		if (c == ' ') {
			buf_str(&f->out, space);
		} else {
			buf_char(&f->out, '%');
			buf_char(&f->out, hex[c >> 4]);
			buf_char(&f->out, hex[c & 15]);
		}
	}
	return changed ? give(f) : 0;
}

/* As JSON writes it where its writer keeps to ASCII (RFC 8259, 7). */
static int
give_json(struct forms *f, struct span s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t left = s.len;

	buf_clear(&f->out);
	while (left > 0) {
		ucs4_t c;
		const int n = u8_mbtouc(&c, p, left);

		if (c < 0x80)
			buf_char(&f->out, (char)c);
		else if (c < 0x10000)
			buf_printf(&f->out, "\\u%04x", c);
		else
			buf_printf(&f->out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
				0xdc00 + ((c - 0x10000) & 0x3ff));
		p += n;
		left -= (size_t)n;
	}
	return give(f);
}

/* S itself, and how queries and JSON write it. */
static int
give_all(struct forms *f, struct span s)
{
	buf_clear(&f->out);
	buf_span(&f->out, s);
	if (give(f) < 0 || give_encoded(f, s, "+") < 0 || give_encoded(f, s, "%20") < 0)
		return -1;
	return span_is_ascii(s) ? 0 : give_json(f, s);
}

typedef uint8_t *change_case(
	const uint8_t *s, size_t n, const char *lang, uninorm_t nf, uint8_t *out, size_t *len);

/* Letters beyond ASCII are looked for as they were given, small, large and with a large one at the head of each
 * word, composed and taken apart. */
static int
give_cases(struct forms *f, struct span s)
{
	change_case *const changes[] = { u8_tolower, u8_toupper, u8_totitle };
	const uninorm_t norms[] = { UNINORM_NFC, UNINORM_NFD };

	if (give_all(f, s) < 0)
		return -1;
	if (span_is_ascii(s) || u8_check((const uint8_t *)s.p, s.len) != NULL)
		return 0;
	for (size_t i = 0; i < 6; i++) {
		size_t len = 0;
		cleanup_mem uint8_t *p = changes[i / 2](
			(const uint8_t *)s.p, s.len, NULL, norms[i % 2], NULL, &len);
		int rc;

		if (!p)
			return err_memory(f->e);
		rc = give_all(f, span_of(p, len));
		explicit_bzero(p, len);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* The domain as people read it and as DNS has it. A tag that was given is looked for with it, too. */
static int
email_forms(struct forms *f, struct span s)
{
	struct span local, domain;
	struct buf b;
	int rc = give_cases(f, s);

	if (rc < 0 || !email_split(s, &local, &domain))
		return rc;
	buf_init(&b, FORM_MAX);
	buf_span(&b, without_tag(local));
	buf_char(&b, '@');
	put_domain(&b, domain);
	rc = give_all(f, span_of(b.p, b.len));
	buf_clear(&b);
	buf_span(&b, without_tag(local));
	buf_char(&b, '@');
	buf_span(&b, domain);
	if (rc == 0)
		rc = give_cases(f, span_of(b.p, b.len));
	buf_wipe(&b);
	return rc;
}

/* As RFC 5952 has it, in full, and without a run of zeros left out. */
static int
ip_forms(struct forms *f, struct span s)
{
	char text[ADDRESS_TEXT_MAX];
	struct address a;

	if (!address_parse(s, &a))
		return 0;
	address_unmap(&a);
	buf_clear(&f->out);
	buf_put(&f->out, text, address_format(&a, text));
	if (give(f) < 0 || a.family == 4)
		return a.family == 4 ? 0 : -1;
	for (int form = 0; form < 2; form++) {
		buf_clear(&f->out);
		for (int i = 0; i < 16; i += 2)
			buf_printf(&f->out, form ? "%s%x" : "%s%04x", i ? ":" : "",
				(unsigned)a.b[i] << 8 | a.b[i + 1]);
		if (give(f) < 0)
			return -1;
	}
	return 0;
}

static int
phone_forms(struct forms *f, struct span s)
{
	char digits[PHONE_MAX + 1];
	size_t n;

	buf_clear(&f->out);
	buf_span(&f->out, s);
	if (give(f) < 0 || !phone_digits(s, digits, &n))
		return -1;
	for (int form = 0; form < 2; form++) {
		const bool national = form == 1 && strncmp(digits, COUNTRY, 2) == 0;

		buf_clear(&f->out);
		if (national)
			buf_char(&f->out, '0');
		buf_str(&f->out, national ? digits + 2 : digits);
		if (give(f) < 0)
			return -1;
	}
	return 0;
}

int
identifier_forms(enum identifier_class class, struct span value, identifier_form *seen, void *ctx,
	struct err *e)
{
	struct forms f = { .seen = seen, .ctx = ctx, .e = e };
	const struct span s = span_trim(value);
	int rc = 0;

	buf_init(&f.out, FORM_MAX);
	if (class == IDENTIFIER_EMAIL)
		rc = email_forms(&f, s);
	else if (class == IDENTIFIER_IP)
		rc = ip_forms(&f, s);
	else if (class == IDENTIFIER_PHONE)
		rc = phone_forms(&f, s);
	else if (class == IDENTIFIER_NAME)
		rc = give_cases(&f, s);
	else if (class == IDENTIFIER_ID)
		rc = give_all(&f, s);
	buf_wipe(&f.out);
	return rc;
}

/* --- on its own ------------------------------------------------------------------------------- */

static bool
is_word(char c)
{
	return is_digit(c) || (bytes_lower(c) >= 'a' && bytes_lower(c) <= 'z') ||
	       (unsigned char)c >= 0x80;
}

/* "%40" and "\u00fc" end in what looks like a part of a word, and is not. */
static bool
ends_an_escape(struct span hay, size_t at)
{
	const size_t from = at > 6 ? at - 6 : 0;

	for (size_t i = from; i < at; i++)
		if ((hay.p[i] == '%' && at - i == 3) ||
			(hay.p[i] == '\\' && (hay.p[i + 1] == 'u'          ? at - i == 6
						     : hay.p[i + 1] == 'x' ? at - i == 4
									   : at - i == 2)))
			return true;
	return false;
}

static bool
begins_in_word(struct span hay, size_t at, const char *more)
{
	char c;

	if (at == 0)
		return false;
	c = hay.p[at - 1];
	return (is_word(c) || (c != '\0' && strchr(more, c))) && !ends_an_escape(hay, at);
}

/* ".113" and "-x" go on; a full stop at the end of a sentence does not. */
static bool
goes_on(struct span hay, size_t at, const char *more)
{
	const char c = at < hay.len ? hay.p[at] : ' ';
	const char next = at + 1 < hay.len ? hay.p[at + 1] : ' ';

	return is_word(c) || (c != '\0' && strchr(more, c) && is_word(next));
}

bool
identifier_stands_alone(enum identifier_class class, struct span hay, size_t begin, size_t end)
{
	switch (class) {
	case IDENTIFIER_EMAIL:
		return !begins_in_word(hay, begin, "._-") && !goes_on(hay, end, ".-");
	case IDENTIFIER_IP: {
		/* a port may follow a colon, but for IPv6; "::ffff:" may stand before it */
		const bool v6 = memchr(hay.p + begin, ':', end - begin) != NULL;

		return !begins_in_word(hay, begin, v6 ? ".:" : ".") &&
		       !goes_on(hay, end, v6 ? ".:" : ".");
	}
	case IDENTIFIER_PHONE:
		return !begins_in_word(hay, begin, "") && !goes_on(hay, end, "");
	case IDENTIFIER_ID:
		return !begins_in_word(hay, begin, "_") && !goes_on(hay, end, "_");
	case IDENTIFIER_NAME:
	case IDENTIFIER_PATTERN:
		break;
	}
	return !begins_in_word(hay, begin, "") && !goes_on(hay, end, "");
}
