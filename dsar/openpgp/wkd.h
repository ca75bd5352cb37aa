/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * wkd.h - the OpenPGP keys that a mail domain itself publishes for an address
 *
 * Web Key Directory (draft-koch-openpgp-webkey-service, section 3.1): https://openpgpkey.DOMAIN/…, and where that name
 * does not exist, https://DOMAIN/…. The path has the SHA-1 of the local part in lower case, in z-base-32. That a
 * key lies there shows who had the domain's web server at that hour, and no more: it is a candidate. The
 * domain learns that somebody looks for this address, so nothing is fetched but when a person says so; and it is
 * not gpg(1) that fetches, whose arguments anybody on the machine can read.
 *
 * https alone, no redirects, at most WKD_MAX bytes, WKD_S seconds. A proxy is taken from the environment
 * (https_proxy), as by curl(1).
 */
#pragma once
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

#define WKD_MAX     (1u << 20)
#define WKD_S       20
#define WKD_URL_MAX 2048

/* The URL of ADDRESS, by the ADVANCED method or the direct one. False: no domain of the DNS stands in it, or it is too
 * long. */
bool wkd_url(struct span address, bool advanced, char ret[WKD_URL_MAX]);

/* Appends what is published for ADDRESS. CA: a file with the certificates that servers are held against, NULL: the
 * system's. 1: nothing is. EX_DATAERR: no such address can be looked up; EX_UNAVAILABLE: the server does not answer as
 * it should. Neither says which one. */
int wkd_fetch(struct span address, const char *ca, struct buf *out, struct err *e);
