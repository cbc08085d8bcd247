//! Reading the file and the environment, and judging the result. All faults are found in
//! one go; each says where it is and what to do.

use std::fmt;
use std::io::ErrorKind;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::beside;
use super::keys::{KEYS, Key};
use super::value::{Given, HIDDEN};
use super::{
    BackupTo, Config, Mode, RegistrationMode, SmtpSecurity, TlsMode, TranslationKind, Uploads, host,
};

pub(super) const PREFIX: &str = "DASSIE_";
/// Bytes of a file that holds one secret.
const LONGEST_SECRET: u64 = 4096;

/// Where a value came from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    Default,
    File { file: String, line: usize },
    Env(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
            Self::Env(variable) => write!(f, "environment {variable}"),
        }
    }
}

/// Everything that is wrong with a configuration, one fault a line.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigError(Vec<String>);

/// The variables that are meant for us. Bytes that are not UTF-8 are refused later, with the
/// name of the variable, where `std::env::vars` would panic.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
    std::env::vars_os()
        .map(move |(name, value)| (text(name), text(value)))
        .filter(|(name, _)| name.starts_with(PREFIX))
}

impl Config {
    /// Reads the file (if one is given), then the variables `DASSIE_SECTION_KEY` of the file
    /// `environment` beside it and those that are given, which win, and applies the rules of the
    /// mode. Paths are absolute then. Variables without the prefix are not looked at.
    pub fn load(
        path: Option<&Path>,
        env: impl Iterator<Item = (String, String)>,
        mode: Mode,
    ) -> Result<Self, ConfigError> {
        let mut loader = Loader::default();
        if let Some(path) = path {
            let file = printable(&path.display().to_string());
            match std::fs::read_to_string(path) {
                Ok(text) => {
                    loader.read_file(&file, &text);
                    let hidden = |key: &&Key| (key.get)(&loader.config) == HIDDEN;
                    if let Some(secret) = KEYS.iter().find(hidden) {
                        loader.check_readers(path, secret);
                    }
                    loader.config.file = Some(path.to_owned());
                    loader.read_beside(&beside::path(path));
                }
                Err(e) => {
                    let whom = match e.kind() {
                        ErrorKind::PermissionDenied => {
                            ". Become the user that the server runs as: sudo -u USER dassie …"
                        }
                        _ => "",
                    };
                    return Err(ConfigError(vec![format!("{file}: cannot be read: {e}{whom}")]));
                }
            }
        }
        loader.read_env(env);
        loader.settle(mode);
        loader.finish().map(Self::anchored)
    }
}

/// A configuration in the making.
#[derive(Default)]
struct Loader {
    config: Config,
    /// The file's name, as messages give it.
    file: Option<String>,
    /// Faults with their lines, so that they come out in the order of the file.
    faults: Vec<(usize, String)>,
    /// Settings whose value was refused: nothing more is to be said about them.
    refused: Vec<&'static str>,
}

impl Loader {
    fn read_file(&mut self, file: &str, text: &str) {
        self.file = Some(file.to_owned());
        let origin = |offset: usize| {
            // Offsets come from the parser and lie on character boundaries.
            let line = 1 + text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count();
            Origin::File { file: file.to_owned(), line }
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            let subject = key_at(text, offset).unwrap_or("this");
            let why = error.message().replace('\n', ", ");
            self.fault(&origin(offset), &format!("{subject} is not valid TOML: {why}"));
        }
        if !errors.is_empty() {
            // What was salvaged from broken TOML would only draw faults that are none.
            return;
        }
        for (section, value) in table.get_ref() {
            let at = origin(section.span().start);
            let section: &str = section.get_ref();
            let known = KEYS.iter().any(|key| key.section() == section);
            match value.get_ref() {
                DeValue::Table(settings) if known => {
                    for (name, value) in settings {
                        let at = origin(name.span().start);
                        let name: &str = name.get_ref();
                        match KEYS.iter().find(|k| k.section() == section && k.name() == name) {
                            Some(key) => self.set(key, Given::Toml(value.get_ref()), at),
                            None => self.fault(&at, &unknown_key(section, name)),
                        }
                    }
                }
                DeValue::Table(_) => self.fault(&at, &unknown_section(section)),
                _ if known => self.fault(
                    &at,
                    &format!("{section} is a section: write [{section}] and its settings below."),
                ),
                _ => self.fault(&at, &unknown_key("", section)),
            }
        }
    }

