//! The types that a setting can have: each is read from TOML and from an environment
//! variable, and written as TOML. What is refused says how it must be.

use std::net::SocketAddr;
use std::path::PathBuf;

use toml::de::DeValue;

use super::{
    Audience, BackupTo, Cidr, LogFormat, LogLevel, LongText, Prefetch, Program, RegistrationMode,
    S3Reads, Secret, Size, SmtpSecurity, Span, TlsMode, TranslationKind, Uploads,
};

/// A value as it was given.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    Toml(&'a DeValue<'a>),
    Env(&'a str),
}

impl Given<'_> {
    /// The value as the type of its setting.
    pub(super) fn read<T: Setting>(self) -> Result<T, String> {
        match self {
            Self::Toml(value) => T::from_toml(value),
            Self::Env(text) => T::from_text(text),
        }
    }
}

/// A type of settings. Errors continue a sentence that begins with the key: "must be …".
pub(super) trait Setting: Sized {
    const IS_SECRET: bool = false;

    /// Reads an environment variable, or a TOML text for all types without their own form.
    fn from_text(text: &str) -> Result<Self, String>;

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match value.as_str() {
            Some(text) => Self::from_text(text),
            None => Err("must be a text in quotes".to_owned()),
        }
    }

    /// The value as it stands in TOML.
    fn to_toml(&self) -> String;
}

impl Setting for String {
    fn from_text(text: &str) -> Result<Self, String> {
        // These texts end up in headers, pages and terminals. The replacement character
        // stands for bytes of the environment that are not UTF-8.
        if text.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER) {
            return Err("must be one line of UTF-8 without control characters".to_owned());
        }
        Ok(text.to_owned())
    }

    fn to_toml(&self) -> String {
        let mut quoted = String::with_capacity(self.len() + 2);
        quoted.push('"');
        for c in self.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                // Only a value set by our own code can hold one.
                c if c.is_control() => quoted += &format!("\\u{:04x}", u32::from(c)),
                c => quoted.push(c),
            }
        }
        quoted.push('"');
        quoted
    }
}

/// What stands for a secret that is set.
pub(super) const HIDDEN: &str = "\"(hidden)\"";

/// Never written out: `config show` ends up in logs and questions for help.
impl Setting for Secret {
    const IS_SECRET: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        String::from_text(text).map(Self::from)
    }

    fn to_toml(&self) -> String {
        if self.reveal().is_empty() { "\"\"".to_owned() } else { HIDDEN.to_owned() }
    }
}

impl Setting for LongText {
    fn from_text(text: &str) -> Result<Self, String> {
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if text.chars().any(|c| odd(c) || c == char::REPLACEMENT_CHARACTER) {
            return Err("must be UTF-8 without control characters".to_owned());
        }
        if text.len() > 200_000 {
            return Err("must have 200000 bytes at the most".to_owned());
        }
        Ok(Self(text.replace('\r', "")))
    }

    fn to_toml(&self) -> String {
        self.0.to_toml()
    }
}

impl Setting for PathBuf {
    fn from_text(text: &str) -> Result<Self, String> {
        match String::from_text(text)? {
            path if path.is_empty() => Err("must not be empty".to_owned()),
            path => Ok(Self::from(path)),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string_lossy().into_owned().to_toml()
    }
}

/// A path, nothing for one that is looked for, or "none".
impl Setting for Program {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "" => Ok(Self::Search),
            "none" => Ok(Self::Never),
            path => PathBuf::from_text(path).map(Self::At),
        }
    }

    fn to_toml(&self) -> String {
        match self {
            Self::Search => "\"\"".to_owned(),
            Self::Never => "\"none\"".to_owned(),
            Self::At(path) => path.to_toml(),
        }
    }
}

/// In the file, nothing is the empty text.
impl<T: Setting> Setting for Option<T> {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::from_text(text).map(Some) }
    }

    fn to_toml(&self) -> String {
        self.as_ref().map_or_else(|| "\"\"".to_owned(), T::to_toml)
    }
}

impl Setting for SocketAddr {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| {
            "must be an address with a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".to_owned()
        })
    }

    fn to_toml(&self) -> String {
        self.to_string().to_toml()
    }
}

impl Setting for Cidr {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(str::to_owned)
    }

    fn to_toml(&self) -> String {
        self.to_string().to_toml()
    }
}

impl Setting for Size {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(str::to_owned)
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        match (value.as_integer(), value.as_str()) {
            (Some(bytes), _) => Self::from_text(bytes.as_str()),
            (None, Some(text)) => Self::from_text(text),
            (None, None) => Self::from_text(""),
        }
    }

    fn to_toml(&self) -> String {
        self.to_string().to_toml()
    }
}

