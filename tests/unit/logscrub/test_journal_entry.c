/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "logscrub/sink/journal_entry.h"

#include "tests/unit/suite.h"

static struct buf out;
static struct entry en;
static struct rule_trace trace;

static void
setup(void)
{
	buf_init(&out, 1 << 20);
	en = (struct entry){ .priority = -1, .facility = -1, .arrival_us = 1 };
	trace = (struct rule_trace){ 0 };
}

static void
teardown(void)
{
	buf_release(&out);
}

static struct span
put(struct span text)
{
	const struct journal_entry j = { "web", "s", 7, &en, text, &trace };

	buf_clear(&out);
	journal_entry_put(&out, &j);
	ck_assert(!out.failed);
	return span_of(out.p, out.len);
}

static bool
holds(struct span s, struct span what)
{
	return memmem(s.p, s.len, what.p, what.len) != NULL;
}

static unsigned
count(struct span s, struct span what)
{
	unsigned n = 0;
	const char *p = s.p, *end = s.p + s.len;

	while ((p = memmem(p, (size_t)(end - p), what.p, what.len)) != NULL) {
		p += what.len;
		n++;
	}
	return n;
}

static void
add_field(const char *name, const char *action, size_t at, size_t len, bool token)
{
	trace.field[trace.n++] = (struct rule_field){
		.name = name, .action = action, .at = at, .len = len, .token = token
	};
}

START_TEST(the_message_begins_behind_its_header)
{
	trace.message_at = 5;
	ck_assert(holds(put(SPAN("HEAD:message")), SPAN("MESSAGE=message\n")));
}
END_TEST

START_TEST(a_value_with_line_feeds_goes_by_its_length)
{
	ck_assert(holds(
		put(SPAN("a\nMESSAGE=b")), SPAN("MESSAGE\n\x0b\0\0\0\0\0\0\0a\nMESSAGE=b\n")));
}
END_TEST

START_TEST(a_nul_byte_is_passed_on)
{
	ck_assert(holds(put(SPAN("a\0b")), SPAN("MESSAGE=a\0b\n")));
}
END_TEST

static const char *const idents[][2] = {
	{ "sshd", "sshd" },
	{ "postfix/smtpd", "postfix/smtpd" },
	{ "", "web" },
	{ "two words", "web" },
	{ "line\nfeed", "web" },
	{ "peer-203.0.113.7", "web" },
	{ "[2001:db8::1]:22", "web" },
	{ "alice@example.org", "web" },
};

START_TEST(an_identifier_with_personal_data_is_the_stores_name)
{
	char want[64];
	int n;

	en.ident = span_str(idents[_i][0]);
	n = snprintf(want, sizeof(want), "\nSYSLOG_IDENTIFIER=%s\n", idents[_i][1]);
	ck_assert(holds(put(SPAN("x")), span_of(want, (size_t)n)));
}
END_TEST

static const char *const units[][2] = {
	{ "ssh.service", "ssh.service" },
	{ "getty@tty1.service", "getty@tty1.service" },
	{ "rsync@12-192.0.2.1:873-203.0.113.7:36718.service", "rsync@.service" },
	{ "203.0.113.7.service", NULL },
	{ "203.0.113.7@x.service", NULL },
};

START_TEST(a_unit_loses_an_instance_with_an_address)
{
	char trusted[128], want[128];
	int n;

	(void)snprintf(trusted, sizeof(trusted), "_SYSTEMD_UNIT=%s", units[_i][0]);
	en.trusted[0] = span_str(trusted);
	en.n_trusted = 1;
	n = snprintf(want, sizeof(want), "\nSPARSAM_UNIT=%s\n", units[_i][1] ? units[_i][1] : "");
	if (units[_i][1])
		ck_assert(holds(put(SPAN("x")), span_of(want, (size_t)n)));
	else
		ck_assert(!holds(put(SPAN("x")), SPAN("SPARSAM_UNIT")));
}
END_TEST

