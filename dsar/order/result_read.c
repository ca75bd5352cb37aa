/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file/whole.h"
#include "dsar/order/result-private.h"
#include "evidence/sign.h"

#define PIECE_MAX  (4u * RESULT_PIECE) /* bytes of its file, in its armour */
#define PIECES_MAX 999999
#define DENIED_MAX (1u << 16)

/* --- a piece ---------------------------------------------------------------------------------- */

static bool
take_count(struct span *s, char end, size_t *ret)
{
	size_t n = 0, at = 0;

	for (; at < s->len && at < 9 && s->p[at] >= '0' && s->p[at] <= '9'; at++)
		n = 10 * n + (size_t)(s->p[at] - '0');
	if (at == 0 || at == s->len || s->p[at] != end)
		return false;
	*ret = n;
	*s = span_from(*s, at + 1);
	return true;
}

bool
result_split(struct span plain, struct span *ret_body, struct span *ret_signature)
{
	size_t body, signature;

	if (!span_starts(plain, SPAN(RESULT_MAGIC)))
		return false;
	plain = span_from(plain, strlen(RESULT_MAGIC));
	if (!take_count(&plain, ' ', &body) || !take_count(&plain, '\n', &signature) ||
		body > plain.len || signature > plain.len - body)
		return false;
	*ret_body = span_of(plain.p, body);
	*ret_signature = span_of(plain.p + body, signature);
	return true;
}

bool
result_piece_take(struct span body, const struct result_head *h, struct result_piece *ret)
{
	const char *lf = body.len > 0 ? memchr(body.p, '\n', body.len) : NULL;
	const char *order, *number, *node, *sha256, *attempt;
	json_t *j = lf ? json_loadb(body.p, (size_t)(lf - body.p), JSON_REJECT_DUPLICATES, NULL)
		       : NULL;
	int v, seq, last;
	bool good;

	good = j &&
	       json_unpack(j, "{s:i, s:s, s:s, s:s, s:s, s:s, s:i, s:b !}", "v", &v, "order",
		       &order, "case", &number, "node", &node, "sha256", &sha256, "attempt",
		       &attempt, "seq", &seq, "last", &last) == 0 &&
	       v == 1 && strcmp(order, h->id) == 0 && strcmp(number, h->number) == 0 &&
	       strcmp(node, h->node) == 0 && strcmp(sha256, h->sha256) == 0 &&
	       strlen(attempt) < sizeof(ret->attempt) && seq > 0;
	if (good) {
		*ret = (struct result_piece){ .seq = (unsigned)seq,
			.last = last,
			.part = span_from(body, (size_t)(lf - body.p) + 1) };
		memcpy(ret->attempt, attempt, strlen(attempt) + 1);
	}
	json_decref(j);
	return good;
}

/* --- the stream ------------------------------------------------------------------------------- */

struct reading {
	int dirfd;
	const struct result_head *head;
	struct sign *own;
	struct sign_check *check;
	result_seen *seen;
	void *ctx;
	char attempt[RESULT_ATTEMPT];
	bool last;
	struct buf lines;
};

static int
fail_result(const struct reading *g, struct err *e)
{
	return err_fail(e, EX_DATAERR, 0, N_("it is not a result of that machine for that order"),
		N_("nothing of it was taken; see that the queue is only written to by it"), "%s",
		g->head->id);
}

static int
take_line(const struct reading *g, struct span line, struct err *e)
{
	json_t *j = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
	const int rc = j ? g->seen(g->ctx, j, e) : fail_result(g, e);

	json_decref(j);
	return rc;
}

static int
take_lines(struct reading *g, struct err *e)
{
	size_t at = 0;
	const char *lf;

	while ((lf = memchr(g->lines.p + at, '\n', g->lines.len - at))) {
		const size_t n = (size_t)(lf - g->lines.p) - at;

		if (take_line(g, span_of(g->lines.p + at, n), e) < 0)
			return -1;
		at += n + 1;
	}
	memmove(g->lines.p, g->lines.p + at, g->lines.len - at);
	g->lines.len -= at;
	return 0;
}

