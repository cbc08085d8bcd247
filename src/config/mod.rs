//! The configuration: one TOML file, each key of which an environment variable can override.
//!
//! The settings are the structs below; `keys.rs` lists them once more with their checks, and
//! that one list serves the file, the environment, `config show` and the tests.
//! `load.rs` reads and judges, `value.rs` knows the types that a setting can have.

mod anchor;
mod backup;
mod beside;
mod cidr;
mod host;
mod keys;
mod load;
mod media;
mod registrations;
mod size;
mod smtp;
mod span;
mod tls;
mod value;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

pub use anchor::usual_data_dir;
pub use backup::{Backup, BackupTo};
pub use cidr::Cidr;
pub use keys::NEVER_PORTS;
pub use load::{ConfigError, environment};
pub use media::{Media, Prefetch, Program};
pub use registrations::{RegistrationMode, Registrations};
pub use size::Size;
pub use smtp::{Smtp, SmtpSecurity};
pub use span::Span;
pub use tls::{Tls, TlsMode};

use load::Origin;

/// Every setting, checked, and where it came from.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `serve --dev`: http on a loopback name instead of https on a public one.
    pub dev: bool,
    /// The file that it was read from.
    pub file: Option<PathBuf>,
    pub server: Server,
    pub tls: Tls,
    pub storage: Storage,
    pub media: Media,
    pub s3: S3,
    pub backup: Backup,
    pub instance: Instance,
    pub registrations: Registrations,
    pub smtp: Smtp,
    pub pages: Pages,
    pub limits: Limits,
    pub federation: Federation,
    pub trends: Trends,
    pub translation: Translation,
    pub network: Network,
    pub metrics: Metrics,
    pub log: Log,
    /// By path (`server.host`); what is absent is a default.
    origins: BTreeMap<&'static str, Origin>,
}

/// How the world reaches this server.
#[derive(Clone, Debug)]
pub struct Server {
    /// Public host name, lower case and in punycode; with a port only in dev. Never empty in
    /// a loaded configuration.
    pub host: String,
    /// Domain of the accounts where it is not the host: see [`Config::account_domain`].
    pub account_domain: Option<String>,
    /// Address and port that the server listens on.
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<Cidr>,
}

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The folder of the database, its socket and the uploads.
    pub data_dir: PathBuf,
    /// Where new uploads go.
    pub uploads: Uploads,
}

/// Where uploads are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Uploads {
    /// In the data folder.
    #[default]
    Local,
    /// In a bucket.
    S3,
}

/// A bucket of an S3-compatible object storage.
#[derive(Clone, Debug)]
pub struct S3 {
    /// Its address, `https://s3.example.org`; `None`: there is none.
    pub endpoint: Option<String>,
    pub region: String,
    pub bucket: String,
    pub access_key: String,
    pub secret_key: Secret,
    /// What the names of all objects begin with.
    pub prefix: String,
    /// `https://endpoint/bucket/…` instead of `https://bucket.endpoint/…`.
    pub path_style: bool,
    /// Where everybody can read the bucket: a domain of its own, or a cache in front of it.
    pub public_url: Option<String>,
    pub reads: S3Reads,
}

/// How files in a bucket are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum S3Reads {
    /// They go through this server.
    #[default]
    Proxied,
    /// Clients are sent to the bucket with an address that is good for an hour.
    Presigned,
}

impl S3 {
    /// Whether all is there that a request needs.
    pub fn is_configured(&self) -> bool {
        let keys = !self.access_key.is_empty() && !self.secret_key.reveal().is_empty();
        self.endpoint.is_some() && !self.bucket.is_empty() && keys
    }
}

/// How the instance presents itself.
#[derive(Clone, Debug)]
pub struct Instance {
    pub title: String,
    pub description: String,
    pub contact_email: Option<String>,
    /// Name of the local account to turn to, without `@`.
    pub contact_account: Option<String>,
    /// Languages spoken here, as ISO 639 codes.
    pub languages: Vec<String>,
    /// Language of a status when neither its client nor its text tells.
    pub default_language: String,
    /// Posts may be given a time in the past; they are told to nobody then.
    pub allow_backdating: bool,
    /// What everybody here keeps to; numbered from 1 on.
    pub rules: Vec<String>,
    /// More about this server, in Markdown.
    pub extended_description: LongText,
    pub privacy_policy: LongText,
    pub terms_of_service: LongText,
    /// Who is shown which servers are blocked.
    pub show_domain_blocks: Audience,
}

