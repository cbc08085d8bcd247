//! A scripted relay: a peer whose one actor signs whatever it is told to pass on.

use dassie::control::{self, Command, RelayChange, RelayLine, Reply};
use serde_json::{Value, json};

use super::{Answer, Instance, Peer, eventually};

/// A relay on a loopback port.
pub struct Relay {
    pub peer: Peer,
}

impl Relay {
    pub fn start() -> Self {
        let peer = Peer::start(&["nobody"]);
        let pem = peer.document("/users/nobody")["publicKey"]["publicKeyPem"].clone();
        let actor = peer.at("/actor");
        let document = json!({
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": actor, "type": "Application", "preferredUsername": "relay",
            "inbox": peer.at("/inbox"), "outbox": peer.at("/outbox"),
            "followers": peer.at("/followers"), "following": peer.at("/following"),
            "endpoints": {"sharedInbox": peer.at("/inbox")},
            "publicKey": {"id": format!("{actor}#main-key"), "owner": actor, "publicKeyPem": pem},
        });
        peer.serve("/actor", document);
        Self { peer }
    }

    pub fn actor(&self) -> String {
        self.peer.at("/actor")
    }

    /// Sends any activity, signed by the relay.
    pub fn sends(&self, instance: &Instance, activity: &Value) -> Answer {
        self.sends_to(&instance.base, activity)
    }

    /// The same to any server.
    pub fn sends_to(&self, base: &str, activity: &Value) -> Answer {
        let key_id = format!("{}#main-key", self.actor());
        let inbox = format!("{base}/inbox");
        self.peer.send_with_key_id(&key_id, &inbox, activity.to_string().as_bytes())
    }

    /// Sends it and waits until all is done that it leads to.
    #[track_caller]
    pub fn passes_on(&self, instance: &Instance, activity: &Value) {
        let answer = self.sends(instance, activity);
        assert_eq!(answer.status, 202, "{}", answer.text());
        instance.settle();
    }

    /// An activity of its own.
    pub fn own(&self, number: u32, kind: &str, object: Value) -> Value {
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": self.peer.at(&format!("/activities/{number}")), "type": kind,
            "actor": self.actor(), "object": object, "to": [self.peer.at("/followers")],
        })
    }

    /// What arrived there, of one type.
    pub fn received(&self, kind: &str) -> Vec<Value> {
        self.peer.received().into_iter().filter(|activity| activity["type"] == kind).collect()
    }

    /// Has an instance subscribe, by the address of the inbox or of the actor.
    pub fn is_asked(&self, instance: &Instance, path: &str, change: RelayChange) -> RelayLine {
        let address = self.peer.at(path);
        let command = Command::RelayAdd { address, style: None, change };
        one(control::execute(&instance.app, command).unwrap())
    }

    /// The same, and accepts.
    pub fn accepts(&self, instance: &Instance, path: &str, change: RelayChange) -> RelayLine {
        self.is_asked(instance, path, change);
        let follow = eventually("it is asked", || self.received("Follow").pop());
        self.passes_on(instance, &self.own(1, "Accept", follow));
        let line = self.line(instance);
        assert_eq!(line.state, "accepted");
        line
    }

    /// As `dassie relay list` shows it.
    pub fn line(&self, instance: &Instance) -> RelayLine {
        lines(instance).into_iter().find(|line| line.actor == self.actor()).unwrap()
    }
}

/// All relays of an instance.
pub fn lines(instance: &Instance) -> Vec<RelayLine> {
    match control::execute(&instance.app, Command::RelayList).unwrap() {
        Reply::Relays(lines) => lines,
        other => panic!("{other:?}"),
    }
}

fn one(reply: Reply) -> RelayLine {
    match reply {
        Reply::Relays(mut lines) => lines.remove(0),
        other => panic!("{other:?}"),
    }
}
