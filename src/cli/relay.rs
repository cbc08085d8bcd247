//! `dassie relay`: servers that pass on the public posts of many others.

use clap::{Args, Subcommand};

use super::reach::Place;
use super::{output, table};
use crate::clock;
use crate::control::{Command, RelayChange, RelayLine, Reply};
use crate::error::Result;

/// What can be done with relays.
#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Subscribe to a relay; what it brings shows in the federated timeline
    Add {
        /// The address of its inbox (https://…/inbox) or of its actor (https://…/actor)
        address: String,
        /// mastodon or litepub, where the address does not tell
        #[arg(long, value_name = "STYLE")]
        style: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// List the relays, what they brought and what that cost
    List,
    /// Change what is taken from a relay and given to it
    Set {
        /// Its number, address or host
        relay: String,
        #[command(flatten)]
        change: Change,
    },
    /// Leave a relay
    Remove {
        /// Its number, address or host
        relay: String,
    },
}

/// What can be set.
#[derive(Debug, Args)]
pub(super) struct Change {
    /// Fetch at most so many posts a minute: 120, or 120/min
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<u32>,
    /// Take only these languages, such as zh,en; und is what is in none that can be told; "" all
    #[arg(long, value_name = "CODES")]
    languages: Option<String>,
    /// Take posts by their attachments: any, only those with, or none
    #[arg(long, value_name = "WHICH")]
    media: Option<String>,
    /// Take only posts without attachments, as --media none does
    #[arg(long, conflicts_with = "media")]
    no_media: bool,
    /// Take posts with warnings and sensitive attachments
    #[arg(long, value_name = "BOOL")]
    sensitive: Option<bool>,
    /// Take only posts with one of these hashtags, such as rust,linux; "" all
    #[arg(long, value_name = "TAGS")]
    tags: Option<String>,
    /// Take answers to posts that are not here
    #[arg(long, value_name = "BOOL")]
    replies: Option<bool>,
    /// Remove its posts after so many days; 0: as the settings file says
    #[arg(long, value_name = "N")]
    days: Option<u32>,
    /// Send it the public posts of this server
    #[arg(long, value_name = "BOOL")]
    send: Option<bool>,
}

fn rate(text: &str) -> std::result::Result<u32, String> {
    let number = text.strip_suffix("/min").unwrap_or(text);
    number.parse().map_err(|_| "must be a number, such as 120 or 120/min".to_owned())
}

impl From<Change> for RelayChange {
    fn from(change: Change) -> Self {
        let words = |list: Option<String>| {
            list.map(|list| {
                list.split(',')
                    .map(str::trim)
                    .filter(|w| !w.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
        };
        Self {
            sends: change.send,
            rate: change.rate,
            languages: words(change.languages),
            media: change.no_media.then(|| "none".to_owned()).or(change.media),
            sensitive: change.sensitive,
            tags: words(change.tags),
            replies: change.replies,
            days: change.days,
        }
    }
}

/// Has it done and prints what came of it.
pub(super) fn run(place: &Place, action: Action) -> Result<()> {
    let (command, said) = match action {
        Action::Add { address, style, change } => {
            (Command::RelayAdd { address, style, change: change.into() }, Some("Asked"))
        }
        Action::List => (Command::RelayList, None),
        Action::Set { relay, change } => {
            (Command::RelaySet { relay, change: change.into() }, Some("Changed"))
        }
        Action::Remove { relay } => (Command::RelayRemove { relay }, Some("Left")),
    };
    match (place.execute(command)?, said) {
        (Reply::Relays(list), Some(said)) => {
            let text: String = list
                .iter()
                .map(|one| {
                    let actor = output::printable(&one.actor);
                    format!("{said} {actor} ({}, {})\n", one.style, settings(one))
                })
                .collect();
            output::print(&text)
        }
        (Reply::Relays(list), None) => output::print(&render(&list)),
        (reply, _) => output::unexpected(&reply),
    }
}

/// What is taken and given, in a few words.
fn settings(one: &RelayLine) -> String {
    let filter = &one.filter;
    let mut words = vec![format!("{}/min", filter.rate)];
    if !filter.languages.is_empty() {
        words.push(filter.languages.join("+"));
    }
    if !filter.tags.is_empty() {
        words.push(filter.tags.iter().map(|tag| format!("#{tag}")).collect());
    }
    match filter.media.as_str() {
        "any" => {}
        media => words.push(format!("media {media}")),
    }
    if !filter.sensitive {
        words.push("nothing sensitive".to_owned());
    }
    if filter.replies {
        words.push("replies".to_owned());
    }
    if let Some(days) = filter.days {
        words.push(format!("{days} days"));
    }
    if !one.sends {
        words.push("gets nothing".to_owned());
    }
    words.join(", ")
}

/// The table of relays. CPU is for each status that was taken.
pub(super) fn render(list: &[RelayLine]) -> String {
    if list.is_empty() {
        return "There is no relay. Subscribe to one with: dassie relay add https://…/inbox\n"
            .to_owned();
    }
    let rows: Vec<_> = list
        .iter()
        .map(|one| {
            let counts = &one.counts;
            let seconds = counts.cpu_us as f64 / 1_000_000.0;
            [
                one.id.to_string(),
                one.actor.clone(),
                one.style.clone(),
                one.state.clone(),
                counts.received.to_string(),
                counts.taken.to_string(),
                counts.known.to_string(),
                counts.filtered.to_string(),
                counts.over_budget.to_string(),
                counts.failed.to_string(),
                one.waiting.to_string(),
                counts.fetches.to_string(),
                format!("{:.1} MB", counts.bytes as f64 / 1_000_000.0),
                format!("{seconds:.1} s"),
                one.last_seen_at.map_or_else(|| "never".to_owned(), clock::date),
                settings(one),
            ]
        })
        .collect();
    table::render(
        [
            "NR", "ACTOR", "STYLE", "STATE", "GOT", "TAKEN", "KNOWN", "FILTERED", "OVER", "FAILED",
            "WAIT", "FETCHES", "BYTES", "CPU", "SEEN", "SETTINGS",
        ],
        &rows,
    )
}
