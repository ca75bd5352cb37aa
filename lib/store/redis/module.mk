# SPDX-License-Identifier: GPL-3.0-or-later
# Redis
lib.srcs += lib/store/redis/redis.c lib/store/redis/redis_key.c lib/store/redis/redis_link.c
