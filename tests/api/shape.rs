//! Answers against the documented shapes, where the reference data is at hand.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Reads a line of JSON an answer: `[method, path, status, body]`; prints mismatches.
const VALIDATE: &str = r#"
import json, sys
sys.path.insert(0, sys.argv[1])
from validate import validate
for line in sys.stdin:
    method, path, status, body = json.loads(line)
    for mismatch in validate(method, path, status, body):
        print(method, path, status, mismatch, sep="\t")
print("done")
"#;

/// Fails for each answer `(method, path, status, body)` that breaks the contract.
#[track_caller]
pub(crate) fn is_documented(answers: &[(&str, &str, u16, &Value)]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/mastodon-api");
    let usable = Command::new("python3")
        .args(["-W", "ignore", "-c", "import jsonschema"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !usable || !folder.join("validate.py").exists() {
        eprintln!("skipped: needs python3 with jsonschema, and ../shared/mastodon-api");
        return;
    }
    let mut python = Command::new("python3")
        .args(["-W", "ignore", "-c", VALIDATE])
        .arg(&folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    for (method, path, status, body) in answers {
        writeln!(stdin, "{}", json!([method, path, status, body])).unwrap();
    }
    drop(stdin);
    let said = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    eprintln!("{said}");
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("\tERROR")).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}
