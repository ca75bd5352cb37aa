/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * given.h - texts with personal data, as they are given: on standard input or in a file
 *
 * Never as an argument, which everybody on the machine can read.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define GIVEN_TEXT_MAX (64u << 10) /* bytes */

/* Readies OUT and reads FROM ("-": standard input) into it, without blanks at its ends. The caller ends OUT by
 * buf_wipe(), also on failure. EX_DATAERR: nothing, too much, no UTF-8, or control bytes beyond line ends
 * and tabs; EX_NOINPUT. */
int given_text(const char *from, struct buf *out, struct err *e);

/* The same for bytes of any kind, up to MAX. */
int given_bytes(const char *from, size_t max, struct buf *out, struct err *e);
