//! What there is to see in a [`World`]: for its people, and in its database.

use rusqlite::types::ValueRef;
use serde_json::{Value, json};

use super::harness::{CONTEXT, World};
use crate::api::id;
use crate::support::{Person, eventually};

impl World {
    /// Until nothing runs and nothing is due; what waits for a later time (the end of a poll, a
    /// second try) may wait.
    pub fn settle(&self) {
        let path = self.instance.folder.path().join("data/dassie.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let sql = rusqlite::Connection::open_with_flags(path, flags).unwrap();
        let due = "SELECT (SELECT COUNT(*) FROM job WHERE dead = 0 AND due <= ?1)
                        + (SELECT COUNT(*) FROM delivery WHERE due <= ?1)";
        eventually("nothing is due", || {
            let now = self.instance.app.clock.now_ms();
            let waiting: i64 = sql.query_row(due, [now], |row| row.get(0)).unwrap();
            (waiting == 0).then_some(())
        });
    }

    /// The account under a handle of the vectors, found over the network if need be.
    #[track_caller]
    pub fn finds(&self, handle: &str) -> Value {
        self.ann.finds(&self.handle(handle))
    }

    /// The account as it is known here, without looking elsewhere.
    pub fn known(&self, handle: &str) -> Option<Value> {
        let path = format!("/api/v1/accounts/lookup?acct={}", self.handle(handle));
        let answer = self.instance.get(&path);
        (answer.status == 200).then(|| answer.json())
    }

    /// Lets ann follow somebody, who accepts; answers the account's id.
    #[track_caller]
    pub fn ann_follows(&self, handle: &str) -> String {
        let account = id(&self.finds(handle));
        let asked = self.asks_to_follow(&account);
        let actor = asked["object"].as_str().unwrap();
        let accept = json!({
            "@context": CONTEXT, "id": format!("{actor}#accepts/{}", account),
            "type": "Accept", "actor": actor, "object": asked,
        });
        self.deliver_value(actor, &accept);
        assert_eq!(self.relation(&account)["following"], true, "{handle}");
        account
    }

    /// Lets ann ask to follow; answers the Follow that was sent.
    #[track_caller]
    pub fn asks_to_follow(&self, account: &str) -> Value {
        let before = self.sent("Follow").len();
        self.ann.post(&format!("/api/v1/accounts/{account}/follow"), json!({}));
        eventually("the follow is sent", || self.sent("Follow").get(before).cloned())
    }

    /// What ann and another account are to each other.
    pub fn relation(&self, account: &str) -> Value {
        self.ann.get(&format!("/api/v1/accounts/relationships?id[]={account}"))[0].clone()
    }

    /// The activities of a type that were sent to anybody.
    pub fn sent(&self, kind: &str) -> Vec<Value> {
        self.web.all_received().into_iter().filter(|a| a["type"] == kind).collect()
    }

    /// A status that is here, as ann sees it; nothing is fetched.
    pub fn status(&self, uri: &str) -> Option<Value> {
        self.status_for(&self.ann, uri)
    }

    /// The same, as somebody sees it.
    pub fn status_for(&self, person: &Person, uri: &str) -> Option<Value> {
        let uri = self.at(uri);
        let query: String = form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        let found = person.get(&format!("/api/v2/search?type=statuses&q={query}"));
        Some(found["statuses"][0].clone()).filter(|status| !status.is_null())
    }

    /// A status that must be here.
    #[track_caller]
    pub fn must(&self, uri: &str) -> Value {
        self.status(uri).unwrap_or_else(|| panic!("{uri} is not here"))
    }

    /// The addresses of the statuses under an address of the client API, as ann sees it.
    pub fn uris(&self, path: &str) -> Vec<String> {
        let list = self.ann.get(path);
        let uri = |s: &Value| s["uri"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(uri).collect()
    }

    /// Whether an account is among ann's followers.
    pub fn is_followed_by(&self, username: &str) -> bool {
        let list = self.ann.get(&format!("/api/v1/accounts/{}/followers", self.ann.id));
        list.as_array().unwrap().iter().any(|account| account["username"] == username)
    }

    /// One of ann's own statuses as it is now.
    pub fn again(&self, status: &Value) -> Value {
        self.ann.get(&format!("/api/v1/statuses/{}", id(status)))
    }

    /// The reactions to a status, as Pleroma's extension of the client API tells them.
    pub fn reactions(&self, status: &Value) -> Vec<Value> {
        let list = self.again(status)["pleroma"]["emoji_reactions"].clone();
        list.as_array().unwrap_or_else(|| panic!("no reactions in {status}")).clone()
    }

    /// The kinds of ann's notifications with who caused them (`maria@masto.example`), newest first.
    pub fn told(&self) -> Vec<(String, String)> {
        let port = format!(":{}", self.web.port);
        let all = self.ann.notifications().into_iter();
        all.map(|(kind, acct)| (kind, acct.replace(&port, ""))).collect()
    }

    /// Whether ann was told of something by somebody.
    pub fn was_told(&self, kind: &str, handle: &str) -> bool {
        self.told().contains(&(kind.to_owned(), handle.to_owned()))
    }

    /// Everything that a hostile document must not change, row by row: through the client API,
    /// and in the database file what no API shows.
    pub fn snapshot(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for path in [
            "/api/v1/notifications?limit=40",
            "/api/v1/timelines/home?limit=40",
            "/api/v1/timelines/public?limit=40",
            "/api/v1/conversations",
            "/api/v1/follow_requests",
            "/api/v1/admin/reports",
        ] {
            rows.push(format!("{path}: {}", self.ann.get(path)));
        }
        for path in ["followers", "following", "statuses"] {
            let path = format!("/api/v1/accounts/{}/{path}", self.ann.id);
            rows.push(format!("{path}: {}", self.ann.get(&path)));
        }
        rows.extend(self.tables());
        rows.sort();
        rows
    }

    fn tables(&self) -> Vec<String> {
        let path = self.instance.folder.path().join("data/dassie.db");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let sql = rusqlite::Connection::open_with_flags(path, flags).unwrap();
        let mut rows = Vec::new();
        for table in [
            "account",
            "status",
            "mention",
            "follow",
            "block",
            "favourite",
            "notification",
            "remote_key",
            "timeline_entry",
            "media",
            "delivery",
            "pin",
            "quote",
            "report",
            "poll_vote",
            "tombstone",
            "conversation",
        ] {
            let mut query = sql.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
            let mut found = query.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                let shown = columns.iter().enumerate();
                // reading the same again is no change
                let shown = shown.filter(|(_, name)| *name != "fetched_at");
                let row: Vec<String> = shown
                    .map(|(i, name)| match row.get_ref(i).unwrap() {
                        ValueRef::Text(text) => format!("{name}={}", String::from_utf8_lossy(text)),
                        ValueRef::Blob(bytes) => {
                            format!("{name}={:?}", dassie::crypto::short_hash16(bytes))
                        }
                        other => format!("{name}={other:?}"),
                    })
                    .collect();
                rows.push(format!("{table}: {}", row.join(" | ")));
            }
        }
        rows
    }

    /// Does something and sees that nothing of [`World::snapshot`] is different afterwards.
    #[track_caller]
    pub fn unchanged(&self, what: &str, act: impl FnOnce()) {
        self.settle();
        let before = self.snapshot();
        act();
        self.settle();
        let after = self.snapshot();
        let only = |a: &[String], b: &[String]| -> Vec<String> {
            a.iter().filter(|row| !b.contains(row)).cloned().collect()
        };
        let (gone, new) = (only(&before, &after), only(&after, &before));
        assert!(gone.is_empty() && new.is_empty(), "{what}\ngone: {gone:#?}\nnew: {new:#?}");
    }
}
