/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * journal_payload.h - the payload of a DATA object, unpacked
 *
 * As journald packs them: a whole .xz stream; eight bytes of length and one LZ4 block; one zstd frame that
 * tells its length. What is asked for more than the buffer's maximum is not unpacked. Sources:
 * systemd.io/JOURNAL_FILE_FORMAT, systemd's src/basic/compress.c.
 */
#pragma once
#include "base/buf.h"
#include "base/span.h"

enum journal_payload { PAYLOAD_GOOD, PAYLOAD_TOO_LARGE, PAYLOAD_DAMAGED };

/* Unpacks IN, compressed as enum jf_compression says, into OUT, whose maximum counts. */
enum journal_payload journal_payload_unpack(unsigned compression, struct span in, struct buf *out);
