/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_files.h - the files of a journal that libsystemd passes over in silence
 *
 * Whoever reads a journal is not told that one of its files was torn so badly that it cannot be
 * opened at all. Here each file is opened once by itself, and the bad ones are told of.
 */
#pragma once
#include "base/cleanup.h"
#include "base/conf/conf.h"
#include "base/err.h"

struct journal_files;

int journal_files_new(struct journal_files **ret, struct err *e);
struct journal_files *journal_files_free(struct journal_files *f);
DEFINE_CLEANUP(struct journal_files, journal_files_free)

/* Looks at those files of the journal source D that were not looked at before. Returns how many of them are torn; E, unless 0,
 * names one (EX_DATAERR). What may not be read, and what is not finished yet, is left alone. */
unsigned journal_files_look(struct journal_files *f, const struct conf_source *d, struct err *e);
