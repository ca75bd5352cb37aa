/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bbb_api.h - asking BigBlueButton's API for its meetings
 *
 * One GET of URL/getMeetings?checksum=…, the checksum being the hexadecimal digest of "getMeetings"
 * followed by the secret. Over HTTP or HTTPS, without redirects, proxies, cookies or compression;
 * bounded in time (API_TIMEOUT_S) and size (ANSWER_MAX).
 * Source: BigBlueButton, API reference, "API Security Model".
 */
#pragma once
#include "base/conf/conf.h"
#include "logscrub/stats/bbb_answer.h"

#define API_TIMEOUT_S  10
#define API_SECRET_MAX 1024

/* A secret in locked memory, which is wiped. */
struct api_secret {
	char *p;
	size_t len;
};

/* Reads it from where A says: a credential of the unit ($CREDENTIALS_DIRECTORY/NAME), or a file,
 * which nobody but its owner may read or write. Blanks around it are not part of it. Fails with
 * EX_NOPERM, EX_CONFIG (not there, empty, too long). */
int api_secret_open(const struct conf_api *a, struct api_secret *ret, struct err *e);
void api_secret_release(struct api_secret *s);

/* Writes the digest for CALL and its QUERY into RET, at most 129 bytes. */
void api_checksum(enum conf_checksum sum, const char *call, const char *query,
	const struct api_secret *secret, char ret[129]);

/* Fills CENSUS with who is there. Fails as bbb_answer_end() does, and with EX_UNAVAILABLE (nobody
 * answers, or with another status than 200), EX_TEMPFAIL (too late). */
int api_meetings(const struct conf_api *c, const struct api_secret *secret, struct census *census,
	struct census_media *ret, struct err *e);
