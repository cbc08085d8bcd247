//! Files of elsewhere that lie here for a while.

use crate::crypto;

/// What a cached file is to what it belongs to; stored as its number, and a letter of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i64)]
pub enum CacheClass {
    /// What is attached to a status, as its server sends it.
    Original = 0,
    /// The smaller version of it: from its server, or made here.
    Preview = 1,
    Avatar = 2,
    /// Of an avatar that moves, made here.
    AvatarStill = 3,
    Header = 4,
    HeaderStill = 5,
    /// The picture of the page behind a link.
    Card = 6,
    Emoji = 7,
    EmojiStill = 8,
}

impl CacheClass {
    pub const ALL: [Self; 9] = [
        Self::Original,
        Self::Preview,
        Self::Avatar,
        Self::AvatarStill,
        Self::Header,
        Self::HeaderStill,
        Self::Card,
        Self::Emoji,
        Self::EmojiStill,
    ];

    /// From the stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|class| *class as i64 == number)
    }

    /// Its part of an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "o",
            Self::Preview => "p",
            Self::Avatar => "a",
            Self::AvatarStill => "as",
            Self::Header => "h",
            Self::HeaderStill => "hs",
            Self::Card => "c",
            Self::Emoji => "e",
            Self::EmojiStill => "es",
        }
    }

    /// From its part of an address.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// What a cached file is found by: nobody can guess it who was not told the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey(pub [u8; 16]);

impl CacheKey {
    /// From the 32 characters of [`CacheKey::hex`].
    pub fn parse(hex: &str) -> Option<Self> {
        let fits = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let number = u128::from_str_radix(hex, 16).ok().filter(|_| fits)?;
        Some(Self(number.to_be_bytes()))
    }

    /// As the beginning of a name, 32 characters.
    pub fn hex(&self) -> String {
        crypto::hex(&self.0)
    }
}

/// A file that is wholly here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedFile {
    pub key: CacheKey,
    pub class: CacheClass,
    /// The attachment, account or card that it belongs to; 0 for emojis.
    pub owner: i64,
    /// The server that it came from.
    pub host: String,
    pub extension: String,
    pub bytes: i64,
    /// It goes last: somebody here favourited or bookmarked what it belongs to.
    pub kept: bool,
    pub fetched_at: i64,
    pub viewed_at: i64,
}

impl CachedFile {
    /// Its name in the cache folder.
    pub fn name(&self) -> String {
        format!("{}.{}", self.key.hex(), self.extension)
    }
}
