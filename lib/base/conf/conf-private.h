/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conf-private.h - what the files of conf share
 *
 *   conf.c         memory, and looking up
 *   conf_files.c   which files are read, and in which order
 *   conf_text.c    a file's text made ready for libconfuse
 *   conf_schema.c  which options there are
 *   conf_value.c   each value's form
 *   conf_take.c    from libconfuse's tree to the structs of conf.h
 *   conf_check.c   what a declaration needs, and that the names it uses are there
 *   conf_set.c     lists that rules share, put in their places
 *   conf_claim.c   a file belongs to one store
 *   conf_order.c   which store is erased before which
 *   conf_policy.c  categories and duties: both, as well
 *   conf_recipient.c  recipients: both, as well
 *   conf_node.c    the sections agent and node
 *   conf_statistics.c  both of it for the section statistics
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/conf/conf.h"

#define CONF_TEXT_MAX (1u << 20) /* bytes of one file */

typedef struct cfg_t cfg_t; /* libconfuse's own name for it */

struct conf_block;

/* A configuration while it is read. Declarations are added to `conf`; strings and inner arrays
 * live in blocks that go with it. */
struct conf_draft {
	struct conf conf; /* first: conf_free() is given its address */
	struct conf_block *blocks;
	bool failed; /* memory is out */
	size_t own_sets, own_formats, own_stores, own_sources, own_accepts, own_categories,
		own_duties, own_recipients; /* the operator's, not shipped */
	bool shipped;                       /* now the shipped folder is read */
	int root;                           /* whose configuration this is, or -1: this machine's */
};

/* N zeroed bytes that live as long as D; NULL (and d->failed) when memory is out. */
void *conf_alloc(struct conf_draft *d, size_t n);
const char *conf_strdup(struct conf_draft *d, const char *s); /* NULL stays NULL */

/* Reads FILE (NULL: the default one, or that of d->root) and all that belongs to it into D. */
int conf_files_read(struct conf_draft *d, const char *file, struct err *e);

/* Appends TEXT to OUT in a form that libconfuse reads rightly: comments gone (it counts their lines
 * thrice), a comma between adjacent quoted pieces, line numbers as they were. Refuses what would
 * upset its scanner: NUL, an open quote, numeric escapes in double quotes. */
int conf_text_prepare(
	const char *file, const char *text, size_t len, struct buf *out, struct err *e);

/* Reads TEXT by the schema. MAIN: it is sparsam.conf and may set options of its own. The caller
 * owns *ret and ends it with cfg_free(), before the next one is read: libconfuse has one scanner.
 */
int conf_schema_read(
	const char *file, const char *text, size_t len, bool main, cfg_t **ret, struct err *e);
unsigned conf_schema_line(cfg_t *section); /* where it begins */
extern const char *const conf_store_types[];

/* Takes ROOT's declarations into D. */
int conf_take(struct conf_draft *d, const char *file, cfg_t *root, bool main, struct err *e);

/* What holds between declarations, once all are there; also sets longest_period_s. */
int conf_check(struct conf_draft *d, struct err *e);
int conf_claims_check(const struct conf_draft *d, struct err *e);
int conf_order_take(struct conf_draft *d, struct err *e);
int conf_sets_expand(struct conf_draft *d, struct err *e);

int conf_statistics_take(struct conf_draft *d, const char *file, cfg_t *root, struct err *e);
int conf_statistics_check(const struct conf *c, struct err *e);

int conf_agent_take(struct conf_draft *d, const char *file, cfg_t *sec, struct err *e);
int conf_authority_take(struct conf_draft *d, const char *file, cfg_t *sec, struct err *e);
int conf_node_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e);

int conf_category_take(
	struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e);
int conf_duty_take(struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e);
int conf_recipient_take(
	struct conf_draft *d, const char *file, cfg_t *sec, void *ret, struct err *e);
int conf_recipients_check(const struct conf *c, struct err *e);

/* An option's value, "" where it is not given; a list's, of none. */
const char *conf_text_of(struct conf_draft *d, cfg_t *sec, const char *option);
struct conf_list conf_list_of(struct conf_draft *d, cfg_t *sec, const char *option);
void conf_contact_take(struct conf_draft *d, cfg_t *root);
/* Before the stores are checked: they take from their categories what they leave out. */
int conf_policy_check(struct conf *c, struct err *e);

/* One file's text, read and taken: the way in for tests and fuzzers too. */
int conf_parse(struct conf_draft *d, const char *file, const char *text, size_t len, bool main,
	struct err *e);
struct conf_draft *conf_draft_new(struct err *e);

/* One name of a list, with its line: what keep, pseudonym and the like hold in libconfuse's tree */
struct conf_name {
	unsigned line;
	char text[];
};
