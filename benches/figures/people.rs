//! Accounts of the seeded database: local people with tokens, remote authors, followers.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use dassie::app::App;
use dassie::db::{self, Lane, follow::Follow};
use dassie::model::{Account, Application, Field, Scopes};
use dassie::service::account::{self, NewAccount};
use dassie::signature::key::{self, PublicKey};
use dassie::{crypto, text};
use serde::{Deserialize, Serialize};

use crate::Res;
use crate::peers;
use crate::text::{Rng, plain};

/// How many accounts one transaction writes.
const BATCH: usize = 1_000;
/// How many accounts on live servers follow ann.
const FOLLOWERS: usize = 500;
/// Accounts that follow erin, and their servers, of which 10 are dead and 10 slow.
pub const FAN_OUT: usize = 1_000;
pub const FAN_OUT_HOSTS: usize = 300;

/// Somebody with an account here and an app.
#[derive(Clone, Serialize, Deserialize)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub token: String,
}

/// A remote author whose key is ours.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sender {
    pub id: i64,
    pub uri: String,
    pub key_id: String,
    /// PKCS#8, in base64.
    key: String,
}

impl Sender {
    pub fn private_key(&self) -> Res<key::PrivateKey> {
        Ok(key::PrivateKey::from_pkcs8(&BASE64.decode(&self.key)?)?)
    }
}

/// A local account with a token that may do everything.
pub fn person(app: &App, name: &str) -> Res<Person> {
    let site = app.site.clone();
    let new = NewAccount {
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        password_hash: "!".into(),
        admin: false,
        key: key::generate()?,
    };
    let token = crypto::token();
    let hash = crypto::token_hash(&token);
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let account = account::create(tx, &site, new)?;
            let application = Application {
                id: 0,
                client_id: crypto::code128(),
                secret_hash: Vec::new(),
                name: "Bench".into(),
                website: None,
                redirect_uris: "urn:ietf:wg:oauth:2.0:oob".into(),
                scopes: "read write follow".into(),
                created_at: tx.now(),
            };
            let application = db::oauth::insert_application(tx, &application)?;
            let scopes = Scopes::parse("read write follow").unwrap_or_default();
            db::oauth::insert_token(tx, &hash, application, Some(account.id), &scopes, None)?;
            Ok(account)
        })
        .wait()?;
    Ok(Person { id: account.id, name: name.to_owned(), token })
}

/// Stores remote accounts with a key each (all the same one); their ids.
fn store(app: &App, accounts: Vec<Account>, public: &PublicKey) -> Res<Vec<i64>> {
    let mut ids = Vec::with_capacity(accounts.len());
    for batch in accounts.chunks(BATCH) {
        let (batch, public) = (batch.to_vec(), public.to_bytes());
        let stored = app.db.write(Lane::Interactive, move |tx| {
            let mut ids = Vec::with_capacity(batch.len());
            for mut account in batch {
                account.id = tx.mint_id();
                account.fetched_at = Some(tx.now());
                db::account::insert(tx, &account)?;
                let key = (format!("{}#main-key", account.uri), public.clone());
                db::key::replace_remote(tx, account.id, &[key])?;
                ids.push(account.id);
            }
            Ok(ids)
        });
        ids.extend(stored.wait()?);
    }
    Ok(ids)
}

/// A remote account as its server describes it.
fn remote(rng: &mut Rng, base: &str, name: &str) -> Account {
    let domain = base.split("//").nth(1).unwrap_or_default().to_owned();
    let uri = format!("{base}/users/{name}");
    let link = format!("<a href=\"{base}/about\" rel=\"nofollow noopener\">{domain}/about</a>");
    Account {
        username: name.to_owned(),
        url: Some(format!("{base}/@{name}")),
        display_name: plain(rng, "en", 14),
        note: format!("<p>{}</p>", plain(rng, "en", 160)),
        fields: vec![Field { name: "Home".into(), value: link, verified_at: None }],
        avatar_url: Some(format!("{base}/media/avatars/{name}/original/0123456789abcdef.png")),
        header_url: Some(format!("{base}/media/headers/{name}/original/0123456789abcdef.png")),
        discoverable: true,
        indexable: true,
        inbox: Some(format!("{uri}/inbox")),
        shared_inbox: Some(format!("{base}/inbox")),
        outbox: Some(format!("{uri}/outbox")),
        followers_uri: Some(format!("{uri}/followers")),
        following_uri: Some(format!("{uri}/following")),
        featured_uri: Some(format!("{uri}/collections/featured")),
        created_at: 1_600_000_000_000,
        domain: Some(domain),
        uri,
        ..Account::default()
    }
}

