/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * rule-private.h - the tree that a rule is: one level for each format, one action for each field
 */
#pragma once
#include "logscrub/rule/rule.h"
#include "record/format/json.h"
#include "record/timestamp.h"

#define RULE_DEPTH_MAX 6   /* formats within formats */
#define RULE_NAME_MAX  256 /* bytes of "outer.inner.field" */

enum action_kind { ACTION_DROP, ACTION_KEEP, ACTION_TRANSFORM, ACTION_NEST };

struct level;

struct action {
	enum action_kind kind;
	const char *name;            /* as the configuration names it, or the field's own */
	struct transform *transform; /* KEEP has one too, for its name */
	struct level *inner;         /* NEST */
	enum conf_escape escape;
	bool is_time;
	bool recalls;             /* the transform remembers: transform_key() and _recall() */
	struct transform_key key; /* of the value at hand, where the transform may know it */
};

_Static_assert(FORMAT_FIELDS_MAX <= 64, "a bit for each field");

/* One format in the tree. `split` and `value` are of the record at hand. */
struct level {
	struct format *format;
	enum conf_format_type type;
	char path[RULE_NAME_MAX]; /* "" for the outermost, else the names of the fields it stands in
				   */
	struct action *action;    /* by field; JSON: by slot */
	unsigned n_actions;
	uint64_t kept, dropped,
		recalling;      /* bit i: action i keeps, drops, recalls (not for JSON) */
	uint64_t repeated;      /* bit i: field i recalls or nests, and is there more than once */
	int time_field;         /* index of the action that has the record's time, or -1 */
	unsigned time_piece;    /* where its piece was in the last record: a guess */
	bool nests;             /* some action is ACTION_NEST */
	struct level **variant; /* VARIANTS: borrowed from the rule, in order */
	unsigned n_variants;
	struct level *chosen;       /* … the one that fits the record at hand, if `present` */
	struct json_paths *paths;   /* JSON */
	struct json_paths *time_in; /* JSON: the time's path alone, to find it first */
	const char *time_key;       /* … if it is one member of the object itself; borrowed */
	struct buf undone;          /* the level's text where it had to be undone from escapes */
	struct buf made;            /* what was made of it, where it must be escaped again */
	struct split split;
	struct span text;
	bool present;     /* this level was there in the record at hand, and matched */
	unsigned end_len; /* a nested text ended in "\n" or "\r\n", which `text` is without */
};

/* A flat format's lines, of which each has the same pieces: what is done to them is decided once. */
struct flat_step {
	const struct piece *piece; /* of the level's split */
	struct action *action;
	struct transform_key key; /* of the piece: its field may have another one */
};

struct flat {
	struct level *level;                      /* NULL: the rule's lines are of no such format */
	const struct flat_step *time;             /* NULL: there is none */
	struct flat_step step[FORMAT_FIELDS_MAX]; /* one a piece */
	unsigned n_kept, n_asked, n_changed;
	const struct flat_step *kept[FORMAT_FIELDS_MAX], *changed[FORMAT_FIELDS_MAX];
	struct flat_step *asked[FORMAT_FIELDS_MAX];
};

struct rule {
	const struct conf_store *store;
	struct formats *formats;
	struct level *level[RULE_DEPTH_MAX * 4]; /* all of them, outermost first */
	unsigned n_levels;
	struct transform_env env;
	struct timestamp timestamp;
	int64_t time_us;
	const char *time_at; /* where it was read; NULL: nowhere yet */
	struct buf value;    /* one value without its escapes */
	struct buf made;     /* what a transform made of it */
	struct rule_trace *trace;
	struct buf befores; /* the trace's copies of values */
	struct err *e;      /* of the apply at hand */
	struct flat flat;
};

/* The short way for what most lines are (rule_flat.c), with the same result as the long one in rule.c: splits LINE
 * and writes it. Returns as rule_apply() does; DROP_NO_MATCH: the long way has to be tried. */
void rule_flat_init(struct rule *r);
int rule_flat_apply(struct rule *r, struct span line, int64_t arrival_us, struct buf *out);

/* Parts of the long way. */
void rule_note_time(struct rule *r, const struct action *a, struct span value);
int rule_write_piece(struct rule *r, struct level *lv, const struct piece *pc, struct buf *out);

/* Adds a member of a JSON level by its path; borrowed from LV until the next call. NULL: E is
 * filled. */
struct action *level_member(struct level *lv, const char *path, struct err *e);

/* Binds the store's rules to the fields of the tree. */
int rule_bind(struct rule *r, struct err *e);
