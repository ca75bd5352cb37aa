/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>

#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/report.h"
#include "retention/session.h"
#include "retention/when.h"

#define _(text) gettext(text)

#define DAYS 30 /* that are told of where --since is not given */

struct asked {
	int64_t from_us;
	char form; /* 't', 'H', 'p' */
};

static void
help(void)
{
	fputs(_("Usage: retention report [--since TIME] [--text | --html | --pdf | --json]\n"
		"Tells from the ledger what was due, dropped and kept, by store and day, how old the\n"
		"oldest record was, what failed, on which days no run was, and how the configuration\n"
		"changed. Exit status 1: there are findings.\n\n"
		"  --since TIME   2026-11-24, an RFC 3339 time, or -30d (the default)\n"
		"  --html         one file for a browser, without scripts\n"
		"  --pdf          for paper\n\n"
		"Example:  retention report --since -90d --html --lang de >report.html\n"),
		stdout);
}

static int
options_read(struct asked *a, const struct session *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "since", required_argument, NULL, 's' },
		{ "text", no_argument, NULL, 't' },
		{ "html", no_argument, NULL, 'H' },
		{ "pdf", no_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (o == 'h') {
			help();
			return 1;
		}
		if (o == '?' || (o == 's' && !when_parse(optarg, s->now_us, &a->from_us)))
			return -1;
		if (o != 's')
			a->form = (char)o;
	}
	return optind == argc && a->from_us < s->now_us ? 0 : -1;
}

int
report_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { s->now_us - DAYS * DAY_US, 't' };
	struct report r;
	int rc = options_read(&a, s, argc, argv);

	if (rc != 0)
		return rc > 0 ? 0 : usage_fail(_("unknown option, or its value is missing"));
	rc = report_read(s, a.from_us, &r, e);
	if (rc == 0 && s->out.json)
		report_print_json(s, &r);
	else if (rc == 0 && a.form == 'H')
		report_print_html(s, &r);
	else if (rc == 0 && a.form == 'p')
		rc = report_print_pdf(s, &r, e);
	else if (rc == 0)
		report_print_text(s, &r);
	if (rc == 0)
		rc = r.n_findings > 0;
	report_release(&r);
	return rc;
}
