//! Asks the linker for what makes the program smaller, where this machine has it.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Addresses that are corrected at start, packed: a megabyte less of file. Older linkers do not know
/// this, and the C library of an older system (glibc before 2.36) does not start such a program.
const PACKED: &str = "-Wl,-z,pack-relative-relocs";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if var("PROFILE") == "release" && is_understood(PACKED) {
        println!("cargo::rustc-link-arg-bins={PACKED}");
    }
}

/// Whether a small program can be linked so and then runs here.
fn is_understood(argument: &str) -> bool {
    if var("HOST") != var("TARGET") {
        return false;
    }
    let folder = var("OUT_DIR");
    let (source, program) = (Path::new(&folder).join("trial.rs"), Path::new(&folder).join("trial"));
    if fs::write(&source, "fn main() {}").is_err() {
        return false;
    }
    let mut compile = Command::new(var("RUSTC"));
    compile.args(var("CARGO_ENCODED_RUSTFLAGS").split('\x1f').filter(|flag| !flag.is_empty()));
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        compile.arg(format!("-Clinker={linker}"));
    }
    compile.arg(format!("-Clink-arg={argument}")).arg("-o").args([&program, &source]);
    succeeds(&mut compile) && succeeds(&mut Command::new(&program))
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn var(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
