/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * erase_proof.c - searched again, by what she is known by and not by what was found before
 *
 * That a record of the plan is gone says nothing of one that came after the search. So every store is asked once more for
 * the person; whatever it still has is kept by a hold or a law, was left out by decision, or is named as left.
 */
#include <inttypes.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/now.h"
#include "dsar/act/erase-private.h"
#include "dsar/register/registry.h"
#include "dsar/search/search.h"

#define _(text) gettext(text)

struct seen { /* one record */
	uint8_t digest[RECORD_DIGEST_LEN];
	uint32_t store; /* its place in the configuration */
	enum erasure_fate fate;
	bool planned; /* else the plan did not have it, and it has no fate */
	bool again;
};

struct proving {
	const struct session *s;
	const struct erasure *x;
	struct erase_proof *proof;
	struct seen *seen; /* n of them */
	size_t n, max;
};

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct proving *p = ctx;
	const struct conf_store *st = conf_find_store(p->s->conf, f->store);
	const struct erasure_item *i = erasure_item_by(p->x, st, f->place, f->digest);
	struct seen *v;

	if (p->n == p->max) {
		const size_t max = p->max ? 2 * p->max : 256;

		v = reallocarray(p->seen, max, sizeof(*v));
		if (!v)
			return err_memory(e);
		p->seen = v;
		p->max = max;
	}
	v = &p->seen[p->n++];
	*v = (struct seen){ .fate = i ? i->fate : ERASURE_MISSING,
		.planned = i != NULL,
		.store = (uint32_t)(st - p->s->conf->store),
		.again = f->again };
	memcpy(v->digest, f->digest, sizeof(v->digest));
	return 0;
}

static int
compare(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	const int d = memcmp(x->digest, y->digest, sizeof(x->digest));

	return d ? d : x->again - y->again;
}

static void
count(struct erase_proof *proof, const struct seen *v)
{
	if (v->planned && v->fate == ERASURE_KEEP)
		proof->n_kept++;
	else if (v->planned && v->fate == ERASURE_EXCLUDE)
		proof->n_excluded++;
	else {
		proof->n_left++;
		proof->n_stayed += v->planned;
		proof->left[v->store]++;
	}
}

/* What may be a copy counts where it is the first of its digest: then what it would be a copy of is not there. */
static void
count_all(struct proving *p)
{
	if (p->n > 0)
		qsort(p->seen, p->n, sizeof(*p->seen), compare);
	for (size_t i = 0; i < p->n; i++) {
		const struct seen *v = &p->seen[i];

		if (!v->again || i == 0 || memcmp(v[-1].digest, v->digest, sizeof(v->digest)) != 0)
			count(p->proof, v);
	}
}

static void
see_failed(void *ctx, const struct conf_store *s)
{
	const struct proving *p = ctx;

	p->proof->n_failed++;
	p->proof->unsearched[s - p->s->conf->store] = true;
	fprintf(stderr, _("dsar: %s was not searched again\n"), s->name);
}

static json_t *
entry_of(const struct session *s, const struct erase_proof *p)
{
	json_t *stores = json_array();

	for (size_t i = 0; i < s->conf->n_stores; i++)
		if (p->unsearched[i])
			(void)json_array_append_new(stores, json_string(s->conf->store[i].name));
	return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:o}", "what", "searched again",
		"searched", p->searched, "kept", (json_int_t)p->n_kept, "excluded",
		(json_int_t)p->n_excluded, "left", (json_int_t)p->n_left, "failed",
		(json_int_t)p->n_failed, "unsearched", stores);
}

static int
account(struct session *s, const char *number, const struct erase_proof *p, struct err *e)
{
	struct registry *r = s->registry;

	if (registry_begin(r, e) < 0)
		return -1;
	return registry_end(
		r, case_event_recorded(r, number, "proof", entry_of(s, p), now_us(), e), e);
}

int
erase_prove(struct session *s, const struct erasure *x, struct erase_proof *ret, struct err *e)
{
	struct proving p = { .s = s, .x = x, .proof = ret };
	const struct search_seen seen = { &p, see_find, see_failed };
	int rc;

	ret->left = calloc(s->conf->n_stores + 1, sizeof(*ret->left));
	ret->unsearched = calloc(s->conf->n_stores + 1, sizeof(*ret->unsearched));
	if (!ret->left || !ret->unsearched)
		return err_memory(e);
	rc = search_again(s, x->number, search_jobs(), &seen, e);
	count_all(&p);
	free(p.seen);
	if (rc < 0)
		return -1;
	ret->searched = rc == 0;
	return account(s, x->number, ret, e);
}

void
erase_proof_release(struct erase_proof *p)
{
	free(p->left);
	free(p->unsearched);
	p->left = NULL;
	p->unsearched = NULL;
}

static void
show_text(struct session *s, const struct erase_proof *p)
{
	if (p->n_kept + p->n_excluded + p->n_left == 0 && p->n_failed == 0) {
		printf("%s\n", _("Searched again: nothing of the person is left."));
		return;
	}
	printf(_("Searched again: %" PRIu64 " kept, %" PRIu64 " left out by decision, %" PRIu64
		 " left, %" PRIu64 " stores not searched.\n"),
		p->n_kept, p->n_excluded, p->n_left, p->n_failed);
	for (size_t i = 0; i < s->conf->n_stores; i++)
		if (p->left[i] > 0)
			printf(_("  left: %s: %" PRIu64 "\n"), s->conf->store[i].name, p->left[i]);
	if (p->n_stayed > 0)
		printf(_("Of these %" PRIu64
			 " were to go and stay: others point to them, or have them "
			 "locked. Say it again when they do not;\nor declare what comes before them "
			 "(erase_after, with, untie: sparsam.conf(5)), and erase by a case of its own.\n"),
			p->n_stayed);
	if (p->n_left > p->n_stayed)
		printf("%s\n", _("What came after the search is erased by a case of its own: "
				 "`dsar case new --article 17`."));
}

void
erase_proof_show(struct session *s, const char *number, const struct erase_proof *p)
{
	struct print *o = &s->out;

	if (!p->searched)
		return;
	for (size_t i = 0; i < s->conf->n_stores; i++)
		if (p->left[i] > 0) {
			print_begin(o);
			print_str(o, "case", span_str(number));
			print_str(o, "store", span_str(s->conf->store[i].name));
			print_int(o, "left", (int64_t)p->left[i]);
			print_end(o);
		}
	print_begin(o);
	print_str(o, "case", span_str(number));
	print_bool(o, "searched_again", true);
	print_int(o, "kept", (int64_t)p->n_kept);
	print_int(o, "excluded", (int64_t)p->n_excluded);
	print_int(o, "left", (int64_t)p->n_left);
	print_int(o, "failed", (int64_t)p->n_failed);
	print_end(o);
	if (!o->json)
		show_text(s, p);
}
