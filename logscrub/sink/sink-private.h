/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink-private.h - what sink.c and the drivers of sinks share
 *
 * A driver's struct begins with its `struct sink`. Its open() makes it and hands it to sink.c;
 * close() ends what the driver has and frees the whole. A driver that leaves a function out has
 * nothing to do there.
 */
#pragma once
#include <stdarg.h>
#include <time.h>

#include "base/buf.h"
#include "logscrub/sink/position_record.h"
#include "logscrub/sink/sink.h"

#define SINK_RECORD_MAX  (4u << 20) /* of one record in the form that a driver sends */
#define SINK_NOTICES_MAX 4

struct sink_driver {
	int (*recover)(struct sink *k, bool rereadable, struct err *e);
	int (*write)(struct sink *k, const char *stream, const struct entry *en, struct span text,
		const struct rule_trace *trace, struct err *e);
	int (*flush)(struct sink *k, struct err *e);
	int (*reopen)(struct sink *k, struct err *e);
	void (*look_up)(struct sink *k, const char *stream); /* a stream that `written` lacks */
	void (*close)(struct sink *k);
};

struct sink {
	const struct sink_driver *driver;
	char *name, *store; /* owned */
	const char *trouble;
	const char *notice[SINK_NOTICES_MAX];
	unsigned n_notices;
	bool carries;
	struct buf pending;             /* not yet written (journals: not yet acknowledged) */
	struct position_record written; /* true for what the sink has stored */
	struct position_record taken;   /* true once `pending` is stored as well */
};

/* Readies K, the head of a driver's struct. */
int sink_init(struct sink *k, const struct sink_driver *driver, const struct conf_store *s,
	const char *name, struct err *e);
void sink_release(struct sink *k);

/* Is there room for N more bytes of pending? One record always fits in an empty sink. */
bool sink_has_room(const struct sink *k, size_t n);

/* Appends TEXT and a line end to pending, and notes the position: the write() of plain sinks. */
int sink_take_line(struct sink *k, const char *stream, const struct entry *en, struct span text,
	struct err *e);
int sink_take_position(struct sink *k, const char *stream, const struct entry *en, struct err *e);

/* Everything pending is stored: the positions taken are the positions written. */
int sink_stored(struct sink *k, struct err *e);

void sink_add_notice(struct sink *k, const char *text);

/* Notes trouble and returns 1. The second form finds the text for an errno. */
int sink_fail(struct sink *k, const char *text);
int sink_fail_errno(struct sink *k, int errnum);

static inline int64_t
sink_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int sink_file_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e);
int sink_namespace_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e);
int sink_journal_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e);
int sink_syslog_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e);
int sink_stdout_open(
	const struct conf_store *s, const struct conf_sink *d, struct sink **ret, struct err *e);