impl Setting for Span {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(str::to_owned)
    }

    fn to_toml(&self) -> String {
        self.to_string().to_toml()
    }
}

impl Setting for bool {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be true or false".to_owned())
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| "must be true or false, without quotes".to_owned())
    }

    fn to_toml(&self) -> String {
        self.to_string()
    }
}

/// Whole numbers; which of them make sense is the check's business.
macro_rules! number {
    ($type:ty, $wanted:literal) => {
        impl Setting for $type {
            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| concat!("must be ", $wanted).to_owned())
            }

            fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
                value
                    .as_integer()
                    .and_then(|i| Self::from_str_radix(i.as_str(), i.radix()).ok())
                    .ok_or_else(|| concat!("must be ", $wanted, ", without quotes").to_owned())
            }

            fn to_toml(&self) -> String {
                self.to_string()
            }
        }
    };
}

number!(u16, "a whole number from 0 to 65535");
number!(usize, "a whole number, 0 or more");

impl<T: Setting> Setting for Vec<T> {
    fn from_text(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::new());
        }
        numbered(text.split(',').map(|item| T::from_text(item.trim())))
    }

    fn from_toml(value: &DeValue<'_>) -> Result<Self, String> {
        let items = value.as_array().ok_or("must be a list in square brackets")?;
        numbered(items.iter().map(|item| T::from_toml(item.get_ref())))
    }

    fn to_toml(&self) -> String {
        format!("[{}]", self.iter().map(T::to_toml).collect::<Vec<_>>().join(", "))
    }
}

/// All items, or which of them is refused and why.
fn numbered<T>(items: impl Iterator<Item = Result<T, String>>) -> Result<Vec<T>, String> {
    items.zip(1..).map(|(item, n)| item.map_err(|why| format!("item {n} {why}"))).collect()
}

/// A choice among names.
trait Choice: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];
}

impl Choice for LogLevel {
    const ALL: &'static [(&'static str, Self)] = &[
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];
}

impl Choice for LogFormat {
    const ALL: &'static [(&'static str, Self)] = &[("human", Self::Human), ("json", Self::Json)];
}

impl Choice for TlsMode {
    const ALL: &'static [(&'static str, Self)] =
        &[("off", Self::Off), ("acme", Self::Acme), ("files", Self::Files)];
}

impl Choice for TranslationKind {
    const ALL: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("libretranslate", Self::Libretranslate), ("deepl", Self::Deepl)];
}

impl Choice for SmtpSecurity {
    const ALL: &'static [(&'static str, Self)] =
        &[("starttls", Self::Starttls), ("tls", Self::Tls), ("none", Self::None)];
}

impl Choice for RegistrationMode {
    const ALL: &'static [(&'static str, Self)] = &[
        ("closed", Self::Closed),
        ("invite", Self::Invite),
        ("approval", Self::Approval),
        ("open", Self::Open),
    ];
}

impl Choice for Prefetch {
    const ALL: &'static [(&'static str, Self)] = &[("none", Self::None), ("home", Self::Home)];
}

impl Choice for Uploads {
    const ALL: &'static [(&'static str, Self)] = &[("local", Self::Local), ("s3", Self::S3)];
}

impl Choice for BackupTo {
    const ALL: &'static [(&'static str, Self)] = &[("folder", Self::Folder), ("s3", Self::S3)];
}

impl Choice for S3Reads {
    const ALL: &'static [(&'static str, Self)] =
        &[("proxied", Self::Proxied), ("presigned", Self::Presigned)];
}

impl Choice for Audience {
    const ALL: &'static [(&'static str, Self)] =
        &[("nobody", Self::Nobody), ("users", Self::Users), ("all", Self::All)];
}

impl LogLevel {
    /// The level as [`crate::log::init`] takes it.
    pub fn as_str(self) -> &'static str {
        name(self)
    }
}

fn name<T: Choice>(value: T) -> &'static str {
    T::ALL.iter().find(|(_, v)| *v == value).map_or("", |(name, _)| name)
}

impl<T: Choice> Setting for T {
    fn from_text(text: &str) -> Result<Self, String> {
        T::ALL.iter().find(|(name, _)| *name == text).map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = T::ALL.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            format!("must be one of {}", names.join(", "))
        })
    }

    fn to_toml(&self) -> String {
        name(*self).to_owned().to_toml()
    }
}
