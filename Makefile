# The front door. CMake (CMakePresets.json) does the work; "make help" lists what there is.
PREFIX ?= /usr/local
JOBS   ?= $(shell nproc)
PARE    = build/release/pare

# ccache, where there is one, makes the second build of a preset cheap.
CONFIGURE = $(if $(shell command -v ccache),-DCMAKE_C_COMPILER_LAUNCHER=ccache)

.PHONY: build debug asan tsan coverage fuzz demo test peers long matrix check bench install docs readme-table clean help

# Configure once, build what changed, say nothing when nothing did.
define build_preset
	@test -f build/$(1)/CMakeCache.txt || cmake --preset $(1) $(CONFIGURE) > build-$(1).log 2>&1 || \
	    { cat build-$(1).log; rm -rf build-$(1).log build/$(1)/CMakeCache.txt; exit 1; }
	@rm -f build-$(1).log
	@env -u MAKEFLAGS -u MAKELEVEL cmake --build --preset $(1) -j $(JOBS) $(if $(2),--target $(2))
endef

build:     ## build/release/pare and libpare
	$(call build_preset,release,pare_program pare)

debug:     ## the same, and the tests, for a debugger
	$(call build_preset,debug)

demo: build ## the main job on the model that ships; report in out/demo
	@sh tools/demo $(PARE) models/austen-3.7m out/demo

test:      ## short and medium tier; the last line has the numbers
	@JOBS=$(JOBS) sh tools/tests short medium

peers:     ## environments with the foreign runtimes that `make long` asks, in build/peers (Python, pip)
	@tools/peers

long:      ## real models and foreign runtimes (after "make peers"; PARE_SHARED)
	@JOBS=$(JOBS) sh tools/tests long

matrix:    ## docs/parity-matrix.md, from the runtimes at hand (PARE_*_PYTHON, PARE_*_PATH)
	$(call build_preset,release,pare_program runner_logits pare_runner)
	@sh tests/peers/parity_matrix.sh build/release/pare > build/matrix.md && mv build/matrix.md docs/parity-matrix.md

check:     ## the rules of CONTRIBUTING.md, as far as a program sees them
	@perl tools/check

bench:     ## speed, on this machine
	$(call build_preset,release)
	@for b in build/release/bench/bench_*; do [ -x "$$b" ] && "$$b" || true; done

asan:      ## all tests with address and undefined-behaviour sanitizers
	@JOBS=$(JOBS) sh tools/tests asan

tsan:      ## the threaded tests with the thread sanitizer
	@JOBS=$(JOBS) sh tools/tests tsan

coverage:  ## which lines the tests reach
	@JOBS=$(JOBS) sh tools/tests coverage

fuzz:      ## libFuzzer programs, in build/fuzz/tests/fuzz (needs Clang)
	$(call build_preset,fuzz,fuzzers)

install:   ## program, library, headers, man page, completion: PREFIX=, DESTDIR=
	$(call build_preset,release,pare_program pare pare_static)
	@DESTDIR="$(DESTDIR)" cmake --install build/release --prefix "$(PREFIX)" > /dev/null

docs: build ## docs/pare.1, from the tables of options
	@$(PARE) help --man > docs/pare.1

readme-table: ## the table of variants in README.md, from out/demo/report.json ("make demo" first)
	$(call build_preset,release,readme_table)
	@build/release/tools/readme_table out/demo/report.json README.md

clean:     ## everything that was built
	@rm -rf build out

help:
	@sed -n 's/^\([a-z-]*\):.*## /    make \1|/p' Makefile | \
	    awk -F'|' '{ printf "%-26s %s\n", $$1, $$2 }'
