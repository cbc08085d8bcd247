//! The custom emojis of this server: making them, and finding them in texts.

use std::collections::HashMap;

use crate::activity::build::EmojiDoc;
use crate::crypto;
use crate::db::{self, Conn, Tx};
use crate::error::{Error, Result};
use crate::media::Media;
use crate::media::image::{Order, Outcome, Purpose};
use crate::media::storage::Incoming;
use crate::model::{CustomEmoji, Emoji};
use crate::site::Site;
use crate::text::emoji;

/// How many there may be: clients read all of them at their start.
pub const MOST: i64 = 2000;
/// The largest side of a picture, in pixels.
const LARGEST_SIDE: u32 = 1024;
const LONGEST_CATEGORY: usize = 100;

/// Where the picture of an emoji is.
pub fn address(site: &Site, emoji: &CustomEmoji) -> String {
    let ending = emoji.media_type.rsplit('/').next().unwrap_or("png");
    format!("{}/emoji/{}.{ending}", site.base, emoji.key)
}

/// Where its picture is for those who want nothing to move.
pub fn static_address(site: &Site, emoji: &CustomEmoji) -> String {
    if emoji.moving {
        format!("{}/emoji/{}.static.png", site.base, emoji.key)
    } else {
        address(site, emoji)
    }
}

/// Where the stills are of emojis of this server with these names, by the addresses of what may move.
pub fn stills(conn: &Conn, site: &Site, names: &[String]) -> Result<HashMap<String, String>> {
    let found = db::emoji::list_named(conn, names)?;
    Ok(found.iter().map(|emoji| (address(site, emoji), static_address(site, emoji))).collect())
}

/// The emojis of this server that texts name as `:shortcode:`.
pub fn used<'a>(
    conn: &Conn,
    site: &Site,
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Emoji>> {
    let mut names: Vec<String> = Vec::new();
    for text in texts {
        for name in emoji::shortcodes(text) {
            if !names.iter().any(|have| have == name) {
                names.push(name.to_owned());
            }
        }
    }
    let found = db::emoji::list_named(conn, &names)?;
    // names differ by case: what is written is looked for as it is written
    Ok(found
        .iter()
        .filter(|emoji| names.contains(&emoji.shortcode))
        .map(|emoji| Emoji {
            shortcode: emoji.shortcode.clone(),
            static_url: static_address(site, emoji),
            url: address(site, emoji),
        })
        .collect())
}

/// The same for ActivityPub (F-030).
pub fn documents(conn: &Conn, site: &Site, emojis: &[Emoji]) -> Result<Vec<EmojiDoc>> {
    let names: Vec<String> = emojis.iter().map(|emoji| emoji.shortcode.clone()).collect();
    let stored = db::emoji::list_named(conn, &names)?;
    Ok(emojis
        .iter()
        .map(|emoji| {
            let row = stored.iter().find(|row| row.shortcode == emoji.shortcode);
            let ending = emoji.url.rsplit('.').next().unwrap_or("png");
            EmojiDoc {
                id: format!("{}/emojis/{}", site.base, emoji.shortcode),
                shortcode: emoji.shortcode.clone(),
                url: emoji.url.clone(),
                media_type: format!("image/{ending}"),
                updated_ms: row.map_or(0, |row| row.updated_at),
            }
        })
        .collect())
}

/// The one of this name, if it may be used: what is at the id that [`documents`] tell (F-244).
pub fn document(conn: &Conn, site: &Site, shortcode: &str) -> Result<Option<EmojiDoc>> {
    let found = db::emoji::list_named(conn, &[shortcode.to_owned()])?;
    let Some(row) = found.into_iter().find(|row| row.shortcode == shortcode) else {
        return Ok(None);
    };
    let url = address(site, &row);
    let one = Emoji { shortcode: row.shortcode, static_url: url.clone(), url };
    Ok(documents(conn, site, &[one])?.pop())
}

/// What a new or changed emoji shall be; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub shortcode: Option<String>,
    pub category: Option<String>,
    pub image: Option<Picture>,
    pub visible: Option<bool>,
    pub disabled: Option<bool>,
}

/// Makes an emoji.
///
/// # Errors
/// 422 for a name that is none or one too many; 409 when the name is taken.
pub fn create(tx: &Tx<'_>, change: Change) -> Result<CustomEmoji> {
    let shortcode = change
        .shortcode
        .as_deref()
        .ok_or_else(|| Error::invalid("Validation failed: Shortcode can't be blank"))?;
    let image =
        change.image.ok_or_else(|| Error::invalid("Validation failed: Image can't be blank"))?;
    let shortcode = check_name(shortcode)?;
    if db::emoji::count(tx)? >= MOST {
        return Err(Error::invalid(format!("Validation failed: there are {MOST} emojis already")));
    }
    if db::emoji::find_by_shortcode(tx, &shortcode)?.is_some() {
        return Err(Error::Conflict("Validation failed: Shortcode has already been taken".into()));
    }
    let emoji = CustomEmoji {
        id: 0,
        shortcode,
        category: category(change.category)?,
        key: crypto::code128(),
        media_type: image.media_type.clone(),
        moving: image.still.is_some(),
        visible: change.visible.unwrap_or(true),
        disabled: false,
        updated_at: tx.now(),
    };
    let id = db::emoji::insert(tx, &emoji, &image.bytes, image.still.as_deref())?;
    db::emoji::get(tx, id)
}

