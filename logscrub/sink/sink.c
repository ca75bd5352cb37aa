/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/sink/sink-private.h"

#include <errno.h>

int
sink_init(struct sink *k, const struct sink_driver *driver, const struct conf_store *s,
	const char *name, struct err *e)
{
	*k = (struct sink){ .driver = driver };
	buf_init(&k->pending, SINK_RECORD_MAX);
	k->name = strdup(name);
	k->store = strdup(s->name);
	return k->name && k->store ? 0 : err_memory(e);
}

void
sink_release(struct sink *k)
{
	free(k->name);
	free(k->store);
	buf_release(&k->pending);
	position_record_release(&k->written);
	position_record_release(&k->taken);
}

int
sink_open(const struct conf *c, const struct conf_store *s, const struct conf_sink *d,
	struct sink **ret, struct err *e)
{
	static int (*const open[])(const struct conf_store *, const struct conf_sink *,
		struct sink **, struct err *) = {
		[SINK_FILE] = sink_file_open,
		[SINK_NAMESPACE] = sink_namespace_open,
		[SINK_JOURNAL] = sink_journal_open,
		[SINK_SYSLOG] = sink_syslog_open,
		[SINK_STDOUT] = sink_stdout_open,
	};

	(void)c; /* nothing in it concerns a sink today */
	if (open[d->type](s, d, ret, e) < 0)
		return err_within(e, "store \"%s\"", s->name);
	return 0;
}

int
sink_recover(struct sink *k, bool rereadable, struct err *e)
{
	return k->driver->recover ? k->driver->recover(k, rereadable, e) : 0;
}

int
sink_write(struct sink *k, const char *source, const struct entry *en, struct span text,
	const struct rule_trace *trace, struct err *e)
{
	if (k->trouble)
		return 1;
	return k->driver->write(k, source, en, text, trace, e);
}

int
sink_flush(struct sink *k, struct err *e)
{
	int r = k->driver->flush(k, e);

	if (r == 0)
		k->trouble = NULL;
	return r;
}

int
sink_reopen(struct sink *k, struct err *e)
{
	return k->driver->reopen ? k->driver->reopen(k, e) : 0;
}

bool
sink_position(struct sink *k, const char *source, struct span *ret, int64_t *ret_order)
{
	const struct position *p = position_record_find(&k->written, source);

	if (!p && k->driver->look_up) {
		k->driver->look_up(k, source);
		p = position_record_find(&k->written, source);
	}
	if (!p)
		return false;
	*ret = span_of(p->text, p->len);
	*ret_order = p->order;
	return true;
}

int
sink_advance(struct sink *k, const char *source, struct span position, int64_t order, struct err *e)
{
	if (!k->carries || position.len == 0)
		return 0;
	return position_record_set(&k->taken, source, position, order, e);
}

bool
sink_carries_positions(const struct sink *k)
{
	return k->carries;
}

const char *
sink_trouble(const struct sink *k)
{
	return k->trouble;
}

const char *
sink_notice(struct sink *k)
{
	return k->n_notices > 0 ? k->notice[--k->n_notices] : NULL;
}

const char *
sink_name(const struct sink *k)
{
	return k->name;
}

size_t
sink_pending(const struct sink *k)
{
	return k->pending.len;
}

struct sink *
sink_free(struct sink *k)
{
	if (k)
		k->driver->close(k);
	return NULL;
}

bool
sink_has_room(const struct sink *k, size_t n)
{
	return k->pending.len == 0 || k->pending.len + n <= SINK_PENDING_MAX;
}

int
sink_take_position(struct sink *k, const char *stream, const struct entry *en, struct err *e)
{
	if (!k->carries || en->position.len == 0)
		return 0;
	return position_record_set(&k->taken, stream, en->position, en->order, e);
}

int
sink_take_line(
	struct sink *k, const char *stream, const struct entry *en, struct span text, struct err *e)
{
	if (!sink_has_room(k, text.len + 1))
		return 1;
	if (!buf_room(&k->pending, text.len + 1)) {
		buf_cut(&k->pending, k->pending.len);
		return err_memory(e);
	}
	if (sink_take_position(k, stream, en, e) < 0)
		return -1;
	buf_span(&k->pending, text);
	buf_char(&k->pending, '\n');
	return 0;
}

int
sink_stored(struct sink *k, struct err *e)
{
	/* a single huge record shall not cost its memory for ever */
	if (k->pending.cap > 2 * SINK_PENDING_MAX)
		buf_release(&k->pending);
	buf_clear(&k->pending);
	return position_record_join(&k->written, &k->taken, e);
}

void
sink_add_notice(struct sink *k, const char *text)
{
	for (unsigned i = 0; i < k->n_notices; i++)
		if (k->notice[i] == text)
			return;
	if (k->n_notices < SINK_NOTICES_MAX)
		k->notice[k->n_notices++] = text;
}

int
sink_fail(struct sink *k, const char *text)
{
	k->trouble = text;
	return 1;
}

int
sink_fail_errno(struct sink *k, int errnum)
{
	switch (errnum) {
	case ENOSPC:
		return sink_fail(k, N_("no space left"));
	case EDQUOT:
	case EFBIG:
		return sink_fail(k, N_("over a quota or size limit"));
	case EROFS:
		return sink_fail(k, N_("the file system is read-only"));
	case ENOENT:
	case ECONNREFUSED:
	case ENOTCONN:
	case ECONNRESET:
	case EPIPE:
		return sink_fail(k, N_("it is gone"));
	case EAGAIN:
	case ENOBUFS:
		return sink_fail(k, N_("it takes nothing at the moment"));
	case EACCES:
	case EPERM:
		return sink_fail(k, N_("permission denied"));
	default:
		return sink_fail(k, N_("input/output error"));
	}
}
