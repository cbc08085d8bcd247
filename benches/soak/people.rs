//! Who there is: authors of elsewhere, the relay that brings them, and the person that reads.

use dassie::app::App;
use dassie::crypto;
use dassie::db::{self, Lane, Tx};
use dassie::error::Result;
use dassie::model::{
    Account, Application, Relay, RelayCounts, RelayFilter, RelayState, RelayStyle, Scopes,
};
use dassie::service::account::{self, NewAccount};
use dassie::service::remote::{self, Arrival, Incoming};
use dassie::signature::key;

use crate::Res;
use crate::text::{self, Rng};

pub const AUTHORS: usize = 20_000;
pub const HOSTS: usize = 2_000;
/// Of the authors the person follows the first ones.
pub const FOLLOWED: usize = 200;

/// The address of an author.
pub fn uri(author: usize) -> String {
    format!("https://h{}.example/users/a{author}", author % HOSTS)
}

/// An account as its server describes it, the same at every look.
fn describe(number: usize) -> Account {
    let rng = &mut Rng::new(number as u64 + 1);
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

/// The account with this number, made anew if it was forgotten meanwhile.
fn author(tx: &Tx<'_>, number: usize) -> Result<Account> {
    if let Some(known) = db::account::find_by_uri(tx, &uri(number))? {
        return Ok(known);
    }
    let account = Account { id: tx.mint_id(), fetched_at: Some(tx.now()), ..describe(number) };
    db::account::insert(tx, &account)?;
    let key = (format!("{}#main-key", account.uri), vec![7; 270]);
    db::key::replace_remote(tx, account.id, &[key])?;
    Ok(account)
}

/// Stores a status of an author, which a relay brought or not.
pub fn store(tx: &Tx<'_>, incoming: &Incoming, number: usize, relay: Option<i64>) -> Result<()> {
    let author = author(tx, number)?;
    let status = remote::store(tx, incoming, &author, Arrival::Pushed { inbox_owner: None })?;
    match relay {
        Some(relay) => db::relay::insert_status(tx, status.id, relay),
        None => Ok(()),
    }
}

/// The relay, and those who are followed.
pub fn settle(app: &App) -> Res<(i64, Vec<i64>)> {
    let stored = app.db.write(Lane::Interactive, move |tx| {
        let actor = author(tx, AUTHORS)?;
        let relay = db::relay::insert(
            tx,
            &Relay {
                id: 0,
                account_id: actor.id,
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
        let followed = (0..FOLLOWED).map(|number| Ok(author(tx, number)?.id));
        Ok((relay, followed.collect::<Result<_>>()?))
    });
    Ok(stored.wait()?)
}

/// Somebody with an account here, who follows these, and a token of hers.
pub fn person(app: &App, followed: &[i64]) -> Res<(i64, String)> {
    let new = NewAccount {
        username: "ann".into(),
        email: "ann@example.org".into(),
        password_hash: "!".into(),
        admin: true,
        key: key::generate()?,
    };
    let token = crypto::token();
    let hash = crypto::token_hash(&token);
    let (site, followed) = (app.site.clone(), followed.to_vec());
    let made = app.db.write(Lane::Interactive, move |tx| {
        let account = account::create(tx, &site, new)?;
        for target_id in followed {
            let uri = format!("https://soak.example/follows/{target_id}");
            follow(tx, account.id, target_id, uri)?;
        }
        let application = Application {
            id: 0,
            client_id: crypto::code128(),
            secret_hash: Vec::new(),
            name: "Soak".into(),
            website: None,
            redirect_uris: "urn:ietf:wg:oauth:2.0:oob".into(),
            scopes: "read".into(),
            created_at: tx.now(),
        };
        let application = db::oauth::insert_application(tx, &application)?;
        let scopes = Scopes::parse("read").unwrap_or_default();
        db::oauth::insert_token(tx, &hash, application, Some(account.id), &scopes, None)?;
        Ok(account.id)
    });
    Ok((made.wait()?, token))
}

fn follow(tx: &Tx<'_>, account_id: i64, target_id: i64, uri: String) -> Result<()> {
    let follow = db::follow::Follow {
        id: 0,
        account_id,
        target_id,
        accepted: true,
        uri,
        reblogs: true,
        notify: false,
        languages: Vec::new(),
    };
    db::follow::upsert(tx, &follow)
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
