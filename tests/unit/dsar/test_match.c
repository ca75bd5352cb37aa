/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dsar/subject/match.h"
#include "dsar/subject/subject.h"
#include "record/record.h"
#include "store/signs.h"
#include "tests/unit/dsar/register.h"
#include "tests/unit/suite.h"

#define CASE "2026-0001"

static struct conf_subject declared[] = {
	{ .kind = "email", .field = "email" },
	{ .kind = "account", .field = "user_id" },
	{ .kind = "account", .field = "guest_id", .review = true },
	{ .kind = "account", .field = "external", .as = "gl-{}" },
	{ .kind = "meeting", .field = "unit", .as = "sha1({})-", .match = CONF_MATCH_PREFIX },
	{ .kind = "phone", .field = "phone" },
	{ .kind = "ip", .field = "ip" },
	{ .kind = "name", .field = "name" },
	{ .kind = "name", .field = "last", .match = CONF_MATCH_PARTS },
	{ .kind = "name", .field = "first", .match = CONF_MATCH_PARTS },
};
static struct conf_store stores[] = {
	{ .name = "rows", .type = "postgres", .subject = declared, .n_subjects = 10 },
	{ .name = "log", .type = "textlog" },
};
static struct subject subject;
static struct matcher *matcher;
static const char *field_name, *field_value;

static void
setup(void)
{
	register_make();
	subject = (struct subject){ 0 };
	matcher = NULL;
	reg_conf.store = stores;
	reg_conf.n_stores = 2;
	reg_conf.pseudonym_prefix = "fd73:7061:7273::/48";
	field_name = "";
	field_value = NULL;
}

static void
teardown(void)
{
	matcher_free(matcher);
	subject_release(&subject);
	register_remove();
}

static int
try_add(const char *kind, struct span value)
{
	const struct identifier i = {
		.kind = kind, .value = value, .from_us = INT64_MIN, .to_us = INT64_MAX, .own = true
	};
	bool is_new = false;

	return subject_add(reg, CASE, &subject, &i, &is_new, &e) < 0 ? -1 : is_new;
}

static void
add(const char *kind, const char *value)
{
	ck_assert_int_eq(try_add(kind, span_str(value)), 1);
}

static struct span
field(const struct record *r, const char *name)
{
	(void)r;
	return strcmp(name, field_name) == 0 ? span_str(field_value) : SPAN_NONE;
}

static bool
is_found(const struct record *r)
{
	const struct select_question *q;

	if (!matcher)
		ck_assert_int_eq(matcher_new(&reg_conf, r->store, &subject, NULL, &matcher, &e), 0);
	q = matcher_ask(matcher);
	return q->record(q->ctx, r);
}

static bool
stands_in(const char *text)
{
	const struct record r = {
		.store = &stores[1], .time_us = 5, .text = span_str(text), .field = field
	};

	return is_found(&r);
}

static bool
row_has(const char *name, const char *value)
{
	const struct record r = {
		.store = &stores[0], .time_us = 5, .text = SPAN("x"), .field = field
	};

	field_name = name;
	field_value = value;
	return is_found(&r);
}

/* Does a database that is told the signs give the row whose field holds VALUE? */
static bool
shows(const struct sign *s, const char *value)
{
	char digits[128];
	size_t n = 0, from = strspn(value, " \t"), len = strlen(value);

	for (const char *p = value; *p && n + 1 < sizeof(digits); p++)
		if (*p >= '0' && *p <= '9')
			digits[n++] = *p;
	digits[n] = '\0';
	while (len > from && strchr(" \t", value[len - 1]))
		len--;
	switch (s->kind) {
	case SIGN_EQUAL:
		return len - from == strlen(s->text) &&
		       strncasecmp(value + from, s->text, len - from) == 0;
	case SIGN_WITHIN:
		return strcasestr(value, s->text) != NULL;
	case SIGN_DIGITS:
		return strstr(digits, s->text) != NULL;
	case SIGN_BEGINS:
		for (n = 0; s->text[n] && !(value[from + n] & 0x80); n++)
			if (strncasecmp(value + from + n, s->text + n, 1) != 0)
				return false;
		return true;
	case SIGN_BEYOND:
		break;
	}
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p >= 0x80)
			return true;
	return false;
}

