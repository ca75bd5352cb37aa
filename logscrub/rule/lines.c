/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/rule/lines.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)

int
lines_init(struct lines *l, struct rule *rule, struct err *e)
{
	*l = (struct lines){ .rule = rule && rule_has_begin(rule) ? rule : NULL };
	l->cap = CHUNK;
	l->p = malloc(l->cap);
	return l->p ? 0 : err_memory(e);
}

void
lines_release(struct lines *l)
{
	if (l->p)
		explicit_bzero(l->p, l->cap);
	free(l->p);
	l->p = NULL;
}

void
lines_restart(struct lines *l)
{
	l->len = l->at = l->scanned = 0;
	l->in_entry = l->full = l->skipping = l->ended = false;
}

/* Takes out what was dropped between a full entry and the next line, so that it cannot pile up. */
static void
close_gap(struct lines *l)
{
	size_t gap = l->at - l->entry_end;

	memmove(l->p + l->entry_end, l->p + l->at, l->len - l->at);
	l->at -= gap;
	l->len -= gap;
	l->scanned -= gap;
}

/* Moves what is still needed to the front. */
static void
compact(struct lines *l)
{
	size_t from = l->in_entry ? l->entry : l->at;

	if (l->in_entry && l->full)
		close_gap(l);
	if (from == 0)
		return;
	memmove(l->p, l->p + from, l->len - from);
	l->len -= from;
	l->at -= from;
	l->scanned -= from;
	if (l->in_entry) {
		l->entry -= from;
		l->entry_end -= from;
	}
}

/* A line that is too long is counted once and passed over up to its end. */
static void
give_up_line(struct lines *l)
{
	l->n_too_long += !l->skipping;
	l->skipping = true;
	l->len = l->scanned = l->at; /* its end is still to come */
}

static int
make_room(struct lines *l, struct err *e)
{
	size_t cap;
	char *p;

	compact(l);
	if (l->len - l->at > LINE_MAX_BYTES)
		give_up_line(l);
	if (l->cap - l->len >= CHUNK / 4)
		return 0;
	cap = l->cap * 2;
	p = realloc(l->p, cap);
	if (!p)
		return err_memory(e);
	l->p = p;
	l->cap = cap;
	return 0;
}

int
lines_fill(struct lines *l, struct input *in, struct err *e)
{
	long n;

	if (make_room(l, e) < 0)
		return -1;
	n = input_read(in, l->p + l->len, l->cap - l->len, e);
	if (n > 0) {
		l->len += (size_t)n;
		return 0;
	}
	l->ended = true;
	return n < 0 ? -1 : 1;
}

static struct span
without_cr(const char *p, size_t len)
{
	if (len > 0 && p[len - 1] == '\r')
		len--;
	return span_of(p, len);
}

/* The next whole line: its place from `at`; `at` moves behind it. */
static bool
next_line(struct lines *l, struct span *ret)
{
	const char *start = l->p + l->at;
	const char *nl = NULL;

	if (l->scanned < l->at)
		l->scanned = l->at;
	if (l->scanned < l->len)
		nl = memchr(l->p + l->scanned, '\n', l->len - l->scanned);
	if (nl) {
		*ret = without_cr(start, (size_t)(nl - start));
		l->at = l->scanned = (size_t)(nl - l->p) + 1;
		return true;
	}
	l->scanned = l->len;
	if (!l->ended || l->at == l->len)
		return false;
	*ret = without_cr(start, l->len - l->at);
	l->at = l->len;
	return true;
}

static bool
whole_line(struct lines *l, struct span *ret)
{
	while (next_line(l, ret)) {
		if (l->skipping) { /* the rest of a line that was too long */
			l->skipping = false;
			continue;
		}
		if (ret->len <= LINE_MAX_BYTES)
			return true;
		l->n_too_long++;
	}
	return false;
}

/* Adds the line to the entry begun; what follows an entry that is full is dropped. */
static void
continue_entry(struct lines *l, struct span line)
{
	size_t end = (size_t)(line.p - l->p) + line.len;

	if (!l->in_entry || l->full || end - l->entry > ENTRY_MAX_BYTES) {
		l->full = l->in_entry;
		l->n_orphan++;
		return;
	}
	l->entry_end = end;
}

bool
lines_take(struct lines *l, struct span *ret)
{
	struct span line;

	if (!l->rule)
		return whole_line(l, ret);
	while (whole_line(l, &line)) {
		bool had = l->in_entry;

		if (!rule_begins(l->rule, line)) {
			continue_entry(l, line);
			continue;
		}
		*ret = span_of(l->p + l->entry, l->entry_end - l->entry);
		l->in_entry = true;
		l->full = false;
		l->entry = (size_t)(line.p - l->p);
		l->entry_end = l->entry + line.len;
		if (had)
			return true;
	}
	if (!l->ended || !l->in_entry)
		return false;
	*ret = span_of(l->p + l->entry, l->entry_end - l->entry);
	l->in_entry = false;
	return true;
}
