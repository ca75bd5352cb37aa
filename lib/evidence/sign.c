/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence/sign.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "evidence/gnupg.h"

struct sign {
	gpgme_ctx_t ctx;
	gpgme_key_t key;
	char *home;
};

/* A context that uses HOME and nothing else of the user's. */
static int
context_new(const char *home, gpgme_ctx_t *ret, struct err *e)
{
	gpgme_ctx_t ctx;
	gpgme_error_t rc;

	/* or it asks four programs more what they are, of which a signature needs none */
	(void)gpgme_set_global_flag("disable-gpgconf", "1");
	(void)gpgme_check_version(NULL);
	rc = gpgme_new(&ctx);
	if (rc)
		return gnupg_fail(rc, home ? home : "~/.gnupg", e);
	rc = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, NULL, home);
	if (rc) {
		gpgme_release(ctx);
		return gnupg_fail(rc, home ? home : "~/.gnupg", e);
	}
	gpgme_set_armor(ctx, 1);
	gpgme_set_offline(ctx, 1);
	*ret = ctx;
	return 0;
}

static int
home_of(const struct conf *c, char **ret, struct err *e)
{
	char *home;

	if (asprintf(&home, "%s/node", c->state_dir) < 0)
		return err_memory(e);
	*ret = home;
	return 0;
}

int
sign_init(const struct conf *c, const char *hostname, struct err *e)
{
	cleanup_mem char *home = NULL, *user = NULL;
	gpgme_ctx_t ctx;
	gpgme_error_t rc;

	if (home_of(c, &home, e) < 0)
		return -1;
	if (asprintf(&user, "sparsam node %s", hostname) < 0)
		return err_memory(e);
	if (mkdir(home, 0700) < 0 && errno != EEXIST)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make the node's key"), NULL, "%s", home);
	if (context_new(home, &ctx, e) < 0)
		return -1;
	rc = gpgme_op_createkey(ctx, user, "ed25519", 0, 0, NULL,
		GPGME_CREATE_NOPASSWD | GPGME_CREATE_SIGN | GPGME_CREATE_NOEXPIRE);
	gpgme_release(ctx);
	gnupg_end(home);
	return rc ? gnupg_fail(rc, home, e) : 0;
}

#define TRIES 5

static gpgme_error_t
first_key(const struct sign *s, bool secret, gpgme_key_t *ret)
{
	gpgme_error_t rc = gpgme_op_keylist_start(s->ctx, NULL, secret);

	if (!rc)
		rc = gpgme_op_keylist_next(s->ctx, ret);
	(void)gpgme_op_keylist_end(s->ctx);
	return rc;
}

/* Which keys are secret an agent says. Where it ends meanwhile, because another process of ours is done with it, gpg lists none
 * and calls that a success. GPG_ERR_EOF: there is none. */
static gpgme_error_t
find_key(struct sign *s)
{
	gpgme_error_t rc = first_key(s, true, &s->key);

	for (long i = 1; gpgme_err_code(rc) == GPG_ERR_EOF && i < TRIES; i++) {
		gpgme_key_t public = NULL;

		if (first_key(s, false, &public) != 0)
			break;
		gpgme_key_unref(public);
		(void)nanosleep(&(struct timespec){ .tv_nsec = i * 100000000 }, NULL);
		rc = first_key(s, true, &s->key);
	}
	return rc;
}

int
sign_open(const struct conf *c, struct sign **ret, struct err *e)
{
	CLEANUP(sign_freep) struct sign *s = calloc(1, sizeof(*s));
	gpgme_error_t rc;

	if (!s)
		return err_memory(e);
	if (home_of(c, &s->home, e) < 0)
		return -1;
	if (access(s->home, R_OK | X_OK) < 0)
		return err_fail(e, errno == ENOENT ? EX_CONFIG : EX_NOPERM, errno,
			N_("cannot open the node's key"),
			N_("make one with `retention init`, as root"), "%s", s->home);
	if (context_new(s->home, &s->ctx, e) < 0)
		return -1;
	rc = find_key(s);
	if (gpgme_err_code(rc) == GPG_ERR_EOF)
		return err_fail(e, EX_CONFIG, 0, N_("the node has no key"),
			N_("make one with `retention init`"), "%s", s->home);
	if (!rc)
		rc = gpgme_signers_add(s->ctx, s->key);
	if (rc)
		return gnupg_fail(rc, s->home, e);
	*ret = TAKE(s);
	return 0;
}

static bool
is_one_of(const struct conf_list *fingerprints, const char *fingerprint)
{
	for (size_t i = 0; fingerprint && i < fingerprints->n; i++)
		if (strcasecmp(fingerprints->v[i], fingerprint) == 0)
			return true;
	return false;
}

