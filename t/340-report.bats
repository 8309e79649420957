#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Results as a page, a comparison as a drawing: looked at in a real browser.

bats_require_minimum_version 1.5.0
load lib/common
load lib/result

setup() {
	result_paths
	REPORT=$LIBEXEC/ktstr-report
}

# browse FILE OPTION…: what a headless browser makes of it, offline.
browse() {
	local file=$1

	shift
	timeout 120 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
		--user-data-dir="$BATS_TEST_TMPDIR/profile" --host-resolver-rules='MAP * ~NOTFOUND' "$@" "file://$file" 2>"$BATS_TEST_TMPDIR/browser"
}

# shot FILE OPTION…: width, height, first pixel, colours, pixels that differ.
shot() {
	browse "$1" --window-size=1000,800 --screenshot="$BATS_TEST_TMPDIR/shot.png" "${@:2}"
	python3 "$ROOT/t/lib/png.py" "$BATS_TEST_TMPDIR/shot.png"
}

# Results of two kernels: b is slower, and one of a's values is far out.
two_kernels() {
	rows_of worst_spread <<-'EOF' | jq -c 'if .type == "row" and .project_commit == "bbbbbbb"
			then .kernel = "6.15.0" | .run = "6.15.0-bbbbbbb" else . end'
		steady scx_a aaaaaaa 8 8.5 9 8.2 8.4 8.1 30
		steady scx_a bbbbbbb 24 24.5 25 24.2 24.4 24.1
		<i>odd</i>&"name" scx_a aaaaaaa 5 6 x
		<i>odd</i>&"name" scx_a bbbbbbb 5 6
		naïve scx_b aaaaaaa 1 2 3 4 5
		naïve scx_b bbbbbbb 1 2 3 4 s
	EOF
}

@test "the page has the runs, the failures, the tests and the plots" {
	two_kernels >rows
	run -0 --separate-stderr "$REPORT" -o out <rows
	[ "$output" = out/index.html ]
	[ -z "$stderr" ]
	[ "$(ls -A out)" = index.html ]
	browse "$PWD/out/index.html" --dump-dom >dom
	python3 - <<-'EOF'
		import re
		from html.parser import HTMLParser
		class Page(HTMLParser):
		    def __init__(self):
		        super().__init__(); self.tables = []; self.links = []; self.text = ""; self.skip = self.cell = False; self.svgs = 0
		    def handle_starttag(self, tag, attrs):
		        a = dict(attrs)
		        if tag == "table": self.tables.append([])
		        elif tag == "tr": self.tables[-1].append([])
		        elif tag in ("td", "th"): self.tables[-1][-1].append("")
		        elif tag == "a": self.links.append(a["href"])
		        elif tag == "svg": self.svgs += 1
		        elif tag in ("link", "img", "iframe"): raise SystemExit("something from elsewhere: " + tag)
		        elif tag == "script" and "src" in a: raise SystemExit("a script from elsewhere")
		        self.skip = tag in ("script", "style")
		        self.cell = tag in ("td", "th") or self.cell and tag == "a"
		    def handle_endtag(self, tag):
		        self.cell = self.cell and tag not in ("td", "th")
		    def handle_data(self, data):
		        if self.skip: return
		        self.text += data
		        if self.cell: self.tables[-1][-1][-1] += data
		p = Page(); p.feed(open("dom").read())
		runs, failures, tests = p.tables
		assert "28 results of 6 variants in 2 runs: 26 passed, 1 failed, 1 skipped." in p.text, p.text[:300]
		assert [r[0] for r in runs[1:]] == ["6.14.2-aaaaaaa", "6.15.0-bbbbbbb"]
		assert runs[1][:9] == ["6.14.2-aaaaaaa", "6.14.2", "aaaaaaa", "local", "15", "14", "1", "0", "2026-04-18T10:22:31Z"], runs[1]
		assert len(failures) == 2 and failures[1][0] == '<i>odd</i>&"name"', failures
		names = [r[0] for r in tests[1:]]
		assert names == sorted(names) and "naïve" in names and len(tests) == 7
		steady = next(r for r in tests if r[0] == "steady" and r[4] == "6.15.0")
		assert steady[:9] == ["steady", "scx_a", "1n2l4c2t", "SpinWait", "6.15.0", "6", "6", "0", "0"]
		assert "worst_spread, %" in tests[0] and "24.3" in steady
		assert p.svgs == 1 and "median 24.3%" in p.text and "n=7" in p.text, (p.svgs, p.text[-900:])
		assert any(l.endswith("6.14.2-aaaaaaa/") for l in p.links), p.links
		assert any("odd%3C/i%3E%26%22name%22-2.ktstr.json" in l for l in p.links), p.links
	EOF
	run -0 shot "$PWD/out/index.html"
	read -r width height first colours ink <<<"$output"
	[ "$width $height $first" = "1000 800 ffffff" ]
	[ "$colours" -gt 20 ]
	[ "$ink" -gt 5000 ]
}

