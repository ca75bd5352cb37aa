/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf.h"

#include <confuse.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/conf/conf-private.h"

#define DEFAULT_STATE  "/var/lib/sparsam"
#define DEFAULT_PREFIX "fd73:7061:7273::/48" /* "spars" in ASCII */

struct conf_block {
	struct conf_block *next;
	_Alignas(max_align_t) char p[];
};

int(conf_fail)(struct err *e, const struct conf_place *at, const char *what, const char *todo,
	const char *where, ...)
{
	char detail[400];
	va_list ap;

	va_start(ap, where);
	(void)vsnprintf(detail, sizeof(detail), where, ap);
	va_end(ap);
	return err_fail(e, EX_CONFIG, 0, what, todo, "%s:%u%s%s", at->file, at->line,
		*detail ? ": " : "", detail);
}

void *
conf_alloc(struct conf_draft *d, size_t n)
{
	struct conf_block *b = calloc(1, sizeof(*b) + n);

	if (!b) {
		d->failed = true;
		return NULL;
	}
	b->next = d->blocks;
	d->blocks = b;
	return b->p;
}

const char *
conf_strdup(struct conf_draft *d, const char *s)
{
	const size_t n = s ? strlen(s) + 1 : 0;
	char *copy = s ? conf_alloc(d, n) : NULL;

	return copy ? memcpy(copy, s, n) : NULL;
}

struct conf_draft *
conf_draft_new(struct err *e)
{
	struct conf_draft *d = calloc(1, sizeof(*d));

	if (!d) {
		(void)err_memory(e);
		return NULL;
	}
	d->root = -1;
	d->conf = (struct conf){
		.state_dir = DEFAULT_STATE,
		.runtime_dir = "/run/sparsam",
		.metrics_dir = "/var/lib/prometheus/node-exporter",
		.log_dir = "/var/log/sparsam",
		.key_dir = DEFAULT_STATE "/keys",
		.credential = "/etc/credstore.encrypted/sparsam-keys",
		.pseudonym_prefix = DEFAULT_PREFIX,
		.clock_ntp = true,
		.controller = "",
		.dpo = "",
		.authority = "",
		.remind_s = 7 * 86400,
		.sendmail = "/usr/sbin/sendmail",
		.land = LAND_HE,
		.request_mail_max = 10240000,
		.statistics = { .store = "bbb-web", .round = 5 },
	};
	return d;
}

struct conf *
conf_free(struct conf *c)
{
	struct conf_draft *d = (struct conf_draft *)c;

	if (!d)
		return NULL;
	for (struct conf_block *b = d->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(c->set);
	free(c->format);
	free(c->store);
	free(c->source);
	free(c->accept);
	free(c->category);
	free(c->duty);
	free(c->recipient);
	free(c->node);
	free(d);
	return NULL;
}

int
conf_parse(struct conf_draft *d, const char *file, const char *text, size_t len, bool main,
	struct err *e)
{
	const uint64_t seed[2] = { d->conf.digest, UINT64_C(0x9e3779b97f4a7c15) };
	cfg_t *root;
	int r;

	d->conf.digest = bytes_hash(seed, text, len);
	if (conf_schema_read(file, text, len, main, &root, e) < 0)
		return -1;
	r = conf_take(d, file, root, main, e);
	cfg_free(root);
	return r;
}

static int
draft_read(const char *file, int root, struct conf **ret, struct err *e)
{
	struct conf_draft *d = conf_draft_new(e);

	if (!d)
		return -1;
	d->root = root;
	if (conf_files_read(d, file, e) < 0 || conf_check(d, e) < 0) {
		(void)conf_free(&d->conf);
		return -1;
	}
	*ret = &d->conf;
	return 0;
}

int
conf_read(const char *file, struct conf **ret, struct err *e)
{
	return draft_read(file, -1, ret, e);
}

int
conf_read_inside(int rootfd, struct conf **ret, struct err *e)
{
	return draft_read(NULL, rootfd, ret, e);
}

const struct conf_format *
conf_find_format(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_formats; i++) {
		if (strcmp(c->format[i].name, name) == 0)
			return &c->format[i];
	}
	return NULL;
}

const struct conf_store *
conf_find_store(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->n_stores; i++) {
		if (strcmp(c->store[i].name, name) == 0)
			return &c->store[i];
	}
	return NULL;
}