static bool
is_shown(const char *name, const char *value)
{
	const struct signs *signs = matcher_ask_fields(matcher)->signs;

	for (size_t i = 0; signs && i < signs->n; i++) {
		const bool shown = shows(&signs->v[i], value);

		ck_assert_int_eq(sign_shows(&signs->v[i], span_str(value)), shown);
		if (strcmp(signs->v[i].field, name) == 0 && shown)
			return true;
	}
	return !signs; /* then all rows are read */
}

/* --- identifiers ------------------------------------------------------------------------------ */

START_TEST(the_same_address_in_another_form_is_no_new_one)
{
	add("email", "Anna@Example.org");
	ck_assert_int_eq(try_add("email", SPAN("anna+news@example.ORG")), 0);
	add("email", "anna@b\xc3\xbc"
		     "cher.example");
	ck_assert_int_eq(try_add("email", SPAN("anna@xn--bcher-kva.example")), 0);
	add("ip", "2001:db8::1");
	ck_assert_int_eq(try_add("ip", SPAN("2001:0DB8:0:0:0:0:0:1")), 0);
	add("phone", "+49 (69) 12 34 56");
	ck_assert_int_eq(try_add("phone", SPAN("069 123456")), 0);
	add("name", "J\xc3\xbcrgen  Stra\xc3\x9f"
		    "e");
	ck_assert_int_eq(
		try_add("name", SPAN("JU\xcc\x88RGEN STRASSE")), 0); /* u and a diaeresis */
	ck_assert_uint_eq(subject.n, 5);
}
END_TEST

START_TEST(what_is_none_of_its_kind_is_refused)
{
	static char large[65536];

	memset(large, 'a', sizeof(large));
	ck_assert_int_eq(try_add("email", SPAN("anna")), -1);
	ck_assert_int_eq(e.exit, EX_DATAERR);
	ck_assert_int_eq(try_add("email", SPAN("a@b.example, c@d.example")), -1);
	ck_assert_int_eq(try_add("ip", SPAN("203.0.113")), -1);
	ck_assert_int_eq(try_add("phone", SPAN("none")), -1);
	ck_assert_int_eq(try_add("pattern", SPAN("(")), -1);
	ck_assert_int_eq(try_add("name", SPAN("")), -1);
	ck_assert_int_eq(try_add("name", SPAN("   ")), -1);
	ck_assert_int_eq(try_add("name", SPAN("a\0b")), -1);
	ck_assert_int_eq(try_add("name", SPAN("a\nb")), -1);
	ck_assert_int_eq(try_add("name", SPAN("\xff")), -1);
	ck_assert_int_eq(try_add("name", span_of(large, sizeof(large))), -1);
	ck_assert_int_eq(try_add("Name", SPAN("a")), -1);
	ck_assert_uint_eq(subject.n, 0);
}
END_TEST

START_TEST(a_register_is_read_as_it_was_written)
{
	struct subject again = { 0 };

	add("email", "anna@example.org");
	add("name", "'; DROP TABLE identifiers; --");
	ck_assert_int_eq(subject_read(reg, CASE, &again, &e), 0);
	ck_assert_uint_eq(again.n, 2);
	ck_assert(span_eq(again.v[1].value, SPAN("'; DROP TABLE identifiers; --")));
	ck_assert(again.v[0].own && again.v[0].to_us == INT64_MAX);
	subject_release(&again);
}
END_TEST

