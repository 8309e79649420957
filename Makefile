# SPDX-License-Identifier: GPL-2.0-only
# One Makefile, not recursive. Everything made lies under $(B).
#
#	make demo	set up what is missing, build, run the main job
#	make check	set up what is missing, run every test

B	?= build
CC	:= $(or $(filter-out cc,$(CC)),gcc)
PREFIX	?= /usr/local
DESTDIR	?=
OPT	?= -O2 -g
OBJCOPY	?= objcopy
WARN	:= -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wwrite-strings -Wformat=2 \
	   -Wno-missing-field-initializers -Wno-format-nonliteral $(if $(filter 0,$(WERROR)),,-Werror)
flags	 = $(CC) -std=gnu11 -D_GNU_SOURCE -DPREFIX='"$(PREFIX)"' -Ilib -Ishare $(OPT) $(SAN) $(WARN)

lib	:= $(patsubst %.c,$B/%.o,$(wildcard lib/*/*.c))
helpers	:= $(patsubst %.c,%,$(wildcard libexec/ktstr-*.c))
init	:= libexec/ktstr-init
progs	:= bin/cargo-ktstr $(filter-out $(init),$(helpers))
tools	:= $(patsubst %.c,%,$(wildcard t/tool/*.c))

# What a program needs beyond lib/ and libc.
LDLIBS_ktstr-download	:= -lcurl -larchive -lcrypto
LDLIBS_ktstr-releases	:= -lcurl
LDLIBS_ktstr-remote	:= -lcurl -larchive -lcrypto
LDLIBS_ktstr-build	:= -lelf
LDLIBS_ktstr-vm		:= -larchive -lelf
LDLIBS_vm-tool		:= -larchive -lelf
LDLIBS_net-tool		:= -lcurl
LDLIBS_kernel		:= -lelf
LDLIBS_ktstr-sidecar	:= -lgit2
LDLIBS_ktstr-archive	:= -larchive
LDLIBS_ktstr-model	:= -lcurl -lcrypto
LDLIBS_ktstr-funify	:= -lcrypto
LDLIBS_ktstr-trend	:= -lgit2
LDLIBS_ktstr-report	:= -lgit2
LDLIBS_ktstr-compare	:= -lgit2
LDLIBS_ktstr-jq		:= -ljq

# What every run over cached kernels starts, and nothing but libc is in it: a
# static program starts in half the time.
$(foreach p,cargo-ktstr ktstr-resolve ktstr-fetch ktstr-exec ktstr-cache ktstr-complete ktstr-completions ktstr-stats \
	 ktstr-locks ktstr-show-host ktstr-budget,$(eval LDFLAGS_$p := -static))

all: $(progs:%=$B/%) $B/$(init) $B/libktstr.a $B/man/.made $B/compile_commands.json

$(progs:%=$B/%) $(filter-out %-tests,$(tools:%=$B/%)): %: %.o $B/lib/all.a
	@echo '  LD      $@'
	@$(CC) $(SAN) $(if $(SAN),,$(LDFLAGS_$(@F))) -Wl,--as-needed $(LDFLAGS) -o $@ $^ $(LDLIBS_$(@F)) -lm

# A test program links what its author would.
$(filter %-tests,$(tools:%=$B/%)): %: %.o $B/libktstr.a
	@echo '  LD      $@'
	@$(CC) $(SAN) -Wl,--as-needed $(LDFLAGS) -o $@ $^ -lm

# The guest's init: static, so that it runs in an initramfs of nothing else.
# No sanitizer, whatever the rest is built with: none links statically.
init_src := $(init).c $(addprefix lib/,base/str.c base/err.c base/env.c base/file.c json/text.c json/write.c)
$B/$(init): $(init_src) $(wildcard lib/base/*.h lib/json/*.h) $B/flags
	@mkdir -p $(@D)
	@echo '  LD      $@'
	@$(if $(SAN),$(subst $(SAN),,$(flags)),$(flags)) -ffunction-sections -Wl,--gc-sections -static -s -o $@ $(init_src)

$B/lib/all.a: $(lib)
	@echo '  AR      $@'
	@rm -f $@
	@$(AR) rcs $@ $^

# What test authors link: the runtime and what it stands on, in one object that
# shows its ktstr_ names only, so that a test may have a warn() of its own.
runtime	:= $(filter $B/lib/base/% $B/lib/json/% $B/lib/test/%,$(lib)) $(patsubst %,$B/lib/kernel/%.o,arch cache cache_lease cache_meta cache_verify key label vmlinux)

$B/libktstr.a: $(runtime) Makefile
	@echo '  AR      $@'
	@rm -f $@
	@$(CC) -r -nostdlib -o $B/lib/ktstr.o $(runtime)
	@$(OBJCOPY) --wildcard --keep-global-symbol='ktstr_*' $B/lib/ktstr.o
	@$(AR) rcs $@ $B/lib/ktstr.o

# The manual: options, commands and variables are filled in from the programs.
pages	:= $(wildcard share/man/*.in)
mdoc	:= $B/share/man/mdoc

$(mdoc): %: %.o $B/lib/all.a
	@echo '  LD      $@'
	@$(CC) $(SAN) $(LDFLAGS) -o $@ $^

$B/man/.made: $(mdoc) $(pages) $(wildcard share/man/*.more) $(progs:%=$B/%)
	@echo '  MAN     $(@D)'
	@mkdir -p $(@D)/man1 $(@D)/man5 $(@D)/man7
	@export ASAN_OPTIONS=detect_leaks=0; set -e; \
	 for p in $(pages:share/man/%.in=%); do $(mdoc) $B/libexec share/man/$$p.in >$(@D)/man$${p##*.}/$$p; done; \
	 for c in $$($(mdoc) --commands); do $(mdoc) $B/libexec --command $$c share/man >$(@D)/man1/cargo-ktstr-$$c.1; done
	@touch $@

$B/%.o: %.c $B/flags
	@echo '  CC      $<'
	@mkdir -p $(@D)
	@$(flags) -MMD -MP -c -o $@ $<

# These tables are part of the objects (.incbin).
$B/lib/test/presets.o: share/gauntlet/presets
$B/lib/funify/words.o: $(wildcard share/funify/*)

$(shell mkdir -p $B)
ifneq ($(strip $(flags)),$(strip $(file <$B/flags)))
$(file >$B/flags,$(flags))
endif

objects	 = $(lib) $(progs:%=$B/%.o) $B/$(init).o $(tools:%=$B/%.o) $(mdoc).o

$B/compile_commands.json: $B/flags Makefile
	@{ echo '['; sep=; for o in $(objects); do \
	   c=$${o#$B/}; c=$${c%.o}.c; \
	   printf '%s{"directory":"%s","file":"%s","command":"%s -c %s"}\n' "$$sep" '$(CURDIR)' "$$c" \
	     '$(subst ",\",$(flags))' "$$c"; sep=,; done; echo ']'; } >$@

setup-%:
	@share/setup/install $(subst -, ,$*)

demo: setup-build-demo
	@$(MAKE) -s all
	@B=$B share/demo/demo

check: setup-build-demo-check
	@$(MAKE) -s all tools
	@B=$B t/check $(T)

tools: $(tools:%=$B/%)

lint: $B/compile_commands.json
	@B=$B t/lint

asan-build:
	@$(MAKE) -s B=$B/asan OPT='-O1 -g' SAN='-fsanitize=address,undefined -fno-sanitize-recover=undefined -Wno-format-truncation' all tools

asan: all tools asan-build
	@B=$B/asan ASAN_OPTIONS=detect_leaks=0 t/check $(filter-out $(shell grep -l '^load lib/vm' t/*.bats),$(wildcard t/*.bats))

bench: all tools
	@B=$B t/bench/run $(BENCH)

# Programs by name, data by folder.
share	:= kconfig completions schema cargo example gauntlet explain model demo/build-scx
install: all
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin libexec/ktstr lib/pkgconfig include share/ktstr $(addprefix share/man/man,1 5 7))
	install $B/bin/cargo-ktstr $(DESTDIR)$(PREFIX)/bin
	install $(patsubst %,$B/%,$(helpers)) $(DESTDIR)$(PREFIX)/libexec/ktstr
	install -m 644 $B/libktstr.a $(DESTDIR)$(PREFIX)/lib
	install -m 644 lib/test/ktstr.h $(DESTDIR)$(PREFIX)/include
	sed 's|@PREFIX@|$(PREFIX)|' share/ktstr.pc.in >$(DESTDIR)$(PREFIX)/lib/pkgconfig/ktstr.pc
	cd share && cp -R --parents $(share) $(DESTDIR)$(PREFIX)/share/ktstr
	rm -rf $(DESTDIR)$(PREFIX)/share/ktstr/example/target
	for s in 1 5 7; do install -m 644 $B/man/man$$s/* $(DESTDIR)$(PREFIX)/share/man/man$$s; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/cargo-ktstr $(DESTDIR)$(PREFIX)/lib/libktstr.a \
	  $(DESTDIR)$(PREFIX)/include/ktstr.h $(DESTDIR)$(PREFIX)/lib/pkgconfig/ktstr.pc
	rm -rf $(DESTDIR)$(PREFIX)/libexec/ktstr $(DESTDIR)$(PREFIX)/share/ktstr
	rm -f $(DESTDIR)$(PREFIX)/share/man/man[157]/cargo-ktstr*.[157] $(DESTDIR)$(PREFIX)/share/man/man[157]/ktstr-*.[157]

clean:
	rm -rf $B

-include $(objects:.o=.d)
.DELETE_ON_ERROR:
.PHONY: all demo check tools lint asan asan-build bench install uninstall clean
