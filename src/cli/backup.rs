//! `dassie backup`: made by this process beside the running server, which does not wait for it.

use std::path::PathBuf;

use clap::Args;

use super::delivery::count;
use super::output::{self, Progress};
use super::reach::{self, Place};
use super::{ask, in_bucket, process};
use crate::clock::Clock;
use crate::config::{BackupTo, Config, Size};
use crate::control::{self, BackupDone, Command, Way};
use crate::crypto::age::Work;
use crate::db;
use crate::error::{Error, Result};
use crate::service::backup::{self, Made, Order};
use crate::service::opening;

/// What to write, and where.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// A folder, or a file that ends in .tar.gz or .age; without it where [backup] says
    #[arg(long, value_name = "PATH")]
    to: Option<PathBuf>,
    /// With the uploads of the data folder, as with backup.media = true
    #[arg(long)]
    media: bool,
    /// Ask for a passphrase and encrypt with it; one of [backup] is used in any case
    #[arg(long)]
    encrypt: bool,
}

/// Makes it and says where it is.
pub(super) fn run(place: &Place, options: Options) -> Result<()> {
    let config = place.load_for_command()?;
    let folder = config.storage.data_dir.clone();
    reach::refuse_others(&folder)?;
    if !db::backup::is_there(&folder) {
        return Err(Error::invalid(format!("there is no database in {}", folder.display())));
    }
    let passphrase = match config.backup.passphrase.reveal() {
        "" if options.encrypt => Some(ask::passphrase(true)?),
        "" => None,
        set => Some(set.to_owned()),
    };
    let usual = options.to.is_none();
    let order = Order {
        config: &config,
        to: options.to.unwrap_or_else(|| config.backup_dir()),
        uploads: options.media || config.backup.media,
        passphrase: passphrase.as_deref().map(|text| (text, Work::Usual)),
        now: Clock::system().now_ms(),
    };
    process::catch_interrupt();
    let mut progress = Progress::new();
    let made = backup::make(&order, &mut |done, all| {
        progress.bytes(done, all, "");
        match process::was_interrupted() {
            true => Err(Error::invalid("stopped, and nothing was written")),
            false => Ok(()),
        }
    });
    progress.clear();
    let made = made.map_err(|error| told(&config, error))?;
    let with = match order.uploads {
        true => count(usize::try_from(made.uploads).unwrap_or(0), "upload"),
        false => "no uploads".to_owned(),
    };
    let (is_plain, is_object) = (passphrase.is_none(), usual && config.backup.to == BackupTo::S3);
    let at =
        if is_object { in_bucket::send(&config, &made)? } else { made.path.display().to_string() };
    let size = Size(made.bytes).rounded();
    output::print(&format!("Wrote {at}: {size}, with {with}\n"))?;
    if is_plain {
        output::print("Whoever reads it has the keys of this server: keep it safe\n")?;
    }
    if usual {
        if !is_object {
            backup::expire(&config.backup_dir(), &made, &config.server.host, config.backup.keep);
        }
        note(&config, made, is_object)?;
    }
    Ok(())
}

/// Of damage the server is told, which tells the administrators, and whoever reads this what to do.
fn told(config: &Config, error: Error) -> Error {
    let folder = &config.storage.data_dir;
    let Some(fault) = error.damage() else {
        return opening::explain(folder, &config.backup_dir(), error);
    };
    if let Ok(Way::Server(stream)) = control::find_way(folder, || Ok(())) {
        // one that does not hear it finds out by itself
        drop(control::call(stream, &Command::Damaged(fault.to_owned())));
    }
    Error::internal(format!(
        "{} is damaged: {fault}. Nothing was written, and no older backup was removed. Stop the \
         server, and put the last backup in its place: dassie restore ARCHIVE --force",
        db::backup::path(folder).display()
    ))
}

/// The server, or its database, is told when the last one was made.
fn note(config: &Config, made: Made, object: bool) -> Result<()> {
    let folder = &config.storage.data_dir;
    match control::find_way(folder, || Ok(()))? {
        Way::Server(stream) => {
            let done = BackupDone { at: made.at, name: made.name, object };
            control::call(stream, &Command::BackupDone(done)).map(drop)
        }
        Way::Direct(lock) => {
            // not as a server would open it: that might upgrade it
            let noted = db::backup::note(folder, made.at, &made.name, object);
            drop(lock);
            noted
        }
    }
}
