/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * conf_value.h - the forms of values: libconfuse's callbacks for parsing
 *
 * Values are checked where they stand, because only then does libconfuse know their line. Each of
 * these refuses an option that was given before, and puts into libconfuse's tree what the value
 * stands for: a text, a number, or a word's place in its enum of conf.h.
 */
#pragma once
#include <confuse.h>

#include "base/conf/conf-private.h"

typedef int conf_value(cfg_t *section, cfg_opt_t *option, const char *value, void *result);

conf_value conf_value_line; /* the section's own line; no value of a file */
conf_value conf_value_text;
conf_value conf_value_name; /* struct conf_name */
conf_value conf_value_flag;
conf_value conf_value_number; /* whole, up to nine digits */
conf_value conf_value_period; /* "7d" */
conf_value conf_value_period_or_none;
conf_value conf_value_date; /* "2026-12-31" */
conf_value conf_value_as;   /* 'gl-{}' */
conf_value conf_value_match;
conf_value conf_value_format_type;
conf_value conf_value_escape;
conf_value conf_value_dialect;
conf_value conf_value_sink_type;
conf_value conf_value_source_type;
conf_value conf_value_render;
conf_value conf_value_clock;
conf_value conf_value_checksum;
conf_value conf_value_land;        /* "HE" */
conf_value conf_value_fingerprint; /* 40 hexadecimal digits */
conf_value conf_value_node;        /* a machine's name: lower case, digits, ".", "-"; at most 64 */
conf_value conf_value_store_type;
conf_value conf_value_category;
conf_value conf_value_network; /* ADDRESS or ADDRESS/BITS */
conf_value conf_value_prefix;  /* a /48 below fd00::/8 */
conf_value conf_value_mail;    /* NAME@HOST or NAME, for a header and sendmail */
conf_value conf_value_path;    /* absolute */
conf_value conf_value_socket;  /* unix:, udp:, tcp:, systemd: */
conf_value conf_value_url;     /* http: or https:, no user, no query */