    /// A file with a secret in it is for nobody else to read or write (S-124). The group of a file
    /// that root owns may read it: so a package gives it to a service that may not change it.
    fn check_readers(&mut self, path: &Path, secret: &Key) {
        let Ok(meta) = std::fs::metadata(path) else { return };
        let others = if meta.uid() == 0 { 0o027 } else { 0o077 };
        if meta.is_file() && meta.mode() & others != 0 {
            let name = path.display();
            let why = format!(
                "{} is a secret, and other users can read or change this file. Run: chmod \
                 {others:o} {name}",
                secret.path,
                others = if meta.uid() == 0 { 0o640 } else { 0o600 },
            );
            let origin = self.config.origins.get(secret.path).cloned().unwrap_or(Origin::Default);
            self.fault(&origin, &why);
        }
    }

    /// The variables that stand beside the settings.
    fn read_beside(&mut self, path: &Path) {
        let variables = match beside::read(path) {
            Ok(variables) => variables,
            Err(why) => return self.fault(&Origin::Default, &format!("{} {why}", path.display())),
        };
        let is_of = |key: &&Key| variables.iter().any(|(name, _)| *name == key.variable());
        let secret = KEYS.iter().find(|key| (key.is_secret)(&self.config) && is_of(key));
        self.read_env(variables.clone().into_iter());
        if let Some(secret) = secret {
            self.check_readers(path, secret);
        }
    }

    fn read_env(&mut self, env: impl Iterator<Item = (String, String)>) {
        for (variable, text) in env.filter(|(name, _)| name.starts_with(PREFIX)) {
            match KEYS.iter().find(|key| key.variable() == variable) {
                Some(key) => self.set(key, Given::Env(&text), Origin::Env(variable)),
                None => match self.secret_of(&variable) {
                    Some(key) => self.read_secret(key, variable, &text),
                    None => {
                        let why = unknown_variable(&variable);
                        self.fault(&Origin::Env(variable), &why);
                    }
                },
            }
        }
    }

