/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_order.c - what lies in a queue, once it is decrypted: an order on its way to a node, a piece of a result on its way
 * back; both are anybody's who has the key
 *
 * An order that is read is written again as it was, to the byte: nobody signs one text and has another obeyed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "dsar/order/order.h"
#include "dsar/order/result-private.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
see_identifier(void *ctx, const struct identifier *i, bool dropped, struct err *e)
{
	(void)ctx;
	(void)dropped;
	(void)e;
	CHECK(i->id > 0 && i->value.len > 0 && i->value.len <= IDENTIFIER_MAX);
	return 0;
}

static int
see_item(void *ctx, const struct find *f, struct err *e)
{
	(void)e;
	CHECK(f->id > 0 && f->store && f->place);
	++*(size_t *)ctx;
	return 0;
}

static void
try_order(struct span text)
{
	struct order *o = NULL;
	struct buf again;
	struct err e;
	size_t n = 0;

	if (order_parse(text, &o, &e) != 0)
		return;
	CHECK(order_is_id(span_str(o->id)) && conf_is_node(o->node));
	CHECK(o->not_before_us < o->not_after_us);
	buf_init(&again, ORDER_MAX);
	CHECK(order_text(o, &again, &e) == 0);
	CHECK(span_eq(span_of(again.p, again.len), text));
	CHECK(order_identifiers(o, see_identifier, NULL, &e) == 0);
	CHECK(order_items(o, see_item, &n, &e) == 0 && n == json_array_size(o->items));
	buf_release(&again);
	order_free(o);
}

static void
try_result(struct span plain)
{
	const struct result_head head = { .id = "0123456789abcdef0123456789abcdef",
		.number = "2026-0001",
		.node = "n",
		.sha256 = "0" };
	struct span body, signature;
	struct result_piece p;

	if (!result_split(plain, &body, &signature))
		return;
	CHECK(body.len + signature.len <= plain.len);
	if (result_piece_take(body, &head, &p))
		CHECK(p.seq > 0 && p.part.len < body.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span input = span_of(data, size);
	struct order_paper p;
	struct err e;

	try_order(input);
	try_result(input);
	if (order_unpack(input, &p, &e) == 0) {
		CHECK(p.n <= ORDER_SIGNATURES_MAX);
		try_order(p.text);
		order_paper_release(&p);
	}
	return 0;
}
