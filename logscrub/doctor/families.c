/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/families.h"

#include <stdlib.h>
#include <string.h>

#define HEX_RUN 8 /* letters and digits that are an id, not a word */

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static size_t
ending(const char *name, size_t len, const char *end)
{
	const size_t n = strlen(end);

	return len > n && memcmp(name + len - n, end, n) == 0 ? n : 0;
}

/* The length of NAME without what rotation and packing put behind it: ".1", ".2.gz", "-20261124". */
static size_t
unrotated(const char *name, size_t len)
{
	static const char *const packed[] = { ".gz", ".xz", ".bz2", ".zst" };
	size_t n;

	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++)
		len -= ending(name, len, packed[i]);
	n = len;
	while (n > 1 && (is_digit(name[n - 1]) || name[n - 1] == '-' || name[n - 1] == '.'))
		n--;
	/* only behind a dot or a hyphen, and never all of a name */
	while (n < len && name[n] != '.' && name[n] != '-')
		n++;
	len = n > 1 ? n : len;
	len -= ending(name, len, ".old");
	return len;
}

/* Is the run of letters and digits at P an id: all digits, or long and hexadecimal with a digit? */
static bool
is_id(const char *p, size_t n)
{
	size_t digits = 0, hex = 0;

	for (size_t i = 0; i < n; i++) {
		digits += is_digit(p[i]);
		hex += is_hex(p[i]);
	}
	return digits == n || (hex == n && n >= HEX_RUN && digits > 0);
}

void
families_name(const char *path, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	const size_t head = slash ? (size_t)(slash - path) + 1 : 0;
	const size_t len = head + unrotated(path + head, strlen(path) - head);
	size_t n = 0;

	for (size_t i = 0; i < len && n + 2 < size;) {
		const size_t part = strcspn(path + i, "/");
		size_t run = 0;

		/* a mail address, or the like: all of the component */
		if ((i == 0 || path[i - 1] == '/') && memchr(path + i, '@', part)) {
			ret[n++] = '*';
			i += part;
			continue;
		}
		while (i + run < len && is_alnum(path[i + run]))
			run++;
		if (run == 0) {
			ret[n++] = path[i++];
			continue;
		}
		if (is_id(path + i, run)) {
			/* "*-*" of a date or a UUID is one */
			if (n >= 2 && ret[n - 2] == '*' && ret[n - 1] != '/')
				n--;
			else
				ret[n++] = '*';
		} else {
			const size_t take = run < size - n - 1 ? run : size - n - 1;

			memcpy(ret + n, path + i, take);
			n += take;
		}
		i += run;
	}
	ret[n < size ? n : size - 1] = '\0';
}

static size_t
hash_of(const char *s)
{
	uint64_t h = 14695981039346656037U; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211U;
	return (size_t)(h ^ h >> 29);
}

/* Doubles the table when it is more than half full. */
static bool
slots_make(struct families *f)
{
	const size_t n_slots = f->n_slots ? 2 * f->n_slots : 256;
	size_t *slot;

	if (2 * f->n < f->n_slots)
		return true;
	slot = calloc(n_slots, sizeof(*slot));
	if (!slot)
		return false;
	for (size_t i = 0; i < f->n; i++) {
		size_t at = hash_of(f->v[i].name) % n_slots;

		while (slot[at])
			at = (at + 1) % n_slots;
		slot[at] = i + 1;
	}
	free(f->slot);
	f->slot = slot;
	f->n_slots = n_slots;
	return true;
}

static struct family *
family_add(struct families *f, const char *name, size_t at)
{
	struct family *v;

	if (f->n == f->room) {
		v = reallocarray(f->v, f->room ? 2 * f->room : 64, sizeof(*v));
		if (!v)
			return NULL;
		f->v = v;
		f->room = f->room ? 2 * f->room : 64;
	}
	v = &f->v[f->n];
	*v = (struct family){ .name = strdup(name) };
	if (!v->name)
		return NULL;
	f->slot[at] = ++f->n;
	return v;
}

struct family *
families_get(struct families *f, const char *path)
{
	char name[PATH_MAX];
	size_t at;

	families_name(path, name, sizeof(name));
	if (!slots_make(f))
		return NULL;
	for (at = hash_of(name) % f->n_slots; f->slot[at]; at = (at + 1) % f->n_slots) {
		if (strcmp(f->v[f->slot[at] - 1].name, name) == 0)
			return &f->v[f->slot[at] - 1];
	}
	return family_add(f, name, at);
}

void
families_release(struct families *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].name);
		free(f->v[i].example);
	}
	free(f->v);
	free(f->slot);
	*f = (struct families){ 0 };
}
