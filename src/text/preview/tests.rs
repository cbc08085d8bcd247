//! Pages as they are found.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn at(address: &str) -> Url {
    Url::parse(address).expect("an address")
}

fn found(html: &str) -> Page {
    read(html, &at("https://a.example/x/page?id=1"))
}

#[test]
fn the_first_link_is_no_name_and_no_tag() {
    let own = |address: &str| address.starts_with("https://here.example/");
    for (html, want) in [
        ("<p><a href=\"https://a.example\">a</a></p>", Some("https://a.example/")),
        (
            "<a class='u-url mention' href='https://m.example/@a'>@a</a> <a href='https://b.example/1'>b</a>",
            Some("https://b.example/1"),
        ),
        ("<a href='https://m.example/@a'>@<span>a</span></a>", None),
        ("<a href='https://m.example/t/x'>#<span>x</span></a>", None),
        ("<a rel='tag' href='https://m.example/t/x'>x</a>", None),
        ("<a href='https://m.example/t/x' class=\"Hashtag\">x</a>", None),
        (
            "<p class='quote-inline'>RE: <a href='https://q.example/1'>q</a></p><a href='https://b.example/2'>b</a>",
            Some("https://b.example/2"),
        ),
        (
            "<a href='https://here.example/@me/1'>x</a><a href='https://b.example/3'>b</a>",
            Some("https://b.example/3"),
        ),
        ("<a href='javascript:x'>x</a><a href='/relative'>x</a><a>x</a>", None),
        ("<a href='https://b.example/?a=1&amp;b=2#c'>x", Some("https://b.example/?a=1&b=2#c")),
        (
            "<a href='https://b.example/天氣'><span class=invisible>https://</span>b.example</a>",
            Some("https://b.example/%E5%A4%A9%E6%B0%A3"),
        ),
        ("no link", None),
    ] {
        assert_eq!(first_link(html, own).as_deref(), want, "{html}");
    }
}

#[test]
fn a_head_is_read_tolerantly() {
    let page = found(
        "<!doctype html><html lang=zh-CN><head><title> Plain \n title </title>
         <meta property='og:title' content='Ope&amp;n &quot;title&quot;'>
         <meta name=description content=\"A  description\">
         <META NAME='twitter:image' CONTENT='/pic.jpg'><meta property=og:image:width content=1200px>
         <meta property=og:image:height content=630><meta property='og:image:alt' content=alt>
         <meta property='og:site_name' content='Site'><meta name=author content='Ann'>
         <meta property='article:published_time' content='2024-05-01T10:00:00+02:00'>
         <link rel=canonical href=/x/canonical>
         <link rel='alternate' type='application/json+oembed' href='//o.example/e?format=json'>
         <script>document.write('<meta property=\"og:title\" content=\"no\">')</script>
         <body><title>no</title><svg><title>no</title></svg>",
    );
    let want = Preview {
        url: "https://a.example/x/canonical".into(),
        title: "Ope&n \"title\"".into(),
        description: "A description".into(),
        author_name: "Ann".into(),
        provider_name: "Site".into(),
        width: 1200,
        height: 630,
        image: Some("https://a.example/pic.jpg".into()),
        image_description: "alt".into(),
        language: Some("zh-CN".into()),
        published_at: Some(1_714_550_400_000),
        ..Preview::default()
    };
    assert_eq!(page.preview, want);
    assert_eq!(page.oembed.as_deref(), Some("https://o.example/e?format=json"));
    let plain = found("<title>Only a title").preview;
    assert_eq!(
        (plain.title.as_str(), plain.url.as_str()),
        ("Only a title", "https://a.example/x/page?id=1")
    );
    assert_eq!(found("").preview.title, "");
}

