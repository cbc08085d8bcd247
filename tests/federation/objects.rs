//! Objects of every type, as a person here reads them.

use serde_json::{Value, json};

use crate::support::{Instance, Options, Peer, Person, eventually, texts};

const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// Ann follows rae, who is on a server of odd software.
pub(super) struct Reader {
    pub instance: Instance,
    pub ann: Person,
    pub peer: Peer,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self::with(Options::default())
    }

    pub(super) fn with(options: Options) -> Self {
        let instance = Instance::with(options);
        let ann = instance.person("ann");
        let peer = Peer::start(&["rae", "sam"]);
        let reader = Self { instance, ann, peer };
        reader.follow("rae");
        reader
    }

    /// With a clock that is turned by hand.
    pub(super) fn at_a_standstill() -> Self {
        let now = dassie::clock::Clock::system().now_ms();
        Self::with(Options { clock: dassie::clock::Clock::manual(now), ..Options::default() })
    }

    /// Ann follows somebody there, who accepts.
    pub(super) fn follow(&self, name: &str) {
        let found = self.ann.finds(&format!("{name}@{}", self.peer.host));
        let id = found["id"].as_str().unwrap();
        self.ann.post(&format!("/api/v1/accounts/{id}/follow"), json!({}));
        let uri = self.peer.uri(name);
        let follow = eventually("the follow arrives", || {
            self.peer.received().into_iter().find(|a| a["type"] == "Follow" && a["object"] == uri)
        });
        self.send(
            name,
            json!({"id": self.peer.at(&format!("/accepts/{name}")),
            "type": "Accept", "object": follow}),
        );
    }

    /// An activity of somebody there, processed.
    pub(super) fn send(&self, name: &str, mut activity: Value) {
        activity["@context"] = json!("https://www.w3.org/ns/activitystreams");
        activity["actor"] = json!(self.peer.uri(name));
        let answer = self.peer.send(name, &format!("{}/inbox", self.instance.base), &activity);
        assert_eq!(answer.status, 202, "{}", answer.text());
        self.instance.settle();
    }

    /// A public object of rae's arrives in its Create; as ann sees it.
    pub(super) fn reads(&self, number: u32, object: Value) -> Value {
        let create = self.peer.create("rae", number, "", object);
        let id = create["object"]["id"].clone();
        self.send("rae", create);
        self.ann.finds_status(id.as_str().unwrap()).expect("it is here")
    }

    /// The newest of ann's home.
    pub(super) fn top(&self) -> Value {
        self.ann.get("/api/v1/timelines/home?limit=1")[0].clone()
    }
}

/// Its text as a client shows it.
fn text(status: &Value) -> String {
    dassie::text::sanitize::to_plain(status["content"].as_str().unwrap())
}

#[test]
fn f_260_f_262_f_263_articles_are_read_here() {
    let reader = Reader::new();
    let article = json!({"type": "Article", "name": "On <i>tea</i>", "summary": "All about tea",
        "content": "<h2>Why</h2><p>Because.</p><script>x</script><iframe src='https://x.example'></iframe>",
        "url": reader.peer.at("/tea")});
    let shown = reader.reads(1, article.clone());
    assert_eq!(shown["spoiler_text"], "", "an abstract is no warning");
    assert_eq!(shown["sensitive"], false);
    assert_eq!(text(&shown), "On <i>tea</i>\n\nWhy\n\nBecause.");
    assert_eq!(shown["url"], reader.peer.at("/tea"));
    assert!(!shown["content"].as_str().unwrap().contains("<i>"), "{shown}");
    // unless it says that it is one
    let mut warned = article;
    warned["sensitive"] = json!(true);
    let shown = reader.reads(2, warned);
    assert_eq!(
        (&shown["spoiler_text"], &shown["sensitive"]),
        (&json!("All about tea"), &json!(true))
    );
    // without a body: what sums it up, and the way there
    let shown = reader.reads(
        3,
        json!({"type": "Article", "name": "Short", "url": reader.peer.at("/s"),
        "preview": {"type": "Note", "content": "<p>An excerpt</p>"}}),
    );
    assert_eq!(text(&shown), format!("Short\n\nAn excerpt\n\n{}", reader.peer.at("/s")));
}

