/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dsar/order/result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "dsar/openpgp/openpgp.h"
#include "dsar/order/queue.h"
#include "dsar/order/result-private.h"
#include "dsar/order/seal.h"

struct result {
	int dirfd;
	struct result_head head;
	struct openpgp *ring;
	struct seal *seal;
	char attempt[RESULT_ATTEMPT];
	unsigned seq;
	struct buf part;  /* of the stream, for the piece at hand */
	struct buf plain; /* the piece */
};

/* --- files ------------------------------------------------------------------------------------ */

void
result_name(const char *id, unsigned seq, char ret[QUEUE_NAME_MAX])
{
	(void)snprintf(ret, QUEUE_NAME_MAX, "%s-%06u.result", id, seq);
}

/* --- writing ---------------------------------------------------------------------------------- */

int
result_begin(int dirfd, const struct result_head *h, struct openpgp *ring, struct seal *seal,
	struct result **ret, struct err *e)
{
	struct result *r = calloc(1, sizeof(*r));
	unsigned char attempt[8];

	if (!r)
		return err_memory(e);
	*r = (struct result){ .dirfd = dirfd, .head = *h, .ring = ring, .seal = seal };
	randombytes_buf(attempt, sizeof(attempt));
	(void)sodium_bin2hex(r->attempt, sizeof(r->attempt), attempt, sizeof(attempt));
	buf_init(&r->part, RESULT_LINE_MAX);
	buf_init(&r->plain, 4u * RESULT_PIECE);
	if (queue_remove_all(dirfd, h->id, e) < 0) {
		(void)result_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

struct result *
result_free(struct result *r)
{
	if (!r)
		return NULL;
	buf_wipe(&r->part);
	buf_wipe(&r->plain);
	free(r);
	return NULL;
}

/* The piece's signed bytes, which begin at the end of OUT. */
static int
body_put(struct result *r, struct span part, bool last, struct buf *out, struct err *e)
{
	json_t *head = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "v", 1, "order",
		r->head.id, "case", r->head.number, "node", r->head.node, "sha256", r->head.sha256,
		"attempt", r->attempt, "seq", (int)r->seq, "last", (int)last);
	cleanup_mem char *text = head ? json_dumps(head, JSON_SORT_KEYS | JSON_COMPACT) : NULL;

	json_decref(head);
	if (!text)
		return err_memory(e);
	buf_str(out, text);
	buf_char(out, '\n');
	buf_span(out, part);
	return out->failed ? err_memory(e) : 0;
}

/* BODY with its signature and padding, to r->plain. */
static int
plain_make(struct result *r, struct span body, struct err *e)
{
	struct buf signature;
	int rc;

	buf_init(&signature, 1u << 16);
	buf_clear(&r->plain);
	rc = openpgp_sign(r->ring, body, &signature, e);
	if (rc == 0) {
		buf_printf(&r->plain, RESULT_MAGIC "%zu %zu\n", body.len, signature.len);
		buf_span(&r->plain, body);
		buf_put(&r->plain, signature.p, signature.len);
	}
	buf_release(&signature);
	while (rc == 0 && !r->plain.failed && r->plain.len % RESULT_STEP != 0)
		buf_char(&r->plain, '\0');
	return rc < 0 ? -1 : r->plain.failed ? err_memory(e) : 0;
}

static int
piece_write(struct result *r, struct span part, bool last, struct err *e)
{
	struct buf body;
	struct queue_file f;
	char name[QUEUE_NAME_MAX];
	int rc;

	r->seq++;
	buf_init(&body, 2u * RESULT_PIECE);
	rc = body_put(r, part, last, &body, e);
	if (rc == 0)
		rc = plain_make(r, span_of(body.p, body.len), e);
	buf_wipe(&body);
	result_name(r->head.id, r->seq, name);
	if (rc < 0 || queue_begin(r->dirfd, name, &f, e) < 0)
		return -1;
	if (seal_write(r->seal, span_of(r->plain.p, r->plain.len), f.fd, e) < 0) {
		queue_abandon(&f);
		return -1;
	}
	return queue_commit(&f, e);
}

/* Whole pieces of what has come together. */
static int
flush(struct result *r, struct err *e)
{
	size_t at = 0;

	for (; r->part.len - at > RESULT_PIECE; at += RESULT_PIECE)
		if (piece_write(r, span_of(r->part.p + at, RESULT_PIECE), false, e) < 0)
			return -1;
	if (at > 0)
		memmove(r->part.p, r->part.p + at, r->part.len - at);
	r->part.len -= at;
	return 0;
}

int
result_add(struct result *r, json_t *j, struct err *e)
{
	char *text = j ? json_dumps(j, JSON_SORT_KEYS | JSON_COMPACT) : NULL;

	json_decref(j);
	if (!text)
		return err_memory(e);
	buf_str(&r->part, text);
	buf_char(&r->part, '\n');
	explicit_bzero(text, strlen(text));
	free(text);
	return r->part.failed ? err_memory(e) : flush(r, e);
}

int
result_end(struct result *r, struct err *e)
{
	return piece_write(r, span_of(r->part.p, r->part.len), true, e);
}

int
result_deny(int dirfd, const struct result_head *h, enum order_fault fault, struct openpgp *ring,
	struct err *e)
{
	struct buf text;
	char name[QUEUE_NAME_MAX];
	int rc;

	buf_init(&text, 1u << 16);
	buf_printf(&text,
		"{\"fault\":\"%s\",\"node\":\"%s\",\"order\":\"%s\",\"sha256\":\"%s\",\"v\":1}\n",
		order_fault_name(fault), h->node, h->id, h->sha256);
	queue_name(h->id, QUEUE_DENIED, name);
	rc = text.failed ? err_memory(e) : openpgp_sign(ring, span_of(text.p, text.len), &text, e);
	if (rc == 0)
		rc = queue_put(dirfd, name, span_of(text.p, text.len), e);
	buf_release(&text);
	return rc;
}
