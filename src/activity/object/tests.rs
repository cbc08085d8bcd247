//! Posts: the shapes of sections L to R that the vectors do not show.

use super::*;
use serde_json::json;

fn with(extra: Value) -> Value {
    let mut v = json!({"id": "https://a.example/1", "type": "Note",
        "attributedTo": "https://a.example/u", "content": "<p>x</p>"});
    v.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    v
}

fn object(extra: Value) -> Object {
    Object::parse_embedded(&with(extra)).unwrap()
}

#[test]
fn f_004_a_post_needs_the_context_unless_embedded() {
    assert!(Object::parse(&with(json!({}))).is_err());
    assert!(
        Object::parse(&with(json!({"@context": ["https://www.w3.org/ns/activitystreams"]})))
            .is_ok()
    );
}

#[test]
fn f_001_one_tag_as_object_and_as_list_is_the_same() {
    let tag = json!({"type": "Hashtag", "name": "#a"});
    assert_eq!(object(json!({"tag": tag.clone()})), object(json!({"tag": [tag]})));
}

#[test]
fn f_012_the_first_known_type_counts() {
    assert_eq!(object(json!({"type": ["Odd", "Article"]})).kind, ObjectKind::Article);
    for unknown in [json!("Story"), json!("Create"), json!(null), json!([])] {
        assert!(Object::parse_embedded(&with(json!({"type": unknown}))).is_err());
    }
}

#[test]
fn f_258_authors_in_all_shapes() {
    let of = |v: Value| object(json!({"attributedTo": v})).attributed_to;
    assert_eq!(of(json!({"id": "https://a.example/u"})), "https://a.example/u");
    assert_eq!(of(json!(["https://a.example/u", "https://a.example/v"])), "https://a.example/u");
    assert_eq!(
        of(json!([{"type": "Group", "id": "https://a.example/g"},
            {"type": "Person", "id": "https://a.example/u"}])),
        "https://a.example/u"
    );
    assert_eq!(of(json!([{"type": "Group", "id": "https://a.example/g"}])), "https://a.example/g");
    let v = with(json!({"attributedTo": null, "actor": "https://a.example/u"}));
    assert!(Object::parse_embedded(&v).is_ok());
}

#[test]
fn s_028_the_author_is_on_the_host_of_the_post() {
    assert!(Object::parse_embedded(&with(json!({"attributedTo": "https://b.example/u"}))).is_err());
    assert!(Object::parse_embedded(&with(json!({"id": null}))).is_err());
    assert!(
        Object::parse_embedded(&with(json!({"id": "bear:?u=https://a.example/1&t=x"}))).is_err()
    );
}

#[test]
fn f_260_summary_warns_or_is_an_abstract() {
    assert_eq!(object(json!({"summary": "food"})).content_warning(), Some("food"));
    let article = json!({"type": "Article", "summary": "abstract"});
    assert_eq!(object(article).content_warning(), None);
    let article = json!({"type": "Article", "summary": "nsfw", "sensitive": true});
    assert_eq!(object(article).content_warning(), Some("nsfw"));
}

#[test]
fn f_261_empty_and_invisible_summaries() {
    assert_eq!(object(json!({"summary": ""})).content_warning(), None);
    assert_eq!(object(json!({"summary": "\u{200b}"})).content_warning(), Some(""));
}

#[test]
fn f_262_a_name_is_a_title_unless_it_is_a_vote() {
    assert_eq!(object(json!({"name": "T"})).title(), Some("T"));
    let vote = object(json!({"name": "A", "content": null, "inReplyTo": "https://b.example/p"}));
    assert!(vote.is_vote_like && vote.title().is_none());
    assert!(!object(json!({"name": "A", "content": null})).is_vote_like);
    assert!(!object(json!({"name": "A", "inReplyTo": "https://b.example/p"})).is_vote_like);
}

#[test]
fn f_255_in_reply_to_in_all_shapes() {
    for v in [
        json!("https://b.example/p"),
        json!(["https://b.example/p", "https://b.example/q"]),
        json!({"id": "https://b.example/p", "type": "Note"}),
    ] {
        assert_eq!(
            object(json!({"inReplyTo": v})).in_reply_to.as_deref(),
            Some("https://b.example/p")
        );
    }
    assert_eq!(object(json!({"inReplyTo": "https://a.example/1"})).in_reply_to, None);
}

#[test]
fn f_272_language_is_the_key_of_the_same_text() {
    let of = |v: Value| object(v).language;
    assert_eq!(of(json!({"contentMap": {"de": "y", "en": "<p>x</p>"}})).as_deref(), Some("en"));
    assert_eq!(of(json!({"contentMap": {"de": "y"}})), None);
    assert_eq!(of(json!({"contentMap": {"und": "<p>x</p>"}})), None);
    let only = object(json!({"content": null, "contentMap": {"fr": "z"}}));
    assert_eq!((only.content.as_str(), only.language.as_deref()), ("z", Some("fr")));
    assert_eq!(of(json!({"language": {"identifier": "en"}})).as_deref(), Some("en"));
}

#[test]
fn f_010_times_are_clamped_and_near_updates_are_no_edits() {
    let o =
        object(json!({"published": "2026-01-02T03:04:05Z", "updated": "2026-01-02T03:04:05.9Z"}));
    assert_eq!((o.published_or(5), o.edited_ms()), (5, None));
    assert_eq!(object(json!({})).published_or(7), 7);
    let o = object(json!({"published": "2026-01-02T03:04:05Z", "updated": "2026-01-02T03:05:00Z"}));
    assert!(o.edited_ms().is_some());
}

#[test]
fn f_301_one_sensitive_file_makes_the_post_sensitive() {
    let o = object(json!({"sensitive": null, "attachment": [
        {"type": "Document", "url": "https://a.example/a.png", "sensitive": true}]}));
    assert!(o.sensitive);
}

#[test]
fn f_267_audio_and_image_keep_their_file_in_url() {
    let o = object(json!({"type": "Audio", "name": "T", "url": [
        {"type": "Link", "mediaType": "text/html", "href": "https://a.example/t"},
        {"type": "Link", "mediaType": "audio/mpeg", "href": "https://a.example/t.mp3"}]}));
    assert_eq!(o.url.as_deref(), Some("https://a.example/t"));
    assert_eq!(o.attachments.first().map(|a| a.url.as_str()), Some("https://a.example/t.mp3"));
    let o = object(json!({"type": "Image", "url": "https://a.example/page"}));
    assert_eq!(o.url.as_deref(), Some("https://a.example/page"));
}

#[test]
fn f_254_conversations_may_be_opaque() {
    let o = object(
        json!({"conversation": "tag:a.example,2026:1", "context": {"id": "https://a.example/c"}}),
    );
    assert_eq!(o.conversation.as_deref(), Some("tag:a.example,2026:1"));
    assert_eq!(o.context.as_deref(), Some("https://a.example/c"));
}
