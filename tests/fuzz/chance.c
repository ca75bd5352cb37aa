/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * chance.c - keys and seeds that are the same in each run
 *
 * A fuzz target's pseudonyms are part of what it looks at: under a key drawn by chance an input that
 * failed yesterday may pass today.
 */
#include <sodium.h>

static uint64_t state = 0x9e3779b97f4a7c15;

static const char *
name(void)
{
	return "the same in each run";
}

/* splitmix64 (Steele, Lea, Flood 2014) */
static uint32_t
next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (uint32_t)(z >> 32);
}

static void
fill(void *ret, const size_t len)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)ret)[i] = (uint8_t)next();
}

/* Before anything has asked for a byte. */
__attribute__((constructor)) static void
chance_fix(void)
{
	static struct randombytes_implementation fixed = {
		.implementation_name = name, .random = next, .buf = fill
	};

	if (randombytes_set_implementation(&fixed) != 0)
		__builtin_trap();
}