    /// The secret that stands in the file that this variable names.
    fn secret_of(&self, variable: &str) -> Option<&'static Key> {
        let setting = variable.strip_suffix("_FILE")?;
        KEYS.iter().find(|key| (key.is_secret)(&self.config) && key.variable() == setting)
    }

    /// A secret from a file of its own, as systemd and Docker hand them over (S-126).
    fn read_secret(&mut self, key: &Key, variable: String, file: &str) {
        let mut text = String::new();
        let read = std::fs::File::open(file)
            .and_then(|file| file.take(LONGEST_SECRET + 1).read_to_string(&mut text));
        let file = printable(file);
        let why = match read {
            Ok(bytes) if bytes as u64 <= LONGEST_SECRET => {
                return self.set(key, Given::Env(text.trim_end()), Origin::Env(variable));
            }
            Ok(_) => format!("{file} has more than {LONGEST_SECRET} bytes."),
            Err(e) => format!("{file} cannot be read: {e}."),
        };
        self.fault(&Origin::Env(variable), &why);
    }

    fn set(&mut self, key: &Key, given: Given<'_>, origin: Origin) {
        match (key.set)(&mut self.config, given) {
            Ok(()) => drop(self.config.origins.insert(key.path, origin)),
            Err(why) => {
                self.fault(&origin, &format!("{} {why}.", key.path));
                self.refused.push(key.path);
            }
        }
    }

    /// The rules that depend on the mode or on more than one setting.
    fn settle(&mut self, mode: Mode) {
        self.config.dev = mode == Mode::Dev;
        let server = &mut self.config.server;
        let refuse = match mode {
            Mode::Dev => {
                if server.host.is_empty() && server.listen.port() != 0 {
                    server.host = format!("localhost:{}", server.listen.port());
                }
                // URLs do not name the usual port.
                if let Some(name) = server.host.strip_suffix(":80") {
                    server.host = name.to_owned();
                }
                host::refuse_in_dev
            }
            Mode::Real => host::refuse_in_real,
        };
        let translation = &self.config.translation;
        if translation.kind == TranslationKind::Libretranslate
            && translation.url.is_none()
            && !self.refused.contains(&"translation.url")
        {
            let path = "translation.kind";
            let origin = self.config.origins.get(path).cloned().unwrap_or(Origin::Default);
            self.fault(&origin, &format!("{path} needs the address in translation.url."));
        }
        self.check_bucket();
        self.check_tls();
        self.check_mail();
        let server = &self.config.server;
        let hosts = [
            ("server.host", Some(server.host.clone())),
            ("server.account_domain", server.account_domain.clone()),
        ];
        for (path, host) in hosts {
            let why = match host.as_deref() {
                Some("") => Some(match mode {
                    Mode::Dev => "is not set, and server.listen leaves the port to the system",
                    Mode::Real if self.file.is_none() => {
                        "is not set: there is no ./dassie.toml. `dassie init` asks a few \
                         questions and writes one; --config names one that is elsewhere"
                    }
                    Mode::Real => {
                        "is not set. Put the public name of this server there, such as \
                         \"social.example.org\""
                    }
                }),
                Some(host) => refuse(host),
                None => None,
            };
            if let Some(why) = why.filter(|_| !self.refused.contains(&path)) {
                let origin = self.config.origins.get(path).cloned().unwrap_or(Origin::Default);
                self.fault(&origin, &format!("{path} {why}."));
            }
        }
    }

    /// What is to go to a bucket needs all that a request to it does.
    fn check_bucket(&mut self) {
        let bucket = &self.config.s3;
        let wanted = [
            ("storage.uploads", self.config.storage.uploads == Uploads::S3),
            ("backup.to", self.config.backup.to == BackupTo::S3),
        ];
        let Some((path, _)) = wanted.iter().find(|(_, wanted)| *wanted) else { return };
        if bucket.is_configured() {
            return;
        }
        let missing = [
            ("s3.endpoint", bucket.endpoint.is_none()),
            ("s3.bucket", bucket.bucket.is_empty()),
            ("s3.access_key", bucket.access_key.is_empty()),
            ("s3.secret_key", bucket.secret_key.reveal().is_empty()),
        ];
        let missing = missing.iter().filter(|(key, none)| *none && !self.refused.contains(key));
        let missing: Vec<_> = missing.map(|(key, _)| *key).collect();
        if !missing.is_empty() {
            let origin = self.config.origins.get(*path).cloned().unwrap_or(Origin::Default);
            self.fault(&origin, &format!("{path} = \"s3\" needs {}.", missing.join(", ")));
        }
    }

    /// TLS is for a public name, and needs both files or none.
    fn check_tls(&mut self) {
        let tls = &self.config.tls;
        let path = "tls.mode";
        let why = match tls.mode {
            TlsMode::Off => return,
            _ if self.config.dev => {
                "must be \"off\" with --dev, which speaks http on this machine alone".to_owned()
            }
            TlsMode::Acme => return,
            TlsMode::Files => {
                let missing = [("tls.cert", tls.cert.is_none()), ("tls.key", tls.key.is_none())];
                let missing: Vec<_> = missing
                    .iter()
                    .filter(|(key, none)| *none && !self.refused.contains(key))
                    .map(|(key, _)| *key)
                    .collect();
                if missing.is_empty() {
                    return;
                }
                format!("= \"files\" needs {}", missing.join(" and "))
            }
        };
        let origin = self.config.origins.get(path).cloned().unwrap_or(Origin::Default);
        self.fault(&origin, &format!("{path} {why}."));
    }

    /// Mail needs a sender, and secrets go over no open connection to another machine. Whoever lets
    /// anybody in wants to know that addresses are theirs.
    fn check_mail(&mut self) {
        let smtp = &self.config.smtp;
        let mode = self.config.registrations.mode;
        let mut faults = Vec::new();
        if smtp.host.is_none() {
            if mode == RegistrationMode::Open {
                faults.push((
                    "registrations.mode",
                    "= \"open\" needs [smtp]: without mail nobody knows whose addresses those are. \
                     Use \"approval\" or \"invite\"",
                ));
            }
        } else {
            if smtp.from.is_none() {
                faults.push(("smtp.host", "needs the sender of letters in smtp.from"));
            }
            if smtp.security == SmtpSecurity::None && !smtp.is_here() {
                let why = "= \"none\" is for a server on this machine alone, such as \"127.0.0.1\"";
                faults.push(("smtp.security", why));
            }
            if smtp.username.is_empty() != smtp.password.reveal().is_empty() {
                faults
                    .push(("smtp.username", "and smtp.password belong together: set both or none"));
            }
        }
        for (path, why) in faults {
            if !self.refused.iter().any(|key| key.starts_with("smtp.") || *key == path) {
                let origin = self.config.origins.get(path).cloned().unwrap_or(Origin::Default);
                self.fault(&origin, &format!("{path} {why}."));
            }
        }
    }

    /// Notes a fault: where, then a sentence that begins with the key.
    fn fault(&mut self, origin: &Origin, sentence: &str) {
        let (line, place) = match (origin, &self.file) {
            (Origin::File { line, .. }, _) => (*line, origin.to_string()),
            (Origin::Default, Some(file)) => (usize::MAX, file.clone()),
            (Origin::Default, None) => (usize::MAX, "configuration".to_owned()),
            (Origin::Env(_), _) => (usize::MAX, origin.to_string()),
        };
        self.faults.push((line, printable(&format!("{place}: {sentence}"))));
    }

    fn finish(mut self) -> Result<Config, ConfigError> {
        if self.faults.is_empty() {
            return Ok(self.config);
        }
        self.faults.sort_by_key(|(line, _)| *line);
        Err(ConfigError(self.faults.into_iter().map(|(_, text)| text).collect()))
    }
}

