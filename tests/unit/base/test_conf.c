/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/conf/conf.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf/conf-private.h"
#include "tests/unit/suite.h"

/* Reads TEXT as sparsam.conf, without any other file. NULL: it was refused. */
static struct conf *
read_text_n(const char *text, size_t len, struct err *e)
{
	struct conf_draft *d = conf_draft_new(e);

	ck_assert_ptr_nonnull(d);
	d->own_stores = d->own_formats = d->own_sources = d->own_accepts = SIZE_MAX;
	if (conf_parse(d, "t.conf", text, len, true, e) == 0 && conf_check(d, e) == 0)
		return &d->conf;
	return conf_free(&d->conf);
}

static struct conf *
read_text(const char *text, struct err *e)
{
	return read_text_n(text, strlen(text), e);
}

static struct conf *
read_good(const char *text)
{
	struct err e = { 0 };
	struct conf *c = read_text(text, &e);

	ck_assert_msg(c != NULL, "%s: %s", e.what, e.where);
	return c;
}

/* Parts of a store that is right, for those that are wrong in one thing. */
#define STORE(name, rest)                                                                          \
	"store \"" name "\" {\n"                                                                   \
	"  type = \"textlog\"\n  category = \"account\"\n  period = \"7d\"\n" rest "}\n"
#define FORMAT(name) "format \"" name "\" { type = \"json\" }\n"

