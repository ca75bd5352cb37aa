/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * metrics_print.c - the counters for people and programs
 */
#include <inttypes.h>

#include "base/print/print.h"
#include "logscrub/metrics/metrics-private.h"

static bool
is_busy(const struct metrics_store *s)
{
	uint64_t n = s->n_read + s->n_written + s->pending + s->trouble;

	for (unsigned i = 0; i < DROP_REASONS; i++)
		n += s->n_dropped[i];
	return n > 0;
}

static uint64_t
sum(const uint64_t *n, unsigned count)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < count; i++)
		all += n[i];
	return all;
}

static void
print_json(const struct metrics *m, struct print *p)
{
	for (size_t i = 0; i < m->n_stores; i++) {
		const struct metrics_store *s = &m->store[i];
		char key[64];

		print_begin(p);
		print_str(p, "store", span_str(s->name));
		print_int(p, "read", (int64_t)s->n_read);
		print_int(p, "written", (int64_t)s->n_written);
		for (unsigned r = DROP_NONE + 1; r < DROP_REASONS; r++) {
			(void)snprintf(key, sizeof(key), "dropped_%s",
				drop_reason_name((enum drop_reason)r));
			for (char *c = key; *c != '\0'; c++)
				*c = *c == '-' ? '_' : *c;
			print_int(p, key, (int64_t)s->n_dropped[r]);
		}
		for (unsigned t = 0; t < DETECT_TYPES; t++) {
			(void)snprintf(
				key, sizeof(key), "hits_%s", detect_type_name((enum detect_type)t));
			print_int(p, key, (int64_t)s->n_hits[t]);
		}
		print_int(p, "pending", (int64_t)s->pending);
		print_bool(p, "trouble", s->trouble);
		print_end(p);
	}
	for (size_t i = 0; i < m->n_sources; i++) {
		print_begin(p);
		print_str(p, "source", span_str(m->source[i].name));
		print_int(p, "failures", (int64_t)m->source[i].n_failed);
		if (m->source[i].lag_us >= 0)
			print_int(p, "lag_ms", m->source[i].lag_us / 1000);
		print_end(p);
	}
}

static void
print_row(struct print_table *t, const struct metrics_store *s)
{
	print_table_cell(t, false, "%s", s->name[0] != '\0' ? s->name : "(no store)");
	print_table_cell(t, true, "%" PRIu64, s->n_read);
	print_table_cell(t, true, "%" PRIu64, s->n_written);
	print_table_cell(t, true, "%" PRIu64, sum(s->n_dropped, DROP_REASONS));
	print_table_cell(t, true, "%" PRIu64, sum(s->n_hits, DETECT_TYPES));
	print_table_cell(t, true, "%zu%s", s->pending, s->trouble ? " !" : "");
}

/* Only what was dropped needs a word on why. */
static void
print_reasons(const struct metrics *m, struct print *p)
{
	struct print_table *t = print_table_new(3);

	print_table_cell(t, false, "DROPPED");
	print_table_cell(t, false, "REASON");
	print_table_cell(t, true, "LINES");
	for (size_t i = 0; i < m->n_stores; i++) {
		const struct metrics_store *s = &m->store[i];

		for (unsigned r = DROP_NONE + 1; r < DROP_REASONS; r++) {
			if (s->n_dropped[r] == 0)
				continue;
			print_table_cell(
				t, false, "%s", s->name[0] != '\0' ? s->name : "(no store)");
			print_table_cell(t, false, "%s", drop_reason_name((enum drop_reason)r));
			print_table_cell(t, true, "%" PRIu64, s->n_dropped[r]);
		}
	}
	print_table_free(t, p);
}

static void
print_sources(const struct metrics *m, struct print *p)
{
	struct print_table *t = print_table_new(3);

	print_table_cell(t, false, "SOURCE");
	print_table_cell(t, true, "FAILURES");
	print_table_cell(t, true, "LAG");
	for (size_t i = 0; i < m->n_sources; i++) {
		print_table_cell(t, false, "%s", m->source[i].name);
		print_table_cell(t, true, "%" PRIu64, m->source[i].n_failed);
		if (m->source[i].lag_us < 0)
			print_table_cell(t, true, "-");
		else
			print_table_cell(t, true, "%.1fs", (double)m->source[i].lag_us / 1e6);
	}
	print_table_free(t, p);
}

void
metrics_print(const struct metrics *m, struct print *p)
{
	static const char *const head[] = { "STORE", "READ", "WRITTEN", "DROPPED", "HITS",
		"PENDING" };
	struct print_table *t;

	if (p->json) {
		print_json(m, p);
		return;
	}
	t = print_table_new(6);
	for (unsigned i = 0; i < 6; i++)
		print_table_cell(t, i > 0, "%s", head[i]);
	for (size_t i = 0; i < m->n_stores; i++)
		if (is_busy(&m->store[i]))
			print_row(t, &m->store[i]);
	print_table_free(t, p);
	print_reasons(m, p);
	if (m->n_sources > 0)
		print_sources(m, p);
}
