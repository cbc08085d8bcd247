//! How a person writes.

/// The languages of a text; stored as their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(i64)]
pub enum ContentType {
    #[default]
    Plain = 0,
    Markdown = 1,
}

impl ContentType {
    /// All of them, as clients are told.
    pub const ALL: &[Self] = &[Self::Plain, Self::Markdown];

    /// The media type.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Markdown => "text/markdown",
        }
    }

    /// Reads the media type.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// From the stored number.
    pub fn from_number(number: i64) -> Self {
        if number == 1 { Self::Markdown } else { Self::Plain }
    }
}
