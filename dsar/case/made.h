/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * made.h - what was made for a person: its SHA-256, kept in the register and announced in the ledger
 *
 * The thing itself is a file of the DPO's and kept nowhere; whoever has it can prove by its hash that it is
 * what was made, and when.
 */
#pragma once
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/span.h"
#include "dsar/case/case.h"
#include "record/key/sha256.h"

struct registry;

/* The SHA-256 of all that FD holds, from its begin. */
int made_hash_file(int fd, char ret[SHA256_HEX], uint64_t *ret_len, struct err *e);

/* Puts on record that WHAT ("letter access", "archive") of HASH and LEN bytes is made for case NUMBER: before it
 * is written. Within a transaction. */
int made_put(struct registry *r, const char *number, const char *what, const char *hash,
	uint64_t len, int64_t now_us, struct err *e);

/* Appends to LIST what was made for case NUMBER, the oldest first: {what, sha256, len, made, given}. */
int made_list(struct registry *r, const char *number, json_t *list, struct err *e);

/* Was something of HASH made for case NUMBER? Puts on record that it was given. 1: it was not made by us. */
int made_give(
	struct registry *r, const char *number, const char *hash, int64_t now_us, struct err *e);
