//! `dassie doctor` and `dassie status`: how it is, and what to do.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::reach::{self, Place};
use super::{in_bucket, output};
use crate::app;
use crate::client::mail;
use crate::clock::{self, Clock};
use crate::config::{BackupTo, Config, Size};
use crate::control::{Command, Health, Reply};
use crate::db;
use crate::error::{Error, Result};
use crate::health::{self, Finding, Lang, Level, Word};
use crate::service::{backup, restore};
use crate::text::words::say;

/// How to look.
#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// Ask nobody: look only at this machine
    #[arg(long)]
    local: bool,
    /// Send a trial letter to this address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "local")]
    mail: Option<String>,
    /// For programs
    #[arg(long)]
    json: bool,
}

/// `dassie status`.
#[derive(Args, Debug)]
pub(super) struct Status {
    /// For programs
    #[arg(long)]
    json: bool,
}

/// The language of the terminal: as gettext chooses it.
pub(super) fn lang() -> Lang {
    let named = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Lang::of(&named.unwrap_or_default())
}

/// Looks at everything; fails when something is bad.
pub(super) fn doctor(place: &Place, options: &Doctor) -> Result<()> {
    let lang = lang();
    let mut all = Vec::new();
    match place.load_for_command() {
        Ok(config) => examine(place, &config, options, lang, &mut all)?,
        Err(error) => all.push(Finding::bad(Word::config_bad, &[&error])),
    }
    let bad = all.iter().filter(|one| one.level == Level::Bad).count();
    if options.json {
        output::print(&format!("{}\n", json!({"bad": bad, "findings": list(&all, lang)})))?;
    } else {
        output::print(&render(&all, lang))?;
    }
    match bad {
        0 => Ok(()),
        _ => Err(Error::Internal(say(lang, Word::verdict, &[bad.to_string()]))),
    }
}

fn examine(
    place: &Place,
    config: &Config,
    options: &Doctor,
    lang: Lang,
    all: &mut Vec<Finding>,
) -> Result<()> {
    if let Some(file) = place.file() {
        let name = output::printable(&file.display().to_string());
        all.push(Finding::ok(Word::config_ok, &[&name]));
    }
    let health = match place.ask(Command::Health { with_bucket: !options.local }) {
        Ok((Reply::Health(health), true)) => {
            all.push(Finding::ok(Word::server_runs, &[&health.facts.version]));
            Some(health)
        }
        Ok((Reply::Health(health), false)) => {
            all.push(Finding::bad(Word::server_stopped, &[&place.option()]));
            Some(health)
        }
        Ok((reply, _)) => return output::unexpected(&reply),
        Err(error) => {
            all.push(Finding::bad(Word::server_silent, &[&error]));
            None
        }
    };
    let folder = &config.storage.data_dir;
    // what needs no server is looked at all the same, but not by somebody who has no business there
    let last = match &health {
        Some(health) => {
            // the server knows of damage from its last backup, and this looks now
            let other = |one: &&Finding| one.what != Word::database_damaged;
            all.extend(health.findings.iter().filter(other).cloned());
            health.facts.backup.as_ref().map(|(_, name)| name.clone())
        }
        None => {
            all.extend(health::free_disk(config));
            if reach::refuse_others(folder).is_err() {
                return Ok(());
            }
            backup::newest(&config.backup_dir(), &config.server.host)
        }
    };
    if db::backup::is_there(folder) {
        all.extend(look_through(folder, health.is_some()));
    }
    all.extend(last.and_then(|name| try_backup(config, &name, options.local)));
    if options.local {
        return Ok(());
    }
    let (probe, person) = match &health {
        Some(health) => (health.probe.0.as_str(), health.person.as_deref()),
        None => ("", None),
    };
    if !options.json {
        let asked = [config.server.host.clone(), own_addresses(config)];
        output::print(&format!("{}\n", say(lang, Word::asks, &asked)))?;
    }
    let settings = app::client_settings(config, None)?;
    all.extend(health::outside(config, settings, probe, person));
    all.extend(mail(config, options.mail.as_deref(), lang));
    Ok(())
}

