//! `dassie emoji`: the custom emojis of this server, one by one and by the pack.

use std::path::PathBuf;

use clap::Subcommand;

use super::emoji_pack::{self, Import};
use super::reach::Place;
use super::{output, table};
use crate::control::{
    Command, EmojiCommand, EmojiDone, EmojiLine, EmojiOutcome, EmojiReply, NewEmoji, Reply,
};
use crate::error::{Error, Result};

/// What can be done with emojis.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// List the emojis of this server
    List,
    /// Add one from a PNG, GIF or WebP picture
    Add {
        /// What is written between colons: letters, digits and underscores
        shortcode: String,
        /// The picture
        file: PathBuf,
        /// Where pickers show it
        #[arg(long, value_name = "NAME")]
        category: Option<String>,
        /// Replace the one that has this name
        #[arg(long)]
        overwrite: bool,
    },
    /// Remove one; texts that show it lose its picture
    Remove { shortcode: String },
    /// Take in a pack (zip, tar.gz or folder) or the emojis of another server
    Import(Import),
    /// Write all of them to a zip archive that import and other servers read
    Export {
        /// Where to write it
        file: PathBuf,
    },
    /// Copy one from another server: shortcode@instance.example
    Copy {
        /// Its name and its server
        #[arg(value_name = "SHORTCODE@INSTANCE")]
        emoji: String,
        /// What it is called here; as there without it
        #[arg(long = "as", value_name = "SHORTCODE")]
        name: Option<String>,
        /// Where pickers show it
        #[arg(long, value_name = "NAME")]
        category: Option<String>,
        /// Replace the one that has this name
        #[arg(long)]
        overwrite: bool,
    },
}

/// Has it done and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    match action {
        Action::List => match execute(place, EmojiCommand::List)? {
            EmojiReply::List(lines) => output::print(&render(&lines)),
            _ => nonsense(),
        },
        Action::Add { shortcode, file, category, overwrite } => {
            let bytes = emoji_pack::read_picture(&file)?;
            let emojis = vec![NewEmoji::new(shortcode, category, &bytes)];
            one(place, EmojiCommand::Add { emojis, overwrite, dry_run: false })
        }
        Action::Remove { shortcode } => match execute(place, EmojiCommand::Remove { shortcode })? {
            EmojiReply::Done(done) => {
                let text: String =
                    done.iter().map(|one| format!("Removed :{}:\n", one.shortcode)).collect();
                output::print(&text)
            }
            _ => nonsense(),
        },
        Action::Import(options) => emoji_pack::import(place, options),
        Action::Export { file } => emoji_pack::export(place, &file),
        Action::Copy { emoji, name, category, overwrite } => {
            let parts = emoji.trim_matches(':').split_once('@');
            let Some((shortcode, instance)) = parts else {
                return Err(Error::invalid("it must be written as shortcode@instance.example"));
            };
            let shortcode = shortcode.trim_matches(':');
            let there = emoji_pack::remote(place, instance)?;
            let found = there.into_iter().find(|one| one.shortcode == shortcode);
            let Some(mut found) = found else {
                return Err(Error::invalid(format!("{instance} has no emoji {shortcode}")));
            };
            found.shortcode = name.unwrap_or(found.shortcode);
            found.category = category.or(found.category);
            let emojis = vec![found];
            one(place, EmojiCommand::Copy { emojis, overwrite, dry_run: false })
        }
    }
}

/// Has a command executed.
pub(super) fn execute(place: &Place, command: EmojiCommand) -> Result<EmojiReply> {
    match place.execute(Command::Emoji(command))? {
        Reply::Emoji(reply) => Ok(reply),
        reply => match output::unexpected(&reply) {
            Err(error) => Err(error),
            Ok(()) => nonsense(),
        },
    }
}

pub(super) fn nonsense<T>() -> Result<T> {
    Err(Error::internal("the running server answered something else. Restart it after an upgrade."))
}

/// A command about one: what became of it, and a failure where it was left out.
fn one(place: &Place, command: EmojiCommand) -> Result<()> {
    let EmojiReply::Done(done) = execute(place, command)? else { return nonsense() };
    for EmojiDone { shortcode, outcome } in done {
        let said = match outcome {
            EmojiOutcome::Added => "Added",
            EmojiOutcome::Changed => "Changed",
            EmojiOutcome::Skipped(why) => {
                return Err(Error::invalid(format!(":{shortcode}: was not added: {why}")));
            }
        };
        output::print(&format!("{said} :{}:\n", output::printable(&shortcode)))?;
    }
    Ok(())
}

fn render(lines: &[EmojiLine]) -> String {
    if lines.is_empty() {
        return "There is no emoji. Add one with: dassie emoji add SHORTCODE FILE\n".to_owned();
    }
    let rows: Vec<_> = lines
        .iter()
        .map(|one| {
            let state = match (one.disabled, one.visible) {
                (true, _) => "off",
                (false, false) => "not in pickers",
                (false, true) => "",
            };
            [
                one.shortcode.clone(),
                one.category.clone().unwrap_or_default(),
                one.media_type.clone(),
                if one.moving { "yes" } else { "" }.to_owned(),
                state.to_owned(),
            ]
        })
        .collect();
    table::render(["SHORTCODE", "CATEGORY", "TYPE", "MOVES", "STATE"], &rows)
}
