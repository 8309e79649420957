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
WARN	:= -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wwrite-strings -Wformat=2 \
	   -Wno-missing-field-initializers -Wno-format-nonliteral $(if $(filter 0,$(WERROR)),,-Werror)
flags	 = $(CC) -std=gnu11 -D_GNU_SOURCE -DPREFIX='"$(PREFIX)"' -Ilib -Ishare $(OPT) $(SAN) $(WARN)

lib	:= $(patsubst %.c,$B/%.o,$(wildcard lib/*/*.c))
helpers	:= $(patsubst %.c,%,$(wildcard libexec/ktstr-*.c))
init	:= libexec/ktstr-init
progs	:= bin/cargo-ktstr $(filter-out $(init),$(helpers))
tools	:= $(patsubst %.c,%,$(wildcard t/tool/*.c))

# What a program needs beyond libktstr.a and libc.
LDLIBS_ktstr-fetch	:= -lcurl -larchive -lcrypto
LDLIBS_ktstr-resolve	:= -lcrypto
LDLIBS_ktstr-build	:= -lelf -lcrypto
LDLIBS_ktstr-cache	:= -lelf
LDLIBS_ktstr-vm		:= -larchive -lelf
LDLIBS_ktstr-sidecar	:= -lgit2
LDLIBS_ktstr-compare	:= -lm
LDLIBS_demo		:=

all: $(progs:%=$B/%) $B/$(init) $B/compile_commands.json

$(progs:%=$B/%) $(tools:%=$B/%): %: %.o $B/libktstr.a
	$(CC) $(SAN) $(LDFLAGS) -o $@ $^ $(LDLIBS_$(@F)) -lm

# The guest's init: static, so that it runs in an initramfs of nothing else.
$B/$(init): $B/$(init).o $B/libktstr.a
	$(CC) -static -o $@ $^

$B/libktstr.a: $(lib)
	@rm -f $@
	$(AR) rcs $@ $^

$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(flags) -MMD -MP -c -o $@ $<

$(shell mkdir -p $B)
ifneq ($(strip $(flags)),$(strip $(file <$B/flags)))
$(file >$B/flags,$(flags))
endif

objects	 = $(lib) $(progs:%=$B/%.o) $B/$(init).o $(tools:%=$B/%.o)

$B/compile_commands.json: $B/flags Makefile
	@{ echo '['; sep=; for o in $(objects); do \
	   c=$${o#$B/}; c=$${c%.o}.c; \
	   printf '%s{"directory":"%s","file":"%s","command":"%s -c %s"}\n' "$$sep" '$(CURDIR)' "$$c" \
	     '$(subst ",\",$(flags))' "$$c"; sep=,; done; echo ']'; } >$@

clean:
	rm -rf $B

-include $(objects:.o=.d)
.DELETE_ON_ERROR:
.PHONY: all clean
