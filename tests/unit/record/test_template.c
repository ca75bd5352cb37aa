/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "splitting.h"

#include "tests/unit/suite.h"

#define COMBINED                                                                                   \
	"$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "         \
	"\"$http_referer\" \"$http_user_agent\""
#define APACHE_COMBINED "%h %l %u %t \\\"%r\\\" %>s %O \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\""

struct line_case {
	const char *line, *split;
};

static void
check_lines(struct conf_format decl, const struct line_case *c, size_t n)
{
	struct splitting s;

	splitting_init(&s, decl);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(splitting_of(&s, c[i].line), c[i].split);
	splitting_release(&s);
}

#define CHECK_LINES(decl, cases) check_lines(decl, cases, sizeof(cases) / sizeof(cases[0]))

static struct conf_format
nginx(const char *template)
{
	return (struct conf_format){
		.type = FORMAT_TEMPLATE, .template_ = template, .escape = ESCAPE_NGINX
	};
}

static struct conf_format
apache(const char *template)
{
	return (struct conf_format){ .type = FORMAT_TEMPLATE,
		.template_ = template,
		.apache = true,
		.escape = ESCAPE_APACHE };
}

static const struct line_case combined[] = {
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"GET /a?b=c HTTP/1.1\" 200 157 "
	  "\"https://example.org/\" \"curl/7.88.1\"",
		"{remote_addr=192.0.2.7} - {remote_user=-} [{time_local=24/Nov/2026:01:40:29 "
		"+0000}] \"{request=GET /a?b=c HTTP/1.1}\" {status=200} {body_bytes_sent=157} "
		"\"{http_referer=https://example.org/}\" \"{http_user_agent=curl/7.88.1}\"" },
	{ "2001:db8::1 - a b [24/Nov/2026:01:40:29 +0000] \"\" 400 0 \"-\" \"\"",
		"{remote_addr=2001:db8::1} - {remote_user=a b} [{time_local=24/Nov/2026:01:40:29 "
		"+0000}] \"{request=}\" {status=400} {body_bytes_sent=0} \"{http_referer=-}\" "
		"\"{http_user_agent=}\"" },
	/* what a user calls himself does not reach the time, which is kept */
	{ "192.0.2.7 - a [b [24/Nov/2026:01:40:29 +0000] \"-\" 400 0 \"-\" \"-\"",
		"{remote_addr=192.0.2.7} - {remote_user=a [b} [{time_local=24/Nov/2026:01:40:29 "
		"+0000}] \"{request=-}\" {status=400} {body_bytes_sent=0} \"{http_referer=-}\" "
		"\"{http_user_agent=-}\"" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"GET /\\x22 \\x5C HTTP/1.1\" 4xx - \"-\" \"-\"",
		"{remote_addr=192.0.2.7} - {remote_user=-} [{time_local=24/Nov/2026:01:40:29 "
		"+0000}] \"{request=GET /\\x22 \\x5C HTTP/1.1}\" {status=4xx} {body_bytes_sent=-} "
		"\"{http_referer=-}\" \"{http_user_agent=-}\"" },
	{ "- - - [-] \"-\" - - \"-\" \"-\"",
		"{remote_addr=-} - {remote_user=-} [{time_local=-}] \"{request=-}\" {status=-} "
		"{body_bytes_sent=-} \"{http_referer=-}\" \"{http_user_agent=-}\"" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" 200 157 \"-\" \"curl\" \"192.0.2.9\"",
		"no match" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" 200 157 \"-\" \"curl\"\r", "no match" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" 200 157 \"-\" \"curl", "no match" },
	{ "192.0.2.7 - - [24/Nov/2026 01:40:29 +0000] \"-\" 200 157 \"-\" \"curl\"", "no match" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" alice 157 \"-\" \"curl\"", "no match" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" 200 192.0.2.9 \"-\" \"curl\"",
		"no match" },
	{ "192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" 200 1-2-3 \"-\" \"curl\"", "no match" },
	{ "Nov 24 01:40:29 vm nginx: 192.0.2.7 - - [24/Nov/2026:01:40:29 +0000] \"-\" 200 1 \"-\" \"-\"",
		"no match" },
	{ "", "no match" },
};

