/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Syslog over TCP: whatever comes in whatever pieces, the messages are the same as when it comes at
 * once, lie within what was sent, and their headers point into them.
 */
#include <stdint.h>
#include <stdlib.h>

#include "logscrub/source/syslog_frame.h"

static void
check_header(struct span s)
{
	struct frame f;

	frame_read(s, &f);
	if (f.line.p < s.p || f.line.p + f.line.len != s.p + s.len || f.message.p < f.line.p ||
		f.message.p + f.message.len != s.p + s.len || f.ident.p < f.line.p ||
		f.ident.p + f.ident.len > s.p + s.len || f.priority > 7 || f.facility > 23)
		abort();
}

/* A number that depends on all messages and their bounds. */
static uint64_t
messages(const uint8_t *data, size_t size, size_t piece)
{
	struct framer f = { 0 };
	struct span s;
	uint64_t h = 1;

	for (size_t at = 0; at < size;) {
		char *room;
		size_t n, put = piece < size - at ? piece : size - at;

		if (framer_room(&f, &room, &n, NULL) < 0 || n == 0)
			abort();
		put = put < n ? put : n;
		memcpy(room, data + at, put);
		framer_fill(&f, put);
		at += put;
		while (framer_take(&f, &s)) {
			check_header(s);
			for (size_t i = 0; i < s.len; i++)
				h = (h ^ (uint8_t)s.p[i]) * UINT64_C(0x100000001b3);
			h = (h ^ 256) * UINT64_C(0x100000001b3);
		}
	}
	h += f.n_too_long;
	framer_release(&f);
	return h;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (messages(data + 1, size - 1, 1u + data[0]) != messages(data + 1, size - 1, size))
		abort();
	return 0;
}