static const struct {
	const char *text, *where; /* how the place begins */
} wrong[] = {
	/* syntax */
	{ "colour = \"red\"\n", "t.conf:1: no such option 'colour'" },
	{ "# a\n/* b\n c */ // d\ncolour = 1\n", "t.conf:4: no such option 'colour'" },
	{ "store \"a\" {\n  # comment\n  paths = { '/a', # x\n '/b' }\n  colour = 1\n}\n",
		"t.conf:5: no such option 'colour'" },
	{ "store \"a\" {\n  keep = { \"x\" }\n}\n", "t.conf:2: no such option 'keep'" },
	{ "store \"a\" {\n\n", "t.conf:1" },
	{ "store {\n}\n", "t.conf:1: missing title" },
	{ "}\n", "t.conf:1: unexpected closing brace" },
	{ "\n\nstate_dir = \"/x\n\n", "t.conf:3" },
	{ "\nstate_dir = '/x\n", "t.conf:2" },
	{ "\n/* no end", "t.conf:2" },
	{ "state_dir = \"/\\101\"\n", "t.conf:1" },
	{ "state_dir = \"/\\x00\"\n", "t.conf:1" },
	{ "\nstate_dir = \"/${HOME\"\n", "t.conf:2" },
	{ "\nstate_dir = ${HOME}\n", "t.conf:2" },
	{ "\"\" = 1\n", "t.conf:1" },
	{ ".line = 1\n", "t.conf:1: no such option '.line'" },
	{ "store \"a\" {\n\n  .line = 1\n}\n", "t.conf:3: no such option '.line'" },
	/* given twice */
	{ "clock = \"ntp\"\n\nclock = \"local\"\n", "t.conf:3: option 'clock' given twice" },
	{ "store \"a\" {\n period = 7d\n period = 8d\n}\n",
		"t.conf:3: option 'period' given twice" },
	{ "store \"a\" {\n paths = { '/a' }\n paths = { '/b' }\n}\n",
		"t.conf:3: option 'paths' given twice" },
	{ FORMAT("a") "\n" FORMAT("a"), "t.conf:3: found duplicate title 'a'" },
	{ FORMAT("f") "store \"a\" {\n type=textlog\n format=f\n scrub { }\n scrub { }\n}\n",
		"t.conf:6: store \"a\"" },
	/* values */
	{ "clock = \"sundial\"\n", "t.conf:1: option 'clock' is one of: ntp local" },
	{ "state_dir = \"var/lib\"\n", "t.conf:1: option 'state_dir' begins with a slash" },
	{ "pseudonym_prefix = \"fd00::/8\"\n", "t.conf:1: option 'pseudonym_prefix' is a /48" },
	{ "pseudonym_prefix = \"2001:db8::/48\"\n", "t.conf:1: option 'pseudonym_prefix'" },
	{ "pseudonym_prefix = \"fd00:1:2:3::/48\"\n", "t.conf:1: option 'pseudonym_prefix'" },
	{ "store \"a\" {\n type = \"csv\"\n}\n", "t.conf:2: option 'type' is one of: textlog" },
	{ "store \"a\" {\n period = \"7\"\n}\n", "t.conf:2: option 'period' is a number and" },
	{ "store \"a\" {\n period = \"0d\"\n}\n", "t.conf:2: option 'period' is a number and" },
	{ "store \"a\" {\n period = \"-1d\"\n}\n", "t.conf:2: option 'period' is a number and" },
	{ "store \"a\" {\n period = \"7 d\"\n}\n", "t.conf:2: option 'period' is a number and" },
	{ "store \"a\" {\n period = \"1m\"\n}\n", "t.conf:2: option 'period' is a number and" },
	{ "store \"a\" {\n period = \"9999999999d\"\n}\n", "t.conf:2: option 'period' is" },
	{ "store \"a\" {\n category = \"logs\"\n}\n", "t.conf:2: option 'category' is one of:" },
	{ "store \"a\" {\n required = \"perhaps\"\n}\n", "t.conf:2: option 'required' is true" },
	{ "store \"a\" {\n paths = { \"/a\",\n \"b\" }\n}\n", "t.conf:3: option 'paths' begins" },
	{ "store \"a\" { scrub {\n keep_networks = { '10.0.0.0/33' }\n} }\n", "t.conf:2: option" },
	{ "store \"a\" { scrub {\n keep_networks = { 'localhost' }\n} }\n", "t.conf:2: option" },
	{ "store \"a\" { scrub {\n render = 'x'\n} }\n", "t.conf:2: option 'render' is one of" },
	{ "store \"a\" { scrub {\n reduce \"f\" {\n digits = -1 } } }\n",
		"t.conf:3: option 'digits'" },
	{ "store \"a\" { scrub {\n reduce \"f\" {\n digits = '' } } }\n",
		"t.conf:3: option 'digits'" },
	{ "store \"a\" { scrub {\n reduce \"f\" { }\n reduce \"f\" { } } }\n",
		"t.conf:3: found duplicate title 'f'" },
	{ "format \"a\" {\n type = \"regex\"\n}\n", "t.conf:2: option 'type' is one of: template" },
	{ "format \"a\" {\n escape = \"xml\"\n}\n", "t.conf:2: option 'escape' is one of: none" },
	{ "source \"a\" {\n listen = \"/run/x\"\n}\n", "t.conf:2: option 'listen' is unix:PATH" },
	{ "source \"a\" {\n listen = \"unix:x\"\n}\n", "t.conf:2: option 'listen' is unix:PATH" },
	/* statistics */
	{ "statistics {\n url = 'x'\n}\n", "t.conf:2: no such option 'url'" },
	{ "retention {\n\n url = 'x'\n}\n", "t.conf:3: no such option 'url'" },
	{ "dsar {\n url = 'x'\n}\n", "t.conf:2: no such option 'url'" },
	{ "statistics { round = 5 }\nstatistics { }\n", "t.conf:2" },
	{ "\nstatistics { store = \"web\" }\n", "t.conf:2: statistics: \"web\"" },
	{ STORE("web", "") "statistics { store = \"web\" round = 0 }\n", "t.conf:6: statistics" },
	{ STORE("web", "") "statistics { store = \"web\" node = \"../x\" }\n", "t.conf:6: stat" },
	{ "statistics { api \"a\" {\n url = \"ftp://h/\" } }\n", "t.conf:2: option 'url' is" },
	{ "statistics { api \"a\" {\n url = \"http://u:p@h/\" } }\n", "t.conf:2: option 'url' is" },
	{ "statistics { api \"a\" {\n url = \"http://h/?q\" } }\n", "t.conf:2: option 'url' is" },
	{ "statistics { api \"a\" {\n checksum = \"md5\" } }\n",
		"t.conf:2: option 'checksum' is one of: sha1 sha256 sha384 sha512" },
	{ STORE("web", "") "statistics { store = \"web\"\n api \"a\" { } }\n",
		"t.conf:7: api \"a\"" },
	{ STORE("web", "") "statistics { store = \"web\"\n api \"a b\" { url = \"http://h\" } }\n",
		"t.conf:7: api \"a b\"" },
	{ STORE("web", "") "statistics { store = \"web\"\n api \"a\" { url = \"http://h\""
			   " secret = \"x/y\" } }\n",
		"t.conf:7: api \"a\"" },
	/* what a declaration needs */
	{ "\nformat \"a\" { }\n", "t.conf:2: format \"a\"" },
	{ "format \"a\" { type = \"template\" }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" { type = \"pattern\" }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" { type = \"json\" pattern = { 'x' } }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" { type = \"json\" dialect = \"apache\" }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" { type = \"json\" formats = { 'a' } }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" { type = \"variants\" }\n", "t.conf:1: format \"a\"" },
	{ "\nlist \"a\" { }\n", "t.conf:2: list \"a\"" },
	{ "list \"a\" { values = 'x' }\nlist \"a\" { values = 'y' }\n",
		"t.conf:2: found duplicate" },
	{ FORMAT("f") STORE(
		  "s", "format = f\nscrub {\n reduce \"x\" { to = 'one-of'\n values = '@no' } }\n"),
		"t.conf:8: \"no\"" },
	{ "format \"a\" {\n type = \"variants\"\n formats = { 'b' }\n}\n", "t.conf:1: \"b\"" },
	{ "format \"a\" { type = \"variants\" formats = { 'a' } }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" {\n type = \"json\"\n field \"x\" { }\n}\n", "t.conf:3: field \"x\"" },
	{ "store \"a\" { }\n", "t.conf:1: store \"a\"" },
	{ "\nstore \"a\" { type = \"textlog\" period = \"7d\" }\n", "t.conf:2: store \"a\"" },
	{ "store \"a\" { type = \"textlog\" category = \"account\" }\n", "t.conf:1: store \"a\"" },
	/* recipients */
	{ "recipient \"a\" {\n country = \"DE\"\n}\n", "t.conf:1: recipient \"a\"" },
	{ "recipient \"a\" { categories = { \"account\" } country = \"Germany\" }\n",
		"t.conf:1: recipient \"a\"" },
	{ "recipient \"a\" { stores = { \"b\" } country = \"DE\" }\n",
		"t.conf:1: recipient \"a\": \"b\"" },
	{ "recipient \"a\" { categories = { \"account\" } country = \"DE\"\n text \"fr\" { what = \"x\" } }\n",
		"t.conf:2: recipient \"a\"" },
	{ STORE("a", "  scrub { }\n"), "t.conf:1: store \"a\"" },
	{ FORMAT("f") STORE("a", "format = f scrub {\n reduce \"x\" { } }\n"),
		"t.conf:7: store \"a\"" },
	{ STORE("a", "  subject \"ip\" { }\n"), "t.conf:5: store \"a\"" },
	{ STORE("a", "  subject \"ip\" { field = \"f\" match = \"like\" }\n"), "t.conf:5: option" },
	{ STORE("a", "  subject \"ip\" { field = \"f\" pseudonym = true as = 'x-{}' }\n"),
		"t.conf:5: store \"a\"" },
	{ STORE("a", "  subject \"id\" { field = \"f\" as = 'gl-' }\n"), "t.conf:5: option 'as'" },
	{ STORE("a", "  subject \"id\" { field = \"f\" as = '{}{}' }\n"), "t.conf:5: option 'as'" },
	{ STORE("a", "  subject \"id\" { field = \"f\" as = 'sha1({}' }\n"),
		"t.conf:5: option 'as'" },
	{ STORE("a", "  subject \"id\" { field = \"f\" }\n  link \"id\" { }\n"),
		"t.conf:6: store \"a\"" },
	{ STORE("a", "  subject \"id\" { field = \"f\" }\n"
		     "  link \"id\" { field = \"g\" element = \"e\" }\n"),
		"t.conf:6: store \"a\"" },
	{ STORE("a", "  part_of = \"nowhere\"\n"), "t.conf:1: \"nowhere\"" },
	{ STORE("a", "  hold_max = \"none\"\n"), "t.conf:5: option 'hold_max'" },
	{ STORE("a", "  link \"id\" { field = \"f\" }\n"), "t.conf:5: store \"a\": \"id\"" },
	{ STORE("a", "  subject \"id\" { field = \"f\" }\n"
		     "  link \"id\" { field = \"g\" from = \"none\" }\n"),
		"t.conf:6: store \"a\": \"none\"" },
	{ STORE("a", "  sink { }\n"), "t.conf:5: store \"a\"" },
	{ STORE("a", "  sink { type = file }\n"), "t.conf:5: store \"a\"" },
	{ STORE("a", "  sink { type = file path = x }\n"), "t.conf:5: store \"a\"" },
	{ STORE("a", "  sink { type = stdout path = /x }\n"), "t.conf:5: store \"a\"" },
	{ STORE("a", "  sink { type = namespace }\n"), "t.conf:5: store \"a\"" },
	{ STORE("a", "  sink { type = file path = /x namespace = y }\n"), "t.conf:5: store \"a\"" },
	{ "source \"a\" { }\n", "t.conf:1: source \"a\"" },
	{ "source \"a\" { type = syslog }\n", "t.conf:1: source \"a\"" },
	{ "source \"a\" { type = syslog listen = 'udp::514' }\n", "t.conf:1: source \"a\"" },
	{ STORE("s", "") "source \"a\" { type = tail store = s }\n", "t.conf:6: source \"a\"" },
	{ "source \"a\" { type = tail paths = { '/x' } }\n", "t.conf:1: source \"a\"" },
	{ "source \"a\" { type = journal listen = 'udp::1' }\n", "t.conf:1: source \"a\"" },
	{ STORE("s",
		  "") "source \"a\" { type = tail paths = { '/x' } store = s match = { 'A=b' } }\n",
		"t.conf:6: source \"a\"" },
	{ "accept \"a\" { reason = \"x\" }\n", "t.conf:1: accept \"a\"" },
	{ "\naccept \"a\" { until = \"2026-12-31\" }\n", "t.conf:2: accept \"a\"" },
	{ "accept \"a\" { until = \"2026-02-29\" }\n", "t.conf:1: option 'until' is a day" },
	{ "accept \"a\" { until = \"2026-12-31T00:00:00Z\" }\n", "t.conf:1: option 'until'" },
	{ "accept \"a\" { until = \"\" }\n", "t.conf:1: option 'until'" },
	/* names that nothing declares, circles */
	{ STORE("a", "  format = \"none\"\n"), "t.conf:1: \"none\"" },
	{ "\nformat \"a\" { type = syslog message = none }\n", "t.conf:2: \"none\"" },
	{ "format \"a\" { type = json\n field \"x\" { format = none } }\n", "t.conf:2: \"none\"" },
	{ "source \"a\" { type = journal store = none }\n", "t.conf:1: \"none\"" },
	{ "source \"a\" { type = journal\n tag \"t\" { store = none } }\n", "t.conf:2: \"none\"" },
	{ "source \"a\" { type = journal\n tag \"t\" { } }\n", "t.conf:2: \"\"" },
	{ "format \"a\" { type = syslog message = a }\n", "t.conf:1: format \"a\"" },
	{ "format \"a\" { type = syslog message = b }\n"
	  "format \"b\" { type = json field \"x\" { format = a } }\n",
		"t.conf:1: format \"a\"" },
	/* claims */
	{ STORE("a", "  paths = { '/nowhere/x.log' }\n")
			STORE("b", "  paths = { '/nowhere/x.log' }\n"),
		"t.conf:7: /nowhere/x.log: store \"b\", and store \"a\" at t.conf:1" },
	{ STORE("a", "  paths = { '/nowhere/*.log' }\n")
			STORE("b", "  paths = { '/nowhere/x.log' }\n"),
		"t.conf:7: /nowhere/x.log" },
	{ STORE("a", "  paths = { '/nowhere/x*' }\n") STORE("b", "  paths = { '/nowhere/*' }\n"),
		"t.conf:7: /nowhere/x*" },
	{ STORE("a", "  paths = { '/etc/host*' }\n") STORE("b", "  paths = { '/etc/*name' }\n"),
		"t.conf:7: /etc/host" },
	{ STORE("a", "  sink { type = file path = /nowhere/x }\n")
			STORE("b", "  sink { type = file path = /nowhere/x }\n"),
		"t.conf:7: /nowhere/x" },
	{ STORE("a", "  journal = { 'A=b' }\n") STORE("b", "  journal = { 'A=b' }\n"),
		"t.conf:7: A=b" },
};

START_TEST(what_is_wrong_is_refused_with_file_and_line)
{
	struct err e = { 0 };

	ck_assert_msg(!read_text(wrong[_i].text, &e), "accepted: %s", wrong[_i].text);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_msg(strncmp(e.where, wrong[_i].where, strlen(wrong[_i].where)) == 0,
		"%s\nwanted: %s\ngot:    %s", wrong[_i].text, wrong[_i].where, e.where);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
	struct err e = { 0 };

	ck_assert_ptr_null(read_text_n("\nclock = \"n\0tp\"", 15, &e));
	ck_assert_str_eq(e.where, "t.conf:2");
}
END_TEST

/* libconfuse keeps its scanner's state: a reload after a wrong file has to work. */
START_TEST(a_right_text_is_read_after_a_wrong_one)
{
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_ptr_null(read_text(wrong[i].text, &e));
		conf_free(read_good("clock = \"local\"\n"));
	}
}
END_TEST

START_TEST(an_empty_text_gives_the_defaults)
{
	struct conf *c = read_good("");

	ck_assert_str_eq(c->state_dir, "/var/lib/sparsam");
	ck_assert_str_eq(c->key_dir, "/var/lib/sparsam/keys");
	ck_assert_str_eq(c->runtime_dir, "/run/sparsam");
	ck_assert_str_eq(c->metrics_dir, "/var/lib/prometheus/node-exporter");
	ck_assert_str_eq(c->credential, "/etc/credstore.encrypted/sparsam-keys");
	ck_assert_str_eq(c->pseudonym_prefix, "fd73:7061:7273::/48");
	ck_assert(c->clock_ntp);
	ck_assert_int_eq(c->longest_period_s, 0);
	conf_free(c);
}
END_TEST

START_TEST(options_are_taken)
{
	struct conf *c = read_good("state_dir = \"/srv/s\"\nclock = \"local\" # no ntp\n"
				   "pseudonym_prefix = \"fd12:3456:789a::/48\"\n");

	ck_assert_str_eq(c->state_dir, "/srv/s");
	ck_assert_str_eq(c->key_dir, "/srv/s/keys");
	ck_assert_str_eq(c->pseudonym_prefix, "fd12:3456:789a::/48");
	ck_assert(!c->clock_ntp);
	conf_free(c);
}
END_TEST

/* Pasted from nginx.conf as it stands there: pieces without commas, dollars, double quotes. */
START_TEST(statistics_are_taken_whole)
{
	CLEANUP(conf_freep)
	struct conf *c = read_good(STORE("bbb-web",
		"") "statistics {\n"
		    "  api \"b1\" { url = \"https://h.example/api//\" checksum = \"sha512\" }\n"
		    "  api \"b2\" { url = \"http://[::1]:8090/api\" secret = \"/s\" }\n}\n");
	CLEANUP(conf_freep) struct conf *none = read_good("");
	const struct conf_statistics *s = &c->statistics;

	ck_assert(s->given && !none->statistics.given);
	ck_assert_int_eq(s->round, 5);
	ck_assert_str_eq(s->store, "bbb-web");
	ck_assert_ptr_null(s->node);
	ck_assert_uint_eq(s->n_apis, 2);
	ck_assert_str_eq(s->api[0].url, "https://h.example/api");
	ck_assert_int_eq(s->api[0].checksum, CHECKSUM_SHA512);
	ck_assert_str_eq(s->api[0].secret, "sparsam-bbb");
	ck_assert_int_eq(s->api[1].checksum, CHECKSUM_SHA256);
	ck_assert_str_eq(s->api[1].secret, "/s");
	ck_assert_uint_eq(s->api[1].where.line, 8);
}
END_TEST

START_TEST(a_log_format_is_pasted_as_it_stands)
{
	struct conf *c = read_good("format \"main\" {\n"
				   "  type = \"template\"\n"
				   "  template = {'$remote_addr - ${remote_user} [$time_local] '\n"
				   "              '\"$request\" $status' # http://x\n"
				   "              \" \\\"$http_referer\\\" // x\"}\n"
				   "  time = \"time_local\"\n}\n");
	const struct conf_format *f = conf_find_format(c, "main");

	ck_assert_ptr_nonnull(f);
	ck_assert_str_eq(f->template_, "$remote_addr - ${remote_user} [$time_local] "
				       "\"$request\" $status \"$http_referer\" // x");
	ck_assert_int_eq(f->type, FORMAT_TEMPLATE);
	ck_assert_int_eq(f->escape, ESCAPE_NGINX);
	ck_assert_uint_eq(f->time.n, 1);
	ck_assert_str_eq(f->time.v[0], "time_local");
	ck_assert_ptr_null(conf_find_format(c, "mai"));
	conf_free(c);
}
END_TEST

START_TEST(lists_stand_in_the_rules_that_name_them)
{
	struct conf *c = read_good("list \"more\" { values = { 'b c', '~d' } }\n" FORMAT("f")
			STORE("s", "format = f\nscrub { reduce \"x\" { to = 'one-of' "
				   "values = { 'a', '@more', 'e' } mask = '@more' } }\n"));
	const struct conf_reduce *r = conf_find_store(c, "s")->rule;
	static const char *const values[] = { "a", "b c", "~d", "e" };

	ck_assert_uint_eq(r->values.n, 4);
	for (size_t i = 0; i < 4; i++)
		ck_assert_str_eq(r->values.v[i], values[i]);
	ck_assert_uint_eq(r->mask.n, 2);
	ck_assert_str_eq(r->mask.v[1], "~d");
	conf_free(c);
}
END_TEST

START_TEST(a_pattern_in_single_quotes_stays_as_it_is)
{
	struct conf *c = read_good("format \"p\" { type = pattern pattern = {\n"
				   "  '^(?<a>\\d+)\\s\"x\" # no comment ${y}$',\n"
				   "  'it\\'s \\\\n' } begin = '^\\S' }\n");
	const struct conf_format *f = &c->format[0];

	ck_assert_uint_eq(f->pattern.n, 2);
	ck_assert_str_eq(f->pattern.v[0], "^(?<a>\\d+)\\s\"x\" # no comment ${y}$");
	ck_assert_str_eq(f->pattern.v[1], "it's \\n");
	ck_assert_str_eq(f->begin, "^\\S");
	ck_assert_int_eq(f->escape, ESCAPE_NONE);
	conf_free(c);
}
END_TEST

START_TEST(escapes_follow_the_type_unless_given)
{
	struct conf *c = read_good(
		"format \"a\" { type = template dialect = apache template = '%h' }\n"
		"format \"b\" { type = syslog message = c }\n"
		"format \"c\" { type = json\n field \"x\" { format = d }\n"
		"  field \"y\" { escape = nginx } }\n"
		"format \"d\" { type = json escape = none }\n");

	ck_assert(c->format[0].apache);
	ck_assert_int_eq(c->format[0].escape, ESCAPE_APACHE);
	ck_assert_int_eq(c->format[1].escape, ESCAPE_RSYSLOG);
	ck_assert_str_eq(c->format[1].message, "c");
	ck_assert_int_eq(c->format[2].escape, ESCAPE_JSON);
	ck_assert_int_eq(c->format[3].escape, ESCAPE_NONE);
	ck_assert_uint_eq(c->format[2].n_inner, 2);
	ck_assert_str_eq(c->format[2].inner[0].format, "d");
	ck_assert(!c->format[2].inner[0].has_escape);
	ck_assert_ptr_null(c->format[2].inner[1].format);
	ck_assert(c->format[2].inner[1].has_escape);
	ck_assert_int_eq(c->format[2].inner[1].escape, ESCAPE_NGINX);
	conf_free(c);
}
END_TEST

static const char whole_store[] =
	"# comments\n# before\n"
	"format \"f\" { type = json }\n"
	"store \"s\" {\n"
	"  type = \"textlog\"  paths = { '/nowhere/s.log*' }\n"
	"  format = \"f\" category = \"log-and-system-data\"\n"
	"  purpose = \"p\" basis = \"b\" period = \"36h\" hold_max = \"26w\"\n"
	"  timezone = \"Europe/Berlin\" required = true journal = { 'A=x + B=y', 'C=z' }\n"
	"  scrub {\n"
	"    keep = { \"k1\",\n"
	"             \"k2\" }\n"
	"    pseudonym = { \"p1\" }\n"
	"    prefix_pseudonym = { \"p2\" }\n"
	"    redact = \"r1\"  pseudonym_id = { \"i1\" }  number = { \"n1\" }  flag = { \"f1\" }\n"
	"    reduce \"x\" { to = \"method+path\" mask = { '/a/:id' '~[0-9]+' } segments = 2 }\n"
	"    reduce \"y\" { to = \"truncate\" bits4 = 24 bits6 = 48 }\n"
	"    reduce \"z\" { to = \"last4\" digits = 3 }\n"
	"    reduce \"t\" { to = \"coarse-time\" interval = \"1h\" }\n"
	"    reduce \"m\" { to = \"redact\" detect = { \"uuid\" } }\n"
	"    reduce \"v\" { to = \"one-of\" values = { 'a', '~\\\\d+' } }\n"
	"    keep_networks = { '192.0.2.0/24', '2001:db8::/32', '::1' }\n"
	"    render = \"address\"\n"
	"  }\n"
	"  subject \"ip\" { field = \"p1\" pseudonym = true }\n"
	"  subject \"email\" { field = { \"k1\", \"k2\" } review = true match = \"contains\" }\n"
	"  link \"email\" { field = \"k3\" as = 'sha1({})-' from = \"ip\" review = true }\n"
	"  sink { type = \"file\" path = \"/nowhere/out.log\" }\n"
	"  sink { type = \"namespace\" namespace = \"scrubbed\" }\n"
	"  sink { type = \"syslog\" path = \"udp:192.0.2.1:514\" }\n"
	"}\n"
	"store \"short\" { type = journal category = statistics period = 5min }\n";

START_TEST(a_store_is_taken_whole)
{
	struct conf *c = read_good(whole_store);
	const struct conf_store *s = conf_find_store(c, "s");

	ck_assert_ptr_nonnull(s);
	ck_assert_str_eq(s->where.file, "t.conf");
	ck_assert_uint_eq(s->where.line, 4);
	ck_assert_str_eq(s->type, "textlog");
	ck_assert_uint_eq(s->paths.n, 1);
	ck_assert_str_eq(s->format, "f");
	ck_assert_str_eq(s->category, "log-and-system-data");
	ck_assert_str_eq(s->purpose, "p");
	ck_assert_str_eq(s->basis, "b");
	ck_assert_int_eq(s->period_s, 36 * 3600);
	ck_assert_int_eq(c->longest_period_s, 36 * 3600);
	ck_assert_str_eq(s->timezone, "Europe/Berlin");
	ck_assert(s->required && s->has_scrub && s->render_address);
	ck_assert_uint_eq(s->journal.n, 2);
	ck_assert_str_eq(s->journal.v[0], "A=x + B=y");
	ck_assert_uint_eq(s->keep_networks.n, 3);
	ck_assert_uint_eq(s->n_subjects, 3);
	ck_assert_str_eq(s->subject[2].field, "k2");
	ck_assert(s->subject[2].review && s->subject[2].match == CONF_MATCH_CONTAINS);
	ck_assert_uint_eq(s->n_links, 1);
	ck_assert_str_eq(s->link[0].as, "sha1({})-");
	ck_assert_str_eq(s->link[0].from, "ip");
	ck_assert(s->link[0].review);
	ck_assert_str_eq(s->subject[0].kind, "ip");
	ck_assert(s->subject[0].pseudonym && !s->subject[1].pseudonym);
	ck_assert_uint_eq(s->n_sinks, 3);
	ck_assert_int_eq(s->sink[1].type, SINK_NAMESPACE);
	ck_assert_str_eq(s->sink[1].namespace_, "scrubbed");
	ck_assert_str_eq(s->sink[1].path, "");
	ck_assert_uint_eq(s->sink[2].where.line, 29);
	s = conf_find_store(c, "short");
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(s->period_s, 300);
	ck_assert(!s->required && !s->has_scrub);
	ck_assert_str_eq(s->format, "");
	ck_assert_ptr_null(s->timezone);
	conf_free(c);
}
END_TEST

START_TEST(rules_stand_in_order_with_their_lines)
{
	static const struct {
		const char *field, *to;
		unsigned line;
	} want[] = {
		{ "k1", "keep", 10 },
		{ "k2", "keep", 11 },
		{ "p1", "pseudonym", 12 },
		{ "p2", "prefix-pseudonym", 13 },
		{ "i1", "pseudonym-id", 14 },
		{ "r1", "redact", 14 },
		{ "n1", "number", 14 },
		{ "f1", "flag", 14 },
		{ "x", "method+path", 15 },
		{ "y", "truncate", 16 },
		{ "z", "last4", 17 },
		{ "t", "coarse-time", 18 },
		{ "m", "redact", 19 },
		{ "v", "one-of", 20 },
	};
	struct conf *c = read_good(whole_store);
	const struct conf_store *s = conf_find_store(c, "s");

	ck_assert_uint_eq(s->n_rules, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < s->n_rules; i++) {
		ck_assert_str_eq(s->rule[i].field, want[i].field);
		ck_assert_str_eq(s->rule[i].to, want[i].to);
		ck_assert_uint_eq(s->rule[i].where.line, want[i].line);
	}
	ck_assert_int_eq(s->rule[0].segments, -1);
	ck_assert_int_eq(s->rule[8].segments, 2);
	ck_assert_uint_eq(s->rule[8].mask.n, 2);
	ck_assert_str_eq(s->rule[8].mask.v[1], "~[0-9]+");
	ck_assert_int_eq(s->rule[9].bits4, 24);
	ck_assert_int_eq(s->rule[9].bits6, 48);
	ck_assert_int_eq(s->rule[10].digits, 3);
	ck_assert_str_eq(s->rule[11].interval, "1h");
	ck_assert_str_eq(s->rule[12].detect.v[0], "uuid");
	ck_assert_uint_eq(s->rule[13].values.n, 2);
	ck_assert_str_eq(s->rule[13].values.v[1], "~\\d+");
	conf_free(c);
}
END_TEST

START_TEST(a_source_is_taken_whole)
{
	struct conf *c = read_good(STORE("a", "") STORE(
		"b", "") "source \"web\" {\n"
			 "  type = \"syslog\" listen = \"unix:/run/x.sock\" store = \"a\"\n"
			 "  tag \"sshd\" { store = \"b\" }\n}\n"
			 "source \"j\" { type = \"journal\" namespace = \"*\" match = { 'A=b' } }\n"
			 "source \"t\" { type = \"tail\" paths = { '/x' } store = \"a\" }\n");
	const struct conf_source *s = c->source;

	ck_assert_uint_eq(c->n_sources, 3);
	ck_assert_int_eq(s[0].type, SOURCE_SYSLOG);
	ck_assert_str_eq(s[0].listen, "unix:/run/x.sock");
	ck_assert_str_eq(s[0].store, "a");
	ck_assert_uint_eq(s[0].n_tags, 1);
	ck_assert_str_eq(s[0].tag[0].tag, "sshd");
	ck_assert_str_eq(s[0].tag[0].store, "b");
	ck_assert_int_eq(s[1].type, SOURCE_JOURNAL);
	ck_assert_str_eq(s[1].namespace_, "*");
	ck_assert_str_eq(s[1].match.v[0], "A=b");
	ck_assert_str_eq(s[1].listen, "");
	ck_assert_ptr_null(s[1].store);
	ck_assert_ptr_null(s[1].directory);
	ck_assert_int_eq(s[2].type, SOURCE_TAIL);
	ck_assert_str_eq(s[2].paths.v[0], "/x");
	conf_free(c);
}
END_TEST

START_TEST(an_acceptance_is_taken_whole)
{
	struct conf *c = read_good("\naccept \"swap:/dev/sda2\" {\n  reason = \"moves in May\"\n"
				   "  until = \"2028-02-29\"\n}\n");

	ck_assert_uint_eq(c->n_accepts, 1);
	ck_assert_uint_eq(c->accept[0].where.line, 2);
	ck_assert_str_eq(c->accept[0].id, "swap:/dev/sda2");
	ck_assert_str_eq(c->accept[0].reason, "moves in May");
	ck_assert_str_eq(c->accept[0].until, "2028-02-29");
	conf_free(c);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

static char dir[64];

static void
dir_make(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/sparsam-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (int i = 0; i < 2; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%s", dir, i ? "stores.d" : "formats.d");
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
}

static int
entry_remove(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void
dir_remove(void)
{
	ck_assert_int_eq(nftw(dir, entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static const char *
put(const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

START_TEST(the_shipped_files_are_right)
{
	struct conf *c;
	struct err e = { 0 };
	const char *file = put("sparsam.conf", "clock = local\n");

	ck_assert_msg(conf_read(file, &c, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_str_eq(c->file, file);
	ck_assert_ptr_nonnull(conf_find_store(c, "nginx-access"));
	ck_assert_ptr_nonnull(conf_find_format(c, "nginx-combined"));
	ck_assert_int_ge(c->longest_period_s, 7 * 86400);
	conf_free(c);
}
END_TEST

START_TEST(a_file_of_the_same_name_replaces_the_shipped_one)
{
	struct conf *c;
	struct err e = { 0 };

	put("stores.d/nginx.conf", STORE("mine", ""));
	ck_assert_msg(conf_read(put("sparsam.conf", ""), &c, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_ptr_nonnull(conf_find_store(c, "mine"));
	ck_assert_ptr_null(conf_find_store(c, "nginx-access"));
	ck_assert_ptr_nonnull(conf_find_format(c, "nginx-combined"));
	conf_free(c);
}
END_TEST

START_TEST(an_own_declaration_replaces_the_shipped_one_of_its_name)
{
	struct conf *c;
	struct err e = { 0 };
	const char *file = put("sparsam.conf", STORE("nginx-access", "  purpose = \"mine\"\n"));

	ck_assert_msg(conf_read(file, &c, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_str_eq(conf_find_store(c, "nginx-access")->purpose, "mine");
	conf_free(c);
}
END_TEST

START_TEST(a_name_declared_twice_in_one_folder_is_refused)
{
	struct conf *c;
	struct err e = { 0 };
	char want[400];

	put("stores.d/a.conf", "\n" STORE("same", ""));
	put("stores.d/b.conf", "\n\n" STORE("same", ""));
	(void)snprintf(want, sizeof(want),
		"%s/stores.d/b.conf:3: store \"same\", also at %s/stores.d/a.conf:2", dir, dir);
	ck_assert_int_eq(conf_read(put("sparsam.conf", ""), &c, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_str_eq(e.where, want);
	put("stores.d/b.conf", "");
	(void)snprintf(want, sizeof(want),
		"%s/stores.d/a.conf:2: store \"same\", also at %s/sparsam.conf:1", dir, dir);
	ck_assert_int_eq(conf_read(put("sparsam.conf", STORE("same", "")), &c, &e), -1);
	ck_assert_str_eq(e.where, want);
}
END_TEST

START_TEST(a_claim_against_a_shipped_store_is_told_at_the_own_one)
{
	struct conf *c;
	struct err e = { 0 };
	char want[400];
	const char *file = put("sparsam.conf",
		"\n" STORE("mine", " paths = { '/var/log/nginx/my.access.log' }\n"));

	(void)snprintf(want, sizeof(want), "%s:2: /var/log/nginx/my.access.log", file);
	ck_assert_int_eq(conf_read(file, &c, &e), -1);
	ck_assert_msg(strncmp(e.where, want, strlen(want)) == 0, "%s", e.where);
}
END_TEST

START_TEST(only_conf_files_are_read_in_byte_order)
{
	struct conf *c;
	struct err e = { 0 };

	put("stores.d/b.conf", STORE("b", ""));
	put("stores.d/B.conf", STORE("B", ""));
	put("stores.d/a.conf", STORE("a", ""));
	put("stores.d/.hidden.conf", "wrong");
	put("stores.d/a.conf~", "wrong");
	put("stores.d/a.conf.dpkg-dist", "wrong");
	put("stores.d/.conf", "wrong");
	ck_assert_msg(conf_read(put("sparsam.conf", ""), &c, &e) == 0, "%s: %s", e.what, e.where);
	ck_assert_str_eq(c->store[0].name, "B");
	ck_assert_str_eq(c->store[1].name, "a");
	ck_assert_str_eq(c->store[2].name, "b");
	conf_free(c);
}
END_TEST

START_TEST(parts_may_not_set_options_of_the_whole)
{
	struct conf *c;
	struct err e = { 0 };

	put("stores.d/a.conf", "clock = local\n");
	ck_assert_int_eq(conf_read(put("sparsam.conf", ""), &c, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_ptr_nonnull(strstr(e.where, "/stores.d/a.conf:1: no such option 'clock'"));
}
END_TEST

static struct conf *
read_inside(struct err *e)
{
	int root = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct conf *c = NULL;

	ck_assert_int_ge(root, 0);
	(void)conf_read_inside(root, &c, e);
	ck_assert_int_eq(close(root), 0);
	return c;
}

START_TEST(stores_are_erased_behind_those_they_name)
{
	struct conf *c = read_good(STORE("c", "erase_after = { \"a\", \"b\" }\n")
			STORE("b", "erase_after = { \"a\" }\n") STORE("a", "") STORE("d", ""));
	struct err e = { 0 };

	ck_assert_str_eq(c->erase_order[0]->name, "a");
	ck_assert_str_eq(c->erase_order[1]->name, "b");
	ck_assert_str_eq(c->erase_order[2]->name, "c");
	ck_assert_str_eq(c->erase_order[3]->name, "d");
	(void)conf_free(c);
	ck_assert_ptr_null(read_text(STORE("a", "erase_after = { \"b\" }\n")
					     STORE("b", "erase_after = { \"a\" }\n"),
		&e));
	ck_assert_str_eq(e.what, "stores that are erased after one another in a circle");
	ck_assert_ptr_null(read_text(STORE("a", "erase_after = { \"z\" }\n"), &e));
	ck_assert_str_eq(e.what, "no such store");
}
END_TEST

START_TEST(who_approves_is_named_by_a_whole_fingerprint)
{
	struct err e = { 0 };
	struct conf *c = read_good(
		"dsar {\n  second_person = true\n"
		"  approvers = { \"0123456789abcdef0123456789ABCDEF01234567\" }\n}\n");

	ck_assert(c->second_person);
	ck_assert_uint_eq(c->approvers.n, 1);
	(void)conf_free(c);
	ck_assert_ptr_null(read_text("dsar { approvers = { \"89ABCDEF\" } }\n", &e));
}
END_TEST

#define FPR "0123456789ABCDEF0123456789ABCDEF01234567"

START_TEST(a_node_is_declared_by_its_name_and_its_key)
{
	struct err e = { 0 };
	struct conf *c = read_good(
		"node \"bbb1.example.org\" { fingerprint = \"" FPR "\" key = \"/etc/n.asc\" }\n"
		"agent { node = \"n\" escrow = \"" FPR "\" escrow_key = \"/etc/e.asc\" }\n");

	ck_assert_uint_eq(c->n_nodes, 1);
	ck_assert_str_eq(conf_find_node(c, "bbb1.example.org")->key, "/etc/n.asc");
	ck_assert_ptr_null(conf_find_node(c, "bbb2"));
	ck_assert_str_eq(c->agent_node, "n");
	ck_assert_str_eq(c->agent_escrow.v[0], FPR);
	(void)conf_free(c);
	ck_assert_ptr_null(read_text("node \"n\" { key = \"/etc/n.asc\" }\n", &e));
	ck_assert_str_eq(e.what, "node without a key");
	ck_assert_ptr_null(read_text(
		"node \"../n\" { fingerprint = \"" FPR "\" key = \"/etc/n.asc\" }\n", &e));
	ck_assert_str_eq(e.what, "bad name of a node");
	ck_assert_ptr_null(read_text("agent { escrow = \"" FPR "\" }\n", &e));
	ck_assert_str_eq(e.what, "one escrow key takes its fingerprint and its file");
	ck_assert_ptr_null(read_text("agent { node = \"Not One\" }\n", &e));
}
END_TEST

START_TEST(another_root_has_its_own_configuration)
{
	struct err e = { 0 };
	struct conf *c;
	char path[128];

	/* none: the shipped files alone, whatever /etc/sparsam of this machine says */
	c = read_inside(&e);
	ck_assert_msg(c != NULL, "%s: %s", e.what, e.where);
	ck_assert_ptr_null(c->file);
	ck_assert_ptr_nonnull(conf_find_store(c, "nginx-access"));
	conf_free(c);
	for (const char *const *p =
			(const char *const[]){ "etc", "etc/sparsam", "etc/sparsam/stores.d", NULL };
		*p; p++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, *p);
		ck_assert_int_eq(mkdir(path, 0755), 0);
	}
	put("etc/sparsam/sparsam.conf", "clock = local\n");
	put("etc/sparsam/stores.d/nginx.conf", STORE("mine", ""));
	c = read_inside(&e);
	ck_assert_msg(c != NULL, "%s: %s", e.what, e.where);
	ck_assert_str_eq(c->file, "/etc/sparsam/sparsam.conf");
	ck_assert(!c->clock_ntp);
	ck_assert_ptr_nonnull(conf_find_store(c, "mine"));
	ck_assert_ptr_null(conf_find_store(c, "nginx-access"));
	ck_assert_str_eq(
		conf_find_store(c, "mine")->where.file, "/etc/sparsam/stores.d/nginx.conf");
	conf_free(c);
}
END_TEST

START_TEST(another_root_is_not_left)
{
	struct err e = { 0 };
	char path[128], target[128];

	(void)snprintf(path, sizeof(path), "%s/etc", dir);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/etc/sparsam", dir);
	(void)snprintf(target, sizeof(target), "../../../../../..%s", dir);
	ck_assert_int_eq(symlink(target, path), 0); /* goes nowhere, seen from there */
	put("sparsam.conf", "clock = nonsense\n");
	conf_free(read_inside(&e));
	ck_assert_ptr_null(e.what);
}
END_TEST

START_TEST(a_missing_file_is_no_input)
{
	struct conf *c;
	struct err e = { 0 };

	ck_assert_int_eq(conf_read("/nowhere/sparsam.conf", &c, &e), -1);
	ck_assert_int_eq(e.exit, EX_NOINPUT);
	ck_assert_int_eq(e.errnum, ENOENT);
	ck_assert_str_eq(e.where, "/nowhere/sparsam.conf");
	ck_assert_int_eq(conf_read(dir, &c, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
}
END_TEST

START_TEST(a_part_that_cannot_be_read_is_an_error)
{
	struct conf *c;
	struct err e = { 0 };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/stores.d/loop.conf", dir);
	ck_assert_int_eq(symlink("loop.conf", path), 0);
	ck_assert_int_eq(conf_read(put("sparsam.conf", ""), &c, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_str_eq(e.where, path);
}
END_TEST

START_TEST(a_file_without_end_is_refused)
{
	struct conf *c;
	struct err e = { 0 };

	ck_assert_int_eq(conf_read("/dev/zero", &c, &e), -1);
	ck_assert_int_eq(e.exit, EX_CONFIG);
	ck_assert_int_eq(e.errnum, EFBIG);
}
END_TEST

START_TEST(a_recipient_has_what_its_stores_and_categories_hold)
{
	struct conf *c = read_good(
		STORE("a", "") STORE("b", "") "recipient \"x\" { stores = { \"b\" }"
					      " categories = { \"contract\" } country = \"US\""
					      " text \"de\" { what = \"Ton\" } }\n");

	ck_assert_uint_eq(c->n_recipients, 1);
	ck_assert(!conf_recipient_has(&c->recipient[0], conf_find_store(c, "a")));
	ck_assert(conf_recipient_has(&c->recipient[0], conf_find_store(c, "b")));
	ck_assert(conf_recipient_is_third_country(&c->recipient[0]));
	ck_assert_str_eq(c->recipient[0].what[LANG_DE], "Ton");
	ck_assert_str_eq(c->recipient[0].what[LANG_EN], "");
	conf_free(c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf");
	TCase *text = tcase_create("text"), *files = tcase_create("files");

	tcase_set_timeout(text, 60);

	tcase_add_test(text, a_recipient_has_what_its_stores_and_categories_hold);
	tcase_add_loop_test(text, what_is_wrong_is_refused_with_file_and_line, 0,
		(int)(sizeof(wrong) / sizeof(wrong[0])));
	tcase_add_test(text, a_nul_byte_is_refused);
	tcase_add_test(text, lists_stand_in_the_rules_that_name_them);
	tcase_add_test(text, a_right_text_is_read_after_a_wrong_one);
	tcase_add_test(text, an_empty_text_gives_the_defaults);
	tcase_add_test(text, options_are_taken);
	tcase_add_test(text, statistics_are_taken_whole);
	tcase_add_test(text, a_log_format_is_pasted_as_it_stands);
	tcase_add_test(text, a_pattern_in_single_quotes_stays_as_it_is);
	tcase_add_test(text, escapes_follow_the_type_unless_given);
	tcase_add_test(text, a_store_is_taken_whole);
	tcase_add_test(text, rules_stand_in_order_with_their_lines);
	tcase_add_test(text, a_source_is_taken_whole);
	tcase_add_test(text, an_acceptance_is_taken_whole);
	suite_add_tcase(s, text);
	tcase_set_timeout(files, 60);
	tcase_add_checked_fixture(files, dir_make, dir_remove);
	tcase_add_test(files, the_shipped_files_are_right);
	tcase_add_test(files, a_file_of_the_same_name_replaces_the_shipped_one);
	tcase_add_test(files, an_own_declaration_replaces_the_shipped_one_of_its_name);
	tcase_add_test(files, a_name_declared_twice_in_one_folder_is_refused);
	tcase_add_test(files, a_claim_against_a_shipped_store_is_told_at_the_own_one);
	tcase_add_test(files, only_conf_files_are_read_in_byte_order);
	tcase_add_test(files, parts_may_not_set_options_of_the_whole);
	tcase_add_test(files, stores_are_erased_behind_those_they_name);
	tcase_add_test(files, who_approves_is_named_by_a_whole_fingerprint);
	tcase_add_test(files, a_node_is_declared_by_its_name_and_its_key);
	tcase_add_test(files, another_root_has_its_own_configuration);
	tcase_add_test(files, another_root_is_not_left);
	tcase_add_test(files, a_missing_file_is_no_input);
	tcase_add_test(files, a_part_that_cannot_be_read_is_an_error);
	tcase_add_test(files, a_file_without_end_is_refused);
	suite_add_tcase(s, files);
	return s;
}

int
main(void)
{
	return suite_run(suite());
}
