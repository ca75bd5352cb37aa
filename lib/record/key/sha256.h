/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * sha256.h - SHA-256 of what lies in memory, as sha256sum(1) prints it
 */
#pragma once
#include "base/span.h"

#define SHA256_HEX 65 /* hexadecimal digits, with their NUL */

void sha256_hex(struct span bytes, char ret[SHA256_HEX]);
