/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "dsar/act/approval.h"
#include "dsar/order/order.h"

#define MARKS_MAX 64u  /* brackets and commas of a paper, outside its strings */
#define STEP      4096 /* its length says little of how much is known about a person */

int
order_pack(
	struct span text, const struct order_signature *v, size_t n, struct buf *out, struct err *e)
{
	json_t *signatures = json_array(), *root;
	cleanup_mem char *made = NULL;

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(
			signatures, json_pack("{s:s%, s:s%}", "signature", v[i].signature.p,
					    v[i].signature.len, "key", v[i].key.p, v[i].key.len));
	root = json_pack(
		"{s:i, s:s%, s:o}", "v", 1, "order", text.p, text.len, "signatures", signatures);
	made = root && json_array_size(signatures) == n
		       ? json_dumps(root, JSON_SORT_KEYS | JSON_COMPACT)
		       : NULL;
	json_decref(root);
	if (!made)
		return err_memory(e);
	buf_str(out, made);
	explicit_bzero(made, strlen(made));
	do
		buf_char(out, ' ');
	while (!out->failed && out->len % STEP != 0);
	return out->failed ? err_memory(e) : 0;
}

static bool
take_signatures(const json_t *v, struct order_paper *p)
{
	size_t i;
	json_t *j;

	if (!json_is_array(v) || json_array_size(v) > ORDER_SIGNATURES_MAX)
		return false;
	json_array_foreach(v, i, j)
	{
		struct order_signature *s = &p->signature[i];

		if (json_unpack(j, "{s:s%, s:s% !}", "signature", &s->signature.p,
			    &s->signature.len, "key", &s->key.p, &s->key.len) != 0 ||
			s->signature.len > SIGNED_MAX || s->key.len > SIGNED_MAX)
			return false;
	}
	p->n = json_array_size(v);
	return true;
}

/* A paper is one object, of one list, of few objects; whatever else may come is not put together in memory, where a few
 * bytes of brackets are a hundred times as many. */
static bool
is_flat(struct span s)
{
	bool in = false;
	unsigned n = 0;

	for (size_t i = 0; i < s.len && n <= MARKS_MAX; i++)
		if (s.p[i] == '"')
			in = !in;
		else if (in)
			i += s.p[i] == '\\';
		else
			n += s.p[i] == '[' || s.p[i] == '{' || s.p[i] == ',';
	return n <= MARKS_MAX;
}

int
order_unpack(struct span packed, struct order_paper *ret, struct err *e)
{
	struct order_paper p = { 0 };
	json_t *signatures;
	int v;

	(void)e;
	if (is_flat(packed))
		p.root = json_loadb(packed.p, packed.len, JSON_REJECT_DUPLICATES, NULL);
	if (!p.root ||
		json_unpack(p.root, "{s:i, s:s%, s:o !}", "v", &v, "order", &p.text.p, &p.text.len,
			"signatures", &signatures) != 0 ||
		v != 1 || !take_signatures(signatures, &p)) {
		json_decref(p.root);
		return 1;
	}
	*ret = p;
	return 0;
}

void
order_paper_release(struct order_paper *p)
{
	json_decref(p->root);
	*p = (struct order_paper){ 0 };
}

/* --- who has signed --------------------------------------------------------------------------- */

unsigned
order_signers_needed(enum order_kind kind, const struct conf *c)
{
	return order_has_plan(kind) && c->second_person ? 2 : 1;
}

int
order_check(const struct order_paper *p, const struct conf *c, unsigned *ret_n,
	enum order_fault *ret_fault, char ret_first[FINGERPRINT_LEN + 1], struct err *e)
{
	cleanup_mem bool *who = calloc(c->approvers.n + 1, sizeof(*who));
	char fingerprint[FINGERPRINT_LEN + 1];
	unsigned n = 0;

	if (!who)
		return err_memory(e);
	for (size_t i = 0; i < p->n; i++) {
		size_t at = SIZE_MAX;
		const int rc = approver_signed(c, p->text, p->signature[i].signature,
			p->signature[i].key, &at, fingerprint, e);

		if (rc < 0)
			return -1;
		if (rc > 0) {
			*ret_fault = ORDER_SIGNATURE;
			return 0;
		}
		n += !who[at]; /* who signs twice is one */
		who[at] = true;
		if (i == 0)
			memcpy(ret_first, fingerprint, sizeof(fingerprint));
	}
	*ret_n = n;
	*ret_fault = n == 0 ? ORDER_SIGNATURE : ORDER_FINE;
	return 0;
}
