/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor_files.h - what the check of log files and that of open descriptors share
 */
#pragma once
#include "logscrub/doctor/doctor.h"
#include "logscrub/doctor/families.h"

struct logfiles {
	struct doctor *doctor;
	struct tails *tails;
	struct families families;
	int64_t now_s; /* of a system that does not run: when the last of its logs was written */
	bool failed;
};

/* Takes the file FD, which is PATH, into its family, and looks at its tail unless the family is known
 * to be raw. */
void logfile_take(
	struct logfiles *l, int fd, const struct stat *st, const char *path, bool deleted);

/* Takes files that processes of this machine have open for writing and that look like logs, wherever
 * they are. */
void logfiles_take_open(struct logfiles *l);