#[test]
fn f_263_articles_may_be_shown_in_short() {
    let reader = Reader::with(Options {
        configure: Some(|config| config.federation.article_full_content = false),
        ..Options::default()
    });
    let shown = reader.reads(
        1,
        json!({"type": "Article", "name": "Tea", "summary": "All about tea",
        "content": "<p>Long.</p>", "url": reader.peer.at("/tea")}),
    );
    assert_eq!(text(&shown), format!("Tea\n\nAll about tea\n\n{}", reader.peer.at("/tea")));
}

#[test]
fn f_261_f_301_warnings_in_all_their_shapes() {
    let reader = Reader::new();
    for (number, object, warning, sensitive) in [
        (1, json!({"summary": "eggs"}), "eggs", true),
        (2, json!({"summary": ""}), "", false),
        (3, json!({"summary": "\u{200b}"}), "\u{200b}", true),
        (4, json!({"sensitive": true}), "", true),
        (
            5,
            json!({"attachment": {"type": "Image", "sensitive": true,
            "url": reader.peer.at("/a.png")}}),
            "",
            true,
        ),
    ] {
        let shown = reader.reads(number, object);
        assert_eq!(
            (&shown["spoiler_text"], &shown["sensitive"]),
            (&json!(warning), &json!(sensitive)),
            "{number}"
        );
    }
}

#[test]
fn f_264_f_296_a_link_post_shows_its_link() {
    let reader = Reader::new();
    let shown = reader.reads(
        1,
        json!({"type": "Page", "name": "Look", "content": "<p>by the lake</p>",
        "attachment": [{"type": "Link", "href": "https://photos.example/heron.html"}],
        "image": {"type": "Image", "url": reader.peer.at("/heron.webp")}}),
    );
    assert_eq!(text(&shown), "Look\n\nhttps://photos.example/heron.html\n\nby the lake");
    assert_eq!(shown["media_attachments"][0]["remote_url"], reader.peer.at("/heron.webp"));
    // Friendica puts the link where the page should be
    let shown = reader.reads(
        2,
        json!({"type": "Page", "name": "News", "content": "They went out.",
        "url": "https://news.example/eva/"}),
    );
    assert_eq!(text(&shown), "News\n\nhttps://news.example/eva/\n\nThey went out.");
    assert_eq!(shown["url"], shown["uri"], "the page is its own");
    // a note may name a page apart from its text: that one is looked at
    reader.reads(
        3,
        json!({"content": "<p>see <a href='https://b.example/'>this</a></p>",
        "attachment": {"type": "Link", "href": "https://c.example/page"}}),
    );
    let cards = |link: &str| {
        let link = link.to_owned();
        reader
            .instance
            .app
            .db
            .read(|conn| dassie::db::card::find_by_address(conn, &link, 5))
            .unwrap()
            .len()
    };
    assert_eq!((cards("https://c.example/page"), cards("https://b.example/")), (1, 0));
    assert_eq!(cards("https://photos.example/heron.html"), 1);
}

