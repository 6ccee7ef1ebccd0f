//! Has the program linked so that little of it is read at a start: memory at rest is mostly the pages of a program that
//! its start has touched. Where the linker or the C library can't, it is linked as usual.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What runs first, and after what; made by `startup/renew.py`. Names that the program hasn't got are passed over.
const ORDER: &str = "startup/order.txt";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ORDER}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|it| it == value);
    let is_native = env::var("TARGET").ok() == env::var("HOST").ok();
    if !is_native || !is("CARGO_CFG_TARGET_OS", "linux") || !is("PROFILE", "release") {
        return;
    }
    if is("CARGO_CFG_TARGET_ENV", "gnu") && glibc().is_some_and(|version| version >= (2, 36)) {
        // DT_RELR: a megabyte of addresses, all of which are read at every start, takes some kilobytes.
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    if is("CARGO_CFG_TARGET_ENV", "gnu")
        && let Some(folder) = folder_of_unwinder()
    {
        // One library less to find and to prepare at every start, be it of the daemon or of a sandbox.
        println!("cargo:rustc-link-search=native={}", folder.display());
        println!("cargo:rustc-link-lib=static=gcc_eh");
    }
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let layout = [
        format!("-Wl,--symbol-ordering-file={}", folder.join(ORDER).display()),
        "-Wl,--no-warn-symbol-ordering".to_owned(),
        // Functions of the same code become one.
        "-Wl,--icf=all".to_owned(),
    ];
    if links_with(&layout) {
        for argument in layout {
            println!("cargo:rustc-link-arg-bins={argument}");
        }
    }
}

/// The version of the C library.
fn glibc() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    let (major, minor) = told.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}

/// Where the compiler keeps the part of its own library that unwinds stacks, for linking it statically.
fn folder_of_unwinder() -> Option<PathBuf> {
    let told = Command::new("cc")
        .arg("-print-file-name=libgcc_eh.a")
        .output()
        .ok()?;
    let file = PathBuf::from(String::from_utf8(told.stdout).ok()?.trim());
    // The bare name if there is none.
    let is_there = file.is_absolute() && file.is_file();
    is_there.then(|| file.parent().map(Path::to_owned))?
}

/// Whether the linker takes these arguments: tried with a program that does nothing.
fn links_with(arguments: &[String]) -> bool {
    let (Some(rustc), Some(folder)) = (env::var_os("RUSTC"), env::var_os("OUT_DIR")) else {
        return false;
    };
    let folder = Path::new(&folder);
    let source = folder.join("nothing.rs");
    if std::fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut compiler = Command::new(rustc);
    compiler.arg(&source).arg("-o").arg(folder.join("nothing"));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        let mut choice = std::ffi::OsString::from("-Clinker=");
        choice.push(linker);
        compiler.arg(choice);
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compiler.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    compiler.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    let quiet = compiler
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
