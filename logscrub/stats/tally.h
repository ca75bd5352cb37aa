/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tally.h - what was counted, by the hour
 *
 * Numbers alone: nothing in here says who or what was counted. An hour is that of UTC, as whole
 * hours since 1970. Numbers of a hour add up, but for peaks, which are the greatest of all.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum tally_field {
	TALLY_POLLS,           /* answers of the API that were counted */
	TALLY_MEETINGS,        /* that began: the first mark at which somebody was there */
	TALLY_PARTICIPANTS,    /* people of a meeting, each once a meeting */
	TALLY_BREAKOUTS,       /* breakout rooms that began; whoever is in one is counted above */
	TALLY_MEETING_MINUTES, /* marks at which a meeting had somebody in it */
	TALLY_PARTICIPANT_MINUTES, /* marks at which somebody was there */
	TALLY_MICROPHONE_MINUTES,
	TALLY_CAMERA_MINUTES,
	TALLY_PEAK_MEETINGS, /* from here on: at one time */
	TALLY_PEAK_PARTICIPANTS,
	TALLY_PEAK_MICROPHONES,
	TALLY_PEAK_LISTENERS,
	TALLY_PEAK_CAMERAS,
	TALLY_FIELDS
};

/* "meetings", "peak_cameras": columns of the database, keys of the JSON. */
const char *tally_name(enum tally_field f);
bool tally_is_peak(enum tally_field f);
bool tally_is_media(enum tally_field f); /* only the API tells of it */

struct tally_hour {
	int64_t hour;
	int64_t n[TALLY_FIELDS];
};

struct tally {
	struct tally_hour *v;
	size_t n, cap;
	bool failed; /* memory was out: something is missing */
};

/* A zeroed struct is an empty tally. */
void tally_release(struct tally *t);
void tally_clear(struct tally *t);

/* Adds N to a sum, or raises a peak to N. */
void tally_add(struct tally *t, int64_t hour, enum tally_field f, int64_t n);

/* Adds B to A. */
void tally_merge(struct tally_hour *a, const struct tally_hour *b);

/* The declared rule for numbers that leave this program: to the nearest multiple of TO, ties
 * upwards, but never from something to nothing: what is not 0 is at least TO. TO 1 leaves them as
 * they are. It never falls where N rises. */
int64_t tally_round(int64_t n, int64_t to);