/// Whether the database is damaged. What keeps it from being read is told where that was not told
/// of the server.
fn look_through(folder: &Path, has_answered: bool) -> Option<Finding> {
    match db::check(folder) {
        Ok(None) => {
            let bytes = Size(health::database_bytes(folder)).rounded();
            Some(Finding::ok(Word::database_ok, &[&bytes]))
        }
        Ok(Some(fault)) => Some(Finding::bad(Word::database_damaged, &[&fault])),
        Err(error) => match error.damage() {
            Some(fault) => Some(Finding::bad(Word::database_damaged, &[&fault])),
            None => has_answered.then(|| Finding::bad(Word::database_unread, &[&error])),
        },
    }
}

/// Whether letters are taken, and a trial letter.
fn mail(config: &Config, to: Option<&str>, lang: Lang) -> Option<Finding> {
    let smtp = &config.smtp;
    let server = format!("{}:{}", smtp.host.as_deref().unwrap_or_default(), smtp.port);
    if !smtp.is_configured() {
        return to.map(|_| Finding::bad(Word::mail_off, &[]));
    }
    let Some(to) = to else {
        return Some(match mail::try_out(config) {
            Ok(()) => Finding::ok(Word::mail_ok, &[&server]),
            Err(error) => Finding::bad(Word::mail_bad, &[&server, &error]),
        });
    };
    let values =
        [config.instance.title.clone(), String::new(), String::new(), config.server.host.clone()];
    let letter = mail::Letter {
        to: to.to_owned(),
        subject: say(lang, Word::letter_trial, &values),
        text: say(lang, Word::letter_trial_text, &values),
    };
    Some(match mail::send(config, &letter) {
        Ok(()) => Finding::ok(Word::mail_sent, &[&to]),
        Err(error) => Finding::bad(Word::mail_bad, &[&server, &error]),
    })
}

/// Restores the last backup beside the data folder's own, as far as that goes, and throws it away.
/// `None` where nobody knows where it lies, as after a restore.
fn try_backup(config: &Config, name: &str, local: bool) -> Option<Finding> {
    if name.is_empty() {
        return None;
    }
    let (folder, data) = (config.backup_dir(), &config.storage.data_dir);
    let archive = folder.join(name);
    let passphrase = Some(config.backup.passphrase.reveal()).filter(|text| !text.is_empty());
    let shown = output::printable(name);
    let (is_there, is_object) = (archive.exists(), config.backup.to == BackupTo::S3);
    if !is_there && !is_object {
        let values: [&dyn ToString; 2] = [&shown, &folder.display()];
        return Some(Finding::warn(Word::backup_away, &values));
    }
    if name.ends_with(".age") && passphrase.is_none() {
        return Some(Finding::warn(Word::backup_sealed, &[&shown, &archive.display()]));
    }
    let fetched = match () {
        () if is_there => None,
        () if local => return Some(Finding::warn(Word::backup_in_bucket, &[&shown, &""])),
        () => match in_bucket::fetch(config, name, data, config.media.min_free_disk) {
            Ok(fetched) => Some(fetched),
            Err(error) => {
                return Some(Finding::warn(Word::backup_in_bucket, &[&shown, &error]));
            }
        },
    };
    let archive = fetched.as_ref().map_or(&archive, |fetched| &fetched.path);
    let now = Clock::system().now_ms();
    Some(match restore::try_out(archive, passphrase, data, now) {
        Ok(_) => Finding::ok(Word::backup_tried, &[&shown]),
        Err(error) => Finding::bad(Word::backup_broken, &[&error]),
    })
}

fn own_addresses(config: &Config) -> String {
    let own = config.base_url();
    match config.account_domain() {
        domain if *domain == config.server.host => own,
        domain => format!("{own}, https://{domain}"),
    }
}

/// How it is, for a person.
pub(super) fn status(place: &Place, options: &Status) -> Result<()> {
    let lang = lang();
    let (health, runs) = match place.ask(Command::Health { with_bucket: false })? {
        (Reply::Health(health), runs) => (health, runs),
        (reply, _) => return output::unexpected(&reply),
    };
    if options.json {
        let Health { facts, findings, .. } = *health;
        let facts = serde_json::to_value(&facts).map_err(Error::internal)?;
        let findings = list(&findings, lang);
        let all = json!({"running": runs, "facts": facts, "findings": findings});
        return output::print(&format!("{all}\n"));
    }
    let mut text = if runs {
        numbers(&health, lang, true)
    } else {
        let stopped = Finding::bad(Word::server_stopped, &[&place.option()]);
        render(&[stopped], lang) + &numbers(&health, lang, false)
    };
    let wrong: Vec<_> = health.findings.into_iter().filter(|one| one.level != Level::Ok).collect();
    if !wrong.is_empty() {
        text += "\n";
        text += &render(&wrong, lang);
    }
    output::print(&text)
}

