//! The commands, and what each does: the same whether the server executes it or the command line.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backup::{self, BackupDone};
use super::care::{self, AccountLine, CareCommand, ReportLine, ReportPage};
use super::delivery::{self, HostLine, JobLine};
use super::domains::{self, DomainListLine, PlanLine};
use super::emoji::{self, EmojiCommand, EmojiReply};
use super::health::{self, Health};
use super::keys;
use super::media::{self, MediaCommand, MediaReply};
use super::moderation;
use super::moving;
use super::relay::{self, RelayChange, RelayLine};
use super::sheet::{self, ImportLine};
use super::sign_up::{self, SignUpCommand, SignUpReply};
use crate::app::App;
use crate::archive::{self, ArchiveCommand, ArchiveOut, ArchivePart, ArchiveReply};
use crate::crypto;
use crate::db::{self, Lane, Tx};
use crate::error::{Error, Result};
use crate::model::{Account, Application, Scopes, Sheet};
use crate::service;
use crate::service::account::NewAccount;
pub(super) use crate::service::account::find_person;
use crate::service::announcement::Draft;
use crate::signature;
use crate::site::Site;

/// The redirect address of applications that have none (RFC 8252 calls it out of band).
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// The longest name of an application.
const LONGEST_NAME: usize = 200;

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    AccountCreate {
        username: String,
        email: String,
        password: Secret,
        admin: bool,
    },
    AccountList,
    AccountPassword {
        account: String,
        password: Secret,
    },
    AccountDelete {
        account: String,
    },
    AccountDisable2fa {
        account: String,
    },
    AccountRotateKey {
        account: String,
    },
    AccountMove {
        account: String,
        target: Option<String>,
        with_followers: bool,
    },
    AccountAlias {
        account: String,
        add: Option<String>,
        remove: Option<String>,
    },
    TokenCreate {
        account: String,
        scopes: String,
        name: String,
    },
    DeliveryList {
        limit: u32,
        host: Option<String>,
        status: Option<i64>,
    },
    HostList {
        limit: u32,
    },
    HostRetry {
        host: String,
    },
    JobList {
        limit: u32,
    },
    Import {
        account: String,
        sheet: Sheet,
        overwrite: bool,
        text: String,
    },
    ImportList {
        account: String,
    },
    Export {
        account: String,
        sheet: Sheet,
    },
    Announce {
        text: String,
        starts_at: Option<i64>,
        ends_at: Option<i64>,
        all_day: bool,
    },
    AnnouncementList,
    AnnouncementDelete {
        id: i64,
    },
    DomainBlock {
        domain: String,
        severity: String,
        comment: Option<String>,
    },
    DomainUnblock {
        domain: String,
    },
    DomainList,
    RelayAdd {
        address: String,
        style: Option<String>,
        change: RelayChange,
    },
    RelayList,
    RelaySet {
        relay: String,
        change: RelayChange,
    },
    RelayRemove {
        relay: String,
    },
    DomainImport {
        text: String,
        allows: bool,
        dry_run: bool,
    },
    DomainExport {
        allows: bool,
    },
    DomainSubscribe {
        url: String,
        severity_max: String,
        dry_run: bool,
    },
    DomainUnsubscribe {
        url: String,
    },
    DomainLists,
    Care(CareCommand),
    SignUp(SignUpCommand),
    Media(MediaCommand),
    Emoji(EmojiCommand),
    Archive(ArchiveCommand),
    ArchiveOut(ArchiveOut),
    BackupDone(BackupDone),
    /// A backup found the database damaged.
    Damaged(String),
    Health {
        with_bucket: bool,
    },
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The account, as `name@domain`, was created, changed or deleted.
    Account(String),
    Accounts(Vec<AccountLine>),
    Token(Secret),
    /// What was announced or taken back, or all there are.
    Announcements(Vec<AnnouncementLine>),
    /// What was blocked or unblocked, or all blocks.
    DomainBlocks(Vec<DomainBlockLine>),
    /// What was subscribed to, changed or left, or all relays.
    Relays(Vec<RelayLine>),
    Deliveries {
        /// The server's time, in milliseconds since 1970.
        now: i64,
        /// How many wait, listed or not.
        waiting: i64,
        list: Vec<DeliveryLine>,
    },
    Hosts {
        /// The server's time, in milliseconds since 1970.
        now: i64,
        list: Vec<HostLine>,
    },
    /// What was given up, the newest first.
    Jobs(Vec<JobLine>),
    /// A server is tried again, with so many deliveries.
    Retried {
        host: String,
        waiting: i64,
    },
    /// What a list of domains did or would do.
    DomainPlan(PlanLine),
    DomainLists(Vec<DomainListLine>),
    /// What was settled or waits again, or all there are.
    Reports(Vec<ReportLine>),
    Report(Box<ReportPage>),
    SignUp(SignUpReply),
    Emoji(EmojiReply),
    Imports(Vec<ImportLine>),
    /// CSV.
    File(String),
    /// The other accounts that one names as its own.
    Aliases(Vec<String>),
    Media(MediaReply),
    Archive(ArchiveReply),
    ArchivePart(ArchivePart),
    /// It was noted.
    Noted,
    Health(Box<Health>),
}

