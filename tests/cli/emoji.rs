//! `dassie emoji`, with and without a running server.

use serde_json::json;

use super::{Place, Serving};
use crate::support::picture::{coded, corners, moving};
use crate::support::{Request, Website};
use image::ImageFormat;

/// A folder of pictures as people have them.
fn pictures(place: &Place) -> String {
    let folder = place.folder.path().join("pictures");
    std::fs::create_dir(&folder).unwrap();
    let png = coded(&corners(16, 16), ImageFormat::Png);
    for (name, bytes) in [
        ("cat.gif", moving(12, 12)),
        ("big-dog.png", png.clone()),
        ("bad.png", b"<html><script>alert(1)</script>".to_vec()),
        ("caf\u{e9}.png", png),
        ("notes.txt", b"not a picture".to_vec()),
    ] {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[test]
fn emojis_go_in_and_out_by_the_pack() {
    let place = Place::real("a.example");
    assert!(place.refuses(&["emoji", "list"]).contains("account create"));
    place.creates("ann");
    assert!(place.does(&["emoji", "list"]).contains("There is no emoji"));
    let folder = pictures(&place);
    let import = ["emoji", "import", &folder, "--prefix", "my_", "--category", "Animals"];
    let dry = place.does(&[&import[..], &["--dry-run"]].concat());
    assert!(dry.starts_with("Would add: 2\n"), "{dry}");
    assert!(place.does(&["emoji", "list"]).contains("There is no emoji"));
    let out = place.does(&import);
    assert!(out.starts_with("Added: 2\nChanged: 0\n"), "{out}");
    for (why, name) in [
        ("Image must be a PNG, GIF or WebP picture", "my_bad"),
        ("Shortcode must have 2 to", "my_caf"),
        ("it is no PNG, GIF or WebP picture", "notes.txt"),
    ] {
        assert!(out.contains(why) && out.contains(name), "{why}: {out}");
    }
    let list = place.does(&["emoji", "list"]);
    let lines: Vec<Vec<&str>> = list.lines().map(|l| l.split_whitespace().collect()).collect();
    assert_eq!(lines[1], ["my_big_dog", "Animals", "image/png"]);
    assert_eq!(lines[2], ["my_cat", "Animals", "image/gif", "yes"]);
    // what is here is not taken again, unless it is to be replaced
    let again = place.does(&import);
    assert!(again.starts_with("Added: 0\nChanged: 0\n"), "{again}");
    assert!(again.contains("Skipped: 2 (it is here already)"), "{again}");
    let over = place.does(&[&import[..], &["--overwrite", "--only", "cat"]].concat());
    assert!(over.starts_with("Added: 0\nChanged: 1\n"), "{over}");
    // out, and in again
    let archive = place.folder.path().join("all.zip");
    let archive = archive.to_str().unwrap();
    assert_eq!(place.does(&["emoji", "export", archive]), format!("Wrote 2 emojis to {archive}\n"));
    assert_eq!(place.does(&["emoji", "remove", "my_cat"]), "Removed :my_cat:\n");
    assert!(place.refuses(&["emoji", "remove", "my_cat"]).contains("there is no emoji my_cat"));
    let back = place.does(&["emoji", "import", archive]);
    assert!(back.starts_with("Added: 1\n") && back.contains("my_big_dog"), "{back}");
    assert_eq!(place.does(&["emoji", "list"]), list, "names and categories are as they were");
    // one alone
    let file = format!("{folder}/cat.gif");
    assert_eq!(place.does(&["emoji", "add", "cat", &file]), "Added :cat:\n");
    assert!(place.refuses(&["emoji", "add", "cat", &file]).contains("it is here already"));
    let add = ["emoji", "add", ":cat:", &file, "--overwrite"];
    assert_eq!(place.does(&add), "Changed :cat:\n");
    let notes = format!("{folder}/notes.txt");
    assert!(place.refuses(&["emoji", "import", &notes]).contains("is no zip, no tar.gz"));
    assert!(place.refuses(&["emoji", "add", "dog", &notes]).contains("must be a PNG"));
    // nothing of all this is left among the uploads
    let left = std::fs::read_dir(place.data().join("media/tmp")).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn s_006_emojis_are_copied_from_another_server() {
    let place = Place::new();
    place.configure(&format!(
        "[server]\nlisten = \"{0}\"\nhost = \"{0}\"\n[storage]\ndata_dir = \"{1}\"\n\
         [network]\nallowed_private_ranges = [\"127.0.0.0/8\", \"::1/128\"]\n",
        place.listen,
        place.data().display()
    ));
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let site = Website::start();
    let png = coded(&corners(16, 16), ImageFormat::Png);
    let one = |name: &str, url: String| json!({"shortcode": name, "url": url, "static_url": url, "category": "Far"});
    let large = vec![0; 600_000];
    let list = json!([
        one("cat", site.serve("/cat.png", 200, "image/png", &png)),
        one("blob", site.serve("/blob", 200, "text/plain", &moving(10, 10))),
        one("bad", site.serve("/bad.png", 200, "image/png", b"<html>")),
        one("large", site.serve("/large.png", 200, "image/png", &large)),
        one("gone", site.at("/gone.png")),
        one("inside", "http://10.0.0.1/secret.png".into()),
        one("odd", "file:///etc/passwd".into()),
    ]);
    site.serve("/api/v1/custom_emojis", 200, "application/json", list.to_string().as_bytes());
    let cat = format!("cat@{}", site.host);
    assert_eq!(place.does(&["emoji", "copy", &cat, "--as", "kitty"]), "Added :kitty:\n");
    let refused = place.refuses(&["emoji", "copy", &format!("nobody@{}", site.host)]);
    assert!(refused.contains("has no emoji nobody"), "{refused}");
    let import = ["emoji", "import", "--from", &site.host];
    let some = place.does(&[&import[..], &["--only", "cat", "--dry-run"]].concat());
    assert!(some.starts_with("Would add: 1\nWould change: 0\n"), "{some}");
    let out = place.does(&import);
    assert!(out.starts_with("Added: 2\nChanged: 0\n"), "{out}");
    for name in ["bad", "large", "gone", "inside", "odd"] {
        assert!(out.contains(&format!("  {name}\n")), "{name}: {out}");
    }
    let shown = Request::new("GET", format!("{}/api/v1/custom_emojis", place.base())).send().ok();
    let names: Vec<_> = shown.as_array().unwrap().iter().map(|e| e["shortcode"].clone()).collect();
    assert_eq!(names, ["blob", "cat", "kitty"]);
    assert_eq!(shown[0]["category"], "Far");
    assert_ne!(shown[0]["static_url"], shown[0]["url"], "it moves");
    for odd in ["x@no server", "x@host/path?", "x@user@host", "cat"] {
        place.refuses(&["emoji", "copy", odd]);
    }
    serving.stop();
}
