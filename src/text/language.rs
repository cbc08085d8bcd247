//! Language tags: checking those of others, guessing where none is given.

use super::entity::{EntityKind, scan};

/// Longest tag that we keep.
const MAX_TAG: usize = 35;
/// Bytes that are enough to guess from.
const SAMPLE: usize = 4000;

/// Checks a BCP 47 tag by its characters (S-121) and writes the primary part in lower case;
/// `None` for anything else. `_` is taken for `-`, as some clients send it.
pub fn normalize(tag: &str) -> Option<String> {
    let tag = tag.trim();
    if tag.is_empty() || tag.len() > MAX_TAG {
        return None;
    }
    let tag = tag.replace('_', "-");
    let (primary, rest) = match tag.split_once('-') {
        Some((primary, rest)) => (primary, Some(rest)),
        None => (tag.as_str(), None),
    };
    if !(2..=8).contains(&primary.len()) || !primary.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let part = |p: &str| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
    match rest {
        None => Some(primary.to_ascii_lowercase()),
        Some(rest) if rest.split('-').all(part) => {
            Some(format!("{}-{rest}", primary.to_ascii_lowercase()))
        }
        Some(_) => None,
    }
}

/// The language of a text as ISO 639-1, if it is long and clear enough to tell.
pub fn detect(plain: &str) -> Option<&'static str> {
    let sample = plain.get(..super::chars::floor(plain, SAMPLE)).unwrap_or_default();
    let mut words = String::with_capacity(sample.len());
    let mut done = 0;
    // addresses and tags are in no language, or in another one
    for entity in scan(sample) {
        if !matches!(entity.kind, EntityKind::Hashtag { .. }) {
            words.push_str(sample.get(done..entity.start).unwrap_or_default());
            words.push(' ');
            done = entity.end;
        }
    }
    words.push_str(sample.get(done..).unwrap_or_default());
    let letters = words.chars().filter(|c| c.is_alphabetic()).count();
    let dense = words.chars().filter(|c| super::chars::is_cjk(*c)).count();
    // one Han character says as much as a Latin word
    if letters + dense * 4 < 20 {
        return None;
    }
    let info = whatlang::detect(&words)?;
    if info.is_reliable() { iso_639_1(info.lang().code()) } else { None }
}

/// whatlang's ISO 639-3 codes in two letters.
fn iso_639_1(code: &str) -> Option<&'static str> {
    Some(match code {
        "epo" => "eo",
        "eng" => "en",
        "rus" => "ru",
        "cmn" => "zh",
        "spa" => "es",
        "por" => "pt",
        "ita" => "it",
        "ben" => "bn",
        "fra" => "fr",
        "deu" => "de",
        "ukr" => "uk",
        "kat" => "ka",
        "ara" => "ar",
        "hin" => "hi",
        "jpn" => "ja",
        "heb" => "he",
        "yid" => "yi",
        "pol" => "pl",
        "amh" => "am",
        "jav" => "jv",
        "kor" => "ko",
        "nob" => "nb",
        "dan" => "da",
        "swe" => "sv",
        "fin" => "fi",
        "tur" => "tr",
        "nld" => "nl",
        "hun" => "hu",
        "ces" => "cs",
        "ell" => "el",
        "bul" => "bg",
        "bel" => "be",
        "mar" => "mr",
        "kan" => "kn",
        "ron" => "ro",
        "slv" => "sl",
        "hrv" => "hr",
        "srp" => "sr",
        "mkd" => "mk",
        "lit" => "lt",
        "lav" => "lv",
        "est" => "et",
        "tam" => "ta",
        "vie" => "vi",
        "urd" => "ur",
        "tha" => "th",
        "guj" => "gu",
        "uzb" => "uz",
        "pan" => "pa",
        "aze" => "az",
        "ind" => "id",
        "tel" => "te",
        "pes" => "fa",
        "mal" => "ml",
        "ori" => "or",
        "mya" => "my",
        "nep" => "ne",
        "sin" => "si",
        "khm" => "km",
        "tuk" => "tk",
        "aka" => "ak",
        "zul" => "zu",
        "sna" => "sn",
        "afr" => "af",
        "lat" => "la",
        "slk" => "sk",
        "cat" => "ca",
        "tgl" => "tl",
        "hye" => "hy",
        "cym" => "cy",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_checked_by_charset() {
        for (tag, want) in
            [("EN", "en"), ("zh-Hant-TW", "zh-Hant-TW"), ("zh_TW", "zh-TW"), (" pt-BR ", "pt-BR")]
        {
            assert_eq!(normalize(tag).as_deref(), Some(want));
        }
        for bad in ["", "e", "e1", "en-", "en--us", "en us", "en\"", "x-1", "中文", "en-123456789"]
        {
            assert_eq!(normalize(bad), None, "{bad}");
        }
        assert_eq!(normalize(&format!("en{}", "-a".repeat(30))), None);
    }

    #[test]
    fn clear_texts_are_recognised() {
        for (text, want) in [
            ("今天天气很好，我们一起去北京大学散步吧。", "zh"),
            ("今日はとても良い天気ですね。散歩に行きましょう。", "ja"),
            ("안녕하세요 오늘 날씨가 좋네요", "ko"),
            ("This is clearly an English sentence, and nobody would doubt that it is.", "en"),
            ("Das ist ganz eindeutig ein deutscher Satz, und niemand zweifelt daran.", "de"),
        ] {
            assert_eq!(detect(text), Some(want), "{text}");
        }
        for text in ["", "ok", "https://a.example/this-is-an-english-sentence-in-a-url", "😀😀😀"]
        {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