fn numbers(health: &Health, lang: Lang, runs: bool) -> String {
    let facts = &health.facts;
    let size = |bytes: u64| Size(bytes).rounded();
    let mut lines = Vec::new();
    let mut line = |word, values: &[String]| lines.push(say(lang, word, values));
    if runs {
        line(Word::status_version, &[facts.version.clone(), duration(facts.uptime, lang)]);
        line(Word::status_memory, &[size(facts.memory)]);
    }
    line(Word::status_disk, &[size(facts.free)]);
    line(Word::status_database, &[size(facts.database)]);
    line(Word::status_cache, &[size(facts.cache), size(facts.cache_most)]);
    line(Word::status_waiting, &[facts.deliveries.to_string(), facts.jobs.to_string()]);
    line(Word::status_failing, &[facts.failing_hosts.to_string()]);
    if let Some(ends) = facts.certificate {
        line(Word::status_certificate, &[clock::date(ends)]);
    }
    match &facts.backup {
        Some((at, _)) => line(Word::status_backup, &[clock::date(*at)]),
        None => line(Word::status_backup_none, &[]),
    }
    line(Word::status_relays, &[facts.relays.len().to_string()]);
    for (inbox, seen) in &facts.relays {
        let inbox = output::printable(inbox);
        match seen {
            Some(at) => line(Word::status_relay, &[inbox, clock::date(*at)]),
            None => line(Word::status_relay_none, &[inbox]),
        }
    }
    lines.join("\n") + "\n"
}

/// `3 d 4 h`, `4 h 5 min`, `6 min`.
fn duration(ms: u64, lang: Lang) -> String {
    let minutes = ms / 60_000;
    let (word, parts) = match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, m) => (Word::span_minutes, vec![m]),
        (0, h, m) => (Word::span_hours, vec![h, m]),
        (d, h, _) => (Word::span_days, vec![d, h]),
    };
    say(lang, word, &parts.iter().map(u64::to_string).collect::<Vec<_>>())
}

fn level(one: &Finding, lang: Lang) -> String {
    let word = match one.level {
        Level::Ok => Word::level_ok,
        Level::Warn => Word::level_warn,
        Level::Bad => Word::level_bad,
    };
    say(lang, word, &[])
}

fn render(all: &[Finding], lang: Lang) -> String {
    let mut text = String::new();
    for one in all {
        let (level, what) = (level(one, lang), one.text(lang));
        // what a fault says may come from elsewhere, and have lines
        let what = what.lines().map(output::printable).collect::<Vec<_>>().join(" ");
        text += &format!("{level:<8}{what}\n");
        if let Some(advice) = one.advice(lang).filter(|_| one.level != Level::Ok) {
            text += &format!("        → {}\n", output::printable(&advice));
        }
    }
    text
}

fn list(all: &[Finding], lang: Lang) -> Vec<serde_json::Value> {
    let one = |one: &Finding| {
        json!({
            "level": one.level,
            "check": one.what,
            "text": one.text(lang),
            "advice": one.advice(lang),
        })
    };
    all.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_say_cannot_act_on_the_terminal_and_advice_is_for_faults() {
        let found = [
            Finding::ok(Word::clock_unknown, &[]),
            Finding::bad(Word::database_damaged, &[&"a\n\x1b[2Jb"]),
        ];
        let text = render(&found, Lang::English);
        assert!(text.lines().all(|line| !line.chars().any(char::is_control)), "{text:?}");
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(
            text.contains("BAD     The database is damaged: a \u{fffd}[2Jb\n        → "),
            "{text}"
        );
        assert!(render(&found, Lang::Chinese).contains("异常"));
    }

    #[test]
    fn how_long_it_runs_is_said_in_two_parts() {
        for (minutes, text) in [(0, "0 min"), (61, "1 h 1 min"), (1440 * 3 + 60, "3 d 1 h")] {
            assert_eq!(duration(minutes * 60_000, Lang::English), text);
        }
        assert_eq!(duration(76 * 3_600_000, Lang::Chinese), "3 天 4 小时");
    }
}
