/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/source/position.h"

#include <stdlib.h>

/* "j:s=ID;i=SEQNUM;b=…" (systemd.journal-fields(7)) */
bool
position_sequence(struct span p, struct span *ret_id, uint64_t *ret_number)
{
	static const char head[] = "j:s=";
	const char *i;
	char digits[17] = { 0 };

	if (!span_starts(p, span_str(head)))
		return false;
	i = memmem(p.p, p.len, ";i=", 3);
	if (!i)
		return false;
	*ret_id = span_of(p.p, (size_t)(i - p.p));
	i += 3;
	for (size_t n = 0; n < 16 && i + n < p.p + p.len && i[n] != ';'; n++)
		digits[n] = i[n];
	*ret_number = strtoull(digits, NULL, 16);
	return true;
}

int
position_compare(struct span a, int64_t order_a, struct span b, int64_t order_b)
{
	struct span id_a, id_b;
	uint64_t n_a, n_b;

	if (a.len > 0 && span_eq(a, b))
		return 0;
	if (position_sequence(a, &id_a, &n_a) && position_sequence(b, &id_b, &n_b) &&
		span_eq(id_a, id_b))
		return n_a < n_b ? -1 : n_a > n_b;
	return order_a < order_b ? -1 : order_a > order_b;
}
