/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * mail_gmime.h - the account of a mail, by GMime: in a child without privileges only (mail_parse.h)
 */
#pragma once
#include "base/buf.h"
#include "base/span.h"

/* Puts the account of MAIL, which FD holds as well, into OUT. False: it is no mail. */
bool mail_gmime(int fd, struct span mail, struct buf *out);
