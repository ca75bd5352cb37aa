/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record/format/first_bytes.h"

#include <ctype.h>
#include <string.h>

static void
add(struct first_bytes *f, int c)
{
	f->set[(unsigned)c / 64] |= UINT64_C(1) << (unsigned)c % 64;
}

void
first_bytes_of(const pcre2_code *code, struct first_bytes *ret)
{
	uint32_t type = 0, unit = 0;
	const uint8_t *map = NULL;

	(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODETYPE, &type);
	(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTBITMAP, &map);
	*ret = (struct first_bytes){ 0 };
	if (type == 1) { /* in either case: PCRE2 does not say whether both are meant */
		(void)pcre2_pattern_info(code, PCRE2_INFO_FIRSTCODEUNIT, &unit);
		add(ret, (int)unit);
		add(ret, tolower((int)unit));
		add(ret, toupper((int)unit));
	} else if (type == 0 && map) {
		for (int c = 0; c < 256; c++)
			if (map[c / 8] >> c % 8 & 1)
				add(ret, c);
	} else {
		memset(ret, 0xff, sizeof(*ret));
	}
}
