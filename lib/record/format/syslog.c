/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The header of a syslog line, in each form that is met in files and on sockets:
 *
 *   <34>1 2026-11-24T01:40:29.003Z host app 123 ID [id a="b"] message      RFC 5424
 *   <34>Nov 24 01:40:29 host app[123]: message                             RFC 3164
 *   Nov 24 01:40:29 host host app: message                                 through a relay
 *   2026-11-24T01:40:29.123456+00:00 host app[123]: message                rsyslog since Debian 12
 *   Nov 24 01:40:29 app[123]: message                                      a local socket
 *   oct. 29 16:47:39 host app[123]: message                                journalctl in French
 *   <34>message                                                            PRI alone
 *   message                                                                bare
 *
 * A time alone makes no header: many products begin their own lines with one. Without a PRI there
 * is a header only where a TAG ends in a colon. "-" may stand for each field, because that is what
 * is written for one that was dropped.
 */
#include "base/bytes.h"
#include "record/format/format-private.h"

#define HOST_MAX 255 /* RFC 5424, 6: bytes of each */
#define TAG_MAX  64
#define PID_MAX  128

static const char *const field_names[SYSLOG_FIELDS] = {
	[SYSLOG_PRI] = "pri",
	[SYSLOG_VERSION] = "version",
	[SYSLOG_TIME] = "time",
	[SYSLOG_HOSTNAME] = "hostname",
	[SYSLOG_APPNAME] = "appname",
	[SYSLOG_PROCID] = "procid",
	[SYSLOG_MSGID] = "msgid",
	[SYSLOG_SD] = "sd",
	[SYSLOG_MESSAGE] = "message",
};

int
syslog_names(const struct conf_format *decl, struct format_names *names, struct err *e)
{
	for (unsigned i = 0; i < SYSLOG_FIELDS; i++)
		if (format_names_add(names, field_names[i], strlen(field_names[i]), decl, e) < 0)
			return -1;
	return 0;
}

/* What a byte may be part of; none is from 0x80 on. */
#define PART_ALPHA 1
#define PART_TAG   2 /* a program's name: letters, digits, and some signs */
#define PART_PID   4
static const uint8_t parts[256] = {
	['0' ... '9'] = PART_TAG | PART_PID,
	['a' ... 'z'] = PART_ALPHA | PART_TAG | PART_PID,
	['A' ... 'Z'] = PART_ALPHA | PART_TAG | PART_PID,
	['_'] = PART_TAG | PART_PID,
	['-'] = PART_TAG | PART_PID,
	['.'] = PART_TAG | PART_PID,
	['/'] = PART_TAG,
	['+'] = PART_TAG,
	['~'] = PART_TAG,
	['#'] = PART_TAG,
	['('] = PART_TAG,
	[')'] = PART_TAG,
	['%'] = PART_TAG,
	['@'] = PART_TAG,
};

static inline bool
is_part(char c, unsigned of)
{
	return parts[(unsigned char)c] & of;
}

/* What is left of the line, and the pieces so far. Readers move P only when they succeed; pieces
 * that turn out to be none are taken back by setting the split's count. Literals have no pieces: all
 * of a line that is no field is one. */
struct cursor {
	const char *p, *end;
	struct split *split;
	bool has_pri;
};

static inline void
put(struct cursor *c, size_t len, int field)
{
	(void)split_add(c->split, c->p, len, field); /* a header has far fewer pieces than fit */
	c->p += len;
}

static inline bool
blank(struct cursor *c)
{
	if (c->p == c->end || *c->p != ' ')
		return false;
	c->p++;
	return true;
}

static inline bool
is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* A token up to the next blank: printable, up to MAX bytes. */
static size_t
token_len(const char *p, const char *end, size_t max)
{
	size_t n = 0;

	while (p + n < end && (unsigned char)p[n] > ' ' && p[n] != 127 && n <= max)
		n++;
	return n <= max ? n : 0;
}

/* --- PRI and times --------------------------------------------------------------------------- */

static bool
pri(struct cursor *c)
{
	const char *p = c->p + 1;
	size_t n = 0;

	if (c->end - c->p < 3 || c->p[0] != '<')
		return false;
	while (n < 3 && is_digit(p + n, c->end))
		n++;
	if (n == 0 && *p == '-')
		n = 1;
	if (n == 0 || p + n == c->end || p[n] != '>')
		return false;
	c->p++;
	put(c, n, SYSLOG_PRI);
	c->p++;
	return true;
}

