#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Pet names in place of names.

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	FUNIFY=$LIBEXEC/ktstr-funify
	cd "$BATS_TEST_TMPDIR"
}

fun() {
	"$FUNIFY" --seed golden "$@"
}

@test "numbers become what the algorithm says" {
	diff - <(fun <<<'{"pid":4242,"n":-17,"uid":5}') <<-'EOF'
		{"pid":11984234429388571288,"n":-5744717469184609887,"uid":1601266598}
	EOF
	diff - <("$FUNIFY" --seed '' <<<'{"pid":4242}') <<<'{"pid":8824890677689206640}'
	diff - <("$FUNIFY" --seed= <<<'{"pid":4242}') <<<'{"pid":8824890677689206640}'
}

@test "figures, words of formats, floats, true and null stay" {
	same='{"status":"ok","nr_running":3,"wait_ns":77,"X_VERSION":"6.14","passed":true,"none":null,"f":2.5,"a":[],"o":{}}'
	diff <(fun <<<"$same") - <<<"$same"
	for same in '"word"' 17 '["a",4,[5,"b"]]' true null 1.0 '""'; do
		diff <(fun <<<"$same") - <<<"$same"
	done
}

@test "numbers at the ends of their ranges keep their meaning" {
	diff - <(fun <<<'{"a":0,"b":18446744073709551615,"c":18446744073709551616,"d":-9223372036854775809,"e":-0,"uid":[0,4294967295,4294967296],"f_u32":[-2147483648,-2147483649]}') <<-'EOF'
		{"a":0,"b":18446744073709551615,"c":1.8446744073709552e+19,"d":-9.223372036854776e+18,"e":-0.0,"uid":[0,4294967295,4294967295],"f_u32":[-2147483648,-2147483648]}
	EOF
	fun <<<'{"m":-9223372036854775808,"gid":-5,"sgid":77}' | jq -e '.m < 0 and .gid < 0 and .gid >= -2147483648 and .sgid <= 4294967295'
}

@test "floats are written shortest" {
	diff - <(fun <<<'{"x":[5.0,0.00001,1000000000000000.0,1e16,1.5e-6,1e300,0.1000,1.50,-0.0,0.000001,0.30000000000000004,3.00,12345678901234567.5,1E2]}') <<-'EOF'
		{"x":[5.0,0.00001,1000000000000000.0,1e+16,1.5e-6,1e+300,0.1,1.5,-0.0,1e-6,0.30000000000000004,3.0,1.2345678901234568e+16,100.0]}
	EOF
}

@test "a name is an adjective and an animal, the same for one key and value" {
	fun <<<'[{"comm":"bash"},{"x":[{"comm":"bash"},{"comm":["bash",["bash"]]}]},{"other":"bash"}]' >out
	run -0 jq -r '[.. | strings] | .[]' out
	[[ ${lines[0]} =~ ^[a-z]+-[a-z]+$ ]]
	[ "${lines[1]}" = "${lines[0]}" ]
	[ "${lines[2]}" = "${lines[0]}" ]
	[ "${lines[3]}" = "${lines[0]}" ]
	[ "${lines[4]}" != "${lines[0]}" ]
	grep -qwF "${lines[0]%-*}" "$ROOT/share/funify/adjectives"
	grep -qwF "${lines[0]#*-}" "$ROOT/share/funify/animals"
}

@test "the lists have 256 words each, none twice" {
	for list in adjectives animals; do
		grep -v '^#' "$ROOT/share/funify/$list" | xargs -n1 >words
		[ "$(wc -l <words)" = 256 ]
		[ "$(sort -u words | wc -l)" = 256 ]
		run ! grep -vxE '[a-z]{2,15}' words
	done
}

@test "an escaped text and key are the same as plain ones" {
	diff <(fun <<<'{"comm":"b\u0061sh \u00e9\n"}') <(fun <<<'{"\u0063omm":"bash é\n"}')
	diff <(fun <<<'{"state":"a\u0000\/\ud83d\ude00\u001f"}') - <<<'{"state":"a\u0000/😀\u001f"}'
}

@test "a seed decides, none gives new names every time" {
	doc='{"comm":"bash","pid":1}'
	[ "$(fun <<<"$doc")" = "$(fun <<<"$doc")" ]
	[ "$(fun <<<"$doc")" != "$("$FUNIFY" --seed other <<<"$doc")" ]
	[ "$("$FUNIFY" <<<"$doc")" != "$("$FUNIFY" <<<"$doc")" ]
}

