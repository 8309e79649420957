#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2088 # messages quote in `…`; '~' is the test
# Result files: their bytes, their names, where they go, what is lost (nothing).

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
}

# The file a writer wrote, by the path it printed.
written() {
	result "$1" | "$SIDECAR" write 2>"$BATS_TEST_TMPDIR/stderr"
}

# Write a result and print one of the file's values.
value_of() {
	jq -r "$2" "$(written "$1")"
}

@test "a written file has the format's bytes, keys and order" {
	file=$(jq -c '.type = "result" | .outcome = "pass"' "$GOLDEN" | sed 's/"value":812,/"value":812.0,/' | "$SIDECAR" write)
	[ "${file##*/}" = cgroup_steady-8ed0b7a3dc7e922d.ktstr.json ]
	# jq has written 812.0 as 812 on the way in; the writer makes it 812.0 again
	diff <(sed '/"project_commit"/d; /"kernel_version"/,$d' "$GOLDEN") <(sed '/"project_commit"/d; /"kernel_version"/,$d' "$file")
	want=$(jq -c 'keys_unsorted + ["schema_version","started_at","outcome","duration_ms","kernel_label","sched_ext","failure"]' "$GOLDEN")
	[ "$(jq -c keys_unsorted "$file")" = "$want" ]
	[ "$(tail -c1 "$file")" = "}" ]
}

