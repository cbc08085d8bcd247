//! Languages that people write posts in, with their English names.

/// ISO 639 code and name, in the order of the codes.
#[rustfmt::skip] // several a line
pub const NAMES: &[(&str, &str)] = &[
    ("af", "Afrikaans"), ("am", "Amharic"), ("ar", "Arabic"), ("as", "Assamese"),
    ("ast", "Asturian"), ("az", "Azerbaijani"), ("be", "Belarusian"), ("bg", "Bulgarian"),
    ("bn", "Bengali"), ("bo", "Tibetan"), ("br", "Breton"), ("bs", "Bosnian"),
    ("ca", "Catalan"), ("ckb", "Sorani (Kurdish)"), ("co", "Corsican"), ("cs", "Czech"),
    ("cy", "Welsh"), ("da", "Danish"), ("de", "German"), ("el", "Greek"),
    ("en", "English"), ("eo", "Esperanto"), ("es", "Spanish"), ("et", "Estonian"),
    ("eu", "Basque"), ("fa", "Persian"), ("fi", "Finnish"), ("fo", "Faroese"),
    ("fr", "French"), ("fy", "Western Frisian"), ("ga", "Irish"), ("gd", "Scottish Gaelic"),
    ("gl", "Galician"), ("gu", "Gujarati"), ("ha", "Hausa"), ("he", "Hebrew"),
    ("hi", "Hindi"), ("hr", "Croatian"), ("hu", "Hungarian"), ("hy", "Armenian"),
    ("ia", "Interlingua"), ("id", "Indonesian"), ("ig", "Igbo"), ("is", "Icelandic"),
    ("it", "Italian"), ("ja", "Japanese"), ("jbo", "Lojban"), ("jv", "Javanese"),
    ("ka", "Georgian"), ("kab", "Kabyle"), ("kk", "Kazakh"), ("km", "Khmer"),
    ("kn", "Kannada"), ("ko", "Korean"), ("ku", "Kurmanji (Kurdish)"), ("ky", "Kyrgyz"),
    ("la", "Latin"), ("lb", "Luxembourgish"), ("lo", "Lao"), ("lt", "Lithuanian"),
    ("lv", "Latvian"), ("mi", "Māori"), ("mk", "Macedonian"), ("ml", "Malayalam"),
    ("mn", "Mongolian"), ("mr", "Marathi"), ("ms", "Malay"), ("mt", "Maltese"),
    ("my", "Burmese"), ("nb", "Norwegian Bokmål"), ("nds", "Low German"), ("ne", "Nepali"),
    ("nl", "Dutch"), ("nn", "Norwegian Nynorsk"), ("no", "Norwegian"), ("oc", "Occitan"),
    ("or", "Odia"), ("pa", "Punjabi"), ("pl", "Polish"), ("ps", "Pashto"),
    ("pt", "Portuguese"), ("qu", "Quechua"), ("rm", "Romansh"), ("ro", "Romanian"),
    ("ru", "Russian"), ("sa", "Sanskrit"), ("sc", "Sardinian"), ("sco", "Scots"),
    ("sd", "Sindhi"), ("se", "Northern Sami"), ("si", "Sinhala"), ("sk", "Slovak"),
    ("sl", "Slovenian"), ("sn", "Shona"), ("so", "Somali"), ("sq", "Albanian"),
    ("sr", "Serbian"), ("su", "Sundanese"), ("sv", "Swedish"), ("sw", "Swahili"),
    ("szl", "Silesian"), ("ta", "Tamil"), ("te", "Telugu"), ("tg", "Tajik"),
    ("th", "Thai"), ("ti", "Tigrinya"), ("tk", "Turkmen"), ("tl", "Tagalog"),
    ("tok", "Toki Pona"), ("tr", "Turkish"), ("tt", "Tatar"), ("ug", "Uyghur"),
    ("uk", "Ukrainian"), ("ur", "Urdu"), ("uz", "Uzbek"), ("vi", "Vietnamese"),
    ("xh", "Xhosa"), ("yi", "Yiddish"), ("yo", "Yoruba"), ("yue", "Cantonese"),
    ("zh", "Chinese"), ("zh-CN", "Chinese (China)"), ("zh-HK", "Chinese (Hong Kong)"), ("zh-TW", "Chinese (Taiwan)"),
    ("zu", "Zulu"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::language;

    #[test]
    fn each_code_is_one_that_a_status_can_have() {
        for (code, _) in NAMES {
            assert_eq!(language::normalize(code).as_deref(), Some(*code), "{code}");
        }
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0), "in order, each once");
    }
}
