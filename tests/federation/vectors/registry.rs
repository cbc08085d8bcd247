//! Every vector has its test: each entry of the index is claimed by exactly one module, and a
//! claim without a use is none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::harness::index;

/// A module's name, the vectors that it claims, and its text.
type Claims = (&'static str, &'static [&'static str], &'static str);

/// The modules with tests of vectors.
const MODULES: &[Claims] = &[
    ("akkoma", super::akkoma::VECTORS, include_str!("akkoma.rs")),
    ("few", super::few::VECTORS, include_str!("few.rs")),
    ("gotosocial", super::gotosocial::VECTORS, include_str!("gotosocial.rs")),
    ("hostile", super::hostile::VECTORS, include_str!("hostile.rs")),
    ("http", super::http::VECTORS, include_str!("http.rs")),
    ("mastodon", super::mastodon::VECTORS, include_str!("mastodon.rs")),
    ("mastodon_people", super::mastodon_people::VECTORS, include_str!("mastodon_people.rs")),
    ("mastodon_quotes", super::mastodon_quotes::VECTORS, include_str!("mastodon_quotes.rs")),
    ("misskey", super::misskey::VECTORS, include_str!("misskey.rs")),
    ("objects_blogs", super::objects_blogs::VECTORS, include_str!("objects_blogs.rs")),
    ("objects_groups", super::objects_groups::VECTORS, include_str!("objects_groups.rs")),
    ("objects_media", super::objects_media::VECTORS, include_str!("objects_media.rs")),
    ("relay", super::relay::VECTORS, include_str!("relay.rs")),
    ("static_actor", super::static_actor::VECTORS, include_str!("static_actor.rs")),
];

/// Folders whose tests are not written yet. To be empty.
const AWAITED: &[&str] = &[];

#[test]
fn every_vector_is_claimed_by_exactly_one_module() {
    let mut claimed: BTreeMap<&str, &str> = BTreeMap::new();
    for (module, vectors, text) in MODULES {
        for vector in *vectors {
            let other = claimed.insert(vector, module);
            assert_eq!(other, None, "{vector} is claimed twice, by {module} as well");
            // requests over HTTP are walked through as a list
            let name = format!("\"{}\"", vector.trim_end_matches(".json"));
            let is_used = text.contains(&name) || vector.starts_with("http/");
            assert!(is_used, "{module} claims {vector} and does not use it");
        }
    }
    let entries = index();
    let known: BTreeSet<&str> = entries.iter().map(|e| e["file"].as_str().unwrap()).collect();
    for vector in claimed.keys() {
        assert!(known.contains(vector), "{vector} is not in the index");
    }
    let is_awaited = |vector: &str| AWAITED.iter().any(|folder| vector.starts_with(folder));
    let missing: Vec<&&str> =
        known.iter().filter(|v| !claimed.contains_key(*v) && !is_awaited(v)).collect();
    assert!(missing.is_empty(), "vectors without a test: {missing:#?}");
}

#[test]
fn the_vectors_are_those_of_the_checklist() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let theirs = root.join("../shared/federation/vectors");
    if !theirs.is_dir() {
        println!("skipped: {} is not here to compare with", theirs.display());
        return;
    }
    let (mine, shared) = (files(&ours), files(&theirs));
    assert_eq!(
        mine.keys().collect::<Vec<_>>(),
        shared.keys().collect::<Vec<_>>(),
        "tests/vectors and {} do not have the same files",
        theirs.display()
    );
    for (name, text) in &mine {
        assert!(shared[name] == *text, "tests/vectors/{name} is not what the checklist has");
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
