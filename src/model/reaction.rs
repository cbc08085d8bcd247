//! An emoji under a status.

/// A reaction as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    pub id: i64,
    pub status_id: i64,
    pub account_id: i64,
    /// A Unicode emoji, the `shortcode` of one of this server's, or `shortcode@host`.
    pub name: String,
    /// The picture of a custom one.
    pub url: Option<String>,
    /// The activity's id.
    pub uri: Option<String>,
    /// The activity is a Like with content, not an EmojiReact.
    pub is_like: bool,
}

impl Reaction {
    /// As it stands in an activity: custom emojis between colons, without their home.
    pub fn content(&self) -> String {
        if self.is_custom() { format!(":{}:", self.shortcode()) } else { self.name.clone() }
    }

    /// Whether it is a picture and no character.
    pub fn is_custom(&self) -> bool {
        self.name.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'))
            && !self.name.contains('\u{20E3}')
    }

    /// The name without the home.
    pub fn shortcode(&self) -> &str {
        self.name.split('@').next().unwrap_or(&self.name)
    }
}

/// How many reacted to a status by one name, as one account sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionCount {
    pub status_id: i64,
    pub name: String,
    pub url: Option<String>,
    pub count: i64,
    /// The account is among them.
    pub me: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_an_activity() {
        let of = |name: &str| Reaction { name: name.into(), ..Reaction::default() }.content();
        assert_eq!(of("🧡"), "🧡");
        assert_eq!(of("hug"), ":hug:");
        assert_eq!(of("hug@other.example"), ":hug:");
        assert_eq!(of("1\u{FE0F}\u{20E3}"), "1\u{FE0F}\u{20E3}");
    }
}