#[test]
fn f_265_f_273_a_video_can_be_played() {
    let reader = Reader::new();
    let at = |path: &str| reader.peer.at(path);
    let video = json!({"type": "Video", "name": "A walk", "duration": "PT1145S",
        "mediaType": "text/markdown", "content": "A **long** walk. <script>alert(1)</script>",
        "icon": [{"type": "Image", "url": at("/small.jpg"), "width": 280, "height": 157},
                 {"type": "Image", "url": at("/large.jpg"), "width": 850, "height": 480}],
        "url": [{"type": "Link", "mediaType": "text/html", "href": at("/w/1")},
                {"type": "Link", "mediaType": "application/x-mpegURL", "href": at("/m.m3u8"),
                 "tag": [{"type": "Link", "mediaType": "video/mp4", "href": at("/480.mp4"),
                          "height": 480, "size": 41_234_567}]}]});
    let shown = reader.reads(1, video.clone());
    assert_eq!(
        text(&shown),
        format!("A walk\n\nA **long** walk. <script>alert(1)</script>\n\n{}", at("/w/1"))
    );
    assert_eq!(shown["url"], at("/w/1"));
    let media = &shown["media_attachments"][0];
    assert_eq!((&media["type"], &media["remote_url"]), (&json!("video"), &json!(at("/480.mp4"))));
    assert_eq!(media["preview_remote_url"], at("/large.jpg"));
    assert_eq!(media["meta"]["original"]["duration"], 1145.0);
    // a stream alone plays in no client: its still, and the page
    let mut live = video;
    live["url"] = json!([{"type": "Link", "mediaType": "text/html", "href": at("/w/2")}]);
    let shown = reader.reads(2, live);
    let media = &shown["media_attachments"];
    assert_eq!(
        (&media[0]["type"], &media[0]["remote_url"]),
        (&json!("image"), &json!(at("/large.jpg")))
    );
    assert_eq!(media.as_array().unwrap().len(), 1);
}

#[test]
fn f_266_f_267_events_sounds_pictures_and_places() {
    let reader = Reader::new();
    let at = |path: &str| reader.peer.at(path);
    let event = reader.reads(
        1,
        json!({"type": "Event", "name": "Dance", "content": "<p>Come</p>",
        "startTime": "2026-12-11T19:00:00+01:00", "endTime": "2026-12-11T22:30:00+01:00",
        "location": {"type": "Place", "name": "The Centre",
            "address": {"streetAddress": "Main street", "addressLocality": "Exeter"}},
        "url": at("/events/1")}),
    );
    assert_eq!(
        text(&event),
        format!(
            "Dance\n\n🗓 2026-12-11 19:00 +01:00 – 2026-12-11 22:30 +01:00\n\
        📍 The Centre, Main street, Exeter\n\nCome\n\n{}",
            at("/events/1")
        )
    );
    let sound = reader.reads(
        2,
        json!({"type": "Audio", "name": "Song", "duration": 61,
        "image": {"type": "Image", "url": at("/cover.jpg")},
        "url": [{"type": "Link", "mediaType": "text/html", "href": at("/song")},
                {"type": "Link", "mediaType": "audio/mpeg", "href": at("/song.mp3")}]}),
    );
    assert_eq!(text(&sound), format!("Song\n\n{}", at("/song")));
    let media = &sound["media_attachments"][0];
    assert_eq!((&media["type"], &media["remote_url"]), (&json!("audio"), &json!(at("/song.mp3"))));
    assert_eq!(media["preview_remote_url"], at("/cover.jpg"));
    assert_eq!(media["meta"]["original"]["duration"], 61.0);
    let picture = reader.reads(
        3,
        json!({"type": "Image", "name": "Dusk", "content": "<p>At sea</p>",
        "url": [{"type": "Link", "mediaType": "image/png", "href": at("/dusk.png")}]}),
    );
    assert_eq!(text(&picture), "Dusk\n\nAt sea");
    assert_eq!(picture["media_attachments"][0]["remote_url"], at("/dusk.png"));
    for (number, kind) in [(4, "Document"), (5, "Place"), (6, "Album")] {
        let page = at(&format!("/pages/{number}"));
        let shown = reader.reads(number, json!({"type": kind, "name": "Thing", "url": page}));
        assert_eq!(text(&shown), format!("Thing\n\n{page}"), "{kind}");
    }
}

