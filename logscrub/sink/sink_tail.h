/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sink_tail.h - what a predecessor left in a file: its positions, and a tail that it did not record
 *
 * The record lies in the file that has the name, or, killed between a rotation by rename and the
 * reopening, in a sibling in the same folder whose name begins with that name (access.log.1,
 * access.log-20261124): the newest record of all is the one. Compressing a file loses its xattrs;
 * the newest sibling is not compressed yet where the rotation says delaycompress.
 */
#pragma once
#include <stdbool.h>

#include "base/err.h"
#include "logscrub/sink/position_record.h"

struct sink;

struct sink_tail {
	bool supported, found; /* user xattrs; a record */
	struct position_record record;
	int fd; /* the sibling that has it, or -1: the file itself */
};

/* Looks for the record of the file BASE, open as FD, and its siblings below DIR. */
int sink_tail_find(struct sink_tail *t, int dir, const char *base, int fd, struct err *e);

/* Cuts off what lies behind the recorded size (REREADABLE), or only a torn last line. Leaves a file
 * alone that is not the recorded one, or has grown by more than one of ours can have; notices go to
 * K. Ends T's use of the sibling. */
int sink_tail_recover(struct sink_tail *t, struct sink *k, int fd, bool rereadable, struct err *e);

void sink_tail_release(struct sink_tail *t);
