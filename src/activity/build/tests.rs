//! What we send: contexts byte by byte, and every document read back by our own parsers.

use super::*;
use crate::activity::actor::Actor;
use crate::activity::collection::Collection;
use crate::activity::incoming::{Activity, Kind};
use crate::activity::object::Object;
use crate::activity::read;

fn actor_doc() -> ActorDoc {
    ActorDoc {
        id: "https://d.example/users/ann".into(),
        username: "ann".into(),
        summary: "<p>hi</p>".into(),
        url: "https://d.example/@ann".into(),
        inbox: "https://d.example/users/ann/inbox".into(),
        outbox: "https://d.example/users/ann/outbox".into(),
        followers: "https://d.example/users/ann/followers".into(),
        following: "https://d.example/users/ann/following".into(),
        shared_inbox: "https://d.example/inbox".into(),
        featured: Some("https://d.example/users/ann/featured".into()),
        key_id: "https://d.example/users/ann#main-key".into(),
        public_key_pem: "PEM".into(),
        locked: true,
        fields: vec![("Site".into(), "<a>x</a>".into())],
        ..ActorDoc::default()
    }
}

fn note_doc() -> NoteDoc {
    NoteDoc {
        id: "https://d.example/users/ann/statuses/1".into(),
        attributed_to: "https://d.example/users/ann".into(),
        to: vec![PUBLIC.into()],
        cc: vec!["https://d.example/users/ann/followers".into()],
        published_ms: 1_767_323_045_678,
        url: "https://d.example/@ann/1".into(),
        content: "<p>x</p>".into(),
        language: Some("en".into()),
        mentions: vec![MentionDoc {
            href: "https://b.example/u".into(),
            handle: "u@b.example".into(),
        }],
        hashtags: vec![HashtagDoc { href: "https://d.example/tags/a".into(), name: "a".into() }],
        emojis: vec![EmojiDoc {
            id: "https://d.example/emoji/x".into(),
            shortcode: "x".into(),
            url: "https://d.example/x.png".into(),
            media_type: "image/png".into(),
            updated_ms: 0,
        }],
        attachments: vec![AttachmentDoc {
            url: "https://d.example/m.jpg".into(),
            media_type: "image/jpeg".into(),
            alt: Some("alt".into()),
            blurhash: Some("UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH".into()),
            focus: Some((-0.5, 0.25)),
            width: Some(2),
            height: Some(1),
            ..AttachmentDoc::default()
        }],
        replies: Some(RepliesDoc { id: "https://d.example/r".into(), ..RepliesDoc::default() }),
        likes: Some(("https://d.example/l".into(), 3)),
        shares: Some(("https://d.example/s".into(), 0)),
        ..NoteDoc::default()
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn f_006_the_context_of_a_post_byte_by_byte() {
    let fixture = concat!(
        r#"["https://www.w3.org/ns/activitystreams",{"Emoji":"toot:Emoji","Hashtag":"as:Hashtag","#,
        r#""blurhash":"toot:blurhash","focalPoint":{"@container":"@list","@id":"toot:focalPoint"},"#,
        r#""sensitive":"as:sensitive","toot":"http://joinmastodon.org/ns#"}]"#,
    );
    assert_eq!(create(&note_doc())["@context"].to_string(), fixture);
}

#[test]
fn f_006_the_context_of_an_actor_byte_by_byte() {
    let fixture = concat!(
        r#"["https://www.w3.org/ns/activitystreams","https://w3id.org/security/v1","#,
        r#"{"PropertyValue":"schema:PropertyValue","#,
        r#""automaticApproval":{"@id":"gts:automaticApproval","@type":"@id"},"#,
        r#""canFeature":{"@id":"https://w3id.org/fep/7aa9#canFeature","@type":"@id"},"#,
        r#""discoverable":"toot:discoverable","#,
        r#""featured":{"@id":"toot:featured","@type":"@id"},"gts":"https://gotosocial.org/ns#","#,
        r#""indexable":"toot:indexable","#,
        r#""interactionPolicy":{"@id":"gts:interactionPolicy","@type":"@id"},"#,
        r#""manuallyApprovesFollowers":"as:manuallyApprovesFollowers","#,
        r#""schema":"http://schema.org#","toot":"http://joinmastodon.org/ns#","#,
        r#""value":"schema:value"}]"#,
    );
    assert_eq!(actor(&actor_doc())["@context"].to_string(), fixture);
}

#[test]
fn f_005_only_what_is_used_is_in_the_context() {
    let follow = follow("https://d.example/f", "https://d.example/u", "https://b.example/u");
    assert_eq!(follow["@context"].to_string(), r#"["https://www.w3.org/ns/activitystreams"]"#);
    let tags = NoteDoc { language: Some("quote".into()), ..NoteDoc::default() };
    let context = with_context(note(&tags))["@context"].to_string();
    assert_eq!(
        context,
        r#"["https://www.w3.org/ns/activitystreams",{"sensitive":"as:sensitive"}]"#
    );
}

#[test]
fn f_021_an_actor_is_whole_and_reads_back() {
    let value = actor(&actor_doc());
    let back = Actor::parse(&value).unwrap();
    assert_eq!((back.name.as_str(), back.preferred_username.as_str()), ("ann", "ann"));
    assert_eq!(back.public_keys.first().map(|k| k.pem.as_str()), Some("PEM\n"));
    assert!(back.locked && back.inbox.is_some() && back.shared_inbox.is_some());
    assert_eq!(back.fields.len(), 1);
    for absent in ["icon", "image", "tag", "alsoKnownAs", "movedTo", "webfinger", "suspended"] {
        assert!(value.get(absent).is_none(), "{absent}");
    }
    assert_eq!(value["discoverable"], false);
    assert_eq!(value["published"], "1970-01-01T00:00:00Z");
}

#[test]
fn f_030_f_031_f_032_what_is_set_appears() {
    let doc = ActorDoc {
        emojis: note_doc().emojis,
        hashtags: note_doc().hashtags,
        also_known_as: vec!["https://b.example/u".into()],
        moved_to: Some("https://b.example/v".into()),
        webfinger: Some("ann@d.example".into()),
        icon: Some(ImageDoc {
            url: "https://d.example/i.png".into(),
            media_type: "image/png".into(),
            alt: Some("me".into()),
        }),
        ..actor_doc()
    };
    let value = actor(&doc);
    let back = Actor::parse(&value).unwrap();
    assert_eq!((back.emojis.len(), back.also_known_as.len()), (1, 1));
    assert_eq!(back.webfinger.as_deref(), Some("ann@d.example"));
    assert_eq!((back.icon_alt.as_deref(), back.moved_to.is_some()), (Some("me"), true));
    assert!(value["@context"].to_string().contains("purl.archive.org/socialweb/webfinger"));
}

#[test]
fn f_038_the_instance_actor() {
    let value = instance_actor(&actor_doc());
    let back = Actor::parse(&value).unwrap();
    assert_eq!((back.kind.as_str(), back.locked), ("Application", true));
    assert!(value.get("followers").is_none());
}

#[test]
fn f_217_addressing() {
    let f = "https://d.example/f";
    let both = |v| addressing(v, f, &["https://b.example/u".into(), "https://b.example/u".into()]);
    let list = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let u = "https://b.example/u";
    assert_eq!(both(Visibility::Public), (list(&[PUBLIC]), list(&[f, u])));
    assert_eq!(both(Visibility::Unlisted), (list(&[f]), list(&[PUBLIC, u])));
    assert_eq!(both(Visibility::Private), (list(&[f]), list(&[u])));
    assert_eq!(both(Visibility::Direct), (list(&[u]), list(&[])));
    for v in [Visibility::Public, Visibility::Unlisted, Visibility::Private, Visibility::Direct] {
        let (to, cc) = both(v);
        assert_eq!(crate::activity::visibility(&to, &cc, Some(f)), v);
    }
}

#[test]
fn f_281_a_create_reads_back() {
    let value = create(&note_doc());
    let a = Activity::parse(value.clone()).unwrap();
    assert_eq!(a.kind, Kind::Create);
    assert_eq!((&a.to, &a.cc), (&note_doc().to, &note_doc().cc));
    let o = Object::parse_embedded(&value["object"]).unwrap();
    assert_eq!((o.content.as_str(), o.language.as_deref()), ("<p>x</p>", Some("en")));
    assert_eq!(o.published_ms, Some(1_767_323_045_000));
    assert_eq!(o.mentions.first().map(|m| m.name.as_str()), Some("@u@b.example"));
    assert_eq!((o.hashtags.len(), o.emojis.len(), o.likes_total), (1, 1, Some(3)));
    let m = o.attachments.first().unwrap();
    assert_eq!((m.alt.as_deref(), m.focus, m.width), (Some("alt"), Some((-0.5, 0.25)), Some(2)));
    assert!(value["object"]["summary"].is_null() && m.blurhash.is_some());
    assert!(value["object"].get("@context").is_none());
}

#[test]
fn f_303_a_question_reads_back() {
    let poll = PollDoc {
        multiple: true,
        options: vec![("a".into(), 1), ("b".into(), 2)],
        end_ms: Some(5_000),
        closed_ms: None,
        voters: 3,
    };
    let value = create(&NoteDoc { poll: Some(poll), ..note_doc() });
    let poll = Object::parse_embedded(&value["object"]).unwrap().poll.unwrap();
    assert!(poll.multiple && !poll.closed);
    assert_eq!((poll.options.len(), poll.end_ms, poll.voters), (2, Some(5_000), Some(3)));
}

#[test]
fn f_305_a_vote_has_a_name_and_no_content() {
    let value = vote(
        "https://d.example/v/1",
        "https://d.example/u",
        "https://b.example/p",
        "https://b.example/u",
        "A",
    );
    let o = Object::parse_embedded(&value["object"]).unwrap();
    assert!(o.is_vote_like);
    assert_eq!(keys(&value["object"]), ["attributedTo", "id", "inReplyTo", "name", "to", "type"]);
}

#[test]
fn f_324_a_quote_is_told_in_every_way() {
    let quote = QuoteDoc { uri: "https://b.example/1".into(), authorization: None };
    let value = note(&NoteDoc { quote: Some(quote), ..note_doc() });
    for key in ["quote", "quoteUri", "quoteUrl", "_misskey_quote"] {
        assert_eq!(value[key], "https://b.example/1");
    }
    let o = Object::parse_embedded(&value).unwrap();
    assert!(!o.quote_legacy && o.quote.is_some());
    assert!(read::many(&value, "tag").iter().any(|t| read::has_type(t, "Link")));
}

#[test]
fn f_151_f_314_whole_activities_stand_inside() {
    let (me, other) = ("https://d.example/u", "https://b.example/u");
    let request = json!({"@context": "https://www.w3.org/ns/activitystreams",
        "id": "https://b.example/f", "type": "Follow", "actor": other, "object": me});
    let value = accept("https://d.example/a", me, &request);
    assert_eq!(value["object"]["id"], "https://b.example/f");
    assert!(value["object"].get("@context").is_none());
    assert_eq!(value["to"], json!([other]));
    let like = like("https://d.example/l", me, "https://b.example/1", other);
    let undone = undo_of("https://d.example/l#undo", &like);
    assert_eq!((&undone["actor"], &undone["object"]["type"]), (&json!(me), &json!("Like")));
    assert_eq!(undone["to"], json!([other]));
}

#[test]
fn f_220_f_040_deletes_and_tombstones() {
    let value = delete(
        "https://d.example/u",
        "https://d.example/1",
        &[PUBLIC.into()],
        &[],
        "https://d.example/1#delete",
    );
    let a = Activity::parse(value.clone()).unwrap();
    assert_eq!((a.kind.clone(), a.object_id()), (Kind::Delete, Some("https://d.example/1")));
    assert_eq!(value["object"]["type"], "Tombstone");
    assert_eq!(tombstone("https://d.example/1", Some(0))["deleted"], "1970-01-01T00:00:00Z");
    let gone = delete_actor("https://d.example/u", "https://d.example/u#delete");
    assert_eq!(gone["object"], gone["actor"]);
}

#[test]
fn f_236_f_240_collections_read_back() {
    let c = ordered_collection("https://d.example/o", Some(3), Some("https://d.example/o?p"));
    let c = Collection::parse(&c).unwrap();
    assert!(c.total == Some(3) && c.first.is_some());
    let page = collection_page(
        "https://d.example/o?p",
        "https://d.example/o",
        vec![create(&note_doc())],
        Some("https://d.example/o?p2"),
        None,
    );
    assert!(page["orderedItems"][0].get("@context").is_none());
    assert!(page["@context"].to_string().contains("Hashtag"));
    assert!(Collection::parse(&page).unwrap().next.is_some());
    assert_eq!(inline_collection("https://d.example/c", vec![json!("x")])["totalItems"], 1);
}

#[test]
fn f_178_f_224_the_other_activities_read_back() {
    let (id, me, other) = ("https://d.example/1", "https://d.example/u", "https://b.example/u");
    let emoji = note_doc().emojis.pop();
    let list = [other.to_owned()];
    for (value, kind) in [
        (react(id, me, "https://b.example/1", other, ":x:", emoji.as_ref()), Kind::Like),
        (announce(id, me, "https://b.example/1", 0, &list, &[]), Kind::Announce),
        (reject(id, me, &json!({"actor": other})), Kind::Reject),
        (block(id, me, other), Kind::Block),
        (flag(id, me, other, &["https://b.example/1".into()], "spam"), Kind::Flag),
        (move_actor(id, me, other, "https://d.example/f"), Kind::Move),
        (add(id, me, "https://d.example/2", "https://d.example/c", &list), Kind::Add),
        (remove(id, me, "https://d.example/2", "https://d.example/c", &list), Kind::Remove),
        (update(id, &note_doc(), 0), Kind::Update),
        (update_actor(id, &actor_doc(), 0), Kind::Update),
    ] {
        let a = Activity::parse(value.clone()).unwrap();
        assert_eq!(a.kind, kind);
        assert!(a.id.is_some() && a.object != crate::activity::incoming::ObjectRef::None);
        if kind == Kind::Like {
            let reaction = a.reaction().unwrap();
            assert_eq!((reaction.content.as_str(), reaction.emoji.is_some()), (":x:", true));
        }
    }
}
