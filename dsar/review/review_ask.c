/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsar/review/review-private.h"
#include "dsar/session.h"

#define _(text) gettext(text)

/* Finds by their number, gathered first: the register is not written while it is read. */
struct waiting {
	int64_t *id;
	size_t n, max;
};

static int
wait_for_answer(void *ctx, const struct find *f, struct err *e)
{
	struct waiting *w = ctx;

	if (f->decision != FIND_OPEN)
		return 0;
	if (w->n == w->max) {
		const size_t max = w->max ? 2 * w->max : 64;
		int64_t *id = reallocarray(w->id, max, sizeof(*id));

		if (!id)
			return err_memory(e);
		w->id = id;
		w->max = max;
	}
	w->id[w->n++] = f->id;
	return 0;
}

/* The ground in words, or the one that D has without. */
static char *
ask_ground(const char *otherwise)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	printf(_("Ground (hers, others, secret, not-hers, duplicate, or a text) [%s]: "),
		otherwise);
	(void)fflush(stdout);
	n = getline(&line, &size, stdin);
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == ' '))
		line[--n] = '\0';
	if (n > 0)
		return line;
	free(line);
	return strdup(otherwise);
}

struct answering {
	struct reviewing *r;
	struct covers covers; /* what is proposed for the find shown */
};

static int
show(void *ctx, const struct find *f, struct err *e)
{
	struct answering *a = ctx;

	if (review_propose(&a->r->known, f, &a->covers, e) < 0)
		return -1;
	return review_show_find(a->r, f, e);
}

static int
answer_with(
	struct answering *a, int64_t id, enum find_decision d, const char *otherwise, struct err *e)
{
	cleanup_mem char *ground = ask_ground(otherwise);
	const struct decision decision = { d, ground, d == FIND_BLACKEN ? &a->covers : NULL };

	return ground ? review_one(a->r, id, &decision, e) : err_memory(e);
}

/* 0: go on; 1: the person ends. */
static int
answer(struct answering *a, int64_t id, struct err *e)
{
	char line[16];

	for (;;) {
		printf(_("[k]eep, [b]lacken what is red, [e]xclude, [s]kip, [q]uit: "));
		(void)fflush(stdout);
		if (!fgets(line, sizeof(line), stdin) || line[0] == 'q')
			return 1;
		switch (line[0]) {
		case 'k':
			return answer_with(a, id, FIND_KEEP, GROUND_HERS, e);
		case 'b':
			return answer_with(a, id, FIND_BLACKEN, GROUND_OTHERS, e);
		case 'e':
			return answer_with(a, id, FIND_EXCLUDE, GROUND_NOT_HERS, e);
		case 's':
			return 0;
		default:
			break;
		}
	}
}

int
review_ask(struct reviewing *r, struct err *e)
{
	struct waiting w = { 0 };
	int rc = finds_each(r->s->registry, r->file.number, NULL, wait_for_answer, &w, e);

	for (size_t i = 0; i < w.n && rc == 0; i++) {
		struct answering a = { .r = r };

		printf("\n%zu/%zu\n", i + 1, w.n);
		rc = review_find(r->s->registry, r->file.number, w.id[i], show, &a, e);
		if (rc == 0)
			rc = answer(&a, w.id[i], e);
		covers_release(&a.covers);
	}
	free(w.id);
	return rc < 0 ? -1 : 0;
}
