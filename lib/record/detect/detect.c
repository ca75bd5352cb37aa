/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect.c - from candidates to findings
 */
#include "record/detect/detect.h"

#include <string.h>

#include "record/detect/detect-private.h"
#include "record/detect/detect_scan.h"

/* --- characters ------------------------------------------------------------------------------- */

#define IN(c, from, to) ((c) >= (from) && (c) <= (to))
#define DIGIT(c)        IN(c, '0', '9')
#define HEX(c)          (DIGIT(c) || IN(c, 'a', 'f') || IN(c, 'A', 'F'))
#define ALPHA(c)        (IN(c, 'a', 'z') || IN(c, 'A', 'Z'))
#define DASH(c)         ((c) == '-' || (c) == '_')
#define STOP(c)                                                                                    \
	((c) <= ' ' || (c) == 0x7f || (c) == '"' || (c) == '\'' || (c) == '<' || (c) == '>' ||     \
		(c) == '&' || (c) == ';' || (c) == ',' || (c) == '(' || (c) == ')' ||              \
		(c) == '[' || (c) == ']' || (c) == '{' || (c) == '}' || (c) == '\\' ||             \
		(c) == '|' || (c) == '`' || (c) == '#')
#define QUERY_STOP(c)                                                                              \
	((c) <= ' ' || (c) == 0x7f || (c) == '"' || (c) == '<' || (c) == '>' || (c) == '&' ||      \
		(c) == '\\' || (c) == '#')
#define CLASSES(c)                                                                                 \
	((DIGIT(c) ? CHAR_DIGIT : 0) | (HEX(c) ? CHAR_HEX : 0) | (ALPHA(c) ? CHAR_ALPHA : 0) |     \
		(DIGIT(c) || ALPHA(c) || DASH(c) || (c) == '.' || (c) == '+' ? CHAR_MAIL : 0) |    \
		(DIGIT(c) || ALPHA(c) || (c) == '-' || (c) == '.' ? CHAR_DOMAIN : 0) |             \
		(STOP(c) ? CHAR_STOP : 0) | (QUERY_STOP(c) ? CHAR_QUERY_STOP : 0) |                \
		(DIGIT(c) || ALPHA(c) || DASH(c) ? CHAR_BASE64 : 0))
#define FOUR(c)    CLASSES(c), CLASSES((c) + 1), CLASSES((c) + 2), CLASSES((c) + 3)
#define SIXTEEN(c) FOUR(c), FOUR((c) + 4), FOUR((c) + 8), FOUR((c) + 12)

const uint8_t detect_chars[256] = { SIXTEEN(0), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48), SIXTEEN(64),
	SIXTEEN(80), SIXTEEN(96), SIXTEEN(112) };

/* --- names ------------------------------------------------------------------------------------ */

static const char *const type_names[DETECT_TYPES] = {
	[DETECT_IPV4] = "ipv4",
	[DETECT_IPV6] = "ipv6",
	[DETECT_EMAIL] = "email",
	[DETECT_PHONE] = "phone",
	[DETECT_TOKEN] = "token",
	[DETECT_UUID] = "uuid",
};

const char *
detect_type_name(enum detect_type t)
{
	return type_names[t];
}

bool
detect_type_by_name(const char *name, enum detect_type *ret)
{
	for (unsigned i = 0; i < DETECT_TYPES; i++) {
		if (strcmp(name, type_names[i]) == 0) {
			*ret = (enum detect_type)i;
			return true;
		}
	}
	return false;
}

const char *
detect_form_name(enum detect_form f)
{
	static const char *const names[] = {
		[FORM_PLAIN] = "plain",
		[FORM_MAPPED] = "mapped",
		[FORM_ENCODED] = "encoded",
		[FORM_REVERSE] = "reverse",
		[FORM_HOSTNAME] = "hostname",
	};

	return names[f];
}

/* --- the pass --------------------------------------------------------------------------------- */

static scan_fn *scan = scan_scalar;

bool
detect_force_pass(enum detect_pass pass)
{
	if (pass == PASS_SCALAR) {
		scan = scan_scalar;
		return true;
	}
#if defined(__x86_64__)
	if (pass != PASS_SSSE3 && __builtin_cpu_supports("avx2")) {
		scan = scan_avx2;
		return true;
	}
	if (pass != PASS_AVX2 && __builtin_cpu_supports("ssse3")) {
		scan = scan_ssse3;
		return true;
	}
#endif
	return pass == PASS_BEST;
}

#define ALL_TYPES (DETECT_BIT(DETECT_TYPES) - 1)

