/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * filter.c - logscrub without a subcommand: files or standard input to standard output
 *
 * A damaged file costs its unreadable rest and the exit status 65, never another record. Lines that
 * no rule lets through are counted, and said on stderr at the end.
 */
#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <signal.h>

#include "base/now.h"
#include "base/print/print.h"
#include "base/file/replace.h"
#include "base/file/walk.h"
#include "base/file/whole.h"
#include "logscrub/command.h"
#include "logscrub/sink/confirm.h"
#include "logscrub/rule/lines.h"
#include "logscrub/rule/setup.h"

#define _(text) gettext(text)

#define OUT_FLUSH (32u << 10)

struct filter {
	struct setup setup;
	struct rule *rule;
	const struct conf_store *store;
	struct lines lines;
	struct buf out;
	struct confirm *confirm; /* -o */
	struct output *packed;   /* --in-place */
	struct replace_folder clean;
	uint64_t n_read, n_written, n_dropped[DROP_REASONS];
	bool hungry; /* --confirm: answer each message */

	const char *conf_file, *store_name, *format_name, *out_name;
	bool in_place;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub [OPTION]... [FILE]...\n"
		"       logscrub COMMAND [OPTION]...\n"
		"Writes only what a store's rule allows of FILEs (or standard input).\n\n"
		"  -s, --store NAME    the store whose rule applies (default: by the FILE's path)\n"
		"  -f, --format NAME   the rule of the store that has this format\n"
		"  -o, --output FILE   append to FILE; reopened on SIGUSR1\n"
		"      --confirm       answer OK for each message written (rsyslog omprog); needs -o\n"
		"      --in-place      rewrite each closed FILE, keeping owner, mode, ACL and times\n"
		"  -c, --config FILE   configuration (default: /etc/sparsam/sparsam.conf)\n"
		"      --lang CODE     de or en (default: the locale)\n"
		"      --help, --version\n\n"
		"Commands: run (the service), explain, check-config, detect, token, keys,\n"
		"          doctor, stats, suggest; each has its own --help\n\n"
		"Example:  logscrub --store nginx-access < access.log > clean.log\n"));
}

static int
usage(const char *what)
{
	fprintf(stderr, "logscrub: %s; %s\n", what, _("see `logscrub --help`"));
	return EX_USAGE;
}

/* --- output ----------------------------------------------------------------------------------- */

static int
flush(struct filter *f, struct err *e)
{
	int rc;

	if (f->confirm)
		return confirm_flush(f->confirm, e);
	if (f->out.len == 0)
		return 0;
	if (f->packed)
		rc = output_write(f->packed, f->out.p, f->out.len, e);
	else
		rc = whole_write(STDOUT_FILENO, span_of(f->out.p, f->out.len)) == 0
			     ? 0
			     : err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL,
				       "standard output");
	buf_clear(&f->out);
	return rc;
}

/* --- one entry -------------------------------------------------------------------------------- */

static int
scrub(struct filter *f, struct span line, int64_t arrival_us, struct err *e)
{
	int why;

	f->n_read++;
	if (f->confirm) {
		why = confirm_take(f->confirm, f->rule, line, arrival_us, e);
		if (why == CONFIRM_REPEATED)
			return 0;
	} else {
		why = rule_apply(f->rule, line, arrival_us, &f->out, NULL, e);
	}
	if (why < 0)
		return -1;
	if (why != DROP_NONE) {
		f->n_dropped[why]++;
		return 0;
	}
	f->n_written++;
	if (f->confirm)
		return 0;
	buf_char(&f->out, '\n');
	return f->out.len >= OUT_FLUSH ? flush(f, e) : 0;
}

/* Runs IN through the rule. 0; 1: damaged, the readable part is written and E says what; -1:
 * failed. */
static int
run_input(struct filter *f, struct input *in, struct err *e)
{
	struct err damage;
	int end;

	lines_restart(&f->lines);
	do {
		struct span line;
		int64_t arrival_us;

		end = lines_fill(&f->lines, in, &damage);
		arrival_us = now_us();
		while (lines_take(&f->lines, &line)) {
			if (scrub(f, line, arrival_us, e) < 0)
				return -1;
			if (f->hungry && confirm_answer(f->confirm, e) < 0)
				return -1;
		}
		if (flush(f, e) < 0)
			return -1;
	} while (end == 0);
	if (end > 0)
		return 0;
	*e = damage;
	return damage.exit == EX_DATAERR ? 1 : -1;
}

/* --- files ------------------------------------------------------------------------------------ */

static int
use_store(struct filter *f, const struct conf_store *s, struct err *e)
{
	if (f->store == s)
		return 0;
	f->rule = rule_free(f->rule);
	f->store = NULL;
	lines_release(&f->lines);
	if (rule_new(s, f->setup.formats, f->setup.pseudonym, &f->rule, e) < 0 ||
		/* a message is a line: waiting for the next one would be waiting for ever */
		lines_init(&f->lines, f->hungry ? NULL : f->rule, e) < 0)
		return -1;
	f->store = s;
	return 0;
}

/* The store for FILE: the one named, or the one that claims its path. */
static int
choose_store(struct filter *f, const char *file, struct err *e)
{
	const struct conf_store *s;

	if (f->store_name) {
		s = conf_find_store(f->setup.conf, f->store_name);
		if (!s)
			return err_fail(e, EX_USAGE, 0, N_("no such store"),
				N_("see `logscrub check-config` for the names"), "%s",
				f->store_name);
	} else if (f->format_name) {
		if (setup_store_by_format(&f->setup, f->format_name, &s, e) < 0)
			return -1;
	} else {
		s = file ? setup_store_by_path(&f->setup, file) : NULL;
		if (!s)
			return err_fail(e, EX_USAGE, 0, N_("no store claims this input"),
				N_("name one with --store"), "%s", file ? file : "standard input");
	}
	return use_store(f, s, e);
}

