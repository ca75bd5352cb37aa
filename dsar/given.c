/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/given.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/utf8.h"

int
given_bytes(const char *from, size_t max, struct buf *out, struct err *e)
{
	cleanup_fd int fd = strcmp(from, "-") == 0 ? dup(STDIN_FILENO)
						   : open(from, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	buf_init(out, max + 4096);
	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", from);
	while (out->len <= max && buf_room(out, 4096) &&
		(n = read(fd, out->p + out->len, 4096)) > 0)
		out->len += (size_t)n;
	if (n < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read"), NULL, "%s", from);
	if (out->failed || out->len > max)
		return err_fail(e, EX_DATAERR, 0, N_("the text is too long"), NULL, "%s", from);
	return out->len > 0 ? 0
			    : err_fail(e, EX_DATAERR, 0, N_("nothing was given"), NULL, "%s", from);
}

static bool
is_text(struct span s)
{
	while (s.len > 0) {
		const size_t n = utf8_length(s);

		if (n == 0 ||
			(n == 1 && (unsigned char)s.p[0] < ' ' && !strchr("\t\r\n", s.p[0])) ||
			s.p[0] == '\0' || s.p[0] == 0x7f)
			return false;
		s = span_from(s, n);
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int
given_text(const char *from, struct buf *out, struct err *e)
{
	size_t head = 0;

	if (given_bytes(from, GIVEN_TEXT_MAX, out, e) < 0)
		return -1;
	while (out->len > 0 && is_blank(out->p[out->len - 1]))
		out->len--;
	while (head < out->len && is_blank(out->p[head]))
		head++;
	memmove(out->p, out->p + head, out->len - head);
	out->len -= head;
	if (out->len == 0)
		return err_fail(e, EX_DATAERR, 0, N_("nothing was given"), NULL, "%s", from);
	return is_text(span_of(out->p, out->len))
		       ? 0
		       : err_fail(e, EX_DATAERR, 0, N_("this is no text"),
				 N_("give UTF-8 without control characters"), "%s", from);
}
