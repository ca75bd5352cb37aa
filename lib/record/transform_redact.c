/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_redact.c - free text without the personal data that the detectors find in it
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "record/pseudonym.h"
#include "record/transform-private.h"

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

/* Is there a control byte but for tabs? */
static bool
has_control(struct span s)
{
	size_t i = 0;

#ifdef __SSE2__
	for (; s.len - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
		__m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
		__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

		if (_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del)) != 0)
			return true;
	}
#endif
	for (; i < s.len; i++)
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

/* Was S written by us? */
static bool
is_own(struct span s)
{
	for (unsigned i = 0; i < DETECT_TYPES; i++)
		if (placeholder[i].p && span_eq(s, placeholder[i]))
			return true;
	return pseudonym_is_token(s);
}

static int
put_finding(const struct transform *t, struct transform_env *env, const struct finding *f,
	struct span text, struct buf *out, struct err *e)
{
	struct span datum = span_of(text.p + f->start, f->end - f->start);

	if (f->type == DETECT_IPV4 || f->type == DETECT_IPV6) {
		if (!transform_keeps_address(t, env, &f->address))
			return transform_put_address(t, env, &f->address, out, e);
		buf_span(out, datum);
		return 0;
	}
	if (is_own(datum)) {
		buf_span(out, datum);
		return 0;
	}
	env->hits[f->type]++;
	buf_span(out, placeholder[f->type]);
	return 0;
}

int
transform_redact(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	struct detect d;
	struct finding f;
	size_t done = 0;

	if (has_control(v)) {
		v = without_control(v, t->scratch);
		if (t->scratch->failed) {
			buf_char(out, '-');
			return 0;
		}
	}
	detect_start(&d, v, t->types);
	while (detect_next(&d, &f)) {
		buf_put(out, v.p + done, f.start - done);
		if (put_finding(t, env, &f, v, out, e) < 0)
			return -1;
		done = f.end;
	}
	buf_span(out, span_from(v, done));
	return 0;
}
