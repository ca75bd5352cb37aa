/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session.h - what a command works with, opened by main()
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "base/print/print.h"
#include "evidence/duty.h"
#include "store/store.h"

struct formats;
struct holds;
struct known;
struct ledger;
struct sign;
struct unlinked;

struct session {
	const char *config; /* -c, or NULL */
	struct conf *conf;
	struct formats *formats;
	struct holds *holds;
	struct ledger *ledger; /* NULL: none, where a command can do without */
	struct sign *sign;
	struct unlinked *unlinked;
	struct known *known; /* NULL: all is read */
	int lock;            /* of the run, or -1 */
	int64_t now_us;
	struct print out;
	struct store_env env;
	struct duties duties;
	uint64_t n_notes[STORE_NOTES];
	bool quiet;      /* notes are counted, not said */
	json_t *foreign; /* gets the places on other mounts (mounts.h); may be NULL */
};

/* Opens what NEEDS (command.h) asks for. EX_TEMPFAIL: another run is under way. */
int session_open(struct session *s, unsigned needs, struct err *e);
void session_release(struct session *s);

/* Are all holds known, and what they cover? Before anything is planned or erased; fails as hold_known.h does. */
int session_holds_known(struct session *s, struct err *e);

/* What a note is called in the ledger, in JSON, and (translated) for people. */
const char *note_name(enum store_note n);
const char *note_text(enum store_note n);
