/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * input.h - bytes from a file, plain or compressed (gzip, xz, zstd, bzip2), and the way back
 *
 * The kind is found out by its magic bytes, not by its name. Plain input is read as it comes, so
 * that a pipe that trickles is passed on at once. A damaged compressed file gives all that is
 * readable before it fails; damaged are also one cut short, one whose checksum is wrong, and one
 * with garbage behind its end. Several members one after the other are one file.
 *
 * Memory beyond a fixed 64 KiB is what the file's own window asks for: under 1 MiB for gzip, 4 MiB
 * for bzip2, at most 64 MiB for xz -9 and zstd; more is refused.
 */
#pragma once
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct input;

/* Takes FD (given away, also on failure). NAME is for messages only. Waits for no byte of a pipe.
 */
int input_open(int fd, const char *name, struct input **ret, struct err *e);

/* Opens FILE for it; NULL: standard input, which stays open. EX_NOINPUT: it cannot be opened. */
int input_open_file(const char *file, struct input **ret, struct err *e);

/* Reads up to N bytes into P: > 0 bytes read; 0 at the end; -1: EX_DATAERR (damaged; what came
 * before was good), EX_IOERR, EX_OSERR (memory). */
long input_read(struct input *in, void *p, size_t n, struct err *e);

/* What the file is packed with, to pack it the same way again: "", "gzip", "xz", "zstd", "bzip2".
 * Of a pipe it is known after the first read. */
const char *input_filter(const struct input *in);

struct input *input_free(struct input *in);
DEFINE_CLEANUP(struct input, input_free)

/* The way back: packs what is written to FD (borrowed) with FILTER as above, at the level that its
 * tool has by default, and without a name or a time of its own. */
struct output;
int output_open(int fd, const char *filter, struct output **ret, struct err *e);
int output_write(struct output *o, const void *p, size_t n, struct err *e);
int output_finish(
	struct output *o, struct err *e); /* the trailer; without it the file is not whole */
struct output *output_free(struct output *o);
DEFINE_CLEANUP(struct output, output_free)
