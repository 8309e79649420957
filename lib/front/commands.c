/* SPDX-License-Identifier: GPL-2.0-only */
#include "front/commands.h"

#include "cli/jq.h"

#define FLAG(n, h)    .opt = { .name = n, .type = OPT_FLAG, .help = h }
#define STR(n, a, h)  .opt = { .name = n, .type = OPT_STR, .arg = a, .help = h }
#define LIST(n, a, h) .opt = { .name = n, .type = OPT_LIST, .arg = a, .help = h }

#define BUILD  "ktstr-resolve {kernel} | ktstr-fetch | ktstr-build |3 "
#define DIRECT "ktstr-exec --no-kernel -- "

static const char *const accels[] = { "auto", "kvm", "tcg", NULL };
static const char *const shells[] = { "bash", "elvish", "fish", "powershell", "zsh", NULL };

/* Options that several commands share, each written once. */
#define KERNEL_OPTS                                                                                      \
	{ .opt = { .name = "kernel",                                                                     \
		   .type = OPT_LIST,                                                                     \
		   .arg = "ID",                                                                          \
		   .values = "kernel",                                                                   \
		   .help = "Kernel to build if needed and to test; repeatable",                          \
		   .more = "A source directory, a source tarball, a version, a cache key, a range\n"     \
			   "START..END or git+URL#REF. Without it the newest kernel of the cache is\n"   \
			   "used, else one built in ./linux or ../linux, else the host's own. Several\n" \
			   "kernels multiply the tests." },                                              \
	  .as = "" },                                                                                    \
	{                                                                                                \
		.opt = { .name = "lean",                                                                 \
			 .type = OPT_FLAG,                                                               \
			 .help = "Build kernels from the lean configuration",                            \
			 .more = "A third of the build time of defconfig; kept apart in the cache.\n"    \
				 "Also settable by KTSTR_LEAN=1." },                                     \
		.env = ENV_LEAN                                                                          \
	}

#define MODE_OPTS                                                                                    \
	{ .opt = { .name = "no-perf-mode",                                                           \
		   .type = OPT_FLAG,                                                                 \
		   .help = "Switch every performance mode feature off",                              \
		   .more = "Locks on CPUs, pinning, real-time priority, huge pages, NUMA binding.\n" \
			   "Also settable by KTSTR_NO_PERF_MODE=1." },                               \
	  .env = ENV_NO_PERF_MODE },                                                                 \
		{ .opt = { .name = "no-skip-mode",                                                   \
			   .type = OPT_FLAG,                                                         \
			   .help = "A test that cannot run here fails, where it would be skipped",   \
			   .more = "Also settable by KTSTR_NO_SKIP_MODE=1." },                       \
		  .env = ENV_NO_SKIP_MODE },                                                         \
	{                                                                                            \
		.opt = { .name = "accel",                                                            \
			 .type = OPT_STR,                                                            \
			 .arg = "HOW",                                                               \
			 .help = "What runs the VMs",                                                \
			 .more = "auto takes KVM where a guest really runs on it, else TCG.\n"       \
				 "Also settable by KTSTR_ACCEL.",                                    \
			 .choices = accels },                                                        \
		.env = ENV_ACCEL                                                                     \
	}

#define RELEASE_OPT                                                                                 \
	{ .opt = { .name = "release",                                                               \
		   .type = OPT_FLAG,                                                                \
		   .help = "Build and run tests with the release profile",                          \
		   .more = "Its checks are stricter: gaps up to 2000 ms where debug allows 3000,\n" \
			   "a spread up to 15 % where debug allows 35 %." },                        \
	  .as = "--cargo-profile release" }

static const struct cmd_opt test_opts[] = { KERNEL_OPTS, MODE_OPTS, RELEASE_OPT, { { 0 } } };
static const struct cmd_opt llvm_cov_opts[] = { KERNEL_OPTS, MODE_OPTS, { { 0 } } };
static const struct cmd_opt verifier_opts[] = {
	KERNEL_OPTS,
	{ FLAG("raw", "Show the verifier's log as it came, cycles not collapsed"), .env = ENV_VERIFIER_RAW },
	{ { 0 } },
};

