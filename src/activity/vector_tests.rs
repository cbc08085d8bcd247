//! The interop vectors of `tests/vectors/` against every parser.

use std::path::PathBuf;

use serde_json::Value;

use super::actor::Actor;
use super::collection::{Collection, First};
use super::fuzz_tests::try_everything;
use super::incoming::{Activity, Kind, ObjectRef};
use super::media::MediaKind;
use super::object::{Object, ObjectKind};
use super::{PUBLIC, actor, json as reader, read, visibility};
use crate::error::Error;
use crate::model::ActorKind;
use crate::model::Visibility;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn vector(name: &str) -> Value {
    reader::parse(&bytes(&format!("{name}.json"))).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn activity(name: &str) -> Activity {
    Activity::parse(vector(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The object of an activity, or the document itself.
fn object(name: &str) -> Object {
    let value = vector(name);
    let inner = value.get("object").filter(|o| o.is_object()).unwrap_or(&value);
    Object::parse_embedded(inner).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn person(name: &str) -> Actor {
    Actor::parse(&vector(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn f_257_every_vector_is_read_without_a_panic() {
    let index: Value = serde_json::from_slice(&bytes("index.json")).unwrap();
    let mut seen = 0;
    for entry in read::many(&index, "files") {
        let name = entry["file"].as_str().unwrap();
        if name.starts_with("http/") || !name.ends_with(".json") {
            continue;
        }
        seen += 1;
        match reader::parse(&bytes(name)) {
            Err(e) => assert!(
                matches!(name, "hostile/deep_json.json" | "hostile/duplicate_keys.json"),
                "{name}: {e}"
            ),
            Ok(value) => {
                try_everything(&value);
                if actor::kind_of(&value).is_some() {
                    Actor::parse(&value).unwrap_or_else(|e| panic!("{name}: {e}"));
                } else if ObjectKind::of(&value).is_some() {
                    Object::parse(&value).unwrap_or_else(|e| panic!("{name}: {e}"));
                } else if value.get("actor").is_some() {
                    let a = Activity::parse(value).unwrap_or_else(|e| panic!("{name}: {e}"));
                    if let (Kind::Create | Kind::Update, Some(inner)) =
                        (&a.kind, a.object.embedded())
                        && ObjectKind::of(inner).is_some()
                    {
                        Object::parse_embedded(inner).unwrap_or_else(|e| panic!("{name}: {e}"));
                    }
                }
            }
        }
    }
    assert!(seen > 140, "only {seen} vectors");
}

#[test]
fn s_036_s_044_hostile_bodies_are_refused() {
    for name in ["hostile/deep_json.json", "hostile/duplicate_keys.json"] {
        assert!(matches!(reader::parse(&bytes(name)), Err(Error::BadRequest(_))), "{name}");
    }
}

#[test]
fn f_043_actors_of_all_software() {
    let maria = person("mastodon/actor");
    assert_eq!((maria.fields.len(), maria.emojis.len(), maria.locked), (2, 1, false));
    assert_eq!(maria.webfinger.as_deref(), Some("maria@masto.example"));
    assert_eq!(maria.icon_alt.as_deref(), Some("A robin on a fence"));
    assert_eq!(maria.attribution_domains, ["blog.example"]);
    assert!(maria.key("https://masto.example/users/maria#main-key").is_some());
    assert_eq!(person("mastodon/instance_actor").kind, ActorKind::Application);
    let neko = person("misskey/actor");
    assert!(neko.privacy.sign_in_required && neko.image_url.is_none());
    assert_eq!(person("akkoma/actor").emojis.first().map(|e| e.id.clone()), Some(None));
    let sloth = person("gotosocial/actor");
    assert_eq!((sloth.fields.len(), sloth.shared_inbox, sloth.locked), (1, None, true));
    assert!(sloth.privacy.hides_unlisted && !sloth.privacy.hides_public);
    let channel = person("peertube/channel_group");
    assert!(channel.icon_url.is_some_and(|u| u.ends_with("l.jpg")));
    assert_eq!(channel.kind, ActorKind::Group);
    assert_eq!(person("lemmy/group").following, None);
    assert_eq!(person("pixelfed/actor").featured, None);
    let wp = person("wordpress/actor_blog_group");
    assert_eq!((wp.preferred_username.as_str(), wp.fields.len()), ("wp.example", 1));
    assert_eq!(person("bridgy-fed/actor").preferred_username, "site.example");
    let fixed = person("static-actor/actor");
    assert!(fixed.public_keys.is_empty() && fixed.url.is_some());
    assert!(person("threads/actor").id.ends_with('/'));
    assert!(person("bookwyrm/actor").public_keys.iter().all(|k| k.id.contains("/#")));
    assert_eq!(person("hostile/control_chars_actor").url, None);
}

#[test]
fn s_025_keys_behind_key_ids() {
    let stub = vector("gotosocial/main_key_stub");
    let key = actor::key_document(&stub, "https://gts.example/users/sloth/main-key").unwrap();
    assert_eq!(key.owner, "https://gts.example/users/sloth");
    assert_eq!(Actor::parse(&stub).unwrap().inbox, None);
    let forged = vector("hostile/key_owner_one_way");
    assert_eq!(actor::key_document(&forged, "https://mallory.example/keys/1"), None);
}

#[test]
fn f_230_visibilities_of_vectors() {
    let of = |name: &str, followers: &str| {
        let o = object(name);
        visibility(&o.to, &o.cc, Some(followers))
    };
    let maria = "https://masto.example/users/maria/followers";
    assert_eq!(of("mastodon/create_note_public_media", maria), Visibility::Public);
    assert_eq!(of("mastodon/create_note_unlisted_cw", maria), Visibility::Unlisted);
    assert_eq!(of("mastodon/create_note_followers_only", maria), Visibility::Private);
    assert_eq!(of("mastodon/create_note_direct", maria), Visibility::Direct);
    assert_eq!(of("ghost/create_article", ""), Visibility::Public);
    assert_eq!(of("akkoma/local_only_scope", ""), Visibility::Direct);
    assert_eq!(object("ghost/create_article").to, [PUBLIC]);
}

#[test]
fn f_257_a_mastodon_post() {
    let o = object("mastodon/create_note_public_media");
    assert_eq!((o.mentions.len(), o.emojis.len(), o.attachments.len()), (1, 1, 1));
    assert_eq!(o.hashtags, ["Birds"]);
    let a = o.attachments.first().unwrap();
    assert_eq!((a.kind, a.focus, a.width), (MediaKind::Image, Some((-0.2, 0.43)), Some(1600)));
    assert!(a.alt.is_some() && a.blurhash.is_some());
    assert!(o.replies.is_some_and(|r| r.id.is_some() && r.next.is_some()));
    assert_eq!((o.likes_total, o.language.as_deref()), (Some(0), Some("en")));
    assert_eq!(object("mastodon/create_note_unlisted_cw").content_warning(), Some("food"));
}

#[test]
fn f_304_polls_of_vectors() {
    let poll = |name: &str| object(name).poll.unwrap();
    let open = poll("mastodon/create_question");
    assert_eq!(open.options, [("Tea".into(), 3), ("Coffee".into(), 2)]);
    assert!(!open.multiple && !open.closed);
    let over = object("mastodon/update_question_tally");
    assert_eq!(over.edited_ms(), None);
    assert!(over.poll.is_some_and(|p| p.closed));
    assert!(poll("misskey/create_note_poll").multiple);
    let bomb = poll("hostile/poll_bomb_small");
    assert_eq!(bomb.options.len(), 100);
    assert!(bomb.options.iter().all(|o| o.1 == 0));
}

#[test]
fn f_306_votes_of_vectors() {
    assert!(object("mastodon/vote").is_vote_like);
    let many = activity("gotosocial/create_vote_multi");
    let votes: Vec<_> = many
        .objects()
        .filter_map(ObjectRef::embedded)
        .filter_map(|v| Object::parse_embedded(v).ok())
        .filter(|o| o.is_vote_like)
        .filter_map(|o| o.name)
        .collect();
    assert_eq!(votes, ["Option A", "Option C"]);
    assert!(!object("discourse/note_with_name").is_vote_like);
}

#[test]
fn f_317_quotes_of_vectors() {
    for (name, legacy) in [
        ("mastodon/create_note_quote_fep044f", false),
        ("misskey/create_note_quote", true),
        ("akkoma/quote_uri", true),
        ("threads/create_note_quote", true),
        ("mitra/fep_e232_quote_tag", true),
    ] {
        let o = object(name);
        assert!(o.quote.is_some() && o.quote_legacy == legacy, "{name}");
    }
    assert_eq!(object("bookwyrm/quotation").quote, None);
    assert!(object("mastodon/create_note_quote_fep044f").quote_authorization.is_some());
}

#[test]
fn f_263_to_f_268_the_other_types() {
    let video = object("peertube/create_video");
    assert_eq!(video.attributed_to, "https://tube.example/accounts/vera");
    assert_eq!(video.content_media_type.as_deref(), Some("text/markdown"));
    let file = video.attachments.first().unwrap();
    assert!(file.url.ends_with("480.mp4") && file.duration_s == Some(1145.0));
    assert!(file.preview_url.as_ref().is_some_and(|u| u.ends_with("p.jpg")));
    assert!(video.replies.is_some() && video.url.is_some());
    let event = object("mobilizon/event");
    assert!(event.event.is_some_and(|e| e.location.is_some_and(|l| l.contains("Exeter"))));
    assert_eq!(event.attributed_to, "https://mob.example/@dance_club");
    let page = object("friendica/create_page");
    assert_eq!(
        (page.links.as_slice(), page.url),
        (&["https://news.example/eva-80/".into()][..], None)
    );
    let heron = vector("lemmy/announce_create_page");
    let heron = Object::parse_embedded(&heron["object"]["object"]).unwrap();
    assert_eq!((heron.links.len(), heron.attachments.len()), (1, 1));
    let ghost = object("ghost/create_article");
    assert_eq!((ghost.preview.as_deref(), ghost.attachments.len()), (Some("Post excerpt"), 1));
    let wp = object("wordpress/create_article");
    assert!(wp.attachments.iter().all(|a| a.url.ends_with("980&ssl=1")));
    assert_eq!(object("nodebb/article").content_warning(), None);
    let review = object("bookwyrm/review");
    assert_eq!((review.rating, review.title()), (Some(4.5), Some("What a cracking read")));
    assert!(Object::parse(&vector("pixelfed/story")).is_err());
    assert_eq!(object("pixelfed/create_note_album_place").attachments.len(), 6);
}

#[test]
fn quirks_of_posts() {
    let broken = object("pixelfed/create_reply_broken_tag");
    assert_eq!((broken.mentions.len(), broken.hashtags.len()), (2, 1));
    assert_eq!(object("misskey/create_note_home_cw_empty").content_warning(), Some(""));
    let reply = object("misskey/create_note_reply_embedded_parent");
    assert_eq!(reply.in_reply_to.as_deref(), Some("https://mk.example/notes/9q0"));
    assert_eq!(object("friendica/create_note").language, None);
    let single = object("gotosocial/create_note_single_values");
    assert_eq!((single.attachments.len(), single.hashtags.len()), (1, 1));
    assert_eq!(object("neodb/create_note_mark").edited_ms(), None);
    assert_eq!(object("akkoma/quote_uri").edited_ms(), None);
    assert!(object("threads/create_note_quote").published_ms.is_some());
    let akkoma = object("akkoma/create_note");
    assert!(!akkoma.sensitive && akkoma.content_warning().is_none());
    assert!(object("akkoma/chat_message").is_chat && object("misskey/talk_note").is_chat);
    let xss = object("hostile/xss_note");
    assert!(xss.url.is_none() && xss.emojis.is_empty());
    assert!(xss.attachments.iter().all(|a| a.blurhash.is_none() && a.focus.is_none()));
    let ssrf = object("hostile/ssrf_urls");
    assert_eq!(ssrf.replies, None);
    assert!(ssrf.attachments.iter().all(|a| a.url.starts_with("http") && !a.url.contains("pw@")));
    assert_eq!(object("hostile/mention_flood").mentions.len(), 50);
}

#[test]
fn f_132_to_f_144_activities_of_vectors() {
    assert_eq!(activity("misskey/accept_without_id").id, None);
    assert!(activity("misskey/accept_without_id").dedup_key().starts_with("Accept|https://mk"));
    assert_eq!(activity("peertube/view").kind, Kind::Unknown("View".into()));
    assert_eq!(activity("hostile/graph_restructure").kind, Kind::Unknown("@graph".into()));
    assert_eq!(activity("hostile/context_remap").actor, "https://masto.example/users/maria");
    assert_eq!(activity("hostile/actor_mismatch").id, None);
    assert_eq!(activity("mastodon/flag").objects().count(), 2);
    assert!(activity("mastodon/quote_request").instrument.id().is_some());
    assert!(activity("mastodon/accept_quote_request").result.is_some());
    assert!(activity("akkoma/delete_id_only").object_id().is_some());
    assert!(activity("lemmy/announce_create_page").object.embedded().is_some());
    for (name, content, custom) in [
        ("misskey/like_reaction_custom", ":blobcat:", true),
        ("misskey/like_reaction_unicode", "🎉", false),
        ("akkoma/emojireact_unicode", "🧡", false),
        ("akkoma/emojireact_custom", ":mouse:", true),
        ("akkoma/emojireact_foreign_emoji", ":hug:", true),
        ("mitra/like_with_content_proof", "🔥", false),
    ] {
        let r = activity(name).reaction().unwrap();
        assert_eq!((r.content.as_str(), r.emoji.is_some()), (content, custom), "{name}");
    }
    assert_eq!(activity("mastodon/like").reaction(), None);
}

#[test]
fn f_247_collections_of_vectors() {
    let of = |name: &str| Collection::parse(&vector(name)).unwrap();
    assert_eq!(of("mastodon/featured").items.len(), 1);
    assert_eq!(of("gotosocial/featured_ids").item_ids().len(), 1);
    assert_eq!(of("static-actor/outbox_page").items.len(), 1);
    let followers = of("static-actor/followers");
    assert!(followers.total == Some(1_000_000) && matches!(followers.first, Some(First::Id(_))));
    assert_eq!(of("mastodon/followers_hidden").items.len(), 0);
    assert!(of("hostile/collection_next_loop").next.is_some());
}
