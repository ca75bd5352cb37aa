/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PostgreSQL: what ALTER ROLE and ALTER DATABASE … SET have put into the catalog pg_db_role_setting. It is read in its own
 * file, as it lies below the data folder, because that needs no login, works for an image that does not run and for a
 * container's volume, and shows the settings of all roles. The file of a server that runs may be behind it, by
 * checkpoint_timeout (5 minutes) at most.
 *
 * Nothing in it is believed: each length is looked at before it is followed. A value that is compressed or lies
 * elsewhere (of 2 kB and more) is passed over. Source: PostgreSQL's documentation, "Database Page Layout"; its
 * access/htup_details.h, access/transam/clog.c, utils/cache/relmapper.c, utils/array.h. The same from 9.0 to 18.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/doctor_postgres-private.h"

#define CATALOG     2964 /* the oid of pg_db_role_setting, and its file's name to begin with */
#define MAP_MAGIC   0x592717
#define PAGE        8192
#define PAGE_HEADER 24
#define TUPLE_HEAD  23
#define SEGMENT     (1u << 20) /* transactions that one file of pg_xact tells of */

enum {
	XMIN_COMMITTED = 0x0100,
	XMIN_INVALID = 0x0200, /* both: frozen */
	XMAX_COMMITTED = 0x0400,
	XMAX_INVALID = 0x0800,
	XMAX_IS_MULTI = 0x1000,
	XMAX_LOCK_ONLY = 0x0080
};

enum outcome { RUNNING, COMMITTED, ABORTED, COMMITTED_SUB, UNKNOWN };

struct catalog {
	struct doctor *doctor;
	const char *data;
	postgres_setting *seen;
	void *ctx;
	char *xact; /* the file of pg_xact at hand; NULL: there is none */
	size_t xact_len;
	uint32_t xact_segment;
	bool has_xact;
};

static uint16_t
u16(const char *p)
{
	uint16_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static uint32_t
u32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* --- its file --------------------------------------------------------------------------------- */

static char *
data_file(struct catalog *c, const char *name, size_t *ret_len)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/%s", c->data, name) < PATH_MAX
		       ? tree_text(&c->doctor->tree, path, ret_len)
		       : NULL;
}

/* VACUUM FULL gives a catalog another file. */
static uint32_t
file_number(struct catalog *c)
{
	size_t len = 0;
	cleanup_mem char *map = data_file(c, "global/pg_filenode.map", &len);

	if (!map || len < 8 || u32(map) != MAP_MAGIC)
		return CATALOG;
	for (size_t i = 0, n = u32(map + 4); i < n && 16 + 8 * i <= len; i++)
		if (u32(map + 8 + 8 * i) == CATALOG)
			return u32(map + 12 + 8 * i);
	return CATALOG;
}

/* --- which rows are there --------------------------------------------------------------------- */

/* What became of the transaction XID. */
static enum outcome
outcome_of(struct catalog *c, uint32_t xid)
{
	const uint32_t segment = xid / SEGMENT, at = xid % SEGMENT / 4;
	char name[32];

	if (!c->has_xact || c->xact_segment != segment) {
		free(c->xact);
		(void)snprintf(name, sizeof(name), "pg_xact/%04X", segment);
		c->xact = data_file(c, name, &c->xact_len);
		c->xact_segment = segment;
		c->has_xact = true;
	}
	if (!c->xact || at >= c->xact_len)
		return UNKNOWN;
	return (enum outcome)((unsigned char)c->xact[at] >> xid % 4 * 2 & 3);
}

/* What is so old that nobody remembers it was committed, or it would not be there. */
static bool
is_made(struct catalog *c, uint32_t xid, unsigned info)
{
	enum outcome o;

	if (info & (XMIN_COMMITTED | XMIN_INVALID))
		return info & XMIN_COMMITTED;
	o = outcome_of(c, xid);
	return o == COMMITTED || o == UNKNOWN;
}

static bool
is_gone(struct catalog *c, uint32_t xid, unsigned info)
{
	if (xid == 0 || info & (XMAX_INVALID | XMAX_LOCK_ONLY | XMAX_IS_MULTI))
		return false;
	return info & XMAX_COMMITTED || outcome_of(c, xid) == COMMITTED;
}

/* --- what they say ---------------------------------------------------------------------------- */

/* The bytes of the variable-length value at P, behind its length. *ret_next: behind it. False: it is not whole. */
static bool
value_at(const char *p, const char *end, const char **ret, size_t *ret_len, const char **ret_next)
{
	size_t head, all;

	if (p >= end)
		return false;
	if (*p & 1) { /* of one byte; 1 alone leads elsewhere */
		head = 1;
		all = (unsigned char)*p >> 1;
	} else {
		head = 4;
		all = end - p < 4 || (*p & 2) /* compressed */ ? 0 : u32(p) >> 2;
	}
	if (all < head || all > (size_t)(end - p))
		return false;
	*ret = p + head;
	*ret_len = all - head;
	*ret_next = p + all;
	return true;
}

/* A text[] of one dimension: ndim, offset of data (0: no NULLs), type, length, first index, then its texts, each at
 * a multiple of 4 from the array's own begin, which is 4 before BODY. */
static void
array_tell(struct catalog *c, uint32_t role, uint32_t database, const char *body, size_t len)
{
	const char *p = body + 20, *end = body + len, *text;
	size_t text_len;

	if (len < 20 || u32(body) != 1 || u32(body + 4) != 0)
		return;
	for (uint32_t n = u32(body + 12); n > 0; n--) {
		char setting[512];

		while (p < end && *p == '\0' && (p - body) % 4 != 0)
			p++;
		if (!value_at(p, end, &text, &text_len, &p))
			return;
		(void)snprintf(setting, sizeof(setting), "%.*s", (int)text_len, text);
		c->seen(c->ctx, role, database, setting);
	}
}

/* setdatabase, setrole, setconfig */
static void
tuple_tell(struct catalog *c, const char *t, size_t len)
{
	const size_t head = (unsigned char)t[TUPLE_HEAD - 1];
	const unsigned info = u16(t + 20);
	const char *body, *next;
	size_t body_len;

	if (head < TUPLE_HEAD || head + 8 > len || !is_made(c, u32(t), info) ||
		is_gone(c, u32(t + 4), info))
		return;
	if (value_at(t + head + 8, t + len, &body, &body_len, &next))
		array_tell(c, u32(t + head + 4), u32(t + head), body, body_len);
}

static void
page_tell(struct catalog *c, const char *page)
{
	const size_t lower = u16(page + 12);

	if (lower > PAGE)
		return;
	for (size_t at = PAGE_HEADER; at + 4 <= lower; at += 4) {
		const uint32_t item = u32(page + at);
		const size_t offset = item & 0x7fff, len = item >> 17;

		if ((item >> 15 & 3) == 1 && len >= TUPLE_HEAD && offset + len <= PAGE)
			tuple_tell(c, page + offset, len);
	}
}

uint32_t
postgres_role_settings(struct doctor *d, const char *data, postgres_setting *seen, void *ctx)
{
	struct catalog c = { .doctor = d, .data = data, .seen = seen, .ctx = ctx };
	const uint32_t number = file_number(&c);
	size_t len = 0;
	char name[32];
	cleanup_mem char *file = NULL;

	(void)snprintf(name, sizeof(name), "global/%u", number);
	file = data_file(&c, name, &len);
	for (size_t at = 0; file && at + PAGE <= len; at += PAGE)
		page_tell(&c, file + at);
	free(c.xact);
	return number;
}
