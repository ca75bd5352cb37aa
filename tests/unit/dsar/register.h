/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * register.h - a register of its own for a test, empty, gone at its end
 */
#pragma once
#include <sodium.h>

#include "dsar/register/registry.h"
#include "tests/unit/folder.h"

static struct registry *reg;
static struct conf reg_conf;
static struct err e;

static inline void
register_make(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	folder_make();
	reg_conf = (struct conf){ .state_dir = folder, .register_dir = folder };
	ck_assert_int_eq(registry_init(&reg_conf, &reg, &e), 0);
}

static inline void
register_remove(void)
{
	reg = registry_free(reg);
	folder_remove();
}
