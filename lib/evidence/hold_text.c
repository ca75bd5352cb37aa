/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/hold_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include "base/bytes.h"
#include "base/print/html.h"

/* What may begin an escape, what a form writes in place of a blank, and what is no ASCII. */
enum { MARK = 1, PLUS = 2, LETTER = 4 };

static const uint8_t kind[256] = { ['%'] = MARK,
	['='] = MARK,
	['\\'] = MARK,
	['&'] = MARK,
	['#'] = MARK,
	['+'] = PLUS,
	[0x80 ... 0xff] = LETTER };

/* How many bytes of S stand before the first one of KINDS. */
static size_t
before(struct span s, unsigned kinds)
{
	size_t i = 0;

	while (i < s.len && !(kind[(unsigned char)s.p[i]] & kinds))
		i++;
	return i;
}

bool
hold_text_is_plain(struct span s)
{
	return before(s, MARK | PLUS | LETTER) == s.len;
}

/* --- escapes ---------------------------------------------------------------------------------- */

/* The number in the N digits of BASE that S begins with; -1: they are none. */
static int32_t
digits(struct span s, size_t n, unsigned base)
{
	int32_t v = 0;

	if (n == 0 || s.len < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const unsigned d = (unsigned)bytes_hex_digit(s.p[i]);

		if (d >= base || v > 0x10ffff)
			return -1;
		v = v * (int32_t)base + (int32_t)d;
	}
	return v;
}

static void
put_letter(struct buf *out, uint32_t c)
{
	uint8_t text[6];
	const int n = u8_uctomb(text, c, sizeof(text));

	buf_put(out, text, n > 0 ? (size_t)n : 0);
}

/* The byte that the N digits of BASE behind the HEAD bytes of S stand for. Returns how long all of it is; 0: they are none. */
static size_t
undo_byte(struct span s, size_t head, size_t n, unsigned base, struct buf *out)
{
	const int32_t v = digits(span_from(s, head), n, base);

	if (v < 0)
		return 0;
	buf_char(out, (char)v);
	return head + n;
}

/* "\u00fc", and two of them for what lies beyond the first plane. */
static size_t
undo_u(struct span s, struct buf *out)
{
	const int32_t high = digits(span_from(s, 2), 4, 16);
	int32_t low;

	if (high < 0)
		return 0;
	if (high < 0xd800 || high > 0xdbff) {
		put_letter(out, (uint32_t)high);
		return 6;
	}
	low = s.len >= 12 && s.p[6] == '\\' && s.p[7] == 'u' ? digits(span_from(s, 8), 4, 16) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	put_letter(out, 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
	return 12;
}

static size_t
undo_backslash(struct span s, struct buf *out)
{
	size_t n = 0;

	if (s.len >= 6 && s.p[1] == 'u')
		return undo_u(s, out);
	if (s.len >= 4 && s.p[1] == 'x')
		n = undo_byte(s, 2, 2, 16, out);
	if (s.len >= 4 && n == 0)
		n = undo_byte(s, 1, 3, 8, out);
	if (n > 0)
		return n;
	if (s.len < 2 || !memchr("\"'\\/]@", s.p[1], 6))
		return 0;
	buf_char(out, s.p[1]);
	return 2;
}

static size_t
undo_entity(struct span s, struct buf *out)
{
	const bool hex = s.len > 2 && (s.p[2] == 'x' || s.p[2] == 'X');
	const size_t from = hex ? 3 : 2;
	uint32_t letter;
	size_t n = html_letter(s, &letter);
	int32_t v;

	if (n > 0) {
		put_letter(out, letter);
		return n;
	}
	if (s.len < 4 || s.p[1] != '#')
		return 0;
	while (n < 7 && from + n < s.len && s.p[from + n] != ';')
		n++;
	if (from + n >= s.len || s.p[from + n] != ';')
		return 0;
	v = digits(span_from(s, from), n, hex ? 16 : 10);
	if (v < 0)
		return 0;
	put_letter(out, (uint32_t)v);
	return from + n + 1;
}

/* What S begins with, undone, and how long it is; 0: no escape. */
static size_t
undo(struct span s, struct buf *out)
{
	switch (s.p[0]) {
	case '\\':
		return undo_backslash(s, out);
	case '&':
		return undo_entity(s, out);
	case '#': /* rsyslog's */
		return undo_byte(s, 1, 3, 8, out);
	default: /* '%', '=' */
		return s.p[0] == '=' && s.len >= 2 && s.p[1] == '\n' ? 2
								     : undo_byte(s, 1, 2, 16, out);
	}
}

bool
hold_text_unescape(struct span s, struct buf *out)
{
	bool any = false;

	while (s.len > 0) {
		size_t n = before(s, MARK);

		buf_put(out, s.p, n);
		s = span_from(s, n);
		if (s.len == 0)
			break;
		n = undo(s, out);
		any |= n > 0;
		if (n == 0)
			buf_char(out, s.p[0]);
		s = span_from(s, n > 0 ? n : 1);
	}
	return any;
}

/* --- letters ---------------------------------------------------------------------------------- */

static void
put_utf8(struct span s, struct buf *out)
{
	while (s.len > 0) {
		const size_t ascii = before(s, PLUS | LETTER);
		int n;

		buf_put(out, s.p, ascii);
		s = span_from(s, ascii);
		if (s.len == 0)
			break;
		n = u8_mblen((const uint8_t *)s.p, s.len);
		if (n > 1)
			buf_put(out, s.p, (size_t)n);
		else if (n < 0)
			put_letter(out, (unsigned char)s.p[0]);
		else
			buf_char(out, ' ');
		s = span_from(s, n > 0 ? (size_t)n : 1);
	}
}

/* What stands in OUT from AT on, which is UTF-8, as NFC. */
static void
compose(struct buf *out, size_t at, bool fold)
{
	const uint8_t *p = (const uint8_t *)out->p + at;
	const size_t len = out->len - at;
	size_t n = 0;
	uint8_t *made;

	if (out->failed || len == 0)
		return;
	if (before(span_of(out->p + at, len), LETTER) == len) {
		for (size_t i = at; fold && i < out->len; i++)
			out->p[i] = bytes_lower(out->p[i]);
		return;
	}
	made = fold ? u8_casefold(p, len, NULL, UNINORM_NFC, NULL, &n)
		    : u8_normalize(UNINORM_NFC, p, len, NULL, &n);
	out->failed |= !made;
	if (!made)
		return;
	out->len = at;
	buf_put(out, made, n);
	free(made);
}

void
hold_text_compose(struct span s, struct buf *out)
{
	const size_t at = out->len;

	buf_span(out, s);
	out->failed |= u8_check((const uint8_t *)s.p, s.len) != NULL;
	compose(out, at, false);
}

void
hold_text_utf8(struct span s, struct buf *out)
{
	const size_t at = out->len;

	put_utf8(s, out);
	compose(out, at, false);
}

void
hold_text_fold(struct span s, struct buf *out)
{
	const size_t at = out->len;

	put_utf8(s, out);
	compose(out, at, true);
}
