/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json.h - JSON log lines, split in place
 *
 * Strict RFC 8259 (UTF-8 checked, no lone surrogates, depth at most 64), without building a
 * document: the walk compares each member's path with a set of declared paths and hands out spans
 * into the line. Array elements are transparent: "items.name" is the member `name` of every object
 * in the array `items`. A key with a dot in it is reached by "\." in the path, one with a backslash
 * by "\\". Keys are compared with their escapes undone, and written as the path has them. A member
 * repeated in an object counts each time.
 *
 * Nothing is allocated per line; skipped members cost a scan of 16 bytes at a time (SSE2).
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/span.h"

struct json_paths; /* a set of paths, compiled to a trie; immutable after the last add */

struct json_paths *json_paths_new(void); /* NULL: out of memory */
/* Adds PATH with the number SLOT (>= 0) that the walk reports. Fails: EX_CONFIG (empty, a part of
 * another, a member's name of more than 255 bytes). */
int json_paths_add(struct json_paths *p, const char *path, int slot, struct err *e);
struct json_paths *json_paths_free(struct json_paths *p);
DEFINE_CLEANUP(struct json_paths, json_paths_free)

enum json_kind { /* jansson has the shorter names */
	JSON_KIND_STRING,
	JSON_KIND_NUMBER,
	JSON_KIND_TRUE,
	JSON_KIND_FALSE,
	JSON_KIND_NULL
};

/* A value at a declared path. `raw` is the text between the quotes for a string (escapes as they
 * stand: undo them by ESCAPE_JSON), the literal otherwise. */
struct json_value {
	int slot;
	enum json_kind kind;
	bool escaped; /* raw has a backslash */
	struct span raw;
};

/* Called for each scalar at a declared path. Writes the value as it shall stand (with its quotes)
 * to OUT and returns 0; returns > 0 to leave the member out, -1 to stop the whole line. */
typedef int json_visit(void *ctx, const struct json_value *v, struct buf *out);

/* Copies LINE to OUT, keeping its order and nesting: only members at declared paths, each as VISIT
 * writes it, no white space between. Objects and arrays in which nothing is left are left out
 * themselves, but for the outermost. LINE must be one JSON object or array and nothing else but
 * white space around. Returns 0; 1 if LINE is not valid JSON (OUT is cut back); -1 if VISIT said so
 * or OUT failed. */
int json_filter(const struct json_paths *p, struct span line, json_visit *visit, void *ctx,
	struct buf *out);

/* Hands each scalar at a declared path to SEE, which returns 0, or -1 to stop; writes nothing.
 * Returns as json_filter(); what comes before the place where LINE turns out to be no JSON has
 * been handed out by then. */
typedef int json_see(void *ctx, const struct json_value *v);
int json_each(const struct json_paths *p, struct span line, json_see *see, void *ctx);

/* Is LINE one that json_filter() takes? */
bool json_is_valid(struct span line);

/* A glance at LINE. True: if it is one that json_filter() takes, its first member KEY (of its own, not of what lies in
 * it) is *RET, the text of a string without escapes, or of a number or word. False: read it to know. */
bool json_glance(struct span line, const char *key, struct span *ret);
