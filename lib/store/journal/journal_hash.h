/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_hash.h - by which a journal file finds its DATA and FIELD objects
 *
 * SipHash-2-4 under the file's id in files with JF_KEYED_HASH, Bob Jenkins' lookup3 in older ones. Sources:
 * systemd.io/JOURNAL_FILE_FORMAT; burtleburtle.net/bob/c/lookup3.c, hashlittle2().
 */
#pragma once
#include <stdint.h>

#include "base/span.h"

uint64_t journal_hash_keyed(struct span text, const uint8_t file_id[16]);
uint64_t journal_hash_jenkins(struct span text);
