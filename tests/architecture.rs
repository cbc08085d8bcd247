//! Imports run downward only, and each outside library has its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Layers from the top; a module may import from its own rank's list only what is named in
/// SIDEWAYS, and everything of a lower rank.
const RANKS: &[(u32, &[&str])] = &[
    (9, &["main", "cli"]),
    (8, &["server"]),
    (7, &["worker", "control"]),
    (6, &["api", "oauth", "federation", "web", "watch"]),
    (5, &["http", "lookup", "health", "archive"]),
    (4, &["app"]),
    (3, &["service"]),
    (2, &["cache", "stream"]),
    (1, &["db", "client", "media", "throttle", "in_flight", "wake", "meter", "tls"]),
    (
        0,
        &[
            "activity",
            "signature",
            "text",
            "model",
            "config",
            "error",
            "id",
            "clock",
            "memory",
            "crypto",
            "log",
            "site",
        ],
    ),
];

/// The sideways imports that are allowed, with their reason.
const SIDEWAYS: &[(&str, &str)] = &[
    // a handle or an address that somebody pasted is looked up before the use case
    ("api", "federation"),
    // the sign-in and consent pages are pages, in the same frame and languages
    ("oauth", "web"),
    // and one of them moves an account to what its owner types
    ("oauth", "federation"),
    // uploads may lie in a bucket
    ("media", "client"),
];

/// Ground modules may use each other; they hold no state and do no I/O.
const GROUND: u32 = 0;

/// Which folders may name an outside library.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("rusqlite", &["db"]),
    ("ureq", &["client"]),
    ("actix_web", &["api", "oauth", "federation", "web", "watch", "http", "server", "app"]),
    ("rustls", &["client", "tls"]),
    ("lettre", &["client"]),
    ("rcgen", &["tls"]),
    ("x509_cert", &["tls"]),
    ("instant_acme", &["lookup"]),
    ("actix_ws", &["api"]),
    ("actix_multipart", &["http"]),
    ("http_sig", &["signature"]),
    // in client and tls it is rustls's module of that name
    ("ring", &["signature", "crypto", "client", "tls"]),
    ("rsa", &["signature"]),
    ("argon2", &["crypto"]),
    ("ammonia", &["text"]),
    ("::image", &["media"]),
    ("blurhash", &["media"]),
    ("moxcms", &["media"]),
    ("encoding_rs", &["text"]),
    ("pulldown_cmark", &["text"]),
    ("askama", &["web", "oauth"]),
    ("csv", &["text"]),
    ("tar", &["media"]),
    ("scrypt", &["crypto"]),
    ("clap", &["cli"]),
    ("qrcode", &["text"]),
    ("TcpStream", &["client"]),
    // random bytes come from the system alone, by way of ring; rsa asks for its own (S-131)
    ("rand", &[]),
    ("fastrand", &[]),
    ("getrandom", &[]),
    ("RandomState", &[]),
];

/// Where there are `unsafe` blocks: calls of libc and of SQLite, nothing else (S-132).
const UNSAFE: &[&str] = &[
    "cli/ask.rs",
    "cli/process.rs",
    "clock.rs",
    "db/open.rs",
    "db/rights.rs",
    "media/child.rs",
    "media/storage.rs",
    "media/tools/run.rs",
    "memory.rs",
    "service/backup.rs",
];

fn rank(module: &str) -> u32 {
    RANKS
        .iter()
        .find(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| panic!("src/{module} has no layer: add it to tests/architecture.rs"))
        .0
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file with its top module.
fn files() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found
        .into_iter()
        .filter(|path| {
            let name = path.file_stem().unwrap().to_string_lossy();
            let in_tests = path.iter().any(|part| part == "tests");
            name != "lib" && name != "tests" && !name.ends_with("_tests") && !in_tests
        })
        .map(|path| {
            let relative = path.strip_prefix(&root).unwrap();
            let first = relative.iter().next().unwrap().to_string_lossy();
            let text = fs::read_to_string(&path).unwrap();
            // unit tests may reach further
            let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap().to_owned();
            (first.trim_end_matches(".rs").to_owned(), path, code)
        })
        .collect()
}

