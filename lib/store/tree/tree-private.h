/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * tree-private.h - what the files of the tree driver share
 *
 *   tree.c        the driver: its declaration, what a plan says of each unit
 *   tree_units.c  which places make a unit, a bounded number of them at a time
 *   tree_clue.c   what tells a unit's age, or that it is kept
 *   tree_act.c    a unit removed
 *
 * A unit is one place (a file or a folder), or, with a pattern `unit`, all places in whose names it
 * finds the same id: a recording lies in a dozen folders. A unit is one record. One that still runs,
 * or that is kept, has no time, so that nothing takes it for old.
 */
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/buf.h"
#include "base/file/watch.h"
#include "record/timestamp.h"
#include "store/folder.h"
#include "store/named.h"
#include "store/place.h"
#include "store/store-private.h"

/* --- clues ------------------------------------------------------------------------------------ */

struct tree_clue {
	enum tree_clue_kind {
		CLUE_MTIME,  /* the last change of its places themselves, the latest */
		CLUE_NEWEST, /* the last write of any file in it */
		CLUE_NAME,   /* the time in its name: groups ms, s or date of `unit` */
		CLUE_QUIET,  /* nothing of it was written for `quiet_us`: its last write */
		CLUE_MARK,   /* a file elsewhere, "{unit}" stands for the id */
		CLUE_FILE    /* a file in one of its folders, or what an XML element in it says */
	} kind;
	const char *path;                /* mark, file */
	const char *element, *attribute; /* file; NULL: none */
	const char *value;               /* keep_if; NULL: any */
	int64_t quiet_us;
	bool not, also; /* keep_if: "!", and joined to the next by "&" */
};

#define CLUES_MAX     16
#define TREE_FILE_MAX (1u << 20) /* read of a file for a clue */

struct tree_clues {
	char *text; /* theirs */
	struct tree_clue v[CLUES_MAX];
	size_t n;
};

struct tree {
	struct store store; /* first */
	pcre2_code *unit;   /* NULL: each place is one */
	pcre2_match_data *match;
	struct timestamp ts;
	struct tree_clues age, keep_if;
	char *about_text;
	struct conf_list about; /* files in its folders whose content is part of its text */
	struct conf_list last;  /* files in its folders that clues read: removed after all else */
	struct named *named;    /* keeps what a row names; NULL: nobody is asked */
	struct buf text;        /* of the unit in hand */
	struct buf file;        /* that a clue reads */
	struct tree_units *due; /* those that the last plan has steps for */
	size_t n_steps, n_acts; /* of that plan */
	struct store_size size; /* that the plan has seen, until it is asked for … */
	bool has_size; /* … once: to see a million files again takes as long as to remove them */
	struct folder_measure
		read;        /* all files of the unit in hand, as its age was told by them; … */
	bool has_read;       /* … or it was told by something else */
	struct watch *watch; /* over what the plan has looked at, until the act; or NULL */
	uint32_t group;      /* of the unit that is being planned; 0: none is watched */
	int64_t watch_us;
	int unsynced_fd; /* the folder changed last, not on the disk yet; -1: none */
	dev_t unsynced_dev;
	int64_t synced_us;
};

/* What S declares; KEEP for keep_if. Fails with EX_CONFIG at S. Ended by free(ret->text). */
int tree_clues_read(const struct conf_store *s, const char *text, bool keep, struct tree_clues *ret,
	struct err *e);

/* --- units ------------------------------------------------------------------------------------ */

struct tree_part {
	uint32_t folder, name, next; /* in `text`; 0 as next: the last one */
	bool is_folder;
	uint64_t dev, ino, bytes; /* of a file */
	int64_t mtime_us;
};

struct tree_unit {
	uint32_t id, first, last; /* in `text`, in `part` */
	int64_t name_us;          /* what its name says, or RECORD_NO_TIME */
	uint32_t group;           /* watched: as long as it is untouched, … */
	int64_t newest_us;        /* … that is the last write of any file in its folders */
};

struct tree_units {
	struct tree *t;
	struct tree_unit *unit;
	struct tree_part *part; /* [0] is none */
	uint32_t *table;        /* by id: unit + 1 */
	struct buf text;
	size_t n, max, n_parts, max_parts, n_table;
	uint32_t folder; /* of the place before */
	unsigned bits;   /* only ids whose hash ends in … */
	uint64_t tail;   /* … these bits */
	size_t memory_max;
	bool full;
};

struct tree_units *tree_units_new(struct tree *t, size_t memory_max);
struct tree_units *tree_units_free(struct tree_units *u);
DEFINE_CLEANUP(struct tree_units, tree_units_free)

/* One place into U: a part of the unit that its name has. 1: it belongs to none, or to another
 * slice, or U is full. */
int tree_units_add(struct tree_units *u, const struct place *p, struct err *e);
/* One of FROM's into U, with its parts. */
int tree_units_copy(struct tree_units *u, const struct tree_units *from,
	const struct tree_unit *one, struct err *e);
void tree_units_clear(struct tree_units *u);

/* Calls SEEN for each unit of the store, by its id within a slice of what memory holds; without a
 * pattern, for each place as it comes. SEEN returns 0 to go on, 1 to end, -1 to fail. */
typedef int tree_seen(
	void *ctx, const struct tree_units *u, const struct tree_unit *one, struct err *e);
int tree_each(struct tree *t, tree_seen *seen, void *ctx, struct err *e);

static inline const char *
tree_text(const struct tree_units *u, uint32_t at)
{
	return u->text.p + at;
}

/* The next of ONE's parts after P, or its first; NULL at the end. */
const struct tree_part *tree_next_part(
	const struct tree_units *u, const struct tree_unit *one, const struct tree_part *p);
/* Its whole path. False: too long for one. */
bool tree_part_path(const struct tree_units *u, const struct tree_part *p, char *ret);

/* --- what is known of one --------------------------------------------------------------------- */

/* Its time: RECORD_NO_TIME where it runs, or is kept (*ret_kept). */
int tree_unit_time(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	int64_t *ret_us, bool *ret_kept, struct err *e);

/* As a record, borrowing T until the next one; with TEXT its names and what `about` names. */
int tree_unit_record(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	int64_t time_us, bool text, struct record *ret, struct err *e);

/* Is it selected? Reads no more of it than WHICH needs. */
int tree_unit_selected(struct tree *t, const struct tree_units *u, const struct tree_unit *one,
	const struct selector *which, bool *ret, int64_t *ret_us, struct err *e);

/* --- acts ------------------------------------------------------------------------------------- */

/* As `driver` of a step: the files of one folder, each a unit; otherwise its number in T->due. */
#define TREE_FILES UINT64_MAX

int tree_act(struct store *s, const struct plan_step *step, const struct selector *which,
	struct store_result *ret, struct err *e);
