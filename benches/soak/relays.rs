//! What arrives: statuses of many authors by relays, and some of those whom the person follows.

use std::path::Path;

use dassie::activity::object::Object;
use dassie::app::App;
use dassie::clock::wire_time;
use dassie::db::{self, Lane, Tx};
use dassie::federation::resolve;
use dassie::model::{Account, Relay, RelayCounts, RelayFilter, RelayState, RelayStyle};
use dassie::service::remote::{self, Arrival, Incoming};
use serde_json::{Value, json};

use crate::text::{self, Rng};
use crate::{Day, Res};

const AUTHORS: usize = 20_000;
const HOSTS: usize = 2_000;
/// Of these the person follows the first ones.
const FOLLOWED: usize = 200;
/// One of so many statuses is by somebody who is followed.
const OF_FOLLOWED: usize = 150;
const PUBLIC: &str = "https://www.w3.org/ns/activitystreams#Public";

/// What makes statuses.
pub struct Relays {
    rng: Rng,
    relay: i64,
    number: usize,
    followed: Vec<i64>,
}

fn uri(author: usize) -> String {
    format!("https://h{}.example/users/a{author}", author % HOSTS)
}

/// An account as its server describes it.
fn account(rng: &mut Rng, number: usize) -> Account {
    let uri = uri(number);
    let host = format!("h{}.example", number % HOSTS);
    Account {
        username: format!("a{number}"),
        url: Some(format!("https://{host}/@a{number}")),
        display_name: text::plain(rng, "en", 14),
        note: format!("<p>{}</p>", text::plain(rng, "en", 160)),
        avatar_url: Some(format!("https://{host}/media/avatars/a{number}.png")),
        header_url: Some(format!("https://{host}/media/headers/a{number}.png")),
        inbox: Some(format!("{uri}/inbox")),
        shared_inbox: Some(format!("https://{host}/inbox")),
        followers_uri: Some(format!("{uri}/followers")),
        created_at: 1_600_000_000_000,
        domain: Some(host),
        uri,
        ..Account::default()
    }
}

/// The account with this uri, made anew if it was forgotten meanwhile.
fn author(tx: &Tx<'_>, mut account: Account) -> dassie::error::Result<Account> {
    if let Some(known) = db::account::find_by_uri(tx, &account.uri)? {
        return Ok(known);
    }
    account.id = tx.mint_id();
    account.fetched_at = Some(tx.now());
    db::account::insert(tx, &account)?;
    let key = (format!("{}#main-key", account.uri), vec![7; 270]);
    db::key::replace_remote(tx, account.id, &[key])?;
    Ok(account)
}

impl Relays {
    /// One relay, and those who are followed.
    pub fn new(app: &App, _statuses: usize) -> Res<Self> {
        let mut rng = Rng::new(2026);
        let accounts: Vec<Account> = (0..FOLLOWED).map(|n| account(&mut rng, n)).collect();
        let relay = account(&mut rng, AUTHORS);
        let stored = app.db.write(Lane::Interactive, move |tx| {
            let relay = author(tx, relay)?;
            let relay = db::relay::insert(
                tx,
                &Relay {
                    id: 0,
                    account_id: relay.id,
                    inbox: "https://relay.example/inbox".into(),
                    style: RelayStyle::Mastodon,
                    state: RelayState::Accepted,
                    follow_uri: "https://soak.example/follows/relay".into(),
                    follows_back: false,
                    sends: false,
                    filter: RelayFilter::default(),
                    counts: RelayCounts::default(),
                    created_at: tx.now(),
                    last_seen_at: None,
                },
            )?;
            let mut ids = Vec::new();
            for account in accounts {
                ids.push(author(tx, account)?.id);
            }
            Ok((relay, ids))
        });
        let (relay, followed) = stored.wait()?;
        Ok(Self { rng, relay, number: 0, followed })
    }

    /// Whom the person follows.
    pub fn followed(&self) -> Vec<i64> {
        self.followed.clone()
    }

    /// So many statuses arrive now.
    pub fn bring(&mut self, app: &App, count: usize, day: &mut Day) -> Res<()> {
        let mut batch = Vec::with_capacity(count);
        for _ in 0..count {
            let by_followed = self.rng.below(OF_FOLLOWED) == 0;
            let number =
                if by_followed { self.rng.below(FOLLOWED) } else { self.rng.skewed(AUTHORS) };
            let by_followed = number < FOLLOWED;
            let value = self.status(app, number, day);
            let incoming = resolve::read(app, Object::parse(&value)?);
            batch.push((incoming, account(&mut self.rng, number), by_followed));
        }
        day.arrived += batch.len();
        let relay = self.relay;
        let stored = app.db.write(Lane::Background, move |tx| {
            batch.iter().try_for_each(|(incoming, by, followed)| {
                store(tx, incoming, by.clone(), (!followed).then_some(relay))
            })
        });
        Ok(stored.wait()?)
    }

    fn status(&mut self, app: &App, author: usize, day: &mut Day) -> Value {
        self.number += 1;
        let number = self.number;
        let by = uri(author);
        let language = text::language(&mut self.rng);
        let length = 40 + self.rng.skewed(560);
        let content = format!("<p>{}</p>", text::plain(&mut self.rng, language, length));
        let pictures = if self.rng.percent(22) { 1 + self.rng.below(2) } else { 0 };
        let attachment: Vec<Value> = (0..pictures)
            .map(|n| {
                let url = format!("https://h{}.example/media/{number}-{n}.jpg", author % HOSTS);
                day.offered += bytes_of(&url);
                json!({
                    "type": "Document", "mediaType": "image/jpeg", "url": url, "width": 1600,
                    "height": 1200, "blurhash": "UBL_:rOpGG-oBUNG,qRj2so|=eE1w^n4S5NH",
                })
            })
            .collect();
        json!({
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": format!("{by}/statuses/{number}"),
            "type": "Note",
            "attributedTo": by,
            "to": [PUBLIC],
            "cc": [format!("{by}/followers")],
            "published": wire_time(app.clock.now_ms()),
            "content": content,
            "contentMap": {language: content},
            "attachment": attachment,
        })
    }
}

fn store(
    tx: &Tx<'_>,
    incoming: &Incoming,
    by: Account,
    relay: Option<i64>,
) -> dassie::error::Result<()> {
    let author = author(tx, by)?;
    let status = remote::store(tx, incoming, &author, Arrival::Pushed { inbox_owner: None })?;
    match relay {
        Some(relay) => db::relay::insert_status(tx, status.id, relay),
        None => Ok(()),
    }
}

/// How large the file at an address is: the same at every look. Most are some hundred kilobytes, a
/// few are films.
pub fn bytes_of(url: &str) -> u64 {
    let hash = url.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let unit = (hash >> 40) as f64 / f64::from(1 << 24);
    if url.contains("/avatars/") {
        return 10_000 + (unit * unit * 200_000.0) as u64;
    }
    match hash % 100 {
        0 => 1_000_000 + (unit * 5_000_000.0) as u64,
        _ => 40_000 + (unit * unit * 480_000.0) as u64,
    }
}

/// How many statuses there are.
pub fn count(folder: &Path) -> Res<i64> {
    let sql = rusqlite::Connection::open(folder.join("dassie.db"))?;
    Ok(sql.query_row("SELECT count(*) FROM status", [], |row| row.get(0))?)
}
