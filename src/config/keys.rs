//! The one list of settings.

use super::value::{Given, Setting};
use super::{Config, Secret, Size, host};

/// One setting: its name, and how it is read from and written into a [`Config`].
pub(super) struct Key {
    /// `section.name`.
    pub(super) path: &'static str,
    /// The value as TOML.
    pub(super) get: fn(&Config) -> String,
    /// Takes a given value over, or says how it must be.
    pub(super) set: fn(&mut Config, Given<'_>) -> Result<(), String>,
    /// Whether it may also stand in a file of its own (S-126).
    pub(super) is_secret: fn(&Config) -> bool,
}

impl Key {
    pub(super) fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    pub(super) fn name(&self) -> &'static str {
        self.path.split_once('.').map_or(self.path, |(_, name)| name)
    }

    /// The environment variable that overrides the file.
    pub(super) fn variable(&self) -> String {
        format!("DASSIE_{}", self.path.replace('.', "_").to_uppercase())
    }
}

/// Makes `KEYS` of sections with `name: check`, and a function that compiles only while no
/// field is forgotten.
macro_rules! keys {
    ($($section:ident: $type:ident { $($name:ident: $check:expr,)* })*) => {
        /// All settings, in the order in which they are shown.
        pub(super) const KEYS: &[Key] = &[$($(Key {
            path: concat!(stringify!($section), ".", stringify!($name)),
            get: |config| config.$section.$name.to_toml(),
            set: |config, given| {
                config.$section.$name = $check(given.read()?)?;
                Ok(())
            },
            is_secret: |config| is_secret(&config.$section.$name),
        },)*)*];

        #[allow(dead_code, reason = "it is for the compiler to read")]
        fn no_field_is_forgotten(config: Config) {
            let Config { dev: _, file: _, origins: _, $($section,)* } = config;
            $(let super::$type { $($name: _,)* } = $section;)*
        }
    };
}

