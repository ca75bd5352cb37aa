/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/key/keyring.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf/conf.h"
#include "record/key/day.h"
#include "record/key/wrapkey.h"

#define KEYS_HELD 16
#define DAY_S     86400

enum cause {
	CAUSE_NONE,
	CAUSE_NO_WRAPPING,
	CAUSE_BAD_WRAPPING,
	CAUSE_SEALED,
	CAUSE_FOLDER,
	CAUSE_DESTROYED,
	CAUSE_PAST,
	CAUSE_FUTURE,
	CAUSE_UNLOCKED,
	CAUSES
};

static const char *const cause_text[CAUSES] = {
	[CAUSE_NO_WRAPPING] = N_("there is no wrapping key that this process may use: pseudonyms "
				 "get throw-away keys and cannot be found again"),
	[CAUSE_BAD_WRAPPING] = N_("the wrapping key does not have 32 bytes: pseudonyms get "
				  "throw-away keys and cannot be found again"),
	[CAUSE_SEALED] = N_("systemd-creds cannot unseal the wrapping key on this machine: "
			    "pseudonyms get throw-away keys and cannot be found again"),
	[CAUSE_FOLDER] = N_(
		"the key folder cannot be used, it has to be there and to be ours alone "
		"(mode 0700): pseudonyms get throw-away keys and cannot be found again"),
	[CAUSE_DESTROYED] = N_("the key of this day is destroyed: a throw-away key serves"),
	[CAUSE_PAST] = N_("this day is older than the longest period: a throw-away key serves"),
	[CAUSE_FUTURE] = N_("this day lies in the future: a throw-away key serves"),
	[CAUSE_UNLOCKED] = N_("the memory of the keys cannot be locked and may be swapped: raise "
			      "RLIMIT_MEMLOCK"),
};

struct held {
	uint64_t used; /* 0: free; else when it was asked for last */
	int32_t day;
	bool throwaway;
	uint8_t key[KEY_LEN];
};

/* All that is secret, in memory that is locked, not dumped, fenced by guard pages and wiped. */
struct secrets {
	uint8_t wrap[KEY_LEN];
	uint8_t throwaway[KEY_LEN]; /* what throw-away keys are derived from */
	struct held held[KEYS_HELD];
};

struct keyring {
	struct secrets *secrets;
	struct held *last;    /* the one asked for last, or NULL */
	struct keydir *dir;   /* NULL: there is none */
	enum cause broken;    /* why every key is a throw-away one; CAUSE_NONE: they are not */
	int32_t longest_days; /* the longest period, in days that it touches */
	int32_t before;       /* days before this one are destroyed, as far as we know */
	uint64_t n_asked;     /* the clock of `used` */
	keyring_notice *notice;
	void *ctx;
	unsigned said; /* bits of enum cause */
};

static void
keyring_say(struct keyring *k, enum cause why, int32_t day, bool has_day)
{
	char text[DAY_TEXT_MAX] = "";

	if (k->said & (1u << why))
		return;
	k->said |= 1u << why;
	if (has_day)
		(void)day_format(day, text);
	if (k->notice)
		k->notice(k->ctx, cause_text[why], text);
}

static int
secrets_new(struct keyring *k, struct err *e)
{
	k->secrets = sodium_malloc(sizeof(*k->secrets));
	if (!k->secrets)
		return err_memory(e);
	sodium_memzero(k->secrets, sizeof(*k->secrets));
	/* sodium_malloc() locks, but does not tell when it could not. */
	if (sodium_mlock(k->secrets, sizeof(*k->secrets)) < 0)
		keyring_say(k, CAUSE_UNLOCKED, 0, false);
	randombytes_buf(k->secrets->throwaway, KEY_LEN);
	return 0;
}

/* Opens the folder if there is a wrapping key to use it with; tells why not. */
static enum cause
folder_find(struct keyring *k, const struct conf *c)
{
	static const enum cause why[] = {
		[WRAPKEY_FOUND] = CAUSE_NONE,
		[WRAPKEY_NONE] = CAUSE_NO_WRAPPING,
		[WRAPKEY_INVALID] = CAUSE_BAD_WRAPPING,
		[WRAPKEY_SEALED] = CAUSE_SEALED,
	};
	enum wrapkey_found found = wrapkey_find(c, k->secrets->wrap);
	int rc = keydir_open(c->key_dir, found == WRAPKEY_FOUND, &k->dir, NULL);

	if (found != WRAPKEY_FOUND)
		return why[found];
	return rc < 0 ? CAUSE_FOLDER : CAUSE_NONE;
}

int
keyring_open(const struct conf *c, keyring_notice *notice, void *ctx, struct keyring **ret,
	struct err *e)
{
	CLEANUP(keyring_freep) struct keyring *k = NULL;

	if (sodium_init() < 0)
		return err_fail(e, EX_OSERR, 0, N_("libsodium does not start"), NULL, NULL);
	k = calloc(1, sizeof(*k));
	if (!k)
		return err_memory(e);
	k->notice = notice;
	k->ctx = ctx;
	k->before = INT32_MIN;
	k->longest_days = (int32_t)((c->longest_period_s + DAY_S - 1) / DAY_S);
	if (secrets_new(k, e) < 0)
		return -1;
	k->broken = folder_find(k, c);
	if (k->broken != CAUSE_NONE)
		keyring_say(k, k->broken, 0, false);
	*ret = TAKE(k);
	return 0;
}

