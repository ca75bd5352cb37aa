/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * detect.h - personal data in free text
 *
 * One pass over the text looks for bytes that can only stand inside an address, a mail address, a
 * phone number or a secret, with SIMD where the machine has it (chosen at run time; the scalar twin
 * gives the same findings), and the detectors parse by hand from there. No regular expression, no
 * allocation, no state between texts. A near miss (version, time, MAC, `std::string`, hash, path)
 * is not a finding.
 *
 * Forms found: dotted quads with and without port, bracket, CIDR; IPv6 compressed, upper case,
 * v4-mapped, with zone, bracket, port; percent-, \x- and \u-encoded ones and HTML entities;
 * in-addr.arpa, ip6.arpa, and host names that spell an address with hyphens or dots.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "record/address.h"

enum detect_type {
	DETECT_IPV4,
	DETECT_IPV6,
	DETECT_EMAIL,
	DETECT_PHONE,
	DETECT_TOKEN,
	DETECT_UUID,
	DETECT_TYPES
};

enum detect_form { FORM_PLAIN, FORM_MAPPED, FORM_ENCODED, FORM_REVERSE, FORM_HOSTNAME };

#define DETECT_BIT(type) (1u << (type))
#define DETECT_ADDRESSES (DETECT_BIT(DETECT_IPV4) | DETECT_BIT(DETECT_IPV6))
#define DETECT_DEFAULT                                                                             \
	(DETECT_ADDRESSES | DETECT_BIT(DETECT_EMAIL) | DETECT_BIT(DETECT_PHONE) |                  \
		DETECT_BIT(DETECT_TOKEN)) /* all but uuid */

/* The datum alone: no bracket, port, zone, scheme or quote. A v4-mapped address is DETECT_IPV6 by
 * its writing (FORM_MAPPED), and an IPv4 `address` by its canon. */
struct finding {
	size_t start, end; /* bytes of the text; end exclusive */
	enum detect_type type;
	enum detect_form form;
	struct address address; /* IPV4, IPV6 */
};

#define DETECT_WINDOWS 40 /* of 48 bytes each, whose candidates are found at once */

/* A scan in progress over a text that the caller keeps. Private but for its place on the stack. */
struct detect {
	struct span text;
	unsigned types;
	unsigned depth;    /* 1: inside a text whose escapes were undone */
	size_t at;         /* end of the last finding: what lies before is settled */
	size_t skip;       /* candidates before this one are spent */
	size_t escapes;    /* escapes before this one are spent */
	size_t cookie_end; /* up to here lies a Cookie header */
	size_t chunk;      /* start of the bytes that `map` speaks of */
	unsigned window, n_windows;
	uint64_t bits; /* candidates left in map[window] */
	uint64_t map[DETECT_WINDOWS];
};

/* Begins a scan of TEXT for TYPES (DETECT_BIT). */
void detect_start(struct detect *d, struct span text, unsigned types);

/* The next finding, in order and without overlap; false at the end. */
bool detect_next(struct detect *d, struct finding *ret);

/* "ipv4", "plain", …: the names of sparsam-json(5). */
const char *detect_type_name(enum detect_type t);
const char *detect_form_name(enum detect_form f);
bool detect_type_by_name(const char *name, enum detect_type *ret);

/* For tests: which candidate pass to use from now on, in this process. Returns false, and changes
 * nothing, where the machine does not have it. Not for threads. */
enum detect_pass { PASS_BEST, PASS_SCALAR, PASS_SSSE3, PASS_AVX2 };
bool detect_force_pass(enum detect_pass pass);