static int
take_plain(struct reading *g, struct span plain, unsigned seq, struct err *e)
{
	struct result_piece p;
	struct span body, signature;
	int rc;

	if (!result_split(plain, &body, &signature))
		return fail_result(g, e);
	rc = sign_verify(g->check, body, signature, e);
	if (rc < 0)
		return -1;
	if (rc > 0 || !result_piece_take(body, g->head, &p) || p.seq != seq)
		return fail_result(g, e);
	if (seq > 1 && strcmp(p.attempt, g->attempt) != 0)
		return 1; /* it is being written anew */
	memcpy(g->attempt, p.attempt, sizeof(g->attempt));
	g->last = p.last;
	buf_span(&g->lines, p.part);
	return g->lines.failed ? err_memory(e) : g->lines.len > 0 ? take_lines(g, e) : 0;
}

static int
take_fd(struct reading *g, int fd, unsigned seq, struct err *e)
{
	struct span plain;
	int rc = whole_map(fd, &plain);

	if (rc != 0)
		return rc < 0 ? err_memory(e) : fail_result(g, e);
	rc = take_plain(g, plain, seq, e);
	whole_unmap(plain);
	return rc;
}

/* 1: it is not there, or not of this attempt. */
static int
take_piece(struct reading *g, unsigned seq, struct err *e)
{
	struct buf cipher;
	char name[QUEUE_NAME_MAX];
	int rc, fd = -1;

	result_name(g->head->id, seq, name);
	buf_init(&cipher, PIECE_MAX + 8192);
	rc = queue_read(g->dirfd, name, PIECE_MAX, &cipher, e);
	if (rc == 0)
		rc = sign_decrypt(g->own, span_of(cipher.p, cipher.len), PIECE_MAX, &fd, e);
	buf_release(&cipher);
	if (rc == 0)
		rc = take_fd(g, fd, seq, e);
	if (fd >= 0)
		(void)close(fd);
	return rc < 0 ? err_within(e, "%s", name) : rc;
}

int
result_read(int dirfd, const struct result_head *h, struct sign *own, struct sign_check *check,
	result_seen *seen, void *ctx, char ret_attempt[RESULT_ATTEMPT], struct err *e)
{
	struct reading g = {
		.dirfd = dirfd, .head = h, .own = own, .check = check, .seen = seen, .ctx = ctx
	};
	int rc = 0;

	buf_init(&g.lines, RESULT_LINE_MAX);
	for (unsigned seq = 1; rc == 0 && !g.last && seq <= PIECES_MAX; seq++)
		rc = take_piece(&g, seq, e);
	if (rc == 0 && (!g.last || g.lines.len > 0))
		rc = fail_result(&g, e);
	if (rc == 0)
		memcpy(ret_attempt, g.attempt, RESULT_ATTEMPT);
	buf_wipe(&g.lines);
	return rc;
}

/* --- a denial --------------------------------------------------------------------------------- */

/* *ret_same: is it about the order's own file? */
static bool
denied_take(struct span line, const struct result_head *h, enum order_fault *ret, bool *ret_same)
{
	json_t *j = json_loadb(line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
	const char *fault, *node, *order, *sha256;
	bool good = false;
	int v;

	if (j &&
		json_unpack(j, "{s:s, s:s, s:s, s:s, s:i !}", "fault", &fault, "node", &node,
			"order", &order, "sha256", &sha256, "v", &v) == 0 &&
		strcmp(node, h->node) == 0 && strcmp(order, h->id) == 0)
		for (int f = 1; f < ORDER_FAULTS; f++)
			if (strcmp(order_fault_name((enum order_fault)f), fault) == 0) {
				*ret = (enum order_fault)f;
				*ret_same = strcmp(sha256, h->sha256) == 0;
				good = true;
			}
	json_decref(j);
	return good;
}

int
result_denied(int dirfd, const struct result_head *h, struct sign_check *check,
	enum order_fault *ret_fault, struct err *e)
{
	struct buf text;
	char name[QUEUE_NAME_MAX];
	const char *lf;
	bool same = false;
	int rc;

	queue_name(h->id, QUEUE_DENIED, name);
	buf_init(&text, 2u * DENIED_MAX);
	rc = queue_read(dirfd, name, DENIED_MAX, &text, e);
	if (rc == 0) {
		lf = memchr(text.p, '\n', text.len);
		const size_t n = lf ? (size_t)(lf - text.p) + 1 : 0;

		rc = sign_verify(check, span_of(text.p, n), span_of(text.p + n, text.len - n), e);
		if (rc > 0 || (rc == 0 && !denied_take(span_of(text.p, n), h, ret_fault, &same)))
			rc = err_fail(e, EX_DATAERR, 0,
				N_("it is not a result of that machine for that order"), NULL, "%s",
				name);
		if (rc == 0 && !same)
			rc = 2;
	}
	buf_release(&text);
	return rc;
}
