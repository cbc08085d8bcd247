//! `dassie init`: asks what a new server needs to know, writes the configuration and makes the
//! first account. What is not asked for has a default; everything can be an option instead.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::ask::{self, NewPassword, PasswordOptions};
use super::reach::{Place, USUAL_FILE};
use super::{doctor, output};
use crate::config::{Config, Mode, usual_data_dir};
use crate::control::{Command, Reply, Secret};
use crate::crypto;
use crate::error::{Error, Result};
use crate::health::{Lang, Word};
use crate::service;
use crate::text::words::say;

/// What a new server needs to know.
#[derive(Args, Debug)]
pub(super) struct Init {
    /// Public name of the server, such as social.example.org
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// What follows the @ of its accounts, where that is not the host
    #[arg(long, value_name = "NAME")]
    account_domain: Option<String>,
    /// What it is called
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Who speaks https: acme (this program, with a certificate of Let's Encrypt) or off (a proxy)
    #[arg(long, value_name = "MODE")]
    tls: Option<String>,
    /// Address and port to listen on for the proxy that speaks https
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Folder for the database and uploads
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Language of the server and its first account: en, zh, …
    #[arg(long, value_name = "CODE")]
    language: Option<String>,
    /// Name of the first account, an administrator's
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Its e-mail address, to sign in with
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    #[command(flatten)]
    password: PasswordOptions,
}

/// The unit of the package.
const UNIT: &str = "/lib/systemd/system/dassie.service";

/// Settings as the environment would give them.
type Settings = Vec<(String, String)>;

/// Asks, writes and creates. If the account cannot be made, there is no file either.
pub(super) fn run(named: Option<PathBuf>, init: Init) -> Result<()> {
    let lang = doctor::lang();
    let file = named.clone().unwrap_or_else(|| PathBuf::from(USUAL_FILE));
    if file.symlink_metadata().is_ok() {
        let name = file.display().to_string();
        return Err(Error::Internal(say(lang, Word::init_exists, &[name])));
    }
    let asker = Asker { lang, is_terminal: io::stdin().is_terminal() };
    let mut settings = Settings::new();
    if let Some(domain) = init.account_domain {
        settings.push(("DASSIE_SERVER_ACCOUNT_DOMAIN".into(), domain));
    }
    asker.setting(&mut settings, "SERVER_HOST", init.host, "--host", Word::init_host, None)?;
    let title = Some("Dassie");
    asker.setting(&mut settings, "INSTANCE_TITLE", init.title, "", Word::init_title, title)?;
    asker.setting(&mut settings, "TLS_MODE", init.tls, "", Word::init_tls, Some("off"))?;
    let speaks_https = load(&settings)?.tls.is_on();
    if !speaks_https {
        let listen = Some("127.0.0.1:8080");
        asker.setting(
            &mut settings,
            "SERVER_LISTEN",
            init.listen,
            "",
            Word::init_listen,
            listen,
        )?;
    }
    let data = usual_data_dir(&file).display().to_string();
    let data = Some(data.as_str());
    asker.setting(&mut settings, "STORAGE_DATA_DIR", init.data_dir, "", Word::init_data, data)?;
    let usual = if lang == Lang::Chinese { "zh" } else { "en" };
    let language = init.language.unwrap_or_else(|| usual.to_owned());
    settings.push(("DASSIE_INSTANCE_LANGUAGES".into(), language.clone()));
    settings.push(("DASSIE_INSTANCE_DEFAULT_LANGUAGE".into(), language));
    let config = load(&settings)?;
    let username = asker.text(init.username, "--username", Word::init_username, |name| {
        service::account::check_username(name)
    })?;
    let email = asker.text(init.email, "--email", Word::init_email, |email| {
        service::access::check_email(email.trim())
    })?;
    let NewPassword { secret, made } = if asker.is_terminal || init.password.is_given() {
        init.password.read(&username)?
    } else {
        NewPassword { secret: Secret(crypto::random_password()), made: true }
    };
    service::account::check_password(&secret.0)?;
    write(&file, &config.changed())?;
    let place = Place::new(named);
    let told = secret.0.clone();
    let command =
        Command::AccountCreate { username, email: email.clone(), password: secret, admin: true };
    let account = match place.execute(command) {
        Ok(Reply::Account(account)) => account,
        Ok(reply) => return output::unexpected(&reply),
        Err(error) => {
            // so that the same command can be given again
            let _ = fs::remove_file(&file);
            return Err(error);
        }
    };
    let mut lines = vec![
        say(lang, Word::init_done, &[file.display().to_string()]),
        say(lang, Word::init_account, &[format!("@{account}"), email]),
    ];
    if made {
        lines.push(say(lang, Word::init_password, &[told]));
    }
    let server = &config.server;
    let values = [place.option(), server.listen.to_string(), server.host.clone()];
    lines.push(String::new());
    let next = if speaks_https { Word::init_next_https } else { Word::init_next };
    lines.push(say(lang, next, &values));
    lines.push(String::new());
    let is_service = place.is_service() && Path::new(UNIT).exists();
    lines.push(say(lang, if is_service { Word::init_service } else { Word::init_stays }, &[]));
    output::print(&(lines.join("\n") + "\n"))
}

fn load(settings: &Settings) -> Result<Config> {
    Config::load(None, settings.iter().cloned(), Mode::Real).map_err(|fault| {
        // nobody set these variables: the setting's own name is behind them
        let text = fault.to_string();
        let lines = text.lines().map(|line| match line.split_once(": ") {
            Some((place, what)) if place.starts_with("environment ") => what,
            _ => line,
        });
        Error::Internal(lines.collect::<Vec<_>>().join("\n"))
    })
}

/// The file holds what may become secret: nobody else reads it (S-124).
fn write(file: &Path, text: &str) -> Result<()> {
    let refuse = |e: io::Error| Error::internal(format!("cannot write {}: {e}.", file.display()));
    let mut out =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(refuse)?;
    let written = out.write_all(text.as_bytes()).and_then(|()| out.sync_all());
    written.map_err(|e| {
        let _ = fs::remove_file(file);
        refuse(e)
    })
}

struct Asker {
    lang: Lang,
    is_terminal: bool,
}

impl Asker {
    /// A setting: the option, what is typed, or the default. It is judged as the server would.
    fn setting(
        &self,
        settings: &mut Settings,
        key: &str,
        given: Option<String>,
        option: &str,
        word: Word,
        usual: Option<&str>,
    ) -> Result<()> {
        let judge = |value: &str| {
            let mut trial = settings.clone();
            trial.push((format!("DASSIE_{key}"), value.to_owned()));
            load(&trial).map(drop)
        };
        let value = match (given, usual) {
            (None, Some(usual)) if !self.is_terminal => usual.to_owned(),
            (given, _) => self.value(given, option, word, usual, judge)?,
        };
        settings.push((format!("DASSIE_{key}"), value));
        Ok(())
    }

    /// A text without a default.
    fn text(
        &self,
        given: Option<String>,
        option: &str,
        word: Word,
        judge: impl Fn(&str) -> Result<()>,
    ) -> Result<String> {
        self.value(given, option, word, None, judge)
    }

    fn value(
        &self,
        given: Option<String>,
        option: &str,
        word: Word,
        usual: Option<&str>,
        judge: impl Fn(&str) -> Result<()>,
    ) -> Result<String> {
        if let Some(value) = given {
            judge(&value)?;
            return Ok(value);
        }
        if !self.is_terminal {
            let option = [option.to_owned()];
            return Err(Error::Internal(say(self.lang, Word::init_needs, &option)));
        }
        let usual_shown = usual.map_or_else(String::new, |usual| format!(" [{usual}]"));
        loop {
            let question = format!("{}{usual_shown}: ", say(self.lang, word, &[]));
            let typed = ask::question(&question)?;
            let value = match (typed.trim(), usual) {
                ("", Some(usual)) => usual.to_owned(),
                (typed, _) => typed.to_owned(),
            };
            match judge(&value) {
                Ok(()) => return Ok(value),
                Err(error) => ask::complain_again(&error),
            }
        }
    }
}
