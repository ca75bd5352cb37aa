/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal.c - the journal by hand: what lies in it, and dropping entries that journald cannot drop
 *
 * Works without a configuration and without a ledger. Where they are there, holds win, and it is on record.
 */
#include <errno.h>
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "retention/command.h"
#include "retention/journal.h"
#include "retention/session.h"
#include "retention/when.h"
#include "store/place.h"

#define _(text) gettext(text)

static void
help(void)
{
	fputs(_("Usage: retention journal stat [WHERE] [--since TIME] [--until TIME] [--json]\n"
		"       retention journal drop [MATCH]... [--from FILE | --tokens FILE] [WHERE]\n"
		"                              [--since TIME] [--until TIME] [--dry-run] [--json]\n"
		"stat: entries, bytes and the oldest entry of each unit. drop: takes out of the\n"
		"journal's files the entries that match, and leaves all others as they are.\n\n"
		"  MATCH            FIELD=VALUE as for journalctl, !FIELD=VALUE, and + for \"or\"\n"
		"  --from FILE      matches, one a line (\"-\": standard input): what may name a\n"
		"                   person does not belong on the command line\n"
		"  --tokens FILE    entries of which a field has one of these lines in it\n"
		"  --since, --until TIME   2026-11-24, an RFC 3339 time, or -7d\n"
		"  --dry-run        show what would go, change nothing\n"
		"  --break-seal     also from sealed files, whose seal that breaks\n"
		"  WHERE            --directory DIR, --file FILE, --namespace NAME; else the\n"
		"                   machine's journals with those of all namespaces\n\n"
		"Example:  retention journal drop _SYSTEMD_UNIT=nginx.service --until -7d --dry-run\n"),
		stdout);
}

/* --- which files ------------------------------------------------------------------------------ */

static int
own_path(struct journal_asked *a, const char *folder, const char *tail, struct err *e)
{
	char *path;

	if (a->n_paths == JOURNAL_PATHS)
		return err_fail(e, EX_USAGE, 0, N_("too many files"), NULL, NULL);
	if (asprintf(&path, "%s%s", folder, tail) < 0)
		return err_memory(e);
	a->path[a->n_paths++] = path;
	return 0;
}

static int
add_file(struct journal_asked *a, const char *path, struct err *e)
{
	cleanup_mem char *whole = realpath(path, NULL);

	return whole ? own_path(a, whole, "", e)
		     : err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", path);
}

/* As journalctl --directory: the files in it, and in its machines' and namespaces' folders. */
static int
add_folder(struct journal_asked *a, const char *path, struct err *e)
{
	cleanup_mem char *whole = realpath(path, NULL);

	if (!whole)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot open"), NULL, "%s", path);
	return own_path(a, whole, "/*.journal", e) < 0 ||
			       own_path(a, whole, "/*.journal~", e) < 0 ||
			       own_path(a, whole, "/*/*.journal", e) < 0 ||
			       own_path(a, whole, "/*/*.journal~", e) < 0
		       ? -1
		       : 0;
}

static int
add_namespace(struct journal_asked *a, const char *name, struct err *e)
{
	static const char *const homes[] = { "/var/log/journal/*.", "/run/log/journal/*." };
	cleanup_mem char *folder = NULL;

	if (strpbrk(name, "/*?[\\") || !*name)
		return err_fail(e, EX_USAGE, 0, N_("not the name of a namespace"), NULL, NULL);
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		free(folder);
		if (asprintf(&folder, "%s%s", homes[i], name) < 0)
			folder = NULL;
		if (!folder)
			return err_memory(e);
		if (own_path(a, folder, "/*.journal", e) < 0 ||
			own_path(a, folder, "/*.journal~", e) < 0)
			return -1;
	}
	return 0;
}

/* A store over these files, as the configuration declares the journal. */
static void
conf_of(const struct session *s, struct journal_asked *a)
{
	const struct conf *c = s->conf;

	a->conf = (struct conf_store){ .name = "journal", .type = "journal" };
	for (size_t i = 0; i < c->n_stores; i++)
		if (strcmp(c->store[i].type, "journal") == 0) {
			a->conf = c->store[i];
			break;
		}
	a->conf.break_seal |= a->break_seal;
	if (a->n_paths > 0)
		a->conf.paths = (struct conf_list){ a->path, a->n_paths };
}

