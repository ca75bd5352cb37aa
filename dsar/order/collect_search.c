/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "dsar/order/collect.h"
#include "dsar/search/find.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "record/record.h"

static int
fail_line(const struct collecting *g, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("a line of the result is not as they are written"),
		N_("see that both machines have the same version"), "%s", g->node);
}

int
collecting_begin(struct collecting *g, struct err *e)
{
	erasure_init(&g->finds, g->c.number);
	erasure_init(&g->x, g->c.number);
	if (rectification_wishes(g->s->registry, g->c.number, g->node, true, &g->wishes, e) < 0)
		return -1;
	return subject_read(g->s->registry, g->c.number, &g->subject, e);
}

void
collecting_release(struct collecting *g)
{
	subject_release(&g->subject);
	erasure_release(&g->finds);
	erasure_release(&g->x);
	rectification_release(&g->wishes);
	free(g->id);
}

/* --- identifiers ------------------------------------------------------------------------------ */

/* What the order has named has the same id on both sides. 0: it is none of this case's. */
static int
id_here(const struct collecting *g, int64_t there, int64_t *ret, struct err *e)
{
	int rc;

	*ret = there;
	for (size_t i = 0; i < g->n_ids; i++)
		if (g->id[i].there == there)
			*ret = g->id[i].here;
	rc = subject_has(g->s->registry, g->c.number, *ret, e);
	return rc > 0 ? fail_line(g, e) : rc;
}

static int
id_keep(struct collecting *g, int64_t there, int64_t here, struct err *e)
{
	if (g->n_ids == g->max_ids) {
		const size_t max = g->max_ids ? 2 * g->max_ids : 16;
		void *v = reallocarray(g->id, max, sizeof(*g->id));

		if (!v)
			return err_memory(e);
		g->id = v;
		g->max_ids = max;
	}
	g->id[g->n_ids].there = there;
	g->id[g->n_ids++].here = here;
	return 0;
}

/* A node tells what its records say, and not who the person is: what the case does not know yet waits for the officer's
 * word, whatever the node holds it for; of what it knows neither whose it is nor when it was hers changes. */
static int
put_identifier(struct collecting *g, struct identifier *i, int64_t there, struct err *e)
{
	struct registry *r = g->s->registry;
	int64_t here;
	bool is_new;
	int rc;

	if (id_here(g, i->parent, &i->parent, e) < 0)
		return -1;
	rc = subject_find(r, g->c.number, i, &here, e);
	if (rc > 0) {
		if (subject_add(r, g->c.number, &g->subject, i, &is_new, e) < 0)
			return -1;
		g->n_waiting++;
		rc = subject_find(r, g->c.number, i, &here, e);
	}
	return rc == 0 ? id_keep(g, there, here, e) : -1;
}

static int
take_identifier(struct collecting *g, const json_t *j, struct err *e)
{
	json_int_t id, from, to, parent;
	const char *type, *kind, *value, *store, *link;
	struct identifier i;
	size_t len;
	int own;

	if (json_unpack((json_t *)j, "{s:s, s:I, s:s, s:s%, s:I, s:I, s:I, s:s, s:s, s:b !}",
		    "type", &type, "id", &id, "kind", &kind, "value", &value, &len, "from", &from,
		    "to", &to, "parent", &parent, "store", &store, "link", &link, "own", &own) != 0)
		return fail_line(g, e);
	i = (struct identifier){ .kind = kind,
		.value = span_of(value, len),
		.from_us = from,
		.to_us = to,
		.parent = parent,
		.store = store,
		.link = link };
	return put_identifier(g, &i, id, e);
}

/* --- finds ------------------------------------------------------------------------------------ */

struct bytes {
	char *p;
	size_t len;
};

static void
bytes_end(struct bytes *b)
{
	if (b->p)
		explicit_bzero(b->p, b->len);
	free(b->p);
}

