/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "transform_setup.h"

static const struct pair hosts[] = {
	{ "https://a.example/b?c", "https://a.example" },
	{ "https://a.example:8443/b?c", "https://a.example:8443" },
	{ "HTTPS://BBB.Example.Org/rooms/abc-def-ghi?n=Alice", "https://bbb.example.org" },
	{ "https://anna:secret@a.example/", "https://a.example" },
	{ "https://a.example?sessionToken=abc", "https://a.example" },
	{ "https://a.example#x", "https://a.example" },
	{ "https://a.example", "https://a.example" },
	{ "https://a.example:", "https://a.example" },
	{ "wss://a.example/html5client/", "wss://a.example" },
	{ "android-app://com.example.mail/", "android-app://com.example.mail" },
	/* addresses as hosts */
	{ "http://203.0.113.7:8443/admin", "http://<203.0.113.7>:8443" },
	{ "http://[2001:db8::7]:9/x", "http://<2001:db8::7>:9" },
	{ "http://[fe80::1%25eth0]/", "http://<fe80::1>" },
	{ "http://203-0-113-78.dip.example.net/", "http://-" },
	{ "http://78.113.0.203.in-addr.arpa/", "http://-" },
	{ "http://6aa3ad04-aa86-34a0-2a50-621e22549eb8.local/", "http://-" },
	{ "http://0xcb007107/", "-" },
	{ "http://a.0x7/", "-" },
	{ "http://3405803783/", "-" },
	{ "http://03012345678.example.org/", "http://-" },
	{ "http://4915112345678.example/", "http://-" },
	{ "http://rT9xQ2mKd8aa1bb2.example.org/", "http://-" },
	{ "http://6aa3ad04aa8634a02a50621e22549eb8.example.org/", "http://-" },
	{ "http://node-12.eu-central-1.example.org/", "http://node-12.eu-central-1.example.org" },
	{ "https://anna:pw@x@203.0.113.7/", "https://<203.0.113.7>" },
	{ "https://a.example:80:443/", "-" },
	{ "https://203%2E0%2E113%2E7/", "-" },
	{ "blob:https://a.example/6aa3ad04", "-" },
	{ "chrome-extension://abcdefghijklmnop/x", "-" },
	{ "file:///home/anna/x", "-" },
	/* without a scheme */
	{ "a.example", "a.example" },
	{ "a.example:443", "a.example:443" },
	{ "localhost:80", "localhost:80" },
	{ "203.0.113.7:80", "<203.0.113.7>:80" },
	{ "2001:db8::7", "<2001:db8::7>" },
	{ "[2001:db8::7]:80", "<2001:db8::7>:80" },
	{ "198.51.", "-" },
	{ "http://198.51/", "-" },
	{ "a.example.", "a.example." },
	{ "anna", "-" },
	{ "a.example/path", "-" },
	{ "/path", "-" },
	{ "mailto:anna@example.org", "-" },
	{ "anna@a.example", "-" },
	{ "about:blank", "-" },
	{ "data:text/plain,anna", "-" },
	{ "javascript://%0aalert(1)", "-" },
	{ "anna-becker://a.example/", "-" },
	{ "https:///x", "-" },
	{ "https://a b/", "-" },
	{ "https://a.example\\@b/", "https://a.example" },
	{ "https://m\xc3\xbcnchen.example/", "-" },
	{ "://a.example/", "-" },
	{ "-", "-" },
	{ "", "-" },
};

START_TEST(host_only_leaves_scheme_host_and_port)
{
	struct conf_reduce d = reduce_to("host-only");

	CHECK_ALL(&d, hosts);
}
END_TEST

START_TEST(host_only_renders_pseudonyms_as_addresses)
{
	static const char *nets[] = { "10.0.0.0/8", "2001:db8:1::/48" };
	static const struct pair pairs[] = {
		{ "http://203.0.113.7:8443/", "http://[<203.0.113.7>]:8443" },
		{ "http://[2001:db8::7]/", "http://[<2001:db8::7>]" },
		{ "http://10.0.0.1:80/x", "http://10.0.0.1:80" },
		{ "http://[2001:db8:1::1]:80/x", "http://[2001:db8:1::1]:80" },
	};
	struct conf_reduce d = reduce_to("host-only");
	struct work w = { .store = { .render_address = true, .keep_networks = { nets, 2 } } };

	work_begin(&w, &d);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		work_check(&w, span_str(pairs[i].in), pairs[i].out);
	work_end(&w);
}
END_TEST