#[test]
fn f_268_what_is_said_of_books() {
    let reader = Reader::new();
    let book = "https://books.example/book/1";
    let of = |number, kind: &str, extra: Value| {
        let mut object = json!({"type": kind, "inReplyToBook": book});
        object.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        reader.reads(number, object)
    };
    let review = of(
        1,
        "Review",
        json!({"name": "A read", "content": "<p>Good.</p>", "rating": 4.5,
        "summary": "Spoilers", "sensitive": true}),
    );
    assert_eq!(text(&review), format!("A read\n\n★★★★½ 4.5/5\n\nGood.\n\n{book}"));
    assert_eq!(review["spoiler_text"], "Spoilers");
    let quotation = of(
        2,
        "Quotation",
        json!({"content": "I like this", "position": 50,
        "quote": "To <b>be</b>", "positionMode": "PCT"}),
    );
    assert_eq!(text(&quotation), format!("To be\n\n— 50%\n\nI like this\n\n{book}"));
    assert_eq!(quotation["quote"], Value::Null, "words are no quoted status");
    let rating = of(3, "Rating", json!({"name": "Rated", "rating": 3, "content": ""}));
    assert_eq!(text(&rating), format!("Rated\n\n★★★☆☆ 3/5\n\n{book}"));
    assert_eq!(text(&of(4, "Comment", json!({"content": "Hm"}))), format!("Hm\n\n{book}"));
}

#[test]
fn f_012_f_270_what_is_no_post_leaves_nothing() {
    let reader = Reader::new();
    for (number, kind) in [(1, "Story"), (2, "Playlist"), (3, "Person"), (4, "Collection")] {
        let create = reader.peer.create("rae", number, "<p>x</p>", json!({"type": kind}));
        let id = create["object"]["id"].as_str().unwrap().to_owned();
        reader.send("rae", create);
        let stored = reader.instance.app.db.read(|conn| dassie::db::status::find_by_uri(conn, &id));
        assert!(stored.unwrap().is_none(), "{kind}");
    }
    // one of several types is known
    let shown = reader.reads(5, json!({"type": ["Odd", "Note"], "content": "<p>known</p>"}));
    assert_eq!(text(&shown), "known");
}

#[test]
fn f_013_f_272_of_several_languages_the_readers_is_shown() {
    let reader = Reader::with(Options {
        configure: Some(|config| config.instance.languages = vec!["zh".into(), "fr".into()]),
        ..Options::default()
    });
    let map = json!({"de": "<p>Hallo</p>", "fr": "<p>Salut</p>", "en": "<p>Hello</p>"});
    let several = |extra: Value| {
        let mut object = json!({"content": null, "contentMap": map});
        object.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        object
    };
    let shown = reader.reads(
        1,
        several(json!({"summary": null,
        "summaryMap": {"de": "Gruß", "fr": "Salutation"}})),
    );
    assert_eq!((text(&shown).as_str(), &shown["language"]), ("Salut", &json!("fr")));
    assert_eq!(shown["spoiler_text"], "Salutation");
    // its own choice counts before ours
    let shown = reader.reads(2, several(json!({"content": "<p>Hello</p>"})));
    assert_eq!((text(&shown).as_str(), &shown["language"]), ("Hello", &json!("en")));
    // one alone is it, whatever it is; nonsense is no language
    let shown = reader.reads(3, several(json!({"contentMap": {"sv": "<p>Hej</p>"}})));
    assert_eq!((text(&shown).as_str(), &shown["language"]), ("Hej", &json!("sv")));
    let shown = reader.reads(4, several(json!({"contentMap": {"no such tongue": "<p>?</p>"}})));
    assert_eq!((text(&shown).as_str(), &shown["language"]), ("?", &Value::Null));
    // what differs from all of the map is in no known language (Friendica)
    let shown = reader.reads(5, several(json!({"content": "<p>Ciao</p>"})));
    assert_eq!((text(&shown).as_str(), &shown["language"]), ("Ciao", &Value::Null));
    let shown =
        reader.reads(6, several(json!({"contentMap": {"de": "<p>a</p>", "ja": "<p>b</p>"}})));
    assert_eq!(shown["language"], "de", "without one of ours the first");
}

