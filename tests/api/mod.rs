//! The client API as an app sees it: everything through HTTP.

mod about;
mod access;
pub(crate) mod admin;
mod announcements;
mod attachments;
mod authors;
mod bad_input;
mod bodies;
mod bounded;
mod buckets;
mod cards;
mod conversations;
mod cors;
mod domains;
mod edits;
mod emojis;
mod featured_tags;
mod filters;
mod hidden_domains;
mod imports;
mod input;
mod instance;
mod limits;
mod lists;
mod markdown;
mod markers;
mod marks;
mod media;
mod media_hostile;
mod media_memory;
mod media_tools;
mod notification_groups;
mod notification_policy;
mod notifications;
mod oembed;
mod ownership;
mod paging;
mod people;
mod pictures;
mod plain_text;
mod played;
mod polls;
mod profiles;
mod push;
mod quotes;
mod rendering;
mod reports;
mod scheduled_statuses;
pub(crate) mod scopes;
mod search;
pub(crate) mod shape;
pub(crate) mod sign_up;
mod streaming;
mod suggestions;
mod tags;
mod timelines;
mod translations;
mod trends;
mod walks;
mod worlds;

use dassie::db::{self, Lane};
use dassie::model::{Application, Scopes};
use dassie::{crypto, service};
use serde_json::{Value, json};

use crate::support::{Instance, Peer, Person, eventually};

pub(crate) fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("no id: {thing}")).to_owned()
}

/// The ids of a list, in its order.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}")).iter().map(id).collect()
}

/// A token with these scopes, of a person or of an application alone.
pub(crate) fn token(instance: &Instance, person: Option<&Person>, scopes: &str) -> String {
    let account: Option<i64> = person.map(|person| person.id.parse().unwrap());
    let (token, scopes) = (crypto::token(), Scopes::parse(scopes).unwrap());
    let hash = crypto::token_hash(&token);
    instance
        .app
        .db
        .write(Lane::Interactive, move |tx| {
            let application = Application {
                id: 0,
                client_id: crypto::code128(),
                secret_hash: vec![],
                name: "Test".into(),
                website: None,
                redirect_uris: "urn:ietf:wg:oauth:2.0:oob".into(),
                scopes: scopes.to_string(),
                created_at: 0,
            };
            let application = db::oauth::insert_application(tx, &application)?;
            db::oauth::insert_token(tx, &hash, application, account, &scopes, None)
        })
        .wait()
        .unwrap();
    token
}

/// Follows somebody on a peer, who accepts; answers the account's id.
pub(crate) fn follow_peer(instance: &Instance, person: &Person, peer: &Peer, name: &str) -> String {
    let account = id(&person.finds(&format!("{name}@{}", peer.host)));
    person.post(&format!("/api/v1/accounts/{account}/follow"), json!({}));
    let follow = eventually("the peer is asked", || {
        peer.received().into_iter().find(|a| {
            a["type"] == "Follow" && a["actor"] == person.uri && a["object"] == peer.uri(name)
        })
    });
    let accept = json!({
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": peer.at(&format!("/accepts/{name}/{}", person.name)), "type": "Accept",
        "actor": peer.uri(name), "object": follow,
    });
    let answer = peer.send(name, &format!("{}/inbox", instance.base), &accept);
    assert_eq!(answer.status, 202, "{}", answer.text());
    eventually("the follow is accepted", || {
        let relation = person.get(&format!("/api/v1/accounts/relationships?id[]={account}"));
        (relation[0]["following"] == true).then_some(())
    });
    account
}

/// Many statuses of one person, quickly: the same use case, but in one transaction.
pub(crate) fn write_many(instance: &Instance, author: &Person, texts: Vec<String>) {
    let (site, author) = (instance.app.site.clone(), author.id.parse::<i64>().unwrap());
    instance
        .app
        .db
        .write(Lane::Interactive, move |tx| {
            let author = db::account::get(tx, author)?;
            for text in texts {
                let draft = service::status::Draft { text, ..Default::default() };
                service::status::create(tx, &site, &author, draft, &Default::default())?;
            }
            Ok(())
        })
        .wait()
        .unwrap();
}
