/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * backup.c - ledger and holds into one file, and back
 *
 * Never pseudonym keys, whose destruction a copy would undo; nor the node's own key, nor the copies of
 * held records, of which a restored one could be of a hold that has ended. What was erased does not come
 * back by a restore: the periods erase it again at the next run, whatever else was restored.
 *
 * What is there and good is newer than any backup, and stays; what is damaged is set aside for the
 * auditor and replaced. Holds that the ledger tells of since the backup are ended again where they ended,
 * and named where they are lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <libintl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file/scratch.h"
#include "evidence/hold.h"
#include "evidence/hold_known.h"
#include "evidence/ledger.h"
#include "evidence/sign.h"
#include "evidence/tar.h"
#include "record/timestamp.h"
#include "retention/command.h"
#include "retention/session.h"

#define _(text) gettext(text)

static const struct tar_member members[] = { { "ledger.db", SPAN_NONE },
	{ "holds.db", SPAN_NONE } };
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))

/* --- backup ----------------------------------------------------------------------------------- */

static int
copy_all(struct session *s, const char *scratch, const char *to, struct err *e)
{
	struct buf ledger, holds;
	char path[96];
	int rc;

	buf_init(&ledger, TAR_FILE_MAX);
	buf_init(&holds, TAR_FILE_MAX);
	(void)snprintf(path, sizeof(path), "%s/ledger.db", scratch);
	rc = ledger_copy(s->ledger, path, e);
	if (rc == 0)
		rc = tar_read_file(path, &ledger, e);
	(void)snprintf(path, sizeof(path), "%s/holds.db", scratch);
	if (rc == 0)
		rc = holds_copy(s->holds, path, e);
	if (rc == 0)
		rc = tar_read_file(path, &holds, e);
	if (rc == 0)
		rc = tar_pack(to,
			(const struct tar_member[]){ { "ledger.db", span_of(ledger.p, ledger.len) },
				{ "holds.db", span_of(holds.p, holds.len) } },
			N_MEMBERS, s->now_us, e);
	buf_release(&ledger);
	buf_release(&holds);
	return rc;
}

int
backup_main(struct session *s, int argc, char **argv, struct err *e)
{
	char scratch[64];
	int rc;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention backup FILE\n"
			"Writes ledger and holds into a tar file; what holds look for stays sealed. It has\n"
			"neither pseudonym keys nor the node's key: copy state_dir/node once, to a safe place.\n\n"
			"Example:  retention backup /mnt/backup/retention-$(date +%F).tar\n"),
			stdout);
		return 0;
	}
	if (argc != 2)
		return usage_fail(_("backup takes the name of the file to write"));
	if (scratch_make(scratch, e) < 0)
		return -1;
	rc = copy_all(s, scratch, argv[1], e);
	scratch_remove(scratch);
	return rc;
}

/* --- restore ---------------------------------------------------------------------------------- */

struct restore {
	struct session *s;
	char scratch[64];
	struct ledger *old;                /* the backup's */
	const struct ledger_entry *newest; /* of it */
	int64_t known_until_us;            /* what is on record before the gap */
	bool ledger_kept, holds_kept;
	json_t *lost; /* ids of holds that were added since and are gone */
};

static int
open_backup(struct restore *r, const char *file, struct err *e)
{
	char path[96];

	if (tar_unpack(file, r->scratch, members, N_MEMBERS, e) < 0)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/ledger.db", r->scratch);
	if (ledger_open_copy(path, &r->old, e) < 0 || ledger_check(r->old, e) < 0 ||
		ledger_head(r->old, &r->newest, e) < 0)
		return -1;
	r->known_until_us = r->newest ? r->newest->time_us : 0;
	return 0;
}

static int
put_back(struct restore *r, const char *name, const char *path, mode_t mode, struct err *e)
{
	char from[96];

	(void)snprintf(from, sizeof(from), "%s/%s", r->scratch, name);
	return tar_put_back(from, path, mode, r->s->now_us, e);
}

struct same {
	const struct ledger_entry *want;
	bool found;
};

static int
see_same(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct same *m = ctx;

	(void)e;
	m->found = en->seq == m->want->seq && memcmp(en->hash, m->want->hash, LEDGER_HASH_LEN) == 0;
	return 1;
}

/* Is the ledger that is there good, and does it go on from the backup? */
static int
ledger_back(struct restore *r, const char *path, struct err *e)
{
	struct session *s = r->s;
	struct same m = { r->newest, !r->newest };
	const struct ledger_entry *now = NULL;

	if (access(path, F_OK) == 0 && ledger_open(s->conf, true, &s->ledger, e) == 0 &&
		ledger_check(s->ledger, e) == 0 && ledger_head(s->ledger, &now, e) == 0) {
		if (r->newest && ledger_read(s->ledger, r->newest->seq, see_same, &m, e) < 0)
			return -1;
		if (!m.found)
			return err_fail(e, EX_NOPERM, 0,
				N_("the backup is of another ledger, or newer than the one here"),
				N_("move the ledger away if the backup is the right one"), "%s",
				path);
		r->ledger_kept = true;
		r->known_until_us = now->time_us;
		return 0;
	}
	s->ledger = ledger_free(s->ledger);
	if (put_back(r, "ledger.db", path, 0640, e) < 0)
		return -1;
	return ledger_open(s->conf, true, &s->ledger, e);
}