#define JSON_OPT(h)                     \
	{ FLAG("json", h) },            \
	{                               \
		.opt = { JQ_ROW(NULL) } \
	}
#define DIR_ROW STR("dir", "DIR", "Read runs from here, not from target/ktstr")
#define DIR_OPT { DIR_ROW }
#define RUN_OPT                                                              \
	{                                                                    \
		.opt = {.name = "run",                                       \
			.type = OPT_STR,                                     \
			.arg = "RUN",                                        \
			.help = "Run, as 'cargo ktstr stats list' names it", \
			.required = true }                                   \
	}

static const struct cmd_opt json_opts[] = { JSON_OPT("Print JSON, not a table"), { { 0 } } };
static const struct cmd_opt summary_opts[] = { JSON_OPT("Print JSON, not a report"), { { 0 } } };
static const struct cmd_opt metrics_opts[] = { JSON_OPT("Print JSON, not a table"),
					       { FLAG("pool", "Show what the results of target/ktstr have") },
					       { STR("dir", "DIR", "Show what the results of the runs in DIR have") },
					       { { 0 } } };
static const struct cmd_opt values_opts[] = { JSON_OPT("Print JSON, not a block for each dimension"),
					      DIR_OPT,
					      { { 0 } } };
static const struct cmd_opt run_opts[] = {
	RUN_OPT,
	{ DIR_ROW },
	JSON_OPT("Print JSON, not lines"),
	{ { 0 } },
};
static const struct cmd_opt explain_opts[] = {
	RUN_OPT,
	{ DIR_ROW },
	JSON_OPT("Print JSON over the whole run, not text for each result"),
	{ { 0 } },
};

static const struct cmd_opt archive_opts[] = {
	{ .opt = { .name = "output",
		   .brief = 'o',
		   .type = OPT_STR,
		   .arg = "FILE",
		   .help = "Archive to write (RUN.tar.zst)",
		   .more = "Its suffix says how it is compressed: .tar.zst, .tar.gz, .tar.xz, .tar." } },
	{ STR("dir", "DIR", "Take the run from here, not from target/ktstr") },
	{ FLAG("remove", "Remove the run once the archive has been read back") },
	{ { 0 } },
};
static const struct cmd_opt prune_opts[] = {
	{ .opt = { .name = "keep",
		   .type = OPT_INT,
		   .arg = "N",
		   .help = "Keep the N newest runs",
		   .min = 0,
		   .max = 1 << 30,
		   .required = true } },
	{ STR("dir", "DIR", "Prune the runs here, not in target/ktstr") },
	{ FLAG("dry-run", "Only say what would be removed") },
	{ { 0 } },
};

/* One dimension of a comparison: both sides, side A, side B. */
#define DIMENSION(n, a, what)                                                      \
	{ .opt = { .name = n,                                                      \
		   .type = OPT_LIST,                                               \
		   .arg = a,                                                       \
		   .values = "row." n,                                             \
		   .help = "Both sides: " what "; repeatable",                     \
		   .more = "--a-" n " or --b-" n " replaces it for its side." } }, \
		{ LIST("a-" n, a, "Side A: " what), .opt.values = "row." n },      \
	{                                                                          \
		LIST("b-" n, a, "Side B: " what), .opt.values = "row." n           \
	}

