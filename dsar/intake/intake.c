/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * intake.c - dsar intake: mail into the register, from the mail server's pipe, a file or a maildir
 */
#include "dsar/intake/intake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/options.h"
#include "base/walk.h"
#include "dsar/command.h"
#include "dsar/mail/mail_check.h"
#include "dsar/openpgp/openpgp.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static void
help(void)
{
	fputs(_("Usage: dsar intake [--from FILE | --maildir FOLDER]\n"
		"Takes mail: one from standard input or FILE, or all that is new in a maildir. It joins the\n"
		"case that it answers, or opens those that its text seems to ask for; a receipt goes out at once.\n\n"
		"Example:  dsar intake <mail\n"),
		stdout);
}

/* IN, whole, in memory: one byte more than may be is too much already. */
static int
copy(int in, struct err *e)
{
	cleanup_fd int fd = memfd_create("mail", MFD_CLOEXEC);
	char part[1 << 16];
	uint64_t size = 0;
	ssize_t n;

	if (fd < 0)
		return err_memory(e);
	while (size <= mail_limits.size && (n = read(in, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write(fd, part, (size_t)n) != n)
			return err_fail(
				e, EX_TEMPFAIL, errno, N_("cannot read the mail"), NULL, NULL);
		size += (uint64_t)n;
	}
	return fd_take(&fd);
}

static void
print_one(struct session *s, const struct intake *i)
{
	if (!s->out.json)
		printf("%s  %s%s\n", i->number,
			i->test       ? _("test mail")
			: i->report   ? _("delivery report")
			: i->again    ? _("known already")
			: i->opened   ? _("opened")
			: i->verified ? _("joined, identity verified")
				      : _("joined"),
			i->receipt ? _(", receipt sent") : "");
	print_begin(&s->out);
	print_str(&s->out, "case", span_str(i->number));
	print_bool(&s->out, "opened", i->opened);
	print_bool(&s->out, "again", i->again);
	print_bool(&s->out, "report", i->report);
	print_bool(&s->out, "test", i->test);
	print_bool(&s->out, "receipt", i->receipt);
	print_bool(&s->out, "verified", i->verified);
	print_str(&s->out, "signed_by", span_str(i->signed_by));
	print_end(&s->out);
}

static int
take(struct session *s, struct openpgp *own, int in, struct err *e)
{
	cleanup_fd int fd = copy(in, e);
	struct intake i;

	if (fd < 0 || intake_mail(s, own, fd, &i, e) < 0)
		return -1;
	print_one(s, &i);
	return 0;
}

/* It was read, and a person has it before her: seen (maildir(5)). */
static int
move_to_cur(int new_fd, int cur_fd, const char *name, struct err *e)
{
	cleanup_mem char *seen = NULL;

	if (asprintf(&seen, "%s:2,S", name) < 0)
		return err_memory(e);
	return renameat2(new_fd, name, cur_fd, seen, RENAME_NOREPLACE) < 0
		       ? err_fail(e, EX_IOERR, errno, N_("cannot move a mail that was taken"), NULL,
				 NULL)
		       : 0;
}

/* What cannot be read stays, and is said; the others go on. */
static int
take_maildir(struct session *s, struct openpgp *own, const char *path, struct err *e)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), cur = -1;
	int new_fd = dir < 0 ? -1 : walk_open(dir, "new", O_RDONLY | O_DIRECTORY, 0, NULL, e);
	DIR *d = new_fd < 0 ? NULL : fdopendir(new_fd);
	const struct dirent *f;
	int status = 0, rc = 0;

	if (!d)
		return err_fail(
			e, EX_NOINPUT, errno, N_("cannot read the maildir"), NULL, "%s", path);
	cur = walk_open(dir, "cur", O_RDONLY | O_DIRECTORY, 0, NULL, e);
	while (cur >= 0 && rc == 0 && (f = readdir(d)) != NULL) {
		cleanup_fd int in = -1;

		if (f->d_name[0] == '.')
			continue;
		in = walk_open(new_fd, f->d_name, O_RDONLY, 0, NULL, e);
		rc = in < 0 ? -1 : take(s, own, in, e);
		if (rc == 0)
			rc = move_to_cur(new_fd, cur, f->d_name, e);
		else if (e->exit == EX_DATAERR) {
			status = err_print(e, "dsar", stderr);
			rc = 0;
		}
	}
	(void)closedir(d);
	return rc < 0 || cur < 0 ? -1 : status;
}

int
intake_main(struct session *s, int argc, char **argv, struct err *e)
{
	const char *from = NULL, *maildir = NULL;
	const struct option_to table[] = {
		{ "from", 0, &from, NULL },
		{ "maildir", 0, &maildir, NULL },
	};
	const int rc = options_take(argc, argv, table, sizeof(table) / sizeof(table[0]), help);
	CLEANUP(openpgp_freep) struct openpgp *own = NULL;
	cleanup_fd int in = -1;

	if (rc > 0)
		return 0;
	if (rc < 0 || optind < argc || (from && maildir))
		return usage_fail(_("intake takes one of --from and --maildir, and nothing else"));
	if (openpgp_open(registry_dir(s->registry), OPENPGP_OWN, &own, e) < 0) {
		e->exit = EX_TEMPFAIL; /* the mail server keeps it, and comes again */
		return -1;
	}
	if (maildir)
		return take_maildir(s, own, maildir, e);
	if (!from || strcmp(from, "-") == 0)
		return take(s, own, STDIN_FILENO, e);
	in = open(from, O_RDONLY | O_CLOEXEC);
	return in < 0 ? err_fail(e, EX_NOINPUT, errno, N_("cannot read the mail"), NULL, "%s", from)
		      : take(s, own, in, e);
}
