/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * fuzz_transform.c - every transform on any value
 *
 * The first byte chooses the transform, the rest is the value. What comes out stays as it is in a
 * second pass, has no control byte, and no personal data that the detectors know.
 */
#include <stdint.h>
#include <stdlib.h>

#include "record/format/escape.h"
#include "record/key/keyring.h"
#include "record/key/pseudonym.h"
#include "record/timestamp.h"
#include "record/transform/transform.h"

#define CHECK(x)                                                                                   \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

static const char *const names[] = { "keep", "pseudonym", "prefix-pseudonym", "truncate", "last4",
	"host-only", "method+path", "path", "browser-family", "coarse-time", "class", "redact",
	"one-of", "words", "number", "flag", "pseudonym-id" };
#define N_NAMES  (sizeof(names) / sizeof(names[0]))
#define N_STORES 2

static struct transform *transforms[N_STORES][N_NAMES];
static struct transform_env env;
static struct timestamp timestamps;

static void
ignore_notice(void *ctx, const char *text, const char *day)
{
	(void)ctx, (void)text, (void)day;
}

static void
make_all(void)
{
	static const char *masks[] = { "/rooms/:id/join", "/x/y/:a/:b", "~^sec" };
	static const char *values[] = { "info", "~\\d+ ms" };
	static const char *networks[] = { "10.0.0.0/8", "2001:db8:1::/48" };
	static const char *types[] = { "ipv4", "ipv6", "email", "phone", "token", "uuid" };
	static const struct conf c = { .key_dir = "/nonexistent/keys", .longest_period_s = 604800 };
	static const struct address prefix = { { 0xfd, 0x53, 0x70, 0x61, 0x72, 0x73 }, 6 };
	static struct keyring *keyring;
	struct conf_store stores[N_STORES] = { { .name = "token" },
		{ .name = "address", .render_address = true, .keep_networks = { networks, 2 } } };

	CHECK(keyring_open(&c, ignore_notice, NULL, &keyring, NULL) == 0);
	CHECK(pseudonym_new(keyring, &prefix, &env.pseudonym, NULL) == 0);
	timestamp_init(&timestamps, "Europe/Berlin");
	env.timestamp = &timestamps;
	env.day = 20781;
	for (unsigned s = 0; s < N_STORES; s++) {
		for (unsigned i = 0; i < N_NAMES; i++) {
			struct conf_reduce d = { .field = "f",
				.to = names[i],
				.segments = -1,
				.bits4 = -1,
				.bits6 = -1,
				.digits = -1 };

			if (strcmp(names[i], "one-of") == 0 || strcmp(names[i], "words") == 0)
				d.values = (struct conf_list){ values, 2 };
			if (s == 1 && strstr(names[i], "path")) {
				d.mask = (struct conf_list){ masks, 3 };
				d.segments = 3;
			}
			if (s == 1 && strcmp(names[i], "redact") == 0)
				d.detect = (struct conf_list){ types, 6 };
			CHECK(transform_new(&d, &stores[s], &transforms[s][i], NULL) == 0);
		}
	}
}

static void
check_clean(const char *name, struct span s, bool address)
{
	struct detect d;
	struct finding f;

	for (size_t i = 0; i < s.len; i++)
		CHECK((unsigned char)s.p[i] >= ' ' ||
			(s.p[i] == '\t' && strcmp(name, "redact") == 0));
	CHECK(!memchr(s.p, 0x7f, s.len));
	if (strcmp(name, "redact") != 0 && !strstr(name, "pseudonym") && !strstr(name, "path"))
		return;
	detect_start(&d, s, DETECT_ADDRESSES);
	while (detect_next(&d, &f)) { /* only ours, or those to keep */
		CHECK(address);
		CHECK(f.address.family == 4
				? f.address.b[0] == 10
				: pseudonym_is_own_address(env.pseudonym, &f.address) ||
					  memcmp(f.address.b, "\x20\x01\x0d\xb8\0\x01", 6) == 0);
	}
}

/* What is known of RAW, a field as it stands, is what comes of it the long way, for all escapes. */
static void
check_recall(const struct transform *t, struct span raw)
{
	struct transform_key key;
	struct buf known, plain, made, out;

	if (!transform_remembers(t))
		return;
	buf_init(&known, 64 * raw.len + 256);
	buf_init(&plain, raw.len);
	buf_init(&made, 64 * raw.len + 256);
	buf_init(&out, 256 * raw.len + 1024);
	transform_key(t, &env, raw, &key);
	if (transform_recall(t, &env, &key, &known)) {
		for (unsigned i = 0; i <= ESCAPE_SD; i++) {
			buf_clear(&plain);
			buf_clear(&made);
			buf_clear(&out);
			escape_undo((enum conf_escape)i, raw, &plain);
			CHECK(transform_apply(t, &env, span_of(plain.p, plain.len), &made, NULL) ==
				0);
			escape_redo((enum conf_escape)i, span_of(made.p, made.len), &out);
			CHECK(span_eq(span_of(known.p, known.len), span_of(out.p, out.len)));
		}
	}
	buf_release(&known);
	buf_release(&plain);
	buf_release(&made);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span value;
	struct buf once, twice;
	unsigned i, s;

	if (!env.pseudonym)
		make_all();
	if (size == 0)
		return 0;
	i = data[0] % N_NAMES;
	s = data[0] / N_NAMES % N_STORES;
	value = span_of(data + 1, size - 1);
	buf_init(&once, 64 * size + 256);
	buf_init(&twice, 64 * size + 256);
	CHECK(transform_apply(transforms[s][i], &env, value, &once, NULL) == 0);
	CHECK(!once.failed && once.len > 0);
	CHECK(transform_apply(transforms[s][i], &env, span_of(once.p, once.len), &twice, NULL) ==
		0);
	CHECK(span_eq(span_of(once.p, once.len), span_of(twice.p, twice.len)));
	if (i > 0)
		check_clean(names[i], span_of(once.p, once.len), s == 1);
	check_recall(transforms[s][i], value);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