START_TEST(what_was_dropped_stays_out_with_what_came_over_it)
{
	struct identifier i = { .kind = "account",
		.value = SPAN("account-17"),
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.store = "users",
		.link = "id" };
	struct subject left = { 0 };
	bool is_new;

	add("email", "anna@example.org");
	i.parent = subject.v[0].id;
	ck_assert_int_eq(subject_add(reg, CASE, &subject, &i, &is_new, &e), 0);
	i.parent = subject.v[1].id;
	i.value = SPAN("account-18");
	ck_assert_int_eq(subject_add(reg, CASE, &subject, &i, &is_new, &e), 0);
	ck_assert_int_eq(subject_drop(reg, CASE, subject.v[1].id, &e), 0);
	ck_assert_int_eq(subject_drop(reg, CASE, 4711, &e), 1);
	ck_assert_int_eq(subject_read(reg, CASE, &left, &e), 0);
	ck_assert_uint_eq(left.n, 1);
	ck_assert_int_eq(subject_add(reg, CASE, &left, &i, &is_new, &e), 0);
	ck_assert(!is_new && left.n == 1); /* a search finds it again: it stays out */
	i.parent = 0;
	ck_assert_int_eq(subject_add(reg, CASE, &left, &i, &is_new, &e), 0);
	ck_assert(is_new && left.n == 2); /* she gives it: it is in */
	subject_release(&left);
}
END_TEST

/* --- texts ------------------------------------------------------------------------------------ */

START_TEST(an_address_of_mail_stands_in_many_forms)
{
	add("email", "anna+x@b\xc3\xbc"
		     "cher.example");
	ck_assert(stands_in("to=<Anna@B\xc3\xbc"
			    "cher.example>,"));
	ck_assert(stands_in("?mail=anna%40xn--bcher-kva.example&x=1"));
	ck_assert(stands_in("anna+other@xn--bcher-kva.example"));
	ck_assert(stands_in("{\"m\":\"anna@b\\u00fccher.example\"}"));
	ck_assert(stands_in("x anna@xn--bcher-kva.example."));
	ck_assert(!stands_in("johanna@xn--bcher-kva.example"));
	ck_assert(!stands_in("anna@xn--bcher-kva.example.net"));
	ck_assert(!stands_in("anna.b@xn--bcher-kva.example anna+b@c.example"));
}
END_TEST

START_TEST(an_ip_address_is_no_part_of_a_longer_one)
{
	add("ip", "203.0.113.7");
	ck_assert(stands_in("203.0.113.7"));
	ck_assert(stands_in("[203.0.113.7]:443"));
	ck_assert(stands_in("::ffff:203.0.113.7 -"));
	ck_assert(stands_in("from 203.0.113.7."));
	ck_assert(!stands_in("203.0.113.77"));
	ck_assert(!stands_in("1203.0.113.7"));
	ck_assert(!stands_in("9.203.0.113.7"));
	ck_assert(!stands_in("203.0.113.7.example"));
}
END_TEST

START_TEST(a_name_is_a_word_in_any_case_and_form)
{
	add("name", "J\xc3\xb6rg \xc3\x96hler");
	ck_assert(stands_in("moderator=J\xc3\x96RG \xc3\x96HLER;"));
	ck_assert(stands_in("fullName=J%C3%B6rg+%C3%96hler&"));
	ck_assert(stands_in("Jo\xcc\x88rg O\xcc\x88hler"));
	ck_assert(!stands_in("J\xc3\xb6rg \xc3\x96hlers"));
	ck_assert(!stands_in("BJ\xc3\xb6rg \xc3\x96hler"));
}
END_TEST

/* A name that is a word of many lines is a mention there, and certain nowhere. */
START_TEST(a_common_word_is_a_mention)
{
	struct record r = { .store = &stores[1], .time_us = 5, .text = SPAN("a room was made") };

	add("name", "Room");
	ck_assert(is_found(&r));
	ck_assert(!stands_in("a bedroom was made"));
}
END_TEST

START_TEST(short_numbers_are_looked_for_in_fields_alone)
{
	add("account", "42");
	ck_assert(!stands_in("status 42 of 42"));
	ck_assert(row_has("user_id", "42"));
	ck_assert(!row_has("user_id", "421"));
}
END_TEST

