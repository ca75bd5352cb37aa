/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_delimit.h - the parts of a multipart, as ranges of its own bytes (RFC 2046 section 5.1.1)
 *
 * Strict: the boundary stands in two delimiters and the closing one, and no other line begins with it;
 * what could be read in two ways has no parts. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define BOUNDARY_MAX 70

/* The two parts of BODY, with their headers, without the line end before the next delimiter. */
bool mail_delimit(struct span body, struct span boundary, struct span ret[2]);
