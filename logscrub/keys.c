/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * keys.c - the days that have keys; making the wrapping key; destroying keys
 */
#include <getopt.h>
#include <libintl.h>
#include <string.h>

#include "base/conf/conf.h"
#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "record/key/day.h"
#include "record/key/keydir.h"
#include "record/key/wrapkey.h"

#define _(text) gettext(text)

struct keys_options {
	const char *config, *destroy_before;
	bool init, dry_run, json;
};

/* What is told of each day in turn. */
struct keys_view {
	struct print out;
	int32_t before; /* days before this one are destroyed, or are to be */
	int32_t oldest; /* days before this one are past the longest period */
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub keys [OPTION]...\n"
		"Lists the days that have a key: \"live\", \"past\" (older than the longest period), "
		"or \"left over\"\n(its destruction was cut short: run it again).\n\n"
		"      --init                  make the wrapping key, sealed with this host's key\n"
		"      --destroy-before DATE   destroy the keys of all days before DATE, for ever\n"
		"      --dry-run               only show what that would destroy\n"
		"      --json                  JSON Lines: one object a day\n"
		"  -c, --config FILE           configuration (default: /etc/sparsam/sparsam.conf)\n"
		"      --help\n\n"
		"Example:  logscrub keys --destroy-before 2026-11-17 --dry-run\n"));
}

static void
view_row(struct keys_view *v, int32_t day, const char *key, const char *value)
{
	char name[DAY_TEXT_MAX];

	(void)day_format(day, name);
	if (!v->out.json)
		fprintf(v->out.f, "%s  %s\n", name, _(value));
	print_begin(&v->out);
	print_str(&v->out, "day", span_str(name));
	print_str(&v->out, key, span_str(value));
	print_end(&v->out);
}

static void
state_seen(void *ctx, int32_t day)
{
	struct keys_view *v = ctx;

	if (day < v->before)
		view_row(v, day, "state", N_("left over"));
	else
		view_row(v, day, "state", day < v->oldest ? N_("past") : N_("live"));
}

static void
destroy_seen(void *ctx, int32_t day)
{
	struct keys_view *v = ctx;

	if (day < v->before)
		view_row(v, day, "action", N_("destroy"));
}

static int
keys_list(const struct keydir *d, const struct conf *c, bool json, struct err *e)
{
	struct keys_view v = { 0 };
	char before[DAY_TEXT_MAX];

	v.oldest = day_today() - (int32_t)((c->longest_period_s + 86399) / 86400);
	print_init(&v.out, stdout, json);
	if (keydir_destroyed(d, &v.before, e) < 0)
		return -1;
	if (day_format(v.before, before)) {
		if (!json)
			printf(_("destroyed before %s\n"), before);
		print_begin(&v.out);
		print_str(&v.out, "destroyed_before", span_str(before));
		print_end(&v.out);
	}
	return keydir_list(d, state_seen, &v, e);
}

static void
destroyed_print(struct print *out, const struct keydir *d, unsigned n)
{
	/* Overwriting is told as what it is worth on this file system (NIST SP 800-88: clear). */
	const char *how = keydir_clears(d) ? N_("cleared") : N_("unlinked");

	if (!out->json)
		printf(ngettext("destroyed %u key (%s)\n", "destroyed %u keys (%s)\n", n), n,
			_(how));
	print_begin(out);
	print_int(out, "destroyed", n);
	print_str(out, "how", span_str(how));
	print_end(out);
}

/* Prints the plan, which is all that --dry-run does, and carries it out. */
static int
keys_destroy(const struct keydir *d, const struct keys_options *o, struct err *e)
{
	struct keys_view v = { 0 };
	unsigned n;

	print_init(&v.out, stdout, o->json);
	if (!day_parse(span_str(o->destroy_before), &v.before))
		return err_fail(e, EX_USAGE, 0, N_("--destroy-before is no date"),
			N_("write it as 2026-11-24"), NULL);
	if (keydir_check_destroy(v.before, e) < 0 || keydir_list(d, destroy_seen, &v, e) < 0)
		return -1;
	if (o->dry_run)
		return 0;
	if (keydir_destroy_before(d, v.before, &n, e) < 0)
		return -1;
	destroyed_print(&v.out, d, n);
	return 0;
}

static int
wrapkey_make(const struct conf *c, bool json, struct err *e)
{
	struct print out;

	if (wrapkey_init(c, e) < 0)
		return -1;
	print_init(&out, stdout, json);
	if (!json)
		printf(_("the wrapping key is sealed in %s\n"), c->credential);
	print_begin(&out);
	print_str(&out, "wrapping_key", span_str(c->credential));
	print_end(&out);
	return 0;
}

static int
keys_run(const struct keys_options *o, struct err *e)
{
	CLEANUP(conf_freep) struct conf *c = NULL;
	CLEANUP(keydir_freep) struct keydir *d = NULL;
	int rc;

	if (conf_read(o->config, &c, e) < 0)
		return -1;
	if (o->init)
		return wrapkey_make(c, o->json, e);
	if (keydir_open(c->key_dir, false, &d, e) < 0)
		return -1;
	rc = o->destroy_before ? keys_destroy(d, o, e) : keys_list(d, c, o->json, e);
	if (rc == 0 && fflush(stdout) != 0)
		return err_fail(e, EX_IOERR, errno, N_("cannot write"), NULL, NULL);
	return rc;
}

/* Reads the command line. 0: go on; 1: done with it; -1: wrong, and said so. */
static int
options_read(int argc, char **argv, struct keys_options *ret)
{
	const struct option_to table[] = {
		{ "init", 0, NULL, &ret->init },
		{ "destroy-before", 0, &ret->destroy_before, NULL },
		{ "dry-run", 0, NULL, &ret->dry_run },
		{ "config", 'c', &ret->config, NULL },
		{ "json", 0, NULL, &ret->json },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	if (optind == argc && !(ret->init && (ret->destroy_before || ret->dry_run)) &&
		!(ret->dry_run && !ret->destroy_before))
		return 0;
	fputs(_("logscrub: these options do not go together; see logscrub keys --help\n"), stderr);
	return -1;
}

int
keys_main(int argc, char **argv)
{
	struct keys_options o = { 0 };
	struct err e;
	int rc = options_read(argc, argv, &o);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	return keys_run(&o, &e) < 0 ? err_print(&e, "logscrub", stderr) : 0;
}
