/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rectification (GDPR Art. 16): fields of finds are set to other values where their store lets that be done, and the
 * values are attached to the records as statements where not.
 */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "base/options.h"
#include "dsar/act/approval.h"
#include "dsar/case/case.h"
#include "dsar/command.h"
#include "dsar/given.h"
#include "dsar/search/held.h"
#include "dsar/act/rectify-private.h"
#include "dsar/act/rectify.h"
#include "dsar/register/registry.h"
#include "dsar/review/review.h"
#include "evidence/ledger.h"

#define _(text) gettext(text)

#define NEEDS_PERSON (CASE_NEEDS_OPEN | CASE_NEEDS_VERIFIED)
#define NEEDS_ALL    (NEEDS_PERSON | CASE_NEEDS_SEARCHED | CASE_NEEDS_LOOKED)

struct rectifying {
	struct session *s;
	const char *number, *confirm;
	bool ordered; /* approved by an order (order.h), which the agent has checked */
	struct case_file c;
	struct rectification x;

	int64_t find; /* a wish */
	const char *field;
	bool drop;
	struct buf value;
};

/* --- wishes ----------------------------------------------------------------------------------- */

static int
see_find(void *ctx, const struct find *f, struct err *e)
{
	struct rectifying *g = ctx;

	if (f->decision == FIND_EXCLUDE)
		return err_fail(e, EX_NOPERM, 0, N_("this find is not about the person"),
			N_("see `dsar review`"), "%lld", (long long)f->id);
	return rectification_wish(
		g->s->registry, g->number, f, g->field, span_of(g->value.p, g->value.len), e);
}

static int
wish_act(void *ctx, struct case_file *c, struct err *e)
{
	struct rectifying *g = ctx;
	struct registry *r = g->s->registry;

	if (case_guard(r, c, NEEDS_PERSON, g->s->now_us, e) < 0 ||
		registry_record(r, c->number, "case",
			json_pack("{s:s, s:I}", "what",
				g->drop ? "rectification dropped" : "rectification noted", "find",
				(json_int_t)g->find),
			g->s->now_us, e) < 0)
		return -1;
	if (g->drop)
		return rectification_drop(r, c->number, g->find, g->field, e);
	return review_find(r, c->number, g->find, see_find, g, e);
}

static int
wish(struct rectifying *g, const char *from, struct err *e)
{
	int rc = 0;

	if (!g->drop && strcmp(from, "-") == 0 && isatty(STDIN_FILENO))
		fputs(_("What is to stand there (end with Ctrl-D): "), stderr);
	if (!g->drop)
		rc = given_text(from, &g->value, e);
	if (rc == 0)
		rc = case_within(g->s->registry, g->number, wish_act, g, e);
	buf_wipe(&g->value);
	return rc;
}

/* --- showing ---------------------------------------------------------------------------------- */

static const char *const words[RECTIFY_FATES] = { N_("set"), N_("statement"), N_("done"),
	N_("attached") };

static void
show_json(struct session *s, const struct rectification *x)
{
	struct print *o = &s->out;

	for (size_t i = 0; i < x->n; i++) {
		const struct rectify_item *it = &x->item[i];

		print_begin(o);
		print_str(o, "case", span_str(x->number));
		print_str(o, "store", span_str(it->store));
		print_int(o, "find", it->find);
		print_str(o, "field", span_str(it->field));
		print_str(o, "fate", span_str(rectify_fate_name(it->fate)));
		if (*it->ground)
			print_str(o, "ground", span_str(it->ground));
		print_end(o);
	}
	print_begin(o);
	print_str(o, "case", span_str(x->number));
	print_str(o, "plan", span_str(x->hash));
	print_str(o, "state", span_str(erasure_state_name(x->state)));
	for (int f = 0; f < RECTIFY_FATES; f++)
		print_int(o, rectify_fate_name((enum rectify_fate)f),
			(int64_t)rectification_count(x, (enum rectify_fate)f));
	print_end(o);
}

static void
show_table(struct session *s, const struct rectification *x)
{
	static const char *const heads[] = { N_("STORE"), N_("FIND"), N_("FIELD"), N_("WHAT"),
		N_("GROUND") };
	struct print_table *t = print_table_new(5);

	for (size_t c = 0; c < 5; c++)
		print_table_cell(t, c == 1, "%s", _(heads[c]));
	for (size_t i = 0; i < x->n; i++) {
		const struct rectify_item *it = &x->item[i];

		print_table_cell(t, false, "%s", it->store);
		print_table_cell(t, true, "%lld", (long long)it->find);
		print_table_cell(t, false, "%s", it->field);
		print_table_cell(t, false, "%s", _(words[it->fate]));
		/* a hold's or a law's own words have no translation */
		print_table_cell(t, false, "%s", *it->ground ? _(it->ground) : "");
	}
	print_table_free(t, &s->out);
}

static bool
has_missing(const struct rectification *x)
{
	for (size_t i = 0; i < x->n; i++)
		if (strcmp(x->item[i].ground, RECTIFY_MISSING) == 0)
			return true;
	return false;
}

