# SPDX-License-Identifier: GPL-3.0-or-later
# One make, not recursive: this file has the rules, module.mk in each folder has the lists.

VERSION    := 0.1
VARIANT    ?= release
BUILD      ?= build
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
STAGE      ?= test
B          := $(BUILD)/$(VARIANT)

CFLAGS  ?= -O2 -g
WERROR  ?= -Werror
PKGS    := libsystemd libpcre2-8 libconfuse libsodium jansson libarchive libacl \
	   zlib liblzma libzstd liblz4 libcurl nettle expat sqlite3 gpgme gmime-3.0 libseccomp libpq hiredis libidn2 pangocairo yaml-0.1
DEFINES := -DSPARSAM_VERSION='"$(VERSION)"' -DSPARSAM_DATADIR='"$(PREFIX)/share/sparsam"' \
	   -DLOCALEDIR='"$(PREFIX)/share/locale"'
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	   -Wpointer-arith -Wwrite-strings -Wundef $(WERROR)

# What a variant is built with. Each has its own folder below build/, so that they never mix.
HARDEN      := -fstack-protector-strong -fstack-clash-protection -fPIE -D_FORTIFY_SOURCE=2
HARDEN_LINK := -pie -Wl,-z,relro,-z,now
SANITIZE    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
ifeq ($(VARIANT),asan)
CFLAGS      := $(SANITIZE)
HARDEN      := -fPIE
HARDEN_LINK := -pie
else ifeq ($(VARIANT),cov)
CFLAGS      := -O0 -g --coverage
HARDEN      :=
HARDEN_LINK :=
else ifeq ($(VARIANT),fuzz)
CC          := clang
WARN        := # gcc judges
CFLAGS      := $(SANITIZE) -fsanitize=fuzzer-no-link
HARDEN      :=
HARDEN_LINK :=
else
HARDEN      += -ffile-prefix-map=$(CURDIR)=.
endif

# Each is asked once, and only when something is built: the answer may have to be installed first.
once = $(eval $(1) := $$(shell $(2)))$($(1))
PKG_CFLAGS = $(call once,PKG_CFLAGS,pkg-config --cflags $(PKGS))
PKG_LIBS   = $(call once,PKG_LIBS,pkg-config --libs $(PKGS))
CHECK_LIBS = $(call once,CHECK_LIBS,pkg-config --libs check)
CF_GUARD   = $(call once,CF_GUARD,$(CC) -dumpmachine | sed -n 's/^x86_64-.*/-fcf-protection/p')

LIBS    = $(PKG_LIBS) -lbz2 -lhpdf -lunistring # Debian 12 has no .pc of these
COMPILE = $(CC) -std=gnu17 -D_GNU_SOURCE -Ilib -I. $(DEFINES) $(WARN) $(CPPFLAGS) $(CFLAGS) \
	  $(HARDEN) $(CF_GUARD) $(PKG_CFLAGS)
LINK    = $(CC) $(CFLAGS) $(HARDEN_LINK) -Wl,--as-needed $(LDFLAGS)

lib.srcs      :=
logscrub.srcs :=
retention.srcs :=
dsar.srcs     :=
modules       := $(wildcard $(foreach d,lib logscrub retention dsar,$(d)/module.mk $(d)/*/module.mk $(d)/*/*/module.mk))
include $(modules)

