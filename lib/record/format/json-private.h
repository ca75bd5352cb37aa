/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * json-private.h - what the files of the JSON walk share: the trie of paths, and the grammar of
 * strings and numbers
 */
#pragma once
#include "record/format/json.h"

#define JSON_DEPTH_MAX 64
#define JSON_KEY_MAX   255 /* bytes of one part of a declared path, escapes undone */
#define JSON_BUCKETS   16

/* One part of a declared path. Its children hang in buckets, so that a key that nobody declared
 * costs one look. */
struct json_node {
	struct json_node *bucket[JSON_BUCKETS];
	struct json_node *next; /* in the parent's bucket */
	int slot;               /* -1: only a part of longer paths */
	size_t key_len;
	char key[JSON_KEY_MAX];
	size_t text_len;
	char *text; /* `"key":`, as it is written */
};

struct json_paths {
	struct json_node root;
};

/* The child of N for the key whose text between the quotes is RAW, or NULL. */
const struct json_node *json_node_child(const struct json_node *n, struct span raw, bool escaped);

/* P stands behind an opening quote: returns the place of the closing one, or NULL where the string
 * is not valid. Sets *ESCAPED if it has a backslash. */
const char *json_string_end(const char *p, const char *end, bool *escaped);

/* P stands at a number's first byte: returns the place behind its last, or NULL. */
const char *json_number_end(const char *p, const char *end);
