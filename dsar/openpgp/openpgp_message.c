/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "dsar/openpgp/armour.h"
#include "dsar/openpgp/openpgp-private.h"

#define IO_BYTES                                                                                   \
	"131072" /* at once, an eighth of what a pipe holds; gpgme's own 512 cost a system call each */

/* --- signatures ------------------------------------------------------------------------------- */

static bool
is_weak_hash(gpgme_hash_algo_t h)
{
	return h != GPGME_MD_SHA256 && h != GPGME_MD_SHA384 && h != GPGME_MD_SHA512 &&
	       h != GPGME_MD_SHA224;
}

static bool
has_subkey(const struct _gpgme_key *k, const char *fpr)
{
	for (gpgme_subkey_t s = k->subkeys; s; s = s->next)
		if (s->fpr && strcasecmp(s->fpr, fpr) == 0)
			return true;
	return false;
}

/* `summary` says nothing where no trust was set: status and fingerprint do (and are all that counts). */
static int
signature_take(struct openpgp *p, struct openpgp_signature *ret, struct err *e)
{
	gpgme_verify_result_t result = gpgme_op_verify_result(p->ctx);
	CLEANUP_KEY gpgme_key_t key = NULL;
	gpgme_signature_t first = result ? result->signatures : NULL;
	char fpr[OPENPGP_FPR_LEN + 1] = "";
	int rc;

	*ret = (struct openpgp_signature){ 0 };
	for (gpgme_signature_t s = first; s; s = s->next)
		ret->n++;
	if (!first || ret->n != 1 || gpgme_err_code(first->status) != GPG_ERR_NO_ERROR ||
		first->wrong_key_usage || is_weak_hash(first->hash_algo) || !first->fpr ||
		strlen(first->fpr) != OPENPGP_FPR_LEN)
		return 0;
	memcpy(fpr, first->fpr, sizeof(fpr));
	rc = openpgp_find(p, fpr, &key, e); /* of a subkey: whose it is */
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (!key->fpr || strlen(key->fpr) != OPENPGP_FPR_LEN || !has_subkey(key, fpr))
		return 0;
	memcpy(ret->fpr, key->fpr, sizeof(ret->fpr));
	ret->good = true;
	return 0;
}

struct lines { /* text, with CRLF at the ends of its lines */
	struct span rest;
	bool cr;      /* the last byte given was one */
	bool pending; /* a LF is still to be given */
};

static ssize_t
lines_read(void *handle, void *buffer, size_t size)
{
	struct lines *l = handle;
	char *out = buffer;
	size_t n = 0;

	while (n < size && (l->pending || l->rest.len > 0)) {
		if (l->pending) {
			out[n++] = '\n';
			l->pending = l->cr = false;
			continue;
		}
		l->pending = *l->rest.p == '\n' && !l->cr;
		l->cr = *l->rest.p == '\r';
		out[n++] = l->pending ? '\r' : *l->rest.p;
		l->rest = span_from(l->rest, 1);
	}
	return (ssize_t)n;
}

int
openpgp_verify(struct openpgp *p, struct span text, struct span signature,
	struct openpgp_signature *ret, struct err *e)
{
	struct gpgme_data_cbs cbs = { .read = lines_read };
	struct lines l = { .rest = text };
	CLEANUP_DATA gpgme_data_t sig = NULL, data = NULL;
	gpgme_error_t rc = gpgme_data_new_from_mem(&sig, signature.p, signature.len, 0);
	struct gnupg_wait w;

	*ret = (struct openpgp_signature){ 0 };
	if (!rc)
		rc = gpgme_data_new_from_cbs(&data, &cbs, &l);
	if (rc)
		return gnupg_fail(rc, p->home, e);
	gnupg_wait_begin(p->ctx, GNUPG_STRANGERS, &w);
	rc = gnupg_wait_end(p->ctx, &w, gpgme_op_verify_start(p->ctx, sig, data, NULL));
	return rc ? 0 : signature_take(p, ret, e); /* else it is none at all */
}

