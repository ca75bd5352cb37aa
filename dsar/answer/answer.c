/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * answer.c - dsar answer: what was made is given out, and the case is answered
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/options.h"
#include "dsar/answer/answer_mail.h"
#include "dsar/command.h"
#include "dsar/case/made.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

#define FILES_MAX 16

struct asked {
	struct session *s;
	char hash[FILES_MAX][SHA256_HEX];
	int n;
	bool mail, again, dry;
	bool left; /* a mail, now */
};

static void
help(void)
{
	fputs(_("Usage: dsar answer CASE FILE...\n"
		"       dsar answer CASE --mail [--again | --dry-run] FILE\n"
		"Says that these files, which were made here for the case, were given to the person, and\n"
		"that it is answered with them. They are known by their hashes, which stay on record.\n"
		"Everything must have been searched and looked at, unless the request was refused.\n\n"
		"  --mail       sends FILE first, encrypted to the key that is confirmed for the person; an\n"
		"               archive that is too large for one mail in several, of whole files\n"
		"  --again      a mail was begun before, and has not left; or it went to another key or\n"
		"               address than the case has now\n"
		"  --dry-run    says how many mails it takes, and how large they are at most\n\n"
		"Example:  dsar answer 2026-0001 2026-0001.zip\n"),
		stdout);
}

static int
hash_file(const char *path, char ret[SHA256_HEX], struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t len;

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read a file"), NULL, "%s", path);
	return made_hash_file(fd, ret, &len, e);
}

/* A case without an erasure to carry out is decided and executed by its answer. */
static int
move(struct asked *a, struct case_file *c, struct err *e)
{
	struct registry *r = a->s->registry;

	if (c->state == CASE_ANSWERED && a->again && a->left)
		return 0; /* with another key, or to another address */
	if (!c->refused && c->state == CASE_DECIDED && c->article != ARTICLE_ERASURE &&
		case_move(r, c, CASE_EXECUTING, a->s->now_us, e) < 0)
		return -1;
	return case_move(r, c, CASE_ANSWERED, a->s->now_us, e);
}

static int
act(void *ctx, struct case_file *c, struct err *e)
{
	struct asked *a = ctx;

	for (int i = 0; i < a->n; i++) {
		const int rc = made_give(a->s->registry, c->number, a->hash[i], a->s->now_us, e);

		if (rc > 0)
			return err_fail(e, EX_DATAERR, 0,
				N_("this file was not made here for the case, or was changed since"),
				N_("make it with `dsar export` or `dsar letter`"), "%s: %.16s",
				c->number, a->hash[i]);
		if (rc < 0)
			return -1;
	}
	return move(a, c, e);
}

static int
send_first(struct asked *a, const char *number, const char *path, struct err *e)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_fail(e, EX_NOINPUT, errno, N_("cannot read a file"), NULL, "%s", path);
	return answer_mail(a->s, number, fd, a->hash[0],
		(a->again ? ANSWER_AGAIN : 0U) | (a->dry ? ANSWER_DRY : 0U), &a->left, e);
}

int
answer_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct asked a = { .s = s };
	const struct option_to table[] = {
		{ "mail", 0, NULL, &a.mail },
		{ "again", 0, NULL, &a.again },
		{ "dry-run", 0, NULL, &a.dry },
	};
	int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);

	if (rc > 0)
		return 0;
	if (rc < 0 || (a.dry && !a.mail) || argc - optind < 2 ||
		argc - optind > (a.mail ? 2 : FILES_MAX + 1))
		return usage_fail(_("answer takes the number of a case, and what was given out"));
	for (int i = optind + 1; i < argc; i++)
		if (hash_file(argv[i], a.hash[a.n++], e) < 0)
			return -1;
	if (a.mail && send_first(&a, argv[optind], argv[optind + 1], e) < 0)
		return -1;
	return a.dry ? 0 : case_within(s->registry, argv[optind], act, &a, e);
}
