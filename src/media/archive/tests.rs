#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::crypto::age::Work;
use crate::error::Result;

/// A file that goes with the value.
struct Temporary(PathBuf);

impl Temporary {
    fn new(bytes: &[u8]) -> Self {
        let name = format!("dassie-archive-{}", crate::crypto::code128());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT,
        dassie: "1.2.3".into(),
        schema: 7,
        host: "social.example".into(),
        account_domain: "social.example".into(),
        made_at: 1_767_323_045_678,
        made: "2026-01-02T03:04:05Z".into(),
        database: 9,
        uploads: true,
    }
}

fn written(manifest: &Manifest, passphrase: Option<&str>) -> Vec<u8> {
    let file = Temporary::new(b"");
    let mut archive = Writer::new(
        File::create(&file.0).unwrap(),
        passphrase.map(|text| (text, Work::Small)),
        manifest,
    )
    .unwrap();
    archive.add_settings(b"[server]").unwrap();
    archive.add_database(9, &mut &b"a databas"[..], &mut |_| Ok(())).unwrap();
    let name = Name::parse("0123456789abcdef0123456789abcdef.jpg").unwrap();
    archive.add_upload(&name, 3, &mut &b"jpg"[..], &mut |_| Ok(())).unwrap();
    archive.finish().unwrap();
    fs::read(&file.0).unwrap()
}

fn seen(bytes: &[u8], passphrase: Option<&str>) -> Result<Vec<String>> {
    let file = Temporary::new(bytes);
    let mut seen = Vec::new();
    let each = &mut |entry: Entry<'_>| {
        let mut text = String::new();
        let mut all = |from: &mut dyn std::io::Read| from.read_to_string(&mut text).map(drop);
        let line = match entry {
            Entry::Manifest(manifest) => manifest.host,
            Entry::Settings(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            // a reader that fails is told of in the end
            Entry::Database(from) => all(from).map_or(String::new(), |()| text),
            Entry::Upload(name, from) => {
                all(from).map_or(String::new(), |()| format!("{} {text}", name.as_str()))
            }
        };
        seen.push(line);
        Ok(())
    };
    super::read(&file.0, passphrase, each, &mut |_| Ok(())).map(|()| seen)
}

#[test]
fn what_is_written_is_read_with_and_without_a_passphrase() {
    for passphrase in [None, Some("a good passphrase")] {
        let bytes = written(&manifest(), passphrase);
        assert_eq!(
            seen(&bytes, passphrase).unwrap(),
            ["social.example", "[server]", "a databas", "0123456789abcdef0123456789abcdef.jpg jpg"]
        );
    }
}

#[test]
fn what_is_not_whole_or_not_ours_is_refused_with_a_sentence() {
    let bytes = written(&manifest(), None);
    let refused = |bytes: &[u8], passphrase| seen(bytes, passphrase).unwrap_err().to_string();
    for end in [0, 1, 20, bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
        let sentence = refused(&bytes[..end], None);
        assert!(sentence.contains("cut off") || sentence.contains("damaged"), "{end}: {sentence}");
    }
    assert!(refused(b"<html><head><title>no archive", None).contains("damaged, or no backup"));
    let newer = Manifest { format: FORMAT + 1, ..manifest() };
    assert!(refused(&written(&newer, None), None).contains("newer Dassie"));
    let sealed = written(&manifest(), Some("a good passphrase"));
    assert!(refused(&sealed, None).contains("needs its passphrase"));
    assert!(refused(&sealed, Some("another")).contains("the passphrase is wrong"));
    for end in [sealed.len() / 2, sealed.len() - 1] {
        let sentence = refused(&sealed[..end], Some("a good passphrase"));
        assert!(sentence.ends_with("damaged, or cut off"), "{end}: {sentence}");
    }
}

#[test]
fn s_111_no_name_of_an_archive_leads_anywhere_else() {
    for name in ["../../etc/passwd", "media/../x", "/etc/passwd", "media/01/23/x.jpg", "other"] {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        for (name, text) in
            [(MANIFEST, serde_json::to_vec(&manifest()).unwrap()), (name, b"x".to_vec())]
        {
            let mut header = tar::Header::new_gnu();
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(text.len() as u64);
            header.set_entry_type(tar::EntryType::Regular);
            header.set_cksum();
            tar.append(&header, text.as_slice()).unwrap();
        }
        let bytes = tar.into_inner().unwrap().finish().unwrap();
        let error = seen(&bytes, None).unwrap_err().to_string();
        assert!(error.contains("not of a backup"), "{name}: {error}");
    }
}

proptest! {
    #[test]
    fn no_change_of_an_archive_goes_unnoticed(
        at in any::<prop::sample::Index>(), other in 1..=255_u8,
    ) {
        let bytes = written(&manifest(), None);
        let at = at.index(bytes.len());
        let mut changed = bytes.clone();
        changed[at] ^= other;
        // there are several ways to pack the same, and the packing says when it was done
        if let Ok(read) = seen(&changed, None) {
            prop_assert_eq!(read, seen(&bytes, None).unwrap());
        }
    }
}
