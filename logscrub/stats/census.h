/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * census.h - who is in a meeting now, without knowing who
 *
 * Meetings, people and their sessions are keyed hashes of 64 bits from the moment on at which their
 * ids have been read, and forgotten when their meeting ends. What goes on from here are numbers.
 *
 * The counting rule, the same for the API and for log lines, so that both come to the same numbers:
 * there is a mark at each whole minute, and who is there at a mark is counted at it. A meeting or a
 * breakout room counts once, at the first mark at which somebody is in it; a person once a meeting,
 * however often and from however many browsers they come; minutes are marks. Who comes and goes
 * between two marks is not counted, but for peaks: log lines tell them at any time, polls only at
 * marks. People in breakout rooms are in the meeting above, too, and are counted there alone.
 *
 * One thread per census. A minute is counted since 1970.
 */
#pragma once
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "logscrub/stats/tally.h"

#define CENSUS_KEY_LEN   32
#define CENSUS_SLOTS_MAX (1u << 18) /* 8 MiB: hashes, in all */
#define CENSUS_QUIET_MAX 1440 /* minutes without a line after which nobody is there any more */
#define CENSUS_IDLE_MAX  60   /* … by the clock alone */
#define CENSUS_GAP_MAX   10   /* minutes without a poll that are filled in */

#define MINUTE_US (INT64_C(60) * 1000000)
#define NO_MINUTE INT64_MIN

struct census;

/* KEY is copied. The caller owns *ret; all of it is wiped at its end. */
int census_new(const uint8_t key[CENSUS_KEY_LEN], struct census **ret, struct err *e);
struct census *census_free(struct census *c);
DEFINE_CLEANUP(struct census, census_free)

/* An id becomes its hash, in one go or piece by piece; the hash of a person is tied to a meeting by
 * what is done with it. Never 0. */
struct census_hash {
	crypto_generichash_state state;
};
void census_hash_begin(const struct census *c, struct census_hash *h);
void census_hash_add(struct census_hash *h, const void *p, size_t n);
uint64_t census_hash_end(struct census_hash *h); /* wipes H */
uint64_t census_hash(const struct census *c, struct span id);

int64_t census_minute(const struct census *c); /* the last mark that was counted, or NO_MINUTE */
int64_t census_rooms(const struct census *c);  /* meetings with somebody in them */
int64_t census_people(const struct census *c);
uint64_t census_n_lost(const struct census *c); /* what had no place any more: CENSUS_SLOTS_MAX */

/* --- from log lines, in the order of their times ---------------------------------------------- */

/* Counts the marks before T_US with those who are there. To be called before what happens at T_US
 * is told. */
void census_advance(struct census *c, int64_t t_us, struct tally *t);

/* Counts the marks up to the clock's T_US, when no lines are waiting; after a long sleep nobody is
 * there. */
void census_idle(struct census *c, int64_t t_us, struct tally *t);

/* Each may be told again of what it knows already, as after a crash. */
void census_room(struct census *c, uint64_t meeting, bool breakout);
void census_join(struct census *c, uint64_t meeting, uint64_t person, uint64_t session);
void census_leave(struct census *c, uint64_t meeting, uint64_t session);
void census_end(struct census *c, uint64_t meeting);
void census_empty(struct census *c); /* all meetings are over */

/* Raises the peaks of T_US's hour. */
void census_peak(const struct census *c, int64_t t_us, struct tally *t);

/* --- from one answer of the API --------------------------------------------------------------- */

struct census_media {
	int64_t microphones, listeners, cameras;
};

/* One of a meeting's people; then the meeting itself. */
void census_present(struct census *c, uint64_t meeting, uint64_t person);
void census_sampled(struct census *c, uint64_t meeting, bool breakout);

/* C, filled from an answer at T_US, follows OLD (NULL: there is none), from which it takes who was
 * counted already. Counts the mark of T_US's minute, if OLD has not, and fills in up to
 * CENSUS_GAP_MAX marks without a poll with those who were there before and after. */
void census_follow(struct census *c, const struct census *old, int64_t t_us,
	const struct census_media *m, struct tally *t);

/* --- from one process to the next (counting.h) --------------------------------------------- */

void census_save(const struct census *c, struct buf *b);
/* False: S is none, and C as it was. The key is not in it. */
bool census_load(struct census *c, struct span s);