static const struct pair requests[] = {
	{ "GET / HTTP/1.1", "GET / HTTP/1.1" },
	{ "GET /b/abc?x=1 HTTP/2", "GET /b/abc HTTP/2" },
	{ "GET /bigbluebutton/api/join?fullName=Alice+Example&password=pw HTTP/1.1",
		"GET /bigbluebutton/api/join HTTP/1.1" },
	{ "POST /html5client/sockjs/info?t=1690651007066 HTTP/2.0",
		"POST /html5client/sockjs/info HTTP/2.0" },
	{ "GET /a#frag HTTP/1.1", "GET /a HTTP/1.1" },
	{ "GET /a;jsessionid=0123/b;x HTTP/1.1", "GET /a/b HTTP/1.1" },
	{ "GET https://a.example/b/c?d HTTP/1.1", "GET /b/c HTTP/1.1" },
	{ "GET http://a.example HTTP/1.1", "GET / HTTP/1.1" },
	{ "OPTIONS * HTTP/1.1", "OPTIONS * HTTP/1.1" },
	{ "CONNECT mail.example.org:25 HTTP/1.1", "CONNECT - HTTP/1.1" },
	{ "GET /nofile%22%20q?x=%C3%BC HTTP/1.1", "GET /:id HTTP/1.1" },
	{ "GET /a b c HTTP/1.1", "GET /:id HTTP/1.1" },
	{ "GET /x HTTP/9.z", "GET /:id/:id" },
	{ "GET /x", "GET /x" },
	{ "GET anna", "GET -" },
	{ "CONNECT [2001:db8::7]:443 HTTP/1.1", "CONNECT - HTTP/1.1" },
	{ "GET http://203.0.113.7/x HTTP/1.1", "GET /x HTTP/1.1" },
	{ "GET HTTPS://A.EXAMPLE/x#anna HTTP/1.1", "GET /x HTTP/1.1" },
	{ "GET //anna@example.org/x HTTP/1.1", "GET //:id/x HTTP/1.1" },
	{ "GET ?anna HTTP/1.1", "GET - HTTP/1.1" },
	{ "GET /x HTTP/1.1 anna", "GET /:id/:id" },
	{ "GET  /x HTTP/1.1", "GET - HTTP/1.1" },
	{ "GET\t/x HTTP/1.1", "-" },
	{ "GET /x HTTP/1.10", "GET /:id/1.10" },
	{ "INVITE sip:+4915112345678@203.0.113.7 SIP/2.0", "-" },
	{ "OPTIONS sip:anna SIP/2.0", "OPTIONS -" },
	{ "GET /%32%30%33.0.113.7/%61nna HTTP/1.1", "GET /:id/:id HTTP/1.1" },
	{ "GET /anna%2540example.org HTTP/1.1", "GET /:id HTTP/1.1" },
	{ "GET /a/..%2f..%2fanna/x HTTP/1.1", "GET /a/:id/:id HTTP/1.1" },
	{ "GET /..;/anna HTTP/1.1", "GET /../:id HTTP/1.1" },
	{ "GET /users/anna HTTP/1.1", "GET /users/:id HTTP/1.1" },
	{ "GET /api/user/anna.becker/edit HTTP/1.1", "GET /api/user/:id/edit HTTP/1.1" },
	{ "GET /home/anna/.ssh/id_rsa HTTP/1.1", "GET /home/:id/.ssh/id_rsa HTTP/1.1" },
	{ "GET /users//anna HTTP/1.1", "GET /users//:id HTTP/1.1" },
	{ "GET /users HTTP/1.1", "GET /users HTTP/1.1" },
	{ "GET /users/name/anna HTTP/1.1", "GET /users/:id/:id HTTP/1.1" },
	{ "GET /api/v1/rooms/abc-def-ghi-jkl.json HTTP/1.1", "GET /api/v1/rooms/:id HTTP/1.1" },
	{ "\"", "-" },
	{ "GET ", "-" },
	{ "GET", "-" },
	{ "get / HTTP/1.1", "-" },
	{ "ANNA / HTTP/1.1", "-" },
	{ "ANNABECKERSPASSWORD / HTTP/1.1", "-" },
	{ "PROPFIND /remote.php/dav HTTP/1.1", "PROPFIND /remote.php/dav HTTP/1.1" },
	{ "\x16\x03\x01\x02", "-" },
	{ "-", "-" },
	{ "", "-" },
	{ "GET //x/./y/ HTTP/1.1", "GET //x/./y/ HTTP/1.1" },
	{ "GET /a/../etc/passwd HTTP/1.1", "GET /a/../:id/:id HTTP/1.1" },
	{ "GET /a%2fb/rooms/x HTTP/1.1", "GET /:id/:id/:id HTTP/1.1" },
	{ "GET /cgi-bin/luci/;stok=/locale HTTP/1.1", "GET /cgi-bin/luci//locale HTTP/1.1" },
};