/// An announcement, as the list shows it; times in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementLine {
    pub id: i64,
    pub text: String,
    pub starts_at: Option<i64>,
    pub ends_at: Option<i64>,
    pub created_at: i64,
}

/// A blocked domain, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainBlockLine {
    pub domain: String,
    pub severity: String,
    pub comment: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
}

/// Something that waits for a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLine {
    pub inbox: String,
    pub host: String,
    /// `type` and `id` of the activity; empty where it has none.
    pub kind: String,
    pub activity: String,
    pub attempts: i64,
    /// Milliseconds since 1970.
    pub due: i64,
    pub last_error: Option<String>,
    /// The server failed for days and is only probed now and then.
    pub unavailable: bool,
}

/// A password or token: it never reaches a log by its debug form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Command {
    /// As it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AccountCreate { .. } => "account create",
            Self::AccountList => "account list",
            Self::AccountPassword { .. } => "account password",
            Self::AccountDelete { .. } => "account delete",
            Self::AccountDisable2fa { .. } => "account disable-2fa",
            Self::AccountRotateKey { .. } => "account rotate-key",
            Self::AccountMove { .. } => "account move",
            Self::AccountAlias { .. } => "account alias",
            Self::TokenCreate { .. } => "token create",
            Self::DeliveryList { .. } => "delivery list",
            Self::HostList { .. } => "host list",
            Self::HostRetry { .. } => "host retry",
            Self::JobList { .. } => "delivery failed",
            Self::Import { .. } | Self::ImportList { .. } => "import",
            Self::Export { .. } => "export",
            Self::Announce { .. } => "announce",
            Self::AnnouncementList => "announcements list",
            Self::AnnouncementDelete { .. } => "announcements delete",
            Self::DomainBlock { .. } => "domain block",
            Self::DomainUnblock { .. } => "domain unblock",
            Self::DomainList => "domain list",
            Self::RelayAdd { .. } => "relay add",
            Self::RelayList => "relay list",
            Self::RelaySet { .. } => "relay set",
            Self::RelayRemove { .. } => "relay remove",
            Self::DomainImport { .. } => "domain import",
            Self::DomainExport { .. } => "domain export",
            Self::DomainSubscribe { .. } => "domain subscribe",
            Self::DomainUnsubscribe { .. } => "domain unsubscribe",
            Self::DomainLists => "domain lists",
            Self::Care(command) => command.name(),
            Self::SignUp(command) => command.name(),
            Self::Media(command) => command.name(),
            Self::Emoji(_) => "emoji",
            Self::Archive(command) => command.name(),
            Self::ArchiveOut(_) => "account export",
            Self::BackupDone(_) | Self::Damaged(_) => "backup",
            Self::Health { with_bucket: false } => "status",
            Self::Health { with_bucket: true } => "doctor",
        }
    }

    /// Whether it is one of thousands that what was typed is done in.
    pub(super) fn is_step(&self) -> bool {
        matches!(self, Self::Archive(_) | Self::ArchiveOut(_))
    }

    /// How long it may take inside the server.
    pub(super) fn longest(&self) -> Duration {
        match self {
            // a video that has to be coded anew
            Self::Archive(ArchiveCommand::Piece(_)) => Duration::from_secs(1800),
            _ => Duration::from_secs(60),
        }
    }

    /// Whether it makes sense without a database, which is made then.
    pub fn may_begin(&self) -> bool {
        matches!(self, Self::AccountCreate { .. })
    }
}