static int
see_place(void *any, const struct place *p, struct err *e)
{
	(void)p;
	(void)e;
	*(bool *)any = true;
	return 1;
}

/* A namespace or a folder whose name was misspelt has nothing that could be dropped, either. */
static void
say_if_none(const struct journal_asked *a)
{
	const struct conf_list given = { (const char **)a->path, a->n_paths };
	struct err ignored;
	bool any = a->n_paths == 0;

	if (!any && places_each(&given, PLACE_FILE, see_place, NULL, &any, &ignored) >= 0 && !any)
		fprintf(stderr, "retention: %s\n", _("no journal lies there"));
}

/* --- options ---------------------------------------------------------------------------------- */

static int
take_time(const char *text, const struct session *s, int64_t *ret, struct err *e)
{
	return when_parse(text, s->now_us, ret)
		       ? 0
		       : err_fail(e, EX_USAGE, 0,
				 N_("not a time; write 2026-11-24, an RFC 3339 time, or -7d"), NULL,
				 NULL);
}

static int
take_option(struct journal_asked *a, const struct session *s, int option, struct err *e)
{
	switch (option) {
	case 'D':
		return add_folder(a, optarg, e);
	case 'i':
		return add_file(a, optarg, e);
	case 'N':
		return add_namespace(a, optarg, e);
	case 'S':
		return take_time(optarg, s, &a->since_us, e);
	case 'U':
		return take_time(optarg, s, &a->until_us, e);
	case 'm':
		return match_read(&a->match, optarg, false, e);
	case 't':
		return match_read(&a->match, optarg, true, e);
	case 'n':
		a->dry = true;
		return 0;
	case 'b':
		a->break_seal = true;
		return 0;
	default:
		return err_fail(e, EX_USAGE, 0, N_("unknown option, or its value is missing"),
			N_("see `retention journal --help`"), NULL);
	}
}

static int
options_read(struct journal_asked *a, const struct session *s, int argc, char **argv, struct err *e)
{
	static const struct option options[] = {
		{ "directory", required_argument, NULL, 'D' },
		{ "file", required_argument, NULL, 'i' },
		{ "namespace", required_argument, NULL, 'N' },
		{ "since", required_argument, NULL, 'S' },
		{ "until", required_argument, NULL, 'U' },
		{ "from", required_argument, NULL, 'm' },
		{ "tokens", required_argument, NULL, 't' },
		{ "dry-run", no_argument, NULL, 'n' },
		{ "break-seal", no_argument, NULL, 'b' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "D:", options, NULL)) != -1;)
		if (take_option(a, s, o, e) < 0)
			return -1;
	for (int i = optind; i < argc; i++)
		if (match_add(&a->match, argv[i], true, e) < 0)
			return -1;
	return 0;
}

static int
usage(const char *what, struct err *e)
{
	return err_fail(e, EX_USAGE, 0, what, N_("see `retention journal --help`"), NULL);
}

static int
dispatch(struct session *s, struct journal_asked *a, const char *verb, struct err *e)
{
	const bool matches = a->match.n_terms + a->match.n_tokens > 0;

	if (strcmp(verb, "stat") == 0 && !matches && !a->dry)
		return journal_stat(s, a, e);
	if (strcmp(verb, "stat") == 0)
		return usage(N_("stat takes no matches"), e);
	if (strcmp(verb, "drop") != 0)
		return usage(N_("journal takes stat, or drop and matches"), e);
	/* all of the journal is nothing that a forgotten argument should drop */
	if (!matches && a->since_us == INT64_MIN && a->until_us == INT64_MAX)
		return usage(N_("drop needs a match or a time"), e);
	return journal_drop(s, a, e);
}

int
journal_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct journal_asked a = { .since_us = INT64_MIN, .until_us = INT64_MAX };
	int rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			help();
			return 0;
		}
	}
	if (argc < 2)
		return usage(N_("journal takes stat, or drop and matches"), e);
	match_init(&a.match);
	rc = options_read(&a, s, argc - 1, argv + 1, e);
	if (rc == 0) {
		conf_of(s, &a);
		say_if_none(&a);
		rc = dispatch(s, &a, argv[1], e);
	}
	for (size_t i = 0; i < a.n_paths; i++)
		free((char *)a.path[i]);
	match_release(&a.match);
	return rc;
}