static int
run_file(struct filter *f, const char *file, struct err *e)
{
	CLEANUP(input_freep) struct input *in = NULL;

	return input_open_file(file, &in, e) < 0 ? -1 : run_input(f, in, e);
}

static int
run_in_place(struct filter *f, const char *file, struct err *e)
{
	CLEANUP(replace_freep) struct replace *r = NULL;
	CLEANUP(input_freep) struct input *in = NULL;
	CLEANUP(output_freep) struct output *out = NULL;
	const char *name;
	cleanup_fd int dir = walk_open_parent(file, &name, e);
	int rc, fd;

	if (dir < 0 || replace_begin(dir, name, &f->clean, &r, e) < 0)
		return -1;
	fd = fcntl(replace_old_fd(r), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_fail(e, EX_OSERR, errno, N_("cannot open"), NULL, "%s", file);
	if (input_open(fd, file, &in, e) < 0 ||
		output_open(replace_new_fd(r), input_filter(in), &out, e) < 0)
		return -1;
	f->packed = out;
	rc = run_input(f, in, e);
	f->packed = NULL;
	buf_clear(&f->out);
	/* a damaged file is left as it was: replacing it would destroy what cannot be read */
	if (rc != 0)
		return rc;
	if (output_finish(out, e) < 0 || replace_commit(r, e) < 0)
		return err_within(e, "%s", file);
	return 0;
}

/* --- the whole run ---------------------------------------------------------------------------- */

static void
say_counts(const struct filter *f)
{
	uint64_t dropped = f->lines.n_too_long + f->lines.n_orphan;

	for (unsigned i = 1; i < DROP_REASONS; i++)
		dropped += f->n_dropped[i];
	if (dropped == 0)
		return;
	fprintf(stderr, _("logscrub: %llu lines written, %llu dropped:"),
		(unsigned long long)f->n_written, (unsigned long long)dropped);
	for (unsigned i = 1; i < DROP_REASONS; i++) {
		uint64_t n = f->n_dropped[i];

		if (i == DROP_TOO_LONG)
			n += f->lines.n_too_long;
		if (i == DROP_ORPHAN)
			n += f->lines.n_orphan;
		if (n > 0)
			fprintf(stderr, " %s %llu", drop_reason_name(i), (unsigned long long)n);
	}
	fputc('\n', stderr);
}

/* One file of several; what is wrong with it is said here, and the worst status kept. */
static int
run_one(struct filter *f, const char *file, int *status, struct err *e)
{
	int rc;

	if (choose_store(f, file, e) < 0)
		return -1;
	rc = f->in_place ? run_in_place(f, file, e) : run_file(f, file, e);
	if (rc > 0 || (rc < 0 && e->exit == EX_NOINPUT)) {
		*status = err_print(e, "logscrub", stderr);
		return 0;
	}
	return rc;
}

static int
run_all(struct filter *f, char **file, int n, int *status, struct err *e)
{
	if (f->out_name) {
		if (choose_store(f, n > 0 ? file[0] : NULL, e) < 0 ||
			confirm_open(f->setup.conf, f->store, f->out_name, f->setup.keyring,
				f->hungry, &f->confirm, e) < 0)
			return -1;
		if (f->hungry && confirm_answer(f->confirm, e) < 0)
			return -1;
	}
	if (n == 0)
		return run_one(f, NULL, status, e);
	for (int i = 0; i < n; i++)
		if (run_one(f, file[i], status, e) < 0)
			return -1;
	return 0;
}

enum { OPT_CONFIRM = 256, OPT_IN_PLACE, OPT_LANG, OPT_HELP };

static const struct option options[] = {
	{ "store", required_argument, NULL, 's' },
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "config", required_argument, NULL, 'c' },
	{ "confirm", no_argument, NULL, OPT_CONFIRM },
	{ "in-place", no_argument, NULL, OPT_IN_PLACE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static int
parse(struct filter *f, int argc, char **argv)
{
	for (int o; (o = getopt_long(argc, argv, "s:f:o:c:h", options, NULL)) != -1;) {
		switch (o) {
		case 's':
			f->store_name = optarg;
			break;
		case 'f':
			f->format_name = optarg;
			break;
		case 'o':
			f->out_name = optarg;
			break;
		case 'c':
			f->conf_file = optarg;
			break;
		case OPT_CONFIRM:
			f->hungry = true;
			break;
		case OPT_IN_PLACE:
			f->in_place = true;
			break;
		case 'h':
		case OPT_HELP:
			help();
			return 1;
		default:
			return usage(_("unknown option, or its value is missing"));
		}
	}
	if (f->hungry && !f->out_name)
		return usage(_("--confirm needs -o"));
	if (f->store_name && f->format_name)
		return usage(_("--store and --format exclude each other"));
	if (f->in_place && (f->out_name || optind == argc))
		return usage(_("--in-place needs files and no -o"));
	return 0;
}

int
filter_main(int argc, char **argv)
{
	struct filter f = { 0 };
	struct err e;
	int status = 0, rc = parse(&f, argc, argv);

	if (rc != 0)
		return rc == 1 ? 0 : rc;
	buf_init(&f.out, 8 * LINE_MAX_BYTES);
	rc = setup_open(&f.setup, f.conf_file, &e);
	if (rc == 0)
		rc = run_all(&f, argv + optind, argc - optind, &status, &e);
	if (rc < 0)
		status = err_print(&e, "logscrub", stderr);
	say_counts(&f);
	confirm_free(f.confirm);
	lines_release(&f.lines);
	rule_free(f.rule);
	setup_release(&f.setup);
	buf_wipe(&f.out);
	return status;
}
