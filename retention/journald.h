/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journald.h - whether journald's own limits leave entries for as long as their period is
 *
 * journald deletes whole files when its folder is full, when there are too many of them, or by age. What goes so
 * early breaks no promise of a period, but an incident that begins tomorrow cannot hold it any more. Told is, for the
 * machine's journal and each namespace that is there: a number of files (SystemMaxFiles, each of MaxFileSec at
 * most) and a size (SystemMaxUse, RuntimeMaxUse) that do not last, the size by what has come per day; and that the
 * folder is full while its oldest entry, which was not the first one, is young. Whoever sets MaxRetentionSec below
 * the period wants it so: that is the period then.
 *
 * Source: journald.conf(5); systemd 252, journal-vacuum.c, journal-file.c (a tenth of the file system, 4G at most).
 */
#pragma once

struct session;

/* Calls SAY with each finding, a text for people without personal data; valid until it returns. */
void journald_look(struct session *s, void (*say)(void *ctx, const char *text), void *ctx);