@test "no two of many values share a name, and each keeps its own" {
	for i in {1..30000}; do
		printf '{"comm":"task%d","uid":%d,"pid":%d}\n' "$i" "$i" "$i"
	done >in
	cat in in | fun >out
	diff <(head -n30000 out) <(tail -n30000 out)
	for key in comm uid pid; do
		[ "$(head -n30000 out | jq -r ".$key" | sort -u | wc -l)" = 30000 ]
	done
	# most are of the short form
	[ "$(head -n300 out | jq -r .comm | grep -cxE '[a-z]+-[a-z]+')" -gt 290 ]
	# the rest has a tail
	run -0 jq -r .comm out
	grep -qxE '[a-z]+-[a-z]+-[0-9a-f]{4}' <<<"$output"
	run ! grep -vxE '[a-z]+-[a-z]+(-[0-9a-f]{4}|-[0-9a-f]{16})?' <<<"$output"
}

@test "beyond the table names have their long form and are still apart" {
	seq 150000 | sed 's/.*/{"comm":"task&"}/' | fun | sort >out
	[ "$(uniq out | wc -l)" = 150000 ]
	grep -qE -- '-[0-9a-f]{16}"' out
}

@test "keys come as they came, twice too; --sort-keys sorts, the last stays" {
	doc='{"z_ns":1,"b":{"y_ns":2,"x_ns":[{"k_ns":1,"j_ns":{}}]},"a_ns":3,"z_ns":4,"":5.5}'
	diff <(fun <<<"$doc") - <<<"$doc"
	diff <(fun --sort-keys <<<"$doc") - <<<'{"":5.5,"a_ns":3,"b":{"x_ns":[{"j_ns":{},"k_ns":1}],"y_ns":2},"z_ns":4}'
	for i in {1..500}; do
		printf '{"c":{"z_ns":%d,"y_ns":[],"x":"v%d"},"b_ns":{}}\n' "$i" "$i"
	done >many
	diff <(fun --sort-keys <many) <(fun <many | jq -cS .)
}

@test "--pretty prints as the results are printed" {
	diff - <(fun --pretty <<<'{"a_ns":[1,{"b_ns":[]}],"o":{},"c_ns":2}') <<-'EOF'
		{
		  "a_ns": [
		    1,
		    {
		      "b_ns": []
		    }
		  ],
		  "o": {},
		  "c_ns": 2
		}
	EOF
	# Python's layout is the same
	diff <(fun --pretty --sort-keys <"$ROOT/t/fixtures/result/golden.json") \
		<(fun <"$ROOT/t/fixtures/result/golden.json" |
			python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin), indent=2, sort_keys=True))')
}

@test "--keys renames keys that are data and leaves the format's" {
	doc='{"cgroups":{"/user.slice/alice":{"pid":4242,"wait_ns":1},"bob":{"pid":7}},"pid":{"4242":"x"},"test_name":"t"}'
	fun <<<"$doc" | grep -qF alice
	fun --keys <<<"$doc" >out
	run ! grep -qE 'alice|bob|"4242"' out
	jq -e '.cgroups | keys | length == 2 and all(test("^[a-z]+-[a-z]+$"))' out
	jq -e '[.cgroups[] | has("pid")] == [true, true]' out
	# a pid is called alike as a key and as a value
	grep -q '"pid":{"11984234429388571288":' out
	jq -e 'has("cgroups") and has("pid") and has("test_name")' out
	# one name for one key, whatever stands around
	[ "$(fun --keys <<<'{"cgroups":{"bob":1}}' | jq -c '.cgroups | keys')" = "$(fun --keys <<<'{"x_ns":1,"cgroups":{"bob":[]}}' | jq -c '.cgroups | keys')" ]
	# no key of a result is lost
	diff <(fun --keys <"$ROOT/t/fixtures/result/golden.json" | jq -S 'del(.stats.ext_metrics, .host.cpufreq_governor) | [paths]') \
		<(jq -S 'del(.stats.ext_metrics, .host.cpufreq_governor) | [paths]' "$ROOT/t/fixtures/result/golden.json")
}

@test "documents one a line, in any layout, or one in a file" {
	printf '{"s_ns":1}\n\n{"s_ns":\n2}\r\n [3]' >in
	diff <(fun in) - <<<$'{"s_ns":1}\n{"s_ns":2}\n[3]'
	diff <(fun - <in) <(fun in)
	run -0 "${LIBEXEC%/*}/bin/cargo-ktstr" funify --seed golden in
	[ "${lines[0]}" = '{"s_ns":1}' ]
	run -0 "${LIBEXEC%/*}/bin/cargo-ktstr" costume --seed golden --keys --sort-keys --pretty in
	[ "${lines[1]}" = '  "s_ns": 1' ]
}

