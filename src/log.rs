//! The log: one line an event on standard error, for people or as JSON.
//!
//! Much of what is logged was written by strangers. Control characters in it would forge
//! lines or command the terminal (S-127), so every value goes through [`Escaped`].
//! tracing-subscriber itself escapes messages only, and no line breaks.

use std::any::Any;
use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _, Write};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::error::{Error, Result};

/// Starts logging at `level` (`error` to `trace`). To be called once.
pub fn init(level: &str, json: bool) -> Result<()> {
    let registry = tracing_subscriber::registry().with(filter(level)?);
    // A log that cannot be written is no reason to panic, which reporting it would do.
    let layer = tracing_subscriber::fmt::layer().log_internal_errors(false);
    if json {
        registry.with(layer.json().with_writer(|| EscapedLines(io::stderr()))).try_init()
    } else {
        let colours = io::stderr().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let layer = layer.fmt_fields(Fields).with_ansi(colours).with_writer(io::stderr);
        registry.with(layer).try_init()
    }
    .map_err(Error::internal)?;
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current();
        let thread = thread.name().unwrap_or_default();
        tracing::error!(what = panic_message(panic.payload()), place, thread, "a panic");
    }));
    Ok(())
}

/// What a panic says, without what the standard library quotes in it: that may be anybody's text,
/// a private one as well (S-127).
fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "",
    };
    text.split('`').next().unwrap_or_default().trim_end()
}

/// Our own events at `level`. Of dependencies only what is wrong: their lower levels are many
/// and may hold headers with secrets.
fn filter(level: &str) -> Result<Targets> {
    let level: LevelFilter =
        level.parse().map_err(|_| Error::internal(format!("{level} is not a log level")))?;
    let own = module_path!().split("::").next().unwrap_or_default();
    Ok(Targets::new().with_default(level.min(LevelFilter::WARN)).with_target(own, level))
}

/// Writes text with every character that could act on a terminal or a reader escaped, in the
/// form of JSON, so that it can be used inside of it as well.
struct Escaped<W>(W);

impl<W: fmt::Write> fmt::Write for Escaped<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| acts(*c)) {
            self.0.write_str(&rest[..at])?;
            match c {
                '\n' => self.0.write_str("\\n")?,
                '\r' => self.0.write_str("\\r")?,
                '\t' => self.0.write_str("\\t")?,
                c => write!(self.0, "\\u{:04x}", u32::from(c))?,
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Control characters, and those that break lines or turn the direction of writing.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Formats fields for people: `message name=value name=value`.
struct Fields;

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = FieldVisitor { writer: Escaped(writer), first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct FieldVisitor<'writer> {
    writer: Escaped<Writer<'writer>>,
    first: bool,
    result: fmt::Result,
}

impl Visit for FieldVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Where a line of the `log` crate comes from is in its target already.
        if self.result.is_err() || field.name().starts_with("log.") {
            return;
        }
        let gap = if std::mem::take(&mut self.first) { "" } else { " " };
        self.result = match field.name() {
            "message" => write!(self.writer, "{gap}{value:?}"),
            name => write!(self.writer, "{gap}{name}={value:?}"),
        };
    }
}

/// Escapes what JSON leaves as it is. The formatter hands over whole lines.
struct EscapedLines<W>(W);

impl<W: Write> Write for EscapedLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut line = Escaped(String::with_capacity(text.len()));
        line.write_str(text.trim_end_matches('\n')).map_err(io::Error::other)?;
        line.0.push('\n');
        self.0.write_all(line.0.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A log that can be read.
    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Page {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    const HOSTILE: &str = "a\x1b[2J\r\n\u{9b}31m\u{202e}b";

    fn log_something_hostile() {
        let error = io::Error::other(HOSTILE);
        let span = tracing::info_span!("request", path = %HOSTILE);
        let _entered = span.enter();
        tracing::info!(plain = HOSTILE, shown = %HOSTILE, error = &error as &dyn std::error::Error, "m {HOSTILE}");
    }

    #[test]
    fn strangers_cannot_act_through_a_line_for_people() {
        let page = Page::default();
        let writer = page.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(Fields)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, log_something_hostile);
        let text = page.text();
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.chars().any(acts), "{text:?}");
        assert!(line.contains("m a\\u001b[2J\\r\\n\\u009b31m\\u202eb plain="), "{text}");
        assert!(line.contains(" shown=a\\u001b[2J"), "{text}");
    }

    #[test]
    fn strangers_cannot_act_through_json() {
        let page = Page::default();
        let writer = page.clone();
        let layer = tracing_subscriber::fmt::layer()
            .json()
            .with_writer(move || EscapedLines(writer.clone()));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, log_something_hostile);
        let text = page.text();
        let line = text.strip_suffix('\n').unwrap();
        assert!(!line.chars().any(acts), "{text:?}");
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["fields"]["shown"], HOSTILE);
    }

    #[test]
    fn s_127_a_panic_quotes_nobody() {
        let private = String::from("a s\u{e9}cret");
        let at = private.find('\u{e9}').unwrap() + 1;
        let panic = std::panic::catch_unwind(|| private[..at].len()).unwrap_err();
        let said = panic_message(panic.as_ref());
        assert!(said.contains("char boundary") && !said.contains("cret"), "{said}");
        let panic = std::panic::catch_unwind(|| panic!("plain")).unwrap_err();
        assert_eq!(panic_message(panic.as_ref()), "plain");
    }

    #[test]
    fn dependencies_speak_only_of_trouble() {
        use tracing::Level;
        let own = module_path!();
        let all = filter("trace").unwrap();
        assert!(all.would_enable(own, &Level::TRACE));
        assert!(all.would_enable("ureq", &Level::WARN) && !all.would_enable("ureq", &Level::INFO));
        let few = filter("error").unwrap();
        assert!(!few.would_enable("ureq", &Level::WARN) && !few.would_enable(own, &Level::WARN));
        assert!(filter("loud").is_err());
    }
}