@test "a click on a head sorts the table, up and down" {
	two_kernels >rows
	"$REPORT" -o out <rows
	order() {
		sed "s|</body>|<script>$1</script></body>|" out/index.html >clicked.html
		browse "$PWD/clicked.html" --dump-dom | grep -o '<tr><td>[^<]*</td><td>scx_.</td><td>[^<]*</td><td>[^<]*</td><td>[^<]*</td><td class="n">[0-9]*</td>' |
			sed 's/.*>\([0-9]*\)<.td>$/\1/' | xargs
	}
	head="document.querySelectorAll('table')[2].querySelectorAll('th')[5]"
	[ "$(order "")" = "3 2 5 5 7 6" ] || [ "$(order "")" = "3 2 7 6 5 5" ]
	[ "$(order "$head.click()")" = "2 3 5 5 6 7" ]
	[ "$(order "$head.click();$head.click()")" = "7 6 5 5 3 2" ]
}

@test "links lead from the page to the results, wherever both are" {
	put "$RUNS/6.14.2-3f9c2ab/job/a.ktstr.json" '.passed = false'
	target() {
		cargo-ktstr stats report -o "$@" >/dev/null
		python3 - "$1" <<-'EOF'
			import os, re, sys, urllib.parse
			page = open(sys.argv[1] + "/index.html").read()
			links = [urllib.parse.unquote(l) for l in re.findall(r'href="([^#"]+)"', page)]
			for l in links: assert os.path.exists(os.path.join(sys.argv[1], l)), l
			assert any(l.endswith("a.ktstr.json") for l in links) and any(l.endswith("6.14.2-3f9c2ab/") for l in links)
		EOF
	}
	target out
	target "$RUNS/../page"
	target "$RUNS"
	target a/b/c --dir "$RUNS"
	ln -s "$RUNS" link
	target out2 --dir link
}

@test "the page is replaced as a whole, or stays" {
	two_kernels >rows
	mkdir out
	echo old >out/index.html
	run -1 --separate-stderr "$REPORT" -o out < <(head -n3 rows && echo '{"type":"row"')
	[ "$(cat out/index.html)" = old ]
	[ "$(ls -A out)" = index.html ]
	"$REPORT" -o out <rows
	grep -q '</html>' out/index.html
	run -1 --separate-stderr "$REPORT" -o none < <(tail -n1 rows)
	[[ $stderr == *"there are no results to report"* ]]
	[ ! -e none ]
	run -2 "$REPORT" <rows
	echo file >file
	run -1 --separate-stderr "$REPORT" -o file <rows
	[[ $stderr == *"file"* ]]
	[ "$(cat file)" = file ]
	run -1 "$REPORT" -o "$WORK/file/below" <rows
}

@test "compare --plot draws both sides of each pair" {
	two_kernels >rows
	# two commits, two kernels: nothing pairs up
	run -0 "$COMPARE" --a-kernel 6.14.2 --b-kernel 6.15.0 --plot out.svg rows
	grep -q 'no metric of any pair can be compared' out.svg
	jq -c 'if .type == "row" then .project_commit = "ccccccc" else . end' rows >same
	run -1 --separate-stderr "$COMPARE" --a-kernel 6.14.2 --b-kernel 6.15.0 --plot out.svg same
	[[ $output == *regression* || $output == *REGRESSION* ]]
	python3 - <<-'EOF'
		import xml.etree.ElementTree as E
		ns = "{http://www.w3.org/2000/svg}"
		text = open("out.svg").read()
		root = E.fromstring(text)
		texts = ["".join(t.itertext()) for t in root.iter(ns + "text")]
		assert "6.14.2" in texts and "6.15.0" in texts and "worst_spread" in texts, texts
		notes = [t for t in texts if t.startswith("n=")]
		assert notes[0] == "n=7  median 8.4%" and notes[1].startswith("n=6  median 24.3%") and notes[1].endswith("regression"), notes
		assert any("steady" in t for t in texts)
		# one value of side a is beyond the whiskers
		dots = [c for c in root.iter(ns + "circle") if c.get("class") == "a"]
		assert [c.find(ns + "title").text for c in dots].count("30") == 1
		assert sum(r.get("class") in ("a", "b") and float(r.get("height")) == 12 for r in root.iter(ns + "rect")) >= 4
		assert "prefers-color-scheme:dark" in text and "<script" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
		for l in root.iter(ns + "line"):
		    assert all(0 <= float(l.get(k)) <= float(root.get("height")) for k in ("y1", "y2"))
	EOF
	run -0 shot "$PWD/out.svg"
	read -r _ _ first colours ink <<<"$output"
	[ "$first" = ffffff ]
	[ "$ink" -gt 1500 ]
	run -0 shot "$PWD/out.svg" --blink-settings=preferredColorScheme=0
	read -r _ _ first colours ink <<<"$output"
	[ "$first" = 0d1117 ]
	[ "$ink" -gt 1500 ]
	mkdir dir
	run -1 --separate-stderr "$COMPARE" --a-kernel 6.14.2 --b-kernel 6.15.0 --plot dir same
	[[ $stderr == *"error: "*dir* ]]
}