static bool
bytes_of(const char *text, struct bytes *ret)
{
	const size_t n = strlen(text), max = n / 4 * 3 + 4;

	ret->p = malloc(max);
	return ret->p && sodium_base642bin((unsigned char *)ret->p, max - 1, text, n, NULL,
				 &ret->len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

static bool
digest_of(const char *text, uint8_t ret[RECORD_DIGEST_LEN])
{
	size_t n;

	return sodium_hex2bin(ret, RECORD_DIGEST_LEN, text, strlen(text), NULL, &n, NULL) == 0 &&
	       n == RECORD_DIGEST_LEN;
}

/* An export writes a find's text as often as it has records, which is for the node to say: what a machine may make of few
 * bytes in one case, by however many answers, has an end, far above what a log has in lines that are alike. */
#define REPEATED_N_MAX 1000000
#define REPEATED_MAX   (UINT64_C(1) << 30)

static int
fail_repeated(const struct collecting *g, const char *store, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0,
		N_("a machine tells of more records that are alike than are believed"),
		N_("look at the store on that machine"), "%s%s%s", g->node, *store ? ": " : "",
		store);
}

static int
take_end(struct collecting *g, struct err *e)
{
	uint64_t n, bytes;

	if (finds_repeated(g->s->registry, g->c.number, g->node, &n, &bytes, e) < 0)
		return -1;
	if (n > REPEATED_N_MAX || bytes > REPEATED_MAX)
		return fail_repeated(g, "", e);
	g->ended = true;
	return 0;
}

static int
take_find(struct collecting *g, const json_t *j, struct err *e)
{
	CLEANUP(bytes_end) struct bytes place = { 0 }, text = { 0 };
	const char *type, *store, *place64, *text64 = NULL, *digest;
	json_int_t offset, size, identifier, records = 1, time = RECORD_NO_TIME;
	struct find f;
	int own;

	if (json_unpack((json_t *)j, "{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:b, s?I, s?I, s?s !}",
		    "type", &type, "store", &store, "place", &place64, "offset", &offset, "size",
		    &size, "digest", &digest, "identifier", &identifier, "own", &own, "records",
		    &records, "time", &time, "text", &text64) != 0 ||
		records < 1 || offset < 0 || size < 0 || !bytes_of(place64, &place) ||
		memchr(place.p, '\0', place.len) || (text64 && !bytes_of(text64, &text)))
		return fail_line(g, e);
	if (records > REPEATED_N_MAX + 1) /* before it is counted among others */
		return fail_repeated(g, store, e);
	place.p[place.len] = '\0';
	f = (struct find){ .node = g->node,
		.store = store,
		.place = place.p,
		.offset = (uint64_t)offset,
		.time_us = time,
		.text = text64 ? span_of(text.p, text.len) : SPAN_NONE,
		.size = (uint64_t)size,
		.n = (uint64_t)records,
		.own = own, /* as far as what it was found by is hers here (find.c) */
		.ground = "" };
	if (!digest_of(digest, f.digest))
		return fail_line(g, e);
	if (id_here(g, identifier, &f.identifier, e) < 0)
		return -1;
	if (!conf_find_store(g->s->conf, store)) /* no answer would have it */
		return err_fail(e, EX_CONFIG, 0, N_("a store of that machine is not declared here"),
			N_("declare it as it is there, then collect again"), "%s: %s", g->node,
			store);
	g->n_found++;
	return find_add(g->s->registry, g->c.number, &f, NULL, e);
}

static int
take_answer(struct collecting *g, const json_t *j, struct err *e)
{
	json_int_t found, read, begun, ended;
	const char *type, *store, *word, *note;
	struct answer_of_store a;

	if (json_unpack((json_t *)j, "{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I !}", "type", &type,
		    "store", &store, "answer", &word, "found", &found, "read", &read, "note", &note,
		    "begun", &begun, "ended", &ended) != 0 ||
		found < 0 || read < 0)
		return fail_line(g, e);
	a = (struct answer_of_store){ .node = g->node,
		.store = store,
		.answer = ANSWER_FAILED,
		.n_found = (uint64_t)found,
		.n_read = (uint64_t)read,
		.note = note,
		.begun_us = begun,
		.ended_us = ended };
	for (int k = 0; k < STORE_ANSWERS; k++)
		if (strcmp(store_answer_name((enum store_answer)k), word) == 0)
			a.answer = (enum store_answer)k;
	g->n_failed += a.answer == ANSWER_FAILED;
	return answer_put(g->s->registry, g->c.number, &a, e);
}

int
collect_search(void *ctx, const json_t *line, struct err *e)
{
	struct collecting *g = ctx;
	const char *type = json_string_value(json_object_get(line, "type"));

	if (!type || g->ended)
		return fail_line(g, e);
	if (strcmp(type, "identifier") == 0)
		return take_identifier(g, line, e);
	if (strcmp(type, "find") == 0)
		return take_find(g, line, e);
	if (strcmp(type, "answer") == 0)
		return take_answer(g, line, e);
	return strcmp(type, "end") == 0 ? take_end(g, e) : fail_line(g, e);
}