START_TEST(a_pattern_is_looked_for_in_the_text)
{
	add("pattern", "^anna\\d+");
	ck_assert(stands_in("Anna12"));
	ck_assert(!stands_in("x anna12"));
}
END_TEST

/* As text it is no pattern. */
START_TEST(a_name_like_a_pattern_is_itself)
{
	add("name", ".*");
	add("name", "a+(b|c)$");
	ck_assert(!stands_in("anything"));
	ck_assert(stands_in("x a+(b|c)$ y"));
}
END_TEST

START_TEST(a_pattern_without_end_is_left_to_people)
{
	static char text[5000];

	memset(text, 'a', sizeof(text) - 1);
	add("pattern", "(a+)+[bc]");
	ck_assert(stands_in(text));
}
END_TEST

/* --- fields ----------------------------------------------------------------------------------- */

START_TEST(fields_are_compared_as_their_kind_is)
{
	add("email", "anna@example.org");
	add("phone", "069 123456");
	ck_assert(row_has("email", "ANNA+x@example.org"));
	ck_assert(row_has("phone", "+49 69/123456"));
	ck_assert(!row_has("email", "hanna@example.org"));
}
END_TEST

static struct span
first_and_last(const struct record *r, const char *name)
{
	const char *const *v = r->driver;
	const char *value = strcmp(name, "first") == 0  ? v[0]
			    : strcmp(name, "last") == 0 ? v[1]
							: NULL;

	return value ? span_str(value) : SPAN_NONE;
}

START_TEST(a_name_may_be_spread_over_fields)
{
	static const struct {
		const char *parts[2];
		bool found;
	} cases[] = {
		{ { "Anna Maria", "MUSTER" }, true },
		{ { "anna", " Muster  Maria " }, true },
		{ { "Anna", "Muster" }, false },
		{ { "Anna Maria", NULL }, false },
		{ { "Anna Anna", "Muster" }, false },
		{ { NULL, "anna maria muster" }, true },
		{ { "Maria Anna", "Muster Beispiel" }, false },
	};
	const struct record r = { .store = &stores[0],
		.time_us = 5,
		.text = SPAN("x"),
		.field = first_and_last,
		.driver = (void *)cases[_i].parts };

	add("name", "Anna Maria Muster");
	ck_assert_int_eq(is_found(&r), cases[_i].found);
}
END_TEST

START_TEST(a_field_may_hold_what_is_made_of_it)
{
	add("account", "6e1c2b7e");
	add("meeting", "abc");
	ck_assert(row_has("external", "gl-6e1c2b7e"));
	ck_assert(!row_has("external", "6e1c2b7e"));
	ck_assert(row_has("unit", "a9993e364706816aba3e25717850c26c9cd0d89d-1795484429000"));
	ck_assert(!row_has("unit", "a9993e364706816aba3e25717850c26c9cd0d89d"));
}
END_TEST

static bool own;

static void
see(void *ctx, const struct match *m)
{
	(void)ctx;
	own |= match_is_own(m);
}

static bool
is_own(const char *name, const char *value)
{
	const struct record r = {
		.store = &stores[0], .time_us = 5, .text = SPAN("x"), .field = field
	};

	ck_assert(row_has(name, value));
	own = false;
	ck_assert_uint_eq(matcher_each(matcher, &r, see, NULL), 1);
	return own;
}

START_TEST(what_others_share_is_not_her_own)
{
	add("account", "6e1c2b7e");
	ck_assert(is_own("user_id", "6e1c2b7e"));
	ck_assert(!is_own("guest_id", "6e1c2b7e"));
}
END_TEST

START_TEST(an_address_was_hers_for_a_time)
{
	const struct identifier i = {
		.kind = "ip", .value = SPAN("203.0.113.7"), .from_us = 10, .to_us = 20
	};
	struct record r = { .store = &stores[1], .text = SPAN("203.0.113.7") };
	bool is_new;

	ck_assert_int_eq(subject_add(reg, CASE, &subject, &i, &is_new, &e), 0);
	r.time_us = 9;
	ck_assert(!is_found(&r));
	r.time_us = 10;
	ck_assert(is_found(&r));
	r.time_us = 20;
	ck_assert(!is_found(&r));
	r.time_us = RECORD_NO_TIME;
	ck_assert(is_found(&r));
}
END_TEST