@test "the number in the name is the format's hash" {
	name() {
		local f
		f=$(written "$1")
		echo "${f##*/}"
	}
	[ "$(name '.kargs = ["nosmt"] | .scheduler = "scx-ktstr" | .topology = "1n2l4c1t"
		| .sysctls = ["sysctl.kernel.sched_cfs_bandwidth_slice_us=1000"]')" = t-5a5b5775a01a425f.ktstr.json ]
	[ "$(name '.work_type = ""')" = t-36ceceea5c2beda7.ktstr.json ]
	[ "$(name .)" = t-16b754f538ba41fd.ktstr.json ]
	[ "$(name '.kargs = ["b", "a"]')" = "$(name '.kargs = ["a", "b"]')" ]
	[ "$(name '.payload = "p"')" != "$(name .)" ]
}

@test "each outcome has its verdict" {
	for o in pass:true:false fail:false:false skip:true:true crash:false:false timeout:false:false; do
		got=$(value_of "del(.passed, .skipped) | .outcome = \"${o%%:*}\"" '"\(.outcome):\(.passed):\(.skipped)"')
		[ "$got" = "$o" ]
	done
	[ "$(value_of 'del(.work_type) | .outcome = "skip"' .work_type)" = skipped ]
}

@test "a file says which schema it has, when it was written and when its test began" {
	file=$(written '.duration_ms = 90500')
	[ "$(jq .schema_version "$file")" = 1 ]
	began=$(date -u -d "$(jq -r .started_at "$file")" +%s)
	ended=$(date -u -d "$(jq -r .timestamp "$file")" +%s)
	[[ $((ended - began)) =~ ^9[01]$ ]]
	[ "$(value_of . .started_at)" = null ]
	# what a test program says of it does not count
	[ "$(value_of '.schema_version = 7' .schema_version)" = 1 ]
}

@test "what is missing in the input is empty in the file, and the file can be read" {
	file=$(result 'del(.stats, .work_type)' | "$SIDECAR" write 2>/dev/null)
	jq -e '.metrics == [] and .monitor == null and .stimulus_events == [] and .verifier_stats == []
		and .kvm_stats == null and .sysctls == [] and .kargs == [] and .cleanup_duration_ms == null
		and .stats.cgroups == [] and .stats.ext_metrics == {} and .stats.worst_spread == 0' "$file"
	run -0 --separate-stderr whole "${file%/*}"
	[ -z "$stderr" ]
	[ "$(jq -r .test_name <<<"$output")" = t ]
}

@test "no number that JSON cannot say gets into a file" {
	file=$(result | sed 's/"stats":{}/"stats":{"worst_spread":null,"worst_gap_ms":null}/' | "$SIDECAR" write 2>/dev/null)
	grep -q '"worst_spread": 0.0,' "$file"
	file=$(result '.stats = {"ext_metrics": {"a": null, "b": 1.5}, "cgroups": [{"spread": null, "ext_metrics": {"c": null}}]}' |
		"$SIDECAR" write 2>/dev/null)
	jq -e '.stats | .ext_metrics == {"b": 1.5} and .cgroups[0].spread == 0 and .cgroups[0].ext_metrics == {}' "$file"
	# a host may be called what it likes
	jq 'del(.host)' "$file" >rest
	run ! grep -Ei 'nan|inf\b' rest
}

@test "unknown keys of the input stand behind the known ones, exact to the digit" {
	file=$(result | sed 's/}$/,"zeta":{"a":[1,{}],"n":18446744073709551615},"alpha":1.50}/' | "$SIDECAR" write 2>/dev/null)
	[ "$(jq -c 'keys_unsorted[-2:]' "$file")" = '["zeta","alpha"]' ]
	grep -q '"n": 18446744073709551615' "$file"
	grep -q '"alpha": 1.50' "$file"
	run ! grep -E '"(type|kernel)":' "$file"
}

@test "wrong input is named, exits 1 and leaves nothing" {
	while IFS='|' read -r input words; do
		echo "$input -> $words"
		run -1 --separate-stderr "$SIDECAR" write <<<"$input"
		[ -z "$output" ]
		[[ $stderr == *"$words"* ]]
		[ ! -e "$RUNS" ]
	done <<-'EOF'
		|EOF while parsing a value at line
		[]|expected an object at line 1 column 1
		{"outcome":"pass"|EOF while parsing an object
		{"outcome":"pass","topology":"1n1l1c1t","scheduler":"s"}|missing field `test_name`
		{"outcome":"pass","test_name":"t","scheduler":"s"}|missing field `topology`
		{"outcome":"pass","test_name":"t","topology":"1n1l1c1t"}|missing field `scheduler`
		{"test_name":"t","topology":"1n1l1c1t","scheduler":"s"}|missing field `outcome`
		{"outcome":"maybe","test_name":"t","topology":"1n1l1c1t","scheduler":"s"}|outcome "maybe" is none of
		{"outcome":"fail","passed":true,"test_name":"t","topology":"1n1l1c1t","scheduler":"s"}|contradicts passed true
		{"outcome":"pass","test_name":"../t","topology":"1n1l1c1t","scheduler":"s"}|cannot be part of a file name
		{"type":"kernel","outcome":"pass","test_name":"t","topology":"1n1l1c1t","scheduler":"s"}|type "kernel" is no result
		{"outcome":"pass","outcome":"fail","test_name":"t","topology":"1n1l1c1t","scheduler":"s"}|duplicate field `outcome`
		{"outcome":"pass","test_name":"t","topology":"1n1l1c1t","scheduler":"s","duration_ms":1.5}|invalid value
	EOF
}

@test "a directory that cannot be made is an error that names it" {
	: >"$BATS_TEST_TMPDIR/file"
	result >in
	KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/file/x run -1 "$SIDECAR" write <in
	[[ $output == *"$BATS_TEST_TMPDIR/file"* ]]
}

@test "what was written is read back, whole" {
	put "$RUNS/6.14.2-3f9c2ab/a.ktstr.json"
	run -0 --separate-stderr whole "$RUNS/6.14.2-3f9c2ab"
	[ -z "$stderr" ]
	[ "$(jq -r '[.type, .path, .run] | join(" ")' <<<"$output")" = \
		"sidecar $RUNS/6.14.2-3f9c2ab/a.ktstr.json 6.14.2-3f9c2ab" ]
	diff <(jq -S . "$GOLDEN") <(jq -S 'del(.type, .path, .run)' <<<"$output")
}

@test "unknown keys and missing optional ones do not hinder reading" {
	put "$RUNS/r/a.ktstr.json" '.new = 1 | .stats.new = {} | .stats.cgroups[0].new = [] | .monitor.new = null
		| .host.new = "x" | .source = "old"
		| del(.scheduler_commit, .project_commit, .payload, .monitor.event_deltas, .monitor.schedstat_deltas,
			.monitor.prog_stats_deltas, .kvm_stats, .kernel_version, .kernel_commit, .host,
			.cleanup_duration_ms, .run_source, .stats.ext_metrics, .stats.cgroups[0].ext_metrics)'
	put "$RUNS/r/b.ktstr.json" 'del(.monitor) | .stats.worst_spread = 8'
	run -0 --separate-stderr "$SIDECAR" read "$RUNS/r"
	[ -z "$stderr" ]
	[ "$(jq -r .type <<<"$output" | sort | uniq -c | xargs)" = "1 host 1 pool 2 row" ]
}

@test "a broken file is skipped by name, and the others are read" {
	r=$RUNS/r
	put "$r/good.ktstr.json"
	: >"$r/empty.ktstr.json"
	head -c 700 "$GOLDEN" >"$r/cut.ktstr.json"
	put "$r/missing.ktstr.json" 'del(.topology)'
	put "$r/null-float.ktstr.json" '.stats.worst_spread = null'
	put "$r/fraction.ktstr.json" '.stats.worst_gap_ms = 20.5'
	put "$r/negative.ktstr.json" '.stats.total_workers = -1'
	put "$r/variant.ktstr.json" '.metrics[0].metrics[0].stream = "Stdin"'
	put "$r/wide.ktstr.json" '.verifier_stats[0].verified_insns = 4294967296'
	sed '2s/^/"test_name": "twice",/' "$GOLDEN" >"$r/twice.ktstr.json"
	{
		cat "$GOLDEN"
		echo x
	} >"$r/behind.ktstr.json"
	sed 's/scx_rusty/scx_\xff/' "$GOLDEN" >"$r/bytes.ktstr.json"
	{
		printf '{"deep":'
		head -c 100000 /dev/zero | tr '\0' '['
	} >"$r/deep.ktstr.json"
	mkdir -p "$r/job/dir.ktstr.json"
	mkfifo "$r/fifo.ktstr.json"
	run -0 --separate-stderr timeout 20 "$SIDECAR" read --whole "$r"
	[ "$(jq -r 'select(.type == "sidecar").path' <<<"$output")" = "$r/good.ktstr.json" ]
	[ "$(jq -r 'select(.type == "problem").path' <<<"$output" | wc -l)" = 14 ]
	[ "$(tail -n1 <<<"$output")" = '{"type":"pool","files":15,"rows":1,"corrupt":11,"unreadable":3}' ]
	skipping() {
		grep -qF "ktstr_test: skipping $r/$1.ktstr.json: $2" <<<"$stderr"
	}
	skipping empty 'EOF while parsing a value at line 1 column 1'
	skipping cut 'EOF while parsing'
	skipping missing 'missing field `topology` at line'
	skipping null-float 'expected a number at line'
	skipping fraction 'invalid value: `20.5`'
	skipping negative 'invalid value: `-1`'
	skipping variant 'unknown variant `Stdin`'
	skipping wide 'invalid value: integer `4294967296`'
	skipping twice 'duplicate field `test_name` at line'
	skipping behind 'trailing characters at line'
	grep -qF "ktstr_test: cannot read $r/bytes.ktstr.json: stream did not contain valid UTF-8" <<<"$stderr"
	skipping deep 'nested more than'
	grep -qF "ktstr_test: cannot read $r/job/dir.ktstr.json: Is a directory" <<<"$stderr"
	grep -qF "ktstr_test: cannot read $r/fifo.ktstr.json: not a regular file" <<<"$stderr"
}

@test "rows come in the order of their paths, one sub-directory deep" {
	for f in r/b r/a r/job2/z r/job1/y r/job1/deeper/x r2/c; do
		put "$RUNS/$f.ktstr.json"
	done
	put "$RUNS/r/t.failure-dump.json"
	put "$RUNS/r/t.ktstr.json.tmp.12.x"
	paths() {
		whole "$@" | jq -r .path | sed "s:$RUNS/::; s:.ktstr.json::" | xargs
	}
	[ "$(paths "$RUNS/r")" = "r/a r/b r/job1/y r/job2/z" ]
	[ "$(paths)" = "r/a r/b r/job1/y r/job2/z r2/c" ]
	[ "$(paths --pool "$RUNS")" = "r/a r/b r/job1/y r/job2/z r2/c" ]
	[ "$(rows | jq -r .run | xargs)" = "r r r r r2" ]
	[ "$(rows | jq -r .file | sed 's:.ktstr.json::' | xargs)" = "a b job1/y job2/z c" ]
}

@test "a missing directory is a warning and no rows" {
	run -0 --separate-stderr "$SIDECAR" read "$BATS_TEST_TMPDIR/none"
	[ "$output" = '{"type":"pool","files":0,"rows":0,"corrupt":0,"unreadable":0}' ]
	[[ $stderr == *"warning: read directory $BATS_TEST_TMPDIR/none"* ]]
}

@test "a new run empties the directory, once" {
	files() {
		find "$RUNS" -name '*.ktstr.json' -printf '%f\n' | cut -d- -f1 | sort | xargs
	}
	written '.test_name = "a"'
	written '.test_name = "b"'
	[ "$(files)" = "a b" ]
	echo left >"$RUNS/unknown-unknown/a-1.ktstr.json.tmp.1.x"
	echo kept >"$RUNS/unknown-unknown/a.failure-dump.json"
	put "$RUNS/unknown-unknown/job/x-1.ktstr.json"
	export KTSTR_RUN_ID=run-2
	written '.test_name = "c"'
	written '.test_name = "d"'
	[ "$(files)" = "c d x" ]
	[ ! -e "$RUNS/unknown-unknown/a-1.ktstr.json.tmp.1.x" ]
	[ -e "$RUNS/unknown-unknown/a.failure-dump.json" ]
	# the first run is still going on: it takes nothing from the second
	KTSTR_RUN_ID=run-1 written '.test_name = "e"'
	written '.test_name = "f"'
	[ "$(files)" = "c d e f x" ]
}

@test "without KTSTR_RUN_ID nextest's run id names the run" {
	unset KTSTR_RUN_ID
	for i in 1 1 2; do
		NEXTEST_RUN_ID=$i written ".test_name = \"t\" | .topology = \"1n1l${i}c1t\""
	done
	[ "$(find "$RUNS" -name '*.ktstr.json' | wc -l)" = 1 ]
	NEXTEST_RUN_ID=2 written '.test_name = "u"'
	[ "$(find "$RUNS" -name '*.ktstr.json' | wc -l)" = 2 ]
}

@test "without any run id the starter of the test programs names the run" {
	unset KTSTR_RUN_ID
	script test-program <<-'EOF'
		jq -c --arg n "$1" '.test_name = $n' in | "$SIDECAR" write 2>/dev/null
		exit 0
	EOF
	script run-all <<-'EOF'
		for t; do ./test-program "$t"; done
		exit 0
	EOF
	result >in
	./run-all a b
	[ "$(find "$RUNS" -name '*.ktstr.json' | wc -l)" = 2 ]
	./run-all c
	[ "$(whole | jq -r .test_name)" = c ]
}

@test "KTSTR_SIDECAR_DIR is used as it is: nothing is emptied, nothing locked" {
	export KTSTR_SIDECAR_DIR=$BATS_TEST_TMPDIR/fixed/dir
	for i in 1 2 3; do
		KTSTR_RUN_ID=$i written ".test_name = \"t$i\""
	done
	[ "$(find "$KTSTR_SIDECAR_DIR" -type f | wc -l)" = 3 ]
	[ ! -e "$RUNS" ]
	run ! grep -q WARNING "$BATS_TEST_TMPDIR/stderr"
}

@test "a missing project commit is told once a run" {
	written .
	grep -q "ktstr: WARNING: project commit unavailable" "$BATS_TEST_TMPDIR/stderr"
	grep -q KTSTR_SIDECAR_DIR "$BATS_TEST_TMPDIR/stderr"
	written '.test_name = "u"'
	run ! grep -q WARNING "$BATS_TEST_TMPDIR/stderr"
}

@test "killed writers leave no half result" {
	result '.failure = ("x" * 200000)' >in
	for i in {1..40}; do
		"$SIDECAR" write <in >/dev/null 2>&1 3>&- &
		pid=$!
		sleep "0.0$((i % 30 + 10))"
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
	done
	run -0 --separate-stderr "$SIDECAR" read
	[[ $stderr != *skipping* ]]
	[[ $stderr != *"cannot read"* ]]
	# and they hinder no one
	written '.test_name = "after"'
	rows | jq -r .test | grep -qx after
	KTSTR_RUN_ID=next written .
	[ -z "$(find "$RUNS" -name '*.tmp.*')" ]
}

@test "two kernels of one version in one run keep their results apart" {
	kernel() {
		mkdir -p "$1/include/config"
		echo 6.12.9 >"$1/include/config/kernel.release"
	}
	kernel "$WORK/k1"
	kernel "$WORK/k2"
	for k in k1 k2 k1 k2; do
		written ".kernel = \"$WORK/$k\" | .kernel_label = \"path_$k\""
	done
	run=$RUNS/6.12.9-unknown
	[ "$(find "$RUNS" -name '*.ktstr.json' | wc -l)" = 2 ]
	[ "$(jq -r .kernel_label "$run"/*.ktstr.json)" = path_k1 ]
	[ "$(jq -r .kernel_label "$run"/path_k2/*.ktstr.json)" = path_k2 ]
	[ "$(whole "$run" | jq -r .kernel_label | sort | xargs)" = "path_k1 path_k2" ]
	# what has no label is no third kernel
	[ "$(dirname "$(written ".kernel = \"$WORK/k1\" | .test_name = \"host\"")")" = "$run" ]
	rm "$run"/host-*
	# labels that differ in what a file name cannot hold stay apart too
	for l in a/b a_b; do
		written ".kernel = \"$WORK/k1\" | .kernel_label = \"$l\""
	done
	[ "$(rows "$run" | wc -l)" = 4 ]
	# the next run starts with none of them
	KTSTR_RUN_ID=run-2 written ".kernel = \"$WORK/k1\" | .kernel_label = \"path_k1\""
	[ "$(rows "$run" | wc -l)" = 1 ]
	[ ! -e "$run/path_k2" ]
}

@test "the project's commit says whether the tree is clean" {
	repo p
	cd p
	head=$(git rev-parse HEAD | cut -c1-7)
	commit() {
		value_of . '.project_commit // "none"'
	}
	[ "$(commit)" = "$head" ]
	echo untracked >new
	[ "$(commit)" = "$head" ]
	mkdir sub
	[ "$(cd sub && commit)" = "$head" ]
	echo two >file
	[ "$(commit)" = "$head-dirty" ]
	git add file
	[ "$(commit)" = "$head-dirty" ]
	git checkout -q -f HEAD -- file
	touch -d '1 hour ago' file
	[ "$(commit)" = "$head" ]
	git rm -q --cached file
	[ "$(commit)" = "$head-dirty" ]
	rm .git/index
	[ "$(commit)" = "$head" ]
	[ -d "$RUNS/unknown-$head-dirty" ]
}

@test "no repository and no commit are no project commit" {
	[ "$(value_of . .project_commit)" = null ]
	mkdir unborn
	git -C unborn init -q
	[ "$(cd unborn && value_of . .project_commit)" = null ]
	[ -d "$RUNS/unknown-unknown" ]
}

@test "the kernel's version comes from the cache entry, the tree or the words" {
	version() {
		value_of ".kernel = \"$1\"" '.kernel_version // "none"'
	}
	mkdir -p entry/include/config tree/include/config bare
	echo 6.1.1 >entry/include/config/kernel.release
	echo 6.14.2-rc1+ >tree/include/config/kernel.release
	cat >entry/metadata.json <<-'EOF'
		{"version":"6.14.2","source":{"type":"tarball"},"arch":"x86_64","image_name":"bzImage",
		 "built_at":"2026-01-01T00:00:00Z","has_vmlinux":true,"vmlinux_stripped":true}
	EOF
	[ "$(version "$WORK/entry")" = 6.14.2 ]
	[ "$(version ./entry)" = 6.14.2 ]
	sed -i 's/"6.14.2"/null/' entry/metadata.json
	[ "$(version ./entry)" = none ]
	echo '{"version":"6.14.2"' >entry/metadata.json
	[ "$(version ./entry)" = 6.1.1 ]
	[ "$(version ./tree)" = 6.14.2-rc1+ ]
	cp -r tree "$HOME/tree"
	[ "$(version '~/tree')" = 6.14.2-rc1+ ]
	[ "$(version ./bare)" = none ]
	[ "$(version ./nowhere)" = none ]
	[ "$(version ' 6.14.2 ')" = 6.14.2 ]
	[ "$(version 6.15-rc3)" = 6.15-rc3 ]
	[ "$(version 6.14..6.15)" = none ]
	[ "$(version git+https://example.org/x#v6)" = none ]
	[ "$(version '')" = none ]
	[ -d "$RUNS/6.14.2-unknown" ]
}

@test "the kernel's commit is that of the tree it was built from" {
	commit() {
		value_of ".kernel = \"$1\"" '.kernel_commit // "none"'
	}
	repo linux
	head=$(git -C linux rev-parse HEAD | cut -c1-7)
	[ "$(commit "$WORK/linux")" = "$head" ]
	mkdir -p linux/sub entry
	[ "$(commit "$WORK/linux/sub")" = none ]
	meta() {
		printf '{"version":null,"source":%s,"arch":"x86_64","image_name":"bzImage","built_at":"x","has_vmlinux":true,"vmlinux_stripped":true}' "$1" >entry/metadata.json
	}
	meta '{"type":"tarball"}'
	[ "$(commit ./entry)" = none ]
	meta "{\"type\":\"local\",\"source_tree_path\":\"$WORK/linux\",\"git_hash\":null}"
	[ "$(commit ./entry)" = "$head" ]
	echo two >linux/file
	[ "$(commit ./entry)" = "$head-dirty" ]
	[ "$(value_of '.kernel = "./entry"' .project_commit)" = null ]
}

@test "a kernel named by cache key or version is looked up in the cache" {
	entry() {
		mkdir -p "$KTSTR_CACHE_DIR/$1"
		: >"$KTSTR_CACHE_DIR/$1/bzImage"
		printf '{"version":"6.14.2","source":%s,"arch":"x86_64","image_name":"bzImage","config_hash":null,
			"built_at":"2026-01-01T00:00:00Z","ktstr_kconfig_hash":null,"extra_kconfig_hash":null,
			"has_vmlinux":false,"vmlinux_stripped":false}' "$2" >"$KTSTR_CACHE_DIR/$1/metadata.json"
	}
	facts() {
		value_of ".kernel = \"$1\"" '"\(.kernel_version) \(.kernel_commit)"'
	}
	repo linux
	head=$(git -C linux rev-parse HEAD | cut -c1-7)
	entry 6.14.2-tarball-x86_64-kc1 '{"type":"tarball"}'
	[ "$(facts 6.14.2-tarball-x86_64-kc1)" = "6.14.2 null" ]
	[ "$(facts 6.14.2)" = "6.14.2 null" ]
	entry local-1234567-x86_64-kc1 "{\"type\":\"local\",\"source_tree_path\":\"$WORK/linux\",\"git_hash\":null}"
	[ "$(facts local-1234567-x86_64-kc1)" = "6.14.2 $head" ]
	[ "$(facts 6.14.2)" = "6.14.2 $head" ]
	[ "$(facts 6.14.3)" = "6.14.3 null" ]
	[ "$(facts no-such-key)" = "null null" ]
}

@test "the runs root is the workspace's, from any directory of it" {
	unset CARGO_TARGET_DIR
	mkdir -p ws/member/src
	touch ws/Cargo.toml ws/Cargo.lock ws/member/Cargo.toml
	cd ws/member/src
	file=$(written .)
	[ "$file" -ef "$WORK/ws/target/ktstr/unknown-unknown/t-16b754f538ba41fd.ktstr.json" ]
	cd ../..
	[ "$(whole | jq -r .test_name)" = t ]
	cd "$BATS_TEST_TMPDIR/work"
	[ "$(written .)" = target/ktstr/unknown-unknown/t-16b754f538ba41fd.ktstr.json ]
}

@test "the runs root follows cargo's target directory, as cargo itself says" {
	unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR
	export CARGO_HOME=$WORK/cargo
	mkdir -p ws/member/src ws/member/.cargo ws/.cargo cargo
	printf '[package]\nname = "member"\nversion = "0.1.0"\n' >ws/member/Cargo.toml
	printf '[workspace]\nmembers = ["member"]\nresolver = "2"\n' >ws/Cargo.toml
	touch ws/member/src/lib.rs
	cd ws/member/src
	cargo generate-lockfile --offline
	agrees target
	echo 'build.target-dir = "mine" # of all' >"$CARGO_HOME/config.toml"
	agrees mine
	printf '[net]\ntarget-dir = "x"\n[ build ]\njobs = 2\ntarget-dir = '"'above'"'\n' >../../.cargo/config.toml
	agrees above
	printf '[build]\njobs = 2\n[net]\noffline = true\n' >../.cargo/config.toml
	agrees above
	printf '[build]\ntarget-dir = "%s/absolute"\n' "$WORK" >../.cargo/config.toml
	agrees absolute
	export CARGO_BUILD_TARGET_DIR=$WORK/build
	agrees build
	export CARGO_TARGET_DIR=$WORK/first
	agrees first
}

# agrees NAME: the result goes where cargo builds, a directory of that name
agrees() {
	local dir

	dir=$(cargo metadata --format-version=1 --no-deps --offline | jq -r .target_directory)
	[ "${dir##*/}" = "$1" ]
	[ "$(written .)" -ef "$dir/ktstr/unknown-unknown/t-16b754f538ba41fd.ktstr.json" ]
}

@test "KTSTR_CI marks a result" {
	[ "$(value_of . .run_source)" = local ]
	[ "$(KTSTR_CI=1 value_of . .run_source)" = ci ]
	[ "$(KTSTR_CI='' value_of . .run_source)" = local ]
}

@test "the host is described as the system describes itself" {
	file=$(written .)
	[ "$(jq -r '.host | [.kernel_name, .kernel_release, .arch] | join(" ")' "$file")" = "$(uname -srm)" ]
	[ "$(jq -r .host.total_memory_kb "$file")" = "$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)" ]
	[ "$(jq -r .host.kernel_cmdline "$file")" = "$(xargs -0 echo </proc/cmdline | sed 's/ *$//')" ]
	jq -e '.host | .online_cpus > 0 and .numa_nodes > 0 and all(.. | scalars; . != null and . != "")' "$file"
	[[ $(jq -r .timestamp "$file") =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$ ]]
	[[ $(jq -r .run_id "$file") =~ ^[0-9]{8}T[0-9]{6}Z- ]]
}
