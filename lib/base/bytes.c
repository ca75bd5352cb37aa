/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/bytes.h"

#define NO_DIGITS_8  16, 16, 16, 16, 16, 16, 16, 16
#define NO_DIGITS_32 NO_DIGITS_8, NO_DIGITS_8, NO_DIGITS_8, NO_DIGITS_8

const uint8_t bytes_hex_digits[256] = { NO_DIGITS_32, NO_DIGITS_8, NO_DIGITS_8, 0, 1, 2, 3, 4, 5, 6,
	7, 8, 9, 16, 16, 16, 16, 16, 16, 16, 10, 11, 12, 13, 14, 15, 16, NO_DIGITS_8, NO_DIGITS_8,
	NO_DIGITS_8, 16, 10, 11, 12, 13, 14, 15, 16, NO_DIGITS_8, NO_DIGITS_8, NO_DIGITS_8,
	NO_DIGITS_32, NO_DIGITS_32, NO_DIGITS_32, NO_DIGITS_32 };