static gpgme_error_t
find_own(struct sign *s, const struct conf_list *fingerprints)
{
	gpgme_error_t rc = gpgme_op_keylist_start(s->ctx, NULL, 1);

	while (!rc && !s->key) {
		gpgme_key_t key;

		rc = gpgme_op_keylist_next(s->ctx, &key);
		if (rc)
			break;
		if (is_one_of(fingerprints, key->fpr) && !key->revoked && !key->expired &&
			!key->disabled)
			s->key = key;
		else
			gpgme_key_unref(key);
	}
	(void)gpgme_op_keylist_end(s->ctx);
	return gpgme_err_code(rc) == GPG_ERR_EOF ? 0 : rc;
}

int
sign_open_own(const struct conf_list *fingerprints, struct sign **ret, struct err *e)
{
	CLEANUP(sign_freep) struct sign *s = calloc(1, sizeof(*s));
	gpgme_error_t rc;

	if (!s)
		return err_memory(e);
	if (context_new(NULL, &s->ctx, e) < 0)
		return -1;
	rc = find_own(s, fingerprints);
	if (!rc && !s->key)
		return err_fail(e, EX_NOPERM, 0, N_("you have no key that may approve"),
			N_("its fingerprint has to stand in dsar { approvers }"), NULL);
	if (!rc)
		rc = gpgme_signers_add(s->ctx, s->key);
	if (rc)
		return gnupg_fail(rc, "~/.gnupg", e);
	*ret = TAKE(s);
	return 0;
}

struct sign *
sign_free(struct sign *s)
{
	if (!s)
		return NULL;
	if (s->key)
		gpgme_key_unref(s->key);
	if (s->ctx)
		gpgme_release(s->ctx);
	if (s->home)
		gnupg_end(s->home);
	free(s->home);
	free(s);
	return NULL;
}

const char *
sign_fingerprint(const struct sign *s)
{
	return s->key->fpr;
}

int
sign_detached(struct sign *s, struct span text, struct buf *out, struct err *e)
{
	CLEANUP_DATA gpgme_data_t in = NULL, made = NULL;
	gpgme_error_t rc = gpgme_data_new_from_mem(&in, text.p, text.len, 0);

	if (!rc)
		rc = gpgme_data_new(&made);
	if (!rc)
		rc = gpgme_op_sign(s->ctx, in, made, GPGME_SIG_MODE_DETACH);
	if (rc)
		return gnupg_fail(rc, s->home, e);
	return gnupg_take(made, out, e);
}

int
sign_export(struct sign *s, struct buf *out, struct err *e)
{
	CLEANUP_DATA gpgme_data_t made = NULL;
	gpgme_error_t rc = gpgme_data_new(&made);

	if (!rc)
		rc = gpgme_op_export(s->ctx, s->key->fpr, 0, made);
	if (rc)
		return gnupg_fail(rc, s->home, e);
	return gnupg_take(made, out, e);
}

