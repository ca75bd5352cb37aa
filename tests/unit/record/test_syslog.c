/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "splitting.h"

#include "tests/unit/suite.h"

static const struct {
	const char *line, *split;
} cases[] = {
	/* RFC 5424, its own examples with example addresses */
	{ "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed",
		"<{pri=34}>{version=1} {time=2003-10-11T22:14:15.003Z} "
		"{hostname=mymachine.example.com} {appname=su} {procid=-} {msgid=ID47} {sd=-} "
		"{message='su root' failed}" },
	{ "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time",
		"<{pri=165}>{version=1} {time=2003-08-24T05:14:15.000003-07:00} "
		"{hostname=192.0.2.1} {appname=myproc} {procid=8710} {msgid=-} {sd=-} "
		"{message=%% It's time}" },
	{ "<165>1 2003-10-11T22:14:15.003Z h app - ID47 [a@1 k=\"v\" e=\"a\\\"]b\"][b@2 c=\"d\"] "
	  "\xef\xbb\xbfmessage",
		"<{pri=165}>{version=1} {time=2003-10-11T22:14:15.003Z} {hostname=h} "
		"{appname=app} {procid=-} {msgid=ID47} {sd=[a@1 k=\"v\" e=\"a\\\"]b\"][b@2 "
		"c=\"d\"]} \xef\xbb\xbf{message=message}" },
	{ "<165>1 - - - - - [a@1 k=\"v\"]",
		"<{pri=165}>{version=1} {time=-} {hostname=-} {appname=-} {procid=-} {msgid=-} "
		"{sd=[a@1 k=\"v\"]}" },
	{ "1 2003-10-11T22:14:15.003Z h app - - - x",
		"{version=1} {time=2003-10-11T22:14:15.003Z} {hostname=h} {appname=app} "
		"{procid=-} {msgid=-} {sd=-} {message=x}" },
	/* … and with everything dropped but the time */
	{ "<->- 2003-10-11T22:14:15.003Z - - - - - -",
		"<{pri=-}>{version=-} {time=2003-10-11T22:14:15.003Z} {hostname=-} {appname=-} "
		"{procid=-} {msgid=-} {sd=-} {message=-}" },
	/* RFC 3164 */
	{ "<34>Oct 11 22:14:15 mymachine su: 'su root' failed",
		"<{pri=34}>{time=Oct 11 22:14:15} {hostname=mymachine} {appname=su}: "
		"{message='su root' failed}" },
	{ "<190>Nov 24 01:40:29 vm nginx: 192.0.2.7 - -",
		"<{pri=190}>{time=Nov 24 01:40:29} {hostname=vm} {appname=nginx}: "
		"{message=192.0.2.7 - -}" },
	{ "Nov 24 01:40:29 vm vm nginx: 192.0.2.7 - -",
		"{time=Nov 24 01:40:29} {hostname=vm} {hostname=vm} {appname=nginx}: "
		"{message=192.0.2.7 - -}" },
	{ "Nov 24 01:40:29 192.0.2.9 web1 nginx: x",
		"{time=Nov 24 01:40:29} {hostname=192.0.2.9} {hostname=web1} {appname=nginx}: "
		"{message=x}" },
	{ "Nov 24 01:40:29 ip4:aaaabbbbccccdddd web1 nginx: x",
		"{time=Nov 24 01:40:29} {hostname=ip4:aaaabbbbccccdddd} {hostname=web1} "
		"{appname=nginx}: {message=x}" },
	{ "Nov 24 01:40:29 web1.example.org web1 nginx: x",
		"{time=Nov 24 01:40:29} {hostname=web1.example.org} {hostname=web1} "
		"{appname=nginx}: {message=x}" },
	{ "Nov  4 01:40:02 vm sshd[9148]: Accepted",
		"{time=Nov  4 01:40:02} {hostname=vm} {appname=sshd}[{procid=9148}]: "
		"{message=Accepted}" },
	{ "Feb 6 16:27:08 host kernel: [71910.873115] x",
		"{time=Feb 6 16:27:08} {hostname=host} {appname=kernel}: "
		"{message=[71910.873115] x}" },
	{ "Dec 13 07:04:16 systemd-logind[2140]: New session 15 of user alice.",
		"{time=Dec 13 07:04:16} {appname=systemd-logind}[{procid=2140}]: {message=New "
		"session 15 of user alice.}" },
	{ "Nov 24 01:41:43 vm postfix/smtpd[9950]: BF72F: x",
		"{time=Nov 24 01:41:43} {hostname=vm} {appname=postfix/smtpd}[{procid=9950}]: "
		"{message=BF72F: x}" },
	{ "Nov 24 01:40:22 vm sudo:    alice : PWD=/",
		"{time=Nov 24 01:40:22} {hostname=vm} {appname=sudo}: {message=   alice : PWD=/}" },
	{ "Nov 24 01:40:22 vm (sd-pam)[12]: x",
		"{time=Nov 24 01:40:22} {hostname=vm} {appname=(sd-pam)}[{procid=12}]: "
		"{message=x}" },
	{ "Nov 24 01:40:22 vm app:", "{time=Nov 24 01:40:22} {hostname=vm} {appname=app}:" },
	{ "2026-11-24T01:40:29.123456+00:00 vm CRON[9485]: (alice) CMD",
		"{time=2026-11-24T01:40:29.123456+00:00} {hostname=vm} {appname=CRON}[{procid="
		"9485}]: {message=(alice) CMD}" },
	{ "oct. 29 16:47:39 srv java[23605]: 2024-10-29T16:47:39.630+01:00 DEBUG x",
		"{time=oct. 29 16:47:39} {hostname=srv} {appname=java}[{procid=23605}]: "
		"{message=2024-10-29T16:47:39.630+01:00 DEBUG x}" },
	{ "M\xc3\xa4r 01 16:47:39 srv java[1]: x",
		"{time=M\xc3\xa4r 01 16:47:39} {hostname=srv} {appname=java}[{procid=1}]: "
		"{message=x}" },
	{ "Nov 24 01:40:29 - -[-]: -",
		"{time=Nov 24 01:40:29} {hostname=-} {appname=-}[{procid=-}]: {message=-}" },
	/* a local socket */
	{ "<86>Nov 24 01:40:02 sshd[9148]: x",
		"<{pri=86}>{time=Nov 24 01:40:02} {appname=sshd}[{procid=9148}]: {message=x}" },
	/* PRI alone */
	{ "<6>[ 3381.459534] [UFW BLOCK] IN=lo",
		"<{pri=6}>{message=[ 3381.459534] [UFW BLOCK] IN=lo}" },
	{ "<13>app[12]: x", "<{pri=13}>{appname=app}[{procid=12}]: {message=x}" },
	{ "<13>Use the BFG!", "<{pri=13}>{message=Use the BFG!}" },
	{ "<13>", "<{pri=13}>{message=}" },
	/* bare */
	{ "", "{message=}" },
	{ "<>x", "{message=<>x}" },
	{ "<1234>x", "{message=<1234>x}" },
	{ "Accepted publickey for alice", "{message=Accepted publickey for alice}" },
	{ "sshd[12]: no time, no header", "{message=sshd[12]: no time, no header}" },
	{ "2024-05-20T14:46:49.672Z INFO  o.bigbluebutton.x - text",
		"{message=2024-05-20T14:46:49.672Z INFO  o.bigbluebutton.x - text}" },
	{ "2020-01-10T11:29:53.574Z DEBUG o.b.web.controllers.ApiController - a: b",
		"{message=2020-01-10T11:29:53.574Z DEBUG o.b.web.controllers.ApiController - a: b}" },
	{ "2026-11-24T01:40:04+0000: session 1: realm <x>",
		"{message=2026-11-24T01:40:04+0000: session 1: realm <x>}" },
	{ "Nov 24 01:40:29 vm alice@example.org: hello",
		"{message=Nov 24 01:40:29 vm alice@example.org: hello}" },
	{ "Nov 24 01:40:29 vm Connection refused: x",
		"{message=Nov 24 01:40:29 vm Connection refused: x}" },
	{ "Nov 24 01:40:29 vm last message repeated 2 times",
		"{message=Nov 24 01:40:29 vm last message repeated 2 times}" },
	{ "- - a b c - - d", "{message=- - a b c - - d}" },
};

