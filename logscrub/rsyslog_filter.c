/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/rsyslog_filter.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALL_SEVERITIES 0xff

/* Names as in syslog.h, several for some; numbers are taken as well. */
static const struct {
	const char *name;
	unsigned number;
} facilities[] = { { "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 },
	{ "security", 4 }, { "syslog", 5 }, { "lpr", 6 }, { "news", 7 }, { "uucp", 8 },
	{ "cron", 9 }, { "authpriv", 10 }, { "ftp", 11 }, { "ntp", 12 }, { "audit", 13 },
	{ "alert", 14 }, { "local0", 16 }, { "local1", 17 }, { "local2", 18 }, { "local3", 19 },
	{ "local4", 20 }, { "local5", 21 }, { "local6", 22 }, { "local7", 23 } },
  severities[] = { { "emerg", 0 }, { "panic", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 },
	  { "error", 3 }, { "warning", 4 }, { "warn", 4 }, { "notice", 5 }, { "info", 6 },
	  { "debug", 7 } };

static int
number_of(const char *name, size_t len, bool is_facility)
{
	const size_t n = is_facility ? sizeof(facilities) / sizeof(facilities[0])
				     : sizeof(severities) / sizeof(severities[0]);

	for (size_t i = 0; i < n; i++) {
		const char *known = is_facility ? facilities[i].name : severities[i].name;

		if (strlen(known) == len && strncasecmp(known, name, len) == 0)
			return (int)(is_facility ? facilities[i].number : severities[i].number);
	}
	return -1;
}

/* "*", "none", "info" (and worse), "=info", "!err", "!=err": which bits are set, or taken away. */
static bool
severities_of(const char *text, size_t len, uint8_t *ret, bool *ret_away)
{
	const bool away = len > 0 && *text == '!';
	const bool one = len > away && text[away] == '=';
	const size_t signs = (size_t)away + one;
	int number;

	text += signs;
	len -= signs;
	*ret_away = away;
	*ret = ALL_SEVERITIES;
	if (len == 1 && *text == '*')
		return true;
	if (len == 4 && strncasecmp(text, "none", 4) == 0) {
		*ret_away = true;
		return true;
	}
	number = number_of(text, len, false);
	if (number < 0)
		return false;
	*ret = (uint8_t)(one ? 1U << number : (2U << number) - 1);
	return true;
}

static void
severities_put(struct rsyslog_set *s, int facility, uint8_t bits, bool away)
{
	for (int i = 0; i < RSYSLOG_FACILITIES; i++) {
		if (facility >= 0 && i != facility)
			continue;
		s->severity[i] = (uint8_t)(away ? s->severity[i] & ~bits : s->severity[i] | bits);
	}
}

/* "auth,authpriv.*": false if it is none that is known. */
static bool
part_read(struct rsyslog_set *s, const char *part, size_t len)
{
	const char *dot = memchr(part, '.', len), *at = part;
	uint8_t bits;
	bool away;

	if (!dot || !severities_of(dot + 1, len - (size_t)(dot - part) - 1, &bits, &away))
		return false;
	while (at < dot) {
		const char *comma = memchr(at, ',', (size_t)(dot - at)), *end = comma ? comma : dot;
		const bool every = end - at == 1 && *at == '*';
		const int facility = every ? -1 : number_of(at, (size_t)(end - at), true);

		if (!every && facility < 0)
			return false;
		severities_put(s, facility, bits, away);
		at = comma ? comma + 1 : dot;
	}
	return true;
}

static bool
selector_read(const char *selector, struct rsyslog_set *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (*selector) {
		const size_t n = strcspn(selector, ";");

		if (n > 0 && !part_read(ret, selector, n))
			return false;
		selector += n + (selector[n] == ';');
	}
	return true;
}

void
rsyslog_flow_init(struct rsyslog_flow *f)
{
	memset(f, 0, sizeof(*f));
	memset(&f->alive, ALL_SEVERITIES, sizeof(f->alive));
	memset(&f->block[0].set, ALL_SEVERITIES, sizeof(f->block[0].set));
	f->block[0].is_exact = true;
	f->here = f->last = f->block[0];
}

void
rsyslog_flow_statement(struct rsyslog_flow *f)
{
	f->last = f->here;
	f->here = f->block[f->depth];
}

void
rsyslog_flow_same(struct rsyslog_flow *f)
{
	f->here = f->last;
}

void
rsyslog_flow_selector(struct rsyslog_flow *f, const char *selector)
{
	struct rsyslog_set s;

	if (!selector_read(selector, &s)) {
		f->here.is_exact = false;
		return;
	}
	for (size_t i = 0; i < RSYSLOG_FACILITIES; i++)
		f->here.set.severity[i] &= s.severity[i];
}

void
rsyslog_flow_condition(struct rsyslog_flow *f)
{
	f->here.is_exact = false;
}

void
rsyslog_flow_ruleset(struct rsyslog_flow *f)
{
	f->here.is_exact = false;
	f->here.is_ruleset = true;
}

void
rsyslog_flow_open(struct rsyslog_flow *f)
{
	if (f->depth + 1 == RSYSLOG_DEEP) {
		f->beyond++;
		f->block[f->depth].is_exact = false;
	} else
		f->block[++f->depth] = f->here;
}

void
rsyslog_flow_close(struct rsyslog_flow *f)
{
	f->here = f->block[f->depth];
	if (f->beyond > 0)
		f->beyond--;
	else if (f->depth > 0)
		f->depth--;
}

void
rsyslog_flow_stop(struct rsyslog_flow *f)
{
	if (!f->here.is_exact)
		return;
	for (size_t i = 0; i < RSYSLOG_FACILITIES; i++)
		f->alive.severity[i] &= (uint8_t)~f->here.set.severity[i];
}

bool
rsyslog_flow_reaches(const struct rsyslog_flow *f)
{
	for (size_t i = 0; i < RSYSLOG_FACILITIES; i++) {
		if (f->here.set.severity[i] &
			(f->here.is_ruleset ? ALL_SEVERITIES : f->alive.severity[i]))
			return true;
	}
	return false;
}
