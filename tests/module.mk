# SPDX-License-Identifier: GPL-3.0-or-later
unit.bins := $(unit.srcs:tests/unit/%.c=$(B)/test/%)

.PHONY: unit
unit: $(unit.bins)                 ## build and run the unit tests alone
	@tests/run $(unit.bins)
