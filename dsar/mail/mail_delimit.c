/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/mail/mail_delimit.h"

static struct span
line_of(struct span s)
{
	const char *end = memchr(s.p, '\n', s.len);

	return span_of(s.p, end ? (size_t)(end - s.p) + 1 : s.len);
}

/* Is it nothing but blanks and a line end? */
static bool
is_padding(struct span s)
{
	while (s.len > 0 && (*s.p == ' ' || *s.p == '\t' || *s.p == '\r' || *s.p == '\n'))
		s = span_from(s, 1);
	return s.len == 0;
}

/* 0: no delimiter; 1, 2: one, the closing one; -1: it cannot be told. */
static int
delimiter(struct span line, struct span boundary)
{
	if (!span_starts(line, SPAN("--")) || !span_starts(span_from(line, 2), boundary))
		return 0;
	line = span_from(line, 2 + boundary.len);
	if (is_padding(line))
		return 1;
	return span_starts(line, SPAN("--")) && is_padding(span_from(line, 2)) ? 2 : -1;
}

/* FROM up to END, which begins a delimiter, without the line end that belongs to it. */
static struct span
part_of(const char *from, const char *end)
{
	size_t n = (size_t)(end - from);

	if (n > 0 && from[n - 1] == '\n')
		n--;
	if (n > 0 && from[n - 1] == '\r')
		n--;
	return span_of(from, n);
}

bool
mail_delimit(struct span body, struct span boundary, struct span ret[2])
{
	const char *begin[2] = { NULL, NULL };
	unsigned n = 0;

	if (boundary.len == 0 || boundary.len > BOUNDARY_MAX)
		return false;
	for (struct span line; body.len > 0; body = span_from(body, line.len)) {
		int kind;

		line = line_of(body);
		kind = delimiter(line, boundary);
		if (kind == 0)
			continue;
		if (kind < 0 || n > 2 || kind != (n == 2 ? 2 : 1))
			return false;
		if (n > 0)
			ret[n - 1] = part_of(begin[n - 1], line.p);
		if (n < 2)
			begin[n] = line.p + line.len;
		n++;
	}
	return n == 3;
}
