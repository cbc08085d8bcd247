//! What a link leads to, as far as its page tells.

/// What kind of preview it is; stored as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum CardKind {
    #[default]
    Link = 0,
    Photo = 1,
    Video = 2,
    Rich = 3,
}

impl CardKind {
    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        match number {
            1 => Self::Photo,
            2 => Self::Video,
            3 => Self::Rich,
            _ => Self::Link,
        }
    }

    /// As the client API names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Photo => "photo",
            Self::Video => "video",
            Self::Rich => "rich",
        }
    }
}

/// What a page tells about itself. Texts are plain and short, addresses http or https; what is
/// not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// The page's own address: where it says that it lives, else where it was found.
    pub url: String,
    pub kind: CardKind,
    pub title: String,
    pub description: String,
    pub author_name: String,
    pub author_url: String,
    pub provider_name: String,
    pub provider_url: String,
    /// The frame of a player.
    pub html: String,
    pub width: i64,
    pub height: i64,
    /// Address of a picture, on whatever server.
    pub image: Option<String>,
    pub image_description: String,
    pub embed_url: String,
    pub language: Option<String>,
    pub published_at: Option<i64>,
}

/// A stored preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    pub id: i64,
    pub preview: Preview,
}
