/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * session.h - what a command works with, opened by main()
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/conf/conf.h"
#include "base/err.h"
#include "base/print/print.h"
#include "evidence/duty.h"
#include "store/store.h"

struct formats;
struct holds;
struct ledger;
struct registry;
struct sign;
struct unlinked;

struct session {
	const char *config; /* -c, or NULL */
	const char *lang;   /* --lang, or NULL */
	struct conf *conf;
	struct registry *registry;
	int64_t now_us;
	struct print out;

	struct formats *formats; /* NEED_STORES, down to here … */
	struct unlinked *unlinked;
	struct store_env env; /* its functions are the command's to set */

	struct holds *holds; /* NEED_NODE, down to here */
	struct ledger *ledger;
	struct sign *sign;
	struct duties duties;
};

/* Opens what NEEDS (command.h) asks for. */
int session_open(struct session *s, unsigned needs, struct err *e);
void session_release(struct session *s);

/* DATA, which is given away, into the register's ledger and, with the case's NUMBER, into the node's: each is proof
 * without the other. NEED_NODE. */
int session_note(
	struct session *s, const char *number, const char *kind, json_t *data, struct err *e);