@test "a record leaves before the next one comes" {
	mkfifo in
	fun in >out 3>&- &
	exec 4>in
	echo '{"s_ns":1}' >&4
	wait_for 5 test -s out
	[ "$(cat out)" = '{"s_ns":1}' ]
	exec 4>&-
	wait
}

@test "input in pieces of any size gives the same" {
	cat >in <<-'EOF'
		{"comm":"bash é\u00e9\ud83d\ude00","v_ns":[12345,-1.5e10,true,false,null],"state":"a\\b\"😀"}
		{"host":{"a.b":{"uid":17}}}
	EOF
	fun --keys <in >whole
	python3 - "$FUNIFY" in >pieces <<-'EOF'
		import subprocess, sys, time
		data = open(sys.argv[2], "rb").read()
		p = subprocess.Popen([sys.argv[1], "--seed", "golden", "--keys"], stdin=subprocess.PIPE, bufsize=0)
		for i in range(len(data)):
		    p.stdin.write(data[i:i+1])
		    time.sleep(0.0005)
		p.stdin.close()
		sys.exit(p.wait())
	EOF
	diff whole pieces
}

@test "one document of any size takes little memory" {
	python3 - >big <<-'EOF'
		import sys
		w = sys.stdout.write
		w('{"state":"')
		for i in range(400000): w("abcdefghij\\u00e9\\n")
		w('","comm":"')
		for i in range(400000): w("abcdefghij\\u00e9\\n")
		w('","list":[')
		for i in range(400000): w('%s{"comm":"t%d","wait_ns":%d}' % ("," if i else "", i % 1000, i))
		w(']}\n')
	EOF
	# the sanitizers' own memory has no such bounds
	local limit=(prlimit --as=60000000)
	[[ ${B-} != *asan* ]] || limit=()
	"${limit[@]}" "$FUNIFY" --seed s big >out
	python3 - <<-'EOF'
		import json
		a, b = json.load(open("big")), json.load(open("out"))
		assert a["state"] == b["state"]
		assert len(b["comm"]) < 40
		assert len({x["comm"] for x in b["list"]}) == 1000
		assert [x["wait_ns"] for x in a["list"]] == [x["wait_ns"] for x in b["list"]]
	EOF
}

