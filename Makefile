# What a person or a machine runs; `make help` lists it.
#
# The two that do everything on a fresh machine with a Swift toolchain: `make demo`, `make test`.

PREFIX ?= /usr/local
DESTDIR ?=
SWIFT ?= swift
# Package.swift finds the fixtures by looking for them, which a cached manifest would not do again.
fresh := --manifest-cache none

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

binary := .build/release/supervise
# What `supervise report` executes, so that the start of commands does not pay for it.
reporter := .build/release/supervise-report
# For programs that give the network up by themselves.
header := Sources/CSupervise/include/supervise.h

# What `supervise selftest` runs: C programs, built by the toolchain's own compiler. Position-independent,
# else the heap may begin where the probe wants its own memory.
helpers := .build/release/probe .build/release/holding
ifeq ($(origin CC),default)
CC := clang
endif

# Debian packages, each for a reason. Missing ones are installed by `make deps`.
DEPS := git               # fetches the Swift packages; tests clone with it
DEPS += libc6-dev         # headers and the static C library
DEPS += libunwind-dev     # the stacks of traced threads (--backtrace)
DEPS += libdw-dev         # source lines on those stacks, where there is debugging information
DEPS += liblzma-dev zlib1g-dev libbz2-dev # libunwind and libdw need them to be linked statically
DEPS += binutils          # strip, for the installed binary
DEPS += procps            # ps and pgrep: tests look for processes that should be gone
DEPS += util-linux        # setpriv, setsid, unshare: tests run as another user and without a terminal
DEPS += curl              # demo and tests: a network program that everybody knows
DEPS += python3           # demo and tests: the local server, and socket calls in one line
DEPS += jq                # tests: what the documents ask of a log
DEPS += openssh-client    # tests: an agent that hides its memory
DEPS += gpg gpg-agent     # tests: another one

# What tests can do without: they say what they skip where it cannot be installed.
TEST_DEPS := chromium-headless-shell # pages of supervise report, in a real browser (100 MB)

# What `make bench` measures with and against; what cannot be installed is left out, and named.
BENCH_DEPS := hyperfine gcc libc6-dev              # whole commands, floors in C
BENCH_DEPS += python3 python3-matplotlib           # its chart
BENCH_DEPS += strace bubblewrap firejail proot     # peers
BENCH_DEPS += gdb                                  # counts allocations
BENCH_DEPS += redis-server redis-tools nginx-light wrk # servers and who loads them

# What boots an older kernel in an emulated machine; see Tools/test-kernels.sh.
KERNEL_DEPS := qemu-system-x86   # the machine
KERNEL_DEPS += busybox-static    # its shell and tools
KERNEL_DEPS += cpio              # packs its files
KERNEL_DEPS += gcc libc6-dev     # static builds of the fixtures
KERNEL_DEPS += binutils          # strip

# -static-executable: measured, a fully static program starts 0.8 ms sooner than one with only the
# Swift library linked in, since nothing is left to the dynamic loader; and it runs on any Linux.
# The linker warns of getpwnam_r, getgrnam_r, getpwuid_r, getgrgid_r, dlopen and mktemp: Foundation,
# which the argument parser brings along, mentions them. supervise calls none of them (names of
# users would need the C library's plug-ins at run time), so the warnings are only that.
#
# The last option: measured, it starts 0.3 to 0.7 ms sooner. Without it the runtime finds generic types by
# their mangled names, and for each set and dictionary looks through all conformances of the program.
release := -c release -Xswiftc -static-executable --static-swift-stdlib
release += -Xswiftc -Xfrontend -Xswiftc -disable-concrete-type-metadata-mangled-name-accessors
# Two accesses to one variable at once, which the compiler forbids where it can see them, are looked for at run time
# in the debug build, by all tests. Here the looking takes 2 percent of a judged call, and what it finds ends the tracer.
release += -Xswiftc -enforce-exclusivity=unchecked
# What a judged call executes stands side by side, not on a page each: `make order` says in which order. Measured, that
# takes 7 percent off a program's first judged call and 3 off each, and a start has 50 page faults less. Only gold sorts
# by a list.
order := Tools/order/functions.txt
release += -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections
ifneq ($(shell command -v ld.gold),)
release += -Xswiftc -use-ld=gold -Xlinker --section-ordering-file=$(CURDIR)/$(order)
endif

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1	\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: deps
deps: ## Install the Debian packages that are missing
	@Tools/install-packages.sh $(DEPS)

.PHONY: build
build: deps ## Build the release binary, .build/release/supervise
	$(SWIFT) build $(fresh) $(release) --product supervise
	$(SWIFT) build $(fresh) $(release) --product supervise-report
	$(MAKE) --no-print-directory $(helpers)
	$(binary) -- true

