/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <sodium.h>

#include "base/file/scratch.h"
#include "dsar/openpgp/openpgp-private.h"

#define BITS_MIN   2048
#define IMPORT_MAX (4U << 20) /* bytes of what is public in a file of keys, armoured */
#define ARMOUR     "-----BEGIN PGP PUBLIC KEY BLOCK-----"

const char *
openpgp_fault_text(enum openpgp_fault f)
{
	static const char *const texts[KEY_FAULTS] = {
		[KEY_USABLE] = N_("the key can be used"),
		[KEY_UNKNOWN] = N_("there is no such key"),
		[KEY_EXPIRED] = N_("the key has expired"),
		[KEY_REVOKED] = N_("the key was revoked by its owner"),
		[KEY_WEAK] = N_("the key is too weak (RSA under 2048 bits, or DSA)"),
		[KEY_VERSION] = N_(
			"the key is of version 6, which we cannot use; ask for one of version 4"),
		[KEY_NO_ENCRYPTION] = N_("nothing can be encrypted to the key"),
		[KEY_NO_USER] = N_(
			"no valid user id stands in the key, or only one signed by SHA-1"),
		[KEY_SECRET] = N_(
			"it is a secret key, which its owner should never give away; ask for a new one"),
		[KEY_UNREADABLE] = N_("there is no key in it"),
	};
	return texts[f];
}

int
openpgp_find(struct openpgp *p, const char *fpr, gpgme_key_t *ret, struct err *e)
{
	gpgme_error_t rc;

	if (strlen(fpr) != OPENPGP_FPR_LEN ||
		strspn(fpr, "0123456789ABCDEFabcdef") != OPENPGP_FPR_LEN)
		return 1;
	rc = gpgme_get_key(p->ctx, fpr, ret, 0);
	if (gpgme_err_code(rc) == GPG_ERR_EOF || gpgme_err_code(rc) == GPG_ERR_AMBIGUOUS_NAME)
		return 1;
	return rc ? gnupg_fail(rc, p->home, e) : 0;
}

static bool
is_weak(const struct _gpgme_subkey *k)
{
	switch (k->pubkey_algo) {
	case GPGME_PK_RSA:
	case GPGME_PK_RSA_E:
	case GPGME_PK_RSA_S:
	case GPGME_PK_ELG:
	case GPGME_PK_ELG_E:
		return k->length < BITS_MIN;
	case GPGME_PK_DSA:
		return true;
	default:
		return false;
	}
}

static enum openpgp_fault
fault_of(gpgme_key_t key)
{
	enum openpgp_fault f = KEY_NO_ENCRYPTION;

	if (key->revoked)
		return KEY_REVOKED;
	if (key->expired)
		return KEY_EXPIRED;
	if (key->disabled || key->invalid)
		return KEY_NO_ENCRYPTION;
	if (is_weak(key->subkeys))
		return KEY_WEAK;
	for (gpgme_subkey_t k = key->subkeys; k; k = k->next) {
		if (!k->can_encrypt || k->revoked || k->disabled || k->invalid)
			continue;
		if (k->expired)
			f = f == KEY_NO_ENCRYPTION ? KEY_EXPIRED : f;
		else if (is_weak(k))
			f = KEY_WEAK;
		else
			return KEY_USABLE;
	}
	return f;
}

static bool
has_address(gpgme_key_t key, struct span address)
{
	for (gpgme_user_id_t u = key->uids; u; u = u->next)
		if (!u->revoked && !u->invalid && u->address && address.len > 0 &&
			strlen(u->address) == address.len &&
			strncasecmp(u->address, address.p, address.len) == 0)
			return true;
	return false;
}

void
openpgp_judge_key(gpgme_key_t key, struct span address, struct openpgp_key *ret)
{
	*ret = (struct openpgp_key){ .fault = KEY_UNKNOWN };
	if (!key || !key->fpr || strlen(key->fpr) != OPENPGP_FPR_LEN || !key->subkeys)
		return;
	memcpy(ret->fpr, key->fpr, sizeof(ret->fpr));
	ret->fault = fault_of(key);
	ret->has_address = has_address(key, address);
	ret->bits = key->subkeys->length;
	ret->expires_us = (int64_t)key->subkeys->expires * 1000000;
}

int
openpgp_judge(struct openpgp *p, const char *fpr, struct span address, struct openpgp_key *ret,
	struct err *e)
{
	CLEANUP_KEY gpgme_key_t key = NULL;

	if (openpgp_find(p, fpr, &key, e) < 0)
		return -1;
	openpgp_judge_key(key, address, ret);
	return 0;
}

int
openpgp_export(struct openpgp *p, const char *fpr, struct buf *out, struct err *e)
{
	CLEANUP_DATA gpgme_data_t made = NULL;
	gpgme_error_t rc = gpgme_data_new(&made);

	if (!rc)
		rc = gpgme_op_export(p->ctx, fpr, GPGME_EXPORT_MODE_MINIMAL, made);
	return rc ? gnupg_fail(rc, p->home, e) : gnupg_take(made, out, e);
}

/* --- candidates ------------------------------------------------------------------------------- */

