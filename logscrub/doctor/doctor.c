/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor.c - lists where raw personal data reaches a disk or outlives its period, and how to mend it
 */
#include <getopt.h>
#include <inttypes.h>
#include <libintl.h>
#include <time.h>

#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "logscrub/doctor/doctor_checks.h"
#include "logscrub/doctor/doctor_findings.h"

#define _(text) gettext(text)

struct doctor_options {
	const char *config, *root;
	bool json;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub doctor [OPTION]...\n"
		"Looks at this machine's configuration and logs, and lists, worst first, where raw "
		"personal\ndata reaches a disk or outlives its period, and what mends it. Changes "
		"nothing.\n\n"
		"      --root DIR      look at the system below DIR, without running its programs\n"
		"      --json          JSON Lines: one object a finding\n"
		"  -c, --config FILE   configuration (default: /etc/sparsam/sparsam.conf, that of DIR)\n"
		"      --help\n\n"
		"A finding that is known and borne is accepted in the configuration, until a day:\n"
		"  accept \"ID\" { reason = \"...\" until = \"2026-12-31\" }\n\n"
		"Exit status: 0 nothing found, 1 something found.\n\n"
		"Example:  sudo logscrub doctor | less\n"));
}

/* Reads the command line. 0: go on; 1: done with it; -1: wrong, and said so. */
static int
options_read(int argc, char **argv, struct doctor_options *ret)
{
	const struct option_to table[] = {
		{ "root", 0, &ret->root, NULL },
		{ "config", 'c', &ret->config, NULL },
		{ "json", 0, NULL, &ret->json },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	if (optind == argc)
		return 0;
	fputs(_("logscrub: doctor takes no argument; see logscrub doctor --help\n"), stderr);
	return -1;
}

static int
inspect(const struct doctor_options *o, struct doctor *d, struct err *e)
{
	struct print p;
	size_t left;

	doctor_checks_run(d);
	if (d->failed)
		return err_memory(e);
	left = doctor_findings_judge(d);
	print_init(&p, stdout, o->json);
	doctor_findings_print(d, &p);
	if (fflush(stdout) != 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, NULL);
	doctor_findings_talk(d);
	fprintf(stderr, "logscrub: ");
	fprintf(stderr, ngettext("%zu finding\n", "%zu findings\n", left), left);
	return left > 0;
}

/* A tree is judged by its own configuration, unless one is named. */
static int
conf_of(const struct doctor_options *o, const struct tree *t, struct conf **ret, struct err *e)
{
	if (o->root && !o->config)
		return conf_read_inside(t->fd, ret, e);
	return conf_read(o->config, ret, e);
}

static int
doctor_run(const struct doctor_options *o, struct err *e)
{
	CLEANUP(conf_freep) struct conf *c = NULL;
	struct doctor d = { .now_s = time(NULL) };
	int r;

	if (tree_open(o->root ? o->root : "/", &d.tree, e) < 0)
		return -1;
	r = conf_of(o, &d.tree, &c, e);
	if (r == 0) {
		d.conf = c;
		r = inspect(o, &d, e);
	}
	doctor_checks_release(&d);
	doctor_findings_release(&d);
	tree_release(&d.tree);
	return r;
}

int
doctor_main(int argc, char **argv)
{
	struct doctor_options o = { 0 };
	struct err e;
	int r = options_read(argc, argv, &o);

	if (r != 0)
		return r < 0 ? EX_USAGE : 0;
	r = doctor_run(&o, &e);
	return r < 0 ? err_print(&e, "logscrub", stderr) : r;
}
