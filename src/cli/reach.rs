//! From a command to the process that executes it: the configuration, then the running server or
//! our own hands.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::process;
use crate::app::{App, Surroundings};
use crate::config::{self, Config, ConfigError, Mode, TlsMode};
use crate::control::{self, Command, Lock, Reply, Way};
use crate::db;
use crate::error::{Error, Result};

/// The file in the folder that somebody is in, and that of the machine's service: the first one that
/// exists is read where none is named.
pub(super) const USUAL_FILE: &str = "dassie.toml";
const USUAL_FILES: [&str; 2] = [USUAL_FILE, "/etc/dassie/dassie.toml"];

/// Where the configuration is.
#[derive(Debug)]
pub(super) struct Place {
    file: Option<PathBuf>,
    /// It was named, not found.
    named: bool,
}

impl Place {
    /// The file of `--config`, else a usual one that exists, else none.
    pub(super) fn new(named: Option<PathBuf>) -> Self {
        match named {
            Some(file) => Self { file: Some(file), named: true },
            None => {
                // A dangling link and the like are reported when the file is read.
                let is_there = |path: &PathBuf| path.symlink_metadata().is_ok();
                let file = USUAL_FILES.map(PathBuf::from).into_iter().find(is_there);
                Self { file, named: false }
            }
        }
    }

    /// The file, where there is one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Whether they are the settings of the machine's service.
    pub(super) fn is_service(&self) -> bool {
        self.file().is_some_and(|file| file == Path::new(USUAL_FILES[1]))
    }

    /// What has to be typed to mean the same configuration again: nothing, or ` --config FILE`.
    pub(super) fn option(&self) -> String {
        match &self.file {
            Some(file) if self.named => {
                format!(" --config {}", quoted(&file.display().to_string()))
            }
            _ => String::new(),
        }
    }

    /// The configuration for one mode.
    pub(super) fn load(&self, mode: Mode) -> Result<Config> {
        self.try_load(mode).map_err(Error::internal)
    }

    fn try_load(&self, mode: Mode) -> std::result::Result<Config, ConfigError> {
        // What is tried out has nothing to do with the machine's service.
        let fits = |file: &&Path| mode == Mode::Real || self.named || file.is_relative();
        Config::load(self.file.as_deref().filter(fits), config::environment(), mode)
    }

    /// The configuration for a command. Nobody should have to say `--dev` once more: a host that
    /// cannot be served for real means the database that `serve --dev` made, if there is one.
    pub(super) fn load_for_command(&self) -> Result<Config> {
        let refused = match self.try_load(Mode::Real) {
            Ok(config) => return Ok(with_whole_paths(config)),
            Err(refused) => refused,
        };
        match self.try_load(Mode::Dev) {
            Ok(config) if has_database(&config.storage.data_dir) => Ok(with_whole_paths(config)),
            _ => Err(Error::internal(refused)),
        }
    }

    /// Has a command executed: by the server if it runs, else here.
    pub(super) fn execute(&self, command: Command) -> Result<Reply> {
        self.session().execute(command)
    }

    /// The same; says whether a server runs.
    pub(super) fn ask(&self, command: Command) -> Result<(Reply, bool)> {
        let mut session = self.session();
        let reply = session.execute(command)?;
        Ok((reply, session.open.is_none()))
    }

    /// For many commands one after the other.
    pub(super) fn session(&self) -> Session<'_> {
        Session { place: self, open: None }
    }
}

/// How long a session keeps the database to itself: a server that is started meanwhile waits longer.
const HELD: Duration = Duration::from_secs(3);

/// Where no server runs, the database stays open between its commands for a while.
pub(super) struct Session<'a> {
    place: &'a Place,
    open: Option<(App, Lock, Instant)>,
}

impl Session<'_> {
    /// Has a command executed: by the server if it runs, else here.
    pub(super) fn execute(&mut self, command: Command) -> Result<Reply> {
        if self.open.as_ref().is_some_and(|(_, _, since)| since.elapsed() > HELD) {
            self.close();
        }
        if let Some((app, ..)) = &self.open {
            return control::execute(app, command);
        }
        let mut config = self.place.load_for_command()?;
        // a command speaks with nobody, and may well be mending what is wrong with the certificate
        config.tls.mode = TlsMode::Off;
        let folder = &config.storage.data_dir;
        let may_enter = || {
            refuse_others(folder)?;
            if !command.may_begin() && !has_database(folder) {
                return Err(Error::internal(format!(
                    "there is no database in {} yet. Make the first account with: dassie account \
                     create{}",
                    folder.display(),
                    self.place.option()
                )));
            }
            Ok(())
        };
        match control::find_way(folder, may_enter)? {
            Way::Server(stream) => control::call(stream, &command),
            Way::Direct(lock) => {
                let app = App::open(config, Surroundings::default())?;
                let reply = control::execute(&app, command);
                self.open = Some((app, lock, Instant::now()));
                reply
            }
        }
    }

    fn close(&mut self) {
        if let Some((app, lock, _)) = self.open.take() {
            app.close();
            drop(lock);
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Folders as they are named to people: `./data` says little in a log or a message.
pub(super) fn with_whole_paths(mut config: Config) -> Config {
    let whole = |path: &mut PathBuf| {
        if let Ok(named) = std::path::absolute(&path) {
            *path = named;
        }
    };
    whole(&mut config.storage.data_dir);
    config.backup.folder.as_mut().map(whole);
    config.media.cache_dir.as_mut().map(whole);
    config
}

/// Whether something was ever kept in this folder, as far as this user may see.
fn has_database(folder: &Path) -> bool {
    db::backup::path(folder).try_exists().unwrap_or(true)
}

/// Files that root makes in the server's folder would keep the server from starting, and whoever may
/// not look into it would find nothing there.
pub(super) fn refuse_others(folder: &Path) -> Result<()> {
    let database = db::backup::path(folder);
    let is_root = process::is_root();
    let is_denied =
        || File::open(&database).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    if !is_root && !is_denied() {
        return Ok(());
    }
    let owner = [database.as_path(), folder]
        .iter()
        .find_map(|path| fs::metadata(path).ok())
        .map(|meta| meta.uid());
    let who = if is_root { "you are root" } else { "this one may not read it" };
    match owner {
        Some(0) | None if is_root => Ok(()),
        Some(owner) => Err(Error::internal(format!(
            "{} belongs to the user with id {owner} and {who}. Become that user: sudo -u \
             '#{owner}' dassie …",
            folder.display()
        ))),
        None => Err(Error::internal(format!(
            "{} cannot be looked into by this user. Become the one that the server runs as: sudo -u \
             USER dassie …",
            folder.display()
        ))),
    }
}

/// A file name for a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
