/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/subject/sign.h"

#include <string.h>

#include "dsar/subject/identifier.h"

#define DIGITS_MAX 8 /* of a phone number: its last ones, whatever stands before them */

static bool
is_whole(struct span part, struct span text)
{
	return part.len == text.len && text.len > 0;
}

static int
add_part(struct signs *s, const char *field, struct span text, struct err *e)
{
	const struct span part = sign_part(text);

	if (part.len == 0)
		return span_is_ascii(text) ? 1 : signs_add(s, SIGN_BEYOND, field, SPAN_NONE, e);
	return signs_add(s, SIGN_WITHIN, field, part, e);
}

int
sign_as(struct signs *s, const char *field, enum conf_match how, struct span text, struct err *e)
{
	return how == CONF_MATCH_EQUAL && is_whole(sign_part(text), text)
		       ? signs_add(s, SIGN_EQUAL, field, text, e)
		       : add_part(s, field, text, e);
}

/* Letters beyond ASCII may be those of ASCII when their case is folded; never the other way round. */
static int
add_letters(struct signs *s, const char *field, struct span folded, struct span part, struct err *e)
{
	if (part.len == 0 && span_is_ascii(folded))
		return 1;
	if (signs_add(s, SIGN_BEYOND, field, SPAN_NONE, e) < 0)
		return -1;
	return part.len == 0 ? 0 : signs_add(s, SIGN_WITHIN, field, part, e);
}

/* What has no blank: as many as there are may stand in its place. */
static struct span
longest_word(struct span s)
{
	struct span best = SPAN("");
	size_t from = 0;

	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && s.p[i] != ' ')
			continue;
		if (sign_part(span_of(s.p + from, i - from)).len > best.len)
			best = sign_part(span_of(s.p + from, i - from));
		from = i + 1;
	}
	return best;
}

/* Domains are written in two ways. */
static struct span
local_part(struct span email)
{
	const char *at = memchr(email.p, '@', email.len);

	return sign_part(span_of(email.p, at ? (size_t)(at - email.p) : email.len));
}

/* One of IPv4 may be written as one of IPv6. Of IPv6 groups may be left out, have zeros before them, and the last two may be
 * written as IPv4 is: so its longest one among the first six. */
static int
add_ip(struct signs *s, const char *field, struct span folded, struct err *e)
{
	struct span best = SPAN("");
	size_t from = 0, n = 0;

	if (!memchr(folded.p, ':', folded.len))
		return signs_add(s, SIGN_WITHIN, field, SPAN("ffff:"), e) < 0
			       ? -1
			       : add_part(s, field, folded, e);
	for (size_t i = 0; i < folded.len && n < 6; i++) {
		if (folded.p[i] != ':')
			continue;
		if (i - from > best.len)
			best = span_of(folded.p + from, i - from);
		if (i + 1 < folded.len && folded.p[i + 1] == ':')
			break; /* nobody knows which group follows */
		from = i + 1;
		n++;
	}
	return signs_add(s, SIGN_WITHIN, field, best.len > 0 ? best : SPAN(":"), e);
}

static int
add_phone(struct signs *s, const char *field, struct span folded, struct err *e)
{
	const size_t digits = folded.len - 1,        /* a sign stands before them */
		known = digits > 2 ? digits - 2 : 0; /* the country may be missing */
	const size_t n = known < DIGITS_MAX ? known : DIGITS_MAX;

	return n == 0 ? 1 : signs_add(s, SIGN_DIGITS, field, span_from(folded, folded.len - n), e);
}

/* A tag may stand behind the local part. Before the first letter beyond ASCII of what it is folded to, all are written
 * as they are, or beyond ASCII. */
static int
add_email(
	struct signs *s, const char *field, enum conf_match how, struct span folded, struct err *e)
{
	struct span local = local_part(folded);

	if (how != CONF_MATCH_CONTAINS && local.len > 0 && local.p == folded.p)
		return signs_add(s, SIGN_BEGINS, field, local, e);
	return add_letters(s, field, folded, local, e);
}

int
sign_folded(struct signs *s, const char *field, enum conf_match how, const char *kind,
	struct span folded, struct err *e)
{
	if (folded.len == 0)
		return 1;
	switch (identifier_class(kind)) {
	case IDENTIFIER_EMAIL:
		return add_email(s, field, how, folded, e);
	case IDENTIFIER_IP:
		return add_ip(s, field, folded, e);
	case IDENTIFIER_PHONE:
		return add_phone(s, field, folded, e);
	case IDENTIFIER_NAME:
		return add_letters(s, field, folded, longest_word(folded), e);
	case IDENTIFIER_PATTERN:
		return 1;
	case IDENTIFIER_ID:
		break;
	}
	return sign_as(s, field, how, folded, e);
}
