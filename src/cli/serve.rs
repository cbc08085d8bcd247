//! `dassie serve`: the server. All that can refuse does so before anything is made.

use std::path::Path;

use clap::Args;

use super::reach::{Place, with_whole_paths};
use super::{doctor, output};
use crate::app::{App, Surroundings};
use crate::config::{LogFormat, Mode};
use crate::control::{self, Command, Lock, Secret, Way};
use crate::crypto;
use crate::db;
use crate::error::{Error, Result};
use crate::log;
use crate::server::{self, Doors};
use crate::text::words::{Lang, Word, say};

/// The account that the first `serve --dev` makes.
const DEV_NAME: &str = "dev";

/// How to serve.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Try Dassie on this machine: http on localhost, with an account made at the first start
    #[arg(long)]
    dev: bool,
}

/// Checks, opens, greets, and serves until a signal ends it.
pub(super) fn run(place: &Place, options: &Options) -> Result<()> {
    let config = place.load(if options.dev { Mode::Dev } else { Mode::Real })?;
    let config = with_whole_paths(config);
    log::init(config.log.level.as_str(), config.log.format == LogFormat::Json)?;
    let folder = config.storage.data_dir.clone();
    // Asked before the ports, which a server on the same folder would hold as well.
    let held = if control::is_taken(&folder) { Some(lock(&folder)?) } else { None };
    let doors = Doors::open(&config)?;
    let held = match held {
        Some(lock) => lock,
        None => lock(&folder)?,
    };
    let app = App::open(config, Surroundings::default())?;
    // From here on the database is open, and has to be closed whatever happens.
    let ended = greet(place, &app).and_then(|()| server::run(app.clone(), doors));
    app.close();
    drop(held);
    ended
}

/// Takes the data folder, or says who has it.
fn lock(folder: &Path) -> Result<Lock> {
    match control::find_way(folder, || Ok(()))? {
        Way::Direct(lock) => Ok(lock),
        Way::Server(_) => Err(Error::internal(format!(
            "a server is running on the data folder {} already. Stop it, or choose another \
             storage.data_dir.",
            folder.display()
        ))),
    }
}

/// Tells the operator what to do next, in the language of the terminal.
fn greet(place: &Place, app: &App) -> Result<()> {
    let lang = doctor::lang();
    let is_empty = app.db.read(db::user::count)? == 0;
    let text = match (app.config.dev, is_empty) {
        (true, true) => first_dev_account(app, lang).unwrap_or_else(|e| {
            // Someone has deleted it and has to choose another name.
            let values = [DEV_NAME.to_owned(), e.to_string(), place.option()];
            say(lang, Word::start_dev_failed, &values)
        }),
        (true, false) => say(lang, Word::start_point, std::slice::from_ref(&app.site.base)),
        (false, true) => say(lang, Word::start_none, &[place.option()]),
        (false, false) => return Ok(()),
    };
    output::print(&(text + "\n"))
}

fn first_dev_account(app: &App, lang: Lang) -> Result<String> {
    let password = crypto::random_password();
    let email = format!("{DEV_NAME}@localhost");
    control::execute(
        app,
        Command::AccountCreate {
            username: DEV_NAME.to_owned(),
            email: email.clone(),
            password: Secret(password.clone()),
            admin: true,
        },
    )?;
    let values = [DEV_NAME.to_owned(), password, app.site.base.clone(), email];
    Ok(say(lang, Word::start_dev, &values))
}
