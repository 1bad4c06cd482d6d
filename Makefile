# SPDX-License-Identifier: MIT
#
# make            builds build/liblastwords.so and build/lastwords
# make demo       installs what is missing, builds, runs the pandas ETL in a small cgroup, shows the post-mortem
# make check      installs what is missing, builds, runs all tests
# make check-unit, check-house, check-scenario, check-guest, check-programs, check-doors    parts of it, without installing
# make bench      what the preload costs, against programs alone (PAIRS=15)
# make deps       installs what is missing (Debian, Ubuntu; needs root or sudo); deps-build: without what only tests need
# make install    PREFIX=/usr/local

VERSION := 0.1.0
PREFIX ?= /usr/local
BUILD := build
CC ?= gcc
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
# allocator=jemalloc: the distribution's, for position-independent code. Where it is missing, or with JEMALLOC= on the
# command line, the library is built without and says so when it is asked for it.
JEMALLOC ?= $(wildcard $(shell $(CC) -print-file-name=libjemalloc_pic.a))
WERROR ?= $(if $(CI),-Werror,)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter $(WERROR)
COMMON := -std=gnu17 -O2 -g -D_GNU_SOURCE -DLASTWORDS_VERSION='"$(VERSION)"' $(if $(JEMALLOC),-DLASTWORDS_JEMALLOC) \
          $(WARN) -MMD -MP
SHIM_CFLAGS := $(COMMON) -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-omit-frame-pointer \
               -fno-exceptions -fasynchronous-unwind-tables -Ishim -I.
REPORT_CFLAGS := $(COMMON) -fstack-protector-strong -Ireport -I. -I$(BUILD)/web -I$(BUILD)/generated
REPORT_LIBS := -ljansson -ldw -lelf -lprotobuf-c -lz -lncursesw -ltinfo -lstdc++ -lm
TEST_CFLAGS := $(COMMON) -Wno-missing-prototypes -I. -Itests/support