programs := logscrub retention dsar
objs      = $(patsubst %.c,$(B)/obj/%.o,$(1))
# what a program is made of, without its main(): its tests and fuzzers link it as well
inner       = $(call objs,$(filter-out $(1)/main.c,$($(1).srcs)))
catalogs   := $(patsubst po/%.po,$(B)/po/%/LC_MESSAGES/sparsam.mo,$(wildcard po/*.po))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo pot install deps help clean FORCE

all: $(programs:%=$(B)/bin/%) $(catalogs)  ## build the programs into build/release/bin

define program
$(B)/bin/$(1): $(call objs,$($(1).srcs)) $(B)/libsparsam.a $(modules)
	@mkdir -p $$(@D)
	$$(LINK) -o $$@ $$(filter-out %.mk,$$^) $$(LIBS)
endef
$(foreach p,$(programs),$(eval $(call program,$(p))))

$(B)/libsparsam.a: $(call objs,$(lib.srcs)) $(modules) | $(BUILD)/conf
	@rm -f $@
	$(AR) rcsD $@ $(filter %.o,$^)

# A program in its build tree reads the configuration beside it, wherever BUILD is.
$(BUILD)/conf:
	@mkdir -p $(@D)
	@ln -sfn $(CURDIR)/conf $@

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# Written anew only when it would say something else: other flags build everything again.
$(B)/flags: export WANTED = $(COMPILE) $(LINK)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo "$$WANTED" | cmp -s - $@ || echo "$$WANTED" >$@

$(B)/po/%/LC_MESSAGES/sparsam.mo: po/%.po | $(B)/flags
	@mkdir -p $(@D)
	msgfmt --check -o $@ $<

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
include tests/module.mk

demo: all                          ## the main job on real input, in a scratch folder
	@SPARSAM_BIN=$(abspath $(B)/bin) tools/demo

deps:                              ## install the packages that are missing (STAGE=lint: for all)
	@tools/deps install $(STAGE)

# These goals look for their packages before anything is built; root gets what is missing.
need.lint := $(filter asan fuzz cov valgrind bench lint,$(MAKECMDGOALS))
need.test := $(filter check demo unit,$(MAKECMDGOALS))
needs     := $(if $(need.lint),need-lint,$(if $(need.test),need-test))
.PHONY: need-test need-lint
need-test need-lint: need-%:
	@tools/deps need $*
$(B)/flags: | $(needs)

pot:                               ## gather the messages for translators and merge them into po/
	xgettext -o po/sparsam.pot --from-code=UTF-8 --no-location --sort-output -c \
		--package-name=sparsam --package-version=$(VERSION) -k_ -kN_ -kngettext:1,2 \
		-kerr_fail:4 -kerr_fail:5 -kconf_fail:3 -kconf_fail:4 \
		$(sort $(wildcard lib/*/*.[ch] lib/*/*/*.[ch] $(programs:%=%/*.[ch]) $(programs:%=%/*/*.[ch])))
	sed -i '/^"POT-Creation-Date:/d' po/sparsam.pot
	for po in po/*.po; do msgmerge -q -U --backup=none --no-location --sort-output $$po po/sparsam.pot; done

# The units name /usr/bin, so that they can be checked as they stand; here they get the real place.
share      := $(DESTDIR)$(PREFIX)/share
units      := $(filter %.service %.socket %.timer %.path %.target %.slice,$(wildcard systemd/*))
unit.homes := $(units:systemd/%=$(DESTDIR)$(PREFIX)/lib/systemd/system/%)
put         = $(if $(2),install -D -m 644 -t $(1) $(2))
install: all                       ## into $(DESTDIR)$(PREFIX), and the configuration if there is none
	install -D -t $(DESTDIR)$(PREFIX)/bin $(programs:%=$(B)/bin/%)
	$(call put,$(share)/sparsam/formats.d,$(wildcard conf/formats.d/*.conf))
	$(call put,$(share)/sparsam/stores.d,$(wildcard conf/stores.d/*.conf))
	$(call put,$(share)/sparsam/raw-off,$(wildcard conf/raw-off/*))
	$(call put,$(share)/sparsam/mail,$(wildcard conf/mail/*))
	$(call put,$(share)/sparsam/templates/de,$(wildcard conf/templates/de/*.txt))
	$(call put,$(share)/sparsam/templates/en,$(wildcard conf/templates/en/*.txt))
	$(call put,$(share)/doc/sparsam,README.md ARCHITECTURE.md CHANGELOG.md)
	$(call put,$(share)/bash-completion/completions,$(programs:%=completion/%))
	$(call put,$(share)/zsh/vendor-completions,$(programs:%=completion/_%))
	$(call put,$(share)/man/man5,$(wildcard man/*.5))
	$(call put,$(share)/man/man7,$(wildcard man/*.7))
	$(call put,$(share)/man/man8,$(wildcard man/*.8))
	for l in $(notdir $(basename $(wildcard po/*.po))); do install -D -m 644 -t \
		$(share)/locale/$$l/LC_MESSAGES $(B)/po/$$l/LC_MESSAGES/sparsam.mo || exit; done
	$(call put,$(DESTDIR)$(PREFIX)/lib/sysusers.d,$(wildcard systemd/sysusers.d/*.conf))
	$(call put,$(DESTDIR)$(PREFIX)/lib/tmpfiles.d,$(wildcard systemd/tmpfiles.d/*.conf))
	$(call put,$(DESTDIR)$(PREFIX)/lib/systemd/system,$(units))
	$(call put,$(DESTDIR)$(PREFIX)/lib/systemd/journald@sparsam.conf.d,$(wildcard systemd/journald@*/*.conf))
	$(call put,$(share)/doc/sparsam/logscrub.service.d,$(wildcard systemd/logscrub.service.d/*.conf))
	$(call put,$(share)/doc/sparsam/retention.service.d,$(wildcard systemd/retention.service.d/*.conf))
	$(call put,$(share)/doc/sparsam/sudoers.d,$(wildcard conf/sudoers.d/*))
	sed -i 's|/usr/bin/|$(PREFIX)/bin/|g' $(share)/doc/sparsam/sudoers.d/* $(share)/sparsam/mail/*
	$(if $(units),sed -i 's|/usr/bin/|$(PREFIX)/bin/|g' $(unit.homes))
	install -d $(addprefix $(DESTDIR)$(SYSCONFDIR)/sparsam/,formats.d stores.d)
	test -e $(DESTDIR)$(SYSCONFDIR)/sparsam/sparsam.conf || \
		install -m 644 -t $(DESTDIR)$(SYSCONFDIR)/sparsam conf/sparsam.conf

help:                              ## show the targets
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## */  make \1\t/p' Makefile tests/module.mk | expand -t 20

clean:                             ## remove what was built
	rm -rf $(BUILD)
