//! Emojis by command: lists, whole packs of them, and those of other servers. What comes in parts
//! is skipped where it is here already, so that a command that was cut off is typed again.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Reply;
use crate::app::App;
use crate::db::{self, Lane};
use crate::error::{Error, Result};
use crate::lookup::emojis;
use crate::service::emoji::{self, Change, Picture};

/// What an operator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmojiCommand {
    List,
    Add {
        emojis: Vec<NewEmoji>,
        overwrite: bool,
        dry_run: bool,
    },
    Remove {
        shortcode: String,
    },
    /// The pictures of these.
    Get {
        shortcodes: Vec<String>,
    },
    /// What another server has.
    Remote {
        instance: String,
    },
    /// The same as to add them, from another server.
    Copy {
        emojis: Vec<RemoteEmoji>,
        overwrite: bool,
        dry_run: bool,
    },
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmojiReply {
    List(Vec<EmojiLine>),
    /// Of each, in their order.
    Done(Vec<EmojiDone>),
    Files(Vec<EmojiFile>),
    Remote(Vec<RemoteEmoji>),
}

/// An emoji to make; the picture in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewEmoji {
    pub shortcode: String,
    pub category: Option<String>,
    pub image: String,
}

impl NewEmoji {
    /// Of a picture's bytes.
    pub fn new(shortcode: String, category: Option<String>, image: &[u8]) -> Self {
        Self { shortcode, category, image: STANDARD.encode(image) }
    }
}

impl std::fmt::Debug for NewEmoji {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewEmoji({})", self.shortcode)
    }
}

/// An emoji of another server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteEmoji {
    pub shortcode: String,
    pub category: Option<String>,
    pub url: String,
}

/// What became of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmojiDone {
    pub shortcode: String,
    pub outcome: EmojiOutcome,
}

/// Added, changed, or left out with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmojiOutcome {
    Added,
    Changed,
    Skipped(String),
}

/// An emoji of this server, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmojiLine {
    pub shortcode: String,
    pub category: Option<String>,
    pub media_type: String,
    pub moving: bool,
    pub visible: bool,
    pub disabled: bool,
}

/// One with its picture in base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmojiFile {
    pub shortcode: String,
    pub category: Option<String>,
    pub media_type: String,
    pub image: String,
}

impl std::fmt::Debug for EmojiFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EmojiFile({})", self.shortcode)
    }
}

impl EmojiFile {
    /// The picture.
    ///
    /// # Errors
    /// When the server sent nonsense.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        STANDARD.decode(&self.image).map_err(Error::internal)
    }
}

pub(super) fn run(app: &App, command: EmojiCommand) -> Result<Reply> {
    let reply = match command {
        EmojiCommand::List => EmojiReply::List(list(app)?),
        EmojiCommand::Add { emojis, overwrite, dry_run } => {
            let how = How { overwrite, dry_run };
            let each = emojis.into_iter().map(|one| {
                let image = STANDARD.decode(&one.image).map_err(|_| bad_picture());
                store(app, one.shortcode, one.category, how, || image)
            });
            EmojiReply::Done(each.collect::<Result<_>>()?)
        }
        EmojiCommand::Remove { shortcode } => EmojiReply::Done(vec![remove(app, &shortcode)?]),
        EmojiCommand::Get { shortcodes } => EmojiReply::Files(files(app, &shortcodes)?),
        EmojiCommand::Remote { instance } => EmojiReply::Remote(
            emojis::list(app, &instance)?
                .into_iter()
                .map(|one| RemoteEmoji {
                    shortcode: one.shortcode,
                    category: one.category,
                    url: one.url,
                })
                .collect(),
        ),
        EmojiCommand::Copy { emojis, overwrite, dry_run } => {
            let how = How { overwrite, dry_run };
            let most = app.config.limits.max_emoji_bytes;
            let each = emojis.into_iter().map(|one| {
                let url = one.url;
                store(app, one.shortcode, one.category, how, || emojis::picture(app, &url, most))
            });
            EmojiReply::Done(each.collect::<Result<_>>()?)
        }
    };
    Ok(Reply::Emoji(reply))
}

