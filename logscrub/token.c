/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * token.c - the token that an address, or another identifier, has in the records of a day
 *
 * This is how a person's entries, or a meeting's, are found while the day's key lives. What is asked
 * for comes on standard input alone: arguments are for every process on the machine to see.
 */
#include <getopt.h>
#include <libintl.h>
#include <string.h>
#include <time.h>

#include "base/options.h"
#include "base/print/print.h"
#include "logscrub/command.h"
#include "logscrub/rule/setup.h"
#include "record/key/day.h"
#include "record/timestamp.h"

#define _(text) gettext(text)

#define ASKED_MAX 256 /* bytes of a line; an address has 45 at most */

struct token_options {
	const char *config, *at;
	bool json, id;
};

static void
help(void)
{
	printf(_(
		"Usage: logscrub token --at TIME [OPTION]...\n"
		"Reads addresses from standard input, one a line, and prints the token that each has "
		"in the\nrecords of that time's day (UTC). What is no address gives \"-\", and exit "
		"status 65 at the\nend. Where the day has no key (any more), a throw-away key serves, "
		"whose tokens are found\nnowhere: standard error says so, and the exit status is "
		"1.\n\n"
		"      --id            the lines are not addresses but ids, of a meeting or a pad\n"
		"      --at TIME       2026-11-24, 2026-11-24T01:40:29Z, or now\n"
		"      --json          JSON Lines, with the token of an IPv6 address's /64\n"
		"  -c, --config FILE   configuration (default: /etc/sparsam/sparsam.conf)\n"
		"      --help\n\n"
		"Example:  logscrub token --at 2026-11-24 < address.txt\n"));
}

static bool
day_read(const char *text, int32_t *ret)
{
	struct timestamp t;
	int64_t us;

	if (strcmp(text, "now") == 0) {
		*ret = day_today();
		return true;
	}
	if (day_parse(span_str(text), ret))
		return true;
	timestamp_init(&t, NULL);
	if (!timestamp_parse(&t, span_str(text), &us))
		return false;
	*ret = timestamp_day(us);
	return true;
}

/* Reads a line of F into P, without blanks around it. A line that does not fit is none. False at
 * the end. */
static bool
line_read(FILE *f, char p[ASKED_MAX], struct span *ret)
{
	size_t n = 0, from = 0;
	int c = getc(f);

	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc(f))
		if (n < ASKED_MAX)
			p[n++] = (char)c;
	if (n == ASKED_MAX)
		n = 0;
	while (n > from && strchr(" \t\r", p[n - 1]) && p[n - 1] != '\0')
		n--;
	while (from < n && (p[from] == ' ' || p[from] == '\t'))
		from++;
	*ret = span_of(p + from, n - from);
	return true;
}

/* What becomes of one line. */
struct answer {
	char token[TOKEN_TEXT_MAX], net[TOKEN_TEXT_MAX], rendered[TOKEN_TEXT_MAX];
	size_t n_token, n_net, n_rendered; /* bytes; 0: none */
};

static int
answer_address(
	struct setup *s, int32_t day, const struct address *a, struct answer *ret, struct err *e)
{
	ret->n_token = pseudonym_token(s->pseudonym, day, a, ret->token, e);
	ret->n_rendered = pseudonym_address(s->pseudonym, day, a, ret->rendered, e);
	if (a->family == 6)
		ret->n_net = pseudonym_net_token(s->pseudonym, day, a, ret->net, e);
	if (ret->n_token == 0 || ret->n_rendered == 0 || (a->family == 6 && ret->n_net == 0))
		return -1;
	return 0;
}

static int
answer_id(struct setup *s, int32_t day, struct span id, struct answer *ret, struct err *e)
{
	ret->n_token = pseudonym_id(s->pseudonym, day, id, ret->token, e);
	return ret->n_token == 0 ? -1 : 0;
}

