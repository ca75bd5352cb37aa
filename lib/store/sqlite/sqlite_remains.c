/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An application whose own library does not overwrite what it deletes leaves it in pages of the
 * free list and in the unused parts of others. Ours overwrites; so what is not zero there is from
 * the application. Layout: https://www.sqlite.org/fileformat2.html. The file is read through SQLite,
 * because closing another descriptor of it would drop the locks of this process (POSIX).
 */
#include <stdlib.h>

#include "store/sqlite/sqlite-private.h"

#define LOOK_MAX  (INT64_C(256) << 20) /* bytes of a database that are looked through */
#define PAGES_MAX (32u << 20)          /* of a database of which any are: a bool for each */

struct look {
	sqlite3_file *file;
	uint8_t *page;
	uint32_t size, usable; /* bytes of a page, and of it without the reserved end */
	uint32_t n_pages;
	bool auto_vacuum;
	bool *free;                /* by page number: in the free list, looked at already */
	int64_t n_remains, n_left; /* n_left: pages that may still be read */
};

static uint32_t
get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t
get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static bool
read_page(struct look *l, uint32_t number)
{
	return number >= 1 && number <= l->n_pages && l->n_left > 0 && l->n_left-- > 0 &&
	       l->file->pMethods->xRead(l->file, l->page, (int)l->size,
		       (sqlite3_int64)(number - 1) * l->size) == SQLITE_OK;
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* The free list is a chain of trunks, each with the numbers of its leaves. */
static void
look_at_free(struct look *l, uint32_t trunk)
{
	uint8_t *leaves = malloc(l->size);

	while (leaves && trunk && trunk <= l->n_pages && !l->free[trunk] && read_page(l, trunk)) {
		uint32_t n = get32(l->page + 4);

		l->free[trunk] = true;
		memcpy(leaves, l->page, l->size);
		for (uint32_t i = 0; i < n && 8 + 4 * i + 4 <= l->usable; i++) {
			uint32_t leaf = get32(leaves + 8 + (size_t)4 * i);

			if (!read_page(l, leaf) || l->free[leaf])
				continue;
			l->free[leaf] = true;
			l->n_remains += !is_zero(l->page, l->usable);
		}
		trunk = get32(leaves);
	}
	free(leaves);
}

/* Of a page of a B-tree: the gap between its cells' numbers and its cells, and the free blocks
 * between cells. */
static bool
has_remains(const struct look *l, uint32_t number)
{
	const size_t at = number == 1 ? 100 : 0;
	const uint8_t *h = l->page + at;
	const size_t numbers = at + (h[0] == 2 || h[0] == 5 ? 12 : 8) + 2 * (size_t)get16(h + 3);
	size_t cells = get16(h + 5) ? get16(h + 5) : 65536, block = get16(h + 1), before = 0;

	if (cells > l->usable || numbers > cells)
		return false;
	if (!is_zero(l->page + numbers, cells - numbers))
		return true;
	while (block > before && block + 4 <= l->usable) {
		size_t len = get16(l->page + block + 2);

		if (len < 4 || block + len > l->usable)
			return false;
		if (!is_zero(l->page + block + 4, len - 4))
			return true;
		before = block;
		block = get16(l->page + block);
	}
	return false;
}

/* In a database that shrinks by itself, page 2 and each so many behind it say where pages belong. */
static bool
is_map(const struct look *l, uint32_t number)
{
	const uint32_t step = l->usable / 5 + 1;

	return l->auto_vacuum && number >= 2 && (number - 2) % step == 0;
}

static bool
is_tree(const struct look *l, uint32_t number)
{
	const uint8_t kind = l->page[number == 1 ? 100 : 0];

	return kind == 2 || kind == 5 || kind == 10 || kind == 13;
}

static void
look_through(struct look *l)
{
	uint32_t trunk;

	if (!read_page(l, 1))
		return;
	trunk = get32(l->page + 32);
	l->auto_vacuum = get32(l->page + 52) != 0;
	l->usable = l->size - l->page[20];
	look_at_free(l, trunk);
	for (uint32_t i = 1; i <= l->n_pages; i++)
		if (!l->free[i] && !is_map(l, i) && read_page(l, i) && is_tree(l, i))
			l->n_remains += has_remains(l, i);
}

int64_t
sqlite_remains(const struct sqlite_db *db, int64_t *ret_bytes)
{
	struct look l = { .size = (uint32_t)sqlite_db_number(db, "PRAGMA page_size", 0),
		.n_pages = (uint32_t)sqlite_db_number(db, "PRAGMA page_count", 0) };

	*ret_bytes = -1;
	if (l.size < 512 || l.n_pages > PAGES_MAX ||
		sqlite3_file_control(db->sql, "main", SQLITE_FCNTL_FILE_POINTER, &l.file) !=
			SQLITE_OK)
		return -1;
	l.n_left = LOOK_MAX / l.size;
	l.page = malloc(l.size);
	l.free = calloc(l.n_pages + 1, sizeof(*l.free));
	/* a reader's lock: nobody writes to the file meanwhile */
	if (l.page && l.free && sqlite_db_run(db, "BEGIN") == SQLITE_OK) {
		(void)sqlite_db_number(db, "SELECT count(*) FROM sqlite_schema", 0);
		look_through(&l);
		(void)sqlite_db_run(db, "COMMIT");
	}
	if (l.n_left == 0)
		*ret_bytes = LOOK_MAX;
	free(l.page);
	free(l.free);
	return l.n_remains;
}