/// Executes a command. Blocks: hashing, key generation and the write all take their time here.
///
/// # Errors
/// What is refused, in a sentence for the operator.
pub fn execute(app: &App, command: Command) -> Result<Reply> {
    match command {
        Command::AccountCreate { username, email, password, admin } => {
            create_account(app, username, email, &password, admin)
        }
        Command::AccountList => app.db.read(care::list_accounts).map(Reply::Accounts),
        Command::AccountPassword { account, password } => set_password(app, account, &password),
        Command::AccountDelete { account } => delete_account(app, account),
        Command::AccountDisable2fa { account } => disable_2fa(app, account),
        Command::AccountRotateKey { account } => keys::rotate(app, account),
        Command::AccountMove { account, target, with_followers } => {
            moving::move_out(app, account, target.as_deref(), with_followers)
        }
        Command::AccountAlias { account, add, remove } => {
            moving::alias(app, account, add.as_deref(), remove)
        }
        Command::TokenCreate { account, scopes, name } => create_token(app, account, &scopes, name),
        Command::DeliveryList { limit, host, status } => {
            delivery::list(app, limit, host.as_deref(), status)
        }
        Command::HostList { limit } => delivery::hosts(app, limit),
        Command::HostRetry { host } => delivery::retry(app, &host),
        Command::JobList { limit } => delivery::jobs(app, limit),
        Command::Import { account, sheet, overwrite, text } => {
            sheet::import(app, &account, sheet, overwrite, &text)
        }
        Command::ImportList { account } => sheet::list(app, &account),
        Command::Export { account, sheet } => sheet::export(app, &account, sheet),
        Command::Announce { text, starts_at, ends_at, all_day } => {
            moderation::announce(app, Draft { text, starts_at, ends_at, all_day })
        }
        Command::AnnouncementList => moderation::list_announcements(app),
        Command::AnnouncementDelete { id } => moderation::delete_announcement(app, id),
        Command::DomainBlock { domain, severity, comment } => {
            moderation::block_domain(app, domain, severity, comment)
        }
        Command::DomainUnblock { domain } => moderation::unblock_domain(app, domain),
        Command::DomainList => moderation::list_domain_blocks(app),
        Command::RelayAdd { address, style, change } => {
            relay::add(app, &address, style.as_deref(), change)
        }
        Command::RelayList => relay::list(app),
        Command::RelaySet { relay, change } => relay::set(app, relay, change),
        Command::RelayRemove { relay } => relay::remove(app, relay),
        Command::DomainImport { text, allows, dry_run } => {
            domains::import(app, &text, allows, dry_run)
        }
        Command::DomainExport { allows } => domains::export(app, allows),
        Command::DomainSubscribe { url, severity_max, dry_run } => {
            domains::subscribe(app, &url, &severity_max, dry_run)
        }
        Command::DomainUnsubscribe { url } => domains::unsubscribe(app, &url),
        Command::DomainLists => domains::lists(app),
        Command::Care(command) => care::execute(app, command),
        Command::SignUp(command) => sign_up::execute(app, command),
        Command::Media(command) => media::execute(app, command),
        Command::Emoji(command) => emoji::run(app, command),
        Command::Archive(command) => archive::take(app, command).map(Reply::Archive),
        Command::ArchiveOut(command) => archive::hand_out(app, command).map(Reply::ArchivePart),
        Command::BackupDone(done) => backup::note(app, &done).map(|()| Reply::Noted),
        Command::Damaged(fault) => backup::note_damage(app, fault).map(|()| Reply::Noted),
        Command::Health { with_bucket } => health::look(app, with_bucket),
    }
}

