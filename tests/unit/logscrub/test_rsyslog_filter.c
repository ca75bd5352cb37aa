/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/rsyslog_filter.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

/* Statements, one a string:
 *   "S auth.*"                           under a selector
 *   "P programname isequal sshd"         under a property filter
 *   "I $programname == "sshd" or …"      under an expression; words that begin with a quotation mark are texts
 *   "E" else    "U" under something that is not known    "*" without a filter    "&" with that of the one before
 * and what they are: "!" behind it: stop; "?": call; "{": it opens a block, "R{" a ruleset's; "}" closes one.
 */
static struct rsyslog_flow flow;

static void
expression(char *text)
{
	struct rsyslog_words w;
	char *rest = NULL;

	rsyslog_words_clear(&w);
	for (char *one = strtok_r(text, " ", &rest); one; one = strtok_r(NULL, " ", &rest))
		rsyslog_words_add(
			&w, *one == '"', one + (*one == '"'), strlen(one) - (*one == '"' ? 2 : 0));
	rsyslog_flow_condition(&flow, &w);
}

static void
property(char *text)
{
	char *rest = NULL, *name = strtok_r(text, " ", &rest);
	char *operation = strtok_r(NULL, " ", &rest);

	rsyslog_flow_property(&flow, name, operation, rest ? rest : "");
}

static void
filter(char *text)
{
	switch (*text) {
	case 'S':
		rsyslog_flow_selector(&flow, text + 2);
		break;
	case 'P':
		property(text + 2);
		break;
	case 'I':
		expression(text + 2);
		break;
	case 'E':
		rsyslog_flow_else(&flow);
		break;
	case 'U':
		rsyslog_flow_unknown(&flow);
		break;
	case '&':
		rsyslog_flow_same(&flow);
		break;
	case 'R':
		rsyslog_flow_ruleset(&flow);
		break;
	default:
		break;
	}
}

static void
statement(const char *line)
{
	char text[200], end;

	ck_assert_uint_lt(strlen(line), sizeof(text));
	(void)snprintf(text, sizeof(text), "%s", line);
	end = text[strlen(text) - 1];
	if (strchr("!?{", end))
		text[strlen(text) - 1] = '\0';
	if (*line == '}') {
		rsyslog_flow_close(&flow);
		return;
	}
	rsyslog_flow_statement(&flow);
	filter(text);
	if (end == '!')
		rsyslog_flow_stop(&flow);
	else if (end == '?')
		rsyslog_flow_call(&flow);
	else if (end == '{')
		rsyslog_flow_open(&flow);
}

/* Twice, as the doctor reads: the first time for the names alone. */
static enum rsyslog_reach
reach(const char *const lines[])
{
	rsyslog_flow_init(&flow);
	for (int round = 0; round < 2; round++) {
		rsyslog_flow_again(&flow);
		for (size_t i = 0; lines[i]; i++)
			statement(lines[i]);
	}
	return rsyslog_flow_reaches(&flow);
}

#define NO    RSYSLOG_NO
#define MAYBE RSYSLOG_MAYBE
#define YES   RSYSLOG_YES

