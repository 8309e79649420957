#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only

bats_require_minimum_version 1.5.0
load lib/common

setup() {
	setup_paths
	TOOL="$ROOT/${B:-build}/t/tool/json-tool"
	JUDGE="$ROOT/t/lib/json-judge.py"
}

# json TEXT ARGS...: run the tool on a text
json() {
	printf '%s' "$1" | "$TOOL" "${@:2}"
}

@test "the reader takes what RFC 8259 allows and refuses the rest, with a position" {
	run -0 python3 "$JUDGE" "$TOOL" cases
	[[ "$output" == *" read, "*" refused" ]]
}

@test "random documents come back from reader and writer unchanged" {
	run -0 python3 "$JUDGE" "$TOOL" random 3000
	[ "$output" = "3000 documents" ]
}

@test "documents with one byte changed get Python's verdict" {
	run -0 python3 "$JUDGE" "$TOOL" damage 5000
	[[ "$output" == "5000 documents, "* ]]
}

@test "doubles are written with the fewest digits that read back the same" {
	run -0 python3 "$JUDGE" "$TOOL" doubles 20000
	[[ "$output" == *" doubles" ]]
}

@test "decimal texts are read to the nearest double" {
	run -0 python3 "$JUDGE" "$TOOL" decimals 100000
	[[ "$output" == *" decimals" ]]
}

@test "jq and the writer agree on every document that both can hold" {
	doc='{"a":[1,2.5,"x\u0007\u20ac",null,true,{}],"b":{"c":[]}}'
	[ "$(json "$doc" echo | jq -cS .)" = "$(jq -cS . <<<"$doc")" ]
}

@test "numbers keep every digit a u64, an i64 or a double has" {
	run -0 json '[9007199254740993,18446744073709551615,-9223372036854775808,-0,0.1,1e-7,5.0,1e16,1e15]' echo
	[ "$output" = '[9007199254740993,18446744073709551615,-9223372036854775808,-0.0,0.1,1e-7,5.0,1e16,1000000000000000.0]' ]
}

@test "a number no double holds is an error and not infinity" {
	run -1 json '[1e400]' echo
	[[ "$output" == *"number out of range at line 1 column"* ]]
	run -1 --separate-stderr json '{"f64":-1e400}' typed
	[[ "$stderr" == *"number out of range at line 1 column 8" ]]
}

@test "indented output has two spaces a level and empty brackets closed up" {
	run -0 json '{"a":[1,{}],"b":[]}' --indent 2 echo
	[ "$output" = '{
  "a": [
    1,
    {}
  ],
  "b": []
}' ]
}

@test "errors name line and column" {
	run -1 json $'{\n  "a": 1,\n  "b": tru\n}' check
	[[ "$output" == *"at line 3 column 8" ]]
	run -1 json '{"a":1}x' check
	[[ "$output" == *"trailing characters at line 1 column 8" ]]
	run -1 json '{"a":' check
	[[ "$output" == *"EOF while parsing a value at line 1 column 6" ]]
}

@test "typed readers take exactly their range" {
	run -0 json '{"u64":18446744073709551615,"i64":-9223372036854775808,"f64":0.5,"bool":true,"str":"x","or_null":null,"other":[{}]}' typed
	[ "${lines[0]}" = "u64 18446744073709551615" ]
	[ "${lines[1]}" = "i64 -9223372036854775808" ]
	[ "${lines[2]}" = "f64 0x1p-1" ]
	[ "${lines[3]}" = "bool 1" ]
	[ "${lines[4]}" = "str x" ]
	[ "${lines[5]}" = "or_null (none)" ]
	for bad in '{"u64":18446744073709551616}' '{"u64":-1}' '{"u64":1.0}' '{"u64":1e3}' '{"u64":"1"}' '{"u64":null}' \
		'{"i64":9223372036854775808}' '{"i64":-9223372036854775809}' '{"i64":1.5}' '{"f64":"1"}' '{"bool":1}' \
		'{"bool":null}' '{"str":1}' '{"str":null}' '{"or_null":false}' \
		'{"u64":111111111111111111111111111111111111111111111111111111111111111111}'; do
		run -1 json "$bad" typed
		[[ "$output" == *" at line 1 column "* ]]
	done
}

@test "names are compared decoded" {
	run -0 json '{"n\u0061me":"caf\u00e9","u\u00364":7}' typed
	[ "$output" = $'name same\nu64 7' ]
	run -0 json '{"name":"cafe"}' typed
	[ "$output" = "name other" ]
}

