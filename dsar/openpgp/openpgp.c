/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/openpgp/openpgp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/file/scratch.h"
#include "dsar/openpgp/openpgp-private.h"

/* --- the home --------------------------------------------------------------------------------- */

static int
cannot_make(const char *path, struct err *e)
{
	return err_fail(e, errno == EACCES ? EX_NOPERM : EX_CANTCREAT, errno,
		N_("cannot make a keyring"), NULL, "%s", path);
}

/* The register's folder has the setgid bit, which is inherited; to ask for it is denied to a unit. */
static int
folder_make(const char *path, struct err *e)
{
	return mkdir(path, 0770) < 0 && errno != EEXIST ? cannot_make(path, e) : 0;
}

static int
file_write(const char *home, const char *name, const char *text, struct err *e)
{
	cleanup_mem char *path = NULL;
	cleanup_fd int fd = -1;

	if (asprintf(&path, "%s/%s", home, name) < 0)
		return err_memory(e);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd < 0)
		return errno == EEXIST ? 0 : cannot_make(path, e);
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : cannot_make(path, e);
}

/* Where gpg-agent looks for what is secret: our own folder, made before it makes one that is its maker's alone; or
 * a case's link to that. */
static int
secret_make(const char *home, bool own, struct err *e)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/private-keys-v1.d", home) < 0)
		return err_memory(e);
	if (own)
		return folder_make(path, e);
	return symlink("../" OPENPGP_OWN "/private-keys-v1.d", path) < 0 && errno != EEXIST
		       ? cannot_make(path, e)
		       : 0;
}

/* SHA-1 can be made to fit: neither a message nor a user id is proved by it. */
#define OPTIONS                                                                                    \
	"no-permission-warning\nno-auto-check-trustdb\nno-comments\nno-emit-version\n"             \
	"weak-digest SHA1\ntrust-model always\n"

static int
home_fill(const char *home, bool secret, struct err *e)
{
	if (file_write(home, "gpg.conf", secret ? OPTIONS : OPTIONS "no-autostart\n", e) < 0)
		return -1;
	return file_write(home, "gpg-agent.conf", "default-cache-ttl 0\nmax-cache-ttl 0\n", e);
}

static int
home_make(const char *register_dir, const char *number, char **ret, struct err *e)
{
	cleanup_mem char *above = NULL, *home = NULL;

	if (asprintf(&above, "%s/pgp", register_dir) < 0 ||
		asprintf(&home, "%s/%s", above, number) < 0)
		return err_memory(e);
	if (folder_make(above, e) < 0 || folder_make(home, e) < 0 ||
		secret_make(home, strcmp(number, OPENPGP_OWN) == 0, e) < 0 ||
		home_fill(home, true, e) < 0)
		return -1;
	*ret = TAKE(home);
	return 0;
}

void
openpgp_remove(const char *register_dir, const char *number)
{
	cleanup_mem char *home = NULL;

	if (asprintf(&home, "%s/pgp/%s", register_dir, number) >= 0 && access(home, F_OK) == 0)
		scratch_remove(home);
}

static gpgme_error_t
context_set(struct openpgp *p)
{
	static const char *const flags[][2] = { { "no-symkey-cache", "1" },
		{ "auto-key-retrieve", "0" }, { "auto-key-import", "0" } };
	gpgme_error_t rc = gpgme_ctx_set_engine_info(p->ctx, GPGME_PROTOCOL_OpenPGP, NULL, p->home);

	for (size_t i = 0; !rc && i < sizeof(flags) / sizeof(flags[0]); i++)
		rc = gpgme_set_ctx_flag(p->ctx, flags[i][0], flags[i][1]);
	if (!rc)
		rc = gpgme_set_pinentry_mode(p->ctx, GPGME_PINENTRY_MODE_ERROR);
	gpgme_set_armor(p->ctx, 1);
	gpgme_set_offline(p->ctx, 1);
	return rc;
}

/* --- our own key ------------------------------------------------------------------------------ */

/* Puts our own public key into a case's ring that does not have it yet. */
static int
own_bring(struct openpgp *p, const char *register_dir, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *own = NULL;
	CLEANUP(buf_release) struct buf key = { .max = 1 << 20 };
	CLEANUP_DATA gpgme_data_t data = NULL;
	gpgme_error_t rc;

	if (openpgp_open(register_dir, OPENPGP_OWN, &own, e) < 0)
		return -1;
	if (!own->own)
		return 0;
	if (openpgp_export(own, own->own->fpr, &key, e) < 0)
		return -1;
	rc = gpgme_data_new_from_mem(&data, key.p, key.len, 0);
	if (!rc)
		rc = gpgme_op_import(p->ctx, data);
	return rc ? gnupg_fail(rc, p->home, e) : 0;
}