/* Is each of the 16 bytes at P between those of LOW and of HIGH? */
static inline bool
is_between(const char *p, const char *low, const char *high)
{
	typedef unsigned char bytes16 __attribute__((vector_size(16)));
	bytes16 v, l, h;
	bytes_pair all;

	memcpy(&v, p, sizeof(v));
	memcpy(&l, low, sizeof(l));
	memcpy(&h, high, sizeof(h));
	all = (bytes_pair)((v >= l) & (v <= h));
	return (all[0] & all[1]) == UINT64_MAX;
}

/* Does the text at P look like SHAPE, where "0" is any digit? */
static bool
looks_like(const char *p, const char *end, const char *shape)
{
	for (; *shape; shape++, p++)
		if (p == end || (*shape == '0' ? !is_digit(p, end) : *p != *shape))
			return false;
	return true;
}

static const char *
fraction_end(const char *p, const char *end)
{
	const char *q = p + 1;

	if (p == end || (*p != '.' && *p != ',') || !is_digit(q, end))
		return p;
	while (is_digit(q, end))
		q++;
	return q;
}

static const char *
zone_end(const char *p, const char *end)
{
	if (p == end)
		return p;
	if (*p == 'Z')
		return p + 1;
	if (*p != '+' && *p != '-')
		return p;
	if (looks_like(p + 1, end, "00:00"))
		return p + 6;
	return looks_like(p + 1, end, "0000") ? p + 5 : p;
}

static size_t
iso_len(const char *p, const char *end)
{
	if (p < end && !is_digit(p, end))
		return 0;
	if (!looks_like(p, end, "0000-00-00T00:00:00"))
		return 0;
	return (size_t)(zone_end(fraction_end(p + 19, end), end) - p);
}

/* "Nov 24 01:40:29", "Nov  4 …", "oct. 29 …", "M\xc3\xa4r 1 …": a short name of a month in any
 * language, a day, a time, perhaps a fraction. */
static size_t
bsd_len(const char *p, const char *end)
{
	const char *q = p;

	/* nearly always, in English and without a fraction */
	if (end - p >= 16 &&
		(is_between(p, "AAA 00 00:00:00 ", "zzz 99 99:99:99 ") ||
			is_between(p, "AAA  0 00:00:00 ", "zzz  9 99:99:99 ")) &&
		is_part(p[0], PART_ALPHA) && is_part(p[1], PART_ALPHA) && is_part(p[2], PART_ALPHA))
		return 15;
	while (q < end && (is_part(*q, PART_ALPHA) || (unsigned char)*q >= 0x80))
		q++;
	if (q - p < 3 || q - p > 6)
		return 0;
	if (q < end && *q == '.')
		q++;
	if (q == end || *q++ != ' ')
		return 0;
	if (q < end && *q == ' ')
		q++;
	if (!is_digit(q, end))
		return 0;
	q += is_digit(q + 1, end) ? 2 : 1;
	if (!looks_like(q, end, " 00:00:00"))
		return 0;
	return (size_t)(fraction_end(q + 9, end) - p);
}

/* --- RFC 5424 -------------------------------------------------------------------------------- */

/* One SD-ELEMENT at P; its length, or 0. */
static size_t
element_len(const char *p, const char *end)
{
	const char *q = p + 1;
	bool quoted = false;

	if (p == end || *p != '[')
		return 0;
	for (; q < end; q++) {
		if (quoted && *q == '\\' && q + 1 < end)
			q++;
		else if (*q == '"')
			quoted = !quoted;
		else if (!quoted && *q == ']')
			return q - p > 1 ? (size_t)(q + 1 - p) : 0;
	}
	return 0;
}

static bool
structured_data(struct cursor *c)
{
	const char *q = c->p;
	size_t n;

	if (q < c->end && *q == '-')
		q++;
	else
		while ((n = element_len(q, c->end)) > 0)
			q += n;
	if (q == c->p || (q < c->end && *q != ' '))
		return false;
	put(c, (size_t)(q - c->p), SYSLOG_SD);
	return true;
}