keys! {
    server: Server {
        host: host::normal,
        account_domain: (|domain: Option<_>| domain.map(host::normal).transpose()),
        listen: any,
        trusted_proxies: any,
    }
    tls: Tls {
        mode: any,
        listen: any,
        http_listen: any,
        cert: any,
        key: any,
        acme_directory: acme_directory,
        acme_email: (|email: Option<_>| email.map(email_address).transpose()),
        acme_account_domain: any,
    }
    storage: Storage {
        data_dir: any,
        uploads: any,
    }
    s3: S3 {
        endpoint: (|url: Option<_>| url.map(bucket_address).transpose()),
        region: word,
        bucket: word_or_none,
        access_key: word_or_none,
        secret_key: any,
        prefix: object_prefix,
        path_style: any,
        public_url: (|url: Option<_>| url.map(bucket_address).transpose()),
        reads: any,
    }
    backup: Backup {
        every: any,
        keep: (|n| within(n, 1, 1000)),
        to: any,
        folder: any,
        media: any,
        passphrase: passphrase,
        before_upgrade: any,
    }
    media: Media {
        cache_days: (|n| within(n, 1, 3650)),
        cache_max_size: (|size| at_least(size, Size::megabytes(50))),
        min_free_disk: any,
        cache_dir: any,
        prefetch: any,
        prefetch_daily: any,
        ffmpeg: any,
        heif_convert: any,
        max_convert_seconds: (|n| within(n, 1, 86_400)),
        max_archive_size: (|size| at_least(size, Size::megabytes(1))),
    }
    instance: Instance {
        title: some_text,
        description: any,
        contact_email: (|email: Option<_>| email.map(email_address).transpose()),
        contact_account: (|name: Option<_>| name.map(local_account).transpose()),
        languages: (|codes: Vec<_>| codes.into_iter().map(language).collect::<Result<_, _>>()),
        default_language: language,
        allow_backdating: any,
        rules: (|rules: Vec<_>| rules.into_iter().map(some_text).collect::<Result<_, _>>()),
        extended_description: any,
        privacy_policy: any,
        terms_of_service: any,
        show_domain_blocks: any,
    }
    registrations: Registrations {
        mode: any,
        max_accounts: (|n| within(n, 1, 100_000)),
        reason_required: any,
        people_may_invite: any,
        message: any,
    }
    smtp: Smtp {
        host: (|host: Option<_>| host.map(mail_host).transpose()),
        port: mail_port,
        security: any,
        username: any,
        password: any,
        from: (|email: Option<_>| email.map(email_address).transpose()),
    }
    pages: Pages {
        custom_css: any,
        allow_ai_crawlers: any,
        sitemap: any,
        show_figures: any,
    }
    limits: Limits {
        max_characters: (|n| within(n, 1, 100_000)),
        max_poll_options: (|n| within(n, 2, 50)),
        max_poll_option_characters: (|n| within(n, 1, 500)),
        min_poll_seconds: (|n| within(n, 1, 86_400)),
        max_poll_seconds: (|n| within(n, 86_400, 315_360_000)),
        max_media_attachments: (|n| within(n, 0, 16)),
        max_image_bytes: (|n| within(n, 1024, 104_857_600)),
        max_image_pixels: (|n| within(n, 1, 100_000_000)),
        max_video_bytes: (|n| within(n, 1024, 536_870_912)),
        max_description_characters: (|n| within(n, 1, 10_000)),
        max_uploads_per_day: (|n| within(n, 0, 1_000_000)),
        profile_statuses: (|n| within(n, 0, 40)),
        max_profile_fields: (|n| within(n, 0, 32)),
        requests_per_account: (|n| within(n, 0, 1_000_000)),
        requests_per_address: (|n| within(n, 0, 1_000_000)),
        uploads_per_account: (|n| within(n, 0, 1_000_000)),
        inbox_requests_per_address: (|n| within(n, 0, 1_000_000)),
        inbox_requests_per_server: (|n| within(n, 0, 1_000_000)),
        max_emoji_bytes: (|n| within(n, 1024, 1_048_576)),
        max_remote_media_bytes: (|n| within(n, 1 << 20, 1 << 30)),
    }
    federation: Federation {
        require_signed_fetch: any,
        allowlist: any,
        article_full_content: any,
        relay_status_days: (|n| within(n, 1, 3650)),
        remote_status_days: (|n| within(n, 0, 3650)),
        static_actor_compat: any,
        never_shared_inbox: any,
        hold_back_new_accounts: any,
        nodeinfo_usage: any,
    }
    trends: Trends {
        enabled: any,
    }
    translation: Translation {
        kind: any,
        url: (|url: Option<_>| url.map(web_address).transpose()),
        api_key: any,
    }
    network: Network {
        allowed_private_ranges: any,
        allow_ports: (|ports: Vec<_>| ports.into_iter().map(port).collect::<Result<_, _>>()),
        extra_ca_file: any,
    }
    metrics: Metrics {
        token: any,
    }
    log: Log {
        level: any,
        format: any,
    }
}

fn is_secret<T: Setting>(_: &T) -> bool {
    T::IS_SECRET
}

/// Ports that no setting opens: what listens there is never a web server (S-007).
pub const NEVER_PORTS: &[u16] = &[0, 22, 25, 53, 110, 143, 5432, 6379];

// The checks: each answers the value, made uniform, or how it must be.

fn any<T>(value: T) -> Result<T, String> {
    Ok(value)
}

fn some_text(text: String) -> Result<String, String> {
    if text.trim().is_empty() { Err("must not be empty".to_owned()) } else { Ok(text) }
}

fn within(n: usize, least: usize, most: usize) -> Result<usize, String> {
    if (least..=most).contains(&n) {
        Ok(n)
    } else {
        Err(format!("must be a number from {least} to {most}"))
    }
}

fn at_least(size: Size, least: Size) -> Result<Size, String> {
    if size >= least { Ok(size) } else { Err(format!("must be \"{least}\" or more")) }
}

