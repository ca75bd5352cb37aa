/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libintl.h>
#include <string.h>
#include <sysexits.h>

#include "base/conf/conf.h"
#include "dsar/answer/contents.h"
#include "dsar/answer/notice.h"
#include "dsar/act/rectification.h"
#include "dsar/register/registry.h"
#include "dsar/session.h"

#define _(text) gettext(text)

static int
put_item(struct places *p, const struct rectify_item *i, bool planned, struct err *e)
{
	const char *value = i->value;

	if (i->fate == RECTIFY_DONE)
		return place_printf(
			p, "changed", e, _("%s: %s is now: %s"), i->store, i->field, value);
	if (i->fate != RECTIFY_STATED && planned)
		return 0;
	if (i->fate == RECTIFY_STATED && strcmp(i->field, RECTIFY_WHOLE) == 0)
		return place_printf(p, "changed", e, _("%s: we have added your statement: %s"),
			i->store, value);
	if (i->fate == RECTIFY_STATED)
		return place_printf(p, "not_done", e,
			_("%s: %s; that it should be \"%s\" is attached to the record (%s)"),
			i->store, i->field, value, _(i->ground));
	return place_printf(p, "not_done", e, _("%s: %s, which could not be reached; we try again"),
		i->store, i->field);
}

static int
see_recipient(void *ctx, const struct conf_recipient *r, enum notice_state state, struct err *e)
{
	(void)state;
	return place_put(ctx, "recipients", span_str(r->name), e);
}

int
contents_rectification(
	struct session *s, const struct case_file *c, struct places *p, struct err *e)
{
	struct rectification here, x;
	int rc = rectification_read(s->registry, c->number, &here, e);
	const bool planned = rc == 1 || here.state == ERASURE_PLANNED;

	rectification_release(&here);
	if (rc >= 0)
		rc = rectification_wishes(s->registry, c->number, NULL, false, &x, e);
	for (size_t i = 0; rc == 0 && i < x.n; i++)
		rc = put_item(p, &x.item[i], planned, e);
	if (rc >= 0)
		rectification_release(&x);
	if (rc < 0)
		return -1;
	if (!place_has(p, "changed") && !place_has(p, "not_done"))
		return err_fail(e, EX_NOPERM, 0, N_("nothing was rectified in this case yet"),
			N_("see `dsar rectify`, or say what you did with --from"), "%s", c->number);
	return notices_each(s->conf, s->registry, c, see_recipient, p, e);
}
