/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * prom.h - numbers for node_exporter's textfile collector (Prometheus text format 0.0.4)
 *
 * A file takes its name's place by rename, mode 0644: a collector never reads half of one.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"

#define PROM_MAX (1u << 20) /* bytes of one file */

/* The lines before a metric's first value; TYPE is "gauge" or "counter". */
void prom_head(struct buf *b, const char *name, const char *type, const char *help);

/* KEY="VALUE", quoted: names come from the configuration, which may hold anything. */
void prom_label(struct buf *b, const char *key, const char *value);

/* Writes B as DIR/NAME. 1: there is no such folder, nobody collects. Fails with EX_IOERR. */
int prom_write(const char *dir, const char *name, const struct buf *b, struct err *e);
