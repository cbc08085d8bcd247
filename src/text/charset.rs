//! Which encoding a page is written in, and the page as text.
//!
//! In the order of the standard: a byte order mark, what the server says, what the page says.
//! Two things are added since pages are often wrong about themselves: bytes that can only be
//! UTF-8 are UTF-8, and where nothing is said the page's language tells what is likely.

use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_8, WINDOWS_1251, WINDOWS_1252};

use super::markup::{self, Lexer, Token};

/// How far into a page its own words about its encoding are looked for.
const PRESCAN: usize = 4096;

/// The bytes of a page as text. `content_type` is the header that came with them.
pub fn decode(bytes: &[u8], content_type: &str) -> String {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if is_utf8(bytes) => UTF_8,
        None => declared(bytes, content_type).unwrap_or_else(|| likely(bytes)),
    };
    // takes the mark away where there is one
    encoding.decode(bytes).0.into_owned()
}

/// Whether there are letters beyond ASCII, all of them proper UTF-8; the end may be cut.
fn is_utf8(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => !text.is_ascii(),
        Err(error) => error.error_len().is_none() && !bytes[..error.valid_up_to()].is_ascii(),
    }
}

fn declared(bytes: &[u8], content_type: &str) -> Option<&'static Encoding> {
    let in_header = charset_in(content_type).and_then(of_label);
    in_header.or_else(|| in_page(bytes))
}

/// Where a page calls itself UTF-16 in bytes that are read as ASCII, it is UTF-8.
fn of_label(label: &str) -> Option<&'static Encoding> {
    Encoding::for_label(label.as_bytes()).map(Encoding::output_encoding)
}

/// `charset=…` in a content type.
fn charset_in(content_type: &str) -> Option<&str> {
    let at = content_type.to_ascii_lowercase().find("charset")?;
    let rest = content_type.get(at + "charset".len()..)?.trim_start();
    let rest = rest.strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    rest.split(|c: char| matches!(c, '"' | '\'' | ';' | ',') || c.is_whitespace())
        .next()
        .filter(|label| !label.is_empty())
}

fn in_page(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = beginning(bytes);
    Lexer::new(&head).find_map(|token| match token {
        Token::Start { name, attrs, .. } if name == "meta" => {
            let direct = markup::attr(&attrs, "charset");
            let told = direct.or_else(|| {
                let equiv = markup::attr(&attrs, "http-equiv")?;
                let content = markup::attr(&attrs, "content")?;
                equiv
                    .eq_ignore_ascii_case("content-type")
                    .then(|| charset_in(&content).map(|label| label.to_owned().into()))?
            });
            told.and_then(|label| of_label(label.trim()))
        }
        _ => None,
    })
}

/// What pages in this language were written in before there was UTF-8.
fn likely(bytes: &[u8]) -> &'static Encoding {
    let head = beginning(bytes);
    let language = Lexer::new(&head).find_map(|token| match token {
        Token::Start { name, attrs, .. } if name == "html" => {
            markup::attr(&attrs, "lang").map(|lang| lang.to_ascii_lowercase().replace('_', "-"))
        }
        _ => None,
    });
    let language = language.unwrap_or_default();
    let traditional = ["zh-tw", "zh-hk", "zh-mo", "zh-hant"];
    match language.split('-').next().unwrap_or_default() {
        "zh" if traditional.iter().any(|tag| language.starts_with(tag)) => BIG5,
        "zh" => GB18030,
        "ja" => SHIFT_JIS,
        "ko" => EUC_KR,
        "ru" | "uk" | "be" | "bg" => WINDOWS_1251,
        _ => WINDOWS_1252,
    }
}

/// Tags are ASCII in all encodings that get here.
fn beginning(bytes: &[u8]) -> String {
    bytes.iter().take(PRESCAN).map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_page_is_read_in_its_encoding() {
        let text = |encoding: &'static Encoding, html: &str| encoding.encode(html).0.into_owned();
        for (encoding, header, html) in [
            (UTF_8, "text/html", "<title>北京天氣</title>"),
            (UTF_8, "text/html; charset=gbk", "<title>北京天氣</title>"),
            (UTF_8, "text/html; charset=iso-8859-1", "<meta charset=latin1>Grüße"),
            (GB18030, "text/html; charset=GB18030", "<title>简体中文㐀</title>"),
            (GB18030, "text/html", "<meta charset='gb2312'><title>简体中文</title>"),
            (
                GB18030,
                "text/html",
                "<META content=\"text/html; charset=gbk\" http-equiv=Content-Type>中文",
            ),
            (BIG5, "text/html;charset=\"big5\"", "<title>繁體中文</title>"),
            (SHIFT_JIS, "text/html", "<meta charset=Shift_JIS><title>日本語カタカナ</title>"),
            (EUC_KR, "text/html; Charset = euc-kr", "<title>한국어</title>"),
            (GB18030, "text/html", "<html lang=zh-CN><title>没有说明</title>"),
            (BIG5, "text/html", "<html lang='zh-TW'><title>沒有說明</title>"),
            (SHIFT_JIS, "", "<html lang=ja><title>説明なし</title>"),
            (EUC_KR, "", "<html lang=ko><title>설명없음</title>"),
            (WINDOWS_1251, "", "<html lang=ru><title>Привет</title>"),
            (WINDOWS_1252, "", "<title>Grüße</title>"),
        ] {
            assert_eq!(decode(&text(encoding, html), header), html, "{header}");
        }
        assert_eq!(decode(b"\xEF\xBB\xBFa", "text/html; charset=gbk"), "a");
        assert_eq!(decode(b"\xFF\xFEa\0", ""), "a");
        // escapes of ISO-2022-JP are ASCII bytes
        assert_eq!(decode(b"\x1B$B8l\x1B(B", "text/html; charset=iso-2022-jp"), "語");
        // cut in the middle of a character
        let cut = "中文中".as_bytes();
        assert!(decode(&cut[..8], "text/html; charset=gbk").starts_with("中文"));
        assert_eq!(decode(b"a", "text/html; charset=utf-16"), "a");
        assert_eq!(decode(b"a", "text/html; charset=nonsense"), "a");
    }

    proptest! {
        #[test]
        fn nothing_breaks_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), header in "(text/html)?; ?charset ?=?\"?[a-z0-9-]{0,9}\"?") {
            decode(&bytes, &header);
        }
    }
}
