/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An entry's hash is over its data and the hash before it: what is given of the case hashes by itself, and the head, which
 * is signed, binds the whole ledger, so that an authority that asks to see it finds these entries in it unchanged.
 */
#include <inttypes.h>
#include <string.h>

#include <sodium.h>

#include "dsar/answer/bundle-private.h"
#include "dsar/register/registry.h"
#include "evidence/ledger.h"
#include "record/timestamp.h"

struct proving {
	const struct case_file *c;
	struct buf *out;
	json_t *seqs; /* of the case's entries, as texts */
	size_t n;
};

static bool
is_of_case(struct proving *p, const json_t *d)
{
	const char *number = json_string_value(json_object_get(d, "case"));

	return number && strcmp(number, p->c->number) == 0;
}

/* "done" of a change of ours confirms entries by their numbers. */
static bool
confirms(const struct proving *p, const struct ledger_entry *en, const json_t *d)
{
	const json_t *one;
	char seq[24];
	size_t i;

	if (strcmp(en->kind, "done") != 0)
		return false;
	json_array_foreach(json_object_get(d, "entries"), i, one)
	{
		(void)snprintf(seq, sizeof(seq), "%" JSON_INTEGER_FORMAT, json_integer_value(one));
		if (json_object_get(p->seqs, seq))
			return true;
	}
	return false;
}

static json_t *
line_of(const struct proving *p, const struct ledger_entry *en)
{
	char time[28], prev[2 * LEDGER_HASH_LEN + 1], hash[2 * LEDGER_HASH_LEN + 1];
	const bool other = bundle_names_other(span_str(en->data), p->c);

	timestamp_format(en->time_us, time);
	(void)sodium_bin2hex(prev, sizeof(prev), en->prev, LEDGER_HASH_LEN);
	(void)sodium_bin2hex(hash, sizeof(hash), en->hash, LEDGER_HASH_LEN);
	return other ? json_pack("{s:I, s:s, s:s, s:b, s:s, s:s}", "seq", (json_int_t)en->seq,
			       "time", time, "kind", en->kind, "withheld", 1, "prev", prev, "hash",
			       hash)
		     : json_pack("{s:I, s:s, s:s, s:s, s:s, s:s}", "seq", (json_int_t)en->seq,
			       "time", time, "kind", en->kind, "data", en->data, "prev", prev,
			       "hash", hash);
}

static int
put_line(struct proving *p, const struct ledger_entry *en, struct err *e)
{
	json_t *line = line_of(p, en);
	cleanup_mem char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;

	json_decref(line);
	if (!text)
		return err_memory(e);
	buf_str(p->out, text);
	buf_char(p->out, '\n');
	p->n++;
	return p->out->failed ? err_memory(e) : 0;
}

static int
see_entry(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct proving *p = ctx;
	json_t *d = json_loads(en->data, 0, NULL);
	const bool own = is_of_case(p, d), given = own || confirms(p, en, d);
	char seq[24];

	json_decref(d);
	(void)snprintf(seq, sizeof(seq), "%" PRIu64, en->seq);
	if (own && json_object_set_new(p->seqs, seq, json_true()) < 0)
		return err_memory(e);
	return given ? put_line(p, en, e) : 0;
}

int
bundle_proof(struct registry *r, const struct case_file *c, struct buf *out, struct buf *head,
	size_t *ret_n, struct err *e)
{
	struct proving p = { .c = c, .out = out, .seqs = json_object() };
	const struct ledger_entry *newest;
	char hash[2 * LEDGER_HASH_LEN + 1];
	int rc = p.seqs ? ledger_read(registry_ledger(r), 1, see_entry, &p, e) : err_memory(e);

	json_decref(p.seqs);
	if (rc < 0 || ledger_head(registry_ledger(r), &newest, e) != 0)
		return -1; /* the case's own entries are in it */
	(void)sodium_bin2hex(hash, sizeof(hash), newest->hash, LEDGER_HASH_LEN);
	buf_printf(head, "sparsam-head-1 %" PRIu64 " %s\n", newest->seq, hash);
	*ret_n = p.n;
	return head->failed ? err_memory(e) : 0;
}
