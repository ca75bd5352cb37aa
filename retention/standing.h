/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * standing.h - how a store stands against its period, now, read from the store itself
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"

struct hold;
struct mounts;
struct session;

enum light { LIGHT_GREEN, LIGHT_YELLOW, LIGHT_RED };

struct standing {
	const struct conf_store *store;
	bool absent; /* its product is not on this machine */
	bool empty;  /* nothing in it that is not kept */
	bool failed; /* could not be read; said already */
	bool late;   /* its oldest record is past its period */
	bool moved; /* it lies on another mount than a run has noted (mounts.h): the next is refused */
	int64_t age_s; /* of the oldest record that neither hold nor duty covers */
	size_t n_holds, n_duties, n_ending; /* holds that end within conf->remind_s */
	uint64_t n_notes;                   /* of what a run could not erase here */
	struct store_size size;
	enum light
		light; /* red: late, failed, moved, or required and absent; yellow: n_ending or n_notes */
};

/* All stores that retention serves and that are there, or required. The caller frees *RET. */
size_t standing_all(struct session *s, struct standing **ret);

/* "6.2 d", "3.0 h", "12 s" */
void standing_age(int64_t s, char ret[32]);

/* How long records of ST stay: an age, or "until erased", translated. */
void standing_period(const struct conf_store *st, char ret[32]);

const char *light_name(enum light l); /* "green", …: as in JSON */
bool hold_is_ending(const struct session *s, const struct hold *d);
