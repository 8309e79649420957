// SPDX-License-Identifier: GPL-2.0-only
//! Scheduler tests in C as cargo test targets.
//!
//! ```toml
//! [dev-dependencies]
//! ktstr = { path = "/usr/local/share/ktstr/cargo/ktstr" }
//!
//! [[test]]
//! name = "sched"
//! harness = false
//! ```
//!
//! tests/sched.rs is the line `ktstr::c_test!("sched.c");` and tests/sched.c
//! holds the tests, written with ktstr.h. `$CC` and `$CFLAGS` are honoured;
//! a target built without debug assertions is compiled with `-DNDEBUG`.

use std::ffi::{c_char, c_int, CString};
use std::os::unix::ffi::OsStringExt;
use std::{env, process, ptr};

#[doc(hidden)]
pub use ktstr_macros::compile;

include!(concat!(env!("OUT_DIR"), "/c_test.rs"));

extern "C" {
    fn ktstr_main(argc: c_int, argv: *mut *mut c_char) -> c_int;
    fn signal(signum: c_int, handler: usize) -> usize;
}

const SIGPIPE: c_int = 13;
const SIG_DFL: usize = 0;

/// Run the tests that the program's C files registered and exit with their
/// status. They see what a C program's main sees: Rust's runtime ignores
/// SIGPIPE, and the children of a test would inherit that.
pub fn main() -> ! {
    let mut argv: Vec<*mut c_char> = env::args_os()
        .map(|arg| CString::new(arg.into_vec()).expect("an argument has no NUL").into_raw())
        .collect();
    let argc = argv.len() as c_int;
    argv.push(ptr::null_mut());

    point_at("KTSTR_LIBEXEC", env!("KTSTR_FOUND_LIBEXEC"));
    point_at("KTSTR_SHARE", env!("KTSTR_FOUND_SHARE"));
    // SAFETY: no other thread runs yet, and argv is NULL-terminated and lives until exit.
    let code = unsafe {
        signal(SIGPIPE, SIG_DFL);
        ktstr_main(argc, argv.as_mut_ptr())
    };
    process::exit(code)
}

/// Tell the runtime where the helpers of the libktstr.a it is linked with
/// are, unless the caller knows better.
fn point_at(var: &str, dir: &str) {
    if env::var_os(var).is_none() {
        env::set_var(var, dir);
    }
}
