/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * check_config.c - reads the whole configuration, compiles every format and rule, and says what
 * there is
 */
#include <inttypes.h>
#include <libintl.h>

#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "logscrub/rule/setup.h"

#define _(text) gettext(text)

static void
help(void)
{
	printf(_(
		"Usage: logscrub check-config [OPTION]...\n"
		"Reads the whole configuration, compiles every format and rule, and lists the stores.\n"
		"Bad configuration is named with file and line (exit status 78).\n\n"
		"      --json          JSON Lines: one object a store\n"
		"  -c, --config FILE   configuration (default: /etc/sparsam/sparsam.conf)\n"
		"      --help\n\n"
		"Example:  logscrub check-config -c ./sparsam.conf && systemctl reload logscrub\n"));
}

static void
json_store(struct print *p, const struct conf_store *s)
{
	print_begin(p);
	print_str(p, "store", span_str(s->name));
	print_str(p, "format", span_str(s->format ? s->format : ""));
	print_str(p, "category", span_str(s->category));
	if (s->until_erased)
		print_bool(p, "until_erased", true);
	else
		print_int(p, "period_s", s->period_s);
	print_int(p, "rules", (int64_t)s->n_rules);
	print_str(p, "file", span_str(s->where.file));
	print_int(p, "line", s->where.line);
	print_end(p);
}

static void
table_row(struct print_table *t, const struct conf_store *s)
{
	print_table_cell(t, false, "%s", s->name);
	print_table_cell(t, false, "%s", s->format ? s->format : "-");
	print_table_cell(t, false, "%s", s->category);
	if (s->until_erased)
		print_table_cell(t, true, "%s", _("until erased"));
	else
		print_table_cell(t, true, "%" PRId64 " d", s->period_s / 86400);
	print_table_cell(t, true, "%zu", s->n_rules);
	print_table_cell(t, false, "%s:%u", s->where.file, s->where.line);
}

static struct print_table *
table_new(const struct print *p)
{
	struct print_table *t = p->json ? NULL : print_table_new(6);

	if (!t)
		return NULL;
	print_table_cell(t, false, "%s", _("store"));
	print_table_cell(t, false, "%s", _("format"));
	print_table_cell(t, false, "%s", _("category"));
	print_table_cell(t, true, "%s", _("period"));
	print_table_cell(t, true, "%s", _("rules"));
	print_table_cell(t, false, "%s", _("declared"));
	return t;
}

/* All formats are compiled, those that no store uses as well; no key is opened for it. */
static int
check(const struct conf *c, struct print *p, struct err *e)
{
	CLEANUP(formats_freep) struct formats *formats = NULL;
	struct print_table *t;

	if (formats_new(c, &formats, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_formats; i++) {
		struct format *f;

		if (formats_get(formats, c->format[i].name, &f, e) < 0)
			return -1;
	}
	t = table_new(p);
	for (size_t i = 0; i < c->n_stores; i++) {
		CLEANUP(rule_freep) struct rule *r = NULL;

		if (c->store[i].has_scrub && rule_new(&c->store[i], formats, NULL, &r, e) < 0) {
			if (t)
				print_table_free(t, p);
			return -1;
		}
		if (t)
			table_row(t, &c->store[i]);
		json_store(p, &c->store[i]);
	}
	if (t)
		print_table_free(t, p);
	return 0;
}

int
check_config_main(int argc, char **argv)
{
	CLEANUP(conf_freep) struct conf *c = NULL;
	const char *file = NULL;
	struct print p;
	struct err e;
	bool json = false;
	const struct option_to table[] = {
		{ "config", 'c', &file, NULL },
		{ "json", 0, NULL, &json },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	print_init(&p, stdout, json);
	if (conf_read(file, &c, &e) < 0 || check(c, &p, &e) < 0)
		return err_print(&e, "logscrub", stderr);
	return 0;
}
