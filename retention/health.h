/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * health.h - how retention itself is doing: what the ledger and the holds tell
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct session;

struct health {
	int64_t last_run_us; /* when the newest run of all stores ended; 0: none has */
	int64_t last_begin_us;
	int last_status; /* its exit status */
	bool never;      /* no ledger, or no run on it */
	bool overdue;    /* none has ended for twice the interval */
	bool cut_short;  /* the newest began, has not ended, and is not under way */
	bool refused;    /* … was refused for safety */
	bool failed;     /* systemd saw it fail, or it ended with a failure */
	bool restored;   /* from a backup, within 30 days: a person has to look at the gap */
	size_t n_ending; /* holds that end within conf->remind_s */
};

int health_look(struct session *s, struct health *ret, struct err *e);

/* Is there something that keeps the promise from being kept? */
bool health_is_bad(const struct health *h);