@test "what is no JSON is told with its place, whole records before it are kept" {
	run -1 --separate-stderr fun </dev/null
	[[ $stderr == *"error: parse JSON input: EOF while parsing a value at line 1 column 0"* ]]
	while IFS=$'\t' read -r text message; do
		# shellcheck disable=SC2059
		printf "$text" >in
		run -1 --separate-stderr fun in
		echo "$text: $stderr"
		[ -z "$output" ]
		[[ $stderr == *"error: parse JSON input: $message"* ]]
	done <<-'EOF'
		 \n 	EOF while parsing a value at line 2 column
		{	EOF while parsing an object at line 1 column
		{"a"	EOF while parsing an object at line 1 column
		{"a":	EOF while parsing a value at line 1 column
		[1	EOF while parsing a list at line 1 column
		[	EOF while parsing a list at line 1 column
		"ab	EOF while parsing a string at line 1 column
		"\\\\	EOF while parsing a string at line 1 column
		[1,]	expected a value at line 1 column 4
		{"a" 1}	expected `:` at line 1 column 6
		{1:2}	expected a key at line 1 column 2
		{"a":1,}	expected a key at line 1 column 8
		{"a":1;}	expected `,` or `}` at line 1 column 7
		[1;]	expected `,` or `]` at line 1 column 3
		01	invalid number at line 1 column 1
		-	EOF while parsing a value at line 1 column
		1.x	invalid number at line 1 column 1
		1e400	number out of range at line 1 column
		nul	EOF while parsing a value at line 1 column
		nulk	expected a value at line 1 column 1
		"\\x"	invalid escape at line 1 column 2
		"\\ud800"	invalid escape at line 1 column 2
		"a\tb"	control character in a string at line 1 column 3
		{} {}	trailing characters at line 1 column 4
		1 x	trailing characters at line 1 column 3
		x	expected a value at line 1 column 1
	EOF
	printf '{"s_ns":1}\n{"s_ns":2}\n{"s_ns":\n\n  3]\n{"s_ns":4}\n' >in
	run -1 --separate-stderr fun in
	[ "$output" = $'{"s_ns":1}\n{"s_ns":2}' ]
	[[ $stderr == *"at line 5 column 4"* ]]
}

@test "depth has a limit" {
	deep() {
		python3 -c 'import sys; n = int(sys.argv[1]); print("[" * n + "]" * n)' "$1"
	}
	diff <(deep 127 | fun) <(deep 127)
	run -1 --separate-stderr fun < <(deep 128)
	[[ $stderr == *"parse JSON input: recursion limit exceeded at line 1 column 128"* ]]
	run -1 fun < <(deep 10000)
	deep 127 | fun --pretty --sort-keys --keys | jq -ce '[paths] | length == 126'
}

@test "keys and numbers have a limit, strings have none" {
	python3 - "$FUNIFY" <<-'EOF'
		import json, subprocess, sys
		def run(text, pad=0):
		    p = subprocess.run([sys.argv[1], "--seed", "x"], input=(" " * pad + text).encode(), capture_output=True)
		    return p.returncode, p.stdout, p.stderr
		for pad in (0, 1000, 200000):
		    key = "k" * 131071
		    assert json.loads(run('{"%s":1.5}' % key, pad)[1]) == {key: 1.5}
		    assert b"key too long at line 1 column" in run('{"%sk":1.5}' % key, pad)[2]
		    assert run('{"s_ns":0.%s}' % ("1" * 262000), pad)[1] == b'{"s_ns":0.1111111111111111}\n'
		    assert b"number too long at line 1 column" in run('{"s_ns":0.%s}' % ("1" * 262144), pad)[2]
		names = set()
		for pad in (0, 1, 77777, 262143):
		    for unit in ("é", "\\u00e9", "\\\\", "😀"):
		        text = '{"state":"%s","s_ns":1}' % (unit * 100000)
		        assert json.loads(run(text, pad)[1]) == json.loads(text)
		    names.add(run('{"comm":"%s"}' % ("é" * 300000), pad)[1])
		assert len(names) == 1, names
	EOF
}

@test "bytes that are no UTF-8, files that cannot be read" {
	printf '{"a":"\xff"}' >in
	run -1 --separate-stderr fun in
	[[ $stderr == *"error: read in: stream did not contain valid UTF-8"* ]]
	run -1 --separate-stderr fun <in
	[[ $stderr == *"error: read stdin: stream did not contain valid UTF-8"* ]]
	printf '{"a":"\xc3' >in
	run -1 fun in
	run -1 --separate-stderr fun gone
	[[ $stderr == *"error: read gone: No such file or directory"* ]]
	run -1 --separate-stderr fun .
	[[ $stderr == *"error: read .: Is a directory"* ]]
	run -2 fun a b
	run -2 fun --seed
	run -1 --separate-stderr bash -c '"$0" --seed x <<<"{}" >/dev/full' "$FUNIFY"
	[[ $stderr == *"No space left on device"* ]]
}

@test "garbage of every kind ends in an answer" {
	for f in "$ROOT"/t/fuzz/corpus/*/*; do
		rc=0
		"$FUNIFY" --keys --sort-keys --pretty "$f" >/dev/null 2>err || rc=$?
		[ "$rc" -le 1 ]
		[ "$rc" = 0 ] || grep -q error: err
	done
	# taken or refused as Python does, and the same document but for the names
	python3 - "$FUNIFY" <<-'EOF'
		import json, math, random, subprocess, sys
		base = b'{"comm":"ba\\u0073h\\ud83d\\ude00","v_ns":[1,-2.5e3,true,null,{"uid":17,"\xc3\xa9":"\\n"}],"s_ns":12,"state":""}'
		def refuse(_):
		    raise ValueError
		def number(s):
		    v = float(s)
		    return v if math.isfinite(v) else refuse(s)
		def read(b):
		    doc = json.loads(b.decode(), parse_constant=refuse, parse_float=number)
		    json.dumps(doc, ensure_ascii=False).encode()  # half a pair is no character
		    return doc
		def shape(doc):
		    if isinstance(doc, dict):
		        return {k: shape(v) for k, v in doc.items()}
		    return [shape(v) for v in doc] if isinstance(doc, list) else type(doc) if isinstance(doc, str) else isinstance(doc, int)
		random.seed(7)
		taken = 0
		for i in range(400):
		    b = bytearray(base)
		    for _ in range(random.randint(0, 3)):
		        at = random.randrange(len(b))
		        b[at:at + random.randint(0, 1)] = random.choice([b"", b"0", b"\\", b'"', b"}", b"]", b",", b" ", b"\n", b"e", b"-", b".", bytes([random.randrange(256)])])
		    p = subprocess.run([sys.argv[1], "--seed", "x"], input=bytes(b), capture_output=True)
		    try:
		        want = read(bytes(b))
		    except (ValueError, RecursionError):
		        want = None
		    assert p.returncode == (want is None), (bytes(b), p)
		    if want is not None:
		        taken += 1
		        assert shape(json.loads(p.stdout)) == shape(want), (bytes(b), p.stdout)
		assert taken > 60, taken
	EOF
}