@test "quartiles, whiskers and outliers are those of R and NumPy" {
	rows_of worst_spread <<<"t s aaaaaaa 1 2 3.5 4 5.25 6 7 40 -20 8 9" >rows
	"$REPORT" -o out <rows
	python3 - <<-'EOF'
		import re
		page = open("out/index.html").read()
		v = sorted([1, 2, 3.5, 4, 5.25, 6, 7, 40, -20, 8, 9])
		q = lambda p: (lambda at: v[int(at)] + (at % 1) * (v[min(int(at) + 1, len(v) - 1)] - v[int(at)]))(p * (len(v) - 1))
		ticks = [(float(x), float(t)) for x, t in re.findall(r'<text class="dim" x="([\d.]+)" y="[\d.]+" text-anchor="middle">(-?[\d.]+)</text>', page)]
		(x0, v0), (x1, v1) = ticks[0], ticks[-1]
		at = lambda val: x0 + (val - v0) * (x1 - x0) / (v1 - v0)
		x, w = map(float, re.search(r'<rect class="a" x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="12', page).groups())
		assert abs(x - at(q(.25))) < .2 and abs(x + w - at(q(.75))) < .2, (x, at(q(.25)), w)
		median = [float(m) for m in re.findall(r'<line class="a" x1="([\d.]+)"', page)]
		assert abs(median[0] - at(q(.5))) < .2
		thin = [float(m) for m in re.findall(r'<line class="a thin" x1="([\d.]+)"', page)]
		assert abs(min(thin) - at(1)) < .2 and abs(max(thin) - at(9)) < .2, thin
		assert re.findall(r'<circle[^>]*><title>([^<]*)', page) == ["-20", "40"]
	EOF
}

@test "many variants are drawn up to a limit, which is said" {
	for i in {1..60}; do
		echo "test$i s aaaaaaa $i 1 2 3 4 5"
	done | rows_of worst_spread >rows
	"$REPORT" -o out <rows
	grep -q '… and 20 more' out/index.html
	[ "$(grep -c '^<tr><td>test' out/index.html)" = 60 ]
}

@test "the page has the results that were asked for, and says which those are" {
	for k in 6.12.3 6.12.9 6.13.1; do
		put "$RUNS/$k-abc1234/a.ktstr.json" ".kernel_version = \"$k\" | .project_commit = \"abc1234\""
		put "$RUNS/$k-abc1234/b.ktstr.json" ".kernel_version = \"$k\" | .test_name = \"b<i>\" | .scheduler = \"eevdf\""
	done
	PATH=$ROOT/${B:-build}/bin:$PATH
	run -0 cargo-ktstr ktstr stats report -o page --kernel 6.12 --scheduler eevdf
	grep -q '<p>Only kernel 6.12, scheduler eevdf.</p>' page/index.html
	grep -q '<p>2 results of 2 variants in 2 runs' page/index.html
	run -0 cargo-ktstr ktstr stats report -o page -E 'b<i> 1n2l4c2t eevdf'
	grep -q '<p>Only &quot;b&lt;i&gt; 1n2l4c2t eevdf&quot;.</p>' page/index.html
	grep -q '<p>3 results of 3 variants' page/index.html
	run -0 cargo-ktstr ktstr stats report -o page
	run ! grep -q '<p>Only' page/index.html
	sum=$(sha256sum <page/index.html)
	run -1 cargo-ktstr ktstr stats report -o page --kernel 5.4
	[[ $output == *"nothing matches the filters"*"list-values"* ]]
	[ "$(sha256sum <page/index.html)" = "$sum" ]
	run -0 cargo-ktstr ktstr stats report -o page --project-commit abc1234
	grep -q '<p>3 results of' page/index.html
}