fn unknown_section(section: &str) -> String {
    let mut names: Vec<_> = KEYS.iter().map(Key::section).collect();
    names.dedup();
    let near = nearest(section.len() / 3, names.iter().map(|n| (distance(section, n), *n)));
    let hint = near.map_or_else(
        || format!("The sections are {}.", names.join(", ")),
        |near| format!("Did you mean [{near}]?"),
    );
    format!("[{section}] is not a section. {hint}")
}

fn unknown_key(section: &str, name: &str) -> String {
    let near = nearest(
        (name.len() / 3).max(1),
        KEYS.iter()
            .map(|k| (distance(name, k.name()) + usize::from(section != k.section()), k.path)),
    );
    let hint = match near {
        Some(near) => format!("Did you mean {near}?"),
        None if section.is_empty() => {
            "Settings stand below their section, such as [server].".to_owned()
        }
        None => {
            let own = KEYS.iter().filter(|k| k.section() == section);
            let names: Vec<_> = own.map(Key::name).collect();
            format!("The settings of [{section}] are {}.", names.join(", "))
        }
    };
    let dot = if section.is_empty() { "" } else { "." };
    format!("{section}{dot}{name} is not a setting. {hint}")
}

fn unknown_variable(variable: &str) -> String {
    let known = KEYS.iter().flat_map(|k| {
        // DASSIE_HOST is near too: it lacks only the section.
        let short = format!("{PREFIX}{}", k.name().to_uppercase());
        let full = distance(variable, &k.variable());
        [(full, k.variable()), (distance(variable, &short) + 1, k.variable())]
    });
    let hint = nearest(((variable.len() - PREFIX.len()) / 4).max(1), known).map_or_else(
        || "Unset it, or name it after a setting, as DASSIE_SERVER_HOST after server.host.".into(),
        |near| format!("Did you mean {near}?"),
    );
    format!("this is not a setting. {hint}")
}

