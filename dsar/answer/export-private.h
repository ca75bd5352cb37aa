/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * export-private.h - what the files of the export share
 *
 *   export.c        dsar export: guards, the letter, the archive, its hash
 *   export_data.c   finds with a text, as JSON and CSV, and what describes both
 *   export_files.c  finds that are files
 */
#pragma once
#include <stdbool.h>

#include "dsar/case/case.h"
#include "dsar/answer/pack.h"
#include "dsar/review/review.h"

struct conf_store;
struct session;

struct export
{
	struct session *s;
	struct case_file c;
	struct pack *pack;
	struct known known;
	bool provided;               /* Art. 20: only what she gave */
	struct buf given;            /* a find's text */
	uint64_t n_records, n_files; /* that went in */
	uint64_t n_left_out;         /* files: cannot be blackened */
};

/* Does F go into the archive at all? */
bool export_takes(const struct export *x, const struct find *f);

/* The members data/STORE.json and .csv of each store, and schema.json. */
int export_data(struct export *x, struct err *e);

/* The members files/STORE/FIND/… and data/files.json. */
int export_files(struct export *x, struct err *e);