#[test]
fn f_271_s_050_what_is_too_long_is_cut_where_no_tag_is() {
    let reader = Reader::new();
    let page = reader.peer.at("/long");
    let long = "<p>One <b>two</b> three &amp; four.</p>".repeat(6000);
    let shown =
        reader.reads(1, json!({"type": "Article", "name": "Long", "content": long, "url": page}));
    let content = shown["content"].as_str().unwrap();
    assert!(content.len() > 80_000 && content.len() < 102_000, "{}", content.len());
    assert_eq!(content.matches("<p>").count(), content.matches("</p>").count());
    assert!(
        text(&shown).ends_with(&format!("… {page}")),
        "{}",
        &text(&shown)[text(&shown).len() - 80..]
    );
    // a note as well, and plain text
    let shown = reader.reads(2, json!({"content": "<p>word</p>".repeat(12_000), "url": page}));
    assert!(text(&shown).ends_with(&format!("… {page}")));
    let shown = reader.reads(
        3,
        json!({"type": "Video", "mediaType": "text/plain",
        "content": "word <b> ".repeat(15_000), "url": page}),
    );
    assert!(shown["content"].as_str().unwrap().len() < 102_000);
    assert!(text(&shown).ends_with(&format!("… {page}")));
    // nested without end it is text
    let shown = reader.reads(4, json!({"content": "<b>".repeat(5000) + "deep"}));
    assert!(text(&shown).contains("deep"));
}

#[test]
fn f_290_f_291_emoji_stay_in_their_own_post() {
    let reader = Reader::new();
    let icon = reader.peer.at("/blob.png");
    let tags = json!([
        {"type": "Emoji", "id": null, "name": "blob", "icon": {"type": "Image", "url": icon}},
        {"type": "Emoji", "name": ":../etc:", "icon": {"url": icon}},
        {"type": "Emoji", "name": ":noicon:"},
        {"type": "Emoji", "name": ":svg:", "icon": {"url": icon, "mediaType": "image/svg+xml"}}]);
    let shown = reader.reads(1, json!({"content": "<p>:blob: hi</p>", "tag": tags}));
    assert_eq!(shown["emojis"].as_array().unwrap().len(), 1, "{}", shown["emojis"]);
    assert_eq!(
        (&shown["emojis"][0]["shortcode"], &shown["emojis"][0]["url"]),
        (
            &json!("blob"),
            &json!(reader.instance.app.site.cached_emoji(dassie::model::CacheClass::Emoji, &icon))
        )
    );
    assert!(shown["content"].as_str().unwrap().contains(":blob:"), "clients draw it");
    let other = reader.reads(2, json!({"content": "<p>:blob:</p>"}));
    assert_eq!(other["emojis"], json!([]));
    let mine = reader.ann.writes(":blob:", "public");
    assert_eq!(mine["emojis"], json!([]));
}

#[test]
fn f_288_hashtags_meet_in_one_spelling() {
    let reader = Reader::new();
    let shown = reader.reads(
        1,
        json!({"content": "<p>x</p>", "tag": [
        {"type": "Hashtag", "name": "Birds", "href": "javascript:alert(1)"},
        {"type": "Hashtag", "name": "#ＢＩＲＤＳ"}, {"type": "Hashtag", "name": "#sea-gulls"},
        {"type": "Hashtag", "name": "#123"}, {"type": "Movie", "name": "#film"}]}),
    );
    let mut names: Vec<&str> =
        shown["tags"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["birds", "seagulls"]);
    assert!(!shown["tags"].to_string().contains("javascript"));
    assert_eq!(texts(&reader.ann.get("/api/v1/timelines/tag/birds")), ["x"]);
}

