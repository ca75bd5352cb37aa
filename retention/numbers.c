/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/numbers.h"

#include <inttypes.h>

#include "base/print/prom.h"
#include "retention/session.h"
#include "retention/standing.h"

static int64_t
oldest_of(const struct standing *st)
{
	return st->empty ? 0 : st->age_s;
}

static int64_t
period_of(const struct standing *st)
{
	return st->store->period_s;
}

static int64_t
holds_of(const struct standing *st)
{
	return (int64_t)st->n_holds;
}

static const struct {
	const char *name, *help;
	int64_t (*value)(const struct standing *st);
} metrics[] = {
	{ "sparsam_oldest_record_seconds",
		"Age of the oldest record that neither hold nor duty covers.", oldest_of },
	{ "sparsam_period_seconds", "The age that none of them may reach.", period_of },
	{ "sparsam_holds", "Holds in force that cover the store.", holds_of },
};

int
numbers_write(
	struct session *s, const struct standing *v, size_t n, int64_t last_run_us, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = PROM_MAX };

	for (size_t k = 0; k < sizeof(metrics) / sizeof(metrics[0]); k++) {
		prom_head(&b, metrics[k].name, "gauge", metrics[k].help);
		for (size_t i = 0; i < n; i++) {
			if (v[i].failed || v[i].absent || v[i].store->until_erased)
				continue; /* no number is told that nobody knows */
			buf_printf(&b, "%s{", metrics[k].name);
			prom_label(&b, "store", v[i].store->name);
			buf_printf(&b, "} %" PRId64 "\n", metrics[k].value(&v[i]));
		}
	}
	/* the same words as in logscrub's file: one metric has one help */
	prom_head(
		&b, "sparsam_last_run_seconds", "gauge", "When a program last wrote its numbers.");
	buf_printf(&b, "sparsam_last_run_seconds{program=\"retention\"} %" PRId64 "\n",
		last_run_us / 1000000);
	return prom_write(s->conf->metrics_dir, NUMBERS_FILE, &b, e);
}
