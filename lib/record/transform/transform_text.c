/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * transform_text.c - short fields of one shape: class, last4, coarse-time
 */
#include "base/bytes.h"
#include "record/timestamp.h"
#include "record/transform/transform-private.h"

#define TIME_TEXT_MAX  64
#define PHONE_TEXT_MAX 64

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
transform_class(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	(void)t, (void)env, (void)e;
	if (v.len != 3 || v.p[0] < '1' || v.p[0] > '9' ||
		!((is_digit(v.p[1]) && is_digit(v.p[2])) || (v.p[1] == 'x' && v.p[2] == 'x'))) {
		buf_char(out, '-');
		return 0;
	}
	buf_char(out, v.p[0]);
	buf_str(out, "xx");
	return 0;
}

/* The digits of a phone number: with separators, percent-encoded, as tel: or sip: URI. Returns how
 * many, 0 where it is no number. */
static size_t
phone_digits(struct span v, char ret[PHONE_TEXT_MAX])
{
	static const struct span schemes[] = { SPAN("tel:"), SPAN("sip:"), SPAN("sips:") };
	struct address a;
	size_t n = 0;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (!span_starts(v, schemes[i]))
			continue;
		v = span_from(v, schemes[i].len);
		for (size_t end = 0; end < v.len; end++)
			if (v.p[end] == '@' || v.p[end] == ';')
				v.len = end;
		break;
	}
	if (v.len > PHONE_TEXT_MAX || (v.len > 0 && v.p[0] != '0' && address_parse(v, &a)))
		return 0; /* "030.12.34.56" is a number, "203.0.113.77" is none */
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (c == '%' && v.len - i > 2 && bytes_hex_digit(v.p[i + 1]) < 16 &&
			bytes_hex_digit(v.p[i + 2]) < 16) {
			c = (char)(bytes_hex_digit(v.p[i + 1]) << 4 | bytes_hex_digit(v.p[i + 2]));
			i += 2;
		}
		if (is_digit(c))
			ret[n++] = c;
		else if (c == '\0' || !strchr("+-./() ", c) || (c == '+' && n > 0))
			return 0;
	}
	return n;
}

/* "***" and as many digits as we leave. */
static bool
is_last(const struct transform *t, struct span v)
{
	if (v.len != 3 + t->digits || !span_starts(v, SPAN("***")))
		return false;
	for (size_t i = 3; i < v.len; i++)
		if (!is_digit(v.p[i]))
			return false;
	return true;
}

int
transform_last4(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	char digits[PHONE_TEXT_MAX];
	size_t n;

	(void)env, (void)e;
	if (is_last(t, v)) {
		buf_span(out, v);
		return 0;
	}
	n = phone_digits(v, digits);
	if (n < t->digits + 3) {
		buf_char(out, '-');
		return 0;
	}
	buf_str(out, "***");
	buf_put(out, digits + n - t->digits, t->digits);
	return 0;
}

int
transform_coarse_time(const struct transform *t, struct transform_env *env, struct span v,
	struct buf *out, struct err *e)
{
	char text[TIME_TEXT_MAX];

	(void)e;
	if (v.len <= sizeof(text) && timestamp_coarsen(env->timestamp, v, t->interval_s, text))
		buf_put(out, text, v.len);
	else
		buf_char(out, '-');
	return 0;
}
