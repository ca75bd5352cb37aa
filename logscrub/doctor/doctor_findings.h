/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor_findings.h - what the doctor found: kept, put in order, held against what is accepted
 */
#pragma once
#include "base/print/print.h"
#include "logscrub/doctor/doctor.h"

struct doctor_record {
	char *id, *where, *proof, *lines; /* owned; proof and lines may be NULL */
	const char *what, *row, *mend;
	enum doctor_severity severity;
	unsigned n_places;
	const struct conf_accept *accept; /* in force, or ended; or NULL */
	bool is_accepted;                 /* in force */
};

/* Puts them in order, worst first, and marks what is accepted. Returns how many findings are left. */
size_t doctor_findings_judge(struct doctor *d);

/* Prints them: JSON Lines, or for people a table and then each with its mending. */
void doctor_findings_print(const struct doctor *d, struct print *p);

/* Says on stderr what is accepted, and which acceptances match nothing or are over. */
void doctor_findings_talk(const struct doctor *d);

void doctor_findings_release(struct doctor *d);