START_TEST(header_is_split)
{
	struct splitting s;

	splitting_init(&s, (struct conf_format){ .type = FORMAT_SYSLOG });
	ck_assert_str_eq(splitting_of(&s, cases[_i].line), cases[_i].split);
	splitting_release(&s);
}
END_TEST

/* Any line before it, and itself once more. */
START_TEST(header_is_split_likewise_behind_another_line)
{
	struct splitting s;

	splitting_init(&s, (struct conf_format){ .type = FORMAT_SYSLOG });
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_str_eq(splitting_of(&s, cases[i].line), cases[i].split);
		ck_assert_str_eq(splitting_of(&s, cases[_i].line), cases[_i].split);
	}
	splitting_release(&s);
}
END_TEST

/* What stands behind the head of the line before, which is all that is known of it. */
START_TEST(head_of_the_line_before_says_nothing_of_what_is_behind)
{
	static const char *const tails[][2] = {
		{ "sshd[7]: x",
			"{time=Nov 24 01:40:29} {hostname=vm} {appname=sshd}[{procid=7}]: {message=x}" },
		{ "cron: y", "{time=Nov 24 01:40:29} {hostname=vm} {appname=cron}: {message=y}" },
		{ "cron:", "{time=Nov 24 01:40:29} {hostname=vm} {appname=cron}:" },
		{ "sshd[a b]: x", "{message=Nov 24 01:40:29 vm sshd[a b]: x}" },
		{ "vm sshd: x",
			"{time=Nov 24 01:40:29} {hostname=vm} {hostname=vm} {appname=sshd}: {message=x}" },
		{ "Connection refused: x", "{message=Nov 24 01:40:29 vm Connection refused: x}" },
		{ "", "{message=Nov 24 01:40:29 vm }" },
	};
	struct splitting s;
	char line[128];

	splitting_init(&s, (struct conf_format){ .type = FORMAT_SYSLOG });
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		(void)splitting_of(&s, "Nov 24 01:40:29 vm kernel: before");
		(void)snprintf(line, sizeof(line), "Nov 24 01:40:29 vm %s", tails[i][0]);
		ck_assert_str_eq(splitting_of(&s, line), tails[i][1]);
	}
	splitting_release(&s);
}
END_TEST

