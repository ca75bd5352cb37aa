/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * registry-private.h - what the files of the register share
 */
#pragma once
#include "dsar/registry.h"

struct registry {
	char *dir, *path;
	sqlite3 *db;
	struct ledger *ledger;
};