static const char *const compare_formats[] = { "table", "json", "csv", "markdown", "junit", NULL };
static const struct cmd_opt compare_opts[] = {
	{ .opt = { .name = "filter",
		   .brief = 'E',
		   .type = OPT_STR,
		   .arg = "TEXT",
		   .values = "test",
		   .help = "Only rows whose scenario, topology, scheduler or work type has it" } },
	{ .opt = { .name = "threshold",
		   .type = OPT_REAL,
		   .arg = "PCT",
		   .help = "One relative threshold for every metric, in percent",
		   .conflicts = "policy" } },
	{ STR("policy", "FILE", "JSON file of thresholds, one a metric") },
	DIR_OPT,
	{ FLAG("no-average", "Keep every result apart; no averages") },
	{ .opt = { .name = "alpha",
		   .type = OPT_REAL,
		   .arg = "P",
		   .help = "Count a change only if it is significant at this level",
		   .more = "By the Mann-Whitney test over the runs, corrected for the number of metrics tested.\n"
			   "0.05 is usual; it takes four runs a side." } },
	{ FLAG("require-pairs", "Fail when nothing could be compared") },
	{ FLAG("all", "List what did not change, too") },
	{ .opt = { .name = "format",
		   .type = OPT_STR,
		   .arg = "FORMAT",
		   .help = "table, json, csv, markdown or junit",
		   .choices = compare_formats } },
	{ .opt = { .name = "json", .type = OPT_FLAG, .help = "The same as --format json", .conflicts = "format" } },
	{ .opt = { JQ_ROW(NULL) } },
	{ STR("plot", "FILE", "Draw box plots of what was compared into this SVG file too") },
	DIMENSION("kernel", "VERSION", "kernel version; 6.12 means all of 6.12.x"),
	DIMENSION("project-commit", "REV", "commit of the project"),
	DIMENSION("kernel-commit", "REV", "commit of the kernel tree"),
	DIMENSION("run-source", "NAME", "local, ci or archive"),
	DIMENSION("scheduler", "NAME", "scheduler"),
	DIMENSION("topology", "LABEL", "topology, such as 1n2l4c2t"),
	DIMENSION("work-type", "TYPE", "work type, such as SpinWait"),
	{ { 0 } },
};

/* Which results a command looks at that has no sides. */
#define PICK_OPTS                                                                                    \
	{ .opt = { .name = "filter",                                                                 \
		   .brief = 'E',                                                                     \
		   .type = OPT_STR,                                                                  \
		   .arg = "TEXT",                                                                    \
		   .values = "test",                                                                 \
		   .help = "Only results whose test, topology, scheduler or work type has it" } },   \
		{ LIST("kernel", "VERSION", "Only this kernel version; 6.12 means all of 6.12.x"),   \
		  .opt.values = "row.kernel" },                                                      \
		{ LIST("scheduler", "NAME", "Only this scheduler"), .opt.values = "row.scheduler" }, \
		{ LIST("topology", "LABEL", "Only this topology"), .opt.values = "row.topology" },   \
		{ LIST("work-type", "TYPE", "Only this work type"), .opt.values = "row.work-type" }, \
		{ LIST("project-commit", "REV", "Only this commit or range of the project"),         \
		  .opt.values = "row.project-commit" },                                              \
		{ LIST("kernel-commit", "REV", "Only this commit or range of the kernel tree"),      \
		  .opt.values = "row.kernel-commit" },                                               \
		{ LIST("run-source", "NAME", "Only this source of runs: local, ci or archive"),      \
		  .opt.values = "row.run-source" }

static const struct cmd_opt report_opts[] = {
	{ .opt = { .name = "output",
		   .brief = 'o',
		   .type = OPT_STR,
		   .arg = "DIR",
		   .help = "Write DIR/index.html",
		   .required = true } },
	PICK_OPTS,
	DIR_OPT,
	{ { 0 } },
};

static const struct cmd_opt trend_opts[] = {
	{ STR("by", "LIST", "What makes a series (test,scheduler,topology,work-type,kernel)") },
	PICK_OPTS,
	{ .opt = { .name = "alpha",
		   .type = OPT_REAL,
		   .arg = "P",
		   .help = "What a change's p-value may be at most (0.05)" } },
	{ STR("plot", "FILE", "Draw it into this SVG file too") },
	DIR_OPT,
	JSON_OPT("Print JSON"),
	{ { 0 } },
};

static const struct cmd_opt list_opts[] = {
	JSON_OPT("Print JSON"),
	{ .opt = { .name = "range",
		   .type = OPT_STR,
		   .arg = "START..END",
		   .help = "Print the versions a range stands for; builds nothing",
		   .more = "Asks kernel.org once; the cache is not read." } },
	{ { 0 } },
};

