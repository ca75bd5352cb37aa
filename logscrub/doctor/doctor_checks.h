/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * doctor_checks.h - all checks, in their order
 */
#pragma once
#include "logscrub/doctor/doctor.h"

/* Runs them over D, whose tree, configuration and time are set. */
void doctor_checks_run(struct doctor *d);
void doctor_checks_release(struct doctor *d);