/// What visitors find in a browser.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// A style sheet that follows our own.
    pub custom_css: Option<PathBuf>,
    /// `robots.txt` lets collectors of training data in.
    pub allow_ai_crawlers: bool,
    /// There is a list of the pages that may be found, for search engines.
    pub sitemap: bool,
    /// The page about this server tells what it takes to run.
    pub show_figures: bool,
}

/// A text of several lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LongText(pub String);

/// Who may see something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    #[default]
    Nobody,
    /// The people of this server.
    Users,
    All,
}

/// How much of something is allowed.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest text of a status.
    pub max_characters: usize,
    pub max_poll_options: usize,
    /// Longest choice of a poll.
    pub max_poll_option_characters: usize,
    /// Shortest and longest time that a poll may be open.
    pub min_poll_seconds: usize,
    pub max_poll_seconds: usize,
    /// Most files of a status.
    pub max_media_attachments: usize,
    /// Largest file and most pixels of an image.
    pub max_image_bytes: usize,
    pub max_image_pixels: usize,
    /// Largest video or sound.
    pub max_video_bytes: usize,
    /// Longest description of a file.
    pub max_description_characters: usize,
    /// Most files that one account may upload within 24 hours.
    pub max_uploads_per_day: usize,
    /// How many recent statuses of a remote profile are read when somebody opens it; 0: neither
    /// these nor the replies of threads.
    pub profile_statuses: usize,
    pub max_profile_fields: usize,
    /// Requests to the client API within five minutes, of one person and of one address; 0: any.
    pub requests_per_account: usize,
    pub requests_per_address: usize,
    /// Files that one person may upload within thirty minutes; 0: any number.
    pub uploads_per_account: usize,
    /// Requests to the inbox within five minutes, of one address and of one server; 0: any.
    pub inbox_requests_per_address: usize,
    pub inbox_requests_per_server: usize,
    /// Largest picture of a custom emoji.
    pub max_emoji_bytes: usize,
    /// Largest file of another server that is fetched to be shown; what is larger is a link.
    pub max_remote_media_bytes: usize,
}

/// Dealings with other servers.
#[derive(Clone, Debug)]
pub struct Federation {
    /// Answer ActivityPub documents only to signed requests.
    pub require_signed_fetch: bool,
    /// Have to do with allowed servers only.
    pub allowlist: bool,
    /// Show articles of other servers in full, not their summary and a link (F-263).
    pub article_full_content: bool,
    /// Days after which statuses go that relays brought and nobody here did anything with.
    pub relay_status_days: usize,
    /// Days after which all other statuses of others go that nobody here needs; 0: never.
    pub remote_status_days: usize,
    /// Take the actor of a handle also from a file of the wrong content type.
    pub static_actor_compat: bool,
    /// Deliver to each recipient's own inbox.
    pub never_shared_inbox: bool,
    /// Mentions by accounts made lately are held back for whoever has not chosen otherwise.
    pub hold_back_new_accounts: bool,
    /// NodeInfo tells how many people and statuses are here (F-072).
    pub nodeinfo_usage: bool,
}

/// What is much talked about.
#[derive(Clone, Debug)]
pub struct Trends {
    /// Find it out and show it.
    pub enabled: bool,
}

/// The service that translates statuses.
#[derive(Clone, Debug, Default)]
pub struct Translation {
    /// Which API it speaks.
    pub kind: TranslationKind,
    /// Where it is; DeepL's own address where that is left out.
    pub url: Option<String>,
    pub api_key: Secret,
}

/// Which API a translation service speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TranslationKind {
    #[default]
    None,
    Libretranslate,
    Deepl,
}

impl Translation {
    /// Whether there is one.
    pub fn is_configured(&self) -> bool {
        self.kind != TranslationKind::None
    }
}

/// A text that is shown to nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Characters of a passphrase.
    pub const SHORTEST_PASSPHRASE: usize = 10;

    /// The text itself, for those who have to send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "(hidden)" })
    }
}

/// Exceptions from the rules for outgoing connections; all empty on a usual server.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// Address ranges that may be connected to although they are not public.
    pub allowed_private_ranges: Vec<Cidr>,
    /// Ports that may be connected to beside the usual ones.
    pub allow_ports: Vec<u16>,
    /// PEM file of certificate authorities trusted beside the system's.
    pub extra_ca_file: Option<PathBuf>,
}

