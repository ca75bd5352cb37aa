/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/due.h"

#include <string.h>

#include "evidence/hold.h"
#include "retention/session.h"

bool
due_applies(const struct conf_store *st)
{
	/* entries of the journal are another driver's, and come with it */
	return st->period_s > 0 && strcmp(st->type, "journal") != 0;
}

void
due_init(struct due *d, struct session *s, const struct conf_store *st, int64_t longest_us)
{
	int64_t keep_us = (st->period_s - s->conf->run_interval_s) * 1000000 - longest_us;

	d->cutoff_us = s->now_us - (keep_us > 0 ? keep_us : 0);
	d->old = select_before(d->cutoff_us);
	d->hold = select_ask(holds_ask(s->holds, s->now_us));
	d->duty = select_ask(duties_ask(&s->duties, s->now_us));
	d->held = select_or(&d->hold, &d->duty);
	d->unheld = select_not(&d->held);
	d->due = select_and(&d->old, &d->unheld);
}