START_TEST(nginx_combined_is_split)
{
	CHECK_LINES(nginx(COMBINED), combined);
}
END_TEST

static const struct line_case apache_lines[] = {
	{ "192.0.2.7 - alice@example.org [24/Nov/2026:01:41:30 +0000] \"GET /x\\\" y HTTP/1.1\" 401 "
	  "421 \"-\" \"a\\\"b\\\\\"",
		"{remote_addr=192.0.2.7} {remote_logname=-} {remote_user=alice@example.org} "
		"[{time_local=24/Nov/2026:01:41:30 +0000}] \"{request=GET /x\\\" y HTTP/1.1}\" "
		"{status=401} {bytes_sent=421} \"{http_referer=-}\" "
		"\"{http_user_agent=a\\\"b\\\\}\"" },
	{ "192.0.2.7 - - [24/Nov/2026:01:41:30 +0000] \"-\" 408 - \"-\" \"a\\\"", "no match" },
};

START_TEST(apache_combined_is_split_and_named_like_nginx)
{
	CHECK_LINES(apache(APACHE_COMBINED), apache_lines);
}
END_TEST

static const struct line_case vhost_lines[] = {
	{ "bbb.example.org:80 192.0.2.7 - - [24/Nov/2026:01:41:30 +0000] 50% 12 a=b "
	  "\"192.0.2.1, 192.0.2.2\" TLSv1.3 42",
		"{server_name=bbb.example.org}:{server_port=80} {remote_addr=192.0.2.7} "
		"{remote_logname=-} {remote_user=-} [{time_local=24/Nov/2026:01:41:30 +0000}] 50% "
		"{request_time_us=12} {cookie_session=a=b} \"{http_x_forwarded_for=192.0.2.1, "
		"192.0.2.2}\" {ssl_protocol=TLSv1.3} {sent_http_content_length=42}" },
};

START_TEST(apache_directives_with_names_are_read)
{
	CHECK_LINES(apache("%v:%p %h %l %u %t 50%% %D %{Session}C \"%{X-Forwarded-For}i\" "
			   "%{SSL_PROTOCOL}x %{Content-Length}o"),
		vhost_lines);
}
END_TEST

static const struct line_case json_lines[] = {
	{ "{\"t\":\"2026-11-24T01:40:29+00:00\",\"a\":\"192.0.2.7\",\"ua\":\"x\\\",\\\"a\\\":\\\"\"}",
		"{\"t\":\"{time_iso8601=2026-11-24T01:40:29+00:00}\",\"a\":\"{remote_addr=192.0.2."
		"7}\",\"ua\":\"{http_user_agent=x\\\",\\\"a\\\":\\\"}\"}" },
};

START_TEST(json_template_minds_escaped_quotes)
{
	struct conf_format d = nginx("{\"t\":\"$time_iso8601\",\"a\":\"$remote_addr\",\"ua\":"
				     "\"${http_user_agent}\"}");

	d.escape = ESCAPE_JSON;
	CHECK_LINES(d, json_lines);
}
END_TEST

static const struct line_case rest_lines[] = {
	{ "a  b c", "{a=a} {b= b c}" },
	{ "a ", "{a=a} {b=}" },
	{ "a", "no match" },
};

START_TEST(last_field_takes_the_rest)
{
	CHECK_LINES(nginx("$a $b"), rest_lines);
}
END_TEST

START_TEST(variable_named_twice_is_one_field)
{
	struct splitting s;

	splitting_init(&s, nginx("$a-$b-$a"));
	ck_assert_uint_eq(format_n_fields(s.format), 2);
	ck_assert_str_eq(splitting_of(&s, "1-2-3"), "{a=1}-{b=2}-{a=3}");
	splitting_release(&s);
}
END_TEST