static bool
token(struct cursor *c, size_t max, int field)
{
	size_t n = token_len(c->p, c->end, max);

	if (n == 0)
		return false;
	put(c, n, field);
	return blank(c);
}

static bool
version(struct cursor *c)
{
	size_t n = 0;

	while (n < 3 && is_digit(c->p + n, c->end))
		n++;
	if (n == 0 && c->p < c->end && *c->p == '-')
		n = 1;
	if (n == 0 || c->p[0] == '0')
		return false;
	put(c, n, SYSLOG_VERSION);
	return blank(c);
}

static bool
rfc5424_time(struct cursor *c)
{
	size_t n = iso_len(c->p, c->end);

	if (n == 0 && c->has_pri && c->p < c->end && *c->p == '-')
		n = 1;
	if (n == 0)
		return false;
	put(c, n, SYSLOG_TIME);
	return blank(c);
}

/* The rest behind its blank. Without the blank there is no message, not even an empty one: a "-" in
 * its place would not be read again. */
static void
message(struct cursor *c)
{
	if (!blank(c))
		return;
	if (c->end - c->p >= 3 && memcmp(c->p, "\xef\xbb\xbf", 3) == 0)
		c->p += 3; /* the BOM of RFC 5424, 6.4 */
	put(c, (size_t)(c->end - c->p), SYSLOG_MESSAGE);
}

/* Everything behind the PRI. Files have it without one, too. */
static bool
rfc5424(struct cursor *c)
{
	if (!version(c) || !rfc5424_time(c) || !token(c, HOST_MAX, SYSLOG_HOSTNAME) ||
		!token(c, TAG_MAX, SYSLOG_APPNAME) || !token(c, PID_MAX, SYSLOG_PROCID) ||
		!token(c, 32, SYSLOG_MSGID) || !structured_data(c))
		return false;
	message(c);
	return true;
}

/* --- RFC 3164 -------------------------------------------------------------------------------- */

static bool
are_parts(const char *p, const char *end, unsigned of)
{
	for (; p < end; p++) /* to the end: what is read here is mostly right */
		of &= parts[(unsigned char)*p];
	return of != 0;
}

/* Are all of a program's name, of which most are of letters, digits, "-./" and "_", and short? LIMIT is where
 * the line ends. */
static bool
is_name(const char *p, const char *end, const char *limit)
{
#ifdef __SSE2__
	if (end - p <= 16 && limit - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i letter = _mm_sub_epi8(
			_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
		__m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('-')); /* and . and / */

		letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8('z' - 'a')), letter);
		digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8('9' - '-')), digit);
		v = _mm_or_si128(
			_mm_or_si128(letter, digit), _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
		if ((~(unsigned)_mm_movemask_epi8(v) & ((1u << (end - p)) - 1)) == 0)
			return true;
	}
#endif
	return are_parts(p, end, PART_TAG);
}

/* The end of the word at P, if it ends in a colon and is not too long for a tag; NULL: it is none. */
static const char *
tag_end(const char *p, const char *end)
{
	const size_t max = TAG_MAX + PID_MAX + sizeof("[]:");
	const char *limit = (size_t)(end - p) > max ? p + max : end;
	const char *q = bytes_find(p, limit, ' ');

	if (!q && limit < end)
		return NULL;
	if (!q)
		q = end;
	return q > p && q[-1] == ':' ? q : NULL;
}

/* "name[pid]:" or "name:", then a blank or nothing. */
static bool
tag(struct cursor *c)
{
	const char *p = c->p, *end = tag_end(p, c->end), *name_end, *pid_end = NULL;

	if (!end)
		return false;
	name_end = end - 1;
	if (name_end > p && name_end[-1] == ']') {
		pid_end = name_end - 1;
		name_end = bytes_find(p, pid_end, '[');
		if (!name_end || name_end + 1 == pid_end || pid_end - name_end > PID_MAX + 1)
			return false;
		if (bytes_digits_end(name_end + 1, c->end) < pid_end && /* rarely */
			!are_parts(name_end + 1, pid_end, PART_PID))
			return false;
	} else if (bytes_find(p, name_end, '@')) {
		return false; /* "alice@example.org: …" is no program */
	}
	if (name_end == p || name_end - p > TAG_MAX || !is_name(p, name_end, c->end))
		return false;
	put(c, (size_t)(name_end - p), SYSLOG_APPNAME);
	if (pid_end) {
		c->p++;
		put(c, (size_t)(pid_end - c->p), SYSLOG_PROCID);
	}
	c->p = end;
	return true;
}

