/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * metrics_file.c - the counters as a file for node_exporter's textfile collector
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "logscrub/metrics-private.h"

#define TEMPORARY METRICS_FILE ".new" /* node_exporter reads *.prom only */
#define TEXT_MAX  (1u << 20)

static void
put_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: names come from the configuration, which may quote. */
static void
put_label(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s=\"", key);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buf_char(b, '\\');
		if (*value == '\n')
			buf_str(b, "\\n");
		else
			buf_char(b, *value);
	}
	buf_char(b, '"');
}

static void
put_store(struct buf *b, const char *metric, const struct metrics_store *s, uint64_t n)
{
	buf_printf(b, "%s{", metric);
	put_label(b, "store", s->name);
	buf_printf(b, "} %" PRIu64 "\n", n);
}

static void
put_detail(struct buf *b, const char *metric, const struct metrics_store *s, const char *key,
	const char *value, uint64_t n)
{
	buf_printf(b, "%s{", metric);
	put_label(b, "store", s->name);
	buf_char(b, ',');
	put_label(b, key, value);
	buf_printf(b, "} %" PRIu64 "\n", n);
}

static void
put_lines(const struct metrics *m, struct buf *b)
{
	put_head(b, "sparsam_lines_read_total", "counter", "Records read for a store.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_lines_read_total", &m->store[i], m->store[i].n_read);
	put_head(b, "sparsam_lines_written_total", "counter", "Records written, scrubbed.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_lines_written_total", &m->store[i], m->store[i].n_written);
	put_head(b, "sparsam_lines_dropped_total", "counter", "Records dropped, by reason.");
	for (size_t i = 0; i < m->n_stores; i++)
		for (unsigned r = DROP_NONE + 1; r < DROP_REASONS; r++)
			put_detail(b, "sparsam_lines_dropped_total", &m->store[i], "reason",
				drop_reason_name((enum drop_reason)r), m->store[i].n_dropped[r]);
	put_head(b, "sparsam_detector_hits_total", "counter", "Findings replaced, by type.");
	for (size_t i = 0; i < m->n_stores; i++)
		for (unsigned t = 0; t < DETECT_TYPES; t++)
			put_detail(b, "sparsam_detector_hits_total", &m->store[i], "type",
				detect_type_name((enum detect_type)t), m->store[i].n_hits[t]);
}

static void
put_state(const struct metrics *m, struct buf *b)
{
	put_head(b, "sparsam_sink_pending_bytes", "gauge", "Bytes taken and not yet stored.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_sink_pending_bytes", &m->store[i], m->store[i].pending);
	put_head(b, "sparsam_sink_trouble", "gauge", "1 while a sink of the store takes nothing.");
	for (size_t i = 0; i < m->n_stores; i++)
		put_store(b, "sparsam_sink_trouble", &m->store[i], m->store[i].trouble);
	put_head(b, "sparsam_source_failures_total", "counter", "What a source could not read.");
	for (size_t i = 0; i < m->n_sources; i++) {
		buf_str(b, "sparsam_source_failures_total{");
		put_label(b, "source", m->source[i].name);
		buf_printf(b, "} %" PRIu64 "\n", m->source[i].n_failed);
	}
	put_head(b, "sparsam_source_lag_seconds", "gauge", "How far a source is behind its end.");
	for (size_t i = 0; i < m->n_sources; i++) {
		if (m->source[i].lag_us < 0)
			continue;
		buf_str(b, "sparsam_source_lag_seconds{");
		put_label(b, "source", m->source[i].name);
		buf_printf(b, "} %.3f\n", (double)m->source[i].lag_us / 1e6);
	}
	/* The label keeps this apart from what other programs of the suite write under the name. */
	put_head(b, "sparsam_last_run_seconds", "gauge", "When a program last wrote its numbers.");
	buf_printf(b, "sparsam_last_run_seconds{program=\"logscrub\"} %" PRId64 "\n",
		(int64_t)time(NULL));
}

static int
fail_write(const char *path, struct err *e)
{
	return err_fail(e, EX_IOERR, errno, N_("cannot write metrics"),
		N_("let the service write in the folder, or change metrics_dir"), "%s", path);
}

static int
write_temporary(int dir, const struct buf *b)
{
	cleanup_fd int fd = openat(
		dir, TEMPORARY, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0 || write(fd, b->p, b->len) != (ssize_t)b->len) {
		int saved = errno;

		(void)unlinkat(dir, TEMPORARY, 0); /* may not be there */
		errno = saved;
		return -1;
	}
	return 0;
}

int
metrics_write(const struct metrics *m, struct err *e)
{
	const char *path = m->conf->metrics_dir;
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buf_release) struct buf b = { .max = TEXT_MAX };

	if (dir < 0)
		return errno == ENOENT ? 1 : fail_write(path, e);
	put_lines(m, &b);
	put_state(m, &b);
	if (b.failed)
		return err_memory(e);
	if (write_temporary(dir, &b) < 0 || renameat(dir, TEMPORARY, dir, METRICS_FILE) < 0)
		return fail_write(path, e);
	return 0;
}
