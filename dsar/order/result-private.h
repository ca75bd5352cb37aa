/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * result-private.h - what both sides of a result share
 *
 *   result.c       the node writes it
 *   result_read.c  who has ordered reads it
 */
#pragma once
#include "dsar/order/queue.h"
#include "dsar/order/result.h"

#define RESULT_MAGIC    "sparsam-result-1 "
#define RESULT_PIECE    (1u << 20) /* bytes of the stream in a piece */
#define RESULT_STEP     (1u << 16)
#define RESULT_LINE_MAX (512u << 20) /* a find's text (scan.c), in base64 */

void result_name(const char *id, unsigned seq, char ret[QUEUE_NAME_MAX]);

/* Of a piece, decrypted, which comes from anywhere: what is signed, and the signature. False: it is none. */
bool result_split(struct span plain, struct span *ret_body, struct span *ret_signature);

struct result_piece {
	char attempt[RESULT_ATTEMPT];
	unsigned seq;
	bool last;
	struct span part;
};

/* Reads a piece's BODY, of which the signature was good. False: it is not of H. */
bool result_piece_take(struct span body, const struct result_head *h, struct result_piece *ret);