/* What gets to the last of the statements? */
static const struct {
	enum rsyslog_reach want;
	const char *lines[8];
} cases[] = {
	/* selectors */
	{ YES, { "*" } },
	{ YES, { "S auth,authpriv.*" } },
	{ NO, { "S mail.none" } },
	{ NO, { "S *.*;*.none" } },
	{ YES, { "S *.*;mail.none" } },
	{ NO, { "S mail.*!", "S mail.info" } },
	{ YES, { "S mail.*!", "S *.info" } },
	{ YES, { "S mail.=info!", "S mail.=err" } },
	{ NO, { "S mail.=info!", "S mail.=info" } },
	{ NO, { "S mail.warn!", "S mail.err" } }, /* and worse */
	{ YES, { "S mail.warn!", "S mail.info" } },
	{ NO, { "S mail.*;mail.!err", "S mail.*;mail.!debug" } },
	{ YES, { "S mail.*;mail.!=err" } },
	{ NO, { "S *.*!", "S kern.*" } },
	{ NO, { "S security.*!", "S AUTH.*" } }, /* two names, and either case */
	{ MAYBE, { "S nothing.*" } },
	/* what stops, or may */
	{ NO, { "*!", "*" } },
	{ MAYBE, { "*?", "*" } },
	{ MAYBE, { "U!", "*" } },
	{ MAYBE, { "U" } },
	/* the filter of the one before */
	{ NO, { "S mail.*", "&!", "S mail.*" } },
	{ YES, { "S mail.*", "&!", "S kern.*" } },
	/* programs */
	{ YES, { "P programname isequal sshd" } },
	{ NO, { "P programname isequal sshd!", "P programname isequal sshd" } },
	{ YES, { "P programname isequal sshd!", "P programname isequal cron" } },
	{ YES, { "P programname isequal sshd!", "P programname !isequal sshd" } },
	{ NO, { "P programname !isequal sshd!", "P programname isequal cron" } },
	{ YES, { "P programname !isequal sshd!", "P programname isequal sshd" } },
	{ NO, { "P programname startswith ssh!", "P programname isequal sshd" } },
	{ YES, { "P programname startswith ssh!", "P programname isequal cron" } },
	{ MAYBE, { "P programname regex ssh" } },
	{ NO, { "P app-name isequal sshd!", "I $programname == \"sshd\"" } },
	/* words in a message: some have it, some do not */
	{ YES, { "P msg contains error" } },
	{ YES, { "P msg contains error!", "*" } },
	{ YES, { "P msg !contains error" } },
	{ MAYBE, { "P fromhost isequal gateway" } },
	/* levels */
	{ NO, { "S *.err!", "P syslogseverity-text isequal err" } },
	{ YES, { "S *.err!", "P syslogseverity-text isequal info" } },
	{ NO, { "S kern.*!", "P syslogfacility-text isequal kern" } },
	{ NO, { "I $syslogseverity <= 3 !", "S *.crit" } },
	{ YES, { "I $syslogseverity <= 3 !", "S *.=warning" } },
	{ NO, { "I $syslogfacility == 2 !", "S mail.*" } },
	/* expressions */
	{ NO, { "I $programname == \"a\" or $programname == \"b\" !", "P programname isequal b" } },
	{ YES, { "I $programname == \"a\" or $programname == \"b\" !",
		       "P programname isequal c" } },
	{ NO, { "I $programname == \"a\" and $programname == \"b\"" } },
	{ NO, { "I not ( $programname == \"a\" ) !", "P programname isequal b" } },
	{ YES, { "I not ( $programname == \"a\" ) !", "P programname isequal a" } },
	{ MAYBE, { "I $!usr!name == \"x\"" } },
	{ MAYBE, { "I re_match ( $msg , \"x\" )" } },
	/* else, blocks, rulesets */
	{ NO, { "I $programname == \"a\"", "E!", "P programname isequal b" } },
	{ YES, { "I $programname == \"a\"", "E!", "P programname isequal a" } },
	{ NO, { "S mail.*{", "*!", "}", "S mail.*" } },
	{ YES, { "S mail.*{", "*!", "}", "S kern.*" } },
	{ NO, { "S mail.*{", "S kern.*" } },
	{ YES, { "S mail.*{", "S *.err" } },
	{ YES, { "*!", "R{", "*" } }, /* messages come to it by other ways */
	{ YES, { "R{", "*!", "}", "*" } },
	{ NO, { "R{", "*!", "*" } },
};

START_TEST(what_gets_to_a_statement)
{
	const enum rsyslog_reach got = reach(cases[_i].lines);

	ck_assert_msg(got == cases[_i].want, "case %d, \"%s\" …: wanted %d, got %d", _i,
		cases[_i].lines[0], (int)cases[_i].want, (int)got);
}
END_TEST

START_TEST(more_blocks_than_there_is_room_for_are_not_known)
{
	rsyslog_flow_init(&flow);
	for (int i = 0; i < 2 * RSYSLOG_DEEP; i++)
		statement("S mail.*{");
	statement("S kern.*");
	ck_assert_int_ne(rsyslog_flow_reaches(&flow), RSYSLOG_YES);
	for (int i = 0; i < 2 * RSYSLOG_DEEP; i++)
		statement("}");
	statement("S kern.*");
	ck_assert_int_eq(rsyslog_flow_reaches(&flow), RSYSLOG_YES);
}
END_TEST

START_TEST(more_programs_than_there_is_room_for_are_not_known)
{
	char line[64];

	rsyslog_flow_init(&flow);
	for (int i = 0; i < 2 * RSYSLOG_PROGRAMS; i++) {
		(void)snprintf(line, sizeof(line), "P programname isequal p%d!", i);
		statement(line);
	}
	statement("P programname isequal other");
	ck_assert_int_ne(rsyslog_flow_reaches(&flow), RSYSLOG_NO);
}
END_TEST

START_TEST(an_expression_that_is_too_long_is_not_known)
{
	static struct rsyslog_words w;

	rsyslog_words_clear(&w);
	for (int i = 0; i < 2 * RSYSLOG_WORDS; i++)
		rsyslog_words_add(&w, false, "or", 2);
	ck_assert(w.failed);
	rsyslog_flow_init(&flow);
	rsyslog_flow_statement(&flow);
	rsyslog_flow_condition(&flow, &w);
	ck_assert_int_eq(rsyslog_flow_reaches(&flow), RSYSLOG_MAYBE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rsyslog_filter");
	TCase *tc = tcase_create("rsyslog_filter");

	tcase_add_loop_test(
		tc, what_gets_to_a_statement, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, more_blocks_than_there_is_room_for_are_not_known);
	tcase_add_test(tc, more_programs_than_there_is_room_for_are_not_known);
	tcase_add_test(tc, an_expression_that_is_too_long_is_not_known);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
