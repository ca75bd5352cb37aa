/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * duty.h - laws under which records are restricted instead of erased
 *
 * A duty (base/conf/conf.h: duty "NAME" { … }) keeps what it covers like a hold does, under its own name,
 * and ends by itself: at a day, or so many years after the calendar year that a record is of
 * (Section 147(4) AO, Section 257(5) HGB). Deletion then goes on as if it had never been. A record
 * without a time cannot be told to be outside, so it is under the duty.
 *
 * Source: GDPR Art. 17(3)(b), 18; DIN 66398 6.6. Pure but for `struct duties`, which only remembers
 * what time it is.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/conf/conf.h"
#include "store/selector.h"

struct duties {
	const struct conf *conf; /* borrowed */
	int64_t now_us;
	struct select_question question;
};

void duties_init(struct duties *d, const struct conf *c);

/* "Is it under a duty at NOW_US?", for selectors; borrowed from D, which must not move. */
const struct select_question *duties_ask(struct duties *d, int64_t now_us);

/* Does Y still cover anything at NOW_US? One that counts by years alone always may. */
bool duty_stands(const struct conf_duty *y, int64_t now_us);
bool duty_covers(const struct conf_duty *y, const struct record *r, int64_t now_us);

/* Until when Y covers R, if it does; INT64_MAX: without end. */
int64_t duty_until_us(const struct conf_duty *y, const struct record *r);

/* How many duties that stand may cover records of S. */
size_t duties_of_store(const struct conf *c, const struct conf_store *s, int64_t now_us);
