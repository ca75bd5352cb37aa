/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_json.c - the JSON walk against jansson
 *
 * Both take the same lines, but for what jansson cannot hold (a number out of its range, a NUL in
 * a key) and for our depth. What the filter writes is JSON by jansson's word too, has only declared
 * members, and stays as it is in a second pass.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "record/format/json.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static unsigned
depth_of(const json_t *j)
{
	unsigned deepest = 0;
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_object(j)) {
		json_object_foreach((json_t *)j, key, v)
		{
			unsigned d = depth_of(v);
			deepest = d > deepest ? d : deepest;
		}
	} else if (json_is_array(j)) {
		json_array_foreach(j, i, v)
		{
			unsigned d = depth_of(v);
			deepest = d > deepest ? d : deepest;
		}
	} else {
		return 0;
	}
	return deepest + 1;
}

/* Do brackets outside strings nest deeper than we follow? (jansson drops repeated members, so its
 * tree does not say.) */
static bool
is_deep(struct span s)
{
	unsigned depth = 0, deepest = 0;
	bool string = false;

	for (size_t i = 0; i < s.len; i++) {
		if (string && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			string = !string;
		else if (!string && (s.p[i] == '[' || s.p[i] == '{'))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!string && (s.p[i] == ']' || s.p[i] == '}'))
			depth--;
	}
	return deepest > 64;
}

/* J holds only members below PATHS of the target. */
static void
check_members(const json_t *j, int at)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_is_array(j)) {
		json_array_foreach(j, i, v) check_members(v, at);
		return;
	}
	if (!json_is_object(j)) {
		CHECK(at == 9);
		return;
	}
	json_object_foreach((json_t *)j, key, v)
	{
		int to = 0;

		if (at == 1)
			to = !strcmp(key, "name") || !strcmp(key, "") ? 9
			     : !strcmp(key, "a")                      ? 2
								      : 0;
		else if (at == 2)
			to = !strcmp(key, "b") || !strcmp(key, "c.d") ? 9 : 0;
		CHECK(to != 0);
		check_members(v, to);
	}
}

static int
visit(void *ctx, const struct json_value *v, struct buf *out)
{
	(void)ctx;
	if (v->kind == JSON_KIND_TRUE) {
		buf_str(out, "left out");
		return 1;
	}
	if (v->kind == JSON_KIND_STRING)
		buf_char(out, '"');
	buf_span(out, v->raw);
	if (v->kind == JSON_KIND_STRING)
		buf_char(out, '"');
	return 0;
}

static void
check_filter(struct span line)
{
	CLEANUP(json_paths_freep) struct json_paths *p = json_paths_new();
	struct buf once, twice;
	json_error_t je;
	json_t *j;

	CHECK(p && json_paths_add(p, "name", 0, NULL) == 0 &&
		json_paths_add(p, "a.b", 1, NULL) == 0 &&
		json_paths_add(p, "a.c\\.d", 2, NULL) == 0);
	buf_init(&once, 4 * line.len + 64);
	buf_init(&twice, 4 * line.len + 64);
	CHECK(json_filter(p, line, visit, NULL, &once) == 0);
	CHECK(json_filter(p, span_of(once.p, once.len), visit, NULL, &twice) == 0);
	CHECK(span_eq(span_of(once.p, once.len), span_of(twice.p, twice.len)));
	j = json_loadb(once.p, once.len, JSON_ALLOW_NUL, &je);
	CHECK(j || json_error_code(&je) == json_error_numeric_overflow);
	if (j)
		check_members(j, 1);
	json_decref(j);
	buf_release(&once);
	buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = span_of(data, size);
	bool ours = json_is_valid(line);
	json_error_t je;
	json_t *j;

	if (size > 0 && memchr(data, '\0', size)) { /* jansson 2.14 overlooks one behind a number */
		CHECK(!ours);
		return 0;
	}
	j = json_loadb(size ? (const char *)data : "", size, JSON_ALLOW_NUL, &je);
	if (j) {
		CHECK(ours || is_deep(line));
		CHECK(!ours || depth_of(j) <= 64);
		json_decref(j);
	} else if (json_error_code(&je) != json_error_numeric_overflow &&
		   json_error_code(&je) != json_error_null_byte_in_key) {
		CHECK(!ours);
	}
	if (ours)
		check_filter(line);
	return 0;
}
