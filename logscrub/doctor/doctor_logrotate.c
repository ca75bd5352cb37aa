/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * logrotate's rules, by the arithmetic of rotations.h.
 */
#include <libintl.h>
#include <stdio.h>
#include <string.h>

#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/rotations.h"

#define _(text) gettext(text)

#define DAY 86400

/* "daily, rotate 7, maxage 30" */
static void
rule_tell(const struct rotation *r, char *ret, size_t size)
{
	static const struct {
		long every_s;
		const char *name;
	} names[] = { { 3600, "hourly" }, { DAY, "daily" }, { 7 * DAY, "weekly" },
		{ 31 * DAY, "monthly" }, { 366 * DAY, "yearly" }, { 0, "size" } };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].every_s == r->every_s)
			n = (size_t)snprintf(ret, size, "%s%s, rotate %ld", names[i].name,
				r->min_size ? ", minsize" : "", r->n_kept);
	}
	if (r->max_age_days > 0 && n < size)
		(void)snprintf(ret + n, size - n, ", maxage %ld", r->max_age_days);
}

static void
rule_report(struct doctor *d, const struct rotation *r, int64_t period_s, unsigned n_more)
{
	const long long days = (r->keeps_s + DAY - 1) / DAY, allowed = period_s / DAY;
	char rule[128] = "", proof[300], lines[300];
	size_t n;

	rule_tell(r, rule, sizeof(rule));
	if (r->keeps_s < 0)
		n = (size_t)snprintf(
			proof, sizeof(proof), _("%s: a line has no greatest age"), rule);
	else
		n = (size_t)snprintf(proof, sizeof(proof),
			_("%s: a line gets up to %lld days old, its period is %lld"), rule, days,
			allowed);
	if (n_more > 0 && n < sizeof(proof))
		(void)snprintf(proof + n, sizeof(proof) - n,
			ngettext(
				"; and %u more of this rule", "; and %u more of this rule", n_more),
			n_more);
	(void)snprintf(
		lines, sizeof(lines), "daily\nrotate %lld\nifempty", allowed > 1 ? allowed - 1 : 0);
	doctor_report(d,
		&(struct doctor_finding){
			.check = "logrotate-age",
			.subject = r->pattern,
			.severity = r->keeps_s < 0 || days > 2 * allowed ? DOCTOR_HIGH
									 : DOCTOR_MEDIUM,
			.what = N_("rotated logs outlive their period"),
			.file = r->file,
			.line = r->line,
			.proof = proof,
			.row = ROW_LOGS,
			.mend = N_(
				"Put this in the place of the rule's period, size and number: the file "
				"in use\nis one more than those that rotate keeps. (An empty file that "
				"does not rotate\nleaves the old ones where they are, hence ifempty.)"),
			.lines = lines,
		});
}

static bool
is_too_long(struct doctor *d, const struct rotation *r)
{
	return !doctor_is_impersonal(r->pattern) &&
	       (r->keeps_s < 0 || r->keeps_s > doctor_period_s(d, r->pattern));
}

/* One finding a rule, named after its first file. */
void
doctor_logrotate(struct doctor *d)
{
	const size_t n = rotations_count(d->rotations);

	for (size_t i = 0, k; i < n; i = k) {
		const struct rotation *r = rotations_get(d->rotations, i), *worst = NULL;
		unsigned n_long = 0;

		for (k = i; k < n && rotations_get(d->rotations, k)->rule == r->rule; k++) {
			if (!is_too_long(d, rotations_get(d->rotations, k)))
				continue;
			worst = worst ? worst : rotations_get(d->rotations, k);
			n_long++;
		}
		if (worst)
			rule_report(d, worst, doctor_period_s(d, worst->pattern), n_long - 1);
	}
}
