/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * scan.h - one store searched for a person, in a process of its own
 *
 * A store is read by one thread, drivers and formats belong to one process, and what a store holds comes from
 * strangers: so each is searched by a child, which writes what it finds to a pipe and ends. One that dies
 * has not answered. A child is killed with its parent.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "dsar/search/find.h"

struct session;
struct subject;

/* What comes out of a child, one after the other; spans are borrowed until the next one. */
struct scan_link {
	const struct conf_store *store;
	const struct conf_link *link;
	size_t identifier; /* its place in the subject: by which the record was found */
	bool own;
	struct span value;
};

struct scan_end {
	enum store_answer answer;
	uint64_t n_read, n_unread;    /* bytes; records that had no text */
	uint32_t n_damaged, n_closed; /* places that could not be read to their end, or at all */
	int exit;                     /* ANSWER_FAILED: as a struct err has it … */
	char note[256];               /* … and what it says */
};

struct scan_seen {
	void *ctx;
	/* The find's identifier is its place in the subject. */
	int (*find)(void *ctx, const struct find *f, struct err *e);
	int (*link)(void *ctx, const struct scan_link *l, struct err *e);
};

struct scan {
	const struct conf_store *store;
	int64_t begun_us, ended_us;
	uint64_t cost; /* bytes that it will read, about */
	pid_t pid;     /* 0: not begun, or ended */
	int fd;
	struct buf in;
	bool ended; /* `end` is filled */
	struct scan_end end;
};

/* Begins to search C's store for S. GROW: gives links alone, else finds. */
int scan_begin(
	struct scan *c, struct session *session, const struct subject *s, bool grow, struct err *e);

/* Takes what C has written. 1: it has ended. */
int scan_take(struct scan *c, const struct conf *conf, const struct scan_seen *seen, struct err *e);

/* Ends one that may still run. */
void scan_release(struct scan *c);
