/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The set of declared paths: a trie, one node for each part of a path.
 */
#include <stdlib.h>

#include "base/bytes.h"
#include "record/format/escape.h"
#include "record/format/json-private.h"

static unsigned
key_bucket(struct span key)
{
	unsigned h = (unsigned)key.len;

	if (key.len > 0) {
		h += (unsigned char)key.p[0];
		h += 5u * (unsigned char)key.p[key.len - 1];
		h += 3u * (unsigned char)key.p[key.len / 2];
	}
	return h % JSON_BUCKETS;
}

static struct json_node *
node_find(const struct json_node *n, struct span key)
{
	struct json_node *c = n->bucket[key_bucket(key)];

	while (c && !(c->key_len == key.len && bytes_eq(c->key, key.p, key.len)))
		c = c->next;
	return c;
}

const struct json_node *
json_node_child(const struct json_node *n, struct span raw, bool escaped)
{
	char text[JSON_KEY_MAX];
	struct buf b = { .p = text, .cap = sizeof(text), .max = sizeof(text) };

	if (!escaped)
		return node_find(n, raw);
	escape_undo(ESCAPE_JSON, raw, &b); /* never grows: it is as large as it may be */
	return b.failed ? NULL : node_find(n, span_of(b.p, b.len));
}

/* The key as it is written, so that no other spelling of the input's passes. */
static int
node_name(struct json_node *n, struct span key, struct err *e)
{
	bool escaped;
	struct buf b;

	buf_init(&b, 8 * JSON_KEY_MAX);
	buf_char(&b, '"');
	escape_redo(ESCAPE_JSON, key, &b);
	buf_str(&b, "\":");
	if (b.failed) {
		buf_release(&b);
		return err_memory(e);
	}
	if (json_string_end(b.p + 1, b.p + b.len, &escaped) != b.p + b.len - 2) {
		buf_release(&b);
		return err_fail(e, EX_CONFIG, 0, N_("JSON path is not UTF-8"), NULL, NULL);
	}
	memcpy(n->key, key.p, key.len);
	n->key_len = key.len;
	n->text = b.p;
	n->text_len = b.len;
	return 0;
}

static struct json_node *
node_add(struct json_node *parent, struct span key, struct err *e)
{
	struct json_node **at = &parent->bucket[key_bucket(key)];
	cleanup_mem struct json_node *n = calloc(1, sizeof(*n));

	if (!n) {
		(void)err_memory(e);
		return NULL;
	}
	if (node_name(n, key, e) < 0)
		return NULL;
	n->slot = -1;
	n->next = *at;
	*at = n;
	return TAKE(n);
}

static bool
node_is_leaf(const struct json_node *n)
{
	for (unsigned i = 0; i < JSON_BUCKETS; i++)
		if (n->bucket[i])
			return false;
	return true;
}

static void
node_release(struct json_node *n)
{
	for (unsigned i = 0; i < JSON_BUCKETS; i++) {
		struct json_node *next;

		for (struct json_node *c = n->bucket[i]; c; c = next) {
			next = c->next;
			node_release(c);
			free(c);
		}
	}
	free(n->text);
}

/* Takes one part off *PATH into KEY, "\." and "\\" undone. Returns its length, or -1. */
static int
path_part(const char **path, char key[JSON_KEY_MAX])
{
	const char *p = *path;
	int n = 0;

	while (*p != '\0' && *p != '.') {
		if (*p == '\\' && (p[1] == '.' || p[1] == '\\'))
			p++;
		if (n == JSON_KEY_MAX)
			return -1;
		key[n++] = *p++;
	}
	*path = p;
	return n;
}

struct json_paths *
json_paths_new(void)
{
	struct json_paths *p = calloc(1, sizeof(*p));

	if (p)
		p->root.slot = -1;
	return p;
}

int
json_paths_add(struct json_paths *p, const char *path, int slot, struct err *e)
{
	struct json_node *n = &p->root;
	const char *at = path;
	unsigned depth = 0;

	if (*path == '\0')
		return err_fail(e, EX_CONFIG, 0, N_("empty JSON path"), N_("name a member"), NULL);
	for (;; at++) {
		char key[JSON_KEY_MAX];
		int len = path_part(&at, key);
		struct json_node *c;

		if (len < 0 || ++depth > JSON_DEPTH_MAX)
			return err_fail(e, EX_CONFIG, 0, N_("JSON path too long"), NULL, NULL);
		c = node_find(n, span_of(key, (size_t)len));
		if (c && c->slot >= 0)
			break;
		if (!c && !(c = node_add(n, span_of(key, (size_t)len), e)))
			return -1;
		n = c;
		if (*at != '\0')
			continue;
		if (!node_is_leaf(n))
			break;
		n->slot = slot;
		return 0;
	}
	return err_fail(e, EX_CONFIG, 0, N_("JSON path is a part of another, or named twice"),
		N_("name the members themselves, each once"), "%s", path);
}

struct json_paths *
json_paths_free(struct json_paths *p)
{
	if (p) {
		node_release(&p->root);
		free(p);
	}
	return NULL;
}
