/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store/plan.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "record/record.h"

static const char *const action_names[PLAN_ACTIONS] = { "unlink", "rewrite", "cut", "blank",
	"delete", "drop" };
static const char *const technique_names[PLAN_TECHNIQUES] = { "unlinked", "cleared",
	"crypto-erased" };

const char *
plan_action_name(enum plan_action a)
{
	return action_names[a];
}

const char *
plan_technique_name(enum plan_technique t)
{
	return technique_names[t];
}

void
plan_init(struct plan *p)
{
	*p = (struct plan){ 0 };
}

void
plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		free((char *)p->step[i].place);
	free(p->step);
	plan_init(p);
}

void
plan_count(struct plan_step *s, int64_t time_us, uint64_t bytes)
{
	s->n_records++;
	s->bytes += bytes;
	if (s->oldest_us == RECORD_NO_TIME || time_us < s->oldest_us)
		s->oldest_us = time_us;
	if (s->newest_us == RECORD_NO_TIME || time_us > s->newest_us)
		s->newest_us = time_us;
}

bool
plan_is_file(const struct plan_step *s, const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_dev == s->dev && st->st_ino == s->ino &&
	       st->st_nlink == 1;
}

bool
plan_stands(const struct plan_step *s, int dirfd, const char *name, struct stat *ret)
{
	return fstatat(dirfd, name, ret, AT_SYMLINK_NOFOLLOW) == 0 && plan_is_file(s, ret);
}

int
plan_add(struct plan *p, const struct plan_step *s, struct err *e)
{
	char *place = strdup(s->place);

	if (p->n == p->max) {
		size_t max = p->max ? 2 * p->max : 64;
		struct plan_step *v = reallocarray(p->step, max, sizeof(*v));

		if (!v) {
			free(place);
			return err_memory(e);
		}
		p->step = v;
		p->max = max;
	}
	if (!place)
		return err_memory(e);
	p->step[p->n] = *s;
	p->step[p->n++].place = place;
	return 0;
}

static void
hash_place(crypto_hash_sha256_state *h, const char *place)
{
	for (const char *p = place; *p; p++) {
		const char *text = *p == '\t'   ? "\\t"
				   : *p == '\n' ? "\\n"
				   : *p == '\\' ? "\\\\"
						: NULL;

		if (text)
			crypto_hash_sha256_update(h, (const uint8_t *)text, 2);
		else
			crypto_hash_sha256_update(h, (const uint8_t *)p, 1);
	}
}

static void
hash_step(crypto_hash_sha256_state *h, const struct plan_step *s)
{
	char text[256];
	int n;

	crypto_hash_sha256_update(h, (const uint8_t *)s->store, strlen(s->store));
	n = snprintf(text, sizeof(text), "\t%s\t%s\t", action_names[s->action],
		technique_names[s->technique]);
	crypto_hash_sha256_update(h, (const uint8_t *)text, (size_t)n);
	hash_place(h, s->place);
	n = snprintf(text, sizeof(text),
		"\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\n",
		s->dev, s->ino, s->n_records, s->bytes, s->oldest_us, s->newest_us);
	crypto_hash_sha256_update(h, (const uint8_t *)text, (size_t)n);
}

void
plan_hash(const struct plan *p, uint8_t ret[PLAN_HASH_LEN])
{
	crypto_hash_sha256_state h;

	crypto_hash_sha256_init(&h);
	for (size_t i = 0; i < p->n; i++)
		hash_step(&h, &p->step[i]);
	crypto_hash_sha256_final(&h, ret);
}
