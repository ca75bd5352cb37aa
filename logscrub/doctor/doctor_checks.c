/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "logscrub/doctor/doctor_checks.h"

#include <libintl.h>
#include <stdio.h>

#include "logscrub/doctor/disks.h"
#include "logscrub/doctor/rotations.h"

#define _(text) gettext(text)

/* The journal and rsyslog come first: what programs give them is judged by where they write it. And
 * logrotate before the files that it rotates. */
static doctor_check *const checks[] = {
	doctor_journald,
	doctor_rsyslog,
	doctor_logrotate,
	doctor_nginx,
	doctor_apache,
	doctor_haproxy,
	doctor_logback,
	doctor_coturn,
	doctor_docker,
	doctor_compose,
	doctor_fail2ban,
	doctor_redis,
	doctor_postgres,
	doctor_cores,
	doctor_swap,
	doctor_bigbluebutton,
	doctor_logins,
	doctor_files,
};

/* What could not be looked at is not clean. */
static void
denied_report(struct doctor *d)
{
	char proof[128];

	(void)snprintf(proof, sizeof(proof),
		ngettext("%u place could not be read", "%u places could not be read",
			d->tree.n_denied),
		d->tree.n_denied);
	doctor_report(d, &(struct doctor_finding){
				 .check = "not-inspected",
				 .severity = DOCTOR_LOW,
				 .what = N_("not all could be looked at"),
				 .file = d->tree.denied,
				 .proof = proof,
				 .row = ROW_LOGS,
				 .mend = N_("Run it as root:"),
				 .lines = "sudo logscrub doctor",
			 });
}

void
doctor_checks_run(struct doctor *d)
{
	d->today = (int32_t)(d->now_s / 86400);
	d->disks = disks_read(&d->tree);
	d->rotations = rotations_read(&d->tree);
	if (!d->disks || !d->rotations) {
		d->failed = true;
		return;
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](d);
	if (d->tree.n_denied > 0)
		denied_report(d);
}

void
doctor_checks_release(struct doctor *d)
{
	d->disks = disks_free(d->disks);
	d->rotations = rotations_free(d->rotations);
}
