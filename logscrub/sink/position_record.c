/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/position_record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/xattr.h>

#define HEAD "sparsam-position 1\n"

void
position_record_release(struct position_record *r)
{
	free(r->at);
	*r = (struct position_record){ 0 };
}

const struct position *
position_record_find(const struct position_record *r, const char *stream)
{
	for (unsigned i = 0; i < r->n; i++)
		if (strcmp(r->at[i].stream, stream) == 0)
			return &r->at[i];
	return NULL;
}

static bool
is_word(struct span s, size_t max)
{
	if (s.len == 0 || s.len > max)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

/* Bytes of "stream NAME ORDER POSITION\n", with the longest order there is. */
static size_t
line_len(size_t name, size_t text)
{
	return sizeof("stream   \n") - 1 + name + 20 + text;
}

static int
too_many(const char *stream, struct err *e)
{
	return err_fail(e, EX_CONFIG, 0, N_("too many streams feed one sink"),
		N_("give some of the files a store and a sink of their own"), "%s", stream);
}

static struct position *
position_add(struct position_record *r, const char *stream, struct err *e)
{
	struct position *at;

	if (r->n == POSITION_STREAMS_MAX) {
		(void)too_many(stream, e);
		return NULL;
	}
	at = realloc(r->at, (r->n + 1) * sizeof(*at));
	if (!at) {
		(void)err_memory(e);
		return NULL;
	}
	r->at = at;
	at += r->n++;
	*at = (struct position){ 0 };
	memcpy(at->stream, stream, strlen(stream));
	return at;
}

int
position_record_set(struct position_record *r, const char *stream, struct span text, int64_t order,
	struct err *e)
{
	struct position *p = (struct position *)position_record_find(r, stream);
	size_t name = strlen(stream), before = p ? line_len(name, p->len) : 0;

	if (!is_word(span_of(stream, name), POSITION_NAME_MAX) || !is_word(text, POSITION_MAX))
		return err_fail(e, EX_CONFIG, 0, N_("a position that cannot be recorded"),
			N_("give the source a shorter name, without blanks"), "%s", stream);
	if (r->text_len - before + line_len(name, text.len) > POSITION_RECORD_MAX - 128)
		return too_many(stream, e);
	if (!p && !(p = position_add(r, stream, e)))
		return -1;
	memcpy(p->text, text.p, text.len);
	p->len = text.len;
	p->order = order;
	r->text_len += line_len(name, text.len) - before;
	return 0;
}

int
position_record_join(struct position_record *r, const struct position_record *from, struct err *e)
{
	for (unsigned i = 0; i < from->n; i++) {
		const struct position *p = &from->at[i];

		if (position_record_set(r, p->stream, span_of(p->text, p->len), p->order, e) < 0)
			return -1;
	}
	return 0;
}

bool
position_record_equal(const struct position_record *a, const struct position_record *b)
{
	if (a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++) {
		const struct position *p = &a->at[i], *q = position_record_find(b, p->stream);

		if (!q || !span_eq(span_of(p->text, p->len), span_of(q->text, q->len)))
			return false;
	}
	return true;
}

void
position_record_format(const struct position_record *r, struct buf *out)
{
	buf_printf(out, HEAD "size %" PRIu64 "\ninode %" PRIu64 "\nsequence %" PRIu64 "\n", r->size,
		r->inode, r->sequence);
	for (unsigned i = 0; i < r->n; i++) {
		const struct position *p = &r->at[i];

		buf_printf(out, "stream %s %" PRId64 " ", p->stream, p->order);
		buf_put(out, p->text, p->len);
		buf_char(out, '\n');
	}
}

/* Takes the next word off *S, which ends at END; false where there is none. */
static bool
take_word(struct span *s, char end, struct span *ret)
{
	const char *p = s->len > 0 ? memchr(s->p, end, s->len) : NULL;

	if (!p)
		return false;
	*ret = span_of(s->p, (size_t)(p - s->p));
	*s = span_from(*s, ret->len + 1);
	return is_word(*ret, POSITION_MAX);
}

static bool
word_number(struct span w, int64_t *ret)
{
	char text[24] = { 0 }, *end;

	if (w.len >= sizeof(text))
		return false;
	memcpy(text, w.p, w.len);
	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno == 0 && end == text + w.len && text[0] != '+';
}

static bool
take_number(struct span *s, struct span key, uint64_t *ret)
{
	struct span w;
	int64_t n;

	if (!take_word(s, ' ', &w) || !span_eq(w, key) || !take_word(s, '\n', &w))
		return false;
	if (!word_number(w, &n) || n < 0)
		return false;
	*ret = (uint64_t)n;
	return true;
}

static bool
take_stream(struct span *s, struct position_record *r)
{
	char stream[POSITION_NAME_MAX + 1] = { 0 };
	struct span key, name, number, text;
	int64_t order;

	if (!take_word(s, ' ', &key) || !span_eq(key, SPAN("stream")) ||
		!take_word(s, ' ', &name) || name.len > POSITION_NAME_MAX ||
		!take_word(s, ' ', &number) || !word_number(number, &order) ||
		!take_word(s, '\n', &text))
		return false;
	memcpy(stream, name.p, name.len);
	return memchr(stream, 0, name.len) == NULL &&
	       position_record_set(r, stream, text, order, NULL) == 0;
}

int
position_record_parse(struct span text, struct position_record *ret, struct err *e)
{
	CLEANUP(position_record_release) struct position_record r = { 0 };
	bool ok = span_starts(text, SPAN(HEAD));

	if (ok)
		text = span_from(text, sizeof(HEAD) - 1);
	ok = ok && take_number(&text, SPAN("size"), &r.size) &&
	     take_number(&text, SPAN("inode"), &r.inode) &&
	     take_number(&text, SPAN("sequence"), &r.sequence);
	while (ok && text.len > 0)
		ok = take_stream(&text, &r);
	if (!ok)
		return err_fail(e, EX_DATAERR, 0, N_("a damaged record of positions"), NULL, NULL);
	*ret = r;
	r = (struct position_record){ 0 };
	return 0;
}

int
position_record_read(int fd, struct position_record *ret, struct err *e)
{
	char text[POSITION_RECORD_MAX + 1];
	ssize_t n = fgetxattr(fd, POSITION_XATTR, text, sizeof(text));

	if (n >= 0)
		return position_record_parse(span_of(text, (size_t)n), ret, NULL) < 0;
	if (errno == ENODATA || errno == ERANGE)
		return 1;
	if (errno == ENOTSUP)
		return 2;
	return err_fail(e, EX_IOERR, errno, N_("cannot read the record of positions"), NULL, NULL);
}

int
position_record_write(int fd, const struct position_record *r, struct err *e)
{
	CLEANUP(buf_release) struct buf text;

	buf_init(&text, POSITION_RECORD_MAX);
	position_record_format(r, &text);
	if (text.failed)
		return err_memory(e);
	if (fsetxattr(fd, POSITION_XATTR, text.p, text.len, 0) == 0)
		return 0;
	if (errno == ENOTSUP)
		return 2;
	return err_fail(e, EX_IOERR, errno, N_("cannot record positions"),
		N_("see that the file system has room for extended attributes"), NULL);
}
