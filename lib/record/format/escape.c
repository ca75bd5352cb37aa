/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each kind is a way to read one escape (how many bytes it takes, what it stands for) and a way to
 * write one byte. Whatever redo() writes, undo() reads back as it was.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "record/format/escape.h"

#include <stdint.h>

#include "base/bytes.h"

static const char *const upper_hex = "0123456789ABCDEF";
static const char *const lower_hex = "0123456789abcdef";

/* The number in the N hexadecimal digits at P, or -1. */
static inline int32_t
hex_number(const char *p, size_t n)
{
	int32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		const int32_t d = (int32_t)bytes_hex_digit(p[i]);

		if (d > 15)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* --- undo: each reads the escape at the start of S, appends its meaning, returns its length or 0
 */

static size_t
undo_nginx(struct span s, struct buf *out)
{
	int32_t v;

	if (s.len >= 2 && (s.p[1] == '"' || s.p[1] == '\\')) {
		buf_char(out, s.p[1]);
		return 2;
	}
	if (s.len < 4 || s.p[1] != 'x' || (v = hex_number(s.p + 2, 2)) < 0)
		return 0;
	buf_char(out, (char)v);
	return 4;
}

/* What the letter behind a backslash stands for; 0 if it is none of C's. */
static char
letter_meaning(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return 0;
	}
}

static size_t
undo_apache(struct span s, struct buf *out)
{
	char c = s.len < 2 ? 0 : s.p[1] == 'v' ? '\v' : letter_meaning(s.p[1]);

	if (!c || s.p[1] == 'f')
		return undo_nginx(s, out);
	buf_char(out, c);
	return 2;
}

static void
put_utf8(uint32_t c, struct buf *out)
{
	if (c < 0x80) {
		buf_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_char(out, (char)(0xe0 | c >> 12));
		} else {
			buf_char(out, (char)(0xf0 | c >> 18));
			buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_char(out, (char)(0x80 | (c & 0x3f)));
}

static int32_t
json_unit(struct span s)
{
	return s.len >= 6 && s.p[0] == '\\' && s.p[1] == 'u' ? hex_number(s.p + 2, 4) : -1;
}

static size_t
undo_json_unicode(struct span s, struct buf *out)
{
	int32_t high = json_unit(s), low;

	if (high < 0 || (high >= 0xdc00 && high < 0xe000))
		return 0;
	if (high < 0xd800 || high >= 0xe000) {
		put_utf8((uint32_t)high, out);
		return 6;
	}
	low = json_unit(span_from(s, 6));
	if (low < 0xdc00 || low >= 0xe000)
		return 0;
	put_utf8(0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00), out);
	return 12;
}

static size_t
undo_json(struct span s, struct buf *out)
{
	char c;

	if (s.len < 2)
		return 0;
	if (s.p[1] == 'u')
		return undo_json_unicode(s, out);
	c = s.p[1] == '"' || s.p[1] == '\\' || s.p[1] == '/' ? s.p[1] : letter_meaning(s.p[1]);
	if (!c)
		return 0;
	buf_char(out, c);
	return 2;
}

/* rsyslog does not escape "#" itself, so "#123" may well be an issue's number: only what it can
 * have escaped counts, and "#043", with which we write a "#" that could be misread. */
static size_t
undo_rsyslog(struct span s, struct buf *out)
{
	unsigned v = 0;

	if (s.len < 4)
		return 0;
	for (unsigned i = 1; i < 4; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return 0;
		v = v * 8 + (unsigned)(s.p[i] - '0');
	}
	if (v > 255 || (v >= ' ' && v < 127 && v != '#'))
		return 0;
	buf_char(out, (char)v);
	return 4;
}

static size_t
undo_sd(struct span s, struct buf *out)
{
	if (s.len < 2 || (s.p[1] != '"' && s.p[1] != '\\' && s.p[1] != ']'))
		return 0;
	buf_char(out, s.p[1]);
	return 2;
}

/* --- redo: each appends one byte that cannot stand ----------------------------------------- */

