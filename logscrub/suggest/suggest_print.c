/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <libintl.h>
#include <string.h>

#include "logscrub/suggest/suggest.h"

#define _(text) gettext(text)

#define LEVELS                                                                                     \
	"'~(?i:trace|debug|verbose|info|notice|warn|warning|err|error|severe|crit|critical|alert|" \
	"emerg|emergency|fatal|panic)'"
#define METHODS "'~GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|PATCH|TRACE|PROPFIND'"

/* A pattern between single quotes: backslashes before another one stand twice by now, others as
 * they are; a quote cannot stand in it. */
static void
put_format(const struct proposal *p, const char *name, struct buf *out)
{
	bool inner = p->how == READ_SYSLOG;

	if (inner)
		buf_printf(out, "format \"%s\" {\n  type    = \"syslog\"\n%s%s%s}\n\n", name,
			p->n_forms ? "  message = \"" : "", p->n_forms ? name : "",
			p->n_forms ? "-message\"\n" : "");
	if (p->how != READ_JSON && p->n_forms == 0)
		return;
	buf_printf(out, "format \"%s%s\" {\n  type = \"%s\"\n", name, inner ? "-message" : "",
		p->how == READ_JSON ? "json" : "pattern");
	if (p->n_forms > 0)
		buf_str(out, "  pattern = {\n");
	for (unsigned i = 0; i < p->n_forms; i++) {
		buf_printf(out, "    # ");
		buf_printf(out, _("%llu lines"), (unsigned long long)p->covered[i]);
		buf_printf(out, "\n    '%.*s'%s\n", (int)p->form[i].len, p->form[i].p,
			i + 1 < p->n_forms ? "," : "");
	}
	if (p->n_forms > 0)
		buf_str(out, "  }\n");
	if (p->time[0] && !inner)
		buf_printf(out, "  time = \"%s\"\n", p->time);
	buf_str(out, "}\n\n");
}

/* --- the rule --------------------------------------------------------------------------------- */

static bool
is_time_twice(const struct proposal *p, const struct field *f)
{
	return field_kind(f) == VALUE_TIME &&
	       (p->how == READ_SYSLOG || strcmp(f->name, p->time) != 0);
}

static const char *
rule_of(const struct proposal *p, const struct field *f, bool *ret_list)
{
	if (p->how != READ_SYSLOG && strcmp(f->name, p->time) == 0) {
		*ret_list = false;
		return "coarse-time";
	}
	return is_time_twice(p, f) ? NULL : field_rule(f, ret_list);
}

static void
put_what(const struct field *f, struct buf *out)
{
	buf_printf(out, _("%llu lines, %u%s different; "), (unsigned long long)f->n, f->variety,
		f->variety == FIELD_VARIETY_MAX ? "+" : "");
	field_put_reason(f, out);
	if (f->example[0] && field_kind(f) == VALUE_OTHER)
		buf_printf(out, _(", such as %s"), f->example);
	buf_char(out, '\n');
}

static void
put_list(const struct proposal *p, const char *list, struct buf *out)
{
	bool any = strcmp(list, "keep") == 0 && p->how == READ_SYSLOG;

	if (any)
		buf_str(out, "    keep = { \"time\", \"hostname\", \"appname\", \"procid\" }\n");
	for (unsigned i = 0, first = 1; i < p->n_fields; i++) {
		bool is_list;
		const char *rule = rule_of(p, &p->field[i], &is_list);

		if (!rule || !is_list || strcmp(rule, list) != 0 || any)
			continue;
		if (first)
			buf_printf(out, "    %s = {\n", list);
		first = 0;
		buf_printf(out, "      \"%s\" # ", p->field[i].name);
		put_what(&p->field[i], out);
	}
}

static void
put_lists(const struct proposal *p, struct buf *out)
{
	static const char *const lists[] = { "keep", "pseudonym", "number", "flag" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		size_t before = out->len;

		put_list(p, lists[i], out);
		if (out->len == before || out->p[out->len - 2] == '}')
			continue;
		buf_str(out, "    }\n");
	}
}

static void
put_reductions(const struct proposal *p, struct buf *out)
{
	for (unsigned i = 0; i < p->n_fields; i++) {
		const struct field *f = &p->field[i];
		bool is_list;
		const char *rule = rule_of(p, f, &is_list);

		if (!rule || is_list)
			continue;
		buf_printf(out, "    reduce \"%s\" { to = \"%s\"", f->name, rule);
		if (strcmp(rule, "one-of") == 0)
			buf_printf(out, " values = { %s }",
				field_kind(f) == VALUE_LEVEL ? LEVELS : METHODS);
		if (strcmp(rule, "method+path") == 0) /* a path may name somebody anywhere */
			buf_str(out, " segments = 0");
		if (strcmp(rule, "coarse-time") == 0)
			buf_str(out, " interval = \"1s\"");
		buf_str(out, " } # ");
		put_what(f, out);
	}
}

static void
put_left_out(const struct proposal *p, struct buf *out)
{
	bool any = false, is_list;

	for (unsigned i = 0; i < p->n_fields; i++) {
		if (rule_of(p, &p->field[i], &is_list))
			continue;
		if (!any)
			buf_printf(out, "\n    # %s\n",
				_("Left out, and so not written. What names nobody may be kept, see"
				  " sparsam.conf(5):"));
		any = true;
		buf_printf(out, "    # \"%s\": ", p->field[i].name);
		put_what(&p->field[i], out);
	}
}

static void
put_store(const struct proposal *p, const char *name, const char *path, struct buf *out)
{
	buf_printf(out, "store \"%s\" {\n  type     = \"textlog\"\n", name);
	if (path)
		buf_printf(out, "  paths    = { \"%s\" }\n", path);
	else
		buf_printf(out, "# paths    = { \"/var/log/…\" }  # %s\n",
			_("where it lies, so that no other store claims it"));
	buf_printf(out, "  format   = \"%s\"\n", name);
	buf_printf(out, "  category = \"log-and-system-data\"  # %s\n",
		_("the row of the privacy policy: is it this one?"));
	buf_str(out, "  purpose  = \"operation, stability and security of the service\"\n"
		     "  basis    = \"Art. 6(1)(f) GDPR\"\n"
		     "  period   = \"7d\"\n"
		     "  scrub {\n");
	put_lists(p, out);
	put_reductions(p, out);
	put_left_out(p, out);
	buf_str(out, "  }\n}\n");
}

void
proposal_print(
	const struct proposal *p, const char *name, const char *path, bool cut, struct buf *out)
{
	buf_printf(out, "# %s\n",
		_("A proposal by \"logscrub suggest\", to be looked at. Nothing was changed."));
	buf_str(out, "# ");
	buf_printf(out, _("It reads %llu of %llu lines%s; what it does not read is not written."),
		(unsigned long long)p->n_covered, (unsigned long long)p->n_lines,
		cut ? _(" (the first ones)") : "");
	buf_printf(out,
		"\n# %s\n#   /etc/sparsam/stores.d/%s.conf\n#   logscrub check-config\n"
		"#   logscrub explain --store %s FILE\n\n",
		_("To try it, put it where stores are, and see what it does:"), name, name);
	put_format(p, name, out);
	put_store(p, name, path, out);
}
