/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * case_print.c - dsar case list and show
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include "dsar/case/case-private.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"
#include "record/key/day.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

static const char *
light_word(enum case_light l)
{
	return l == LIGHT_GREEN ? N_("green") : l == LIGHT_YELLOW ? N_("yellow") : N_("red");
}

static const char *
state_word(enum case_state s)
{
	static const char *const words[CASE_STATES] = { N_("received"), N_("receipted"),
		N_("searching"), N_("review"), N_("decided"), N_("executing"), N_("answered"),
		N_("closed"), N_("shrunk"), N_("gone") };

	return words[s];
}

static const char *
identity_word(enum case_identity i)
{
	static const char *const words[IDENTITIES] = { N_("identity open"), N_("identity asked"),
		N_("identity verified"), N_("identity failed") };

	return words[i];
}

static void
print_day(struct print *o, const char *key, int32_t day)
{
	char text[DAY_TEXT_MAX];

	(void)day_format(day, text);
	print_str(o, key, span_str(text));
}

static void
case_json(struct session *s, const struct case_file *c)
{
	struct print *o = &s->out;

	print_begin(o);
	print_str(o, "case", span_str(c->number));
	print_str(o, "correspondence", span_str(c->correspondence));
	print_int(o, "article", c->article);
	print_str(o, "state", span_str(case_state_name(c->state)));
	print_str(o, "identity", span_str(case_identity_name(c->identity)));
	print_day(o, "received", c->received_day);
	print_day(o, "due", c->due_day);
	print_day(o, "due_raw", c->raw_day);
	print_day(o, "due_suspended", c->due_suspended_day);
	print_str(o, "light", span_str(case_light_name(case_light(c, day_local(s->now_us)))));
	print_bool(o, "extended", c->extended);
	print_bool(o, "refused", c->refused);
	print_str(o, "lang", span_str(c->lang));
	print_time(o, "opened", c->opened_us);
	if (c->closed_us)
		print_time(o, "closed", c->closed_us);
	if (c->gone_us)
		print_time(o, "gone", c->gone_us);
	print_end(o);
}

static enum print_ink
light_ink(enum case_light l)
{
	return l == LIGHT_GREEN ? INK_GREEN : l == LIGHT_YELLOW ? INK_YELLOW : INK_RED;
}

/* --- list ------------------------------------------------------------------------------------- */

struct listing {
	struct session *s;
	struct print_table *t;
	bool all;
};

static void
cell_day(struct print_table *t, int32_t day)
{
	char text[DAY_TEXT_MAX];

	(void)day_format(day, text);
	print_table_cell(t, false, "%s", text);
}

static int
see_case(void *ctx, const struct case_file *c, struct err *e)
{
	struct listing *l = ctx;
	const enum case_light light = case_light(c, day_local(l->s->now_us));

	(void)e;
	if (!l->all && c->state >= CASE_CLOSED)
		return 0;
	if (l->s->out.json) {
		case_json(l->s, c);
		return 0;
	}
	print_table_cell(l->t, false, "%s", c->number);
	print_table_cell(l->t, false, "%s", _(light_word(light)));
	print_table_ink(l->t, light_ink(light));
	print_table_cell(l->t, true, "%d", (int)c->article);
	print_table_cell(l->t, false, "%s", _(article_name(c->article)));
	print_table_cell(l->t, false, "%s", _(state_word(c->state)));
	print_table_cell(l->t, false, "%s", _(identity_word(c->identity)));
	cell_day(l->t, c->received_day);
	cell_day(l->t, c->due_day);
	cell_day(l->t, c->due_suspended_day);
	print_table_cell(l->t, false, "%s", c->correspondence);
	return 0;
}

int
case_list(struct session *s, bool all, struct err *e)
{
	static const char *const head[] = { N_("case"), N_("light"), N_("Art."), N_("right"),
		N_("state"), N_("identity"), N_("received"), N_("due"), N_("due, suspended"),
		N_("letter of") };
	struct listing l = { .s = s, .all = all };
	int rc;

	if (!s->out.json) {
		l.t = print_table_new(sizeof(head) / sizeof(head[0]));
		for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
			print_table_cell(l.t, i == 2, "%s", _(head[i]));
	}
	rc = cases_each(s->registry, see_case, &l, e);
	print_table_free(l.t, rc == 0 ? &s->out : NULL);
	return rc;
}

/* --- show ------------------------------------------------------------------------------------- */

static int
see_event(void *ctx, const char *kind, int64_t time_us, const json_t *data, struct err *e)
{
	struct session *s = ctx;
	cleanup_mem char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
	char time[28];

	if (!text)
		return err_memory(e);
	if (s->out.json) {
		print_begin(&s->out);
		print_str(&s->out, "event", span_str(kind));
		print_time(&s->out, "time", time_us);
		print_str(&s->out, "data", span_str(text));
		print_end(&s->out);
		return 0;
	}
	timestamp_format(time_us, time);
	printf("  %.19sZ  %-10s ", time, kind);
	print_safe(&s->out, span_str(text));
	putchar('\n');
	return 0;
}

static void
line_day(const char *label, int32_t day, const char *note)
{
	char text[DAY_TEXT_MAX];

	(void)day_format(day, text);
	printf("%-16s%s%s\n", label, text, note);
}

int
case_show(struct session *s, const char *number, struct err *e)
{
	struct case_file c;
	enum case_light light;

	if (case_get(s->registry, number, &c, e) < 0)
		return -1;
	if (s->out.json) {
		case_json(s, &c);
		return case_events(s->registry, number, see_event, s, e);
	}
	light = case_light(&c, day_local(s->now_us));
	printf(_("case %s, of the letter of %s\n"), c.number, c.correspondence);
	printf("%-16s%d, %s\n", _("article"), (int)c.article, _(article_name(c.article)));
	printf("%-16s%s%s\n", _("state"), _(state_word(c.state)), c.refused ? _(", refused") : "");
	printf("%-16s%s\n", _("identity"), _(identity_word(c.identity)));
	printf("%-16s%s\n", _("language"), c.lang);
	line_day(_("received"), c.received_day, "");
	printf("%-16s%s%s%s\n", _("light"), print_ink(&s->out, light_ink(light)),
		_(light_word(light)), print_ink(&s->out, INK_PLAIN));
	line_day(_("due"), c.due_day, c.extended ? _(", extended") : "");
	line_day(_("due, suspended"), c.due_suspended_day,
		_(" (without the days on which the person was asked)"));
	if (c.gone_us)
		line_day(_("goes on"), day_local(c.gone_us), "");
	puts(_("account"));
	return case_events(s->registry, number, see_event, s, e);
}
