/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>

#include "logscrub/source/syslog_frame.h"

#include "tests/unit/suite.h"

/* --- headers ---------------------------------------------------------------------------------- */

static const struct header_case {
	const char *raw, *ident, *message;
	int priority, facility;
} header_cases[] = {
	/* nginx; its host twice behind rsyslog; syslog(3), which has no host */
	{ "<190>Nov 24 01:40:29 host nginx: 203.0.113.7 - -", "nginx", "203.0.113.7 - -", 6, 23 },
	{ "<190>Nov 24 01:40:29 vm vm nginx: 203.0.113.7 - -", "nginx", "203.0.113.7 - -", 6, 23 },
	{ "<38>Nov  4 01:40:29 sshd[12]: Accepted", "sshd", "Accepted", 6, 4 },
	{ "<22>Nov 24 01:40:29 mx postfix/smtpd[9]: connect from", "postfix/smtpd", "connect from",
		6, 2 },
	{ "2026-11-24T01:40:02.866904+00:00 vm sshd[9148]: Accepted", "sshd", "Accepted", -1, -1 },
	{ "<85>Nov 24 01:40:29 vm sudo:   anna : TTY=pts/0", "sudo", "  anna : TTY=pts/0", 5, 10 },
	{ "<13>app: hello", "app", "hello", 5, 1 },
	/* RFC 5424 6.5, structured data with all that has to be escaped in it */
	{ "<34>1 2026-11-24T01:40:29Z h su - ID47 - failed", "su", "failed", 2, 4 },
	{ "<34>1 - - app 7 - [a b=\"]\\\" x\"][c@1 d=\"\"] text", "app", "text", 2, 4 },
	{ "<34>1 2026-11-24T01:40:29Z h - - - - text", "", "text", 2, 4 },
	/* without a name all is message */
	{ "<13>Nov 24 01:40:29 vm what happened: this", "", NULL, 5, 1 },
	{ "just text", "", "just text", -1, -1 },
	{ "<192>text", "", "<192>text", -1, -1 },
	{ "<1", "", "<1", -1, -1 },
	{ "<13>", "", "", 5, 1 },
	{ "<34>1 2026-11-24T01:40:29Z h su - ID47 [x y=\"1\" text", "", NULL, 2, 4 },
};

START_TEST(header_gives_name_and_message)
{
	const struct header_case *c = &header_cases[_i];
	struct frame f;

	frame_read(span_str(c->raw), &f);
	ck_assert_msg(span_eq(f.ident, span_str(c->ident)), "%s: %.*s", c->raw, (int)f.ident.len,
		f.ident.p);
	ck_assert_int_eq(f.priority, c->priority);
	ck_assert_int_eq(f.facility, c->facility);
	if (c->message)
		ck_assert_msg(span_eq(f.message, span_str(c->message)), "%s: %.*s", c->raw,
			(int)f.message.len, f.message.p);
	else
		ck_assert(span_eq(f.message, f.line));
}
END_TEST

/* --- framing ---------------------------------------------------------------------------------- */

/* Feeds TEXT in pieces of N bytes; returns the messages, each with "|" behind it. */
static char *
frames(const char *text, size_t len, size_t n, uint64_t *ret_too_long)
{
	struct framer f = { 0 };
	struct span s;
	char *out = calloc(1, 2 * len + 16);

	for (size_t at = 0; at < len;) {
		char *room;
		size_t fits, put = n < len - at ? n : len - at;

		ck_assert_int_eq(framer_room(&f, &room, &fits, NULL), 0);
		ck_assert_uint_gt(fits, 0);
		put = put < fits ? put : fits;
		memcpy(room, text + at, put);
		framer_fill(&f, put);
		at += put;
		while (framer_take(&f, &s)) {
			strncat(out, s.p, s.len);
			strcat(out, "|");
		}
	}
	if (framer_take_last(&f, &s)) {
		strncat(out, s.p, s.len);
		strcat(out, "|");
	}
	if (ret_too_long)
		*ret_too_long = f.n_too_long;
	framer_release(&f);
	return out;
}

static const struct framing_case {
	const char *text;
	size_t len;
	const char *messages;
} framing_cases[] = {
#define TEXT(t) t, sizeof(t) - 1
	{ TEXT("<1>a\n<1>b\n"), "<1>a|<1>b|" },
	{ TEXT("4 <1>a6 <1>b c"), "<1>a|<1>b c|" },
	{ TEXT("4 <1>a\n4 <1>b\n"), "<1>a|<1>b|" }, /* both at once */
	{ TEXT("4 <1>a<1>b\n5 <1>cc<1>d\n"), "<1>a|<1>b|<1>cc|<1>d|" },
	{ TEXT("6 <1>a\nb<1>c\n"), "<1>a\nb|<1>c|" }, /* a counted one may hold line ends */
	{ TEXT("<1>a\0<1>b\0"), "<1>a|<1>b|" },
	{ TEXT("<1>a\r\n"), "<1>a\r|" },
	{ TEXT("no priority\n<1>b\n"), "no priority|<1>b|" },
	{ TEXT("2026 is no count\n"), "2026 is no count|" },
	{ TEXT("042 <1>a\n"), "042 <1>a|" },
	{ TEXT("1234567890123 <1>a\n"), "1234567890123 <1>a|" },
	{ TEXT("<1>not ended"), "<1>not ended|" },
	{ TEXT("20 <1>not whole"), "" },
	{ TEXT("\n\n\n<1>a\n\n"), "<1>a|" },
};

START_TEST(frames_are_the_same_however_they_arrive)
{
	const struct framing_case *c = &framing_cases[_i];

	for (size_t n = 1; n <= c->len; n++) {
		char *got = frames(c->text, c->len, n, NULL);

		ck_assert_msg(strcmp(got, c->messages) == 0, "case %d by %zu: %s", _i, n, got);
		free(got);
	}
}
END_TEST

START_TEST(frame_too_long_is_passed_over_and_counted)
{
	static const char behind[] = "<1>behind\n";
	size_t n = 3 * FRAMER_BYTES;
	char *text = malloc(n + 64), *got;
	uint64_t too_long = 0;
	int head = 0;

	if (_i == 0) /* counted */
		head = sprintf(text, "%zu <1>", n);
	memset(text + head, 'x', n);
	if (_i == 0)
		n -= 3; /* its "<1>" */
	else
		text[n++] = '\n';
	strcpy(text + head + n, behind);
	got = frames(text, (size_t)head + n + sizeof(behind) - 1, 1000, &too_long);
	ck_assert_str_eq(got, "<1>behind|");
	ck_assert_uint_eq(too_long, 1);
	free(got);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("syslog_frame");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, header_gives_name_and_message, 0,
		sizeof(header_cases) / sizeof(header_cases[0]));
	tcase_add_loop_test(t, frames_are_the_same_however_they_arrive, 0,
		sizeof(framing_cases) / sizeof(framing_cases[0]));
	tcase_add_loop_test(t, frame_too_long_is_passed_over_and_counted, 0, 2);
	suite_add_tcase(s, t);
	return suite_run(s);
}
