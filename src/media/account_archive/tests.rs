use super::items::LONGEST;
use super::*;
use crate::media::zip::{Part, Writer};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::{Seek as _, SeekFrom, Write as _};

/// A folder that is gone with the value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("dassie-archive-{}", crypto::code128()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn all(bytes: &[u8]) -> Result<Vec<Item>> {
    let mut items = Items::open(bytes)?;
    let mut found = Vec::new();
    while let Some(item) = items.read_next()? {
        found.push(item);
    }
    Ok(found)
}

fn documents(bytes: &[u8]) -> Vec<Value> {
    let read = |item| match item {
        Item::Document(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Item::TooLarge => json!("too large"),
    };
    all(bytes).unwrap().into_iter().map(read).collect()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, bytes) in files {
        writer.add(name, bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn entry(name: &str, kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut block = [0; 512];
    let short = name.len().min(100);
    block[..short].copy_from_slice(&name.as_bytes()[..short]);
    block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
    block[156] = kind;
    let mut out = [&block[..], bytes].concat();
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn packed(tar: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(tar).unwrap();
    gzip.finish().unwrap()
}

const FILES: &[(&str, &[u8])] = &[
    ("actor.json", b"{}"),
    ("media_attachments/files/1/2/original/a.png", b"picture"),
    ("outbox.json", b"{\"orderedItems\":[1,2]}"),
];

fn is_read(path: &Path) {
    let archive = Archive::open(path).unwrap();
    assert_eq!(archive.read("actor.json").unwrap().unwrap(), b"{}");
    let name = "/system/media_attachments/files/1/2/original/a.png";
    let name = archive.find(name).unwrap();
    let (size, mut file) = archive.stream(name).unwrap().unwrap();
    // the posts are read while a file is
    let mut items = archive.items(archive.outbox()).unwrap().unwrap();
    assert_eq!(items.read_next().unwrap(), Some(Item::Document(b"1".to_vec())));
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!((size, &bytes[..]), (7, &b"picture"[..]));
    assert_eq!(items.read_next().unwrap(), Some(Item::Document(b"2".to_vec())));
    assert_eq!(items.read_next().unwrap(), None);
    assert!(archive.read("likes.json").unwrap().is_none());
}

#[test]
fn each_kind_of_archive_is_read() {
    let folder = Folder::new();
    for (name, bytes) in FILES {
        folder.write(&format!("plain/{name}"), bytes);
    }
    is_read(&folder.0.join("plain"));
    is_read(&folder.write("a.zip", &zipped(FILES)));
    // as people pack it again: in a folder, with longer names than the format has room for
    let long = "archive-20240102030405-0123456789abcdef0123456789abcdef0123456789abcdef";
    let mut tar = entry(&format!("{long}/"), b'5', b"");
    for (name, bytes) in FILES {
        let name = format!("{long}/{name}");
        if name.len() > 100 {
            tar.extend(entry("././@LongLink", b'L', format!("{name}\0").as_bytes()));
        }
        tar.extend(entry(&name, b'0', bytes));
    }
    tar.extend([0; 1024]);
    is_read(&folder.write("a.tar.gz", &packed(&tar)));
    let left: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}: nothing is left of unpacking");
    // the posts alone, whatever lies beside them
    let alone = Archive::open(&folder.write("plain/x.json", br#"[{"a":1}]"#)).unwrap();
    assert!(alone.items(alone.outbox()).unwrap().unwrap().read_next().unwrap().is_some());
    assert!(alone.read("actor.json").unwrap().is_none());
}

#[test]
fn s_107_no_name_leads_out_of_an_archive() {
    let folder = Folder::new();
    folder.write("secret.txt", b"hush");
    folder.write("plain/outbox.json", b"[]");
    std::os::unix::fs::symlink("../secret.txt", folder.0.join("plain/link.png")).unwrap();
    std::os::unix::fs::symlink("..", folder.0.join("plain/above")).unwrap();
    let names =
        ["link.png", "above/secret.txt", "../secret.txt", "/etc/passwd", "x/../../secret.txt"];
    let archive = Archive::open(&folder.0.join("plain")).unwrap();
    for name in names {
        assert_eq!(archive.find(name), None, "{name}");
        assert!(archive.stream(name).unwrap().is_none(), "{name}");
    }
    // put there while it is read
    folder.write("plain/a/b.png", b"x");
    let archive = Archive::open(&folder.0.join("plain")).unwrap();
    fs::remove_file(folder.0.join("plain/a/b.png")).unwrap();
    std::os::unix::fs::symlink("../../secret.txt", folder.0.join("plain/a/b.png")).unwrap();
    assert!(archive.stream("a/b.png").is_err());
    // names of a packed one are names, whatever they look like
    let evil: &[(&str, &[u8])] = &[("outbox.json", b"[]"), ("../../secret.txt", b"inside")];
    let archive = Archive::open(&folder.write("a.zip", &zipped(evil))).unwrap();
    assert_eq!(archive.read("../../secret.txt").unwrap().unwrap(), b"inside");
    let tar = [entry("outbox.json", b'0', b"[]"), entry("b/link", b'2', b""), vec![0; 1024]];
    let archive = Archive::open(&folder.write("a.tgz", &packed(&tar.concat()))).unwrap();
    assert_eq!(archive.find("b/link"), None);
    // a name alone could be any file
    let deep: &[(&str, &[u8])] = &[("outbox.json", b"[]"), ("a/b.png", b"1"), ("c.png", b"2")];
    let archive = Archive::open(&folder.write("b.zip", &zipped(deep))).unwrap();
    assert_eq!(archive.find("x/a/b.png"), Some("a/b.png"));
    assert_eq!(archive.find("x/c.png"), None);
}

#[test]
fn s_107_what_unpacks_to_too_much_is_refused() {
    let folder = Folder::new();
    // 65 MiB of zeros in a few kB
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&entry("outbox.json", b'0', b"[]")).unwrap();
    for _ in 0..65 {
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let path = folder.write("bomb.tar.gz", &gzip.finish().unwrap());
    let refused = Archive::open(&path).unwrap_err().to_string();
    assert!(refused.contains("unpacks to more than 64 MiB"), "{refused}");
    // one that says less than it has, and one that says more
    let mut part = Part::begin(&folder.0, true).unwrap();
    part.write_all(&vec![b' '; 5 << 20]).unwrap();
    let mut writer = Writer::new(Vec::new());
    writer.add("outbox.json", b"[]").unwrap();
    writer.add_part("actor.json", part).unwrap();
    let good = writer.finish().unwrap();
    let archive = Archive::open(&folder.write("large.zip", &good)).unwrap();
    assert!(archive.read("actor.json").unwrap_err().to_string().contains("larger than 1 MiB"));
    let table = good.windows(4).rposition(|part| part == b"PK\x01\x02").unwrap();
    for size in [1_u32, u32::MAX - 1] {
        let mut lying = good.clone();
        lying[table + 24..table + 28].copy_from_slice(&size.to_le_bytes());
        let archive = Archive::open(&folder.write("lying.zip", &lying)).unwrap();
        let (_, mut file) = archive.stream("actor.json").unwrap().unwrap();
        let mut bytes = Vec::new();
        assert!(file.read_to_end(&mut bytes).is_err(), "{size}");
        assert!(bytes.len() <= 5 << 20);
    }
    for bytes in [&b"<html>"[..], b"", b"PK\x03\x04", &zipped(&[("a.png", b"1")]), b"\x1f\x8b12345"]
    {
        assert!(Archive::open(&folder.write("odd", bytes)).is_err());
    }
}

#[test]
fn archives_may_have_more_than_four_gigabytes_and_65535_files() {
    let folder = Folder::new();
    let path = folder.0.join("large.zip");
    // nothing is stored of what is not written
    let before = (1_u64 << 32) + 12;
    let mut file = File::create(&path).unwrap();
    file.write_all(b"PK\x03\x04").unwrap();
    file.seek(SeekFrom::Start(before)).unwrap();
    let mut writer = Writer::behind(io::BufWriter::new(file), before);
    writer.add("outbox.json", b"[3]").unwrap();
    for number in 0..66_000 {
        writer.add(&format!("a/{number}.png"), b"1").unwrap();
    }
    writer.finish().unwrap().into_inner().unwrap();
    let archive = Archive::open(&path).unwrap();
    let mut items = archive.items("outbox.json").unwrap().unwrap();
    assert_eq!(items.read_next().unwrap(), Some(Item::Document(b"3".to_vec())));
    assert_eq!(archive.find("/x/a/65999.png"), Some("a/65999.png"));
}

#[test]
fn entries_are_found_in_files_of_every_shape() {
    for file in [
        r#"{"@context": ["x", {"items": [9]}], "totalItems": 2, "orderedItems": [{"a": "]}"}, 2]}"#,
        "\u{feff} [ {\"a\" : \"]}\"} ,\n 2\t]",
        r#"{"items":[{"a":"]}"},2],"orderedItems":[7]}"#,
        r#"{"orderedItems":"none","items":[{"a":"]}"},2]"#,
    ] {
        assert_eq!(documents(file.as_bytes()), [json!({"a": "]}"}), json!(2)], "{file}");
    }
    for empty in ["{}", "[]", r#"{"orderedItems": {"a": [1]}}"#] {
        assert!(documents(empty.as_bytes()).is_empty(), "{empty}");
    }
    for broken in ["", "x", "{", "[1", r#"{"a"}"#, r#"{"items":[1,{"a":"#, r#"["x"#, "[}"] {
        assert!(all(broken.as_bytes()).is_err(), "{broken}");
    }
    // what is too large is passed over, without being kept
    let large =
        format!("[\"{}\",5,{}1{}]", "x".repeat(LONGEST), "[".repeat(1000), "]".repeat(1000));
    let found = all(large.as_bytes()).unwrap();
    assert_eq!(found[0], Item::TooLarge);
    assert_eq!(found[1], Item::Document(b"5".to_vec()));
    assert_eq!(found.len(), 3);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(\\PC|\"|\\\\|\\]|\\}|,){0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("(\\PC|\"|\\\\|items){0,4}", inner, 0..5)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn entries_are_those_that_a_parser_finds(
        items in prop::collection::vec(any_json(), 0..6), before in any_json(), is_pretty: bool,
    ) {
        let whole = json!({"a": before, "orderedItems": items});
        let text = match is_pretty {
            true => serde_json::to_string_pretty(&whole).unwrap(),
            false => whole.to_string(),
        };
        // what a parser reads is the same as what was written, but for the last digit of floats
        let again: Value = serde_json::from_str(&text).unwrap();
        let found = documents(text.as_bytes());
        prop_assert_eq!(Value::from(found), again["orderedItems"].clone());
    }

    #[test]
    fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(
        prop::sample::select(b"[]{}\",:\\ 1a".to_vec()), 0..60,
    )) {
        let _ = all(&bytes);
    }

    #[test]
    fn any_archive_does_no_harm(
        at in 0..900_usize, other in prop::collection::vec(any::<u8>(), 0..40), is_zip: bool,
    ) {
        let folder = Folder::new();
        let tar: Vec<u8> = FILES.iter().flat_map(|(name, bytes)| entry(name, b'0', bytes)).collect();
        let mut file = if is_zip { zipped(FILES) } else { tar };
        let at = at.min(file.len());
        let end = (at + other.len() / 2).min(file.len());
        file.splice(at..end, other);
        let file = if is_zip { file } else { packed(&file) };
        if let Ok(archive) = Archive::open(&folder.write("a", &file)) {
            for (name, _) in FILES {
                let _ = archive.read(name);
            }
            if let Ok(Some(mut items)) = archive.items(archive.outbox()) {
                while let Ok(Some(_)) = items.read_next() {}
            }
        }
    }
}
