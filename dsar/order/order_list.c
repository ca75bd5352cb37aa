/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/order_list.h"

#include <libintl.h>
#include <stdio.h>

#include "dsar/act/rectification.h"
#include "dsar/order/ordered.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

struct showing {
	struct session *s;
	const char *number;
};

/* --- what becomes of a machine's finds -------------------------------------------------------- */

static int
show_item(void *ctx, const struct ordered_item *i, struct err *e)
{
	struct showing *g = ctx;
	struct print *p = &g->s->out;

	(void)e;
	print_begin(p);
	print_str(p, "case", span_str(g->number));
	print_str(p, "node", span_str(i->node));
	print_int(p, "find", i->item->find);
	print_str(p, "store", span_str(i->item->store));
	print_str(p, "fate", span_str(erasure_fate_name(i->item->fate)));
	print_str(p, "ground", span_str(i->item->ground));
	print_bool(p, "erased", i->erased);
	print_end(p);
	if (!p->json)
		fprintf(p->f, "%s %s %lld %s\n", erasure_fate_name(i->item->fate), i->item->store,
			(long long)i->item->find, i->item->ground);
	return 0;
}

static void
show_wish(struct showing *g, const char *node, const struct rectify_item *i)
{
	struct print *p = &g->s->out;

	print_begin(p);
	print_str(p, "case", span_str(g->number));
	print_str(p, "node", span_str(node));
	print_int(p, "find", i->find);
	print_str(p, "store", span_str(i->store));
	print_str(p, "field", span_str(i->field));
	print_str(p, "fate", span_str(rectify_fate_name(i->fate)));
	print_str(p, "ground", span_str(i->ground));
	print_end(p);
	if (!p->json)
		fprintf(p->f, "%s %s %lld %s %s\n", rectify_fate_name(i->fate), i->store,
			(long long)i->find, i->field, i->ground);
}

int
order_show_items(struct session *s, const char *number, const char *node, struct err *e)
{
	struct showing g = { s, number };
	struct rectification x;
	int rc;

	if (ordered_items(s->registry, number, node, show_item, &g, e) < 0)
		return -1;
	rc = rectification_wishes(s->registry, number, node, false, &x, e);
	for (size_t i = 0; rc == 0 && i < x.n; i++)
		show_wish(&g, node, &x.item[i]);
	rectification_release(&x);
	return rc;
}

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
	struct session *s;
	struct print_table *t;
	bool waits, late;
};

static int
list_one(void *ctx, const struct ordered *o, struct err *e)
{
	struct listing *l = ctx;
	struct print *p = &l->s->out;
	const bool late = o->state <= ORDERED_SENT && o->not_after_us <= l->s->now_us;
	char until[32];

	(void)e;
	l->waits |= o->state <= ORDERED_SENT;
	l->late |= late;
	print_begin(p);
	print_str(p, "case", span_str(o->number));
	print_str(p, "order", span_str(o->id));
	print_str(p, "kind", span_str(order_kind_name(o->kind)));
	print_str(p, "node", span_str(o->node));
	print_str(p, "state", span_str(ordered_state_name(o->state)));
	print_bool(p, "late", late);
	print_time(p, "made", o->made_us);
	print_time(p, "not_after", o->not_after_us);
	print_str(p, "plan", span_str(o->plan));
	if (o->state == ORDERED_DENIED)
		print_str(p, "fault", span_str(order_fault_name(o->fault)));
	print_end(p);
	if (!l->t)
		return 0;
	timestamp_format(o->not_after_us, until);
	print_table_cell(l->t, false, "%s", o->id);
	print_table_cell(l->t, false, "%s", order_kind_name(o->kind));
	print_table_cell(l->t, false, "%s", o->node);
	print_table_cell(l->t, false, "%s", ordered_state_name(o->state));
	print_table_cell(l->t, false, "%.16s", until);
	print_table_cell(l->t, false, "%s",
		late                         ? _("no answer in time")
		: o->state == ORDERED_DENIED ? _(order_fault_text(o->fault))
					     : "");
	return 0;
}

int
order_list(struct session *s, const char *number, struct err *e)
{
	struct listing l = { .s = s };
	int rc;

	if (!s->out.json) {
		l.t = print_table_new(6);
		if (!l.t)
			return err_memory(e);
		print_table_cell(l.t, false, "%s", _("order"));
		print_table_cell(l.t, false, "%s", _("kind"));
		print_table_cell(l.t, false, "%s", _("node"));
		print_table_cell(l.t, false, "%s", _("state"));
		print_table_cell(l.t, false, "%s", _("until"));
		print_table_cell(l.t, false, "%s", _("note"));
	}
	rc = ordered_each(s->registry, number, NULL, list_one, &l, e);
	if (l.t)
		print_table_free(l.t, &s->out);
	return rc < 0 ? -1 : l.late;
}