SHIM_SRC := $(sort $(wildcard shim/*/*.c))
REPORT_SRC := $(sort $(wildcard report/*.c report/*/*.c))
SHIM_OBJ := $(SHIM_SRC:%.c=$(BUILD)/%.o) $(if $(JEMALLOC),$(BUILD)/jemalloc/jemalloc.o)
REPORT_OBJ := $(REPORT_SRC:%.c=$(BUILD)/%.o) $(BUILD)/web/assets.o $(BUILD)/generated/pprof.pb-c.o
# the page of report --html: d3 of the distribution and these, in this order
D3 ?= /usr/share/nodejs/d3/dist/d3.min.js
WEB_SRC := $(addprefix report/voices/web/,data.js dom.js timeline.js flame.js table.js sections.js page.js)
# the compiler of protobuf-c: a program of its own, in later releases a plug-in of protoc
PROTOC_C ?= $(if $(shell command -v protoc-c),protoc-c,protoc)
# unit tests: tests/unit/shim_X.c sees the shim below the doors, tests/unit/report_X.c the command without main
UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/unit/%)
PROGRAM_SRC := $(sort $(wildcard tests/scenario/programs/*.c))
PROGRAM_BIN := $(PROGRAM_SRC:tests/scenario/programs/%.c=$(BUILD)/tests/programs/%)
# tests/doors/programs: one misbehaviour, one tiny program; those named plugin_* are shared objects
DOOR_SRC := $(sort $(wildcard tests/doors/programs/*.c))
DOOR_BIN := $(foreach source,$(DOOR_SRC),$(BUILD)/tests/doors/$(patsubst %.c,%$(if $(filter plugin_%,$(notdir $(source))),.so),$(notdir $(source)))) $(BUILD)/tests/doors/carrier_jemalloc
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
SUPPORT_OBJ := $(SUPPORT_SRC:%.c=$(BUILD)/%.o)

# the manual and the completions: text of report/manual with what --help and the table of options say
MANUAL := $(patsubst report/manual/%.scd,$(BUILD)/manual/%.1,$(filter-out %-options.scd,$(sort $(wildcard report/manual/*.scd)))) \
          $(BUILD)/manual/lastwords-options.7
COMPLETIONS := $(addprefix $(BUILD)/completions/,bash zsh fish)

all: $(BUILD)/liblastwords.so $(BUILD)/lastwords $(MANUAL) $(COMPLETIONS)

$(BUILD)/liblastwords.so: $(SHIM_OBJ) shim/shim.map
	$(CC) -shared -o $@ $(SHIM_OBJ) -Wl,--version-script=shim/shim.map -Wl,-z,now -Wl,-z,relro -Wl,-z,defs \
	    -Wl,-soname,liblastwords.so -ldl -lpthread

$(BUILD)/lastwords: $(REPORT_OBJ)
	$(CC) -o $@ $(REPORT_OBJ) $(REPORT_LIBS)

$(D3):
	@echo "$@ is missing: make deps installs it (package node-d3)" >&2; false

# Comments and indentation stay out of the page. The hashes are what its policy lets run; basenc is in coreutils.
$(BUILD)/web/report.js: report/voices/web/licence.js $(D3) $(WEB_SRC)
	@mkdir -p $(@D)
	{ cat report/voices/web/licence.js $(D3); echo ";(() => {"; echo "\"use strict\";"; sed -e 's|^ *||' -e '/^\/\//d' -e '/^$$/d' $(WEB_SRC); echo "})();"; } >$@

$(BUILD)/web/report.css: report/voices/web/report.css
	@mkdir -p $(@D)
	sed -e 's|^ *||' -e '/^\/\*.*\*\/$$/d' -e '/^$$/d' $< >$@

$(BUILD)/web/web_hashes.h: $(BUILD)/web/report.js $(BUILD)/web/report.css
	@hash() { sha256sum "$$1" | cut -c 1-64 | tr a-f A-F | basenc --base16 -d | base64; }; \
	    printf '#define WEB_SCRIPT_HASH "sha256-%s"\n#define WEB_STYLE_HASH  "sha256-%s"\n' \
	        "$$(hash $(BUILD)/web/report.js)" "$$(hash $(BUILD)/web/report.css)" >$@

$(BUILD)/web/assets.o: report/voices/web/assets.S $(BUILD)/web/report.js $(BUILD)/web/report.css
	$(CC) -c -I$(BUILD)/web -o $@ $<

$(BUILD)/report/voices/write_html.o: $(BUILD)/web/web_hashes.h

$(BUILD)/list_options: shim/list_options.c $(BUILD)/shim/ground/options.o $(BUILD)/shim/ground/text.o
	$(CC) $(COMMON) -Ishim -I. -o $@ $^

$(BUILD)/manual/lastwords.part: $(BUILD)/lastwords
	@mkdir -p $(@D)
	$< --help | sed -nE 's/^  ([a-z]+) +(.+)$$/*\1*\n\t\2\n/p' >$@

$(BUILD)/manual/lastwords-options.part: $(BUILD)/list_options report/manual/table.awk
	@mkdir -p $(@D)
	$< | awk -f report/manual/table.awk >$@

$(BUILD)/manual/lastwords-%.part: $(BUILD)/lastwords report/manual/options.awk report/manual/section.awk
	@mkdir -p $(@D)
	$< $* --help 2>/dev/null | awk -f report/manual/options.awk | awk -f report/manual/section.awk >$@

# only when it is whole: a page that scdoc refuses leaves no file behind
page = sed -e 's/@VERSION@/$(VERSION)/' -e '/^@[A-Z]*@$$/{' -e 'r $(BUILD)/manual/$*.part' -e 'd' -e '}' $< | scdoc >$@.new && mv $@.new $@

$(BUILD)/manual/%.1: report/manual/%.scd $(BUILD)/manual/%.part
	$(page)

$(BUILD)/manual/%.7: report/manual/%.scd $(BUILD)/manual/%.part
	$(page)

$(BUILD)/completions/%: report/manual/completions.sh report/manual/options.awk $(BUILD)/lastwords
	@mkdir -p $(@D)
	sh $< $* $(BUILD)/lastwords >$@.new && mv $@.new $@

.SECONDARY:

# What was built before libjemalloc-dev was installed, or without it, does not link with it.
$(BUILD)/jemalloc.where: FORCE
	@mkdir -p $(@D)
	@echo '$(JEMALLOC)' | cmp -s - $@ || echo '$(JEMALLOC)' >$@
$(BUILD)/shim/ground/allocator.o $(BUILD)/report/commands/doctor_checks.o: $(BUILD)/jemalloc.where

$(BUILD)/shim/%.o: shim/%.c
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -c -o $@ $<

# One object without the C++ operators, with names of ours, and without the constructor: it begins with its first call.
$(BUILD)/jemalloc/jemalloc.o: shim/ground/jemalloc.syms $(JEMALLOC)
	rm -rf $(@D)/parts && mkdir -p $(@D)/parts
	cd $(@D)/parts && $(AR) x $(abspath $(JEMALLOC)) && rm -f *_cpp*.o
	$(CC) -r -nostdlib -o $(@D)/whole.o $(@D)/parts/*.o
	awk '/^[^#]/ {print $$2}' $< >$(@D)/kept
	$(OBJCOPY) --redefine-syms=$< $(@D)/whole.o
	$(OBJCOPY) --keep-global-symbols=$(@D)/kept --remove-section=.init_array --remove-section=.rela.init_array $(@D)/whole.o $@
	rm -rf $(@D)/parts $(@D)/whole.o

$(BUILD)/generated/%.pb-c.c: report/voices/%.proto
	@mkdir -p $(@D)
	$(PROTOC_C) --proto_path=$(<D) --c_out=$(@D) $<

$(BUILD)/generated/%.o: $(BUILD)/generated/%.c
	$(CC) -std=gnu17 -O2 -g -I$(@D) -c -o $@ $<

$(BUILD)/report/voices/write_pprof.o: $(BUILD)/generated/pprof.pb-c.c

$(BUILD)/report/%.o: report/%.c
	@mkdir -p $(@D)
	$(CC) $(REPORT_CFLAGS) -c -o $@ $<

$(BUILD)/tests/support/%.o: tests/support/%.c
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -Ireport -c -o $@ $<

$(BUILD)/tests/unit/shim_%: tests/unit/shim_%.c $(filter-out $(BUILD)/shim/doors/%,$(SHIM_OBJ))
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -Ishim -o $@ $< $(filter-out $(BUILD)/shim/doors/%,$(SHIM_OBJ)) -lcmocka -ldl -lpthread -lm

$(BUILD)/tests/unit/report_%: tests/unit/report_%.c $(filter-out $(BUILD)/report/main.o,$(REPORT_OBJ)) $(SUPPORT_OBJ)
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -Ireport -o $@ $< $(filter-out $(BUILD)/report/main.o,$(REPORT_OBJ)) $(SUPPORT_OBJ) \
	    -lcmocka $(REPORT_LIBS)

$(BUILD)/tests/programs/%: tests/scenario/programs/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -fno-omit-frame-pointer -fno-optimize-sibling-calls -rdynamic -o $@ $< -lpthread -ldl

# writes synthetic journals for the tests of the page
$(BUILD)/tests/html/compose: tests/html/compose.c $(filter $(BUILD)/tests/support/make_%,$(SUPPORT_OBJ))
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -o $@ $^

# the stack walk of the shim for the interpreters under test: a shared object of what is below the doors
$(BUILD)/tests/python/witness.so: tests/python/witness.c $(filter-out $(BUILD)/shim/doors/%,$(SHIM_OBJ))
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -fPIC -Ishim -shared -o $@ $< $(filter-out $(BUILD)/shim/doors/%,$(SHIM_OBJ)) -ldl -lpthread

$(BUILD)/tests/doors/endurance $(BUILD)/tests/doors/footprint: tests/doors/programs/resident.h
$(BUILD)/tests/doors/plugin_narrow.so $(BUILD)/tests/doors/plugin_wide.so: tests/doors/programs/plugin_frames.h

$(BUILD)/tests/doors/plugin_%.so: tests/doors/programs/plugin_%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -fPIC -shared -o $@ $<

# -fno-builtin: what a contract says is tried by calls, not by what the compiler knows of it
$(BUILD)/tests/doors/%: tests/doors/programs/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -fno-builtin -fno-omit-frame-pointer -fno-optimize-sibling-calls -rdynamic \
	    -o $@ $< -lpthread -ldl

# The same program with an allocator of its own inside.
LDLIBS_carrier_jemalloc := -l:libjemalloc_pic.a -lstdc++ -lm
$(BUILD)/tests/doors/carrier_jemalloc: tests/doors/programs/carrier.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O1 -g -D_GNU_SOURCE -Wall -fno-builtin -fno-omit-frame-pointer -rdynamic -o $@ $< \
	    $(LDLIBS_carrier_jemalloc) -lpthread -ldl

programs: $(PROGRAM_BIN) $(DOOR_BIN) $(BUILD)/tests/python/witness.so $(BUILD)/tests/html/compose

deps-build:
	tests/support/deps.sh build

deps:
	tests/support/deps.sh

demo: deps-build
	$(MAKE) --no-print-directory all
	examples/etl/demo.sh

check: deps
	tests/support/check.sh

check-unit check-house check-scenario check-guest check-programs check-doors check-python check-programs-long check-fuzz check-html: all programs $(UNIT_BIN)
	tests/support/check.sh $(@:check-%=%)

# the readers against many more corruptions than in every check: make fuzz-long SEED=7
fuzz-long: all
	bash tests/fuzz/run.sh 100000 $(SEED)

# libFuzzer (needs clang) for so many seconds of processor time; the corpus is kept: make fuzz-guided SECONDS=3600
fuzz-guided: all
	tests/fuzz/guided.sh $(or $(SECONDS),3600)

# The scenarios as a table: make scenarios [N=10] [ONLY=PATTERN]; those of cgroup v2 in the guest, with this distribution's
# kernel and with a newer one: make scenarios-guest [N=3] [ONLY=PATTERN] [KERNELS="distribution trixie"]
scenarios: all programs
	tests/scenario/table.sh $(or $(N),10) "$(ONLY)"

KERNELS ?= distribution trixie
scenarios-guest: all programs
	bad=0; for kernel in $(KERNELS); do GUEST_KERNEL=$${kernel#distribution} tests/guest/table.sh $(or $(N),3) "$(ONLY)" || bad=1; done; exit $$bad

unit: $(UNIT_BIN)

# what it costs: pairs of runs with and without, turn about; BENCH=word… runs those cases alone
PAIRS ?= 15
$(BUILD)/bench/%: tests/bench/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -g -D_GNU_SOURCE -Wall -fno-builtin -o $@ $< -lpthread

$(BUILD)/bench/pass.so: tests/bench/pass.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 -O2 -g -D_GNU_SOURCE -Wall -fno-builtin -fPIC -shared -o $@ $<

bench: all $(BUILD)/bench/pass.so $(BUILD)/bench/pairs $(BUILD)/bench/fill $(BUILD)/tests/doors/footprint
	/usr/bin/python3 tests/bench/bench.py $(BUILD) $(PAIRS) $(BENCH)


install: all
	install -D -m 0755 $(BUILD)/lastwords $(DESTDIR)$(PREFIX)/bin/lastwords
	install -D -m 0755 $(BUILD)/liblastwords.so $(DESTDIR)$(PREFIX)/lib/lastwords/liblastwords.so
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man1 $(filter %.1,$(MANUAL))
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/man/man7 $(filter %.7,$(MANUAL))
	install -D -m 0644 $(BUILD)/completions/bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/lastwords
	install -D -m 0644 $(BUILD)/completions/zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_lastwords
	install -D -m 0644 $(BUILD)/completions/fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/lastwords.fish
	install -D -m 0644 report/voices/report.schema.json $(DESTDIR)$(PREFIX)/share/lastwords/report.schema.json

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)

-include $(SHIM_OBJ:.o=.d) $(REPORT_OBJ:.o=.d) $(SUPPORT_OBJ:.o=.d) $(UNIT_BIN:=.d)

.PHONY: FORCE all programs unit bench scenarios scenarios-guest deps deps-build demo check check-unit check-house check-scenario check-guest check-programs check-doors check-python check-programs-long check-fuzz check-html install format clean fuzz-long fuzz-guided
