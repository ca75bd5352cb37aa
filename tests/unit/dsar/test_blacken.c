/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "dsar/review/blacken.h"
#include "tests/unit/suite.h"

static const struct known_value own[] = {
	{ "email", { "erika.mustermann@example.org", 28 } },
	{ "name", { "Erika Mustermann", 16 } },
	{ "ip", { "2001:db8::7", 11 } },
};
static const struct known_value other[] = {
	{ "name", { "Jörg Müller-Lüdenscheidt", 27 } },
	{ "name", { "Erika", 5 } },
	{ "account", { "8f2c41d7", 8 } },
	{ "name", { "ירדן כהן", 15 } },
	{ "id", { "7", 1 } },
};
static const struct blacken_known known = { own, 3, other, 5 };

static struct buf out;

/* TEXT after what is proposed has gone, ended by a NUL. */
static const char *
blackened(struct span text, enum blacken_form form)
{
	struct covers c = { 0 };
	struct err e;

	buf_init(&out, 1 << 20);
	ck_assert_int_eq(blacken_propose(text, form, &known, &c, &e), 0);
	ck_assert_int_eq(blacken_apply(text, form, &c, &out, &e), 0);
	buf_char(&out, 0);
	covers_release(&c);
	return out.p;
}

static void
check_text(const char *text, const char *expected)
{
	ck_assert_str_eq(blackened(span_str(text), blacken_form_of(span_str(text))), expected);
	buf_release(&out);
}

static const struct {
	const char *text, *expected;
} cases[] = {
	/* another one's address and name go, the person's own stay */
	{ "mail from erika.mustermann@example.org to joerg@example.com",
		"mail from erika.mustermann@example.org to [#####]" },
	{ "Erika Mustermann wrote to Jörg Müller-Lüdenscheidt.",
		"Erika Mustermann wrote to [#####]." },
	/* a name that is part of her own goes where it stands alone */
	{ "Erika, not Erika Mustermann", "[#####], not Erika Mustermann" },
	{ "ERIKA MUSTERMANN and JÖRG MÜLLER-LÜDENSCHEIDT", "ERIKA MUSTERMANN and [#####]" },
	/* decomposed */
	{ "Jo\xcc\x88rg Mu\xcc\x88ller-Lu\xcc\x88"
	  "denscheidt!",
		"[#####]!" },
	/* in the escapes of URLs, JSON and HTML within plain text */
	{ "GET /rooms?name=J%C3%B6rg+M%c3%bcller-L%C3%BCdenscheidt&x=1",
		"GET /rooms?name=[#####]&x=1" },
	{ "chat J\\u00f6rg M\\u00fcller-L\\u00fcdenscheidt: hi", "chat [#####]: hi" },
	{ "J&#246;rg M&#xfc;ller-L&#252;denscheidt", "[#####]" },
	{ "/j\xc3\xb6rg-m\xc3\xbcller-l\xc3\xbc"
	  "denscheidt/",
		"/[#####]/" },
	/* within a word it is something else; what is short, too */
	{ "Erikas 8f2c41d71 7 77", "Erikas 8f2c41d71 7 77" },
	{ "user 8f2c41d7 left", "user [#####] left" },
	/* addresses in any writing; hers stays */
	{ "from 192.0.2.7 and 2001:DB8:0::7 and 2001:db8::8",
		"from [#####] and 2001:DB8:0::7 and [#####]" },
	/* from right to left */
	{ "שם: ירדן כהן.", "שם: [#####]." },
	/* JSON stays valid, its numbers are words */
	{ "{\"n\":\"J\\u00f6rg M\\u00fcller-L\\u00fcdenscheidt\",\"k\":[1,\"a@example.com\"]}",
		"{\"n\":\"[#####]\",\"k\":[1,\"[#####]\"]}" },
	{ "{\"Erika\": true}", "{\"[#####]\": true}" },
	/* XML: values and character data, never markup */
	{ "<event name=\"Erika\"><Erika>Erika &amp; J&#246;rg M&#252;ller-L&#252;denscheidt</Erika>"
	  "<!-- Erika --><![CDATA[Erika]]></event>",
		"<event name=\"[#####]\"><Erika>[#####] &amp; [#####]</Erika>"
		"<!-- [#####] --><![CDATA[[#####]]]></event>" },
	{ "<p title='a@example.com'>a > b</p>", "<p title='[#####]'>a > b</p>" },
	{ "J&ouml;rg M&uuml;ller-L&uuml;denscheidt left", "[#####] left" },
	/* a syslog line is no XML */
	{ "<34>Erika logged in", "<34>[#####] logged in" },
	{ "", "" },
};