START_TEST(method_path_leaves_no_query_and_no_odd_segment)
{
	struct conf_reduce d = reduce_to("method+path");

	CHECK_ALL(&d, requests);
}
END_TEST

/* Parts of programs: these stay. */
static const char *const plain[] = { "bigbluebutton", "html5client", "api", "v1", "2.3",
	"getMeetingInfo", "getRecordingTextTracks", "isMeetingRunning", "eval-stdin.php",
	"wp-login.php", ".env", "robots.txt", "favicon.ico", "adapter.js", "bbb-icons.svg",
	"bbbIcons.woff2", "jquery-3.7.1.min.js", "sockjs", "index.html", "main.css", "mp3", "utf8",
	"i18n", "learning-analytics-dashboard", "bbb-webrtc-sfu", "x86_64", "socket.io",
	"pt-BR.json", "en_US", "getMeetingsXML", "a", ".", "h264.js" };

/* Ids, names and secrets: these do not. */
static const char *const ids[] = { "42", "42.png", "72013", "user-12345", "2026-11-24",
	"abc-def-ghi", "abc-def-ghi-jkl", "a1b-2c3-d4e-5f6", "w_soq1lxb6makb", "v_abcdefghijkl",
	"gl-abcdefghijkl", "zdc8cdw69a1nr7z0", "7sjtfwljv35pt1u9", "abcdefghijklmnop",
	"ABCDEFGHIJKLMNOP", "183f0bf3a0982a127bdb8161e0c44eb696b3e75c",
	"183f0bf3a0982a127bdb8161e0c44eb696b3e75c-1716216409672",
	"6aa3ad04-aa86-34a0-2a50-621e22549eb8", "anna@example.org", "anna%40example.org",
	"Anna+Becker", "Anna%20Becker", "~anna", "203.0.113.7", "1.2.3.4", "2001:db8::1",
	"203-0-113-7", "2001-db8--7", "+4915112345678", "g.abcdefgh$notes", "m\xc3\xbcller", "a=b",
	"Anna", "ANNA", "Anna-Becker", "anna-Becker", "Anna.pdf", "cXVpdHRlbg", "WEl0dGVuQg", "a,b",
	"a_segment_that_is_longer_than_forty_bytes", "fd05945b", "x12345y6" };

START_TEST(path_keeps_known_words_alone)
{
	static const char *values[] = { "api get meetings\n html client index", "~[a-z]{2}\\.json",
		"d.ts-x" };
	static const struct pair pairs[] = {
		{ "/api/getMeetings", "/api/getMeetings" },
		{ "/x/API/get-meetings", "/x/:id/get-meetings" }, /* a capital is a name's */
		{ "/html5client/index.html", "/html5client/index.html" },
		{ "/html5client/anna", "/html5client/:id" },
		{ "/x/anna/api", "/x/:id/api" },
		{ "/apianna", "/:id" },
		{ "/getAnna", "/:id" },
		{ "/v1.2/a_b/x", "/v1.2/a_b/x" },
		{ "/pt.json", "/pt.json" },
		{ "/anna.json", "/:id" },
		{ "/d.ts-x", "/d.ts-x" },
		{ "/api/12345", "/api/:id" },
		{ "/b/api", "/b/:id" },
	};
	static const char *routes[] = { "/b/:id" };
	struct conf_reduce d = reduce_to("path");

	d.values = (struct conf_list){ values, 3 };
	d.mask = (struct conf_list){ routes, 1 };
	CHECK_ALL(&d, pairs);
}
END_TEST

START_TEST(path_keeps_parts_of_programs)
{
	struct conf_reduce d = reduce_to("path");
	struct work w = { 0 };
	char path[128];

	work_begin(&w, &d);
	(void)snprintf(path, sizeof(path), "/x/%s", plain[_i]);
	work_check(&w, span_str(path), path);
	work_end(&w);
}
END_TEST

