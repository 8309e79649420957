#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Judge the comparison's figures by other people's: scipy and benchstat.

statistics.py COMPARE scipy            many generated samples
statistics.py COMPARE fisher           pass rates
statistics.py COMPARE coverage         how often the interval holds the truth
statistics.py COMPARE benchstat FILE   what benchstat publishes of its examples
"""
import json
import math
import random
import subprocess
import sys

COMPARE, ask, *args = sys.argv[1:]


def row(side, test, value, passed=True):
    return json.dumps({
        "type": "row", "run": side, "file": "f", "test": test, "topology": "1n1l1c1t", "scheduler": side,
        "work_type": "SpinWait", "kernel": "6.14.2", "project_commit": None, "kernel_commit": None, "run_source": "local",
        "passed": passed, "skipped": False, "timestamp": "t", "run_id": "r", "host": None, "metrics": {},
        "ext": {} if value is None else {"v": value}, "payload": []})


def compare(lines, *more):
    text = "\n".join(lines) + '\n{"type":"pool","files":1,"rows":%d,"corrupt":0,"unreadable":0}\n' % len(lines)
    argv = [COMPARE, "--a-scheduler", "a", "--b-scheduler", "b", "--all", "--format", "json", *more]
    run = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if run.returncode > 1 or not run.stdout:
        sys.exit(run.stderr)
    return json.loads(run.stdout)


def findings(cases, *more):
    """cases: {name: (a, b)}; the findings by name."""
    lines = [row("ab"[s], name, v) for name, sides in cases.items() for s in (0, 1) for v in sides[s]]
    return {f["scenario"]: f for f in compare(lines, *more)["findings"] if f["metric"] == "v"}


def same(what, ours, theirs, rel=1e-9, tiny=1e-12):
    if not math.isclose(ours, theirs, rel_tol=rel, abs_tol=tiny):
        sys.exit(f"{what}: {ours!r}, should be {theirs!r}")


def fieller(a, b):
    """By the textbook: the roots of (b - r a)^2 = t^2 (v + r^2 u)."""
    import numpy
    from scipy import stats
    m, n = len(a), len(b)
    ma, mb = numpy.mean(a), numpy.mean(b)
    u, v = numpy.var(a, ddof=1) / m, numpy.var(b, ddof=1) / n
    r = mb / ma
    w = r * r * u
    if v + w == 0:
        return r - 1, r - 1
    t = stats.t.ppf(0.975, (v + w) ** 2 / (v * v / (n - 1) + w * w / (m - 1)))
    poly = [ma * ma - t * t * u, -2 * ma * mb, mb * mb - t * t * v]
    if poly[0] <= 0:
        return None
    return tuple(sorted(numpy.roots(poly).real - 1))


def generated():
    """Samples of all sizes: continuous, with ties, skewed, constant, around 0."""
    draw = random.Random(1)
    kinds = [lambda s: draw.gauss(100 + s, 5), lambda s: float(draw.randint(1, 6 + s)), lambda s: draw.lognormvariate(s / 2, 1),
             lambda s: round(draw.gauss(10 + s, 1), 1), lambda s: draw.choice([0.0, 0.0, 1.0 + s]),
             lambda s: draw.gauss(s * 3, 2), lambda s: -draw.gauss(50 - s, 3)]
    sizes = [(4, 4), (4, 7), (5, 5), (6, 6), (8, 9), (10, 10), (12, 15), (15, 15), (16, 16), (20, 20), (25, 9), (50, 50), (51, 51),
             (60, 40), (1, 40), (3, 12), (3, 3), (2, 2), (1, 1)]
    return {f"k{k}-{m}-{n}-{shift}-{again}": ([kind(0) for _ in range(m)], [kind(shift) for _ in range(n)])
            for k, kind in enumerate(kinds) for m, n in sizes for shift in (0, 1, 3) for again in (0, 1)}


def every_split(a, b):
    """The exact p by its definition, for the sizes one can count through."""
    from itertools import combinations
    from scipy import stats
    ranks = stats.rankdata(a + b)
    ours = sum(ranks[:len(a)])
    sums = [sum(c) for c in combinations(ranks, len(a))]
    tails = sum(s <= ours + 1e-9 for s in sums), sum(s >= ours - 1e-9 for s in sums)
    return min(1, 2 * min(tails) / len(sums))


def p_of(a, b):
    from scipy import stats
    ties = len(set(a + b)) < len(a + b)
    if len(set(a + b)) == 1:
        return 1.0
    if not ties and max(len(a), len(b)) <= 50:
        return stats.mannwhitneyu(a, b, method="exact").pvalue
    if ties and max(len(a), len(b)) <= 15:
        return every_split(a, b) if math.comb(len(a + b), len(a)) < 20000 else None
    return min(1, stats.mannwhitneyu(a, b, method="asymptotic").pvalue)


def adjusted(ps):
    order = sorted(range(len(ps)), key=lambda i: ps[i], reverse=True)
    least, out = 1.0, [0.0] * len(ps)
    for place, i in enumerate(order):
        least = min(least, ps[i] * len(ps) / (len(ps) - place))
        out[i] = least
    return out


def by_scipy():
    cases = generated()
    got = findings(cases)
    tested = 0
    for name, (a, b) in cases.items():
        if name not in got:
            if any(abs(sum(v) / len(v)) > 1e-9 for v in (a, b)):
                sys.exit(f"{name}: not compared")
            continue
        f = got[name]
        m, n = len(a), len(b)
        assert (f["a"]["n"], f["b"]["n"]) == (m, n)
        enough = 2 / math.comb(m + n, m) <= 0.05
        assert f["enough_runs"] == enough, name
        if not enough:
            assert f["interval_percent"] is None and f["p"] == 1, name
            continue
        p = p_of(a, b)
        if p is not None:
            same(f"{name} p", f["p"], p)
            tested += 1
        interval = fieller(a, b) if min(m, n) > 1 and sum(a) else None
        if interval is None:
            assert f["interval_percent"] is None, name
        else:
            sign = math.copysign(1, sum(a))
            want = sorted(sign * 100 * x for x in interval)
            for mine, theirs in zip(f["interval_percent"], want):
                same(f"{name} interval", mine, theirs, rel=1e-6, tiny=1e-6)
    names = [n for n in got if got[n]["enough_runs"]]
    for name, q in zip(names, adjusted([got[n]["p"] for n in names])):
        same(f"{name} adjusted", got[name]["p_adjusted"], q)
    try:
        from scipy.stats import false_discovery_control
        for mine, q in zip((got[n]["p_adjusted"] for n in names), false_discovery_control([got[n]["p"] for n in names])):
            same("false_discovery_control", mine, q)
    except ImportError:
        pass
    print(f"{len(got)} samples, {tested} p-values, {len(names)} adjusted")


def fisher():
    from scipy import stats
    cases = {f"p{a}-{b}-{c}-{d}": (a, b, c, d) for a in (0, 3, 9, 30) for b in (0, 1, 5) for c in (0, 2, 8) for d in (0, 1, 12)
             if a + b and c + d}
    lines = [row("ab"[s // 2], name, None, s % 2 == 0) for name, t in cases.items() for s in range(4) for _ in range(t[s])]
    got = {f["scenario"]: f for f in compare(lines)["findings"]}
    for name, (a, b, c, d) in cases.items():
        if b + d == 0 or a + c == 0:
            assert name not in got, name
        elif got[name]["enough_runs"]:
            same(name, got[name]["p"], stats.fisher_exact([[a, b], [c, d]])[1], rel=1e-7)
    print(f"{len(got)} pass rates")


def coverage():
    """Of truth r = 1.2, 95 % of the intervals hold it, whatever the spread."""
    draw = random.Random(7)
    cases = {f"{i}": ([draw.gauss(100, 10) for _ in range(8)], [draw.gauss(120, 20) for _ in range(6)]) for i in range(2000)}
    got = findings(cases)
    held = sum(lo <= 20 <= hi for lo, hi in (f["interval_percent"] for f in got.values()))
    # 0.95 within four standard errors
    assert abs(held / 2000 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000), held
    print(f"{held} of 2000")


def benchstat(path):
    with open(path) as f:
        published = json.load(f)["benchmarks"]
    got = findings({str(i): (b["a"], b["b"]) for i, b in enumerate(published)})
    for i, b in enumerate(published):
        f = got[str(i)]
        what = f"{b['name']}"
        assert f["a"]["n"] == f["b"]["n"] == b["n"], what
        for side, (text, unit) in (("a", b["median_a"]), ("b", b["median_b"])):
            digits = len(text.split(".")[1]) if "." in text else 0
            # a half may go either way
            assert abs(f[side]["median"] / unit - float(text)) <= 0.5000001 * 10 ** -digits, what
        change = 100 * (f["b"]["median"] / f["a"]["median"] - 1)
        assert f"{f['p']:.3f}" == b["p"], (what, f["p"], b["p"])
        # it names the change where it is significant, and "~" elsewhere
        assert (b["change"] is None) == (f["p"] >= 0.05), what
        assert b["change"] is None or f"{change:+.2f}%" == b["change"], (what, change, b["change"])
    print(f"{len(published)} benchmarks")


{"scipy": by_scipy, "fisher": fisher, "coverage": coverage, "benchstat": benchstat}[ask](*args)