fn bad_picture() -> Error {
    Error::invalid("the picture was cut off")
}

fn list(app: &App) -> Result<Vec<EmojiLine>> {
    let found = app.db.read(db::emoji::list)?;
    Ok(found
        .into_iter()
        .map(|one| EmojiLine {
            shortcode: one.shortcode,
            category: one.category,
            media_type: one.media_type,
            moving: one.moving,
            visible: one.visible,
            disabled: one.disabled,
        })
        .collect())
}

#[derive(Clone, Copy)]
struct How {
    overwrite: bool,
    dry_run: bool,
}

/// Makes one, or says why not. What is wrong with one picture does not keep the others out.
fn store(
    app: &App,
    shortcode: String,
    category: Option<String>,
    how: How,
    image: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<EmojiDone> {
    let outcome =
        try_store(app, &shortcode, category, how, image).or_else(|error| match error {
            Error::Invalid(_) | Error::Conflict(_) | Error::Remote(_) => {
                let why = error.to_string();
                let why = why.strip_prefix("Validation failed: ").unwrap_or(&why);
                Ok(EmojiOutcome::Skipped(why.to_owned()))
            }
            error => Err(error),
        })?;
    let shortcode = shortcode.trim().trim_matches(':').to_owned();
    Ok(EmojiDone { shortcode, outcome })
}

fn try_store(
    app: &App,
    shortcode: &str,
    category: Option<String>,
    how: How,
    image: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<EmojiOutcome> {
    let name = emoji::check_name(shortcode)?;
    let known = app.db.read(|conn| db::emoji::find_by_shortcode(conn, &name))?;
    if known.is_some() && !how.overwrite {
        return Ok(EmojiOutcome::Skipped("it is here already".to_owned()));
    }
    let (this, image, most) = (app.clone(), image()?, app.config.limits.max_emoji_bytes);
    // one after the other with what is uploaded meanwhile
    let decoded = app.lanes.decode.run(move || Picture::from_bytes(&this.media, &image, most))?;
    let image = decoded.blocking_recv().map_err(|_| Error::internal("decoding was cut off"))??;
    let outcome = if known.is_some() { EmojiOutcome::Changed } else { EmojiOutcome::Added };
    if how.dry_run {
        return Ok(outcome);
    }
    let change =
        Change { shortcode: Some(name), category, image: Some(image), ..Change::default() };
    let write = app.db.write(Lane::Interactive, move |tx| match known {
        Some(known) => emoji::update(tx, known.id, change),
        None => emoji::create(tx, change),
    });
    write.wait()?;
    Ok(outcome)
}

fn remove(app: &App, shortcode: &str) -> Result<EmojiDone> {
    let name = emoji::check_name(shortcode)?;
    let (of, missing) = (name.clone(), format!("there is no emoji {name}"));
    let write = app.db.write(Lane::Interactive, move |tx| {
        let found = db::emoji::find_by_shortcode(tx, &of)?;
        let found = found.ok_or_else(|| Error::invalid(missing))?;
        db::emoji::delete(tx, found.id)
    });
    write.wait()?;
    Ok(EmojiDone { shortcode: name, outcome: EmojiOutcome::Changed })
}

fn files(app: &App, shortcodes: &[String]) -> Result<Vec<EmojiFile>> {
    app.db.read(|conn| {
        let mut files = Vec::new();
        for shortcode in shortcodes {
            let Some(one) = db::emoji::find_by_shortcode(conn, shortcode)? else { continue };
            let Some((media_type, image)) = db::emoji::find_image(conn, &one.key)? else {
                continue;
            };
            files.push(EmojiFile {
                shortcode: one.shortcode,
                category: one.category,
                media_type,
                image: STANDARD.encode(image),
            });
        }
        Ok(files)
    })
}
