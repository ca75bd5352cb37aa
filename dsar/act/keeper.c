/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/act/keeper.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dsar/session.h"
#include "evidence/duty.h"
#include "evidence/hold.h"
#include "evidence/hold_known.h"
#include "record/record.h"

struct why {
	struct keeper *keeper;
	char *ground; /* NULL: only whether */
	size_t len;
	int64_t until_us;
	bool kept;
};

static void __attribute__((format(printf, 3, 4)))
add(struct why *w, int64_t until_us, const char *fmt, ...)
{
	va_list ap;
	int n;

	w->kept = true;
	if (until_us > w->until_us)
		w->until_us = until_us;
	if (!w->ground)
		return;
	if (w->len > 0 && w->len + 2 < KEEPER_GROUND_MAX)
		w->len += (size_t)sprintf(w->ground + w->len, "; ");
	va_start(ap, fmt);
	n = vsnprintf(w->ground + w->len, KEEPER_GROUND_MAX - w->len, fmt, ap);
	va_end(ap);
	w->len = n < 0 || w->len + (size_t)n >= KEEPER_GROUND_MAX ? KEEPER_GROUND_MAX - 1
								  : w->len + (size_t)n;
}

static const struct hold *
hold_of(const struct keeper *k, uint64_t id)
{
	const struct hold *v;
	const size_t n = holds_list(k->session->holds, &v);

	for (size_t i = 0; i < n; i++)
		if (v[i].id == id)
			return &v[i];
	return NULL;
}

static void
see_hold(void *ctx, uint64_t id)
{
	struct why *w = ctx;
	const struct hold *h = hold_of(w->keeper, id);

	if (h && strcmp(h->incident, w->keeper->own) == 0)
		return;
	/* one of single records is for as long as its case wants it */
	add(w, h && h->match != HOLD_RECORDS ? h->expires_us : INT64_MAX, "hold %llu (%s)",
		(unsigned long long)id, h ? h->incident : "?");
}

static bool
look(struct keeper *k, const struct record *r, struct why *w)
{
	const struct conf *c = k->session->conf;
	const int64_t now_us = k->session->now_us;

	w->keeper = k;
	w->until_us = INT64_MIN;
	if (r->store->not_erased)
		add(w, INT64_MAX, "%s", r->store->not_erased);
	holds_each(k->session->holds, r, now_us, see_hold, w);
	for (size_t i = 0; i < c->n_duties; i++)
		if (duty_covers(&c->duty[i], r, now_us))
			add(w, duty_until_us(&c->duty[i], r), "%s (%s)", c->duty[i].law,
				c->duty[i].name);
	return w->kept;
}

bool
keeper_why(struct keeper *k, const struct record *r, char ret_ground[KEEPER_GROUND_MAX],
	int64_t *ret_until_us)
{
	struct why w = { .ground = ret_ground };

	ret_ground[0] = '\0';
	(void)look(k, r, &w);
	*ret_until_us = w.until_us;
	return w.kept;
}

static bool
ask_record(void *ctx, const struct record *r)
{
	struct why w = { 0 };

	return look(ctx, r, &w);
}

int
keeper_init(struct keeper *k, struct session *s, const char *own, struct err *e)
{
	*k = (struct keeper){
		.session = s, .own = own, .question = { .ctx = k, .record = ask_record }
	};
	return hold_known_stores(s->holds, s->conf, own, s->now_us, e);
}

const struct selector *
keeper_spare(struct keeper *k, const struct selector *of)
{
	k->kept = select_ask(&k->question);
	k->not_kept = select_not(&k->kept);
	k->spared = select_and(of, &k->not_kept);
	return &k->spared;
}
