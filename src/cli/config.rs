//! `dassie config`: what the configuration comes to. Touches no database.

use clap::Subcommand;

use super::output;
use super::reach::Place;
use crate::config::Mode;
use crate::error::Result;
use crate::tls;

/// What can be done with the configuration.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Say ok, or what is wrong and where
    Check {
        /// By the rules of serve --dev
        #[arg(long)]
        dev: bool,
    },
    /// Print each setting with where it comes from
    Show {
        /// By the rules of serve --dev
        #[arg(long)]
        dev: bool,
    },
}

/// Loads the configuration; its faults are the error.
pub(super) fn run(place: &Place, action: &Action) -> Result<()> {
    let mode = |dev| if dev { Mode::Dev } else { Mode::Real };
    match *action {
        Action::Check { dev } => {
            let config = place.load(mode(dev))?;
            // its files fit together
            tls::Tls::open(&config)?;
            output::print("ok\n")
        }
        Action::Show { dev } => output::print(&place.load(mode(dev))?.show()),
    }
}