/* Two names of one host: the same, or one with its domain, or the sender's address before the name
 * that the sender gave itself. */
static bool
is_same_host(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len, i = 0;

	while (i < a.len && (is_digit(a.p + i, a.p + a.len) || a.p[i] == '.'))
		i++;
	if (i == a.len || memchr(a.p, ':', a.len))
		return true;
	if (strncasecmp(a.p, b.p, n) != 0)
		return false;
	return a.len == b.len || (a.len > n ? a.p[n] : b.p[n]) == '.';
}

/* A host and the TAG behind it, the host perhaps twice, or the TAG alone. */
static bool
host_and_tag(struct cursor *c)
{
	struct span host[2];
	unsigned mark = c->split->n;
	const char *start = c->p;

	for (unsigned n = 0; n < 3; n++) {
		size_t len;

		if (tag(c))
			return true;
		len = token_len(c->p, c->end, HOST_MAX);
		if (n == 2 || len == 0 || c->p[len - 1] == ':')
			break;
		host[n] = span_of(c->p, len);
		if (n == 1 && !is_same_host(host[0], host[1]))
			break;
		put(c, len, SYSLOG_HOSTNAME);
		if (!blank(c))
			break;
	}
	c->split->n = mark;
	c->p = start;
	return false;
}

static bool
rfc3164(struct cursor *c)
{
	size_t n = bsd_len(c->p, c->end);

	if (n == 0)
		n = iso_len(c->p, c->end);
	if (n == 0)
		return false;
	put(c, n, SYSLOG_TIME);
	if (!blank(c) || !host_and_tag(c))
		return false;
	message(c);
	return true;
}

static bool
attempt(struct cursor *c, bool (*read)(struct cursor *c))
{
	unsigned mark = c->split->n;
	const char *start = c->p;

	if (read(c))
		return true;
	c->split->n = mark;
	c->p = start;
	return false;
}

/* --- the line before ------------------------------------------------------------------------- */

/* Whatever is read of a header before its TAG is decided by no byte behind it. */
static bool
same_head(struct cursor *c, const struct syslog_head *h)
{
	const char *start = c->p;

	if (h->len == 0 || (size_t)(c->end - start) < h->len || !bytes_eq(start, h->text, h->len))
		return false;
	put(c, h->time_len, SYSLOG_TIME);
	c->p++;
	put(c, h->host_len, SYSLOG_HOSTNAME);
	c->p++;
	if (tag(c)) {
		message(c);
		return true;
	}
	c->split->n = 0;
	c->p = start;
	return false;
}

/* Without a PRI, and with the host's name once. */
static void
note_head(struct syslog_head *h, const char *start, const struct split *s)
{
	const struct piece *pc = s->piece;
	size_t len;

	if (s->n < 3 || pc[0].field != SYSLOG_TIME || pc[1].field != SYSLOG_HOSTNAME ||
		pc[2].field != SYSLOG_APPNAME)
		return;
	len = (size_t)(pc[2].p - start);
	if (len > sizeof(h->text))
		return;
	memcpy(h->text, start, len);
	h->len = (uint8_t)len;
	h->time_len = (uint8_t)pc[0].len;
	h->host_len = (uint8_t)pc[1].len;
}

void
syslog_split(struct syslog_head *head, struct span line, struct split *ret)
{
	struct cursor c = { .p = line.p, .end = line.p + line.len, .split = ret };

	ret->n = 0;
	ret->whole = true;
	if (same_head(&c, head))
		return;
	c.has_pri = pri(&c);
	if (attempt(&c, rfc5424))
		return;
	if (attempt(&c, rfc3164)) {
		note_head(head, line.p, ret);
		return;
	}
	if (c.has_pri && tag(&c)) {
		message(&c);
		return;
	}
	put(&c, (size_t)(c.end - c.p), SYSLOG_MESSAGE);
}
