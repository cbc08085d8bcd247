//! A mixed load: somebody who writes, edits, deletes and favourites, somebody who uploads, and
//! another server that sends notes and follows. Each goes on until it gets no answer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};

use super::ledger::{GONE, Shared, Versions};
use crate::support::picture::{Part, coded, form, noise};
use crate::support::{Answer, Peer, Request};

/// Somebody with an app.
#[derive(Clone)]
pub struct Client {
    pub base: String,
    pub token: String,
}

impl Client {
    pub fn request(&self, method: &'static str, path: &str) -> Request {
        Request::new(method, format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
    }

    pub fn get(&self, path: &str) -> Value {
        self.request("GET", path).send().ok()
    }
}

/// A 200; `None` when the server is gone. Anything else is a fault of its own.
fn taken(answer: Result<Answer, ureq::Error>) -> Option<Value> {
    let answer = answer.ok()?;
    assert_eq!(answer.status, 200, "{}", answer.text());
    // cut off in the middle of its body it was not acknowledged
    serde_json::from_slice(&answer.body).ok()
}

/// Ends the load when it goes, whatever the reason: a test that fails must not wait for it.
pub struct End<'a>(pub &'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What all of a load share.
pub struct Load<'a> {
    pub ledger: &'a Shared,
    pub ended: &'a AtomicBool,
    /// For names and texts that nothing else has.
    pub number: &'a AtomicU32,
}

impl Load<'_> {
    fn goes_on(&self) -> bool {
        !self.ended.load(Ordering::Relaxed)
    }

    fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// Posts, edits, favourites and deletes, until the server is gone.
    pub fn write(&self, client: &Client) {
        // those of this round, the newest last
        let mut own: Vec<i64> = Vec::new();
        for step in 0.. {
            let done = match (step % 8, own.last().copied()) {
                (3 | 7, Some(id)) => self.edit(client, id),
                (5, Some(id)) => self.favourite(client, id),
                (6, Some(_)) if own.len() > 3 => {
                    let id = own.remove(own.len() - 3);
                    self.delete(client, id)
                }
                _ => self.post(client).map(|id| own.push(id)),
            };
            if done.is_none() || !self.goes_on() {
                return;
            }
        }
    }

    fn post(&self, client: &Client) -> Option<i64> {
        let (number, before) = (self.next(), self.ledger.newest());
        let text = json!({"status": format!("number {number} v0")});
        let status = taken(client.request("POST", "/api/v1/statuses").json(&text).try_send())?;
        let id: i64 = status["id"].as_str().unwrap().parse().unwrap();
        assert!(id > before, "{id} is not above {before}, which was told before");
        self.ledger.note(|ledger| {
            ledger.statuses.insert(id, Versions { told: 0, asked: 0 });
        });
        Some(id)
    }

    fn edit(&self, client: &Client, id: i64) -> Option<()> {
        let version = self.ledger.lock().statuses[&id].asked + 1;
        self.asks(id, version);
        let text = json!({"status": format!("edit of {id} v{version}")});
        let path = format!("/api/v1/statuses/{id}");
        taken(client.request("PUT", &path).json(&text).try_send())?;
        self.told(id, version);
        Some(())
    }

    fn delete(&self, client: &Client, id: i64) -> Option<()> {
        self.asks(id, GONE);
        taken(client.request("DELETE", &format!("/api/v1/statuses/{id}")).try_send())?;
        self.told(id, GONE);
        Some(())
    }

    fn favourite(&self, client: &Client, id: i64) -> Option<()> {
        taken(client.request("POST", &format!("/api/v1/statuses/{id}/favourite")).try_send())?;
        self.ledger.note(|ledger| {
            ledger.favourites.insert(id);
        });
        Some(())
    }

    fn asks(&self, id: i64, version: u32) {
        if let Some(versions) = self.ledger.lock().statuses.get_mut(&id) {
            versions.asked = version;
        }
    }

    fn told(&self, id: i64, version: u32) {
        self.ledger.note(|ledger| {
            if let Some(versions) = ledger.statuses.get_mut(&id) {
                versions.told = version;
            }
        });
    }

    /// Uploads pictures, looks at them and posts them, until the server is gone.
    pub fn upload(&self, client: &Client) {
        let mut side = 40;
        while self.goes_on() && self.upload_one(client, side).is_some() {
            // each is another picture
            side = 40 + (side + 1) % 40;
        }
    }

    fn upload_one(&self, client: &Client, side: u32) -> Option<()> {
        let picture = coded(&noise(side, side), image::ImageFormat::Png);
        let request = client.request("POST", "/api/v1/media");
        let media = taken(form(request, &[Part::File("file", "a.png", &picture)]).try_send())?;
        let id = media["id"].as_str().unwrap().to_owned();
        self.ledger.note(|ledger| {
            ledger.uploads.insert(id.clone(), None);
        });
        let url = media["url"].as_str().unwrap().to_owned();
        let seen = Request::new("GET", &url).try_send().ok()?;
        assert_eq!(seen.status, 200, "{url}");
        self.ledger.lock().uploads.insert(id.clone(), Some((url, seen.body)));
        let status = json!({"status": format!("picture {} v0", self.next()), "media_ids": [id]});
        let status = taken(client.request("POST", "/api/v1/statuses").json(&status).try_send())?;
        let id = status["id"].as_str().unwrap().parse().unwrap();
        self.ledger.note(|ledger| {
            ledger.statuses.insert(id, Versions { told: 0, asked: 0 });
        });
        Some(())
    }

    /// Sends notes of somebody who is followed, until the server is gone.
    pub fn send_notes(&self, peer: &Peer, base: &str) {
        let inbox = format!("{base}/inbox");
        while self.goes_on() {
            let number = self.next();
            let create = peer.create("mia", number, &format!("<p>note {number}</p>"), json!({}));
            let Some(status) = peer.try_send("mia", &inbox, &create) else { return };
            assert_eq!(status, 202);
            let uri = create["object"]["id"].as_str().unwrap().to_owned();
            self.ledger.note(|ledger| ledger.notes.push(uri));
        }
    }

    /// Sends follows by people who were not seen before, one of `names` each.
    pub fn send_follows(&self, peer: &Peer, base: &str, names: &[String]) {
        let inbox = format!("{base}/inbox");
        for name in names {
            let follow = json!({
                "@context": "https://www.w3.org/ns/activitystreams",
                "id": peer.at(&format!("/follows/{name}")), "type": "Follow",
                "actor": peer.uri(name), "object": format!("{base}/users/ann"),
            });
            if !self.goes_on() {
                return;
            }
            let Some(status) = peer.try_send(name, &inbox, &follow) else { return };
            assert_eq!(status, 202);
            self.ledger.note(|ledger| ledger.follows.push(peer.uri(name)));
        }
    }
}