static void
put_hex(unsigned char c, const char *digits, struct buf *out)
{
	const char text[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

	buf_put(out, text, sizeof(text));
}

static void
redo_nginx(unsigned char c, struct buf *out)
{
	put_hex(c, upper_hex, out);
}

static void
put_backslash(char c, struct buf *out)
{
	buf_char(out, '\\');
	buf_char(out, c);
}

/* The letter for control byte C after a backslash, or 0. */
static char
control_letter(unsigned char c)
{
	static const char letters[] = "btn\0fr"; /* \b \t \n \v \f \r */

	return c >= '\b' && c <= '\r' ? letters[c - '\b'] : 0;
}

static void
redo_apache(unsigned char c, struct buf *out)
{
	char letter = c == '\v' ? 'v' : c == '\f' ? 0 : control_letter(c);

	if (letter)
		put_backslash(letter, out);
	else if (c == '"' || c == '\\')
		put_backslash((char)c, out);
	else
		put_hex(c, lower_hex, out);
}

static void
redo_json(unsigned char c, struct buf *out)
{
	const char unit[6] = { '\\', 'u', '0', '0', lower_hex[c >> 4], lower_hex[c & 15] };

	if (c == '"' || c == '\\')
		put_backslash((char)c, out);
	else if (control_letter(c))
		put_backslash(control_letter(c), out);
	else
		buf_put(out, unit, sizeof(unit));
}

static void
redo_rsyslog(unsigned char c, struct buf *out)
{
	const char text[4] = { '#', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
		(char)('0' + (c & 7)) };

	buf_put(out, text, sizeof(text));
}

static void
redo_sd(unsigned char c, struct buf *out)
{
	put_backslash((char)c, out);
}

/* --- the kinds ------------------------------------------------------------------------------- */

static const struct {
	char mark; /* what every escape begins with */
	size_t (*undo)(struct span s, struct buf *out);
	void (*redo)(unsigned char c, struct buf *out);
} kinds[] = {
	[ESCAPE_NGINX] = { '\\', undo_nginx, redo_nginx },
	[ESCAPE_APACHE] = { '\\', undo_apache, redo_apache },
	[ESCAPE_JSON] = { '\\', undo_json, redo_json },
	[ESCAPE_RSYSLOG] = { '#', undo_rsyslog, redo_rsyslog },
	[ESCAPE_SD] = { '\\', undo_sd, redo_sd },
};

bool
escape_is_needed_to_undo(enum conf_escape kind, struct span s)
{
	return kind != ESCAPE_NONE && s.len > 0 && memchr(s.p, kinds[kind].mark, s.len) != NULL;
}

bool
escape_has_mark(struct span s)
{
	return s.len > 0 && (memchr(s.p, '\\', s.len) || memchr(s.p, '#', s.len));
}

#define BLOCK 16 /* bytes */

/* How many bytes of S stand before the next MARK. JSON within nginx's quotes has one each few bytes, for which a
 * call to memchr() takes longer than the look. */
static inline size_t
plain_len(struct span s, char mark)
{
	size_t i = 0;

#ifdef __SSE2__
	for (; s.len - i >= BLOCK; i += BLOCK) {
		const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		const unsigned marks = (unsigned)_mm_movemask_epi8(
			_mm_cmpeq_epi8(v, _mm_set1_epi8(mark)));

		if (marks != 0)
			return i + (unsigned)__builtin_ctz(marks);
	}
#endif
	while (i < s.len && s.p[i] != mark)
		i++;
	return i;
}

/* The first N bytes of S, mostly few: then more are copied than count. */
static inline void
put_plain(struct span s, size_t n, struct buf *out)
{
	if (n > BLOCK || s.len < BLOCK || !buf_room(out, BLOCK)) {
		buf_put(out, s.p, n);
		return;
	}
	memcpy(out->p + out->len, s.p, BLOCK);
	out->len += n;
}

void
escape_undo(enum conf_escape kind, struct span s, struct buf *out)
{
	if (kind == ESCAPE_NONE) {
		buf_span(out, s);
		return;
	}
	while (s.len > 0) {
		const size_t plain = plain_len(s, kinds[kind].mark);
		size_t n;

		put_plain(s, plain, out);
		s = span_from(s, plain);
		if (s.len == 0)
			return;
		n = kinds[kind].undo(s, out);
		if (n == 0) {
			buf_char(out, s.p[0]);
			n = 1;
		}
		s = span_from(s, n);
	}
}

/* Would byte I of S be taken for another, or for the begin of an escape? */
static bool
is_misread_by_rsyslog(struct span s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];
	char room[4];
	struct buf meaning = { .p = room, .cap = sizeof(room), .max = sizeof(room) };

	return c < ' ' || c == 127 || (c == '#' && undo_rsyslog(span_from(s, i), &meaning) > 0);
}

/* Does byte I of S stand as it is? */
static inline bool
stands(enum conf_escape kind, struct span s, size_t i)
{
	unsigned char c = (unsigned char)s.p[i];

	switch (kind) {
	case ESCAPE_RSYSLOG:
		return !is_misread_by_rsyslog(s, i);
	case ESCAPE_SD:
		return c != '"' && c != '\\' && c != ']';
	case ESCAPE_JSON:
		return c >= ' ' && c != '"' && c != '\\';
	default:
		return c >= ' ' && c <= '~' && c != '"' && c != '\\';
	}
}

/* Which of the 16 bytes at P may not stand? A bit for each; of rsyslog's "#" it takes what comes behind
 * it to tell. */
static inline unsigned
block_stops(enum conf_escape kind, const char *p)
{
#ifdef __SSE2__
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	const __m128i signs = _mm_or_si128(
		_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(' ' - 1)), v);
	const __m128i high = _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8('~' + 1)), v);
	__m128i stops = _mm_or_si128(signs, low);

	if (kind == ESCAPE_RSYSLOG)
		stops = _mm_or_si128(low, _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('#')),
						  _mm_cmpeq_epi8(v, _mm_set1_epi8(127))));
	else if (kind == ESCAPE_SD)
		stops = _mm_or_si128(signs, _mm_cmpeq_epi8(v, _mm_set1_epi8(']')));
	else if (kind != ESCAPE_JSON)
		stops = _mm_or_si128(stops, high);
	return (unsigned)_mm_movemask_epi8(stops);
#else
	unsigned stops = 0;

	for (size_t i = 0; i < BLOCK; i++)
		stops |= (unsigned)(p[i] == '#' || !stands(kind, span_of(p, BLOCK), i)) << i;
	return stops;
#endif
}

/* What stands is copied in one piece up to the next that does not. */
void
escape_redo(enum conf_escape kind, struct span s, struct buf *out)
{
	size_t from = 0;

	if (kind == ESCAPE_NONE) {
		buf_span(out, s);
		return;
	}
	for (size_t i = 0; i < s.len;) {
		const bool block = s.len - i >= BLOCK;
		unsigned stops = block ? block_stops(kind, s.p + i) : 1;

		for (; stops != 0; stops &= stops - 1) {
			const size_t at = i + (unsigned)__builtin_ctz(stops);

			if (stands(kind, s, at))
				continue;
			buf_put(out, s.p + from, at - from);
			kinds[kind].redo((unsigned char)s.p[at], out);
			from = at + 1;
		}
		i += block ? BLOCK : 1;
	}
	buf_put(out, s.p + from, s.len - from);
}