/// What is nearest, if it is at most `limit` away.
fn nearest<T>(limit: usize, known: impl Iterator<Item = (usize, T)>) -> Option<T> {
    known.filter(|(d, _)| *d <= limit).min_by_key(|(d, _)| *d).map(|(_, name)| name)
}

/// How many letters must be added, dropped or changed to make one text the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The key of the line with this offset, if it looks like a setting.
fn key_at(text: &str, offset: usize) -> Option<&str> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |end| end + 1);
    let (key, _) = text.get(start..)?.lines().next()?.split_once('=')?;
    let key = key.trim();
    let bare = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    (!key.is_empty() && key.bytes().all(bare)).then_some(key)
}

/// For terminals: keys and file names can hold anything.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../example.toml");

    /// Reads a file of this content and these variables; without the rules of a mode.
    fn loader(text: &str, env: &[(&str, &str)]) -> Loader {
        let mut loader = Loader::default();
        loader.read_file("dassie.toml", text);
        loader.read_env(env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        loader
    }

    fn load(mode: Mode, text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let mut loader = loader(text, env);
        loader.settle(mode);
        loader.finish().map_err(|e| e.to_string())
    }

    fn fault(text: &str) -> String {
        loader(text, &[]).finish().unwrap_err().to_string()
    }

    fn values(config: &Config) -> Vec<String> {
        KEYS.iter().map(|k| format!("{} = {}", k.path, (k.get)(config))).collect()
    }

    #[test]
    fn the_example_is_the_default_and_names_every_key() {
        let example = loader(EXAMPLE, &[]).finish().unwrap();
        assert_eq!(values(&example), values(&Config::default()));
        for key in KEYS {
            assert!(example.origins.contains_key(key.path), "{} is missing", key.path);
        }
    }

    #[test]
    fn the_example_comments_every_key() {
        for (above, line) in EXAMPLE.lines().zip(EXAMPLE.lines().skip(1)) {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(above.starts_with("# "), "{line}");
            }
        }
    }

    #[test]
    fn a_refusal_names_file_line_and_key_and_what_to_do() {
        for (text, message) in [
            (
                "[server]\nlisen = \"\"",
                "dassie.toml:2: server.lisen is not a setting. Did you mean server.listen?",
            ),
            (
                "[server]\ndata_dir = \"x\"",
                "dassie.toml:2: server.data_dir is not a setting. Did you mean storage.data_dir?",
            ),
            ("host = \"x\"", "dassie.toml:1: host is not a setting. Did you mean server.host?"),
            (
                "[log]\ncolour = true",
                "dassie.toml:2: log.colour is not a setting. The settings of [log] are level, \
                 format.",
            ),
            (
                "\n[sever]\nhost = \"x\"",
                "dassie.toml:2: [sever] is not a section. Did you mean [server]?",
            ),
            (
                "server = 5",
                "dassie.toml:1: server is a section: write [server] and its settings below.",
            ),
            ("[server]\nlisten = 8080", "dassie.toml:2: server.listen must be a text in quotes."),
            (
                "[server]\nlisten = \"8080\"",
                "dassie.toml:2: server.listen must be an address with a port, such as \
                 \"127.0.0.1:8080\" or \"[::]:8080\".",
            ),
            (
                "[server]\nhost = \"https://a.example\"",
                "dassie.toml:2: server.host must be a host name alone, such as \
                 \"social.example.org\".",
            ),
            (
                "[server]\naccount_domain = \"@a.example\"",
                "dassie.toml:2: server.account_domain must be a host name alone, such as \
                 \"social.example.org\".",
            ),
            (
                "[server]\ntrusted_proxies = [\n  \"10.0.0.0/8\",\n  \"x\"]",
                "dassie.toml:2: server.trusted_proxies item 2 must be an address range such as \
                 \"10.0.0.0/8\" or \"fd00::/8\", or one address.",
            ),
            ("[storage]\ndata_dir = \"\"", "dassie.toml:2: storage.data_dir must not be empty."),
            (
                "[instance]\ntitle = \"a\\r\\nb\"",
                "dassie.toml:2: instance.title must be one line of UTF-8 without control \
                 characters.",
            ),
            (
                "[instance]\ncontact_email = \"me\"",
                "dassie.toml:2: instance.contact_email must be an e-mail address, such as \
                 \"me@example.org\", or empty.",
            ),
            (
                "[instance]\ncontact_account = \"me@a.example\"",
                "dassie.toml:2: instance.contact_account must be the name of an account here, \
                 such as \"me\", or empty.",
            ),
            (
                "[instance]\nlanguages = [\"English\"]",
                "dassie.toml:2: instance.languages must be language codes such as \"en\" or \
                 \"zh\".",
            ),
            (
                "[limits]\nmax_characters = \"many\"",
                "dassie.toml:2: limits.max_characters must be a whole number, 0 or more, without \
                 quotes.",
            ),
            (
                "[limits]\nmax_characters = 0",
                "dassie.toml:2: limits.max_characters must be a number from 1 to 100000.",
            ),
            (
                "[federation]\nrequire_signed_fetch = \"true\"",
                "dassie.toml:2: federation.require_signed_fetch must be true or false, without \
                 quotes.",
            ),
            (
                "[network]\nallow_ports = 8443",
                "dassie.toml:2: network.allow_ports must be a list in square brackets.",
            ),
            (
                "[network]\nallow_ports = [8443, 70000]",
                "dassie.toml:2: network.allow_ports item 2 must be a whole number from 0 to \
                 65535, without quotes.",
            ),
            (
                "[network]\nallow_ports = [22]",
                "dassie.toml:2: network.allow_ports must not contain 22: no web server listens \
                 there.",
            ),
            (
                "[log]\nlevel = \"loud\"",
                "dassie.toml:2: log.level must be one of \"error\", \"warn\", \"info\", \
                 \"debug\", \"trace\".",
            ),
        ] {
            assert_eq!(fault(text), message);
        }
    }

    #[test]
    fn broken_toml_is_refused_at_its_line() {
        let twice = fault("[log]\nlevel = \"info\"\nlevel = \"warn\"");
        assert!(twice.starts_with("dassie.toml:3: level is not valid TOML: "), "{twice}");
        let open = fault("[server]\n\nhost = social.example.org");
        assert!(open.starts_with("dassie.toml:3: host is not valid TOML: "), "{open}");
        assert!(fault("[server").starts_with("dassie.toml:1: this is not valid TOML: "));
    }

    #[test]
    fn all_faults_come_out_in_the_order_of_the_file() {
        let text = "[server]\nlisten = 1\nhost = 2\n[log]\nformat = 3";
        let message = load(Mode::Real, text, &[("DASSIE_NO_SUCH", "x")]).unwrap_err();
        let places: Vec<_> = message.lines().filter_map(|l| l.split_once(": ")).collect();
        let places: Vec<_> = places.iter().map(|(place, _)| *place).collect();
        assert_eq!(
            places,
            ["dassie.toml:2", "dassie.toml:3", "dassie.toml:5", "environment DASSIE_NO_SUCH"]
        );
    }

    #[test]
    fn a_strange_key_does_not_reach_the_terminal() {
        assert!(!fault("[server]\n\"\\u001b[2J\" = 1").contains('\u{1b}'));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let path = Path::new("/nowhere/dassie.toml");
        let error = Config::load(Some(path), std::iter::empty(), Mode::Real).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/dassie.toml: cannot be read: "));
    }

    #[test]
    fn the_environment_overrides_every_type() {
        let config = load(
            Mode::Real,
            "[server]\nhost = \"a.example\"\n[limits]\nmax_characters = 7",
            &[
                ("DASSIE_SERVER_HOST", "B.example"),
                ("DASSIE_SERVER_ACCOUNT_DOMAIN", ""),
                ("DASSIE_SERVER_LISTEN", "[::1]:9000"),
                ("DASSIE_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8"),
                ("DASSIE_STORAGE_DATA_DIR", "/srv/dassie"),
                ("DASSIE_INSTANCE_LANGUAGES", "zh,en"),
                ("DASSIE_LIMITS_MAX_CHARACTERS", "500"),
                ("DASSIE_FEDERATION_REQUIRE_SIGNED_FETCH", "true"),
                ("DASSIE_NETWORK_ALLOW_PORTS", ""),
                ("DASSIE_NETWORK_EXTRA_CA_FILE", "/ca.pem"),
                ("DASSIE_LOG_FORMAT", "json"),
                ("HOME", "/root"),
            ],
        )
        .unwrap();
        assert_eq!(config.base_url(), "https://b.example");
        assert_eq!(config.account_domain(), "b.example");
        assert_eq!(config.server.listen.port(), 9000);
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.storage.data_dir, Path::new("/srv/dassie"));
        assert_eq!(config.instance.languages, ["zh", "en"]);
        assert_eq!(config.limits.max_characters, 500);
        assert!(config.federation.require_signed_fetch);
        assert!(config.network.allow_ports.is_empty());
        assert_eq!(config.network.extra_ca_file.as_deref(), Some(Path::new("/ca.pem")));
        assert_eq!(config.log.format, crate::config::LogFormat::Json);
    }

    #[test]
    fn a_refused_variable_is_named() {
        for (variable, text, message) in [
            (
                "DASSIE_LIMITS_MAX_CHARACTERS",
                "x",
                "environment DASSIE_LIMITS_MAX_CHARACTERS: limits.max_characters must be a whole \
                 number, 0 or more.",
            ),
            (
                "DASSIE_HOST",
                "x",
                "environment DASSIE_HOST: this is not a setting. Did you mean DASSIE_SERVER_HOST?",
            ),
            (
                "DASSIE_LOG_LEVLE",
                "x",
                "environment DASSIE_LOG_LEVLE: this is not a setting. Did you mean \
                 DASSIE_LOG_LEVEL?",
            ),
            (
                "DASSIE_CONFIG",
                "x",
                "environment DASSIE_CONFIG: this is not a setting. Unset it, or name it after a \
                 setting, as DASSIE_SERVER_HOST after server.host.",
            ),
        ] {
            let error = loader("", &[(variable, text)]).finish().unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn dev_takes_its_host_from_the_port() {
        let config = load(Mode::Dev, "[server]\nlisten = \"127.0.0.1:8081\"", &[]).unwrap();
        assert_eq!(config.base_url(), "http://localhost:8081");
        assert_eq!(config.account_domain(), "localhost:8081");
        let config = load(Mode::Dev, "[server]\nlisten = \"127.0.0.1:80\"", &[]).unwrap();
        assert_eq!(config.base_url(), "http://localhost");
        let error = load(Mode::Dev, "[server]\nlisten = \"127.0.0.1:0\"", &[]).unwrap_err();
        assert!(error.starts_with("dassie.toml: server.host is not set, and"), "{error}");
    }

    #[test]
    fn dev_refuses_a_public_host_and_real_needs_one() {
        let public = "[server]\nhost = \"a.example\"\naccount_domain = \"at.example\"";
        let error = load(Mode::Dev, public, &[]).unwrap_err();
        assert!(error.starts_with("dassie.toml:2: server.host must be localhost"), "{error}");
        assert!(error.contains("\ndassie.toml:3: server.account_domain must be localhost"));

        let config = load(Mode::Real, public, &[]).unwrap();
        assert_eq!(config.base_url(), "https://a.example");
        assert_eq!(config.account_domain(), "at.example");

        let error = load(Mode::Real, "", &[]).unwrap_err();
        assert!(error.starts_with("dassie.toml: server.host is not set. Put"), "{error}");
        let error = load(Mode::Real, "", &[("DASSIE_SERVER_HOST", "localhost:1")]).unwrap_err();
        assert!(error.starts_with("environment DASSIE_SERVER_HOST: server.host must be a public"));
    }

    #[test]
    fn a_bucket_is_whole_before_uploads_go_there() {
        let begin = "[server]\nhost = \"a.example\"\n[storage]\nuploads = \"s3\"\n[s3]\n";
        let whole = "endpoint = \"http://10.0.0.7:9000/\"\nbucket = \"b\"\naccess_key = \"k\"\n\
                     prefix = \"/my files\"\n";
        let error = load(Mode::Real, begin, &[]).unwrap_err();
        assert_eq!(
            error,
            "dassie.toml:4: storage.uploads = \"s3\" needs s3.endpoint, s3.bucket, s3.access_key, \
             s3.secret_key."
        );
        let text = format!("{begin}{whole}");
        assert!(load(Mode::Real, &text, &[]).unwrap_err().ends_with(" needs s3.secret_key."));
        let secret = ("DASSIE_S3_SECRET_KEY", "hush");
        let config = load(Mode::Real, &text, &[secret]).unwrap();
        assert_eq!(config.s3.endpoint.as_deref(), Some("http://10.0.0.7:9000"));
        assert_eq!(config.s3.prefix, "my files/");
        assert!(config.s3.is_configured() && !config.show().contains("hush"));
        for (line, why) in [
            ("prefix = \"a/../b\"", "s3.prefix must be the path of a folder"),
            ("prefix = \"a//b\"", "s3.prefix must be the path of a folder"),
            ("bucket = \"a/b\"", "s3.bucket must be one word"),
            ("region = \"\"", "s3.region must not be empty"),
            ("endpoint = \"s3.example\"", "s3.endpoint must be an address"),
            ("public_url = \"https://a.example/?x\"", "s3.public_url must be an address"),
            ("reads = \"open\"", "s3.reads must be one of \"proxied\", \"presigned\""),
        ] {
            let error = fault(&format!("[s3]\n{line}\n"));
            assert!(error.starts_with(&format!("dassie.toml:2: {why}")), "{error}");
        }
    }

    #[test]
    fn tls_is_whole_and_never_for_dev() {
        let begin = "[server]\nhost = \"a.example\"\n[tls]\nmode = ";
        let error = load(Mode::Real, &format!("{begin}\"files\"\ncert = \"/c.pem\""), &[]);
        assert_eq!(error.unwrap_err(), "dassie.toml:4: tls.mode = \"files\" needs tls.key.");
        let error = load(Mode::Dev, "[tls]\nmode = \"acme\"", &[]).unwrap_err();
        assert!(error.starts_with("dassie.toml:2: tls.mode must be \"off\" with --dev"), "{error}");
        let text = format!("{begin}\"acme\"\nhttp_listen = \"\"");
        let config = load(Mode::Real, &text, &[]).unwrap();
        assert!(config.tls.is_on() && config.tls.http_listen.is_none());
        for url in ["http://ca.example/directory", "ftp://a", "x", "https://a.example/?b"] {
            let error = fault(&format!("[tls]\nacme_directory = \"{url}\""));
            assert!(error.contains("tls.acme_directory must be an https address"), "{error}");
        }
    }

    #[test]
    fn what_is_shown_can_be_read_and_tells_its_origin() {
        let text = "[server]\nhost = \"a.example\"\n[instance]\ntitle = 'a \"b\" \\ #'";
        let config = load(Mode::Real, text, &[("DASSIE_LOG_LEVEL", "warn")]).unwrap();
        let shown = config.show();
        let again = load(Mode::Real, &shown, &[]).unwrap();
        assert_eq!(values(&again), values(&config));
        for line in [
            "[server]",
            "host = \"a.example\"  # dassie.toml:2",
            "level = \"warn\"  # environment DASSIE_LOG_LEVEL",
            "data_dir = \"./data\"  # default",
        ] {
            assert!(shown.lines().any(|l| l == line), "{line} not in\n{shown}");
        }
    }
}
