/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/service/assembly.h"

#include "logscrub/rule/rule.h"

#define KEPT_BYTES_MAX (64u << 10)

void
assembly_init(struct assembly *a)
{
	*a = (struct assembly){ 0 };
	buf_init(&a->text, LINE_MAX_BYTES + ASSEMBLY_BYTES_MAX);
	buf_init(&a->kept, KEPT_BYTES_MAX);
}

void
assembly_release(struct assembly *a)
{
	buf_wipe(&a->text);
	buf_wipe(&a->kept);
}

static void
take_position(struct assembly *a, const struct entry *en)
{
	size_t n = en->position.len < POSITION_MAX ? en->position.len : POSITION_MAX;

	if (n > 0)
		memcpy(a->position, en->position.p, n);
	a->entry.position = span_of(a->position, n);
	a->entry.order = en->order;
}

/* Spans of the entry that sinks use; those of its line are in `text`. */
static void
keep_spans(struct assembly *a, const struct entry *en)
{
	size_t at[ENTRY_TRUSTED_MAX + 1];
	unsigned n = 0;

	buf_clear(&a->kept);
	for (; n < en->n_trusted; n++) {
		at[n] = a->kept.len;
		buf_span(&a->kept, en->trusted[n]);
	}
	at[n] = a->kept.len;
	buf_span(&a->kept, en->ident);
	if (a->kept.failed) { /* more than any source gives */
		a->entry.n_trusted = 0;
		a->entry.ident = SPAN("");
		return;
	}
	for (unsigned i = 0; i < n; i++)
		a->entry.trusted[i] = span_of(a->kept.p + at[i], en->trusted[i].len);
	a->entry.ident = span_of(a->kept.p + at[n], en->ident.len);
}

int
assembly_begin(
	struct assembly *a, const struct entry *en, struct span text, int64_t now_us, struct err *e)
{
	buf_clear(&a->text);
	buf_span(&a->text, text);
	if (a->text.failed)
		return err_memory(e);
	a->entry = *en;
	keep_spans(a, en);
	take_position(a, en);
	a->entry.line = a->entry.message = span_of(a->text.p, a->text.len);
	a->first = text.len;
	a->touched_us = now_us;
	a->open = true;
	return 0;
}

bool
assembly_add(struct assembly *a, const struct entry *en, struct span text, int64_t now_us)
{
	bool fits = a->text.len - a->first + text.len + 1 <= ASSEMBLY_BYTES_MAX;

	if (fits) {
		buf_char(&a->text, '\n');
		buf_span(&a->text, text);
		fits = !a->text.failed;
	}
	a->entry.line = a->entry.message = span_of(a->text.p, a->text.len);
	a->touched_us = now_us;
	take_position(a, en);
	return fits;
}