/* The first bytes of BLOB, out of its armour. */
static size_t
first_bytes(struct span blob, unsigned char *ret, size_t size)
{
	const char *at = memmem(blob.p, blob.len, ARMOUR, strlen(ARMOUR));
	char line[65] = "";
	size_t n = 0, len = 0;

	if (!at) {
		n = blob.len < size ? blob.len : size;
		memcpy(ret, blob.p, n);
		return n;
	}
	at = memmem(at, blob.len - (size_t)(at - blob.p), "\n\n", 2);
	if (!at)
		at = memmem(blob.p, blob.len, "\r\n\r\n", 4);
	if (!at)
		return 0;
	for (; at < blob.p + blob.len && len < 64; at++)
		if (*at != '\r' && *at != '\n')
			line[len++] = *at;
	/* whole groups of four come out of what is cut short */
	(void)sodium_base642bin(
		ret, size, line, len & ~(size_t)3, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL);
	return n;
}

/* RFC 9580 section 4.2: a packet of tag 6 (public key), whose body begins with its version. */
static bool
is_version_6(struct span blob)
{
	unsigned char b[64] = { 0 };
	size_t n = first_bytes(blob, b, sizeof(b)), at;

	if (n < 8)
		return false;
	if ((b[0] & 0xc0) == 0xc0 && (b[0] & 0x3f) == 6)
		at = b[1] < 192 ? 2 : b[1] < 224 ? 3 : b[1] == 255 ? 6 : 2;
	else if ((b[0] & 0xfc) == 0x98)
		at = (b[0] & 3) == 0 ? 2 : (b[0] & 3) == 1 ? 3 : 5;
	else
		return false;
	return b[at] == 6;
}

/* Imports BLOB into P. NULL: nothing is known of what came of it. */
static gpgme_import_result_t
import_blob(struct openpgp *p, struct span blob)
{
	CLEANUP_DATA gpgme_data_t in = NULL;
	gpgme_error_t rc = gpgme_data_new_from_mem(&in, blob.p, blob.len, 0);
	struct gnupg_wait w;

	gnupg_wait_begin(p->ctx, GNUPG_STRANGERS, &w);
	rc = gnupg_wait_end(p->ctx, &w, rc ? rc : gpgme_op_import_start(p->ctx, in));
	return rc ? NULL : gpgme_op_import_result(p->ctx);
}

/* What of BLOB is public keys, by way of a home that goes again: gpg takes secret keys with the others, and those
 * of our ring's agent are our own. */
static int
import_apart(struct span blob, struct buf *out, enum openpgp_fault *ret_fault, struct err *e)
{
	CLEANUP(openpgp_freep) struct openpgp *apart = NULL;
	CLEANUP_DATA gpgme_data_t keys = NULL;
	gpgme_import_result_t result;
	char home[SCRATCH_MAX];
	int rc;

	if (scratch_make(home, e) < 0)
		return -1;
	rc = openpgp_open_at(home, &apart, e);
	result = rc == 0 ? import_blob(apart, blob) : NULL;
	if (is_version_6(blob))
		*ret_fault = KEY_VERSION;
	else if (result && result->secret_read > 0)
		*ret_fault = KEY_SECRET;
	else
		*ret_fault = result && result->no_user_id > 0 ? KEY_NO_USER : KEY_UNREADABLE;
	if (rc == 0 && result && result->secret_read == 0 && result->imported > 0) {
		gpgme_error_t why = gpgme_data_new(&keys);

		if (!why)
			why = gpgme_op_export(apart->ctx, NULL, 0, keys);
		rc = why ? gnupg_fail(why, home, e) : gnupg_take(keys, out, e);
	}
	apart = openpgp_free(apart); /* its agent, before its folder */
	scratch_remove(home);
	return rc;
}

int
openpgp_import(struct openpgp *p, struct span blob, struct openpgp_key *ret, size_t max,
	size_t *ret_n, enum openpgp_fault *ret_fault, struct err *e)
{
	CLEANUP(buf_release) struct buf keys = { .max = IMPORT_MAX };
	gpgme_import_result_t result;
	size_t n = 0;

	*ret_n = 0;
	if (import_apart(blob, &keys, ret_fault, e) < 0)
		return -1;
	result = keys.len > 0 ? import_blob(p, span_of(keys.p, keys.len)) : NULL;
	for (gpgme_import_status_t s = result ? result->imports : NULL; s && n < max; s = s->next) {
		char fpr[OPENPGP_FPR_LEN + 1];

		if (s->result || !s->fpr || strlen(s->fpr) != OPENPGP_FPR_LEN)
			continue;
		memcpy(fpr, s->fpr, sizeof(fpr)); /* the next call of gpgme ends the list */
		memcpy(ret[n++].fpr, fpr, sizeof(fpr));
	}
	for (size_t i = 0; i < n; i++) {
		char fpr[OPENPGP_FPR_LEN + 1];

		memcpy(fpr, ret[i].fpr, sizeof(fpr));
		if (openpgp_judge(p, fpr, SPAN_NONE, &ret[i], e) < 0)
			return -1;
	}
	*ret_n = n;
	return 0;
}