#[test]
fn s_119_foreign_addresses_stay_harmless() {
    let page = found(
        "<title>x</title><link rel=canonical href='https://other.example/'>
         <meta property='og:image' content='javascript:alert(1)'>
         <meta name='twitter:player' content='http://v.example/p'>
         <meta property='article:author' content='data:text/html,x'>
         <link rel=alternate type='application/json+oembed' href='file:///etc/passwd'>",
    );
    assert_eq!(page.preview.url, "https://a.example/x/page?id=1");
    assert_eq!(page.preview.image, None);
    assert_eq!(page.preview.author_url, "");
    assert_eq!((page.preview.kind, page.preview.html.as_str()), (CardKind::Link, ""));
    assert_eq!(page.oembed, None);
    let player = found(
        "<title>x</title><meta name='twitter:player' content='https://v.example/p?a=1&amp;b=\"><script>'>",
    );
    assert_eq!(player.preview.kind, CardKind::Video);
    assert!(!player.preview.html.contains("<script"), "{}", player.preview.html);
    assert!(player.preview.html.contains("sandbox="));
}

#[test]
fn the_address_of_a_player_has_one_spelling() {
    for (written, address) in [
        ("HTTPS://V.Example:443/1", "https://v.example/1"),
        ("//V.EXAMPLE/1", "https://v.example/1"),
        ("https:\tv.example/1", ""),
    ] {
        let mut preview = Preview::default();
        let html = format!("<iframe src='{written}'></iframe>");
        let document = json!({"type": "video", "html": html});
        add_oembed(&mut preview, &document, &at("https://a.example/oembed"));
        let want = format!("<iframe src=\"{address}\"");
        assert_eq!(preview.html.starts_with(&want), !address.is_empty(), "{}", preview.html);
    }
}

#[test]
fn oembed_adds_what_it_knows() {
    let base = at("https://a.example/oembed");
    let with = |document: Value| {
        let mut preview =
            Preview { title: "page".into(), description: "d".into(), ..Preview::default() };
        add_oembed(&mut preview, &document, &base);
        preview
    };
    let video = with(json!({
        "type": "video", "title": "A &amp; B", "author_name": "Ann", "author_url": "https://a.example/ann",
        "provider_name": "Tube", "provider_url": "https://a.example", "width": 480, "height": "270",
        "html": "<script>bad()</script><iframe onload=x src='//v.example/embed/1'></iframe>",
        "thumbnail_url": "https://a.example/t.jpg", "thumbnail_width": 100, "thumbnail_height": 50,
    }));
    assert_eq!(
        (video.kind, video.title.as_str(), video.description.as_str()),
        (CardKind::Video, "A & B", "d")
    );
    assert_eq!((video.width, video.height), (480, 270));
    assert!(video.html.starts_with("<iframe src=\"https://v.example/embed/1\" width=\"480\""));
    assert!(!video.html.contains("script>") && !video.html.contains("onload"));
    assert_eq!(video.image.as_deref(), Some("https://a.example/t.jpg"));
    let photo =
        with(json!({"type": "photo", "url": "https://a.example/p.jpg", "width": 10, "height": 20}));
    assert_eq!(
        (photo.kind, photo.embed_url.as_str()),
        (CardKind::Photo, "https://a.example/p.jpg")
    );
    for other in [
        json!({"type": "rich", "html": "<iframe src='https://v.example'></iframe>"}),
        json!({"type": "video", "html": "<iframe src='javascript:x'>"}),
        json!({"type": "photo", "url": "data:x"}),
        json!([1]),
        json!("x"),
    ] {
        let kept = with(other.clone());
        assert_eq!(
            (kept.kind, kept.html.as_str(), kept.title.as_str()),
            (CardKind::Link, "", "page"),
            "{other}"
        );
    }
}

proptest! {
    #[test]
    fn no_page_breaks_it(
        html in "(<meta |<link |<title>|</title>|<a |<iframe |property=|name=|content=|href=|rel=|'|\"|>|og:title|twitter:player|canonical|alternate|https://a\\.example|&amp;|字|\\PC){0,40}"
    ) {
        let page = found(&html);
        prop_assert!(page.preview.title.chars().count() <= TITLE);
        prop_assert!(page.preview.url.starts_with("https://a.example"));
        if let Some(link) = first_link(&html, |_| false) {
            prop_assert!(link.starts_with("http"));
        }
        let mut preview = page.preview;
        add_oembed(&mut preview, &json!({"type": "video", "html": html}), &at("https://a.example/"));
        prop_assert!(preview.html.matches('<').count() <= 2);
    }
}