struct keyring *
keyring_free(struct keyring *k)
{
	if (k) {
		sodium_free(k->secrets); /* wipes */
		keydir_free(k->dir);
	}
	free(k);
	return NULL;
}

/* Why DAY can have no key of its own, from what is known without looking. */
static enum cause
day_judge(const struct keyring *k, int32_t day)
{
	int32_t today = day_today();

	if (k->broken != CAUSE_NONE)
		return k->broken;
	if (day < k->before)
		return CAUSE_DESTROYED;
	if (day < today - k->longest_days)
		return CAUSE_PAST;
	return day > today + 1 ? CAUSE_FUTURE : CAUSE_NONE;
}

static void
throwaway_derive(struct keyring *k, struct held *h)
{
	static const uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = "sparsam-throw";
	uint8_t day[4];

	memcpy(day, &h->day, sizeof(day)); /* of this process alone: its own byte order will do */
	crypto_generichash_blake2b_salt_personal(
		h->key, KEY_LEN, day, sizeof(day), k->secrets->throwaway, KEY_LEN, NULL, personal);
	h->throwaway = true;
}

/* The place for one more key: a free one, else that which was not asked for the longest. */
static struct held *
held_place(struct keyring *k)
{
	struct held *best = &k->secrets->held[0];

	for (size_t i = 1; i < KEYS_HELD; i++)
		if (k->secrets->held[i].used < best->used)
			best = &k->secrets->held[i];
	sodium_memzero(best, sizeof(*best));
	return best;
}

static struct held *
held_find(const struct keyring *k, int32_t day)
{
	for (size_t i = 0; i < KEYS_HELD; i++)
		if (k->secrets->held[i].used != 0 && k->secrets->held[i].day == day)
			return &k->secrets->held[i];
	return NULL;
}

/* Gets DAY's key into a place of its own. */
static int
held_get(struct keyring *k, int32_t day, struct held **ret, struct err *e)
{
	enum cause why = day_judge(k, day);
	struct held *h = held_place(k);
	int rc = 0;

	if (h == k->last)
		k->last = NULL;
	h->day = day;
	if (why == CAUSE_NONE) {
		rc = keydir_make(k->dir, day, k->secrets->wrap, h->key, e);
		if (rc < 0)
			return -1;
		if (rc > 0)
			why = CAUSE_DESTROYED;
	}
	if (why != CAUSE_NONE) {
		throwaway_derive(k, h);
		keyring_say(k, why, day, why != k->broken);
	}
	*ret = h;
	return 0;
}

int
keyring_key(struct keyring *k, int32_t day, const uint8_t **ret, struct err *e)
{
	struct held *h = k->last;

	if (!h || h->day != day) {
		h = held_find(k, day);
		if (!h && held_get(k, day, &h, e) < 0)
			return -1;
		h->used = ++k->n_asked;
		k->last = h;
	}
	*ret = h->key;
	return 0;
}

bool
keyring_has(struct keyring *k, int32_t day)
{
	struct held *h = held_find(k, day);

	if (h)
		return !h->throwaway;
	if (day_judge(k, day) != CAUSE_NONE)
		return false;
	h = held_place(k);
	if (h == k->last)
		k->last = NULL;
	if (keydir_read(k->dir, day, k->secrets->wrap, h->key, NULL) != 0)
		return false;
	h->day = day;
	h->used = ++k->n_asked;
	return true;
}

int32_t
keyring_destroyed(const struct keyring *k)
{
	int32_t before;

	return k->dir && keydir_destroyed(k->dir, &before, NULL) == 0 ? before : INT32_MIN;
}

bool
keyring_is_broken(const struct keyring *k)
{
	return k->broken != CAUSE_NONE;
}

bool
keyring_is_throwaway(const struct keyring *k, int32_t day)
{
	const struct held *h = held_find(k, day);

	return h ? h->throwaway : true;
}

bool
keyring_refresh(struct keyring *k)
{
	bool any = false;

	if (!k->dir)
		return false;
	/* A mark that cannot be read leaves what is known; making the next key will say so. */
	(void)keydir_destroyed(k->dir, &k->before, NULL);
	for (size_t i = 0; i < KEYS_HELD; i++) {
		struct held *h = &k->secrets->held[i];

		if (h->used == 0 || h->throwaway == (day_judge(k, h->day) != CAUSE_NONE))
			continue;
		if (h == k->last)
			k->last = NULL;
		sodium_memzero(h, sizeof(*h));
		any = true;
	}
	return any;
}

int
keyring_destroy_before(struct keyring *k, int32_t day, unsigned *ret_n, struct err *e)
{
	if (!k->dir)
		return err_fail(e, EX_NOPERM, 0, N_("the key folder cannot be used"),
			N_("it has to be there and to be ours alone, mode 0700"), NULL);
	if (keydir_destroy_before(k->dir, day, ret_n, e) < 0)
		return -1;
	(void)keyring_refresh(k);
	return 0;
}