static struct scan_want
want_of(unsigned types)
{
	bool phone = types & DETECT_BIT(DETECT_PHONE), token = types & DETECT_BIT(DETECT_TOKEN);
	unsigned pairs = SCAN_PAIR_ESCAPE;

	if (token || phone)
		pairs |= SCAN_PAIR_KEYS;
	if (phone)
		pairs |= SCAN_PAIR_PLUS;
	return (struct scan_want){
		.pairs = types ? (uint8_t)pairs : 0,
		.solo = token || types & DETECT_BIT(DETECT_EMAIL) ? SCAN_SOLO : 0,
		.chain = types & (DETECT_ADDRESSES | DETECT_BIT(DETECT_UUID)) ? UINT64_MAX : 0,
		.zero = phone ? UINT64_MAX : 0,
	};
}

static struct scan_want wants[ALL_TYPES + 1]; /* by types */

/* Before main(), so that threads need no care. */
__attribute__((constructor)) static void
prepare(void)
{
	(void)detect_force_pass(PASS_BEST);
	for (unsigned types = 0; types <= ALL_TYPES; types++)
		wants[types] = want_of(types);
}

static void
scan_chunk(struct detect *d)
{
	size_t len = d->text.len - d->chunk;

	if (len > SCAN_STRIDE * DETECT_WINDOWS + SCAN_BACK)
		len = SCAN_STRIDE * DETECT_WINDOWS + SCAN_BACK;
	d->n_windows = scan(d->text.p + d->chunk, len, &wants[d->types & ALL_TYPES], d->map);
	d->window = 0;
	d->bits = d->map[0];
	if (d->chunk > 0) /* the chunk before has told these, and with all that lies before them */
		d->bits &= ~(uint64_t)0 << SCAN_BACK;
}

void
detect_start(struct detect *d, struct span text, unsigned types)
{
	d->text = text;
	d->types = types;
	d->depth = 0;
	d->at = d->skip = d->escapes = d->cookie_end = d->chunk = 0;
	d->bits = 0;
	d->window = d->n_windows = 0;
	if (text.len > 0)
		scan_chunk(d);
}

/* --- findings --------------------------------------------------------------------------------- */

bool
detect_found(
	struct finding *ret, size_t start, size_t end, enum detect_type type, enum detect_form form)
{
	ret->start = start;
	ret->end = end;
	ret->type = type;
	ret->form = form;
	return true;
}

/* A digit or letter to f, or the second of two hyphens. */
static bool
detect_chain(struct detect *d, size_t at, struct finding *ret)
{
	switch (d->text.p[at - 1]) {
	case '.':
		return detect_nibbles(d, at, ret) || detect_v4(d, at, ret);
	case ':':
		return detect_v6(d, at - 1, ret);
	case '-':
		return detect_uuid(d, at, ret) || detect_hyphens(d, at, ret);
	case '+':
		return detect_phone_plus(d, at, ret);
	case '%':
		return detect_escape(d, at, ret);
	default:
		return detect_phone_zero(d, at, ret);
	}
}

static bool
detect_candidate(struct detect *d, size_t at, struct finding *ret)
{
	const char *p = d->text.p;

	if (at == 0)
		return false;
	switch (p[at]) {
	case ':':
		if (p[at - 1] == ':')
			return detect_v6(d, at, ret);
		return may_end_key(d, at) && detect_key(d, at, at + 1, false, ret);
	case '=':
	case '>':
		return may_end_key(d, at) && detect_key(d, at, at + 1, false, ret);
	case '@':
		return detect_email(d, at, ret);
	case 'J':
		return detect_jwt(d, at, ret);
	case '#':
	case 'x':
	case 'u':
		return detect_escape(d, at, ret);
	case '-':
		return p[at - 1] == '-' && detect_hyphens(d, at, ret);
	default:
		return detect_chain(d, at, ret);
	}
}

/* Moves on to the next window that has a candidate. */
static bool
next_window(struct detect *d)
{
	for (;;) {
		while (++d->window < d->n_windows) {
			d->bits = d->map[d->window];
			if (d->bits)
				return true;
		}
		if (d->n_windows < DETECT_WINDOWS ||
			d->text.len - d->chunk <= SCAN_STRIDE * DETECT_WINDOWS + SCAN_BACK)
			return false;
		d->chunk += SCAN_STRIDE * DETECT_WINDOWS;
		scan_chunk(d);
		if (d->bits)
			return true;
	}
}

bool
detect_next(struct detect *d, struct finding *ret)
{
	while (d->bits || next_window(d)) {
		size_t start = d->chunk + SCAN_STRIDE * d->window, at;

		if (d->skip > start) { /* most candidates lie in the finding before them */
			if (d->skip - start >= SCAN_WINDOW) {
				d->bits = 0;
				continue;
			}
			d->bits &= ~(uint64_t)0 << (d->skip - start);
			if (d->bits == 0)
				continue;
		}
		at = start + (unsigned)__builtin_ctzll(d->bits);
		d->bits &= d->bits - 1;
		/* a detector that looks to the left may come upon the finding before */
		if (detect_candidate(d, at, ret) && ret->start >= d->at) {
			d->at = d->skip = ret->end;
			return true;
		}
	}
	return false;
}