static const struct hold *
hold_of(struct holds *h, uint64_t id)
{
	const struct hold *list;
	size_t n = holds_list(h, &list);

	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

/* What was added and has ended since is not missed. */
static int
end_again(struct restore *r, json_t *id, struct err *e)
{
	json_t *lost;
	size_t i;
	const int rc = hold_release(r->s->holds, (uint64_t)json_integer_value(id), r->s->now_us, e);

	json_array_foreach(r->lost, i, lost) if (json_equal(lost, id))
	{
		(void)json_array_remove(r->lost, i);
		break;
	}
	return rc < 0 ? -1 : 0; /* 1: it is over already */
}

/* What has become of the holds since the backup. */
static int
see_since(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct restore *r = ctx;
	json_t *d, *id;
	const char *what;
	size_t i;
	int rc = 0;

	if (strcmp(en->kind, "hold") != 0)
		return 0;
	d = json_loads(en->data, 0, NULL);
	what = json_string_value(json_object_get(d, "what"));
	id = json_object_get(d, "hold");
	if (what && strcmp(what, "added") == 0 &&
		!hold_of(r->s->holds, (uint64_t)json_integer_value(id))) {
		(void)json_array_append(r->lost, id);
		rc = holds_reserve(r->s->holds, (uint64_t)json_integer_value(id), e);
	} else if (what && strcmp(what, "released") == 0) {
		rc = end_again(r, id, e);
	} else if (what && strcmp(what, "expired") == 0) {
		json_array_foreach(json_object_get(d, "holds"), i, id) if (rc == 0)
			rc = end_again(r, id, e);
	}
	json_decref(d);
	return rc;
}

static int
holds_back(struct restore *r, struct err *e)
{
	struct session *s = r->s;
	cleanup_mem char *folder = NULL, *path = NULL;

	if (asprintf(&folder, "%s/hold", s->conf->state_dir) < 0 ||
		asprintf(&path, "%s/holds.db", folder) < 0)
		return err_memory(e);
	if (access(path, F_OK) == 0 && holds_open(s->conf, true, &s->holds, e) == 0 &&
		hold_known_file(s->holds, s->ledger, e) == 0) {
		r->holds_kept = true;
		return 0;
	}
	s->holds = holds_free(s->holds);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", folder);
	if (put_back(r, "holds.db", path, 0600, e) < 0 ||
		holds_open(s->conf, true, &s->holds, e) < 0)
		return -1;
	return ledger_read(s->ledger, r->newest ? r->newest->seq + 1 : 0, see_since, r, e);
}

static int
note(struct restore *r, struct err *e)
{
	char from[28], until[28];
	json_t *d;

	timestamp_format(r->known_until_us, from);
	timestamp_format(r->s->now_us, until);
	d = json_pack("{s:s, s:s, s:s, s:s, s:O}", "from", from, "until", until, "ledger",
		r->ledger_kept ? "kept" : "restored", "holds", r->holds_kept ? "kept" : "restored",
		"lost", r->lost);
	if (ledger_append(r->s->ledger, r->s->now_us, "restore", d, NULL, e) < 0)
		return -1;
	return ledger_sign(r->s->ledger, r->s->sign, e) < 0 ? -1 : 0;
}

static void
tell(struct restore *r)
{
	struct print *o = &r->s->out;
	char from[28];
	json_t *id;
	size_t i;

	timestamp_format(r->known_until_us, from);
	if (!o->json) {
		printf(_("ledger %s, holds %s; nothing is on record since %.19sZ\n"),
			r->ledger_kept ? _("kept") : _("restored"),
			r->holds_kept ? _("kept") : _("restored"), from);
		json_array_foreach(r->lost, i, id)
			printf(_("hold %lld was added since the backup and is lost: add it anew\n"),
				(long long)json_integer_value(id));
	}
	print_begin(o);
	print_str(o, "ledger", span_str(r->ledger_kept ? "kept" : "restored"));
	print_str(o, "holds", span_str(r->holds_kept ? "kept" : "restored"));
	print_time(o, "on_record_until", r->known_until_us);
	print_int(o, "holds_lost", (int64_t)json_array_size(r->lost));
	print_end(o);
}

static int
restore(struct restore *r, const char *file, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/ledger.db", r->s->conf->state_dir) < 0)
		return err_memory(e);
	/* without the node's key the gap could not be put on record */
	if (sign_open(r->s->conf, &r->s->sign, e) < 0 || open_backup(r, file, e) < 0 ||
		ledger_back(r, path, e) < 0 || holds_back(r, e) < 0 || note(r, e) < 0)
		return -1;
	tell(r);
	return json_array_size(r->lost) > 0;
}

int
restore_main(struct session *s, int argc, char **argv, struct err *e)
{
	struct restore r = { .s = s };
	int rc;

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(_("Usage: retention restore FILE\n"
			"Replaces a damaged or missing ledger or hold file by what `retention backup` wrote;\n"
			"what is good stays. The gap goes on record. Exit status 1: holds were lost.\n\n"
			"Example:  retention restore /mnt/backup/retention-2026-11-26.tar\n"),
			stdout);
		return 0;
	}
	if (argc != 2)
		return usage_fail(_("restore takes the name of a backup"));
	if (scratch_make(r.scratch, e) < 0)
		return -1;
	r.lost = json_array();
	rc = restore(&r, argv[1], e);
	json_decref(r.lost);
	ledger_free(r.old);
	scratch_remove(r.scratch);
	return rc;
}
