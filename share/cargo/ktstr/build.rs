// SPDX-License-Identifier: GPL-2.0-only
//! Finds libktstr.a and ktstr.h, has libktstr.a linked, and writes the
//! c_test! macro with the directories it needs in it.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

/// Where the two files and the helper programs lie below a root: installed,
/// then in the source tree.
const LAYOUTS: [Layout; 2] = [
    Layout {
        lib: "lib/libktstr.a",
        header: "include/ktstr.h",
        libexec: "libexec/ktstr",
        share: "share/ktstr",
    },
    Layout { lib: "build/libktstr.a", header: "lib/test/ktstr.h", libexec: "build/libexec", share: "share" },
];

struct Layout {
    lib: &'static str,
    header: &'static str,
    libexec: &'static str,
    share: &'static str,
}

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let roots = roots();
    let (root, layout) = find(&roots).unwrap_or_else(|| not_found(&roots));

    link_header(&root.join(layout.header), &out);
    write_macro(&out);
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=KTSTR_PREFIX");
    println!("cargo:rerun-if-changed={}", text(&root.join(layout.lib)));
    println!("cargo:rerun-if-changed={}", text(&root.join(layout.header)));
    println!("cargo:rustc-env=KTSTR_FOUND_LIBEXEC={}", text(&root.join(layout.libexec)));
    println!("cargo:rustc-env=KTSTR_FOUND_SHARE={}", text(&root.join(layout.share)));
    println!("cargo:rustc-link-search=native={}", text(root.join(layout.lib).parent().unwrap()));
    // c_test! leaves its archives here
    println!("cargo:rustc-link-search=native={}", text(&out));
    println!("cargo:rustc-link-lib=static=ktstr");
    println!("cargo:rustc-link-lib=m");
}

/// The directories that can hold the library: KTSTR_PREFIX alone if it is
/// set, else what this crate lies in.
fn roots() -> Vec<PathBuf> {
    if let Some(prefix) = env::var_os("KTSTR_PREFIX").filter(|p| !p.is_empty()) {
        return vec![PathBuf::from(prefix)];
    }
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let here = fs::canonicalize(&here).unwrap_or(here);

    // PREFIX/share/ktstr/cargo/ktstr, and share/cargo/ktstr of a source tree
    here.ancestors().skip(3).take(2).map(Path::to_path_buf).collect()
}

fn find(roots: &[PathBuf]) -> Option<(&PathBuf, &'static Layout)> {
    roots
        .iter()
        .flat_map(|root| LAYOUTS.iter().map(move |layout| (root, layout)))
        .find(|(root, layout)| root.join(layout.lib).is_file() && root.join(layout.header).is_file())
}

fn not_found(roots: &[PathBuf]) -> ! {
    eprintln!("libktstr.a and ktstr.h were not found. Looked for:");
    for root in roots {
        for layout in &LAYOUTS {
            eprintln!("  {} with {}", root.join(layout.lib).display(), layout.header);
        }
    }
    eprintln!(
        "Run `make` in the cargo-ktstr source tree first, or set KTSTR_PREFIX to where it is installed."
    );
    process::exit(1);
}

/// A directory with ktstr.h and nothing else in it, so that no other header
/// beside it can take a system header's place.
fn link_header(header: &Path, out: &Path) {
    let dir = out.join("include");
    let link = dir.join("ktstr.h");

    fs::create_dir_all(&dir).expect("create the include directory");
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(header, &link).expect("link ktstr.h");
}

fn write_macro(out: &Path) {
    let dir = text(out);
    let text = format!(
        r#"/// The whole of a test target: `ktstr::c_test!("sched.c");` compiles tests/sched.c,
/// or the file of that name beside Cargo.toml, and runs its tests. More files
/// may follow; they go into the same program.
#[macro_export]
macro_rules! c_test {{
    ($($file:literal),+ $(,)?) => {{
        #[cfg(debug_assertions)]
        $crate::compile!({dir:?}, "debug", $($file),+);
        #[cfg(not(debug_assertions))]
        $crate::compile!({dir:?}, "release", $($file),+);

        fn main() {{
            $crate::main()
        }}
    }};
}}
"#
    );
    fs::write(out.join("c_test.rs"), text).expect("write c_test.rs");
}

/// Cargo's output lines and Rust source hold UTF-8 only.
fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_else(|| {
        eprintln!("{}: the path is not valid UTF-8, which cargo needs", path.display());
        process::exit(1);
    })
}