/* --- decrypting ------------------------------------------------------------------------------- */

int
openpgp_decrypt(struct openpgp *p, struct span cipher, size_t max, int *ret_fd,
	struct openpgp_signature *ret, struct err *e)
{
	cleanup_fd int fd = memfd_create("decrypted", MFD_CLOEXEC);
	struct gnupg_bounded b = { fd, max };
	CLEANUP_DATA gpgme_data_t in = NULL, out = NULL;
	gpgme_error_t rc;
	struct gnupg_wait w;

	*ret = (struct openpgp_signature){ 0 };
	if (fd < 0)
		return err_memory(e);
	rc = gpgme_data_new_from_mem(&in, cipher.p, cipher.len, 0);
	if (!rc)
		rc = gnupg_bounded(&out, &b);
	if (rc)
		return gnupg_fail(rc, p->home, e);
	gnupg_wait_begin(p->ctx, GNUPG_STRANGERS, &w);
	rc = gnupg_wait_end(p->ctx, &w, gpgme_op_decrypt_verify_start(p->ctx, in, out));
	if (rc || !gnupg_decrypted(p->ctx))
		return err_fail(e, EX_DATAERR, 0, N_("a mail that cannot be decrypted"),
			N_("see that it is for our own key, whole, and of a usual size"), NULL);
	if (signature_take(p, ret, e) < 0)
		return -1;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* --- encrypting ------------------------------------------------------------------------------- */

struct source {
	openpgp_read *read;
	void *ctx;
	struct err *e;
	bool failed;
};

static ssize_t
source_read(void *handle, void *p, size_t n)
{
	struct source *s = handle;
	const ssize_t got = s->read(s->ctx, p, n, s->e);

	s->failed |= got < 0;
	if (got < 0)
		errno = EIO;
	return got;
}

static ssize_t
armour_write(void *handle, const void *p, size_t n)
{
	return armour_put(handle, span_of(p, n)) < 0 ? -1 : (ssize_t)n;
}

/* All that was asked for, and nothing else? */
static bool
is_complete(struct openpgp *p, bool sign)
{
	gpgme_encrypt_result_t enc = gpgme_op_encrypt_result(p->ctx);
	gpgme_sign_result_t sig = sign ? gpgme_op_sign_result(p->ctx) : NULL;

	if (!enc || enc->invalid_recipients)
		return false;
	return !sign || (sig && !sig->invalid_signers && sig->signatures && !sig->signatures->next);
}

/* Key FPR, if anything may be encrypted to it. */
static int
recipient_find(struct openpgp *p, const char *fpr, bool sign, gpgme_key_t *ret, struct err *e)
{
	struct openpgp_key key;

	if (openpgp_find(p, fpr, ret, e) < 0)
		return -1;
	openpgp_judge_key(*ret, SPAN_NONE, &key);
	if (key.fault != KEY_USABLE)
		return err_fail(e, EX_NOPERM, 0, openpgp_fault_text(key.fault), NULL, "%s", fpr);
	if (strcasecmp(key.fpr, fpr) != 0) /* a subkey's */
		return err_fail(e, EX_NOPERM, 0, N_("there is no such key"), NULL, "%s", fpr);
	if (sign && !p->own)
		return err_fail(e, EX_CONFIG, 0, N_("there is no key of our own"),
			N_("make one with `dsar key own --make`"), NULL);
	return 0;
}

static int
cannot_write(struct err *e)
{
	return err_fail(e, EX_IOERR, errno, N_("cannot write what was encrypted"), NULL, NULL);
}

struct recipients {
	gpgme_key_t key[OPENPGP_KEYS_MAX + 1]; /* ended by NULL */
};

static void
recipients_end(struct recipients *r)
{
	for (size_t i = 0; r->key[i]; i++)
		gpgme_key_unref(r->key[i]);
}

/* Our own key was looked up when the ring was opened, and gpg itself refuses one that has ended: four runs of gpg
 * less for each mail that is kept. */
static int
recipients_find(struct openpgp *p, const char *const *fpr, size_t n, bool sign,
	struct recipients *ret, struct err *e)
{
	if (n == 1 && p->own && strcmp(fpr[0], p->own->fpr) == 0) {
		gpgme_key_ref(p->own);
		ret->key[0] = p->own;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (recipient_find(p, fpr[i], sign, &ret->key[i], e) < 0)
			return -1;
	return 0;
}

int
openpgp_encrypt_all(struct openpgp *p, const char *const *fpr, size_t n, bool sign,
	openpgp_read *read, void *ctx, int fd, struct err *e)
{
	const gpgme_encrypt_flags_t flags = GPGME_ENCRYPT_ALWAYS_TRUST |
					    GPGME_ENCRYPT_NO_ENCRYPT_TO | GPGME_ENCRYPT_NO_COMPRESS;
	struct gpgme_data_cbs from = { .read = source_read }, into = { .write = armour_write };
	struct source s = { .read = read, .ctx = ctx, .e = e };
	struct gnupg_wait w;
	struct armour armour;
	CLEANUP_DATA gpgme_data_t in = NULL, out = NULL;
	CLEANUP(recipients_end) struct recipients to = { .key = { NULL } };
	gpgme_error_t rc;

	if (recipients_find(p, fpr, n, sign, &to, e) < 0)
		return -1;
	if (armour_begin(&armour, fd) < 0)
		return cannot_write(e);
	rc = gpgme_data_new_from_cbs(&in, &from, &s);
	if (!rc)
		rc = gpgme_data_new_from_cbs(&out, &into, &armour);
	if (!rc)
		rc = gpgme_data_set_flag(in, "io-buffer-size", IO_BYTES);
	if (!rc)
		rc = gpgme_data_set_flag(out, "io-buffer-size", IO_BYTES);
	gpgme_signers_clear(p->ctx);
	if (!rc && sign)
		rc = gpgme_signers_add(p->ctx, p->own);
	gpgme_set_armor(p->ctx, 0);
	gnupg_wait_begin(p->ctx, GNUPG_OURS, &w);
	if (!rc)
		rc = sign ? gpgme_op_encrypt_sign_start(p->ctx, to.key, flags, in, out)
			  : gpgme_op_encrypt_start(p->ctx, to.key, flags, in, out);
	rc = gnupg_wait_end(p->ctx, &w, rc);
	gpgme_set_armor(p->ctx, 1);
	if (s.failed)
		return -1;
	if (rc || !is_complete(p, sign))
		return gnupg_fail(rc ? rc : gpgme_error(GPG_ERR_GENERAL), p->home, e);
	return armour_end(&armour) < 0 ? cannot_write(e) : 0;
}

int
openpgp_encrypt(struct openpgp *p, const char *fpr, bool sign, openpgp_read *read, void *ctx,
	int fd, struct err *e)
{
	return openpgp_encrypt_all(p, &fpr, 1, sign, read, ctx, fd, e);
}

int
openpgp_seal(struct openpgp *p, struct span text, int fd, struct err *e)
{
	if (!p->sealer && sealer_new(p->home, p->own->fpr, &p->sealer, e) < 0)
		return -1;
	if (sealer_put(p->sealer, text, fd, e) == 0)
		return 0;
	p->sealer = sealer_free(p->sealer);
	return -1;
}

int
openpgp_sign(struct openpgp *p, struct span text, struct buf *out, struct err *e)
{
	CLEANUP_DATA gpgme_data_t in = NULL, made = NULL;
	gpgme_error_t rc = gpgme_data_new_from_mem(&in, text.p, text.len, 0);

	if (!rc)
		rc = gpgme_data_new(&made);
	gpgme_signers_clear(p->ctx);
	if (!rc)
		rc = gpgme_signers_add(p->ctx, p->own);
	if (!rc)
		rc = gpgme_op_sign(p->ctx, in, made, GPGME_SIG_MODE_DETACH);
	return rc ? gnupg_fail(rc, p->home, e) : gnupg_take(made, out, e);
}
