//! `dassie restore`: with no server running, and by itself, since there is no database yet.

use std::path::PathBuf;

use clap::Args;

use super::delivery::count;
use super::output::{self, Progress};
use super::reach::{self, Place};
use super::{ask, in_bucket, process};
use crate::clock::Clock;
use crate::config::{self, Size};
use crate::control::{self, Way};
use crate::error::{Error, Result};
use crate::media::archive;
use crate::service::restore::{self, Order, Restored};

/// The variable that has the passphrase where there are no settings yet.
const PASSPHRASE: &str = "DASSIE_BACKUP_PASSPHRASE";

/// What stays free where an archive is fetched.
const SPARE: Size = Size(1 << 20);

/// What to restore, and where to.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// The archive that `dassie backup` wrote; s3:NAME is one in the bucket of the settings
    archive: PathBuf,
    /// The data folder; without it storage.data_dir of the settings
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// Put aside what is there
    #[arg(long)]
    force: bool,
    /// Send what was waiting to be sent when the backup was made, though it may have been sent since
    #[arg(long)]
    send_waiting: bool,
}

/// Restores and says what comes next.
pub(super) fn run(place: &Place, options: Options) -> Result<()> {
    let config = match &options.into {
        None => Some(place.load_for_command().map_err(|e| {
            Error::internal(format!("{e}\nOr name the data folder with --into FOLDER"))
        })?),
        // those that are there must fit
        Some(_) if place.file().is_some() => Some(place.load_for_command()?),
        Some(_) => None,
    };
    let data_dir = config.as_ref().map(|config| config.storage.data_dir.clone());
    let into = options.into.or(data_dir).unwrap_or_default();
    let set = config.as_ref().map(|config| config.backup.passphrase.reveal().to_owned());
    let wanted = in_bucket::name(&options.archive);
    if wanted.is_none() {
        // a name that is mistyped makes no folder
        archive::is_encrypted(&options.archive)?;
    }
    let lock = match control::find_way(&into, || reach::refuse_others(&into))? {
        Way::Direct(lock) => lock,
        Way::Server(_) => {
            return Err(Error::invalid(format!(
                "a server is running on {}. Stop it first",
                into.display()
            )));
        }
    };
    let fetched = match (wanted, &config) {
        (None, _) => None,
        (Some(name), Some(config)) => Some(in_bucket::fetch(config, name, &into, SPARE)?),
        (Some(_), None) => {
            return Err(Error::invalid("name the settings that have [s3] with --config"));
        }
    };
    let archive = fetched.as_ref().map_or(&options.archive, |fetched| &fetched.path);
    let passphrase = match archive::is_encrypted(archive)? {
        false => None,
        true => {
            let in_environment =
                || config::environment().find(|(name, _)| name == PASSPHRASE).map(|(_, text)| text);
            match set.filter(|text| !text.is_empty()).or_else(in_environment) {
                Some(text) => Some(text),
                None => Some(ask::passphrase(false)?),
            }
        }
    };
    let order = Order {
        archive,
        passphrase: passphrase.as_deref(),
        into: &into,
        force: options.force,
        host: config.as_ref().map(|config| config.server.host.as_str()),
        keep_waiting: options.send_waiting,
        now: Clock::system().now_ms(),
    };
    process::catch_interrupt();
    let mut progress = Progress::new();
    let restored = restore::restore(&order, &mut |done, all| {
        progress.bytes(done, all, " read; the database is looked through at the end");
        match process::was_interrupted() {
            true => Err(Error::invalid("stopped, and nothing was changed")),
            false => Ok(()),
        }
    });
    progress.clear();
    let restored = restored?;
    drop(lock);
    output::print(&render(&order, &restored))
}

fn render(order: &Order<'_>, restored: &Restored) -> String {
    let Restored { manifest, settled, uploads, settings, aside } = restored;
    let number = |n: i64| usize::try_from(n).unwrap_or(0);
    let mut text = format!(
        "Restored {} as it was at {} into {}\n",
        manifest.host,
        manifest.made,
        order.into.display()
    );
    text += &match manifest.uploads {
        true => format!("With {}\n", count(usize::try_from(*uploads).unwrap_or(0), "upload")),
        false => "Uploads are not in the archive: put your copy of the folder media there\n".into(),
    };
    if let Some(aside) = aside {
        text += &format!("What was there before is in {}\n", aside.display());
    }
    if settled.deliveries > 0 {
        let deliveries = count(number(settled.deliveries), "delivery row");
        text += &format!("Not sent again, since they may have been sent: {deliveries}\n");
    }
    if settled.scheduled > 0 {
        let posts = count(number(settled.scheduled), "scheduled post");
        text += &format!("Left to their authors, since they may be out already: {posts}\n");
    }
    if let Some(settings) = settings {
        text += &format!(
            "The settings of then are in {}: move them to where the server reads them\n",
            settings.display()
        );
    }
    text
}
