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
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/options.h"
#include "base/file/walk.h"
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

/* The case is there, and waits for another way to its person. 0: nothing was refused. */
static int
tell_unsent(const struct intake *i)
{
	struct err why = i->unsent;

	if (why.exit == 0)
		return 0;
	(void)err_within(&why, "%s", i->number);
	return err_print(&why, "dsar", stderr);
}

/* --- one mail --------------------------------------------------------------------------------- */

static int
take(struct session *s, struct openpgp *own, int in, struct err *e)
{
	CLEANUP(taking_freep) struct taking *t = NULL;
	int fd = copy(in, e);
	size_t n;

	if (fd < 0 || taking_new(s, own, fd, &t, e) < 0 || intake_file(s, &t, 1, &n, e) < 0)
		return -1;
	if (taking_result(t)->refused) {
		*e = taking_result(t)->why;
		return -1;
	}
	print_one(s, taking_result(t));
	(void)tell_unsent(
		taking_result(t)); /* 0: the case is there, and the mail must not come back */
	return 0;
}

/* --- a maildir -------------------------------------------------------------------------------- */

#define BYTES_MAX (16u << 20) /* of mails of one change */

struct box {
	struct session *s;
	struct openpgp *own;
	int new_fd, cur_fd;
	struct taking *t[INTAKE_MAX]; /* of one change: n of them */
	char name[INTAKE_MAX][NAME_MAX + 1];
	size_t n;
	uint64_t bytes;
	int status;
};

/* It was read, and a person has it before her: seen (maildir(5)). */
static int
move_to_cur(const struct box *b, const char *name, struct err *e)
{
	cleanup_mem char *seen = NULL;

	if (asprintf(&seen, "%s:2,S", name) < 0)
		return err_memory(e);
	return renameat2(b->new_fd, name, b->cur_fd, seen, RENAME_NOREPLACE) < 0
		       ? err_fail(e, EX_IOERR, errno, N_("cannot move a mail that was taken"), NULL,
				 NULL)
		       : 0;
}

/* What cannot be read stays, and is said. */
static int
box_tell(struct box *b, const char *name, const struct intake *i, struct err *e)
{
	struct err why = i->why;

	if (i->refused) {
		b->status = err_print(&why, "dsar", stderr);
		return 0;
	}
	print_one(b->s, i);
	if (i->unsent.exit)
		b->status = tell_unsent(i);
	return move_to_cur(b, name, e);
}

static int
box_file(struct box *b, struct err *e)
{
	struct err late;
	size_t n_done = 0;
	int rc = b->n > 0 ? intake_file(b->s, b->t, b->n, &n_done, e) : 0;

	for (size_t i = 0; i < b->n; i++) {
		if (i < n_done && box_tell(b, b->name[i], taking_result(b->t[i]), &late) < 0)
			b->status = err_print(&late, "dsar", stderr);
		b->t[i] = taking_free(b->t[i]);
	}
	b->n = 0;
	b->bytes = 0;
	return rc;
}

static int
box_read(struct box *b, const char *name, struct err *e)
{
	cleanup_fd int in = walk_open(b->new_fd, name, O_RDONLY, 0, NULL, e);
	int fd = in < 0 ? -1 : copy(in, e);
	const off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);

	if (in < 0 && (e->exit == EX_NOPERM || e->exit == EX_NOINPUT))
		e->exit = EX_DATAERR; /* this one, and not the maildir */
	if (fd < 0 || taking_new(b->s, b->own, fd, &b->t[b->n], e) < 0)
		return -1;
	(void)snprintf(b->name[b->n], sizeof(b->name[0]), "%s", name);
	b->bytes += (uint64_t)size;
	b->n++;
	return b->n == INTAKE_MAX || b->bytes > BYTES_MAX || taking_is_slow(b->t[b->n - 1])
		       ? box_file(b, e)
		       : 0;
}

/* What is no mail, or cannot be read or moved, stays and is said; the others go on. What was read before something else
 * failed is taken. */
static int
box_take(struct box *b, DIR *d, struct err *e)
{
	const struct dirent *f;
	struct err late;
	int rc = 0;

	while (rc == 0 && (f = readdir(d)) != NULL) {
		if (f->d_name[0] == '.')
			continue;
		rc = box_read(b, f->d_name, e);
		if (rc < 0 && e->exit == EX_DATAERR) {
			b->status = err_print(e, "dsar", stderr);
			rc = 0;
		}
	}
	if (box_file(b, &late) < 0 && rc == 0) {
		*e = late;
		rc = -1;
	}
	return rc;
}

static int
take_maildir(struct session *s, struct openpgp *own, const char *path, struct err *e)
{
	struct box b = { .s = s, .own = own, .cur_fd = -1 };
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), cur = -1;
	DIR *d;
	int rc = -1;

	b.new_fd = dir < 0 ? -1 : walk_open(dir, "new", O_RDONLY | O_DIRECTORY, 0, NULL, e);
	d = b.new_fd < 0 ? NULL : fdopendir(b.new_fd);
	if (!d)
		return err_fail(
			e, EX_NOINPUT, errno, N_("cannot read the maildir"), NULL, "%s", path);
	b.cur_fd = cur = walk_open(dir, "cur", O_RDONLY | O_DIRECTORY, 0, NULL, e);
	if (cur >= 0)
		rc = box_take(&b, d, e);
	(void)closedir(d);
	return rc < 0 ? -1 : b.status;
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