/* A short name is read sixteen bytes at a time, where the line has so many, and a long one byte by byte. */
START_TEST(name_of_a_program_has_the_same_bytes_at_any_length)
{
	static const char *const tails[] = { ": and so much more that it fills a block", ":" };
	struct splitting s;
	char line[128];

	splitting_init(&s, (struct conf_format){ .type = FORMAT_SYSLOG });
	for (unsigned c = 1; c < 256; c++)
		for (int before = 0; before < 40; before++)
			for (unsigned k = 0; k < 2; k++) {
				struct split sp;
				const bool is_name = (c >= '0' && c <= '9') ||
						     (c >= 'A' && c <= 'Z') ||
						     (c >= 'a' && c <= 'z') ||
						     strchr("_-./+~#()%@", (int)c);

				if (c == ' ' || c == ':' || c == '[' || c == '@')
					continue; /* they part */
				(void)snprintf(line, sizeof(line), "Nov 24 01:40:29 vm %.*s%cz%s",
					before, "nameofaprogramthatislongerthanablockis", (char)c,
					tails[k]);
				ck_assert_int_eq(
					format_split(s.format, span_str(line), &sp), FORMAT_OK);
				ck_assert_msg((sp.n > 2) == is_name, "%s", line);
			}
	splitting_release(&s);
}
END_TEST

/* Whatever is dropped from it, a line is read in the same way afterwards. */
START_TEST(header_is_found_again_when_fields_are_dropped)
{
	struct splitting s;
	struct split before, after;
	struct buf b;

	buf_init(&b, 4096);
	splitting_init(&s, (struct conf_format){ .type = FORMAT_SYSLOG });
	(void)format_split(s.format, span_str(cases[_i].line), &before);
	pieces_spell_out(span_str(cases[_i].line), &before);
	for (unsigned i = 0; i < before.n; i++) {
		const char *name = before.piece[i].field < 0
					   ? "literal"
					   : format_field(s.format, (unsigned)before.piece[i].field)
						     ->name;

		if (before.piece[i].field < 0 || strcmp(name, "time") == 0)
			buf_put(&b, before.piece[i].p, before.piece[i].len);
		else
			buf_char(&b, '-');
	}
	(void)format_split(s.format, span_of(b.p, b.len), &after);
	pieces_spell_out(span_of(b.p, b.len), &after);
	ck_assert_uint_eq(after.n, before.n);
	for (unsigned i = 0; i < before.n; i++)
		ck_assert_int_eq(after.piece[i].field, before.piece[i].field);
	splitting_release(&s);
	buf_release(&b);
}
END_TEST

START_TEST(second_chance_reads_the_whole_line_as_message)
{
	static const char line[] = "2024-05-20T14:46:49.672Z DEBUG app: x";
	struct splitting s;
	struct split sp;

	splitting_init(&s, (struct conf_format){ .type = FORMAT_SYSLOG });
	ck_assert_int_eq(format_split(s.format, span_str(line), &sp), FORMAT_OK);
	ck_assert_uint_gt(sp.n, 1);
	ck_assert(format_retry_bare(s.format, span_str(line), &sp));
	ck_assert_str_eq(
		splitting_text(&s, &sp), "{message=2024-05-20T14:46:49.672Z DEBUG app: x}");
	ck_assert(!format_retry_bare(s.format, span_str(line), &sp));
	splitting_release(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("syslog");
	TCase *t = tcase_create("all");
	const int n = (int)(sizeof(cases) / sizeof(cases[0]));

	tcase_add_loop_test(t, header_is_split, 0, n);
	tcase_add_loop_test(t, header_is_split_likewise_behind_another_line, 0, n);
	tcase_add_test(t, name_of_a_program_has_the_same_bytes_at_any_length);
	tcase_add_test(t, head_of_the_line_before_says_nothing_of_what_is_behind);
	tcase_add_loop_test(t, header_is_found_again_when_fields_are_dropped, 0, n);
	tcase_add_test(t, second_chance_reads_the_whole_line_as_message);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