/// Whoever has the archive can guess as long as they like.
fn passphrase(text: Secret) -> Result<Secret, String> {
    if (1..Secret::SHORTEST_PASSPHRASE).contains(&text.reveal().chars().count()) {
        let shortest = Secret::SHORTEST_PASSPHRASE;
        return Err(format!("must have {shortest} characters or more, or be empty"));
    }
    Ok(text)
}

fn mail_port(port: u16) -> Result<u16, String> {
    if port == 0 { Err("must not be 0".to_owned()) } else { Ok(port) }
}

/// A name or an address, for a connection of its own.
fn mail_host(text: String) -> Result<String, String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_');
    if text.len() <= 253 && text.bytes().all(fits) {
        Ok(text)
    } else {
        Err("must be the name of a server alone, such as \"mail.example.org\", or empty".to_owned())
    }
}

fn port(port: u16) -> Result<u16, String> {
    if NEVER_PORTS.contains(&port) {
        return Err(format!("must not contain {port}: no web server listens there"));
    }
    Ok(port)
}

fn web_address(text: String) -> Result<String, String> {
    let proper = crate::text::sanitize::http_url(&text).is_some_and(|url| url == text);
    if proper && !text.contains(['?', '#']) {
        Ok(text)
    } else {
        Err("must be an address, such as \"https://translate.example.org\", or empty".to_owned())
    }
}

/// https, as RFC 8555 section 6.1 wants it, but for what runs on this machine.
fn acme_directory(text: String) -> Result<String, String> {
    let url = web_address(text).unwrap_or_default();
    let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    if url.starts_with("https://") || here.iter().any(|begin| url.starts_with(begin)) {
        Ok(url)
    } else {
        Err("must be an https address, such as \
             \"https://acme-v02.api.letsencrypt.org/directory\""
            .to_owned())
    }
}

/// Without a slash at its end: paths are put behind it.
fn bucket_address(text: String) -> Result<String, String> {
    match web_address(text) {
        Ok(url) => Ok(url.trim_end_matches('/').to_owned()),
        Err(_) => {
            Err("must be an address, such as \"https://s3.example.org\", or empty".to_owned())
        }
    }
}

fn word_or_none(text: String) -> Result<String, String> {
    if text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b',')) {
        Ok(text)
    } else {
        Err("must be one word, without spaces, commas and slashes".to_owned())
    }
}

fn word(text: String) -> Result<String, String> {
    if text.is_empty() { Err("must not be empty".to_owned()) } else { word_or_none(text) }
}

/// What would be taken for another path is refused; it ends in a slash if it is anything.
fn object_prefix(text: String) -> Result<String, String> {
    let prefix = text.trim_matches('/');
    if prefix.len() > 200 || prefix.split('/').any(|part| matches!(part, "." | "..")) {
        return Err("must be the path of a folder, such as \"dassie/\", or empty".to_owned());
    }
    if prefix.contains("//") || prefix.contains('\\') {
        return Err("must be the path of a folder, such as \"dassie/\", or empty".to_owned());
    }
    Ok(if prefix.is_empty() { String::new() } else { format!("{prefix}/") })
}

fn email_address(text: String) -> Result<String, String> {
    let proper = text.split_once('@').is_some_and(|(user, domain)| {
        !user.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if proper && !text.contains(char::is_whitespace) {
        Ok(text)
    } else {
        Err("must be an e-mail address, such as \"me@example.org\", or empty".to_owned())
    }
}

fn local_account(text: String) -> Result<String, String> {
    let name = text.strip_prefix('@').unwrap_or(&text);
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        Ok(name.to_owned())
    } else {
        Err("must be the name of an account here, such as \"me\", or empty".to_owned())
    }
}

/// An ISO 639 code, with a script or region where it matters (`zh-Hant`).
fn language(code: String) -> Result<String, String> {
    let mut parts = code.split('-');
    let first = parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    let proper = first
        && parts
            .all(|p| (2..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()));
    if proper {
        Ok(code)
    } else {
        Err("must be language codes such as \"en\" or \"zh\"".to_owned())
    }
}
