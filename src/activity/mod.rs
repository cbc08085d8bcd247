//! ActivityStreams documents: tolerant parsing of what other servers send, and building of what
//! we send. Pure code: no network, no database, no clock.
//!
//! Texts come out raw: HTML is sanitised, control characters removed (S-049) and hashtags folded
//! in the service layer. There is no JSON-LD processor: names are read as they stand, `@context`
//! entries are never fetched, and `@graph` and its kind mean nothing here (F-004, S-037).

pub mod actor;
pub mod archive;
pub mod build;
pub mod collection;
pub mod content_type;
pub mod discovery;
pub mod followers_sync;
pub mod incoming;
pub mod json;
pub mod media;
pub mod object;
pub mod policy;
pub mod poll;
pub mod quote;
pub mod read;
pub mod tag;
pub mod time;
pub mod urls;

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod vector_tests;

use crate::error::Error;
use crate::model::Visibility;

/// The public collection, as we always send it (F-003).
pub const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// The ActivityStreams context.
pub const AS2: &str = "https://www.w3.org/ns/activitystreams";

/// The security vocabulary, for `publicKey`.
pub const SECURITY: &str = "https://w3id.org/security/v1";

/// What `generator.implements` calls signatures after RFC 9421, and those with Ed25519 (FEP-844e).
pub const RFC9421: &str = "https://datatracker.ietf.org/doc/html/rfc9421";
pub const RFC9421_ED25519: &str =
    "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25";

/// True for each of the three spellings of the public collection (F-003). Akkoma's local-only
/// `https://host/#Public` is none of them.
pub fn is_public(id: &str) -> bool {
    matches!(id, PUBLIC | "as:Public" | "Public")
}

/// Who may see a post with these recipients (F-230). `followers` is the *stored* followers
/// collection of its author: another actor's gives no access (F-231).
pub fn visibility(to: &[String], cc: &[String], followers: Option<&str>) -> Visibility {
    let has = |list: &[String], wanted: &str| list.iter().any(|id| id == wanted);
    if to.iter().any(|id| is_public(id)) {
        Visibility::Public
    } else if cc.iter().any(|id| is_public(id)) {
        Visibility::Unlisted
    } else if followers.is_some_and(|f| has(to, f) || has(cc, f)) {
        Visibility::Private
    } else {
        Visibility::Direct
    }
}

/// A document that we do not take: 400 with a constant sentence (S-038).
pub(crate) fn refuse(why: &'static str) -> Error {
    Error::BadRequest(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(ids: &[&str]) -> Vec<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn f_003_public_has_three_spellings() {
        for id in [PUBLIC, "as:Public", "Public"] {
            assert!(is_public(id), "{id}");
        }
        assert!(!is_public("https://akko.example/#Public"));
        assert!(!is_public("public"));
    }

    #[test]
    fn f_230_visibility_comes_from_the_recipients() {
        let f = Some("https://a.example/f");
        let (public, followers) = (list(&["as:Public"]), list(&["https://a.example/f"]));
        assert_eq!(visibility(&public, &followers, f), Visibility::Public);
        assert_eq!(visibility(&followers, &public, f), Visibility::Unlisted);
        assert_eq!(visibility(&followers, &[], f), Visibility::Private);
        assert_eq!(visibility(&[], &followers, f), Visibility::Private);
        assert_eq!(visibility(&[], &[], f), Visibility::Direct);
    }

    #[test]
    fn f_231_a_foreign_followers_collection_gives_no_access() {
        let to = list(&["https://b.example/f"]);
        assert_eq!(visibility(&to, &[], Some("https://a.example/f")), Visibility::Direct);
        assert_eq!(visibility(&to, &[], None), Visibility::Direct);
    }
}