#[test]
fn f_294_to_f_302_attachments_in_every_shape() {
    let reader = Reader::new();
    let at = |path: &str| reader.peer.at(path);
    let hash = "UeKUpFxuo~R%0nW;WCnhF6RjaJt757oJodS$";
    let shown = reader.reads(1, json!({"content": "<p>x</p>", "attachment": [
        {"type": "PropertyValue", "name": "a", "value": "b"},
        {"type": "Document", "mediaType": "image/jpeg", "url": at("/1"), "name": "n",
         "summary": "s", "blurhash": hash, "focalPoint": [2, "-0.5"], "width": 16, "height": 9},
        {"type": "IdentityProof", "name": "x", "signatureValue": "y"},
        {"type": "Image", "url": at("/2.png"), "name": "two", "blurhash": "no <b>", "width": -4},
        {"type": "Link", "rel": "payment", "href": "https://pay.example/"},
        {"type": "Document", "url": [{"type": "Link", "href": at("/3.mp3"), "mediaType": "audio/mpeg"}]},
        {"type": "Link", "mediaType": "video/mp4", "href": at("/4.mp4")},
        {"type": "Document", "url": "data:image/png;base64,xx"},
        {"type": "Document", "url": at("/5")}]}));
    let media = shown["media_attachments"].as_array().unwrap();
    let told: Vec<(&str, &str)> = media
        .iter()
        .map(|m| (m["type"].as_str().unwrap(), m["remote_url"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("image", at("/1").as_str()),
            ("image", &at("/2.png")),
            ("audio", &at("/3.mp3")),
            ("video", &at("/4.mp4")),
            ("unknown", &at("/5"))
        ]
    );
    assert_eq!((&media[0]["description"], &media[0]["blurhash"]), (&json!("s"), &json!(hash)));
    assert_eq!(media[0]["meta"]["focus"], json!({"x": 1.0, "y": -0.5}));
    assert_eq!(media[0]["meta"]["original"]["size"], "16x9");
    assert_eq!((&media[1]["description"], &media[1]["blurhash"]), (&json!("two"), &Value::Null));
    assert_eq!(media[1]["meta"]["original"], Value::Null);
    let many: Vec<Value> =
        (0..40).map(|n| json!({"type": "Image", "url": at(&format!("/many/{n}.png"))})).collect();
    let shown = reader.reads(2, json!({"content": "<p>x</p>", "attachment": many}));
    let media = shown["media_attachments"].as_array().unwrap();
    assert_eq!(media.len(), 16);
    assert_eq!(media[15]["remote_url"], at("/many/15.png"));
    // a picture in the text is one as well, once
    let shown = reader.reads(3, json!({
        "content": format!("<p>x<img src='{0}' alt='A fleet'><img src='{1}'></p>", at("/f.png"), at("/g.png")),
        "attachment": {"type": "Image", "url": at("/g.png"), "name": "g"}}));
    let media = shown["media_attachments"].as_array().unwrap();
    assert_eq!(media.len(), 2);
    assert_eq!(media[1]["description"], "A fleet");
}

#[test]
fn f_166_f_313_counts_of_the_origin_are_shown_apart() {
    let reader = Reader::new();
    let note = |likes: Value, shares: Value| {
        json!({"content": "<p>x</p>",
        "likes": {"type": "Collection", "totalItems": likes},
        "shares": {"type": "Collection", "totalItems": shares}})
    };
    let shown = reader.reads(1, note(json!(12), json!(-3)));
    let id = shown["id"].as_str().unwrap().to_owned();
    assert_eq!((&shown["favourites_count"], &shown["reblogs_count"]), (&json!(12), &json!(0)));
    // an Update without a newer version brings the numbers alone
    let mut update = reader.peer.create("rae", 1, "<p>other</p>", note(json!("30"), json!(4.0)));
    update["type"] = json!("Update");
    update["id"] = json!(reader.peer.at("/updates/1"));
    reader.send("rae", update);
    let get = || reader.ann.get(&format!("/api/v1/statuses/{id}"));
    let shown = get();
    assert_eq!((&shown["favourites_count"], &shown["reblogs_count"]), (&json!(30), &json!(4)));
    assert_eq!((text(&shown).as_str(), &shown["edited_at"]), ("x", &Value::Null));
    // what we know ourselves counts where the origin knows less
    let shown = reader.reads(2, note(json!(0), json!(0)));
    let id = shown["id"].as_str().unwrap().to_owned();
    let liked = reader.ann.post(&format!("/api/v1/statuses/{id}/favourite"), json!({}));
    assert_eq!(liked["favourites_count"], 1);
    // nobody else says how often something was liked
    let mut foreign = reader.peer.create("rae", 1, "<p>x</p>", note(json!(999), json!(999)));
    foreign["type"] = json!("Update");
    foreign["id"] = json!(reader.peer.at("/updates/2"));
    reader.send("sam", foreign);
    assert_eq!(reader.top()["favourites_count"], 1);
    assert_eq!(reader.ann.get("/api/v1/timelines/home")[1]["favourites_count"], 30);
}

#[test]
fn f_202_messages_of_chats_are_direct_and_told() {
    let reader = Reader::new();
    let chat = |number, extra: Value| {
        let mut create = reader.peer.create("rae", number, "Hi!", extra);
        // the addressing is the whole of it: no Mention, and no Public that anybody slipped in
        create["object"]["to"] = json!([reader.ann.uri]);
        create["object"]["cc"] = json!([]);
        create["to"] = json!([reader.ann.uri]);
        create["cc"] = json!([]);
        create
    };
    reader.send("rae", chat(1, json!({"type": "ChatMessage"})));
    reader.send("rae", chat(2, json!({"_misskey_talk": true})));
    let talks = reader.ann.get("/api/v1/conversations");
    assert_eq!(talks.as_array().unwrap().len(), 2, "{talks}");
    assert_eq!(talks[0]["last_status"]["visibility"], "direct");
    assert_eq!(reader.ann.notifications().iter().filter(|n| n.0 == "mention").count(), 2);
    // a chat is never open, whatever it says
    let mut open = chat(3, json!({"type": "ChatMessage"}));
    open["object"]["to"] = json!([PUBLIC, reader.ann.uri]);
    reader.send("rae", open);
    let shown = reader.ann.finds_status(&reader.peer.at("/notes/3")).unwrap();
    assert_eq!(shown["visibility"], "direct");
    let other = reader.instance.person("bob");
    assert_eq!(other.finds_status(&reader.peer.at("/notes/3")), None);
}

#[test]
fn f_135_f_231_what_concerns_nobody_here_is_dropped() {
    let reader = Reader::new();
    let mine = reader.ann.writes("mine", "public");
    let rae = reader.reads(1, json!({"content": "<p>of rae</p>"}));
    let is_here = |number: u32| {
        let uri = reader.peer.at(&format!("/notes/{number}"));
        reader
            .instance
            .app
            .db
            .read(|conn| dassie::db::status::find_by_uri(conn, &uri))
            .unwrap()
            .is_some()
    };
    for (number, extra, wanted) in [
        (10, json!({}), false),
        (11, json!({"inReplyTo": mine["uri"]}), true),
        (12, json!({"inReplyTo": rae["uri"]}), true),
        (13, json!({"inReplyTo": "https://elsewhere.example/1"}), false),
        (14, json!({"cc": [reader.ann.uri]}), true),
        // a Mention without addressing is none of our business (F-234)
        (15, json!({"tag": [{"type": "Mention", "href": reader.ann.uri, "name": "@ann"}]}), false),
    ] {
        reader.send("sam", reader.peer.create("sam", number, "<p>x</p>", extra));
        assert_eq!(is_here(number), wanted, "{number}");
    }
    // another's followers give no access, and nothing to us
    let mut foreign = reader.peer.create(
        "sam",
        16,
        "<p>x</p>",
        json!({
        "to": [format!("{}/followers", reader.peer.uri("rae"))], "cc": []}),
    );
    foreign["to"] = foreign["object"]["to"].clone();
    reader.send("sam", foreign);
    assert!(!is_here(16));
    reader.send(
        "rae",
        reader.peer.create(
            "rae",
            17,
            "<p>for others</p>",
            json!({
        "to": [format!("{}/followers", reader.peer.uri("sam"))], "cc": []}),
        ),
    );
    assert_eq!(reader.ann.finds_status(&reader.peer.at("/notes/17")), None);
    assert!(!reader.ann.home().contains(&"for others".to_owned()));
}
