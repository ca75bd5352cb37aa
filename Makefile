# SPDX-License-Identifier: GPL-3.0-or-later
# One make, not recursive: this file has the rules, module.mk in each folder has the lists.

VERSION := 0.1
VARIANT ?= release
BUILD   ?= build
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR ?= $(PREFIX)/lib/systemd
B       := $(BUILD)/$(VARIANT)

CC      ?= gcc
PKGS    := libsystemd libpcre2-8 libconfuse libsodium jansson libarchive libacl
WARN    := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	   -Wformat=2 -Wpointer-arith -Wwrite-strings -Wundef
HARDEN  := -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE \
	   -D_FORTIFY_SOURCE=2 -Wl,-z,relro,-z,now -pie
CFLAGS  ?= -O2 -g
LDFLAGS ?=
BASE_CFLAGS := -std=gnu17 -D_GNU_SOURCE -Ilib -I. -DSPARSAM_VERSION='"$(VERSION)"'

ifeq ($(VARIANT),asan)
CFLAGS  := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
HARDEN  := -fPIE -pie
endif
ifeq ($(VARIANT),cov)
CFLAGS  := -O0 -g --coverage
endif
ifeq ($(VARIANT),fuzz)
CC      := clang
CFLAGS  := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	   -fno-sanitize-recover=all
HARDEN  :=
endif

# pkg-config is asked once a make, and only where something is built
ifneq ($(filter-out help clean deps,$(or $(MAKECMDGOALS),all)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
endif

lib.srcs      :=
logscrub.srcs :=
include $(wildcard lib/*/module.mk logscrub/module.mk)

programs   := logscrub
unit.srcs  := $(wildcard tests/unit/*/test_*.c)
fuzz.srcs  := $(wildcard tests/fuzz/fuzz_*.c)
e2e.srcs   := $(sort $(wildcard tests/e2e/[0-9]*.sh))

objs = $(patsubst %.c,$(B)/obj/%.o,$(1))
main.objs := $(foreach p,$(programs),$(call objs,$(p)/main.c))
# what the programs are made of, without their main(): tests and fuzzers link it as well
inner.objs := $(call objs,$(foreach p,$(programs),$(filter-out $(p)/main.c,$($(p).srcs))))

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help

all: $(programs:%=$(B)/bin/%)      ## build the programs into build/release/bin

$(B)/libsparsam.a: $(call objs,$(lib.srcs))
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/bin/logscrub: $(call objs,$(logscrub.srcs)) $(B)/libsparsam.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HARDEN) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE_CFLAGS) $(WARN) $(CFLAGS) $(HARDEN) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/test/%: $(B)/obj/tests/unit/%.o $(inner.objs) $(B)/libsparsam.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HARDEN) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs check) $(PKG_LIBS)

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
include tests/module.mk

help:                              ## show the targets
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## */  make \1\t/p' Makefile tests/module.mk | expand -t 20

clean:                             ## remove what was built
	rm -rf $(BUILD)
.PHONY: clean
