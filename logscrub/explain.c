/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * explain.c - each line before and after, field by field, with the rule that decided
 *
 * For the operator at a terminal: this is the one command that shows raw values, and it writes
 * nothing.
 */
#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <time.h>

#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "logscrub/rule/lines.h"
#include "logscrub/rule/setup.h"

#define _(text) gettext(text)

struct explain {
	struct setup setup;
	struct rule *rule;
	struct lines lines;
	struct rule_trace trace;
	struct buf out;
	struct print print;
	uint64_t n;
	const char *conf_file, *store_name;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub explain --store NAME [OPTION]... [FILE]...\n"
		"Shows each line of FILEs (or standard input) before and after, field by field, with the\n"
		"rule that decided. It shows raw values: use it where you may read them.\n\n"
		"  -s, --store NAME    the store whose rule applies\n"
		"      --json          JSON Lines: one object a line, then one a field\n"
		"  -c, --config FILE   configuration (default: /etc/sparsam/sparsam.conf)\n"
		"      --help\n\n"
		"Example:  tail -n 3 access.log | logscrub explain --store nginx-access\n"));
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void
json_line(struct explain *x, struct span line, int why)
{
	struct print *p = &x->print;

	print_begin(p);
	print_int(p, "line", (int64_t)x->n);
	print_str(p, "result", span_str(why == DROP_NONE ? "written" : drop_reason_name(why)));
	print_str(p, "before", line);
	if (why == DROP_NONE)
		print_str(p, "after", span_of(x->out.p, x->out.len));
	print_end(p);
}

static void
json_fields(struct explain *x)
{
	struct print *p = &x->print;

	for (unsigned i = 0; i < x->trace.n; i++) {
		const struct rule_field *f = &x->trace.field[i];

		print_begin(p);
		print_int(p, "line", (int64_t)x->n);
		print_str(p, "field", span_str(f->name));
		print_str(p, "rule", span_str(f->action));
		print_str(p, "before", f->before);
		print_str(p, "after", span_of(x->out.p + f->at, f->len));
		print_end(p);
	}
}

/* --- text ------------------------------------------------------------------------------------- */

static enum print_ink
ink_of(const struct rule_field *f, struct span after)
{
	if (strcmp(f->action, "drop") == 0)
		return INK_RED;
	return span_eq(f->before, after) ? INK_GREEN : INK_YELLOW;
}

static void
text_row(struct explain *x, const char *mark, enum print_ink ink, struct span s)
{
	struct print *p = &x->print;

	fprintf(p->f, "%s%s ", print_ink(p, ink), mark);
	print_safe(p, s);
	fprintf(p->f, "%s\n", print_ink(p, INK_PLAIN));
}

static void
text_fields(struct explain *x, int width)
{
	struct print *p = &x->print;

	for (unsigned i = 0; i < x->trace.n; i++) {
		const struct rule_field *f = &x->trace.field[i];
		struct span after = span_of(x->out.p + f->at, f->len);

		fprintf(p->f, "    %-*s  %s%-16s%s ", width, f->name,
			print_ink(p, ink_of(f, after)), f->action, print_ink(p, INK_PLAIN));
		print_safe(p, f->before);
		if (!span_eq(f->before, after)) {
			fprintf(p->f, "%s -> %s", print_ink(p, INK_DIM), print_ink(p, INK_PLAIN));
			print_safe(p, after);
		}
		fputc('\n', p->f);
	}
}

static void
text_line(struct explain *x, struct span line, int why)
{
	int width = 0;

	for (unsigned i = 0; i < x->trace.n; i++) {
		int n = (int)strlen(x->trace.field[i].name);

		width = n > width ? n : width;
	}
	text_row(x, "-", INK_RED, line);
	if (why != DROP_NONE) {
		fprintf(x->print.f, "    %s: %s\n\n", _("dropped"), drop_reason_name(why));
		return;
	}
	text_row(x, "+", INK_GREEN, span_of(x->out.p, x->out.len));
	text_fields(x, width);
	fputc('\n', x->print.f);
}

/* ---------------------------------------------------------------------------------------------- */

static int
one_line(struct explain *x, struct span line, struct err *e)
{
	int64_t now_us = (int64_t)time(NULL) * 1000000;
	int why;

	x->n++;
	buf_clear(&x->out);
	x->trace.n = 0;
	why = rule_apply(x->rule, line, now_us, &x->out, &x->trace, e);
	if (why < 0)
		return -1;
	if (!x->print.json) {
		text_line(x, line, why);
		return 0;
	}
	json_line(x, line, why);
	if (why == DROP_NONE)
		json_fields(x);
	return 0;
}

static int
one_file(struct explain *x, const char *file, struct err *e)
{
	CLEANUP(input_freep) struct input *in = NULL;
	int end;

	if (input_open_file(file, &in, e) < 0)
		return -1;
	lines_restart(&x->lines);
	do {
		struct err again;
		struct span line;

		end = lines_fill(&x->lines, in, e);
		while (lines_take(&x->lines, &line))
			if (one_line(x, line, end < 0 ? &again : e) < 0)
				return -1;
	} while (end == 0);
	return end < 0 ? -1 : 0;
}

static int
run(struct explain *x, char **file, int n, struct err *e)
{
	if (setup_open(&x->setup, x->conf_file, e) < 0 ||
		setup_rule(&x->setup, x->store_name, &x->rule, e) < 0 ||
		lines_init(&x->lines, x->rule, e) < 0)
		return -1;
	if (n == 0)
		return one_file(x, NULL, e);
	for (int i = 0; i < n; i++)
		if (one_file(x, file[i], e) < 0)
			return -1;
	return 0;
}

int
explain_main(int argc, char **argv)
{
	struct explain x = { 0 };
	struct err e;
	bool json = false;
	int status = 0;
	const struct option_to table[] = {
		{ "store", 's', &x.store_name, NULL },
		{ "config", 'c', &x.conf_file, NULL },
		{ "json", 0, NULL, &json },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	if (!x.store_name) {
		fprintf(stderr, "logscrub: %s\n",
			_("explain needs --store NAME; see `logscrub explain --help`"));
		return EX_USAGE;
	}
	print_init(&x.print, stdout, json);
	buf_init(&x.out, 8 * LINE_MAX_BYTES);
	if (run(&x, argv + optind, argc - optind, &e) < 0)
		status = err_print(&e, "logscrub", stderr);
	lines_release(&x.lines);
	rule_free(x.rule);
	setup_release(&x.setup);
	buf_wipe(&x.out);
	return status;
}