@test "a NUL character does not cut a string short" {
	run -0 json '{"str":"a\u0000b"}' typed
	[ "$output" = $'str a\xef\xbf\xbdb' ]
	run -0 json '["a\u0000b"]' echo
	[ "$output" = '["a\u0000b"]' ]
}

@test "one key of an object is found, the last of two, strings only" {
	run -0 json '{"a":1,"k":"x","k":"y\n"}' get k
	[ "$output" = "y" ]
	run -1 json '{"k":1}' get k
	run -1 json '{"k":"x"' get k
	run -1 json '["k"]' get k
	[ -z "$output" ]
}

@test "the editor replaces in place, appends, and leaves the rest byte for byte" {
	run -0 json '{"a" : 1.50 ,"b":"\u0041", "c":[ 1 ]}' edit b 2 d '"x"'
	[ "$output" = '{"a":1.50,"b":2,"c":[ 1 ],"d":"x"}' ]
	run -0 json '{"k\u0065y":1}' edit key 2
	[ "$output" = '{"k\u0065y":2}' ]
	run -0 json '{"a":1,"b":0,"a":3}' edit a 2
	[ "$output" = '{"a":2,"b":0}' ]
	run -0 json '{"a":1}' edit b 1 b 2
	[ "$output" = '{"a":1,"b":2}' ]
	run -0 json '{}' edit 'q"' 1
	[ "$output" = '{"q\"":1}' ]
	run -0 json '' edit a 1
	[ "$output" = '{"a":1}' ]
}

@test "the pump edits its records and passes others byte for byte" {
	run -0 json $'{"type":"kernel","n":18446744073709551615}\n\n{ "type" : "other", "x":1e400 }\r\n' pump
	[ "${lines[0]}" = '{"type":"kernel","n":18446744073709551615,"line":1,"by":"json-tool","seen":true}' ]
	[ "${lines[1]}" = '{ "type" : "other", "x":1e400 }' ]
}

@test "a broken line, a line that is cut and a line without type stop the pump by number" {
	run -1 --separate-stderr json $'{"type":"x"}\n{"type":\n{"type":"x"}\n' pump
	[[ "$stderr" == *"line 2 of the record stream is no record: EOF while parsing a value at line 1 column 9" ]]
	[ "$output" = '{"type":"x"}' ]
	run -1 json $'{"type":"x"}\n{"type":"x"}' pump
	[[ "$output" == *"line 2 of the record stream is cut short" ]]
	run -1 json $'{"a":1}\n' pump
	[[ "$output" == *'line 1 of the record stream is no record: it has no "type"' ]]
	run -1 json $'[1]\n' pump
	[[ "$output" == *"line 1 of the record stream is no record: expected an object at line 1 column 1" ]]
	run -1 json $'{"type":7}\n' pump
	[[ "$output" == *"expected a string at line 1 column 9" ]]
	run -1 json "$(jq . <<<'{"type":"x"}')"$'\n' pump
	[[ "$output" == *"hint: a record is one line: jq needs -c"* ]]
}

@test "a record leaves the pump before the next one comes" {
	mkfifo "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	"$TOOL" pump <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 3>&- &
	exec 8>"$BATS_TEST_TMPDIR/in" 9<"$BATS_TEST_TMPDIR/out"
	echo '{"type":"kernel"}' >&8
	read -r -t 10 line <&9
	[ "$line" = '{"type":"kernel","line":1,"by":"json-tool","seen":true}' ]
	exec 8>&-
	wait $!
	exec 9<&-
}

@test "a line longer than 16 MiB is refused, one just below goes through" {
	big="$BATS_TEST_TMPDIR/big"
	{ printf '{"type":"x","d":"'; head -c 16000000 /dev/zero | tr '\0' a; echo '"}'; } >"$big"
	"$TOOL" pump <"$big" | cmp - "$big"
	{ printf '{"type":"x","d":"'; head -c 17000000 /dev/zero | tr '\0' a; echo '"}'; } >"$big"
	run -1 "$TOOL" pump <"$big"
	[[ "$output" == *"line 1 of the record stream is longer than 16777216 bytes" ]]
}

@test "a full disk is an error of the pump" {
	[ -e /dev/full ] || skip "no /dev/full"
	run -1 bash -c 'echo "{\"type\":\"x\"}" | "$1" pump >/dev/full' - "$TOOL"
	[[ "$output" == *"write records: No space left on device" ]]
}

@test "what the fuzzers started from still passes under the sanitizers" {
	cd "$ROOT"
	for target in json record; do
		B="$BATS_TEST_TMPDIR/build" run -0 t/fuzz/run "$target" 0
		[[ "$output" == *" inputs"* ]]
	done
}
