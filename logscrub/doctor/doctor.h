/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor.h - where raw personal data reaches a disk, or outlives its period
 *
 * A check looks at one product's configuration and files below a root and reports what it finds. It
 * runs none of the tree's programs, changes nothing, and takes any file, also a hostile one. One file
 * a check, doctor_NAME.c; a line in doctor_checks.c.
 *
 * An id is CHECK or CHECK:SUBJECT, where the subject is what stays the same while the fault stands: a
 * path, a unit, never a line's number. No text of a finding repeats a personal value: proofs tell
 * kinds and numbers, and what the detectors find in paths is masked.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/conf/conf.h"
#include "base/file/tree.h"

enum doctor_severity { DOCTOR_LOW, DOCTOR_MEDIUM, DOCTOR_HIGH };

/* Rows of the privacy policy that findings break. */
#define ROW_LOGS       "log-and-system-data"
#define ROW_CONFERENCE "conference-data"

struct doctor_finding {
	const char *check, *subject; /* the id's halves; subject may be NULL */
	enum doctor_severity severity;
	const char *what;  /* fixed text, N_() */
	const char *file;  /* where it has to be mended */
	unsigned line;     /* 0: the file as a whole, or what is not in it */
	const char *proof; /* in the user's language; may be NULL */
	const char *row;
	const char *mend;  /* fixed text, N_(): what to do */
	const char *lines; /* what to write, to the letter; may be NULL */
};

enum doctor_answer { DOCTOR_UNKNOWN, DOCTOR_NO, DOCTOR_YES };

struct rotations;
struct disks;
struct doctor_record; /* a finding, kept */

struct doctor {
	struct tree tree;
	const struct conf *conf;
	int64_t now_s;
	int32_t today; /* UTC */

	/* what one check found out for others; they run in the order of doctor_checks[] */
	struct disks *disks;
	struct rotations *rotations;        /* of logrotate */
	enum doctor_answer journal_on_disk; /* is the raw journal written to one? */
	enum doctor_answer rsyslog_on_disk; /* are syslog's lines? */

	struct doctor_record *record;
	size_t n, room;
	bool failed; /* memory is out */
};

/* Adds a finding; all of F is copied. The same id again adds its place to the first. */
void doctor_report(struct doctor *d, const struct doctor_finding *f);

/* Would a file at PATH lie on a disk? Not below /dev, /proc, /sys and /run, in no tmpfs, and no
 * link or FIFO that leads elsewhere. */
bool doctor_on_disk(struct doctor *d, const char *path);

/* Do lines that a program gives to syslog or the journal come to a disk raw? Unknown is yes. */
bool doctor_syslog_on_disk(const struct doctor *d);

/* Is the unit ("rsyslog.service") masked, or installed on a system that enables others, and not it? */
bool doctor_unit_is_off(struct doctor *d, const char *unit);

/* The store that declares PATH as one of its raw files or sinks, or NULL. */
const struct conf_store *doctor_store_of(const struct doctor *d, const char *path);

/* Its period, or that of logs (seven days) where no store has it. */
int64_t doctor_period_s(const struct doctor *d, const char *path);

/* Is it one of the logs in which package tools and the boot tell of packages and devices, of nobody?
 * PATH may be a pattern. */
bool doctor_is_impersonal(const char *path);

/* The JSON document PATH of the tree, for the caller to give back; NULL: there is none. */
json_t *doctor_json(struct doctor *d, const char *path);

typedef void doctor_check(struct doctor *d);
doctor_check doctor_journald, doctor_rsyslog, doctor_logrotate, doctor_nginx, doctor_apache,
	doctor_haproxy, doctor_logback, doctor_coturn, doctor_docker, doctor_compose,
	doctor_fail2ban, doctor_redis, doctor_postgres, doctor_cores, doctor_swap,
	doctor_bigbluebutton, doctor_logins, doctor_files;
