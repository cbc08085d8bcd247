//! Settings files that were damaged: torn off, full of zeros as after a power cut, changed by chance.

use dassie::config::{Config, Mode};

use super::Chance;
use crate::support::TempDir;

/// The longest line that somebody reads.
const LONGEST: usize = 600;

#[test]
fn a_damaged_settings_file_is_refused_in_plain_sentences() {
    let (folder, mut chance) = (TempDir::new(), Chance::new());
    let path = folder.path().join("dassie.toml");
    let example = include_str!("../../example.toml");
    // without the comments, so that most of the damage is to what counts
    let example = example.replacen("host = \"\"", "host = \"a.example\"", 1);
    let lines = example.lines().filter(|line| !line.trim_start().starts_with('#'));
    let whole = lines.collect::<Vec<_>>().join("\n").into_bytes();
    let mut refused = 0;
    for number in 0..600 {
        let mut bytes = whole.clone();
        let at = chance.below(bytes.len());
        match number % 4 {
            0 => bytes.truncate(at),
            1 => bytes[at..].fill(0),
            2 => bytes[at] = chance.below(256) as u8,
            _ => {
                let (from, to) = (chance.below(bytes.len()), chance.below(bytes.len()));
                bytes = [&bytes[..from], &bytes[to..]].concat();
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        if let Err(error) = Config::load(Some(&path), std::iter::empty(), Mode::Real) {
            refused += 1;
            let said = error.to_string();
            assert!(!said.is_empty() && said.lines().count() <= 500, "{said}");
            for line in said.lines() {
                let is_plain = line.contains(' ') && !line.chars().any(char::is_control);
                assert!(is_plain && line.len() <= LONGEST, "{line:?}");
                assert!(!line.contains("Error("), "{line}");
            }
        }
    }
    assert!(refused > 200, "{refused}");
}
