/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <string.h>

#include "dsar/intake/propose.h"

#include "tests/unit/suite.h"

START_TEST(what_a_letter_asks_for_is_proposed)
{
	static const struct {
		const char *text, *lang;
		enum article articles[PROPOSALS_MAX + 1];
	} cases[] = {
		{ "Guten Tag, ich bitte um Auskunft und die L\u00d6SCHUNG meiner Daten.", "de",
			{ ARTICLE_ACCESS, ARTICLE_ERASURE } },
		{ "bitte loeschen Sie\nmeine Daten", "de", { ARTICLE_ERASURE } },
		{ "Ich widerrufe meine\n  Einwilligung.", "de", { ARTICLE_WITHDRAWAL } },
		{ "Hello, please send me a copy of my data and delete my account.", "en",
			{ ARTICLE_ACCESS, ARTICLE_ERASURE } },
		{ "I object to the processing of my data under Art. 21 GDPR.", "en",
			{ ARTICLE_OBJECTION } },
		{ "Please correct my name, and restrict the processing.", "en",
			{ ARTICLE_RECTIFICATION, ARTICLE_RESTRICTION } },
		{ "Recht auf Daten\u00fc"
		  "bertragbarkeit, bitte maschinenlesbar",
			"de", { ARTICLE_PORTABILITY } },
		{ "The room does not open.", "en", { 0 } },
		{ "", "de", { 0 } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum article got[PROPOSALS_MAX];
		size_t n = propose_articles(span_str(cases[i].text), got), k = 0;

		for (; cases[i].articles[k]; k++)
			ck_assert_msg(k < n && got[k] == cases[i].articles[k], "%s", cases[i].text);
		ck_assert_msg(k == n, "%s", cases[i].text);
		ck_assert_str_eq(propose_language(span_str(cases[i].text)), cases[i].lang);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("propose");
	TCase *t = tcase_create("propose");

	tcase_add_test(t, what_a_letter_asks_for_is_proposed);
	suite_add_tcase(s, t);
	return suite_run(s);
}