/* All that can sign are ours: the secret folder holds no other. */
static int
own_find(struct openpgp *p, struct err *e)
{
	gpgme_error_t rc = gpgme_op_keylist_start(p->ctx, NULL, 1);

	if (!rc)
		rc = gpgme_op_keylist_next(p->ctx, &p->own);
	(void)gpgme_op_keylist_end(p->ctx);
	if (rc && gpgme_err_code(rc) != GPG_ERR_EOF)
		return gnupg_fail(rc, p->home, e);
	return 0;
}

/* Readies P, which has its home. */
static int
context_open(struct openpgp *p, struct err *e)
{
	gpgme_error_t rc;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)gpgme_check_version(NULL);
	rc = gpgme_new(&p->ctx);
	if (!rc)
		rc = context_set(p);
	return rc ? gnupg_fail(rc, p->home, e) : 0;
}

int
openpgp_open_at(const char *home, struct openpgp **ret, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *p = calloc(1, sizeof(*p));

	if (!p || !(p->home = strdup(home)))
		return err_memory(e);
	if (home_fill(home, false, e) < 0 || context_open(p, e) < 0)
		return -1;
	*ret = TAKE(p);
	return 0;
}

int
openpgp_open(const char *register_dir, const char *number, struct openpgp **ret, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *p = calloc(1, sizeof(*p));

	if (!p)
		return err_memory(e);
	if (home_make(register_dir, number, &p->home, e) < 0 || context_open(p, e) < 0)
		return -1;
	if (own_find(p, e) < 0)
		return -1;
	if (!p->own && strcmp(number, OPENPGP_OWN) != 0 &&
		(own_bring(p, register_dir, e) < 0 || own_find(p, e) < 0))
		return -1;
	*ret = TAKE(p);
	return 0;
}

/* gpg makes this one for its maker alone, and ends where it cannot read it. It holds nothing: trust is the register's. */
static void
trust_share(const struct openpgp *p)
{
	cleanup_mem char *path = NULL;

	if (asprintf(&path, "%s/trustdb.gpg", p->home) >= 0)
		(void)chmod(path, 0660); /* of another member: she has done so */
}

struct openpgp *
openpgp_free(struct openpgp *p)
{
	if (!p)
		return NULL;
	sealer_free(p->sealer);
	if (p->own)
		gpgme_key_unref(p->own);
	if (p->ctx)
		gpgme_release(p->ctx);
	if (p->home) {
		trust_share(p);
		gnupg_end(p->home);
	}
	free(p->home);
	free(p);
	return NULL;
}

const char *
openpgp_own(const struct openpgp *p)
{
	return p->own ? p->own->fpr : NULL;
}

/* Of what lies in the group's folder only a file that is ours and has no second name is given to GID. */
static int
file_share(int dirfd, const char *name, gid_t gid)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1) {
		errno = EPERM;
		return -1;
	}
	return fchown(fd, (uid_t)-1, gid) < 0 ? -1 : fchmod(fd, 0660);
}

/* gpg-agent gives its files to whoever runs it, and takes the folder's setgid bit away; our own key is the group's, like
 * the register it lies in. */
static int
own_share(const struct openpgp *p, struct err *e)
{
	cleanup_mem char *path = NULL;
	const struct dirent *f;
	struct stat home;
	DIR *d;
	int rc;

	if (asprintf(&path, "%s/private-keys-v1.d", p->home) < 0)
		return err_memory(e);
	d = opendir(path);
	rc = d ? stat(p->home, &home) : -1;
	while (rc == 0 && (f = readdir(d)) != NULL) {
		if (f->d_name[0] == '.')
			continue;
		rc = file_share(dirfd(d), f->d_name, home.st_gid);
	}
	if (d)
		(void)closedir(d);
	return rc < 0 ? cannot_make(path, e) : 0;
}

int
openpgp_own_make(struct openpgp *p, const char *address, struct err *e)
{
	gpgme_error_t rc;

	if (p->own)
		return err_fail(e, EX_CANTCREAT, 0, N_("there is a key of our own already"), NULL,
			"%s", p->own->fpr);
	rc = gpgme_op_createkey(p->ctx, address, "future-default", 0, 0, NULL,
		GPGME_CREATE_NOPASSWD | GPGME_CREATE_NOEXPIRE | GPGME_CREATE_FORCE);
	if (rc)
		return gnupg_fail(rc, p->home, e);
	return own_share(p, e) < 0 ? -1 : own_find(p, e);
}