static void
show(struct session *s, const struct rectification *x)
{
	if (s->out.json) {
		show_json(s, x);
		return;
	}
	show_table(s, x);
	if (rectification_count(x, RECTIFY_STATE) + rectification_count(x, RECTIFY_STATED) > 0)
		puts(_("Not changed where it lies: what has a ground. It is attached to the record as a\n"
		       "statement, which later searches show and answers give."));
	if (has_missing(x))
		printf(_(
			"What is missing is not there any more, or not as it was looked at: search "
			"again.\n"));
	puts(_("Not changed: copies in backups. What they bring back is set right again by `dsar reapply`."));
	printf("%s %s\n", _("plan"), x->hash);
}

/* --- a plan ----------------------------------------------------------------------------------- */

static int
plan_make(struct rectifying *g, struct rectification *ret, struct buf *text, struct err *e)
{
	int rc = rectification_read(g->s->registry, g->number, ret, e);

	buf_init(text, 0);
	if (rc == 1 || (rc == 0 && ret->n == 0))
		rc = err_fail(e, EX_USAGE, 0, N_("nothing is to be rectified in this case yet"),
			N_("say of which find: `dsar rectify CASE --find ID --field NAME`"), "%s",
			g->number);
	if (rc < 0)
		return -1;
	if (ret->state != ERASURE_PLANNED)
		return 0;
	if (rectify_plan(g->s, ret, e) < 0)
		return -1;
	return rectification_text(ret, text, e);
}

static json_t *
plan_entry(const struct rectification *x)
{
	json_t *d = json_pack("{s:s}", "plan", x->hash);

	for (int f = 0; f < RECTIFY_FATES; f++)
		(void)json_object_set_new(d, rectify_fate_name((enum rectify_fate)f),
			json_integer((json_int_t)rectification_count(x, (enum rectify_fate)f)));
	return d;
}

/* Records KIND and keeps X, in one change. BEGINS: the case goes on to where the act is. */
static int
account(struct rectifying *g, const char *kind, bool begins, struct err *e)
{
	struct registry *r = g->s->registry;
	int rc = registry_begin(r, e);

	if (rc < 0)
		return -1;
	if (begins || g->x.state == ERASURE_PLANNED)
		rc = case_guard(r, &g->c, NEEDS_ALL, g->s->now_us, e);
	if (rc == 0 && begins)
		rc = case_reach(r, &g->c, CASE_EXECUTING, g->s->now_us, e);
	if (rc == 0)
		rc = registry_record(r, g->number, kind, plan_entry(&g->x), now_us(), e);
	if (rc == 0)
		rc = rectification_update(r, &g->x, e);
	return registry_end(r, rc, e);
}

static int
plan(struct rectifying *g, struct err *e)
{
	struct buf text;
	int rc;

	if (case_guard(g->s->registry, &g->c, NEEDS_ALL, g->s->now_us, e) < 0)
		return -1;
	rc = plan_make(g, &g->x, &text, e);
	buf_release(&text);
	if (rc == 0 && g->x.state == ERASURE_PLANNED) {
		g->x.made_us = g->s->now_us;
		g->x.ended_us = 0;
		rc = account(g, "plan", false, e);
	}
	return rc;
}

/* --- the act ---------------------------------------------------------------------------------- */

static int
refuse(struct rectifying *g, const char *why, const char *what, const char *todo, struct err *e)
{
	return case_forbid(g->s->registry, g->number, why, g->s->now_us, what, todo, e);
}

static int
approved(struct rectifying *g, struct buf *text, struct err *e)
{
	const struct approved plan = { g->number, g->confirm };

	if (g->ordered)
		return 0;
	return approvals_guard(
		g->s->registry, g->s->conf, &plan, span_of(text->p, text->len), g->s->now_us, e);
}

/* What holds keep for this case as it was is kept as it becomes, too, and before it does: a restriction, or an answer
 * that is not out yet. */
static int
hold_both(struct rectifying *g, struct err *e)
{
	struct held h;
	int rc = held_init(&h, g->s->conf, e);

	for (size_t i = 0; rc == 0 && i < g->x.n; i++)
		if (g->x.item[i].fate == RECTIFY_SET)
			held_add(&h, g->x.item[i].store, g->x.item[i].becomes);
	if (rc == 0)
		rc = held_also(g->s, &h, g->number, e);
	held_release(&h);
	return rc;
}

static int
begin(struct rectifying *g, struct buf *text, struct err *e)
{
	if (strcmp(g->x.hash, g->confirm) != 0)
		return refuse(g, "plan",
			N_("what is stored is not what the plan was made of; nothing was changed"),
			N_("search again, then show the plan with `dsar rectify CASE --dry-run`"),
			e);
	if (approved(g, text, e) < 0 || hold_both(g, e) < 0)
		return -1;
	g->x.state = ERASURE_BEGUN;
	g->x.begun_us = g->s->now_us;
	return account(g, "begin", true, e);
}

