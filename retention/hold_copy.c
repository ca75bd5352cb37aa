/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/hold_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/walk.h"
#include "evidence/hold.h"
#include "retention/session.h"

/* state_dir/hold/STORE, mode 0700, made where it is missing. */
static int
folder_open(const struct session *s, const char *store, struct err *e)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/hold", s->conf->state_dir) < 0)
		return err_memory(e);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_fail(e, EX_NOPERM, errno, N_("cannot open folder"), NULL, "%s", path);
	if (mkdirat(fd, store, 0700) == 0)
		(void)fsync(fd); /* without it nothing that a copy needs is lost: it fails later */
	else if (errno != EEXIST)
		return err_fail(e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s/%s",
			path, store);
	return walk_open(fd, store, O_RDONLY | O_DIRECTORY, 0, NULL, e);
}

static int
copy_one(struct session *s, uint64_t id, struct store *st, uint64_t *ret_n, struct err *e)
{
	const struct selector held = select_ask(holds_ask_one(s->holds, id));
	cleanup_fd int folder = folder_open(s, store_conf(st)->name, e);
	char name[64];

	if (folder < 0)
		return -1;
	(void)snprintf(name, sizeof(name), "hold-%llu", (unsigned long long)id);
	return store_keep(st, &held, folder, name, ret_n, e);
}

static bool
names(const struct hold *d, const char *store)
{
	for (size_t i = 0; i < d->stores.n; i++)
		if (strcmp(d->stores.v[i], store) == 0)
			return true;
	return false;
}

bool
hold_may_lie_in(const struct session *s, const struct hold *d, const struct conf_store *st)
{
	if (names(d, st->name))
		return true;
	for (size_t i = 0; strcmp(st->type, "journal") == 0 && i < s->conf->n_stores; i++)
		if (s->conf->store[i].journal.n > 0 && names(d, s->conf->store[i].name))
			return true;
	return false;
}

int
hold_copy(struct session *s, uint64_t id, const struct hold *d, uint64_t *ret_n, struct err *e)
{
	*ret_n = 0;
	for (size_t i = 0; i < s->conf->n_stores; i++) {
		CLEANUP(store_freep) struct store *st = NULL;
		uint64_t n;
		int rc;

		if (!hold_may_lie_in(s, d, &s->conf->store[i]))
			continue;
		rc = store_open(&s->env, &s->conf->store[i], &st, e);
		if (rc < 0 || (rc == 0 && copy_one(s, id, st, &n, e) < 0))
			return -1;
		if (rc == 0)
			*ret_n += n;
	}
	return 0;
}

int
hold_copy_new(struct session *s, struct store *st, struct err *e)
{
	const struct hold *list;
	const size_t n = holds_list(s->holds, &list);
	uint64_t n_copied;

	for (size_t i = 0; i < n; i++)
		if (list[i].end == HOLD_IN_FORCE && list[i].expires_us > s->now_us &&
			hold_may_lie_in(s, &list[i], store_conf(st)) &&
			copy_one(s, list[i].id, st, &n_copied, e) < 0)
			return -1;
	return 0;
}
