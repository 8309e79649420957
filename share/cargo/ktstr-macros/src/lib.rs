// SPDX-License-Identifier: GPL-2.0-only
//! The part of `ktstr::c_test!` that has to run inside the compiler: it
//! compiles C files into an archive and expands to the items that link it.

use proc_macro::TokenStream;
use std::fmt::Write;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, process};

mod depfile;
mod literal;

/// `compile!("DIR", "debug" or "release", "a.c", …)`, DIR being in the
/// linker's search path.
#[proc_macro]
pub fn compile(input: TokenStream) -> TokenStream {
    let code = match literal::strings(input).and_then(|args| expand(&args)) {
        Ok(code) => code,
        Err(message) => format!("::core::compile_error!({message:?});"),
    };
    code.parse().expect("the expansion is Rust")
}

/// One test target's C files on their way into an archive.
struct Job {
    /// The package, which is where the C compiler runs: its messages name
    /// files as the user does.
    package: PathBuf,
    out: PathBuf,
    /// Name of the archive, without lib and .a; no two targets share one.
    name: String,
    release: bool,
}

fn expand(args: &[String]) -> Result<String, String> {
    let [out, profile, files @ ..] = args else {
        return Err("compile! wants a directory, a profile and C files".into());
    };
    let job = Job::new(Path::new(out), profile == "release", files)?;
    // rust-analyzer may expand the same macro while cargo builds it
    let scratch = job.out.join(format!("{}.{}", job.name, process::id()));
    fs::create_dir_all(&scratch).map_err(|e| format!("create {}: {e}", scratch.display()))?;
    let inputs = job.build(files, &scratch);
    let _ = fs::remove_dir_all(&scratch);
    Ok(job.items(&inputs?))
}

impl Job {
    fn new(out: &Path, release: bool, files: &[String]) -> Result<Job, String> {
        let package =
            PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?);
        let target = env::var("CARGO_CRATE_NAME").unwrap_or_else(|_| "test".into());
        let mut hash = std::collections::hash_map::DefaultHasher::new();
        (&package, &target, release, files).hash(&mut hash);
        let name = format!("ktstr_{target}_{:016x}", hash.finish());

        Ok(Job { package, out: out.to_path_buf(), name, release })
    }

    /// Compile and archive; gives every file that went in, for cargo to watch.
    fn build(&self, files: &[String], scratch: &Path) -> Result<Vec<PathBuf>, String> {
        let mut inputs = Vec::new();
        let mut objects = Vec::new();

        for (i, file) in files.iter().enumerate() {
            let object = scratch.join(format!("{i}.o"));
            inputs.extend(self.compile(&self.locate(file)?, &object)?);
            objects.push(object);
        }
        self.archive(&objects, scratch)?;
        inputs.sort();
        inputs.dedup();
        Ok(inputs)
    }

    /// FILE relative to the package: below tests/, else beside Cargo.toml.
    fn locate(&self, file: &str) -> Result<PathBuf, String> {
        [Path::new("tests").join(file), PathBuf::from(file)]
            .into_iter()
            .find(|path| self.package.join(path).is_file())
            .ok_or_else(|| format!("{file}: no such file in {0}/tests or {0}", self.package.display()))
    }

    fn compile(&self, source: &Path, object: &Path) -> Result<Vec<PathBuf>, String> {
        let deps = object.with_extension("d");
        let mut cc = tool("CC", "cc");

        cc.args(["-c", "-g", "-O2", "-Wall", "-Wextra"]).arg("-I").arg(self.out.join("include"));
        if self.release {
            cc.arg("-DNDEBUG");
        }
        cc.args(words("CFLAGS"));
        cc.args(["-MMD", "-MT", "object", "-MF"]).arg(&deps);
        cc.arg("-o").arg(object).arg(source).current_dir(&self.package);
        let said = run(cc).map_err(|e| format!("{} does not compile:\n{e}", source.display()))?;
        // warnings: cargo passes the compiler's stderr on
        eprint!("{said}");

        let rule = fs::read_to_string(&deps).map_err(|e| format!("read {}: {e}", deps.display()))?;
        Ok(depfile::inputs(&rule).into_iter().map(|path| self.package.join(path)).collect())
    }

    fn archive(&self, objects: &[PathBuf], scratch: &Path) -> Result<(), String> {
        let whole = scratch.join("whole.a");
        let mut ar = tool("AR", "ar");

        ar.arg("qcs").arg(&whole).args(objects);
        run(ar)?;
        let path = self.out.join(format!("lib{}.a", self.name));
        fs::rename(&whole, &path).map_err(|e| format!("write {}: {e}", path.display()))
    }

    /// The whole archive is linked because nothing refers to its tests: they
    /// register themselves. cargo rebuilds when an included file changes.
    fn items(&self, inputs: &[PathBuf]) -> String {
        let mut items = format!(
            "#[link(name = {:?}, kind = \"static\", modifiers = \"+whole-archive\")]\nextern \"C\" {{}}\n",
            self.name
        );
        for input in inputs {
            let _ =
                writeln!(items, "const _: &[u8] = ::core::include_bytes!({:?});", input.to_string_lossy());
        }
        for var in ["CC", "CFLAGS", "AR"] {
            let _ = writeln!(items, "const _: ::core::option::Option<&str> = ::core::option_env!({var:?});");
        }
        items
    }
}

/// The words of an environment variable, split as make and the shell split it.
fn words(var: &str) -> Vec<String> {
    env::var(var).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}

/// `$VAR`, which may carry options or a wrapper, else `default`.
fn tool(var: &str, default: &str) -> Command {
    let words = words(var);
    let (program, args) = words.split_first().map_or((default, &[][..]), |(p, a)| (p.as_str(), a));
    let mut command = Command::new(program);

    command.args(args);
    command
}

/// What the program said on stderr; an error if it failed or isn't there.
fn run(mut command: Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let done = command.output().map_err(|e| format!("can't run {program}: {e}"))?;
    let said = String::from_utf8_lossy(&done.stderr).into_owned();

    if done.status.success() {
        return Ok(said);
    }
    Err(if said.is_empty() { format!("{program}: {}", done.status) } else { said })
}