int
sign_decrypt(struct sign *s, struct span cipher, size_t max, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = memfd_create("decrypted", MFD_CLOEXEC);
	struct gnupg_bounded b = { fd, max };
	struct gnupg_wait w;
	CLEANUP_DATA gpgme_data_t in = NULL, out = NULL;
	gpgme_error_t rc;

	if (fd < 0)
		return err_memory(e);
	rc = gpgme_data_new_from_mem(&in, cipher.p, cipher.len, 0);
	if (!rc)
		rc = gnupg_bounded(&out, &b);
	if (rc)
		return gnupg_fail(rc, s->home ? s->home : "~/.gnupg", e);
	gnupg_wait_begin(s->ctx, GNUPG_STRANGERS, &w);
	rc = gnupg_wait_end(s->ctx, &w, gpgme_op_decrypt_start(s->ctx, in, out));
	if (rc || !gnupg_decrypted(s->ctx))
		return err_fail(e, EX_DATAERR, 0, N_("it cannot be decrypted"),
			N_("see that it is for your key, and whole"), NULL);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* --- somebody else's signature ---------------------------------------------------------------- */

struct sign_check {
	char *home;
	gpgme_ctx_t ctx;
	char fingerprint[FINGERPRINT_LEN + 1];
};

/* gpg has ended, or said so, at bytes that are none of OpenPGP's. */
static bool
is_noise(gpgme_error_t rc)
{
	const gpgme_err_code_t code = gpgme_err_code(rc);

	return code == GPG_ERR_NO_DATA || code == GPG_ERR_BAD_DATA || code == GPG_ERR_EPIPE ||
	       code == GPG_ERR_GENERAL;
}

static int
import_one(struct sign_check *c, struct span key, struct err *e)
{
	CLEANUP_DATA gpgme_data_t in = NULL;
	gpgme_import_result_t result;
	struct gnupg_wait w;
	gpgme_error_t rc = gpgme_data_new_from_mem(&in, key.p, key.len, 0);

	if (rc)
		return gnupg_fail(rc, c->home, e);
	gnupg_wait_begin(c->ctx, GNUPG_STRANGERS, &w);
	rc = gnupg_wait_end(c->ctx, &w, gpgme_op_import_start(c->ctx, in));
	if (rc && is_noise(rc))
		return 1;
	if (rc)
		return gnupg_fail(rc, c->home, e);
	result = gpgme_op_import_result(c->ctx);
	if (!result || result->imported != 1 || result->secret_read > 0 || !result->imports ||
		result->imports->next || strlen(result->imports->fpr) != FINGERPRINT_LEN)
		return 1;
	memcpy(c->fingerprint, result->imports->fpr, sizeof(c->fingerprint));
	return 0;
}

int
sign_check_new(const char *scratch, struct span public_key, struct sign_check **ret,
	char ret_fingerprint[FINGERPRINT_LEN + 1], struct err *e)
{
	CLEANUP(sign_check_freep) struct sign_check *c = calloc(1, sizeof(*c));
	int rc;

	if (!c || asprintf(&c->home, "%s/gnupg", scratch) < 0)
		return err_memory(e);
	if (mkdir(c->home, 0700) < 0)
		return err_fail(
			e, EX_CANTCREAT, errno, N_("cannot make a folder"), NULL, "%s", c->home);
	if (context_new(c->home, &c->ctx, e) < 0)
		return -1;
	rc = import_one(c, public_key, e);
	if (rc != 0)
		return rc;
	memcpy(ret_fingerprint, c->fingerprint, sizeof(c->fingerprint));
	*ret = TAKE(c);
	return 0;
}

struct sign_check *
sign_check_free(struct sign_check *c)
{
	if (!c)
		return NULL;
	if (c->ctx) {
		gpgme_release(c->ctx);
		gnupg_end(c->home);
	}
	free(c->home);
	free(c);
	return NULL;
}

/* Is NAME (of a primary key or a subkey) in the key that was imported? */
static bool
is_of_key(struct sign_check *c, const char *name)
{
	gpgme_key_t key = NULL;
	bool same;

	if (!name || gpgme_get_key(c->ctx, name, &key, 0))
		return false;
	same = key->fpr && strcasecmp(key->fpr, c->fingerprint) == 0;
	gpgme_key_unref(key);
	return same;
}

/* What the newest operation says: exactly one signature, good, by that key. */
static bool
is_good(struct sign_check *c)
{
	gpgme_verify_result_t result = gpgme_op_verify_result(c->ctx);

	return result && result->signatures && !result->signatures->next &&
	       gpgme_err_code(result->signatures->status) == GPG_ERR_NO_ERROR &&
	       is_of_key(c, result->signatures->fpr);
}

int
sign_verify(struct sign_check *c, struct span text, struct span signature, struct err *e)
{
	CLEANUP_DATA gpgme_data_t sig = NULL, signed_text = NULL;
	struct gnupg_wait w;
	gpgme_error_t rc = gpgme_data_new_from_mem(&sig, signature.p, signature.len, 0);

	if (!rc)
		rc = gpgme_data_new_from_mem(&signed_text, text.p, text.len, 0);
	if (rc)
		return gnupg_fail(rc, c->home, e);
	gnupg_wait_begin(c->ctx, GNUPG_STRANGERS, &w);
	if (gnupg_wait_end(c->ctx, &w, gpgme_op_verify_start(c->ctx, sig, signed_text, NULL)))
		return 1; /* no signature at all */
	return is_good(c) ? 0 : 1;
}

/* TEXT's head and tail are the armour's, once each: what stands around it is not signed, and looks as if it were. */
static bool
is_clear_signed(struct span text)
{
	static const char head[] = "-----BEGIN PGP SIGNED MESSAGE-----";
	static const char tail[] = "-----END PGP SIGNATURE-----";
	const char *end;

	while (text.len > 0 && strchr("\r\n", text.p[text.len - 1]))
		text.len--;
	if (!span_starts(text, SPAN("-----BEGIN PGP SIGNED MESSAGE-----")) ||
		memmem(text.p + 1, text.len - 1, head, sizeof(head) - 1))
		return false;
	end = memmem(text.p, text.len, tail, sizeof(tail) - 1);
	return end && end + sizeof(tail) - 1 == text.p + text.len;
}

int
sign_verify_clear(struct sign_check *c, struct span text, struct buf *out, struct err *e)
{
	CLEANUP_DATA gpgme_data_t in = NULL, plain = NULL;
	struct gnupg_wait w;
	gpgme_error_t rc;

	if (!is_clear_signed(text))
		return 1;
	rc = gpgme_data_new_from_mem(&in, text.p, text.len, 0);
	if (!rc)
		rc = gpgme_data_new(&plain);
	if (rc)
		return gnupg_fail(rc, c->home, e);
	gnupg_wait_begin(c->ctx, GNUPG_STRANGERS, &w);
	if (gnupg_wait_end(c->ctx, &w, gpgme_op_verify_start(c->ctx, in, NULL, plain)) ||
		!is_good(c))
		return 1;
	return gnupg_take(plain, out, e);
}