START_TEST(times_are_known_without_declaration)
{
	struct splitting s;

	splitting_init(&s, nginx("$remote_addr $time_local $msec $status"));
	for (unsigned i = 0; i < format_n_fields(s.format); i++)
		ck_assert_int_eq(format_field(s.format, i)->is_time, i == 1 || i == 2);
	splitting_release(&s);
}
END_TEST

static const struct {
	const char *template;
	bool apache;
} refused[] = {
	{ "$a$b", false },
	{ "$a ${b}${c}", false },
	{ "$", false },
	{ "$a ${b", false },
	{ "no field", false },
	{ "", false },
	{ "%h%l", true },
	{ "%h %", true },
	{ "%h %{X", true },
	{ "%h %Z", true },
	{ "%h %{X}Z", true },
	{ "%h %i", true },
};

START_TEST(bad_templates_are_refused_at_their_place)
{
	struct splitting s;
	struct err e;

	ck_assert_int_eq(splitting_try(&s,
				 refused[_i].apache ? apache(refused[_i].template)
						    : nginx(refused[_i].template),
				 &e),
		-1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.where, "test.conf:7"));
	splitting_release(&s);
}
END_TEST

START_TEST(path_and_query_of_apache_are_one_field)
{
	struct splitting s;

	splitting_init(&s, apache("%m %U%q %H"));
	ck_assert_str_eq(splitting_of(&s, "GET /a?b HTTP/1.1"),
		"{request_method=GET} {request_uri=/a?b} {server_protocol=HTTP/1.1}");
	splitting_release(&s);
}
END_TEST

/* Of an address without blanks nothing may lie behind the first one, whatever follows asks for. */
START_TEST(address_ends_at_its_first_blank)
{
	static const struct line_case lines[] = {
		{ "192.0.2.7 200 b", "{remote_addr=192.0.2.7} {status=200} {a=b}" },
		{ "192.0.2.7 x 200 b", "no match" },
		{ "192.0.2.7 ", "no match" },
		{ "192.0.2.7", "no match" },
		{ "", "no match" },
	};
	static const struct line_case others[] = {
		{ "192.0.2.7, 200", "{remote_addr=192.0.2.7}, {status=200}" },
		{ "192.0.2.7, a, 200", "no match" },
		{ "192.0.2.7,a, 200", "{remote_addr=192.0.2.7,a}, {status=200}" },
		{ "192.0.2.7 a, 200", "no match" },
	};

	CHECK_LINES(nginx("$remote_addr $status $a"), lines);
	CHECK_LINES(nginx("$remote_addr, $status"), others);
}
END_TEST

START_TEST(any_byte_may_stand_in_a_field)
{
	static const char line[] = "a\0b \xff\n";
	struct splitting s;
	struct split sp;

	splitting_init(&s, nginx("$a $b"));
	ck_assert_int_eq(format_split(s.format, span_of(line, 6), &sp), FORMAT_OK);
	pieces_spell_out(span_of(line, 6), &sp);
	ck_assert_uint_eq(sp.n, 3);
	ck_assert_uint_eq(sp.piece[0].len, 3);
	ck_assert_uint_eq(sp.piece[2].len, 2);
	splitting_release(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("template");
	TCase *t = tcase_create("all");

	tcase_add_test(t, nginx_combined_is_split);
	tcase_add_test(t, apache_combined_is_split_and_named_like_nginx);
	tcase_add_test(t, apache_directives_with_names_are_read);
	tcase_add_test(t, json_template_minds_escaped_quotes);
	tcase_add_test(t, last_field_takes_the_rest);
	tcase_add_test(t, variable_named_twice_is_one_field);
	tcase_add_test(t, times_are_known_without_declaration);
	tcase_add_loop_test(t, bad_templates_are_refused_at_their_place, 0,
		(int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(t, path_and_query_of_apache_are_one_field);
	tcase_add_test(t, address_ends_at_its_first_blank);
	tcase_add_test(t, any_byte_may_stand_in_a_field);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
