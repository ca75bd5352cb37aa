/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * metrics_file.c - the counters as a file for node_exporter's textfile collector
 */
#include <inttypes.h>
#include <time.h>

#include "base/print/prom.h"
#include "logscrub/metrics/metrics-private.h"

static void
put_store(struct buf *b, const char *metric, const struct metrics_store *s, uint64_t n)
{
	buf_printf(b, "%s{", metric);
	prom_label(b, "store", s->name);
	buf_printf(b, "} %" PRIu64 "\n", n);
}

static void
put_detail(struct buf *b, const char *metric, const struct metrics_store *s, const char *key,
	const char *value, uint64_t n)
{
	buf_printf(b, "%s{", metric);
	prom_label(b, "store", s->name);
	buf_char(b, ',');
	prom_label(b, key, value);
	buf_printf(b, "} %" PRIu64 "\n", n);
}

static void
put_lines(const struct metrics *m, struct buf *b)
{
	prom_head(b, "sparsam_lines_read_total", "counter", "Records read for a store.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_lines_read_total", &m->store[i], m->store[i].n_read);
	prom_head(b, "sparsam_lines_written_total", "counter", "Records written, scrubbed.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_lines_written_total", &m->store[i], m->store[i].n_written);
	prom_head(b, "sparsam_lines_dropped_total", "counter", "Records dropped, by reason.");
	for (size_t i = 0; i < m->n_stores; i++)
		for (unsigned r = DROP_NONE + 1; r < DROP_REASONS; r++)
			put_detail(b, "sparsam_lines_dropped_total", &m->store[i], "reason",
				drop_reason_name((enum drop_reason)r), m->store[i].n_dropped[r]);
	prom_head(b, "sparsam_detector_hits_total", "counter", "Findings replaced, by type.");
	for (size_t i = 0; i < m->n_stores; i++)
		for (unsigned t = 0; t < DETECT_TYPES; t++)
			put_detail(b, "sparsam_detector_hits_total", &m->store[i], "type",
				detect_type_name((enum detect_type)t), m->store[i].n_hits[t]);
}

static void
put_state(const struct metrics *m, struct buf *b)
{
	prom_head(b, "sparsam_sink_pending_bytes", "gauge", "Bytes taken and not yet stored.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_sink_pending_bytes", &m->store[i], m->store[i].pending);
	prom_head(b, "sparsam_sink_trouble", "gauge", "1 while a sink of the store takes nothing.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_sink_trouble", &m->store[i], m->store[i].trouble);
	prom_head(b, "sparsam_source_failures_total", "counter", "What a source could not read.");
	for (size_t i = 0; i < m->n_sources; i++) {
		buf_str(b, "sparsam_source_failures_total{");
		prom_label(b, "source", m->source[i].name);
		buf_printf(b, "} %" PRIu64 "\n", m->source[i].n_failed);
	}
	prom_head(b, "sparsam_source_lag_seconds", "gauge", "How far a source is behind its end.");
	for (size_t i = 0; i < m->n_sources; i++) {
		if (m->source[i].lag_us < 0)
			continue;
		buf_str(b, "sparsam_source_lag_seconds{");
		prom_label(b, "source", m->source[i].name);
		buf_printf(b, "} %.3f\n", (double)m->source[i].lag_us / 1e6);
	}
	/* The label keeps this apart from what other programs of the suite write under the name. */
	prom_head(b, "sparsam_last_run_seconds", "gauge", "When a program last wrote its numbers.");
	buf_printf(b, "sparsam_last_run_seconds{program=\"logscrub\"} %" PRId64 "\n",
		(int64_t)time(NULL));
}

int
metrics_write(const struct metrics *m, struct err *e)
{
	CLEANUP(buf_release) struct buf b = { .max = PROM_MAX };

	put_lines(m, &b);
	put_state(m, &b);
	return prom_write(m->conf->metrics_dir, METRICS_FILE, &b, e);
}