START_TEST(a_record_without_text_is_counted)
{
	const struct record r = { .store = &stores[0], .time_us = 5, .field = field };

	add("email", "anna@example.org");
	field_name = "email";
	field_value = "anna@example.org";
	ck_assert(is_found(&r));
	ck_assert_uint_eq(matcher_unread(matcher), 1);
}
END_TEST

/* The subject is this one alone, without a register. False: it is none of its kind. */
static bool
is_subject(struct identifier *one, const char *kind, const char *value)
{
	struct buf folded;
	int rc;

	*one = (struct identifier){ .kind = kind,
		.value = span_str(value),
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.own = true };
	buf_init(&folded, 1000);
	rc = identifier_fold(one->kind, one->value, &folded, &e);
	buf_release(&folded);
	matcher = matcher_free(matcher);
	subject = (struct subject){ .v = one, .n = rc == 0 };
	return rc == 0;
}

/* Each way of writing that is taken for the same, and one of another person, who is left out. */
START_TEST(a_database_gives_what_a_field_is_taken_for)
{
	static const struct {
		const char *kind, *field, *value, *same[8], *other;
	} t[] = {
		{ "email", "email", "anna@example.org",
			{ "Anna@Example.ORG", " anna+x@example.org ", "anna@example.org" },
			"bert@example.org" },
		{ "email", "email", "\xc3\xa4nne@example.org",
			{ "\xc3\x84NNE@example.org", "a\xcc\x88nne@example.org" },
			"bert@example.org" },
		{ "email", "email",
			"kim@stra\xc3\x9f"
			"e.example",
			{ "\xe2\x84\xaaim@xn--strae-oqa.example", "KIM@xn--strae-oqa.example" },
			"tim@xn--strae-oqa.example" },
		{ "account", "user_id", "8F3C1A52-0C1D-4E8B-9F30-5D7B4B1E2A60",
			{ "8f3c1a52-0c1d-4e8b-9f30-5d7b4b1e2a60",
				" 8f3c1a52-0c1d-4e8b-9f30-5d7b4b1e2a60" },
			"8f3c1a52-0c1d-4e8b-9f30-5d7b4b1e2a61" },
		{ "account", "user_id", "a\"b\\c", { "a\"b\\c" }, "x" },
		{ "account", "external", "u-7", { "gl-u-7" }, "gl-u-8" },
		{ "phone", "phone", "+49 (69) 12 34 56",
			{ "069 123456", "004969-123456", "+4969123456" }, "069 123457" },
		{ "ip", "ip", "203.0.113.7",
			{ "203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107" },
			"203.0.113.8" },
		{ "ip", "ip", "2001:db8::12:7",
			{ "2001:0DB8:0:0:0:0:0012:7", "2001:db8::0.18.0.7" }, "203.0.113.8" },
		{ "ip", "ip", "::7", { "::7", "0:0:0:0:0:0:0:7" }, "203.0.113.7" },
		{ "name", "name",
			"J\xc3\xbcrgen  Stra\xc3\x9f"
			"e",
			{ "JU\xcc\x88RGEN STRASSE", "j\xc3\xbcrgen\tstrasse" }, "Bert Beispiel" },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct identifier one;

		ck_assert(is_subject(&one, t[i].kind, t[i].value));
		for (size_t k = 0; t[i].same[k]; k++) {
			ck_assert_msg(row_has(t[i].field, t[i].same[k]), "%s", t[i].same[k]);
			ck_assert_msg(is_shown(t[i].field, t[i].same[k]), "%s", t[i].same[k]);
		}
		ck_assert(!row_has(t[i].field, t[i].other));
		ck_assert_msg(!is_shown(t[i].field, t[i].other), "%s", t[i].other);
	}
	matcher = matcher_free(matcher); /* it asks SUBJECT to its end */
	subject = (struct subject){ 0 };
}
END_TEST