static void
answer_print(struct setup *s, struct print *out, int32_t day, const struct answer *a)
{
	char name[DAY_TEXT_MAX];

	if (!out->json) {
		fprintf(out->f, "%.*s\n", a->n_token > 0 ? (int)a->n_token : 1,
			a->n_token > 0 ? a->token : "-");
		return;
	}
	(void)day_format(day, name);
	print_begin(out);
	print_str(out, "day", span_str(name));
	if (a->n_token > 0) {
		print_str(out, "token", span_of(a->token, a->n_token));
		if (a->n_net > 0)
			print_str(out, "net", span_of(a->net, a->n_net));
		if (a->n_rendered > 0)
			print_str(out, "rendered", span_of(a->rendered, a->n_rendered));
		print_bool(out, "throwaway", keyring_is_throwaway(s->keyring, day));
	}
	print_end(out);
}

/* Answers all of IN. *ret_bad: how many lines were nothing that has a token. */
static int
tokens_print(struct setup *s, struct print *out, int32_t day, bool id, FILE *in,
	unsigned long *ret_bad, struct err *e)
{
	char line[ASKED_MAX];
	struct address a;
	struct span asked;
	int rc = 0;

	while (rc == 0 && line_read(in, line, &asked)) {
		struct answer answer = { 0 };

		if (id && asked.len > 0)
			rc = answer_id(s, day, asked, &answer, e);
		else if (!id && address_parse(asked, &a))
			rc = answer_address(s, day, &a, &answer, e);
		else
			++*ret_bad;
		if (rc == 0)
			answer_print(s, out, day, &answer);
	}
	explicit_bzero(line, sizeof(line));
	explicit_bzero(&a, sizeof(a));
	if (rc == 0 && (ferror(in) || fflush(out->f) != 0))
		return err_fail(e, EX_IOERR, errno, N_("cannot read or write"), NULL, NULL);
	return rc;
}

static int
token_run(const struct token_options *o, struct err *e)
{
	CLEANUP(setup_release) struct setup s = { 0 };
	unsigned long n_bad = 0;
	struct print out;
	const uint8_t *key;
	int32_t day;

	if (!day_read(o->at, &day))
		return err_fail(e, EX_USAGE, 0, N_("--at is no time"),
			N_("write 2026-11-24, 2026-11-24T01:40:29Z, or now"), NULL);
	if (setup_open(&s, o->config, e) < 0 || keyring_key(s.keyring, day, &key, e) < 0)
		return -1;
	print_init(&out, stdout, o->json);
	if (tokens_print(&s, &out, day, o->id, stdin, &n_bad, e) < 0)
		return -1;
	if (n_bad > 0) {
		fprintf(stderr,
			ngettext("logscrub: %lu line is no address\n",
				"logscrub: %lu lines are no addresses\n", n_bad),
			n_bad);
		return EX_DATAERR;
	}
	return keyring_is_throwaway(s.keyring, day) ? 1 : 0;
}

/* Reads the command line. 0: go on; 1: done with it; -1: wrong, and said so. */
static int
options_read(int argc, char **argv, struct token_options *ret)
{
	const struct option_to table[] = {
		{ "at", 0, &ret->at, NULL },
		{ "id", 0, NULL, &ret->id },
		{ "config", 'c', &ret->config, NULL },
		{ "json", 0, NULL, &ret->json },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc != 0)
		return rc;
	if (optind < argc)
		fputs(_("logscrub: addresses come on standard input, never as arguments: those every "
			"process can see\n"),
			stderr);
	else if (!ret->at)
		fputs(_("logscrub: of which day? Say --at TIME\n"), stderr);
	return optind < argc || !ret->at ? -1 : 0;
}

int
token_main(int argc, char **argv)
{
	struct token_options o = { 0 };
	struct err e;
	int rc = options_read(argc, argv, &o);

	if (rc != 0)
		return rc < 0 ? EX_USAGE : 0;
	rc = token_run(&o, &e);
	return rc < 0 ? err_print(&e, "logscrub", stderr) : rc;
}
