/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_syslog.c - any line is a syslog line, bare at the least
 *
 * All of it is in the pieces. With everything but the time dropped, and all of that again, it reads
 * the same: what logscrub writes it can read. The line before it changes nothing, not even when it is the
 * same but for its end.
 */
#include "base/buf.h"
#include "pieces.h"
#include "record/format/format-private.h"

static void
drop_all(const struct format *f, const struct split *s, struct buf *out)
{
	buf_clear(out);
	for (unsigned i = 0; i < s->n; i++) {
		const struct piece *p = &s->piece[i];

		if (p->field >= 0 && strcmp(format_field(f, (unsigned)p->field)->name, "time") != 0)
			buf_char(out, '-');
		else
			buf_put(out, p->p, p->len);
	}
}

static void
check_same(const struct split *a, const struct split *b)
{
	CHECK(a->n == b->n);
	for (unsigned i = 0; i < a->n; i++)
		CHECK(a->piece[i].p == b->piece[i].p && a->piece[i].len == b->piece[i].len &&
			a->piece[i].field == b->piece[i].field);
}

/* F has seen LINE; each of its beginnings is read as by a format that has seen nothing. */
static void
check_beginnings(struct format *f, struct span line)
{
	struct split seen, alone;

	for (size_t n = line.len < 64 ? line.len : 64; n > 0; n--) {
		struct syslog_head none = { .len = 0 };

		CHECK(format_split(f, line, &seen) == FORMAT_OK);
		CHECK(format_split(f, span_of(line.p, n), &seen) == FORMAT_OK);
		syslog_split(&none, span_of(line.p, n), &alone);
		check_same(&seen, &alone);
	}
}

static void
check(struct format *f, struct span line)
{
	struct split before, after, retried;
	struct buf once, twice;
	struct span text;

	buf_init(&once, line.len + 256);
	buf_init(&twice, line.len + 256);
	CHECK(format_split(f, line, &before) == FORMAT_OK);
	retried = before;
	pieces_spell_out(line, &before);
	pieces_check(f, line, &before);
	pieces_check_whole(line, &before);
	drop_all(f, &before, &once);
	text = span_of(once.p, once.len);
	CHECK(format_split(f, text, &after) == FORMAT_OK);
	pieces_spell_out(text, &after);
	CHECK(after.n == before.n);
	drop_all(f, &after, &twice);
	CHECK(span_eq(text, span_of(twice.p, twice.len)));
	check_beginnings(f, line);
	if (format_retry_bare(f, line, &retried)) {
		CHECK(retried.n == 1);
		pieces_spell_out(line, &retried);
		pieces_check_whole(line, &retried);
	}
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_format d = {
		.name = "fuzz", .where = { "fuzz", 1 }, .type = FORMAT_SYSLOG
	};
	static const struct conf c = { .format = &d, .n_formats = 1 };
	struct formats *set = NULL;
	struct format *f;
	struct err e;

	CHECK(format_make(&c, &set, &f, &e));
	check(f, span_of(data, size));
	formats_free(set);
	return 0;
}