/// Changes an emoji. A new picture has a new address; texts that were written before keep what
/// they show.
///
/// # Errors
/// 404 without it, 422 and 409 as for a new one.
pub fn update(tx: &Tx<'_>, id: i64, change: Change) -> Result<CustomEmoji> {
    let mut emoji = db::emoji::get(tx, id)?;
    if let Some(name) = &change.shortcode {
        let name = check_name(name)?;
        if db::emoji::find_by_shortcode(tx, &name)?.is_some_and(|other| other.id != id) {
            return Err(Error::Conflict(
                "Validation failed: Shortcode has already been taken".into(),
            ));
        }
        emoji.shortcode = name;
    }
    if change.category.is_some() {
        emoji.category = category(change.category)?;
    }
    emoji.visible = change.visible.unwrap_or(emoji.visible);
    emoji.disabled = change.disabled.unwrap_or(emoji.disabled);
    db::emoji::update(tx, &emoji)?;
    if let Some(image) = &change.image {
        let (key, still) = (crypto::code128(), image.still.as_deref());
        db::emoji::set_image(tx, id, &key, &image.media_type, &image.bytes, still)?;
    }
    db::emoji::get(tx, id)
}

/// The name as it is kept.
///
/// # Errors
/// 422 for what cannot be written between colons.
pub fn check_name(name: &str) -> Result<String> {
    let name = name.trim().trim_matches(':');
    let fits = (2..=emoji::LONGEST_SHORTCODE).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fits {
        Ok(name.to_owned())
    } else {
        Err(Error::invalid(format!(
            "Validation failed: Shortcode must have 2 to {} letters, digits and underscores",
            emoji::LONGEST_SHORTCODE
        )))
    }
}

fn category(text: Option<String>) -> Result<Option<String>> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if text.as_ref().is_some_and(|text| {
        text.chars().count() > LONGEST_CATEGORY || text.chars().any(char::is_control)
    }) {
        return Err(Error::invalid(format!(
            "Validation failed: Category is too long (maximum is {LONGEST_CATEGORY} characters)"
        )));
    }
    Ok(text)
}

/// A picture that an emoji may have, with nothing else that was in its file.
#[derive(Clone, Debug)]
pub struct Picture {
    media_type: String,
    bytes: Vec<u8>,
    /// PNG, of one that moves.
    still: Option<Vec<u8>>,
}

impl Picture {
    /// From a file, whose type is known by its own first bytes, whatever was said of it (S-059).
    /// Every frame is decoded, in a process of its own (S-116). Slow: for the lane that decodes.
    ///
    /// # Errors
    /// 422 for what is none, or too large.
    pub fn decode(media: &Media, file: Incoming, most: usize) -> Result<Self> {
        if file.bytes > most as u64 {
            return Err(too_large(most));
        }
        check_head(&file.read()?)?;
        let key = file.keep()?;
        let input = media.storage.temporary(&key);
        let max_pixels = u64::from(LARGEST_SIDE) * u64::from(LARGEST_SIDE);
        let order = Order { output: input.clone(), input, purpose: Purpose::Emoji, max_pixels };
        let made = media.decode(&order).and_then(|outcome| read_made(&order, outcome, most));
        for left in [order.full(), order.small()] {
            let _ = std::fs::remove_file(left);
        }
        let _ = media.storage.remove_temporary(&key);
        made
    }

    /// The same, from bytes that are in memory.
    pub fn from_bytes(media: &Media, bytes: &[u8], most: usize) -> Result<Self> {
        if bytes.len() > most {
            return Err(too_large(most));
        }
        let mut file = media.storage.begin()?;
        file.write(bytes)?;
        Self::decode(media, file, most)
    }

    /// The still version, if it moves.
    pub fn into_still(self) -> Option<Vec<u8>> {
        self.still
    }
}

/// Refuses at once what needs no process to be seen.
fn check_head(file: &[u8]) -> Result<()> {
    let side = 1..=LARGEST_SIDE;
    match emoji::picture(file) {
        Some((_, width, height)) if side.contains(&width) && side.contains(&height) => Ok(()),
        Some(_) => Err(Error::invalid(format!(
            "Validation failed: Image must have 1 to {LARGEST_SIDE} pixels on each side"
        ))),
        None => Err(Error::invalid("Validation failed: Image must be a PNG, GIF or WebP picture")),
    }
}

fn read_made(order: &Order, outcome: Outcome, most: usize) -> Result<Picture> {
    let made = match outcome {
        Outcome::Made(made) => made,
        Outcome::Refused(sentence) | Outcome::Converter { sentence, .. } => {
            return Err(Error::invalid(format!("Validation failed: Image: {sentence}")));
        }
    };
    if made.full.bytes > most as u64 {
        return Err(too_large(most));
    }
    let read = |path: std::path::PathBuf| std::fs::read(path).map_err(Error::internal);
    Ok(Picture {
        media_type: made.full.media_type,
        bytes: read(order.full())?,
        still: made.small.map(|_| read(order.small())).transpose()?,
    })
}

/// 422 for a file that is larger than pictures of emojis may be.
pub fn too_large(most: usize) -> Error {
    Error::invalid(format!("Validation failed: Image is too large (maximum is {most} bytes)"))
}