START_TEST(path_masks_what_looks_like_an_id)
{
	struct conf_reduce d = reduce_to("path");
	struct work w = { 0 };
	char path[128];

	work_begin(&w, &d);
	(void)snprintf(path, sizeof(path), "/x/%s/y?%s", ids[_i], ids[_i]);
	work_check(&w, span_str(path), "/x/:id/y");
	(void)snprintf(path, sizeof(path), "https://a.example/%s", ids[_i]);
	work_check(&w, span_str(path), "/:id");
	work_end(&w);
}
END_TEST

START_TEST(path_masks_by_route_and_pattern)
{
	static const char *masks[] = { "/rooms/:id/join", "/u/:name", "/p/x/:a/:b", "~^secret" };
	static const struct pair pairs[] = {
		{ "/rooms/anna/join", "/rooms/:id/join" },
		{ "/rooms/anna/settings", "/rooms/:id/settings" },
		{ "/rooms/anna", "/rooms/:id" },
		{ "/rooms/", "/rooms/" },
		{ "/rooms", "/rooms" },
		{ "/Rooms/anna", "/:id/:id" },
		{ "//rooms//anna", "//rooms//:id" },
		{ "/./rooms/anna", "/./rooms/:id" },
		{ "/r%6Foms/anna", "/:id/:id" },
		{ "/x/rooms/anna", "/x/rooms/anna" },
		{ "/x/../rooms/anna", "/x/../:id/:id" },
		{ "/u/anna/rooms/b", "/u/:id/rooms/b" },
		{ "/p/x/anna/bea/c", "/p/x/:id/:id/c" },
		{ "/p/y/anna/bea/c", "/p/y/anna/bea/c" },
		{ "/x/secret-door/y", "/x/:id/y" },
	};
	struct conf_reduce d = reduce_to("path");

	d.mask = (struct conf_list){ masks, 4 };
	CHECK_ALL(&d, pairs);
}
END_TEST

/* A pattern that backtracks for ever masks; it does not hang. */
START_TEST(path_counts_a_pattern_at_its_limit_as_found)
{
	static const char *masks[] = { "~^(([a-zA-Z]+)*)+[0-9]$" };
	struct conf_reduce d = reduce_to("path");
	struct work w = { 0 };

	d.mask = (struct conf_list){ masks, 1 };
	work_begin(&w, &d);
	work_check(&w, SPAN("/api"), "/api");
	work_check(&w, SPAN("/getRecordingTextTracks"), "/:id");
	work_end(&w);
}
END_TEST

START_TEST(path_keeps_so_many_segments)
{
	static const struct pair pairs[] = {
		{ "/a/b", "/a/b" },
		{ "/a/b/", "/a/b/" },
		{ "/a/b/c", "/a/b/:rest" },
		{ "/a/b/c/d?e", "/a/b/:rest" },
		{ "//a//b//c", "//a//b//:rest" },
		{ "/", "/" },
	};
	struct conf_reduce d = reduce_to("path");

	d.segments = 2;
	CHECK_ALL(&d, pairs);
}
END_TEST

START_TEST(bad_masks_are_refused)
{
	static const char *const bad[] = { "rooms/:id", "~(", "",
		"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17" };
	struct conf_store s = { .name = "test" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct conf_reduce d = reduce_to("path");
		struct transform *t = NULL;
		const char *masks[] = { "/x", bad[i] };
		struct err e = { 0 };

		d.mask = (struct conf_list){ masks, 2 };
		ck_assert_int_eq(transform_new(&d, &s, &t, &e), -1);
		ck_assert_int_eq(e.exit, EX_CONFIG);
	}
}
END_TEST

#define N(a) ((int)(sizeof(a) / sizeof(*(a))))

int
main(void)
{
	TCase *t = tcase_create("url");

	tcase_add_test(t, host_only_leaves_scheme_host_and_port);
	tcase_add_test(t, host_only_renders_pseudonyms_as_addresses);
	tcase_add_test(t, method_path_leaves_no_query_and_no_odd_segment);
	tcase_add_test(t, path_keeps_known_words_alone);
	tcase_add_loop_test(t, path_keeps_parts_of_programs, 0, N(plain));
	tcase_add_loop_test(t, path_masks_what_looks_like_an_id, 0, N(ids));
	tcase_add_test(t, path_masks_by_route_and_pattern);
	tcase_add_test(t, path_counts_a_pattern_at_its_limit_as_found);
	tcase_add_test(t, path_keeps_so_many_segments);
	tcase_add_test(t, bad_masks_are_refused);
	return run_suite("transform_url", t);
}
