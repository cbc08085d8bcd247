use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::io::Write as _;

/// A file that is gone with the value.
struct Temporary(PathBuf);

impl Temporary {
    fn new(bytes: &[u8]) -> Self {
        let name = format!("dassie-pack-{}", crate::crypto::code128());
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

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, bytes) in files {
        writer.add(name, bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in files {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[156] = b'0';
        out.extend_from_slice(&block);
        out.extend_from_slice(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.extend_from_slice(&[0; 1024]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&out).unwrap();
    gzip.finish().unwrap()
}

/// Names, categories and contents, or why there is nothing.
fn read(bytes: &[u8]) -> Result<Vec<(String, Option<String>, String)>> {
    let file = Temporary::new(bytes);
    let mut pack = Pack::open(&file.0)?;
    let mut found = Vec::new();
    pack.read(&|_| true, &mut |item, bytes| {
        let bytes = bytes.map_or_else(|e| e.to_string(), |b| String::from_utf8_lossy(&b).into());
        found.push((item.shortcode.clone(), item.category.clone(), bytes));
        Ok(())
    })?;
    found.sort();
    Ok(found)
}

fn found(list: &[(&str, Option<&str>, &str)]) -> Vec<(String, Option<String>, String)> {
    let own = |text: &str| text.to_owned();
    list.iter().map(|(a, b, c)| (own(a), b.map(own), own(c))).collect()
}

#[test]
fn each_shape_is_read() {
    let plain: &[(&str, &[u8])] =
        &[("cat.png", b"1"), ("._cat.png", b"x"), ("sub/dog.gif", b"2"), ("notes.txt", b"x")];
    let cats = found(&[("cat", None, "1"), ("dog", None, "2")]);
    assert_eq!(read(&zipped(plain)).unwrap(), cats);
    assert_eq!(read(&tarred(plain)).unwrap(), cats);
    let pack = br#"{"pack": {"license": "x"}, "files": {"blob_cat": "1.png", "gone": "2.png"}}"#;
    let files: &[(&str, &[u8])] = &[("p/pack.json", pack), ("p/1.png", b"1"), ("p/3.png", b"3")];
    assert_eq!(read(&zipped(files)).unwrap(), found(&[("blob_cat", None, "1")]));
    let meta = br#"{"metaVersion": 2, "host": "x", "emojis": [{"downloaded": true,
        "fileName": "a1.png", "emoji": {"name": "cat", "category": "Cats", "aliases": []}}]}"#;
    let files: &[(&str, &[u8])] = &[("meta.json", meta), ("a1.png", b"1")];
    assert_eq!(read(&zipped(files)).unwrap(), found(&[("cat", Some("Cats"), "1")]));
}

#[test]
fn s_107_archives_that_unpack_to_too_much_are_refused() {
    let good = zipped(&[("cat.png", b"12345")]);
    let table = good.windows(4).position(|part| part == b"PK\x01\x02").unwrap();
    // what it says of a size is checked, and that it is what comes out
    let mut large = good.clone();
    large[table + 24..table + 28].copy_from_slice(&u32::MAX.to_le_bytes()[..]);
    assert!(read(&large).unwrap_err().to_string().contains("more than 512 MiB"));
    let mut lying = good.clone();
    lying[table + 24] = 4;
    assert_eq!(read(&lying).unwrap(), found(&[("cat", None, "it is damaged")]));
    let mut locked = good.clone();
    locked[table + 8] |= 1;
    assert_eq!(read(&locked).unwrap()[0].2, "it has a password");
    let many: Vec<(String, &[u8])> = (0..10_001).map(|n| (format!("{n}.png"), &b""[..])).collect();
    let many: Vec<(&str, &[u8])> =
        many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert!(read(&zipped(&many)).unwrap_err().to_string().contains("more than 10000 files"));
    assert!(read(&tarred(&many)).unwrap_err().to_string().contains("more than 10000 files"));
    // a megabyte and a half of zeros in one picture
    let zeros = vec![0; 3 << 19];
    assert_eq!(read(&tarred(&[("a.png", &zeros)])).unwrap()[0].2, "it is larger than 1024 kB");
    assert!(read(b"<html>").is_err() && read(b"").is_err());
}

proptest! {
    #[test]
    fn any_bytes_do_no_harm(
        at in 0..400_usize, other in proptest::collection::vec(any::<u8>(), 0..40), is_zip: bool,
    ) {
        let files: &[(&str, &[u8])] = &[("cat.png", b"12345"), ("pack.json", b"{\"files\":{}}")];
        let mut file = if is_zip { zipped(files) } else { tarred(files) };
        let at = at.min(file.len());
        let end = (at + other.len() / 2).min(file.len());
        file.splice(at..end, other);
        let _ = read(&file);
    }
}
