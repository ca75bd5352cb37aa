/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect-private.h - what the detectors share among themselves
 *
 * Each detector is given a candidate and parses to both sides of it. It returns true with a finding
 * that does not begin before d->at; or false, and may then move d->skip over candidates that are
 * spent. Each looks at a bounded number of bytes to its left, so that no text takes more than
 * linear time.
 */
#pragma once
#include <strings.h>

#include "base/bytes.h"
#include "record/detect/detect.h"

/* Classes of characters; bytes from 0x80 on are in none. */
#define CHAR_DIGIT      0x01
#define CHAR_HEX        0x02
#define CHAR_ALPHA      0x04
#define CHAR_MAIL       0x08 /* unquoted local part */
#define CHAR_DOMAIN     0x10
#define CHAR_STOP       0x20 /* ends a secret's value */
#define CHAR_BASE64     0x40 /* url-safe alphabet, without padding */
#define CHAR_QUERY_STOP 0x80 /* ends a value in a URL's query */
#define CHAR_ALNUM      (CHAR_DIGIT | CHAR_ALPHA)

extern const uint8_t detect_chars[256];

static inline bool
char_is(char c, unsigned classes)
{
	return detect_chars[(uint8_t)c] & classes;
}

/* The byte at I, or a blank outside the text. */
static inline char
char_at(const struct detect *d, size_t i)
{
	return i < d->text.len ? d->text.p[i] : ' ';
}

/* The byte before I: "I - 1" of 0 lies outside, too. */
static inline char
char_before(const struct detect *d, size_t i)
{
	return char_at(d, i - 1);
}

/* How far to the left of AT a detector may look for the beginning of its datum. */
static inline size_t
left_limit(const struct detect *d, size_t at, size_t max)
{
	return at - d->at > max ? at - max : d->at;
}

static inline bool
is_wanted(const struct detect *d, enum detect_type t)
{
	return d->types & DETECT_BIT(t);
}

/* Does the text before END end in the lower-case WORD, in either case? Nearly always its last byte says no. */
static inline bool
ends_in(const struct detect *d, size_t end, const char *word, size_t len)
{
	return len > 0 && end >= len && end <= d->text.len &&
	       bytes_lower(d->text.p[end - 1]) == word[len - 1] &&
	       strncasecmp(d->text.p + end - len, word, len) == 0;
}

#define ENDS_IN(d, end, literal) ends_in(d, end, "" literal, sizeof(literal) - 1)

/* Fills RET with [START, END). Returns true. */
bool detect_found(struct finding *ret, size_t start, size_t end, enum detect_type type,
	enum detect_form form);

/* detect_v4.c: AT is the first digit of the fourth number. */
bool detect_v4(struct detect *d, size_t at, struct finding *ret);

/* detect_v6.c: AT is a colon in the middle of it. */
bool detect_v6(struct detect *d, size_t at, struct finding *ret);

/* detect_reverse.c: AT lies behind the third dot or hyphen (or is the second of two hyphens). */
bool detect_nibbles(struct detect *d, size_t at, struct finding *ret);
bool detect_hyphens(struct detect *d, size_t at, struct finding *ret);
bool detect_uuid(struct detect *d, size_t at, struct finding *ret);

/* Is the address B, which ends at END, rather written backwards? In a name that ends in an ordinary
 * domain nothing says which way its numbers run, but some ways give an address that cannot be, and
 * often the address itself stands behind the name. */
bool detect_is_backwards(const struct detect *d, size_t end, const uint8_t b[4], bool guess);
void detect_turn(uint8_t b[4]);

/* Is B of a range (private, documentation, …) from which no version number would come? Of 10.0.0.0/8
 * many do. */
bool detect_is_reserved(const uint8_t b[4]);

/* Does a host's name, of which LABELS are read, go on at END? A file's ending looks much like it. */
bool detect_is_domain(const struct detect *d, size_t end, unsigned labels);

/* detect_version.c: is the quad A at [START, END) a version number? */
bool detect_is_version(const struct detect *d, size_t start, size_t end, const struct address *a);

/* detect_escape.c: AT is the second byte of %2x-%5x, \x, \u, &#. */
bool detect_escape(struct detect *d, size_t at, struct finding *ret);

/* How many bytes at S, where a run of letters or digits up to END begins, belong to an escape that
 * begins before it: 2 for "%3D" when S is at "3", 0 where it ends before S, -1: there is none. */
int detect_escape_tail(const struct detect *d, size_t s, size_t end);

/* Does a terminal's colour ("ESC [32m", with the ESC written in any way) end before S? */
bool detect_is_colour(const struct detect *d, size_t s);

/* Reads one escape at I (also one that is escaped twice). Returns its length, 0 if there is none.
 */
size_t detect_escape_read(const struct detect *d, size_t i, char *ret);

/* The same, for one that ends before END and does not begin before LO. */
size_t detect_escape_read_before(const struct detect *d, size_t lo, size_t end, char *ret);

/* detect_email.c: AT is an "@". */
bool detect_email(struct detect *d, size_t at, struct finding *ret);

/* detect_phone.c: AT is the digit behind "+", or the third digit of a number that begins with 0. */
bool detect_phone_plus(struct detect *d, size_t at, struct finding *ret);
bool detect_phone_zero(struct detect *d, size_t at, struct finding *ret);

/* Digits at AT of which something else says that they are a phone number. */
bool detect_phone_digits(struct detect *d, size_t at, struct finding *ret);

/* detect_token.c: for a key's last letter and the one before it (the low five bits of each) which
 * letters may stand before those. */
extern uint32_t detect_key_ends[32][32];

/* Can a key end before AT, also one in quotes? Nearly always not, and this is the cheap answer. In a
 * Cookie header others count as well, if they end likewise. */
static inline bool
may_end_key(const struct detect *d, size_t at)
{
	const char *p = d->text.p;
	size_t end = at;
	uint32_t third;

	if (at < 3)
		return false;
	if (p[end - 1] == ' ' && p[at] != '>')
		end--;
	if (p[end - 1] == '"' || p[end - 1] == '\'' || p[end - 1] == ']')
		for (end--; end > 1 && p[end - 1] == '\\';)
			end--;
	if (end < 2)
		return false;
	third = detect_key_ends[p[end - 1] & 31][p[end - 2] & 31];
	return third >> (end > 2 ? p[end - 3] & 31 : 0) & 1 || (third != 0 && at < d->cookie_end);
}

/* detect_token.c: a key ends before END, its value is looked for from VALUE on. ESCAPED: the sign
 * between them was, so that an escaped "&" ends the value. AT of the other: the "J" of "eyJ". */
bool detect_key(struct detect *d, size_t end, size_t value, bool escaped, struct finding *ret);
bool detect_jwt(struct detect *d, size_t at, struct finding *ret);

/* A password in a URL: scheme://user:password@host; AT is the "@". */
bool detect_userinfo(struct detect *d, size_t at, struct finding *ret);
