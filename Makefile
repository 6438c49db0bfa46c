# The front door: every way to build, test and run mailproof. `make help` lists them.
# Meson does the work in build/*; nothing outside build/ is written but by install and format.
PREFIX  ?= /usr/local
DESTDIR ?=

.PHONY: all check demo bench bench-sink fuzz tsan tidy format web install clean help

all: ## build the library and the command into build/release
	@tools/install-packages.sh build
	@tools/build.sh build/release --buildtype=debugoptimized -Dwerror=false

check: ## build (also with ASan and UBSan) and run every test; the last line counts them
	@tools/check.sh

demo: ## build and show the main jobs on real input, all on this machine; the dashboard until Ctrl-C
	@tools/install-packages.sh build
	@tools/build.sh build/release --buildtype=debugoptimized -Dwerror=false
	@tools/demo.sh build/release

bench: ## compare with the ideal and with libopendkim, in the same run
	@tools/bench.sh

bench-sink: ## messages a second of the capture server, beside smtp-sink and smtp-server
	@tools/bench-sink.sh

fuzz: ## run every fuzz target for FUZZ_SECONDS (60); TARGETS="spf dkim" for some
	@tools/fuzz.sh $(TARGETS)

tsan: ## run the tests of threaded code with ThreadSanitizer
	@tools/tsan.sh

tidy: ## clang-tidy over our sources
	@tools/tidy.sh

format: ## clang-format, in place
	@tools/check-format.sh --fix

web: ## build the web pages again (web/, needs npm) into src/capture/page and src/webapi/page
	@tools/web.sh

install: ## install below PREFIX (/usr/local), inside DESTDIR for packagers
	@tools/install-packages.sh build
	@tools/build.sh build/install --buildtype=release -Db_lto=true -Dtests=false --prefix=$(PREFIX) \
	    -Dc_args=-ffat-lto-objects
	@DESTDIR=$(DESTDIR) meson install -C build/install --no-rebuild

clean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 18