fn create_account(
    app: &App,
    username: String,
    email: String,
    password: &Secret,
    admin: bool,
) -> Result<Reply> {
    // What is cheap to refuse comes before the slow work.
    service::account::check_username(&username)?;
    service::account::check_password(&password.0)?;
    let password_hash = crypto::hash_password(&password.0)?;
    let key = signature::key::generate()?;
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let new = NewAccount { username, email, password_hash, admin, key };
            service::account::create(tx, &site, new)
        })
        .wait()?;
    Ok(Reply::Account(handle(&app.site, &account)))
}

fn set_password(app: &App, account: String, password: &Secret) -> Result<Reply> {
    service::account::check_password(&password.0)?;
    app.db.read(|conn| find_person(conn, &app.site, &account))?;
    let hash = crypto::hash_password(&password.0)?;
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let (account, _) = find_person(tx, &site, &account)?;
            service::account::set_password(tx, account.id, &hash)?;
            Ok(account)
        })
        .wait()?;
    Ok(Reply::Account(handle(&app.site, &account)))
}

fn delete_account(app: &App, account: String) -> Result<Reply> {
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let (account, _) = find_person(tx, &site, &account)?;
            service::leaving::delete_local(tx, &site, &account)?;
            Ok(account)
        })
        .wait()?;
    Ok(Reply::Account(handle(&app.site, &account)))
}

/// For somebody who lost the device and the recovery codes.
fn disable_2fa(app: &App, account: String) -> Result<Reply> {
    let site = app.site.clone();
    let account = app
        .db
        .write(Lane::Interactive, move |tx| {
            let (account, _) = find_person(tx, &site, &account)?;
            service::second_factor::disable(tx, account.id)?;
            Ok(account)
        })
        .wait()?;
    Ok(Reply::Account(handle(&app.site, &account)))
}

fn create_token(app: &App, account: String, scopes: &str, name: String) -> Result<Reply> {
    let scopes = read_scopes(scopes)?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "the name of the application must have 1 to {LONGEST_NAME} bytes in one line"
        )));
    }
    let site = app.site.clone();
    let token = crypto::token();
    let hash = crypto::token_hash(&token);
    app.db
        .write(Lane::Interactive, move |tx| {
            let (account, user) = find_person(tx, &site, &account)?;
            if !user.admin && scopes.iter().any(|scope| scope.starts_with("admin")) {
                return Err(Error::invalid(format!(
                    "{} is no admin and cannot have admin scopes",
                    handle(&site, &account)
                )));
            }
            insert_token(tx, &account, name, &scopes, &hash)
        })
        .wait()?;
    Ok(Reply::Token(Secret(token)))
}

/// The token with an application of its own, so that it can be told from others and revoked.
fn insert_token(
    tx: &Tx<'_>,
    account: &Account,
    name: String,
    scopes: &Scopes,
    hash: &[u8; 32],
) -> Result<()> {
    let application = Application {
        id: 0,
        client_id: crypto::token(),
        // Nobody learns this secret: the application only ever has this one token.
        secret_hash: crypto::token_hash(&crypto::token()).to_vec(),
        name,
        website: None,
        redirect_uris: OUT_OF_BAND.to_owned(),
        scopes: scopes.to_string(),
        created_at: tx.now(),
    };
    let application = db::oauth::insert_application(tx, &application)?;
    db::oauth::insert_token(tx, hash, application, Some(account.id), scopes, None)
}

fn read_scopes(text: &str) -> Result<Scopes> {
    let scopes = Scopes::parse(text).ok_or_else(|| {
        let strange = text.split_whitespace().find(|word| !Scopes::known().contains(word));
        Error::invalid(format!(
            "{} is not a scope. The usual ones are read, write, follow and push",
            strange.unwrap_or(text)
        ))
    })?;
    if scopes.is_empty() {
        return Err(Error::invalid("a token without scopes could do nothing"));
    }
    Ok(scopes)
}

pub(super) fn handle(site: &Site, account: &Account) -> String {
    format!("{}@{}", account.username, site.account_domain)
}
