/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * stats.c - how many there were, and not who: ask the API, and show what was counted
 */
#include <getopt.h>
#include <libintl.h>
#include <string.h>
#include <time.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "logscrub/stats/stats_poll.h"
#include "logscrub/stats/stats_report.h"
#include "record/key/day.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

#define SINCE  "7d"
#define HOURLY (2 * 86400) /* up to so long a time is shown by the hour */

struct stats_options {
	const char *config, *since, *until, *by;
	struct report_options report;
	bool poll, json, html;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub stats [OPTION]...\n"
		"Shows how many meetings and people there were, as the service and the poller have "
		"counted them:\nnumbers alone, rounded by the rule in the configuration.\n\n"
		"      --since TIME        a date, a time, or how long ago (default: 7d)\n"
		"      --until TIME        before this (default: now)\n"
		"      --by hour|day       default: hours up to two days\n"
		"      --node NAME         of this node alone\n"
		"      --way api|log       counted in this way (default: api, where there is any)\n"
		"      --json              JSON Lines: one object a row\n"
		"      --html              one file for a browser, with plots\n"
		"      --poll              ask BigBlueButton's API once and count its answer\n"
		"  -c, --config FILE       configuration (default: /etc/sparsam/sparsam.conf)\n"
		"      --help\n\n"
		"Example:  logscrub stats --since 30d --html >statistics.html\n"));
}

/* --- times ------------------------------------------------------------------------------------ */

static int64_t
local_midnight(int32_t day)
{
	time_t t = (time_t)day * 86400;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

static bool
time_parse(const char *text, int64_t now, int64_t *ret)
{
	int64_t ago = conf_period_s(text), us;
	struct timestamp t;
	int32_t day;

	if (ago > 0) {
		*ret = now - ago;
		return true;
	}
	if (day_parse(span_str(text), &day)) {
		*ret = local_midnight(day);
		return true;
	}
	timestamp_init(&t, NULL);
	if (!timestamp_parse(&t, span_str(text), &us))
		return false;
	*ret = us / 1000000;
	return true;
}

static int
fail_option(const char *name, struct err *e)
{
	return err_fail(
		e, EX_USAGE, 0, N_("no such value"), N_("see `logscrub stats --help`"), "%s", name);
}

static int
options_finish(struct stats_options *o, struct err *e)
{
	int64_t now = (int64_t)time(NULL);

	o->report.until = now;
	if (!time_parse(o->since ? o->since : SINCE, now, &o->report.from))
		return fail_option("--since", e);
	if (o->until && !time_parse(o->until, now, &o->report.until))
		return fail_option("--until", e);
	if (o->by && strcmp(o->by, "hour") != 0 && strcmp(o->by, "day") != 0)
		return fail_option("--by", e);
	o->report.by_hour = o->by ? strcmp(o->by, "hour") == 0
				  : o->report.until - o->report.from <= HOURLY;
	return 0;
}

/* ---------------------------------------------------------------------------------------------- */

static int
show(const struct conf *c, const struct stats_options *o, struct err *e)
{
	CLEANUP(report_freep) struct report *r = NULL;
	struct print p;

	if (report_new(c, &o->report, &r, e) < 0)
		return -1;
	print_init(&p, stdout, o->json);
	if (o->html)
		report_print_html(r, stdout);
	else
		report_print(r, &p);
	return 0;
}

static int
stats_run(struct stats_options *o, struct err *e)
{
	CLEANUP(conf_freep) struct conf *c = NULL;
	struct print p;
	int rc;

	if (options_finish(o, e) < 0 || conf_read(o->config, &c, e) < 0)
		return -1;
	print_init(&p, stdout, o->json);
	rc = o->poll ? stats_poll(c, &p, e) : show(c, o, e);
	if (rc == 0 && fflush(stdout) != 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, NULL);
	return rc;
}

static int
way_of(const char *text)
{
	for (int w = 0; w < WAYS; w++)
		if (strcmp(text, stats_way_name((enum stats_way)w)) == 0)
			return w;
	return WAYS;
}

/* 0: go on; 1: done with it; -1: wrong, and said so. */
static int
options_read(int argc, char **argv, struct stats_options *ret)
{
	const char *way = NULL;
	const struct option_to table[] = {
		{ "since", 0, &ret->since, NULL },
		{ "until", 0, &ret->until, NULL },
		{ "by", 0, &ret->by, NULL },
		{ "node", 0, &ret->report.node, NULL },
		{ "way", 0, &way, NULL },
		{ "poll", 0, NULL, &ret->poll },
		{ "json", 0, NULL, &ret->json },
		{ "html", 0, NULL, &ret->html },
		{ "config", 'c', &ret->config, NULL },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	ret->report.way = way ? way_of(way) : -1;
	if (optind == argc && ret->report.way < WAYS && !(ret->html && (ret->json || ret->poll)))
		return 0;
	fputs(_("logscrub: these options do not go together; see logscrub stats --help\n"), stderr);
	return -1;
}

int
stats_main(int argc, char **argv)
{
	struct stats_options o = { 0 };
	struct err e = { 0 };
	int rc = options_read(argc, argv, &o);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	return stats_run(&o, &e) < 0 ? err_print(&e, "logscrub", stderr) : 0;
}
