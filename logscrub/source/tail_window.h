/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tail_window.h - text read from a tailed file ahead of what was taken
 *
 * One serves all files of a source. Before the place where reading goes on it keeps up to
 * TAIL_BEFORE bytes; they are compared with the file whenever more is read, for a file that was cut
 * and has grown past that place since looks like one that has only grown.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"

#define TAIL_BEFORE 256

struct tail_window {
	void *file; /* whose text it is; NULL: nobody's */
	char *p;    /* owned */
	size_t len, cap;
	off_t base;     /* offset of p[0] in the file */
	size_t scanned; /* no line end between what is taken and here */
};

void tail_window_release(struct tail_window *w);

/* Goes over to FILE, of which BEFORE stands right in front of offset AT. EX_OSERR. */
int tail_window_begin(
	struct tail_window *w, void *file, off_t at, struct span before, struct err *e);

/* Up to TAIL_BEFORE bytes in front of AT, which lies in the window. Borrowed. */
struct span tail_window_before(const struct tail_window *w, off_t at);

/* Reads on in FD; what lies before AT is taken. Lines up to LINE_MAX_BYTES fit in whole. > 0: how
 * much; 0: at the end; -1: EX_IOERR, EX_OSERR; -2: what was read before is not what stands there
 * any more. */
ssize_t tail_window_fill(struct tail_window *w, int fd, off_t at, struct err *e);