#[test]
fn imports_run_downward() {
    let mut faults = Vec::new();
    for (module, path, code) in files() {
        for part in code.split("crate::").skip(1) {
            let mut targets = vec![part];
            // use crate::{a, b::c}
            if let Some(list) = part.strip_prefix('{') {
                targets = list.split('}').next().unwrap().split(',').map(str::trim).collect();
            }
            for target in targets {
                let name: String =
                    target.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if name.is_empty() || name == module || name.starts_with(char::is_uppercase) {
                    continue;
                }
                let (own, other) = (rank(&module), rank(&name));
                let sideways = SIDEWAYS.contains(&(module.as_str(), name.as_str()));
                if other > own || (other == own && own != GROUND && !sideways) {
                    faults.push(format!("{}: {module} imports {name}", path.display()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "upward or sideways imports:\n{}", faults.join("\n"));
}

#[test]
fn s_001_s_131_f_124_f_125_each_library_has_its_place() {
    let mut faults = Vec::new();
    for (module, path, code) in files() {
        for (library, places) in LIBRARIES {
            let named = code.lines().filter(|l| !l.trim_start().starts_with("//")).any(|line| {
                line.match_indices(library).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let after = &line[at + library.len()..];
                    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
                        && after.starts_with("::")
                })
            });
            if named && !places.contains(&module.as_str()) {
                faults.push(format!("{}: names {library}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "libraries out of place:\n{}", faults.join("\n"));
}

#[test]
fn s_132_unsafe_code_is_where_the_system_is_called() {
    // what is built is what was looked at
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap();
    assert!(root.join("Cargo.lock").exists() && !ignored.contains("Cargo.lock"));
    let found: BTreeSet<String> = files()
        .into_iter()
        .filter(|(_, _, code)| code.contains("unsafe {") || code.contains("unsafe fn"))
        .map(|(_, path, _)| path.display().to_string())
        .collect();
    let listed = |path: &&String| !UNSAFE.iter().any(|file| path.ends_with(&format!("src/{file}")));
    let elsewhere: Vec<_> = found.iter().filter(listed).collect();
    assert!(elsewhere.is_empty(), "unsafe code in {elsewhere:?}");
    assert_eq!(found.len(), UNSAFE.len(), "a file of UNSAFE has none: {found:?}");
}

/// Values are bound: none stands between the quotes of a statement that is put together.
#[test]
fn s_123_no_statement_has_a_place_for_a_value_in_quotes() {
    let mut faults = Vec::new();
    for (module, path, code) in files().into_iter().filter(|(module, ..)| module == "db") {
        for (number, line) in code.lines().enumerate() {
            if line.contains("'{") || line.contains("%{") || line.contains("}%") {
                faults.push(format!("{module} {}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `.ci/run` has the whole of it judged by `systemd-analyze`.
#[test]
fn s_128_the_service_has_its_sandbox() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unit = fs::read_to_string(root.join("assets/packaging/dassie.service")).unwrap();
    let has = |line: &str| unit.lines().any(|have| have == line);
    for line in [
        "User=dassie",
        "UMask=0077",
        "LimitCORE=0",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
        "MemoryDenyWriteExecute=yes",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged",
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
    ] {
        assert!(has(line), "{line}");
    }
    assert!(unit.lines().any(|line| line.starts_with("MemoryMax=")));
}

#[test]
fn every_module_says_what_it_is_for() {
    let missing: Vec<String> = files()
        .into_iter()
        .filter(|(_, _, code)| !code.starts_with("//!"))
        .map(|(_, path, _)| path.display().to_string())
        .collect();
    assert!(missing.is_empty(), "no header in:\n{}", missing.join("\n"));
}

#[test]
fn files_stay_small() {
    let mut lines = BTreeMap::new();
    for (_, path, code) in files() {
        lines.insert(path.display().to_string(), code.lines().count());
    }
    let large: Vec<_> = lines.iter().filter(|(_, count)| **count > 700).collect();
    assert!(large.is_empty(), "too long to find one's way in: {large:?}");
}

#[test]
fn the_document_of_the_client_api_lists_what_is_served_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/api.md")).unwrap();
    let listed: BTreeSet<String> = document
        .lines()
        .filter(|line| line.contains("| `/api/") && !line.contains("/streaming"))
        .map(|line| line.split(" | ").take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let served: BTreeSet<String> = crate::api::scopes::table()
        .iter()
        .map(|route| format!("| {} `{}`", route.method, route.path))
        .collect();
    let missing: Vec<_> = served.difference(&listed).collect();
    let invented: Vec<_> = listed.difference(&served).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "not in it: {missing:?}; only there: {invented:?}"
    );
}

/// The tables of `docs/federation.md` say which requirements are shown by tests: each of those not
/// named as left out is in the name of one.
#[test]
fn the_requirements_that_docs_name_have_tests() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown = BTreeSet::new();
    for folder in ["src", "tests"] {
        let mut found = Vec::new();
        sources(&root.join(folder), &mut found);
        for path in found {
            let text = fs::read_to_string(&path).unwrap();
            for name in text.split("fn ").skip(1) {
                let name = name.split(['(', '<']).next().unwrap_or_default();
                let mut words = name.split('_').peekable();
                // f_203_f_206_what_is_shown: letter and number, as long as there are such pairs
                while let (Some(letter @ ("f" | "s")), Some(number)) = (words.next(), words.peek())
                {
                    if number.len() != 3 || number.parse::<u16>().is_err() {
                        break;
                    }
                    shown.insert(format!("{}-{number}", letter.to_ascii_uppercase()));
                    words.next();
                }
            }
        }
    }
    let docs = fs::read_to_string(root.join("docs/federation.md")).unwrap();
    let (mut rows, mut next, mut wrong) = (0, String::new(), Vec::new());
    for row in docs.lines().filter_map(|line| line.strip_prefix("| ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, from, to, left_out, ..] = cells[..] else { continue };
        let number = |text: &str| text.get(2..).and_then(|n| n.parse::<u16>().ok());
        let (Some(first), Some(last)) = (number(from), number(to)) else { continue };
        let letter = &from[..2];
        if next.starts_with(letter) {
            assert_eq!(from, next, "no gap between the rows");
        }
        next = format!("{letter}{:03}", last + 1);
        rows += 1;
        for number in first..=last {
            let name = format!("{letter}{number:03}");
            match (shown.contains(&name), left_out.contains(&name)) {
                (false, false) => wrong.push(format!("{name} has no test")),
                (true, true) => wrong.push(format!("{name} is left out and has a test")),
                _ => {}
            }
        }
    }
    assert_eq!((rows, next.as_str()), (32, "S-143"));
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// What a guide has in every language, each with its line: headings by their level, rows of tables,
/// and what stands in blocks of commands, without comments.
fn skeleton(guide: &str) -> Vec<(usize, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(guide);
    let mut found = Vec::new();
    let mut in_block = false;
    for (number, line) in fs::read_to_string(path).unwrap().lines().map(str::trim).enumerate() {
        let part = if line.starts_with("```") {
            in_block = !in_block;
            line
        } else if in_block {
            line.split('#').next().unwrap_or_default().trim_end()
        } else if line.starts_with('|') {
            "|"
        } else if line.starts_with('#') {
            line.split(' ').next().unwrap_or_default()
        } else {
            ""
        };
        if !part.is_empty() {
            found.push((number + 1, part.to_owned()));
        }
    }
    found
}

#[test]
fn both_guides_have_the_same_commands() {
    for guide in ["README", "docs/operations"] {
        let english = skeleton(&format!("{guide}.md"));
        let chinese = skeleton(&format!("{guide}.zh.md"));
        let differs = english.iter().zip(&chinese).find(|((_, a), (_, b))| a != b);
        assert_eq!(differs, None, "lines of {guide}.md and {guide}.zh.md");
        assert_eq!(english.len(), chinese.len(), "{guide}.md and {guide}.zh.md");
    }
}