/// Numbers for who watches the server.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Who shows it may read `/metrics`; empty: nobody may.
    pub token: Secret,
}

/// What the log says, and how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log {
    pub level: LogLevel,
    pub format: LogFormat,
}

/// The least important lines that are still logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// Lines for people or for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Human,
    Json,
}

/// Which rules hold for the host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// https on a public name.
    Real,
    /// http on localhost or a loopback address.
    Dev,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            host: String::new(),
            account_domain: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            trusted_proxies: vec![
                Cidr::new(Ipv4Addr::new(127, 0, 0, 0).into(), 8),
                Cidr::new(Ipv6Addr::LOCALHOST.into(), 128),
            ],
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self { data_dir: PathBuf::from("./data"), uploads: Uploads::Local }
    }
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            access_key: String::new(),
            secret_key: Secret::default(),
            prefix: String::new(),
            path_style: true,
            public_url: None,
            reads: S3Reads::Proxied,
        }
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            title: "Dassie".to_owned(),
            description: String::new(),
            contact_email: None,
            contact_account: None,
            languages: vec!["en".to_owned()],
            default_language: "en".to_owned(),
            allow_backdating: true,
            rules: Vec::new(),
            extended_description: LongText::default(),
            privacy_policy: LongText::default(),
            terms_of_service: LongText::default(),
            show_domain_blocks: Audience::Nobody,
        }
    }
}

impl Default for Federation {
    fn default() -> Self {
        Self {
            require_signed_fetch: false,
            allowlist: false,
            article_full_content: true,
            relay_status_days: 7,
            remote_status_days: 60,
            static_actor_compat: false,
            never_shared_inbox: false,
            hold_back_new_accounts: false,
            nodeinfo_usage: true,
        }
    }
}

impl Default for Trends {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_characters: 5000,
            max_poll_options: 4,
            max_poll_option_characters: 50,
            min_poll_seconds: 300,
            max_poll_seconds: 2_629_746,
            max_media_attachments: 4,
            max_image_bytes: 16 << 20,
            max_image_pixels: 40_000_000,
            // as Mastodon: what is larger, its servers show as a link
            max_video_bytes: 99 << 20,
            max_description_characters: 1500,
            max_uploads_per_day: 500,
            profile_statuses: 20,
            max_profile_fields: 8,
            requests_per_account: 3000,
            requests_per_address: 600,
            uploads_per_account: 30,
            inbox_requests_per_address: 6000,
            inbox_requests_per_server: 6000,
            max_emoji_bytes: 262_144,
            max_remote_media_bytes: 100 << 20,
        }
    }
}

impl Config {
    /// Scheme and host of all our addresses, without a slash at the end.
    pub fn base_url(&self) -> String {
        let scheme = if self.dev { "http" } else { "https" };
        format!("{scheme}://{}", self.server.host)
    }

    /// The part after the `@` of our accounts.
    pub fn account_domain(&self) -> &str {
        self.server.account_domain.as_deref().unwrap_or(&self.server.host)
    }

    /// The folder of the cache of files of elsewhere.
    pub fn cache_dir(&self) -> PathBuf {
        self.media.cache_dir.clone().unwrap_or_else(|| self.storage.data_dir.join("cache"))
    }

    /// The folder of the archives of backups.
    pub fn backup_dir(&self) -> PathBuf {
        self.backup.folder.clone().unwrap_or_else(|| self.storage.data_dir.join("backups"))
    }

    /// What differs from the defaults, as a file; no secrets.
    pub fn changed(&self) -> String {
        let usual = Self::default();
        self.sections(|key| (key.get)(self) != (key.get)(&usual), |_| String::new())
    }

    /// The settings in force as TOML, each with where it came from.
    pub fn show(&self) -> String {
        let origin = |key: &keys::Key| {
            format!("  # {}", self.origins.get(key.path).unwrap_or(&Origin::Default))
        };
        self.sections(|_| true, origin)
    }

    /// Settings as TOML, with something behind each.
    fn sections(
        &self,
        wanted: impl Fn(&keys::Key) -> bool,
        behind: impl Fn(&keys::Key) -> String,
    ) -> String {
        let mut text = String::new();
        let mut section = "";
        for key in keys::KEYS.iter().filter(|key| wanted(key)) {
            if key.section() != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = key.section();
                text += &format!("{gap}[{section}]\n");
            }
            text += &format!("{} = {}{}\n", key.name(), (key.get)(self), behind(key));
        }
        text
    }
}