/// The host of the author with this number.
pub fn host_of(author: usize, hosts: usize) -> String {
    format!("h{}.example", author % hosts)
}

/// Remote authors, and the first of them as sender: its key is ours.
pub fn authors(app: &App, rng: &mut Rng, count: usize, hosts: usize) -> Res<(Vec<i64>, Sender)> {
    let generated = key::generate()?;
    let public = PublicKey::from_pem(&generated.public_pem)?;
    let accounts: Vec<Account> = (0..count)
        .map(|n| {
            let base = format!("https://{}", host_of(n, hosts));
            let word = text::search::index(&plain(rng, "en", 5)).replace(' ', "");
            remote(rng, &base, &format!("{word}{n}"))
        })
        .collect();
    let uri = accounts.first().map(|account| account.uri.clone()).unwrap_or_default();
    let ids = store(app, accounts, &public)?;
    let sender = Sender {
        id: ids.first().copied().unwrap_or_default(),
        key_id: format!("{uri}#main-key"),
        uri,
        key: BASE64.encode(&generated.pkcs8),
    };
    Ok((ids, sender))
}

/// Remote followers: of ann on live servers, of carol on dead ones, of dora on
/// those that keep connections.
pub fn followers(app: &App, rng: &mut Rng, people: &People) -> Res<Vec<i64>> {
    let public = PublicKey::from_pem(&key::generate()?.public_pem)?;
    let mut accounts = Vec::new();
    for n in 0..FOLLOWERS {
        let number = u8::try_from(n % usize::from(peers::LIVE) + 1)?;
        accounts.push((people.ann.id, remote(rng, &base(&peers::live(number)), &format!("f{n}"))));
    }
    for number in 1..=peers::DEAD {
        accounts.push((people.carol.id, remote(rng, &base(&peers::dead(number)), "gone")));
    }
    for number in 1..=peers::KEPT {
        accounts.push((people.dora.id, remote(rng, &base(&peers::kept(number)), "one")));
    }
    for n in 0..FAN_OUT {
        accounts.push((people.erin.id, remote(rng, &base(&fan_out_host(n)), &format!("e{n}"))));
    }
    let (targets, accounts): (Vec<i64>, Vec<Account>) = accounts.into_iter().unzip();
    let ids = store(app, accounts, &public)?;
    let pairs = ids.iter().copied().zip(targets).collect();
    follow(app, pairs)?;
    Ok(ids.into_iter().take(FOLLOWERS).collect())
}

/// The server of erin's follower with this number.
fn fan_out_host(number: usize) -> String {
    match number % FAN_OUT_HOSTS {
        n @ 0..10 => peers::dead(200 + n as u8),
        n @ 10..20 => peers::slow(n as u8),
        n => peers::usual(4_000 + n),
    }
}

fn base(host: &str) -> String {
    format!("https://{host}")
}

/// Accepted follows.
pub fn follow(app: &App, pairs: Vec<(i64, i64)>) -> Res<()> {
    let written = app.db.write(Lane::Interactive, move |tx| {
        for (account_id, target_id) in pairs {
            db::follow::upsert(
                tx,
                &Follow {
                    id: 0,
                    account_id,
                    target_id,
                    accepted: true,
                    uri: format!("https://follow.example/{account_id}/{target_id}"),
                    reblogs: true,
                    notify: false,
                    languages: Vec::new(),
                },
            )?;
        }
        Ok(())
    });
    Ok(written.wait()?)
}

/// The local accounts.
#[derive(Clone, Serialize, Deserialize)]
pub struct People {
    /// Has everything: 2,000 statuses, a home, followers on 100 servers.
    pub ann: Person,
    /// Nobody follows bob.
    pub bob: Person,
    /// Followed from 100 servers that are dead.
    pub carol: Person,
    /// Followed from a few servers that keep connections.
    pub dora: Person,
    /// Followed by 1,000 accounts on 300 servers, 10 of them dead and 10 slow.
    pub erin: Person,
}
