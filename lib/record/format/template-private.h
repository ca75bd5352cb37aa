/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * template-private.h - a template as its text is read to, and as lines are split by it
 */
#pragma once
#include "record/format/format-private.h"

#define TEMPLATE_PARTS_MAX ((FORMAT_PIECES_MAX - 1) / 2) /* a field and a literal each */

/* What a field is known to look like. A delimiter counts only if what stands behind it looks like
 * the field that comes next, so a blank or bracket in a user's name moves nothing into the time. */
enum template_look {
	LOOK_ANY,
	LOOK_WORD,   /* no blank: an address or a host, so that no header of syslog hides in it */
	LOOK_NUMBER, /* digits, one '.' in between, '-' in front; "-", "4xx" */
	LOOK_CLF,    /* 24/Nov/2026:01:40:29 +0000, or "-" */
	LOOK_ISO     /* 2026-11-24T01:40:29+00:00, or "-" */
};

/* How most values of a field end, by which its end is found at once; all else is left to its look. */
enum template_end {
	END_OTHER,
	END_WORD,   /* at the first blank, with which its delimiter begins */
	END_TEXT,   /* at the first delimiter that no backslash undoes */
	END_DIGITS, /* at the first byte that is no digit, with which its delimiter begins */
	END_CLF     /* behind a time of one length */
};

/* A field and the literal that ends it. */
struct template_part {
	const char *delim;
	uint32_t delim_len; /* 0 only at the end: the field takes the rest */
	int16_t field;
	bool quote;          /* delim begins with '"', which a backslash before it undoes */
	uint64_t word, mask; /* the first bytes of delim, up to 8 of them, to compare at once */
	enum template_look look;
	enum template_end end;
};

struct template
{
	unsigned n;
	uint32_t lead_len; /* the literal before the first field */
	const char *lead;
	struct template_part part[TEMPLATE_PARTS_MAX];
	char text[]; /* all literals */
};