$(helpers): .build/release/%: $(wildcard Fixtures/probe/*.[ch] Fixtures/holding/*.c)
	$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -fPIE -pie -pthread -o $@ Fixtures/$*/*.c

.PHONY: selftest
selftest: build ## Check the decision tables against this kernel
	$(binary) selftest --way all

.PHONY: demo
demo: deps build ## Run real commands under supervise and show what happens
	@Tools/demo.sh $(binary)

.PHONY: test
test: deps ## Build and run all tests
	@Tools/install-packages.sh $(TEST_DEPS) || true
	$(SWIFT) build $(fresh) --build-tests
	Tools/run-tests.sh $(SWIFT) $(fresh)

# Not being able to install them is no failure: the script says then what is missing, and skips.
.PHONY: test-kernels
test-kernels: build ## Run tables and attacks on Debian's own kernel, emulated
	@Tools/install-packages.sh $(KERNEL_DEPS) || true
	@Tools/test-kernels.sh $(binary)

.PHONY: test-kernels-short
test-kernels-short: build ## Run the tables there as root, without the attacks
	@Tools/install-packages.sh $(KERNEL_DEPS) || true
	@Tools/test-kernels.sh $(binary) --short

TRIES ?= 25000

.PHONY: attacks
attacks: deps ## Race against the check, TRIES times each call in each of four ways: make attacks TRIES=250000
	$(SWIFT) build --build-tests
	Tools/attacks.sh .build/debug $(TRIES)

.PHONY: mutants
mutants: deps ## Show that wrong versions of the code are found; takes half an hour, or more where it is shared
	Tools/mutants.sh

PAIRS ?= 1000000

.PHONY: agreement
agreement: deps ## Compare filter and evaluator on PAIRS of a random policy and call: make agreement SUPERVISE_SEED=7
	$(SWIFT) build $(fresh) --build-tests
	SUPERVISE_PAIRS=$(PAIRS) $(SWIFT) test $(fresh) --skip-build --disable-xctest --filter AgreementTests

# Bash has a SECONDS of its own, in the environment or not: only the command line's counts.
FUZZ_SECONDS := $(if $(filter command,$(origin SECONDS)),$(SECONDS),60)

.PHONY: fuzz
fuzz: ## Fuzz the decoders, SECONDS for each: make fuzz SECONDS=900
	Tools/fuzz.sh $(FUZZ_SECONDS)

.PHONY: fuzz-calls
fuzz-calls: deps ## Make random calls under random policies: make fuzz-calls SECONDS=600
	$(SWIFT) build $(fresh) --build-tests
	SUPERVISE_SECONDS=$(FUZZ_SECONDS) $(SWIFT) test $(fresh) --skip-build --disable-xctest --filter CallFuzzTests

.PHONY: chaos
chaos: deps ## Kill, stop and continue at random while calls are made: make chaos SECONDS=600
	$(SWIFT) build $(fresh) --build-tests
	SUPERVISE_SECONDS=$(FUZZ_SECONDS) $(SWIFT) test $(fresh) --skip-build --disable-xctest --filter ChaosTests

.PHONY: sanitize
sanitize: deps ## Run the unit tests under the address and the thread sanitizer
	Tools/sanitize.sh

.PHONY: coverage
coverage: deps ## Print the share of lines that the tests run, and fail where it is too small
	Tools/coverage.sh

.PHONY: lint
lint: deps ## Check the format, the direction of imports and the list of mutants
	$(SWIFT) format lint --strict -r Package.swift Sources Tests
	Tools/check-imports.sh
	python3 -B Tools/mutants.py --check
	$(SWIFT) build $(fresh) --explicit-target-dependency-import-check error

.PHONY: format
format: ## Format the sources
	$(SWIFT) format -i -r Package.swift Sources Tests

.PHONY: bench
bench: deps build ## Measure against native, bare filters and strace; writes Bench/results.md
	@Tools/install-packages.sh $(BENCH_DEPS) || true
	Bench/run.sh $(binary)

.PHONY: order
order: deps build ## Find out in which order functions are to stand in the release binary; takes three minutes
	$(CC) -O2 -D_GNU_SOURCE -o .build/loop Bench/floors/loop.c
	python3 -B Tools/order/order.py $(binary) .build/loop $(order)
	# A new list alone is no reason to link again.
	rm $(binary)
	$(MAKE) --no-print-directory build

.PHONY: install
install: build ## Install the binary, what report and selftest need and the header for programs below $(DESTDIR)$(PREFIX)
	install -d -m 755 $(DESTDIR)$(PREFIX)/bin
	install -s -m 755 $(binary) $(DESTDIR)$(PREFIX)/bin/supervise
	install -d -m 755 $(DESTDIR)$(PREFIX)/libexec/supervise $(DESTDIR)$(PREFIX)/share/supervise/semantics
	install -s -m 755 $(helpers) $(reporter) $(DESTDIR)$(PREFIX)/libexec/supervise
	install -m 644 Fixtures/semantics/*.toml $(DESTDIR)$(PREFIX)/share/supervise/semantics
	install -d -m 755 $(DESTDIR)$(PREFIX)/include
	install -m 644 $(header) $(DESTDIR)$(PREFIX)/include/supervise.h

.PHONY: uninstall
uninstall: ## Remove what install installed
	rm -f $(DESTDIR)$(PREFIX)/bin/supervise $(DESTDIR)$(PREFIX)/include/supervise.h
	rm -rf $(DESTDIR)$(PREFIX)/libexec/supervise $(DESTDIR)$(PREFIX)/share/supervise

.PHONY: clean
clean: ## Remove what was built
	rm -rf .build .build-address .build-thread .build-coverage Bench/out
