//! Texts in another language.

use std::collections::BTreeMap;

/// What a translation service made of some texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// In the order they were sent; HTML.
    pub texts: Vec<String>,
    /// The language that they were in.
    pub source: String,
}

/// From which languages a service translates into which others.
pub type LanguagePairs = BTreeMap<String, Vec<String>>;
