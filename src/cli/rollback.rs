//! `dassie rollback`: the database of before the last upgrade, for the program of before.

use clap::Args;

use super::reach::{self, Place};
use super::{ask, output};
use crate::clock::Clock;
use crate::control::{self, Way};
use crate::db::upgrade;
use crate::error::{Error, Result};
use crate::service::backup::stamp;

/// How.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Puts it back and says what comes next.
pub(super) fn run(place: &Place, options: &Options) -> Result<()> {
    let config = place.load_for_command()?;
    let folder = &config.storage.data_dir;
    reach::refuse_others(folder)?;
    let Some(copy) = upgrade::list(folder).pop() else {
        return Err(Error::invalid(format!(
            "{} has no copy of before an upgrade. A backup may have what you look for: see dassie \
             restore",
            folder.display()
        )));
    };
    let lock = match control::find_way(folder, || Ok(()))? {
        Way::Direct(lock) => lock,
        Way::Server(_) => {
            return Err(Error::invalid("the server is running. Stop it first"));
        }
    };
    if !options.yes {
        let question = format!(
            "The database goes back to {} (version {}). Whatever was posted, received or changed \
             here since then is lost.",
            copy.made, copy.schema
        );
        ask::confirm(&question, "back")?;
    }
    let now = Clock::system().now_ms();
    let aside = upgrade::put_back(folder, &copy, now, &stamp(now))?;
    drop(lock);
    output::print(&format!(
        "The database is of {} (version {}) again; the newer one is {}\n\
         Start the program of before now: this one would upgrade it once more\n",
        copy.made,
        copy.schema,
        aside.display()
    ))
}
