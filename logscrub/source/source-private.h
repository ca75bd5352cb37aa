/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * source-private.h - what a kind of source fills in
 */
#pragma once
#include "base/now.h"
#include "logscrub/source/source.h"

struct source_ops {
	int (*next)(struct source *s, struct entry *ret, struct err *e);
	int (*ready)(struct source *s, int fd, struct err *e);
	int (*timeout_ms)(const struct source *s);    /* NULL: none */
	int (*patience_ms)(const struct source *s);   /* NULL: long */
	int (*sync)(struct source *s, struct err *e); /* NULL: nothing to do */
	int (*pause)(struct source *s, bool yes, struct err *e);
	bool (*mark)(
		struct source *s, unsigned i, struct source_mark *ret); /* NULL: no positions */
	int (*redeclare)(struct source *s, const struct conf *c, struct err *e); /* NULL: nothing */
	void (*free)(struct source *s);
};

/* The first member of each kind. */
struct source {
	const struct source_ops *ops;
	const struct conf_source *decl;
	const struct source_host *host;
	uint64_t n_too_long, n_missing, n_failed;
	int64_t lag_us;
	bool paused;
};

int source_journal_open(const struct conf *c, const struct conf_source *d,
	const struct source_host *host, struct source **ret, struct err *e);
int source_syslog_open(const struct conf *c, const struct conf_source *d,
	const struct source_host *host, struct source **ret, struct err *e);
int source_tail_open(const struct conf *c, const struct conf_source *d,
	const struct source_host *host, struct source **ret, struct err *e);
