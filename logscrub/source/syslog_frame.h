/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * syslog_frame.h - messages out of a TCP stream, and what stands in front of one
 *
 * Just enough is read to route a message: its priority, its APP-NAME, and where its text begins.
 * What the header says besides is the matter of the store's format. Sources: RFC 3164, 5424, 6587.
 * Where real senders differ we follow them: NUL ends a message like LF (Python's SysLogHandler),
 * the host may be missing (syslog(3)) or stand twice (rsyslog relaying nginx), and a sender may
 * change between both framings from one message to the next.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

#define FRAMER_BYTES (64u << 10) /* a longer frame is passed over and counted */

struct frame {
	int priority, facility;     /* -1: no "<PRI>" */
	struct span line;           /* without "<PRI>" */
	struct span ident, message; /* ident may be empty; without a header, message is line */
};

/* Cannot fail: what has no header is all message. */
void frame_read(struct span raw, struct frame *ret);

/* Finds ident and message in a line as syslog daemons write it to files. */
void frame_read_header(struct span line, struct frame *ret);

/* RFC 6587, found out per message: octet counting ("123 <34>…") or an end of line. */
struct framer {
	char *p; /* FRAMER_BYTES, or NULL until the first use */
	size_t at, len;
	size_t skip;    /* octets of a frame too long that are still to come */
	bool skip_line; /* the same, up to its end of line */
	uint64_t n_too_long;
};

void framer_release(struct framer *f);

/* Room for what is read next, at least one byte after framer_take() said false. Makes what
 * framer_take() gave invalid. */
int framer_room(struct framer *f, char **ret, size_t *ret_n, struct err *e);
void framer_fill(struct framer *f, size_t n);

/* The next whole message. False: read more. */
bool framer_take(struct framer *f, struct span *ret);

/* The peer has closed in order: a last message without an end of line counts as whole. */
bool framer_take_last(struct framer *f, struct span *ret);

bool framer_is_within(const struct framer *f); /* is a message begun and not whole? */
