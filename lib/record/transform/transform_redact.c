/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_redact.c - free text without the personal data that the detectors find in it
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "record/key/pseudonym.h"
#include "record/transform/transform-private.h"

#define ROUNDS_MAX 8

static const struct span placeholder[DETECT_TYPES] = {
	[DETECT_EMAIL] = SPAN("[email]"),
	[DETECT_PHONE] = SPAN("[phone]"),
	[DETECT_TOKEN] = SPAN("[token]"),
	[DETECT_UUID] = SPAN("[uuid]"),
};

static inline bool
is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

#ifdef __SSE2__
static inline __m128i
sixteen(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Is among the bytes of S, 16 or more, one below a blank or a DEL? The lowest byte of each place says so, and
 * the lowest after DEL has been made zero. */
static bool
has_low(struct span s)
{
	const __m128i del = _mm_set1_epi8(0x7f);
	__m128i v = sixteen(s.p + s.len - 16), low = v, zero = _mm_xor_si128(v, del);

	for (size_t i = 0; i + 16 < s.len; i += 16) {
		v = sixteen(s.p + i);
		low = _mm_min_epu8(low, v);
		zero = _mm_min_epu8(zero, _mm_xor_si128(v, del));
	}
	v = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(low, _mm_set1_epi8(0x1f)), low),
		_mm_cmpeq_epi8(zero, _mm_setzero_si128()));
	return _mm_movemask_epi8(v) != 0;
}
#endif

/* Is there a control byte but for tabs? */
static bool
has_control(struct span s)
{
#ifdef __SSE2__
	if (s.len >= 16 && !has_low(s))
		return false;
#endif
	for (size_t i = 0; i < s.len; i++)
		if (is_control(s.p[i]))
			return true;
	return false;
}

/* S with a blank for each control byte: they are replaced before anything is looked for, so that
 * a second pass sees the same text. */
static struct span
without_control(struct span s, struct buf *scratch)
{
	buf_clear(scratch);
	buf_span(scratch, s);
	for (size_t i = 0; i < scratch->len; i++)
		if (is_control(scratch->p[i]))
			scratch->p[i] = ' ';
	return span_of(scratch->p, scratch->len);
}

/* S without ":PORT" and the brackets in front of that; S as it is where it has none. */
static struct span
without_port(struct span s)
{
	size_t n = s.len;

	while (n > 0 && s.len - n < 5 && s.p[n - 1] >= '0' && s.p[n - 1] <= '9')
		n--;
	if (n == s.len || n < 3 || s.p[n - 1] != ':')
		return s;
	n--;
	return s.p[0] == '[' && s.p[n - 1] == ']' ? span_of(s.p + 1, n - 2) : span_of(s.p, n);
}

/* Was S written by us, or is it to stay? An address may have a port behind it, as "token: ADDRESS:PORT"
 * has: a second pass must not take the two for a secret. */
static bool
is_own(const struct transform *t, const struct transform_env *env, struct span s)
{
	const struct span host = without_port(s);
	struct address a;

	if (s.len > 0 && s.p[0] == '[') /* as each of them begins */
		for (unsigned i = 0; i < DETECT_TYPES; i++)
			if (placeholder[i].p && span_eq(s, placeholder[i]))
				return true;
	if (pseudonym_is_token(s) || (host.len != s.len && pseudonym_is_token(host)))
		return true;
	return transform_may_keep(t) && (address_parse(s, &a) || address_parse(host, &a)) &&
	       transform_keeps_address(t, env, &a);
}

static int
put_finding(const struct transform *t, struct transform_env *env, const struct finding *f,
	struct span text, struct buf *out, struct err *e)
{
	struct span datum = span_of(text.p + f->start, f->end - f->start);