static const struct cmd_opt build_opts[] = {
	{ .opt = { .name = "source",
		   .type = OPT_STR,
		   .arg = "PATH",
		   .help = "Build this source directory or source tarball",
		   .more = "A directory with uncommitted changes is built and not cached.",
		   .conflicts = "git" },
	  .as = "./" },
	{ .opt = { .name = "git",
		   .type = OPT_STR,
		   .arg = "URL",
		   .help = "Clone this repository at --ref, one commit deep",
		   .needs = "ref" },
	  .as = "" },
	{ .opt = { .name = "ref",
		   .type = OPT_STR,
		   .arg = "REF",
		   .help = "Branch, tag or commit of --git",
		   .needs = "git" },
	  .as = "" },
	{ .opt = { .name = "lean", .type = OPT_FLAG, .help = "Build from the lean configuration" }, .env = ENV_LEAN },
	{ FLAG("force", "Build even if the cache has it") },
	{ .opt = { .name = "clean",
		   .type = OPT_FLAG,
		   .help = "Run make mrproper first; only with --source",
		   .more = "Downloaded sources start clean." } },
	{ .opt = { .name = "cpu-cap",
		   .type = OPT_INT,
		   .arg = "N",
		   .help = "Reserve exactly N CPUs for the build",
		   .more = "Without it 30 % of the CPUs this process may use.\n"
			   "Also settable by KTSTR_CPU_CAP.",
		   .unit = "CPU",
		   .min = 1,
		   .max = 1 << 20 } },
	{ STR("extra-kconfig", "PATH", "Merge this configuration fragment behind the built-in one") },
	{ FLAG("skip-sha256", "Do not check the checksum of a download") },
	JSON_OPT("Write the finished kernel records to standard output"),
	{ { 0 } },
};

static const struct cmd_opt clean_opts[] = {
	{ .opt = { .name = "keep",
		   .type = OPT_INT,
		   .arg = "N",
		   .help = "Keep the N newest valid kernels",
		   .more = "Corrupt entries always go. An entry that is in use stays in any case.",
		   .min = 0,
		   .max = 1 << 30 } },
	{ FLAG("force", "Do not ask; needed where there is no terminal") },
	{ .opt = { .name = "corrupt-only",
		   .type = OPT_FLAG,
		   .help = "Remove only entries that cannot be used",
		   .conflicts = "keep" } },
	{ { 0 } },
};

#define PIN_OPT { STR("pin", "FILE", "Take the model this pin names, not the built-in one") }

static const struct cmd_opt pin_opts[] = { PIN_OPT, { { 0 } } };
static const struct cmd_opt model_fetch_opts[] = {
	PIN_OPT,
	{ .opt = { .name = "stall-timeout",
		   .type = OPT_TIME,
		   .arg = "DURATION",
		   .help = "Give up when nothing comes for this long (60s)" } },
	{ { 0 } },
};
static const struct cmd_opt model_status_opts[] = { PIN_OPT, JSON_OPT("Print JSON, not four lines"), { { 0 } } };

static const struct cmd_opt funify_opts[] = {
	{ STR("seed", "SEED", "Choose the names by this word") },
	{ FLAG("keys", "Replace keys too that are no words of a known format") },
	{ FLAG("sort-keys", "Put the members of each object in the order of their keys") },
	{ FLAG("pretty", "Print over several lines") },
	{ { 0 } },
};

static const struct cmd_opt completions_opts[] = {
	{ STR("binary", "NAME", "Command word the script is for (cargo)") },
	{ { 0 } },
};

static const struct cmd_opt export_opts[] = {
	{ .opt = { .name = "output",
		   .brief = 'o',
		   .type = OPT_STR,
		   .arg = "PATH",
		   .help = "Where to write it (TEST.run)" } },
	{ .opt = { .name = "package",
		   .brief = 'p',
		   .type = OPT_STR,
		   .arg = "NAME",
		   .help = "Look only in this package" } },
	{ FLAG("release", "Build tests with the release profile") },
	{ { 0 } },
};

static const struct cmd_opt locks_opts[] = {
	JSON_OPT("Print JSON"),
	{ .opt = { .name = "watch",
		   .type = OPT_TIME,
		   .arg = "DURATION",
		   .help = "Show it again at this interval: 100ms, 1s, 5m" } },
	{ { 0 } },
};