static int
finish(struct rectifying *g, uint64_t n_failed, struct err *e)
{
	const bool done = n_failed == 0 && rectification_count(&g->x, RECTIFY_SET) == 0 &&
			  rectification_count(&g->x, RECTIFY_STATE) == 0;

	if (done) {
		g->x.state = ERASURE_DONE;
		g->x.ended_us = now_us();
	}
	if (account(g, done ? "end" : "unfinished", false, e) < 0)
		return -1;
	return ledger_sign(g->s->ledger, g->s->sign, e) < 0 ? -1 : 0;
}

/* The plan that was shown last, and not another one of the same wishes. */
static int
is_shown(struct rectifying *g, struct err *e)
{
	struct rectification shown;
	int rc = rectification_read(g->s->registry, g->number, &shown, e);

	if (rc >= 0 && (rc > 0 || strcmp(g->confirm, shown.hash) != 0))
		rc = refuse(g, "hash", N_("this is not the plan of the case"),
			N_("show it with `dsar rectify CASE --dry-run`"), e);
	rectification_release(&shown);
	return rc;
}

static int
confirm(struct rectifying *g, struct err *e)
{
	struct buf text;
	uint64_t n_failed = 0;
	int rc;

	if (is_shown(g, e) < 0)
		return -1;
	rc = plan_make(g, &g->x, &text, e);
	if (rc == 0 && g->x.state == ERASURE_PLANNED)
		rc = begin(g, &text, e);
	buf_release(&text);
	if (rc < 0)
		return -1;
	if (g->x.state == ERASURE_BEGUN &&
		(rectify_act(g->s, &g->x, &n_failed, e) < 0 || finish(g, n_failed, e) < 0))
		return -1;
	return n_failed > 0 ? EX_UNAVAILABLE : 0;
}

/* --- for an order ----------------------------------------------------------------------------- */

static int
ordered(struct session *s, const char *number, const char *hash, struct rectification *ret,
	struct err *e)
{
	struct rectifying g = { .s = s, .number = number, .confirm = hash, .ordered = true };
	int rc = case_get(s->registry, number, &g.c, e);

	if (rc == 0)
		rc = hash ? confirm(&g, e) : plan(&g, e);
	if (rc < 0)
		rectification_release(&g.x);
	else
		*ret = g.x;
	return rc;
}

int
rectify_plan_case(struct session *s, const char *number, struct rectification *ret, struct err *e)
{
	return ordered(s, number, NULL, ret, e);
}

int
rectify_case(struct session *s, const char *number, const char *hash, struct rectification *ret,
	struct err *e)
{
	return ordered(s, number, hash, ret, e);
}

/* --- the command ------------------------------------------------------------------------------ */

static void
help(void)
{
	fputs(_("Usage: dsar rectify CASE --find ID --field NAME|--statement [--from FILE|-] [--drop]\n"
		"       dsar rectify CASE [--dry-run]\n"
		"       dsar rectify CASE --confirm HASH\n"
		"Corrects what was found about the person, by an approved plan.\n\n"
		"  --find ID       of which find, by its number in `dsar review`\n"
		"  --field NAME    which field gets the value on standard input, or in --from FILE\n"
		"  --statement     a statement about the whole record, to complete it\n"
		"  --drop          take that back\n"
		"  --dry-run       show the plan and its hash, change nothing (also without it)\n"
		"  --confirm HASH  carry out the plan of that hash, or go on with it\n\n"
		"What cannot be changed where it lies is attached to the record as a statement.\n\n"
		"Example:  dsar rectify 2026-0001 --find 3 --field name <name.txt\n"),
		stdout);
}

static int
dispatch(struct rectifying *g, const char *find, const char *from, struct err *e)
{
	char *end = NULL;
	int rc;

	if (case_get(g->s->registry, g->number, &g->c, e) < 0)
		return -1;
	if (!find) {
		rc = g->confirm ? confirm(g, e) : plan(g, e);
		if (rc >= 0)
			show(g->s, &g->x);
		return rc;
	}
	g->find = strtoll(find, &end, 10);
	if (end == find || *end)
		return usage_fail(_("--find is the number of a find"));
	return wish(g, from, e);
}

int
rectify_main(struct session *s, int argc, char **argv, struct err *e)
{
	bool dry = false, whole = false;
	const char *find = NULL, *from = "-";
	struct rectifying g = { .s = s };
	const struct option_to table[] = {
		{ "find", 0, &find, NULL },
		{ "field", 0, &g.field, NULL },
		{ "from", 0, &from, NULL },
		{ "confirm", 0, &g.confirm, NULL },
		{ "statement", 0, NULL, &whole },
		{ "drop", 0, NULL, &g.drop },
		{ "dry-run", 'n', NULL, &dry },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	if (argc - optind != 1 || (dry && g.confirm))
		return usage_fail(_("rectify takes a case"));
	if ((find != NULL) != (whole != (g.field != NULL)) || (find && (dry || g.confirm)) ||
		(!find && g.drop) || (whole && g.field))
		return usage_fail(_("say which --find, and one --field or --statement"));
	if (g.field && (!*g.field || strpbrk(g.field, " \t\r\n*")))
		return usage_fail(_("--field is a name without blanks"));
	if (whole)
		g.field = RECTIFY_WHOLE;
	g.number = argv[optind];
	rc = dispatch(&g, find, from, e);
	rectification_release(&g.x);
	return rc;
}