START_TEST(fields_are_named_as_journald_allows)
{
	add_field("envelope.name", "keep", 0, 1, false);
	add_field("gone", "drop", 0, 1, false);
	add_field("empty", "keep", 1, 0, false);
	add_field("dash", "keep", 1, 1, false);
	add_field("a_name_that_is_much_longer_than_what_journald_allows_a_field_to_have", "keep", 0,
		1, false);
	put(SPAN("x-"));
	ck_assert(holds(span_of(out.p, out.len), SPAN("\nSPARSAM_F_ENVELOPE_NAME=x\n")));
	ck_assert_uint_eq(count(span_of(out.p, out.len), SPAN("SPARSAM_F_")), 2);
	ck_assert(holds(span_of(out.p, out.len),
		SPAN("\nSPARSAM_F_A_NAME_THAT_IS_MUCH_LONGER_THAN_WHAT_JOURNALD_ALLOWS_A=x\n")));
}
END_TEST

START_TEST(each_pseudonym_is_a_token)
{
	const struct span text = SPAN(
		"fd00:1::2, fd00:1::3 from [fd00:1::4]:22: fdisk, 2001:db8::1");

	add_field("addresses", "redact", 0, text.len, true);
	add_field("again", "keep", 0, text.len, false);
	put(text);
	ck_assert_uint_eq(count(span_of(out.p, out.len), SPAN("SPARSAM_TOKEN=")), 3);
	for (unsigned i = 2; i <= 4; i++) {
		char want[32];
		int n = snprintf(want, sizeof(want), "\nSPARSAM_TOKEN=fd00:1::%u\n", i);

		ck_assert(holds(span_of(out.p, out.len), span_of(want, (size_t)n)));
	}
}
END_TEST

START_TEST(more_tokens_than_journald_takes_fields_are_cut_short)
{
	static char text[20000];

	for (size_t at = 0; at + 10 <= sizeof(text); at += 10)
		memcpy(text + at, "fd00:1::2 ", 10);
	add_field("addresses", "redact", 0, sizeof(text), true);
	put(span_of(text, sizeof(text)));
	ck_assert_uint_eq(count(span_of(out.p, out.len), SPAN("SPARSAM_TOKEN=")), 512);
}
END_TEST

START_TEST(the_place_of_what_cannot_be_read_again_is_a_dash)
{
	ck_assert(holds(put(SPAN("x")), SPAN("\nSPARSAM_POSITION=7 0 -\n")));
}
END_TEST

START_TEST(an_export_has_a_time_and_a_boot_also_without_a_journal_behind_it)
{
	const struct journal_entry j = { "web", "s", 7, &en, SPAN("x"), NULL };

	journal_entry_export(&out, &j);
	ck_assert(
		span_starts(span_of(out.p, out.len), SPAN("__REALTIME_TIMESTAMP=1\n__MONOTONIC_")));
	ck_assert_uint_eq(count(span_of(out.p, out.len), SPAN("\n_BOOT_ID=")), 1);
	ck_assert(!holds(span_of(out.p, out.len), SPAN("\n_BOOT_ID=\n")));
	ck_assert(memcmp(out.p + out.len - 2, "\n\n", 2) == 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("journal_entry");
	TCase *t = tcase_create("journal_entry");

	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_message_begins_behind_its_header);
	tcase_add_test(t, a_value_with_line_feeds_goes_by_its_length);
	tcase_add_test(t, a_nul_byte_is_passed_on);
	tcase_add_loop_test(t, an_identifier_with_personal_data_is_the_stores_name, 0,
		sizeof(idents) / sizeof(idents[0]));
	tcase_add_loop_test(
		t, a_unit_loses_an_instance_with_an_address, 0, sizeof(units) / sizeof(units[0]));
	tcase_add_test(t, fields_are_named_as_journald_allows);
	tcase_add_test(t, each_pseudonym_is_a_token);
	tcase_add_test(t, more_tokens_than_journald_takes_fields_are_cut_short);
	tcase_add_test(t, the_place_of_what_cannot_be_read_again_is_a_dash);
	tcase_add_test(t, an_export_has_a_time_and_a_boot_also_without_a_journal_behind_it);
	return suite_run(s);
}
