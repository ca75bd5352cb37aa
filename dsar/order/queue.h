/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * queue.h - the folder in which orders and results lie, queue_dir/orders and queue_dir/results
 *
 * It only carries: whoever can write there can take files away, and no more. Files are written under another
 * name (".NAME.part") and renamed once they are on the disk; they are read without following a link. The same
 * files work when they are copied from one machine's queue to another's by hand.
 *
 *   orders/ID.order            an order (order.h)
 *   results/ID-000001.result   pieces of what came of it (result.h)
 *   results/ID.denied          that it was not carried out, signed by the node
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf/conf.h"
#include "base/err.h"
#include "base/span.h"

#define QUEUE_NAME_MAX 64
#define QUEUE_ORDERS   "orders"
#define QUEUE_RESULTS  "results"

#define QUEUE_ORDER  ".order"
#define QUEUE_DENIED ".denied"
#define QUEUE_FIRST  "-000001.result" /* the first piece of what came of it */

/* The name of the file of order ID with SUFFIX. */
void queue_name(const char *id, const char *suffix, char ret[QUEUE_NAME_MAX]);

/* Makes C's queue where it is not there: as root, for the group sparsam-dpo. */
int queue_make(const struct conf *c, struct err *e);

/* Opens one of its two folders; the caller owns the descriptor. -1: EX_CONFIG, EX_NOPERM. */
int queue_open(const struct conf *c, const char *folder, struct err *e);

/* A file that is being written: whole under its name after queue_commit(), or not there. */
struct queue_file {
	int dirfd, fd;
	char name[QUEUE_NAME_MAX], part[QUEUE_NAME_MAX + 8];
};
int queue_begin(int dirfd, const char *name, struct queue_file *ret, struct err *e);
int queue_commit(struct queue_file *f, struct err *e);
void queue_abandon(struct queue_file *f); /* fine after a commit, too */

/* The same for what is at hand. */
int queue_put(int dirfd, const char *name, struct span text, struct err *e);

/* Appends the file NAME, which is at most MAX bytes, to OUT. 1: there is none. EX_DATAERR: too large, or no file. */
int queue_read(int dirfd, const char *name, size_t max, struct buf *out, struct err *e);

/* Is there a file, or a link, of that NAME? 1: no; a folder, or what else there is, is nobody's order or answer. */
int queue_has(int dirfd, const char *name, struct err *e);

/* Takes NAME away; it may be gone already. Durable on return. */
int queue_remove(int dirfd, const char *name, struct err *e);

/* Takes all files of order ID away, also those that were not written to their end. */
int queue_remove_all(int dirfd, const char *id, struct err *e);

/* Calls SEEN with the id of each order of which any file lies there, also one that was not written to its end, and with when
 * the newest of them was written. */
typedef int queue_id_seen(void *ctx, const char *id, int64_t written_us, struct err *e);
int queue_each_id(int dirfd, queue_id_seen *seen, void *ctx, struct err *e);

/* Calls SEEN with the id (order.h) of each that queue_has(), named ID and then SUFFIX, by name; 1 from it ends early. */
typedef int queue_seen(void *ctx, const char *id, struct err *e);
int queue_each(int dirfd, const char *suffix, queue_seen *seen, void *ctx, struct err *e);
