/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * result.h - what came of an order, in signed and encrypted pieces
 *
 * A result is a stream of lines, each a JSON object, cut into pieces of at most 1 MiB, so that neither who writes
 * it nor who reads it has more of it in memory. A piece is the file ID-000001.result, and so on, encrypted to
 * who has ordered (and to an escrow key, where the node has one). In it stand
 *
 *   sparsam-result-1 LEN SIGNATURE-LEN LF
 *   LEN bytes: a line with the head, then the piece's part of the stream
 *   the node's armoured detached signature over those LEN bytes
 *   zeros, up to a multiple of 64 KiB
 *
 * The head is {"attempt","case","last","node","order","seq","sha256","v"}: pieces of two attempts are not mixed,
 * none is missing up to the last, and "sha256" is of the order's text that it is an answer to.
 *
 * An order that was denied has ID.denied instead: a line {"fault","node","order","sha256","v"}, then the signature over
 * that line. Nothing in it is personal, and nobody is known yet that it could be encrypted to. Here "sha256" is of the file
 * that was denied, as it lay in the queue ("": it was not read): anybody can put one there by an order's name, and a
 * denial of that is none of the order.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"
#include "dsar/order/order.h"

struct openpgp;
struct seal;
struct sign;
struct sign_check;

#define RESULT_ATTEMPT 17 /* hexadecimal digits with their NUL: one agent's, at one time */

struct result_head { /* all borrowed */
	const char *id, *number, *node, *sha256;
};

/* --- the node's side -------------------------------------------------------------------------- */

struct result;

/* Begins the result of the order in H, in the folder DIRFD; RING signs, SEAL encrypts; all are borrowed. What an
 * attempt that was killed has left of it is taken away. */
int result_begin(int dirfd, const struct result_head *h, struct openpgp *ring, struct seal *seal,
	struct result **ret, struct err *e);

/* Adds a line; J is given away, also on failure. */
int result_add(struct result *r, json_t *j, struct err *e);

/* Writes the last piece. */
int result_end(struct result *r, struct err *e);
struct result *result_free(struct result *r);
DEFINE_CLEANUP(struct result, result_free)

/* Says that what lay in the queue under H's id was denied; h->sha256 is of that file. */
int result_deny(int dirfd, const struct result_head *h, enum order_fault fault,
	struct openpgp *ring, struct err *e);

/* --- the other side --------------------------------------------------------------------------- */

/* Calls SEEN for each line of the result of H in DIRFD; OWN decrypts, CHECK is of the node's key. 1: it is not there
 * to its end. EX_DATAERR: not one of that node for that order, or mixed up. What SEEN was given before a
 * failure counts for nothing. RET_ATTEMPT is whose it is. */
typedef int result_seen(void *ctx, const json_t *line, struct err *e);
int result_read(int dirfd, const struct result_head *h, struct sign *own, struct sign_check *check,
	result_seen *seen, void *ctx, char ret_attempt[RESULT_ATTEMPT], struct err *e);

/* 0: H's order was denied, for *ret_fault, its file being of h->sha256; 1: there is no word of that; 2: another file of its
 * name was denied, *ret_fault is why. EX_DATAERR: not one of that node. */
int result_denied(int dirfd, const struct result_head *h, struct sign_check *check,
	enum order_fault *ret_fault, struct err *e);