static const struct cmd_opt show_host_opts[] = {
	JSON_OPT("Print JSON"),
	{ STR("root", "DIR", "Read DIR/proc and DIR/sys, a copy of another host's") },
	{ { 0 } },
};

static const struct cmd_opt shell_opts[] = {
	{ .opt = { .name = "kernel",
		   .type = OPT_STR,
		   .arg = "ID",
		   .values = "kernel",
		   .help = "Kernel to boot",
		   .more = "A source directory, a boot image, a version or a cache key." },
	  .as = "" },
	{ STR("topology", "N,L,C,T", "NUMA nodes, LLCs in total, cores in an LLC, threads in a core (1,1,1,1)"),
	  .opt.values = "topology" },
	{ .opt = { .name = "include-files",
		   .brief = 'i',
		   .type = OPT_LIST,
		   .arg = "PATH",
		   .help = "File, directory or command to put in the guest; repeatable" } },
	{ .opt = { .name = "memory-mb",
		   .type = OPT_INT,
		   .arg = "MIB",
		   .help = "Memory of the guest",
		   .min = 128,
		   .max = 4294967295 } },
	{ FLAG("dmesg", "Show the guest kernel's console") },
	{ STR("exec", "COMMAND", "Run one command and return its exit code") },
	{ FLAG("no-perf-mode", "Switch every performance mode feature off"), .env = ENV_NO_PERF_MODE },
	{ .opt = { .name = "cpu-cap",
		   .type = OPT_INT,
		   .arg = "N",
		   .help = "Reserve exactly N CPUs",
		   .needs = "no-perf-mode",
		   .unit = "CPU",
		   .min = 1,
		   .max = 1 << 20 } },
	{ STR("disk", "SIZE", "Give the guest an empty disk: 512mib, 2gib") },
	{ .opt = { .name = "accel", .type = OPT_STR, .arg = "HOW", .help = "What runs the VM", .choices = accels },
	  .env = ENV_ACCEL },
	{ { 0 } },
};

#define KERNEL_BUILD(spec)                                                                      \
	"ktstr-resolve {force} {clean} {extra-kconfig} " spec " | ktstr-fetch {skip-sha256} | " \
	"ktstr-build {force} {clean} {cpu-cap} --report {jq}"