	if (f->type == DETECT_IPV4 || f->type == DETECT_IPV6) {
		if (!transform_may_keep(t) || !transform_keeps_address(t, env, &f->address))
			return transform_put_address(t, env, &f->address, out, e);
		buf_span(out, datum);
		return 0;
	}
	if (is_own(t, env, datum)) {
		buf_span(out, datum);
		return 0;
	}
	env->hits[f->type]++;
	buf_span(out, placeholder[f->type]);
	return 0;
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

static inline bool
is_alnum(char c)
{
	return is_digit(c) || is_letter(c);
}

/* What a byte beside a datum means for it. */
#define BESIDE_BEFORE 1  /* may stand in front of an address that stands alone */
#define BESIDE_BEHIND 2  /* … and behind it */
#define BESIDE_WITHIN 4  /* may stand within a telephone number */
#define BESIDE_KEY    8  /* in front of KEY= */
#define BESIDE_CALM   16 /* behind a placeholder that stands alone */
#define BESIDE_QUERY  32 /* ends a parameter of a URL */
#define BESIDE_QUOTE  64

static const unsigned char beside[256] = {
	['\t'] = BESIDE_BEFORE | BESIDE_BEHIND | BESIDE_WITHIN | BESIDE_KEY,
	[' '] = BESIDE_BEFORE | BESIDE_BEHIND | BESIDE_WITHIN | BESIDE_KEY | BESIDE_CALM |
		BESIDE_QUERY,
	['"'] = BESIDE_BEFORE | BESIDE_BEHIND | BESIDE_KEY | BESIDE_CALM | BESIDE_QUERY |
		BESIDE_QUOTE,
	['&'] = BESIDE_KEY | BESIDE_CALM | BESIDE_QUERY,
	['\''] = BESIDE_BEFORE | BESIDE_BEHIND | BESIDE_QUOTE,
	['('] = BESIDE_BEFORE | BESIDE_WITHIN | BESIDE_KEY,
	[')'] = BESIDE_BEHIND | BESIDE_WITHIN | BESIDE_CALM,
	[','] = BESIDE_BEFORE | BESIDE_BEHIND | BESIDE_KEY | BESIDE_CALM,
	['-'] = BESIDE_WITHIN,
	['.'] = BESIDE_WITHIN,
	['/'] = BESIDE_WITHIN,
	[';'] = BESIDE_BEHIND | BESIDE_KEY,
	['<'] = BESIDE_BEFORE,
	['>'] = BESIDE_BEHIND | BESIDE_CALM,
	['?'] = BESIDE_KEY,
	['['] = BESIDE_BEFORE,
	['\\'] = BESIDE_QUOTE,
	[']'] = BESIDE_BEHIND,
};

static inline bool
is_beside(char c, unsigned what)
{
	return beside[(unsigned char)c] & what;
}

/* Is there a digit AT, or behind a few of what may stand within a telephone number, going FORWARD or
 * back? */
static bool
has_digit_near(struct span text, size_t at, bool forward)
{
	/* in front of the first byte AT is greater than any length */
	for (unsigned i = 0; i < 4 && at < text.len && is_beside(text.p[at], BESIDE_WITHIN); i++)
		at += forward ? 1 : (size_t)-1;
	return at < text.len && is_digit(text.p[at]);
}

/* What stands in front of the KEY of which the "=" ends before AT; 0: there is no key, or something that a value
 * may go on across. */
static char
before_key(struct span text, size_t at)
{
	size_t i = at - 1;
	char c;

	while (i > 0 && (is_letter(text.p[i - 1]) || text.p[i - 1] == '_' || text.p[i - 1] == '-'))
		i--;
	c = i > 0 ? text.p[i - 1] : ' ';
	return i + 1 < at && is_beside(c, BESIDE_KEY) ? c : 0;
}

/* Is what follows AT such that a placeholder there is no key of it, as in "[token]>x<" or "[token]&amp;#61;x", and
 * that it is no number? QUERY: the placeholder is a parameter of a URL, of which "," is no end. */
static bool
is_calm_behind(struct span text, size_t at, bool query)
{
	const char *from = text.p + at, *end = text.p + text.len, *p = from;

	if (p < end && ((query && !is_beside(*p, BESIDE_QUERY)) ||
			       (*p == '&' && p + 1 < end && p[1] == 'a')))
		return false;
	while (p < end && p - from < 4 && is_beside(*p, BESIDE_CALM))
		p++;
	return p == end || (p > from && is_letter(*p));
}

/* The same for what is replaced by a fixed word in brackets: <MAIL> or KEY=SECRET, and behind it a blank or the like
 * and then a word. Had it a quote in it, one elsewhere could close another one without it. */
static bool
word_stands_alone(const struct finding *f, struct span text)
{
	const char *p = text.p + f->start, *end = text.p + f->end;
	char before = f->start > 0 ? p[-1] : ' ';

	if (before == '=')
		before = before_key(text, f->start);
	else if (before != '<' || f->type != DETECT_EMAIL)
		return false;
	if (before == 0 || !is_calm_behind(text, f->end, before == '?' || before == '&'))
		return false;
	if (before != '<' && end < text.p + text.len && *end == '>')
		return false;
	for (; p < end; p++)
		if (is_beside(*p, BESIDE_QUOTE))
			return false;
	return true;
}

/* Is F between bytes that part words in everybody's grammar? Then what is put in its place cannot grow together
 * with them into something new. A telephone number goes on across such bytes, so no digit may be near: with the
 * address it was none, without it it may be. */
static bool
stands_alone(const struct transform *t, const struct finding *f, struct span text)
{
	const char *p = text.p + f->start, *end = text.p + text.len;

	if (f->type != DETECT_IPV4 && f->type != DETECT_IPV6)
		return word_stands_alone(f, text);
	if (f->start > 0 && p[-1] == '=') { /* KEY=ADDRESS */
		if (f->start < 2 || !is_alnum(p[-2]))
			return false;
	} else if ((f->start > 0 && !is_beside(p[-1], BESIDE_BEFORE)) ||
		   has_digit_near(text, f->start - 1, false)) {
		return false;
	}
	p = text.p + f->end;
	if (p < end && *p == ':' && !t->render_address) /* ADDRESS:PORT */
		do
			p++;
		while (p < end && is_digit(*p));
	return p == end || (is_beside(*p, BESIDE_BEHIND) && (p + 1 == end || p[1] != '@') &&
				   !has_digit_near(text, (size_t)(p - text.p), true));
}

/* A text on its way: V up to DONE is written. */
struct pass {
	const struct transform *t;
	struct transform_env *env;
	struct span v;
	size_t done;
	bool again; /* it has to be looked at once more */
	struct buf *out;
};

/* Writes what stands before F, and what stands for it. */
static int
pass_finding(struct pass *p, const struct finding *f, struct err *e)
{
	size_t at;

	buf_put(p->out, p->v.p + p->done, f->start - p->done);
	at = p->out->len;
	if (put_finding(p->t, p->env, f, p->v, p->out, e) < 0)
		return -1;
	if (!stands_alone(p->t, f, p->v) && !span_eq(span_of(p->out->p + at, p->out->len - at),
						    span_of(p->v.p + f->start, f->end - f->start)))
		p->again = true;
	p->done = f->end;
	return 0;
}

/* Each finding is written when the next one is found: by then its token has been fetched. */
static int
redact_once(struct pass *p, struct err *e)
{
	struct detect d;
	struct finding f[2];
	unsigned n = 0;

	detect_start(&d, p->v, p->t->types);
	while (detect_next(&d, &f[n % 2])) {
		if (f[n % 2].type == DETECT_IPV4 || f[n % 2].type == DETECT_IPV6)
			pseudonym_expect(p->env->pseudonym, p->env->day, &f[n % 2].address);
		if (n > 0 && pass_finding(p, &f[(n - 1) % 2], e) < 0)
			return -1;
		n++;
	}
	if (n > 0 && pass_finding(p, &f[(n - 1) % 2], e) < 0)
		return -1;
	buf_span(p->out, span_from(p->v, p->done));
	return 0;
}

int
transform_redact(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	size_t at = out->len;
	bool again = true;

	if (has_control(v)) {
		v = without_control(v, &t->scratch[0]);
		if (t->scratch[0].failed)
			again = false;
	}
	for (unsigned round = 0; again && round < ROUNDS_MAX; round++) {
		struct buf *text = &t->scratch[1 + round % 2];
		struct pass p = { .t = t, .env = env, .v = v, .out = out };

		if (redact_once(&p, e) < 0)
			return -1;
		again = p.again;
		if (!again || out->failed)
			return 0;
		buf_clear(text);
		buf_put(text, out->p + at, out->len - at);
		buf_cut(out, at);
		if (text->failed)
			break;
		v = span_of(text->p, text->len);
	}
	buf_char(out, '-'); /* too long, or it never comes to an end */
	return 0;
}
