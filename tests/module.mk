# SPDX-License-Identifier: GPL-3.0-or-later
unit.srcs := $(sort $(wildcard tests/unit/*/test_*.c))
fuzz.srcs := $(sort $(wildcard tests/fuzz/fuzz_*.c))
e2e.srcs  := $(sort $(wildcard tests/e2e/[0-9]*.sh))

unit.bins   := $(unit.srcs:tests/unit/%.c=$(B)/test/%)
replay.bins := $(fuzz.srcs:tests/fuzz/%.c=$(B)/replay/%)
fault.bins  := $(B)/fault/powercut $(B)/fault/killat $(B)/fault/simclock.so
fuzz.bins   := $(fuzz.srcs:tests/fuzz/%.c=$(B)/fuzz/%)

# where the tests find what was built, and how to build the same again
tests.env = SPARSAM_BIN=$(abspath $(B)/bin) BUILD=$(abspath $(BUILD)) VARIANT=$(VARIANT)
FUZZ_S   ?= 15

.PHONY: check unit e2e asan fuzz soak bench cov valgrind lint

check: all $(unit.bins) $(replay.bins) $(fault.bins)  ## build and run every test
	@$(tests.env) tests/run $(unit.bins) $(replay.bins) $(e2e.srcs)

unit: $(unit.bins) $(replay.bins) $(catalogs)  ## build and run the unit tests alone
	@$(tests.env) tests/run $(unit.bins) $(replay.bins)

e2e: all $(fault.bins)             ## build and run the end-to-end stories alone
	@$(tests.env) tests/run $(e2e.srcs)

# Stack protector and libsodium's guarded pages are no matter for ASan; leaks are.
asan:                              ## make check under AddressSanitizer and UBSan
	+@$(MAKE) --no-print-directory VARIANT=asan check

cov:                               ## how much of the code make check reaches
	+@$(MAKE) --no-print-directory VARIANT=cov check
	gcovr --root . --filter lib/ --filter logscrub/ --filter retention/ --filter dsar/ $(BUILD)/cov/obj

# Left out: code that PCRE2's JIT makes; a limit of files' sizes that hits check, too; openat2(2), which Debian 12's
# valgrind does not know. Leaks are ASan's.
valgrind.bins = $(filter-out %/test_sink_file %/test_pattern_need %/test_textlog_pass \
	%/test_doctor_postgres,$(unit.bins))
valgrind: $(unit.bins)             ## the unit tests under valgrind
	@CK_FORK=no TEST_TIMEOUT=1800 TEST_UNDER='valgrind -q --error-exitcode=9' \
		$(tests.env) tests/run $(valgrind.bins)

fuzz:                              ## each fuzz target for FUZZ_S seconds (15), or FUZZ_RUNS inputs
	+@$(MAKE) --no-print-directory VARIANT=fuzz fuzz-run
.PHONY: fuzz-run
fuzz-run: $(fuzz.bins)
	@FUZZ_S=$(FUZZ_S) FUZZ_RUNS=$(FUZZ_RUNS) tests/fuzz/run $(fuzz.bins)

# A month at an hourly timer; the same story has three days of it in `make check`.
soak: all $(fault.bins)            ## a simulated month of retention at an hourly timer, about 15 minutes
	@$(tests.env) DAYS=31 PERIOD_H=168 bash tests/e2e/81-retention-soak.sh

bench: all $(B)/bench/bench_journal  ## speed beside its peers (BENCH_SIZE=256M), cost of the service
	@$(tests.env) tests/bench/run
	@$(tests.env) tests/bench/stores
	@$(tests.env) tests/bench/retention
	@$(tests.env) tests/bench/doctor
	@$(tests.env) tests/bench/answer
	@$(tests.env) tests/bench/mail
	@$(tests.env) tests/bench/service
	@$(tests.env) tests/bench/journal
	@$(tests.env) tests/bench/dsar
	@$(tests.env) tests/bench/orders

lint: | need-lint                  ## clang-tidy, cppcheck, formatting, headers, scripts, man pages
	@CC='$(CC)' tests/lint $(LINT_CHECKS)
lint: export LINT_CFLAGS = -std=gnu17 -D_GNU_SOURCE -Ilib -I. $(DEFINES) $(PKG_CFLAGS)

# tests/unit/PROGRAM/ sees that program's inside; the others see the library alone
.SECONDEXPANSION:
$(B)/test/%: $(B)/obj/tests/unit/%.o $$(call inner,$$(firstword $$(subst /, ,$$*))) $(B)/libsparsam.a
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(CHECK_LIBS) $(LIBS)

# What a fuzz target sees beside the library: logscrub's inside, or that of the program named here.
fuzz.inner.fuzz_mail_check := dsar
fuzz.inner.fuzz_mail_account := dsar
fuzz.inner.fuzz_mail_delimit := dsar
fuzz.inner.fuzz_order := dsar
fuzz.inner.fuzz_openpgp_status := dsar
fuzz.inner = $(call inner,$(or $(fuzz.inner.$(1)),logscrub))

# The same entry point twice: over its corpus as a plain program, and driven by libFuzzer.
$(B)/replay/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(B)/obj/tests/fuzz/chance.o $$(call fuzz.inner,$$*) $(B)/libsparsam.a
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS)

$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/chance.o $$(call fuzz.inner,$$*) $(B)/libsparsam.a
	@mkdir -p $(@D)
	$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/libsparsam.a
	@mkdir -p $(@D)
	$(LINK) -o $@ $^ $(LIBS)

# The disk whose power can be cut stands alone: nothing of ours is in it.
$(B)/fault/powercut: tests/fault/powercut.c $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -std=gnu17 -D_GNU_SOURCE $(WARN) $$(pkg-config --cflags fuse3) -o $@ $< \
		$$(pkg-config --libs fuse3)

$(B)/fault/killat: tests/fault/killat.c $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -std=gnu17 -D_GNU_SOURCE $(WARN) -o $@ $<

$(B)/fault/simclock.so: tests/fault/simclock.c $(B)/flags
	@mkdir -p $(@D)
	$(LINK) -std=gnu17 -D_GNU_SOURCE $(WARN) -shared -fPIC -o $@ $<

# libFuzzer's entry point has no header of its own.
$(B)/obj/tests/fuzz/%.o: private WARN += -Wno-missing-prototypes
