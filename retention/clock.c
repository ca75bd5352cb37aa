/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "retention/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <sysexits.h>
#include <time.h>

#include <systemd/sd-id128.h>

#include "evidence/ledger.h"
#include "retention/session.h"

#define DRIFT_US      (300 * INT64_C(1000000)) /* that a step of NTP may make between two runs … */
#define DRIFT_PERMILL 1                        /* … and that a quartz may */

static int64_t
since_boot_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void
boot_id(char ret[SD_ID128_STRING_MAX])
{
	sd_id128_t id;

	if (sd_id128_get_boot(&id) < 0)
		id = SD_ID128_NULL;
	(void)sd_id128_to_string(id, ret);
}

void
clock_note(json_t *data)
{
	char id[SD_ID128_STRING_MAX];

	boot_id(id);
	(void)json_object_set_new(data, "boot", json_string(id));
	(void)json_object_set_new(data, "since_boot_us", json_integer(since_boot_us()));
}

/* What the last run noted. */
struct last {
	int64_t time_us, since_boot_us;
	char boot[SD_ID128_STRING_MAX];
};

static int
see_last(void *ctx, const struct ledger_entry *en, struct err *e)
{
	struct last *l = ctx;
	json_t *data = json_loads(en->data, 0, NULL);
	const char *boot = json_string_value(json_object_get(data, "boot"));

	(void)e;
	l->time_us = en->time_us;
	l->since_boot_us = json_integer_value(json_object_get(data, "since_boot_us"));
	if (boot && strlen(boot) < sizeof(l->boot))
		memcpy(l->boot, boot, strlen(boot) + 1);
	json_decref(data);
	return 0;
}

static int
refuse(struct err *e, const char *what)
{
	return err_fail(e, EX_NOPERM, 0, what,
		N_("set the clock; if it is right, run once with --accept-clock"), NULL);
}

static int
jump_check(const struct session *s, const struct last *l, struct err *e)
{
	const int64_t went = s->now_us - l->time_us;
	char id[SD_ID128_STRING_MAX];
	int64_t real;

	boot_id(id);
	if (strcmp(id, l->boot) != 0) {
		if (!s->conf->clock_ntp && went > s->conf->longest_period_s * 1000000)
			return refuse(
				e, N_("the clock went further since the last boot than the longest "
				      "period"));
		return 0;
	}
	real = since_boot_us() - l->since_boot_us;
	if (llabs(went - real) > DRIFT_US + real / 1000 * DRIFT_PERMILL)
		return refuse(e, N_("the clock has jumped since the last run"));
	return 0;
}

int
clock_check(struct session *s, struct err *e)
{
	struct last last = { 0 }, end = { 0 };
	struct timex tx = { 0 };
	int rc;

	/* -1: nobody may ask, so nobody knows */
	rc = s->conf->clock_ntp ? adjtimex(&tx) : TIME_OK;
	if (rc < 0 || rc == TIME_ERROR || (s->conf->clock_ntp && (tx.status & STA_UNSYNC)))
		return refuse(e, N_("the clock is not synchronised"));
	/* runs alone: a refusal was written under a clock that nobody trusted */
	rc = ledger_last(s->ledger, "run", see_last, &last, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (ledger_last(s->ledger, "end", see_last, &end, e) < 0)
		return -1;
	if (last.time_us > s->now_us || end.time_us > s->now_us)
		return refuse(e, N_("the clock is behind the ledger"));
	return jump_check(s, &last, e);
}
