/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/session.h"

#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/now.h"
#include "evidence/hold.h"
#include "evidence/hold_known.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "record/format/format.h"
#include "retention/command.h"
#include "retention/mounts.h"
#include "store/known.h"
#include "store/open_file.h"

static const struct {
	const char *name, *text;
} notes[STORE_NOTES] = {
	[NOTE_DELETED_OPEN] = { "deleted-open", N_("deleted, but a process still has it open") },
	[NOTE_NOT_SHRUNK] = { "not-shrunk", N_("blanked; the file keeps its size") },
	[NOTE_REMAINS] = { "remains", N_("copies may be left") },
	[NOTE_DAMAGED] = { "damaged", N_("damaged; left as it is") },
	[NOTE_NOT_POSSIBLE] = { "not-possible", N_("cannot be erased here") },
	[NOTE_NO_TIME] = { "no-time", N_("has no times of its own; aged by its anchor") },
	[NOTE_FOREIGN_MOUNT] = { "foreign-mount", N_("lies on another mount; left as it is") },
	[NOTE_SEAL] = { "seal", N_("sealed; dropping entries breaks the seal of the file") },
	[NOTE_ODD] = { "odd", N_("a link or no regular file; left as it is") },
};

const char *
note_name(enum store_note n)
{
	return notes[n].name;
}

const char *
note_text(enum store_note n)
{
	return gettext(notes[n].text);
}

static void
say_note(void *ctx, const struct conf_store *st, enum store_note n, const char *place,
	const char *detail)
{
	struct session *s = ctx;

	s->n_notes[n]++;
	if (n == NOTE_FOREIGN_MOUNT && s->foreign)
		mounts_add_foreign(s->foreign, place);
	if (!s->quiet)
		fprintf(stderr, "retention: %s: %s: %s (%s)\n", st->name, place, note_text(n),
			detail);
}

/* Only where a person waits: print_progress() looks for a terminal. */
static void
show_progress(void *ctx, const struct conf_store *st, uint64_t done, uint64_t total)
{
	(void)ctx;
	print_progress(st->name, done, total);
}

static int
run_lock(struct session *s, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/retention.lock", s->conf->state_dir) < 0)
		return err_memory(e);
	s->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (s->lock < 0)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot lock"), NULL, "%s", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	return err_fail(e, EX_TEMPFAIL, 0, N_("another run is under way"),
		N_("wait until it has ended"), "%s", path);
}

static bool
has_ledger(const struct conf *c)
{
	cleanup_mem char *path = NULL;

	return asprintf(&path, "%s/ledger.db", c->state_dir) >= 0 && access(path, F_OK) == 0;
}

int
session_open(struct session *s, unsigned needs, struct err *e)
{
	bool write = needs & MAY_WRITE, any;

	s->now_us = now_us();
	s->lock = -1;
	if (!(needs & NEED_CONF))
		return 0;
	if (conf_read(s->config, &s->conf, e) < 0)
		return -1;
	if (needs & NEED_FORMATS && formats_new(s->conf, &s->formats, e) < 0)
		return -1;
	any = !(needs & LEDGER_IF_ANY) || has_ledger(s->conf);
	write = write && any;
	if (needs & NEED_LEDGER && any && ledger_open(s->conf, write, &s->ledger, e) < 0)
		return -1;
	if (needs & MAY_ERASE && any && run_lock(s, e) < 0)
		return -1;
	if (needs & NEED_HOLDS && holds_open(s->conf, write, &s->holds, e) < 0)
		return -1;
	if (write && s->ledger && sign_open(s->conf, &s->sign, e) < 0)
		return -1;
	duties_init(&s->duties, s->conf);
	if (needs & NEED_FORMATS)
		s->known = known_open(s->conf, needs & MAY_ERASE, s->now_us);
	s->unlinked = unlinked_new();
	s->env = (struct store_env){ .conf = s->conf,
		.known = s->known,
		.unlinked = s->unlinked,
		.formats = s->formats,
		.now_us = s->now_us,
		.memory_max = 32u << 20,
		.ctx = s,
		.note = say_note,
		.progress = show_progress };
	return 0;
}

void
session_release(struct session *s)
{
	sign_free(s->sign);
	holds_free(s->holds);
	ledger_free(s->ledger);
	formats_free(s->formats);
	known_free(s->known);
	unlinked_free(s->unlinked);
	conf_free(s->conf);
	if (s->lock >= 0)
		(void)close(s->lock); /* and with it the lock */
}

int
session_holds_known(struct session *s, struct err *e)
{
	return hold_known_file(s->holds, s->ledger, e) < 0
		       ? -1
		       : hold_known_stores(s->holds, s->conf, NULL, s->now_us, e);
}