/* Whatever is found by a field shows a sign of it. */
START_TEST(nothing_that_is_found_by_a_field_is_left_out)
{
	static const char *const parts[] = { "a", "A", "anna", ".", "+", "@", "example.org", " ",
		"\xc3\xa4", "\xc3\x84", "a\xcc\x88", "ss", "\xc3\x9f", "k", "\xe2\x84\xaa", "0",
		"49", "69", "123456", "-", "(", ":", "::", "ffff", "203.0.113.7", "2001:db8", "7",
		"\"", "\\", "," };
	static const char *const kinds[] = { "email", "account", "phone", "ip", "name" };
	static const char *const fields[] = { "email", "user_id", "phone", "ip", "name" };
	const size_t n_parts = sizeof(parts) / sizeof(parts[0]);
	size_t n_found = 0;

	srandom((unsigned)_i);
	for (int round = 0; round < 100; round++) {
		const size_t kind = (size_t)random() % 5;
		struct identifier one;
		char text[200] = "", other[200];

		for (int k = 1 + (int)(random() % 5); k > 0; k--)
			strcat(text, parts[(size_t)random() % n_parts]);
		if (kind == 0)
			strcat(text, "@example.org");
		if (kind == 2)
			strcat(text, "123456");
		if (!is_subject(&one, kinds[kind], text))
			continue;
		/* parts of it in another order, or it with another one */
		for (int k = 0; k < 200; k++) {
			(void)snprintf(other, sizeof(other), "%s%s%s",
				k % 3 ? "" : parts[(size_t)random() % n_parts],
				k % 2 ? text : parts[(size_t)random() % n_parts],
				k % 5 ? "" : parts[(size_t)random() % n_parts]);
			if (!row_has(fields[kind], other))
				continue;
			n_found++;
			ck_assert_msg(is_shown(fields[kind], other), "%s is not shown by %s", other,
				text);
		}
	}
	matcher = matcher_free(matcher); /* it asks SUBJECT to its end */
	subject = (struct subject){ 0 };
	ck_assert_uint_gt(n_found, 1000);
}
END_TEST

static Suite *
match_suite(void)
{
	Suite *s = suite_create("match");
	TCase *t = tcase_create("match");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_same_address_in_another_form_is_no_new_one);
	tcase_add_test(t, what_is_none_of_its_kind_is_refused);
	tcase_add_test(t, a_register_is_read_as_it_was_written);
	tcase_add_test(t, what_was_dropped_stays_out_with_what_came_over_it);
	tcase_add_test(t, an_address_of_mail_stands_in_many_forms);
	tcase_add_test(t, an_ip_address_is_no_part_of_a_longer_one);
	tcase_add_test(t, a_name_is_a_word_in_any_case_and_form);
	tcase_add_test(t, a_common_word_is_a_mention);
	tcase_add_test(t, short_numbers_are_looked_for_in_fields_alone);
	tcase_add_test(t, a_pattern_is_looked_for_in_the_text);
	tcase_add_test(t, a_name_like_a_pattern_is_itself);
	tcase_add_test(t, a_pattern_without_end_is_left_to_people);
	tcase_add_test(t, fields_are_compared_as_their_kind_is);
	tcase_add_loop_test(t, a_name_may_be_spread_over_fields, 0, 7);
	tcase_add_test(t, a_field_may_hold_what_is_made_of_it);
	tcase_add_test(t, what_others_share_is_not_her_own);
	tcase_add_test(t, an_address_was_hers_for_a_time);
	tcase_add_test(t, a_record_without_text_is_counted);
	tcase_add_test(t, a_database_gives_what_a_field_is_taken_for);
	tcase_add_loop_test(t, nothing_that_is_found_by_a_field_is_left_out, 0, 10);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return suite_run(match_suite());
}