START_TEST(what_is_others_goes_and_what_is_hers_stays)
{
	check_text(cases[_i].text, cases[_i].expected);
}
END_TEST

START_TEST(a_number_of_json_becomes_a_string)
{
	static const char text[] = "{\"room\":4711,\"seats\":[47,4711.5]}";
	struct covers c = { 0 };
	struct err e;
	json_t *json;

	buf_init(&out, 1 << 16);
	ck_assert_int_eq(blacken_find(span_str(text), BLACKEN_JSON, SPAN("4711"), &c, &e), 0);
	ck_assert_int_eq(blacken_apply(span_str(text), BLACKEN_JSON, &c, &out, &e), 0);
	json = json_loadb(out.p, out.len, 0, NULL);
	ck_assert_ptr_nonnull(json);
	ck_assert_str_eq(json_string_value(json_object_get(json, "room")), BLACKEN_MARK);
	ck_assert_ptr_null(memmem(out.p, out.len, "4711", 4));
	json_decref(json);
	covers_release(&c);
	buf_release(&out);
}
END_TEST

START_TEST(cells_stay_cells)
{
	static const char text[] =
		"name,note\r\n\"Erika\",\"says \"\"hi\"\", a@example.com\"\r\nx,Erika\r\n";

	ck_assert_str_eq(blackened(span_str(text), BLACKEN_CSV),
		"name,note\r\n\"[#####]\",\"says \"\"hi\"\", [#####]\"\r\nx,[#####]\r\n");
	buf_release(&out);
}
END_TEST

START_TEST(neither_bytes_nor_length_tell)
{
	char text[256];
	size_t len = 0;

	for (int n = 1; n < 60; n += 7) {
		(void)snprintf(text, sizeof(text), "to %.*s@example.com.", n,
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij");
		(void)blackened(span_str(text), BLACKEN_TEXT);
		if (len > 0)
			ck_assert_uint_eq(out.len, len);
		len = out.len;
		ck_assert_str_eq(out.p, "to [#####].");
		buf_release(&out);
	}
}
END_TEST

/* Covers from anywhere, on any text: nothing outside the leaves is touched. */
START_TEST(covers_from_anywhere_leave_json_valid)
{
	static const char text[] =
		"{\"a\":\"x\\\"y\",\"b\":[1,true,{\"c\":null}],\"d\":\"\\u00fc\"}";

	for (size_t begin = 0; begin < sizeof(text) - 1; begin++)
		for (size_t end = begin + 1; end < sizeof(text); end++) {
			struct covers c = { 0 };
			struct err e;
			json_error_t at;
			json_t *json;

			buf_init(&out, 1 << 16);
			ck_assert_int_eq(covers_add(&c, begin, end, "x", &e), 0);
			ck_assert_int_eq(
				blacken_apply(span_str(text), BLACKEN_JSON, &c, &out, &e), 0);
			json = json_loadb(out.p, out.len, 0, &at);
			ck_assert_msg(
				json != NULL, "%zu-%zu: %.*s", begin, end, (int)out.len, out.p);
			json_decref(json);
			covers_release(&c);
			buf_release(&out);
		}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("blacken");
	TCase *t = tcase_create("blacken");

	tcase_add_loop_test(
		t, what_is_others_goes_and_what_is_hers_stays, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(t, a_number_of_json_becomes_a_string);
	tcase_add_test(t, cells_stay_cells);
	tcase_add_test(t, neither_bytes_nor_length_tell);
	tcase_add_test(t, covers_from_anywhere_leave_json_valid);
	suite_add_tcase(s, t);
	return suite_run(s);
}
