#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The linter finds what it is for, in a small tree of its own.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	unset B
	cd "$BATS_TEST_TMPDIR"
	mkdir -p repo/t repo/lib/base repo/lib/json repo/lib/cli repo/lib/vm repo/lib/result repo/lib/test
	cd repo
	git init -q
	cp "$ROOT/t/lint" t/
	cp "$ROOT/.clang-format" "$ROOT/.clang-tidy" "$ROOT/.gitignore" .
	source_file lib/base/good.h 'int good(void);'
	source_file lib/base/good.c '#include "base/good.h"' '' 'int good(void)' '{' $'\treturn 1;' '}'
}

# source_file PATH LINES...
source_file() {
	{
		echo "/* SPDX-License-Identifier: GPL-2.0-only */"
		printf '%s\n' "${@:2}"
	} >"$1"
}

refused() {
	run -1 t/lint "$1"
	[[ "$output" == *"$2"* ]]
	[[ "$output" == *"lint: failed: $1" ]]
}

@test "a clean tree passes every check" {
	run t/lint
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" != *FAILED* ]]
}

@test "layout, headers that need others, warnings and analyzer findings" {
	source_file lib/base/bad.c 'int  x;'
	refused format "lib/base/bad.c"
	source_file lib/base/bad.h 'void f(size_t n);'
	refused headers "lib/base/bad.h: does not compile alone"
	source_file lib/base/bad.c '#include "base/good.h"' 'static int unused;'
	refused clang "unused"
	source_file lib/base/bad.c 'int f(int *p);' 'int f(int *p)' '{' $'\tif (!p)' $'\t\treturn *p;' $'\treturn 0;' '}'
	refused tidy "bad.c:6:10: error: Dereference of null pointer"
}

@test "banned calls, with the rooms that may" {
	for call in 'sprintf(b, "x")' 'strcpy(a, b)' 'strtok(a, b)' 'system("x")' 'popen("x", "r")' 'getenv("X")' \
		'fork()' 'execvp(a, b)' 'posix_spawn(a)' 'alloca(3)'; do
		source_file lib/vm/bad.c "int x = $call;"
		refused banned "lib/vm/bad.c:2:int x = $call;"
	done
	source_file lib/vm/bad.c 'int x = snprintf(b, 1, "x"), y = strtok_r(a, b, c), z = my_fork();'
	source_file lib/base/proc.c 'int x = fork();'
	source_file lib/base/env.c 'int x = getenv("X");'
	run -0 t/lint banned
}

@test "room arrows point one way" {
	for arrow in base:json/read.h json:cli/opt.h base:vm/qemu.h json:vm/qemu.h vm:result/pool.h result:test/run.h test:vm/qemu.h \
		test:kernel/spec.h kernel:source/tree.h; do
		source_file "lib/${arrow%%:*}/bad.h" "#include \"${arrow#*:}\""
		mkdir -p lib/kernel lib/source
		refused arrows "lib/${arrow%%:*}/bad.h: room ${arrow%%:*} may not know ${arrow#*:}"
		rm "lib/${arrow%%:*}/bad.h"
	done
	source_file lib/vm/fine.h '#include "base/str.h"' '#include "json/read.h"' '#include "vm/other.h"'
	source_file lib/test/fine.h '#include "kernel/cache.h"'
	source_file lib/cli/opt.c '#include "json/write.h"' '#include "base/str.h"'
	run -0 t/lint arrows
}

@test "scripts, licence lines, paths of one machine, blanks at line ends" {
	printf '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-only\necho $x\n' >t/script
	refused shell "SC2086"
	printf '#!/bin/bash\ntrue\n' >t/script
	refused text "t/script: no SPDX line"
	printf '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-only\ncd /%s/someone/src\n' home >t/script
	refused text "a path of one machine"
	printf '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0-only\ntrue \n' >t/script
	refused text "blanks at the end of a line"
}
