/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
#include "record/path_mask.h"

/* Can S, without slashes, stand as it is (path_mask.h has the rules)? */
bool path_segment_is_plain(struct span s);
