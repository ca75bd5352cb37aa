/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check.c - one line for Nagios or Icinga: what is wrong, then perfdata; 0 OK, 1 WARNING, 2 CRITICAL,
 * 3 UNKNOWN
 */
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "retention/command.h"
#include "retention/health.h"
#include "retention/journald.h"
#include "retention/numbers.h"
#include "retention/session.h"
#include "retention/standing.h"

#define _(text) gettext(text)

enum level { OK, WARNING, CRITICAL, UNKNOWN };

static const char *const level_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct judgement {
	enum level level;
	FILE *said; /* what of it, joined by "; " */
	char *text;
	size_t len;
};

static void
judge(struct judgement *j, bool is_so, enum level level, const char *text)
{
	if (!is_so)
		return;
	if (level > j->level)
		j->level = level;
	fprintf(j->said, "%s%s", ftell(j->said) > 0 ? "; " : "", text);
}

static void
judge_health(struct judgement *j, const struct health *h)
{
	judge(j, h->never, CRITICAL, _("no run yet"));
	judge(j, h->overdue, CRITICAL, _("the last run is too long ago"));
	judge(j, h->cut_short, CRITICAL, _("the last run did not end"));
	judge(j, h->refused, CRITICAL, _("the last run was refused"));
	judge(j, h->failed, CRITICAL, _("the last run failed"));
	judge(j, h->last_status == 1, WARNING, _("the last run has findings"));
	judge(j, h->n_ending > 0, WARNING, _("a hold is about to end"));
	judge(j, h->restored, WARNING, _("restored from a backup"));
}

static void
judge_stores(struct judgement *j, const struct standing *v, size_t n)
{
	char text[200];

	for (size_t i = 0; i < n; i++) {
		const char *what = v[i].failed  ? _("cannot be read")
				   : v[i].moved ? _("on an unexpected mount")
				   : v[i].late  ? _("late")
						: _("not there");

		if (v[i].light == LIGHT_YELLOW && v[i].n_notes > 0)
			what = _("something cannot be erased");
		else if (v[i].light != LIGHT_RED)
			continue;
		(void)snprintf(text, sizeof(text), "%s: %s", v[i].store->name, what);
		judge(j, true, v[i].light == LIGHT_RED ? CRITICAL : WARNING, text);
	}
}

static void
judge_journald(void *ctx, const char *text)
{
	judge(ctx, true, WARNING, text);
}

static void
print_line(const struct judgement *j, const struct standing *v, size_t n)
{
	printf("RETENTION %s - ", level_names[j->level]);
	if (j->len > 0)
		printf("%s |", j->text);
	else
		printf(ngettext(
			       "%zu store within its period", "%zu stores within their periods", n),
			n);
	if (j->len == 0)
		fputs(" |", stdout);
	for (size_t i = 0; i < n; i++)
		if (!v[i].absent && !v[i].failed && !v[i].store->until_erased)
			printf(" '%s'=%llds;;%lld;0", v[i].store->name,
				(long long)(v[i].empty ? 0 : v[i].age_s),
				(long long)v[i].store->period_s);
	putchar('\n');
}

static void
print_object(struct session *s, const struct judgement *j, size_t n, const struct health *h)
{
	struct print *o = &s->out;

	print_begin(o);
	print_str(o, "check", span_str(level_names[j->level]));
	print_int(o, "stores", (int64_t)n);
	if (h->last_run_us > 0)
		print_time(o, "last_run", h->last_run_us);
	print_int(o, "holds_ending", (int64_t)h->n_ending);
	print_str(o, "text", span_of(j->len > 0 ? j->text : "", j->len));
	print_end(o);
}

int
check_unknown(const struct err *e)
{
	printf("RETENTION UNKNOWN - ");
	fflush(stdout);
	(void)err_print(e, "retention", stdout);
	return UNKNOWN;
}

int
check_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct judgement j = { .level = OK };
	struct standing *v = NULL;
	struct health h;
	size_t n;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention check [--json]\n"
			"Prints one line with perfdata for Nagios or Icinga and exits 0 (OK), 1 (WARNING),\n"
			"2 (CRITICAL) or 3 (UNKNOWN); writes sparsam_retention.prom in metrics_dir.\n\n"
			"Example:  command[retention]=/usr/bin/sudo /usr/bin/retention check\n"),
			stdout);
		return 0;
	}
	if (argc > 1) {
		(void)usage_fail(_("check takes no argument"));
		return UNKNOWN;
	}
	if (health_look(s, &h, e) < 0)
		return -1;
	j.said = open_memstream(&j.text, &j.len);
	if (!j.said)
		return err_memory(e);
	n = standing_all(s, &v);
	judge_health(&j, &h);
	judge_stores(&j, v, n);
	journald_look(s, judge_journald, &j);
	(void)fclose(j.said);
	if (s->out.json)
		print_object(s, &j, n, &h);
	else
		print_line(&j, v, n);
	if (numbers_write(s, v, n, h.last_run_us, e) < 0)
		(void)err_print(e, "retention", stderr);
	free(v);
	free(j.text);
	return (int)j.level;
}