const struct command commands[] = {
	{ .name = "test",
	  .alias = "nextest",
	  .about = "Build the kernel (if needed) and run tests",
	  .args = "[ARGS]...",
	  .detail = "From the first word that is no option above, or behind --, everything is passed\n"
		    "to cargo nextest run: cargo ktstr test --kernel ../linux -- -E 'test(my_test)'",
	  .tail = true,
	  .values = "nextest",
	  .needs = "cargo-nextest",
	  .opts = test_opts,
	  .recipes = { { "kernel", BUILD "ktstr-exec -- cargo nextest run {release} {tail}" },
		       { NULL, DIRECT "cargo nextest run {release} {tail}" } } },
	{ .name = "coverage",
	  .about = "Build the kernel (if needed) and run tests with coverage",
	  .args = "[ARGS]...",
	  .detail = "From the first word that is no option above, or behind --, everything is passed\n"
		    "to cargo llvm-cov nextest.",
	  .tail = true,
	  .values = "llvm-cov-nextest",
	  .needs = "cargo-nextest cargo-llvm-cov",
	  .opts = test_opts,
	  .recipes = { { "kernel", BUILD "ktstr-exec -- cargo llvm-cov nextest {release} {tail}" },
		       { NULL, DIRECT "cargo llvm-cov nextest {release} {tail}" } } },
	{ .name = "llvm-cov",
	  .about = "Run cargo llvm-cov with any arguments",
	  .args = "[ARGS]...",
	  .detail = "Everything from the first word that is no option above is passed on as it is:\n"
		    "cargo ktstr llvm-cov report --lcov --output-path lcov.info",
	  .tail = true,
	  .values = "llvm-cov",
	  .opts = llvm_cov_opts,
	  .recipes = { { "kernel", BUILD "ktstr-exec -- cargo llvm-cov {tail}" },
		       { NULL, DIRECT "cargo llvm-cov {tail}" } } },
	{ .name = "stats",
	  .about = "Show results, the newest run by default",
	  .opts = summary_opts,
	  .recipes = { { NULL, "ktstr-sidecar read --newest --whole | ktstr-stats report {json} {jq}" } } },
	{ .name = "stats list",
	  .about = "List runs, newest first",
	  .opts = json_opts,
	  .recipes = { { NULL, "ktstr-runs list {json} {jq}" } } },
	{ .name = "stats list-metrics",
	  .about = "List the metrics and their thresholds",
	  .detail = "With --pool or --dir also the metrics of payloads and extensions that the results\n"
		    "have, and how many results have each.",
	  .opts = metrics_opts,
	  .recipes = { { "dir", "ktstr-sidecar read {dir} | ktstr-stats metrics --found {json} {jq}" },
		       { "pool", "ktstr-sidecar read {pool} | ktstr-stats metrics --found {json} {jq}" },
		       { NULL, "ktstr-stats metrics {json} {jq}" } } },
	{ .name = "stats list-values",
	  .about = "List what the results can be compared by",
	  .opts = values_opts,
	  .recipes = { { NULL, "ktstr-runs values {options}" } } },
	{ .name = "stats show-host",
	  .about = "Show the host a run was made on",
	  .opts = run_opts,
	  .recipes = { { NULL, "ktstr-runs host {options}" } } },
	{ .name = "stats explain-sidecar",
	  .about = "Say why fields of a run's results are empty",
	  .opts = explain_opts,
	  .recipes = { { NULL, "ktstr-runs explain {options}" } } },
	{ .name = "stats archive",
	  .about = "Pack a run into one file",
	  .args = "<RUN>",
	  .detail = "The archive is read back and compared with the run before it gets its name.\n"
		    "Unpacked in a directory DIR it is read by --dir DIR.",
	  .min_args = 1,
	  .max_args = 1,
	  .opts = archive_opts,
	  .recipes = { { NULL, "ktstr-archive {options} {args}" } } },
	{ .name = "stats prune",
	  .about = "Remove all but the newest runs",
	  .opts = prune_opts,
	  .recipes = { { NULL, "ktstr-runs prune {options}" } } },
	{ .name = "stats compare",
	  .about = "Compare results; exit 1 on a regression",
	  .detail = "The options for side A and side B say what separates the two:\n"
		    "cargo ktstr stats compare --a-kernel 6.14 --b-kernel 6.15 --scheduler scx_rusty",
	  .opts = compare_opts,
	  .recipes = { { NULL, "ktstr-sidecar read --pool {dir} | ktstr-compare {dir} {options}" } } },
	{ .name = "stats report",
	  .about = "Write a page with tables and plots",
	  .detail = "The page is DIR/index.html; it needs no network and links to the results.",
	  .opts = report_opts,
	  .recipes = { { NULL, "ktstr-sidecar read --pool {dir} | ktstr-report {options} {dir}" } } },
	{ .name = "stats trend",
	  .about = "Show a metric over the project's commits",
	  .args = "<METRIC>",
	  .values = "metric",
	  .detail = "cargo ktstr stats trend worst_spread --scheduler scx_rusty",
	  .min_args = 1,
	  .max_args = 1,
	  .opts = trend_opts,
	  .recipes = { { NULL, "ktstr-sidecar read --pool {dir} | ktstr-trend {options} {args}" } } },
	{ .name = "kernel", .about = "Manage cached kernels" },
	{ .name = "kernel list",
	  .about = "List cached kernels, newest first",
	  .opts = list_opts,
	  .recipes = { { "range", "ktstr-releases {range} {json} {jq}" }, { NULL, "ktstr-cache list {json} {jq}" } } },
	{ .name = "kernel build",
	  .about = "Get, build and cache a kernel",
	  .args = "[VERSION]",
	  .values = "kernel",
	  .detail = "Without VERSION, --source or --git: the newest stable series with at least eight\n"
		    "maintenance releases. A series such as 6.12 or 6 means its newest release, a range\n"
		    "START..END every stable and longterm release in it.",
	  .max_args = 1,
	  .alone = "source git",
	  .needs = "make",
	  .opts = build_opts,
	  .recipes = { { "source", KERNEL_BUILD("{source}") },
		       { "git", KERNEL_BUILD("git+{git}#{ref}") },
		       { "{args}", KERNEL_BUILD("--series {args}") },
		       { NULL, KERNEL_BUILD("--latest") } },
	  .works = true },
	{ .name = "kernel clean",
	  .about = "Remove cached kernels",
	  .opts = clean_opts,
	  .recipes = { { NULL, "ktstr-cache clean {options}" } } },
	{ .name = "model", .about = "Manage the cached language model" },
	{ .name = "model fetch",
	  .about = "Download the model and check it",
	  .opts = model_fetch_opts,
	  .recipes = { { NULL, "ktstr-model fetch {options}" } } },
	{ .name = "model status",
	  .about = "Say whether the model is there and whole",
	  .opts = model_status_opts,
	  .recipes = { { NULL, "ktstr-model status {options}" } } },
	{ .name = "model clean",
	  .about = "Delete the model",
	  .opts = pin_opts,
	  .recipes = { { NULL, "ktstr-model clean {options}" } } },
	{ .name = "verifier",
	  .about = "Collect BPF verifier figures of every scheduler",
	  .detail = "Every scheduler, kernel and topology is a test of its own.",
	  .needs = "cargo-nextest",
	  .later = "*",
	  .opts = verifier_opts,
	  .recipes = { { "kernel", BUILD "ktstr-exec -- cargo nextest run -E test(/^verifier/)" },
		       { NULL, DIRECT "cargo nextest run -E test(/^verifier/)" } } },
	{ .name = "funify",
	  .alias = "costume",
	  .about = "Replace the names in JSON by pet names",
	  .args = "[INPUT]",
	  .max_args = 1,
	  .opts = funify_opts,
	  .recipes = { { NULL, "ktstr-funify {options} {args}" } } },
	{ .name = "completions",
	  .about = "Print a completion script for a shell",
	  .args = "<SHELL>",
	  .min_args = 1,
	  .max_args = 1,
	  .words = shells,
	  .opts = completions_opts,
	  .recipes = { { NULL, "ktstr-completions {options} {args}" } } },
	{ .name = "show-host",
	  .about = "Show this host as results record it",
	  .opts = show_host_opts,
	  .recipes = { { NULL, "ktstr-show-host {options}" } } },
	{ .name = "show-thresholds",
	  .about = "Show what a test is checked against",
	  .args = "<TEST>",
	  .min_args = 1,
	  .max_args = 1,
	  .later = "*",
	  .recipes = { { NULL, "ktstr-show-thresholds {args}" } } },
	{ .name = "export",
	  .about = "Write a test into one file that runs anywhere",
	  .args = "<TEST>",
	  .min_args = 1,
	  .max_args = 1,
	  .later = "*",
	  .opts = export_opts,
	  .recipes = { { NULL, "ktstr-export {options} {args}" } } },
	{ .name = "locks",
	  .about = "Show who holds locks on CPUs, cache entries and runs",
	  .opts = locks_opts,
	  .recipes = { { NULL, "ktstr-locks {options}" } } },
	{ .name = "shell",
	  .about = "Boot a kernel and open a shell in it",
	  .opts = shell_opts,
	  .later = "*",
	  .recipes = { { "kernel", BUILD "ktstr-vm shell {options}" }, { NULL, "ktstr-vm shell {options}" } } },
	{ .name = "doctor",
	  .about = "Say what this host can do, and what to type for the rest",
	  .opts = json_opts,
	  .recipes = { { NULL, "ktstr-doctor {options}" } } },
	{ 0 },
};

const struct opt command_explain = { .name = "explain",
				     .type = OPT_FLAG,
				     .help = "Print the pipeline as a shell line and run nothing" };

const char command_help_about[] = "Print this text, or the help of a command";
