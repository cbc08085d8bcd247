//! Words for the full-text index and queries against it.
//!
//! FTS5's `unicode61` knows words only by their spaces. So runs of CJK characters are written as
//! overlapping bigrams, the last character alone as well; a query for them is a phrase of
//! bigrams, which stand one behind the other only where the run itself stands.

use unicode_normalization::UnicodeNormalization;

use super::chars::is_cjk;

/// Longest query in characters.
const MAX_QUERY: usize = 512;
/// Terms of a query that are looked at.
const MAX_TERMS: usize = 16;

/// The words of `text` for a contentless FTS5 table with `tokenize='unicode61'`.
pub fn index(text: &str) -> String {
    let text = fold(text);
    let mut out = String::with_capacity(text.len() * 2);
    for piece in pieces(&text) {
        if !out.is_empty() {
            out.push(' ');
        }
        match piece {
            Piece::Word(word) => out.push_str(word),
            Piece::Run(run) => grams(run, true, &mut out),
        }
    }
    out
}

/// A user's query as an FTS5 MATCH expression, all terms required; `None` if there is nothing to
/// look for. Terms are quoted and hold only letters and digits, so no syntax gets through
/// (S-123).
pub fn query(q: &str) -> Option<String> {
    let capped: String = q.chars().take(MAX_QUERY).collect();
    let folded: String =
        fold(&capped).chars().take(MAX_QUERY).map(|c| if is_quote(c) { '"' } else { c }).collect();
    let mut terms = Vec::new();
    // every second part stood in quotes; an unclosed last one does not count
    let closed = folded.matches('"').count() / 2 * 2;
    for (i, part) in folded.split('"').enumerate() {
        if i % 2 == 1 && i < closed {
            terms.extend(phrase(part));
        } else {
            for word in part.split_whitespace() {
                terms_of(word, &mut terms);
            }
        }
    }
    terms.truncate(MAX_TERMS);
    if terms.is_empty() { None } else { Some(terms.join(" AND ")) }
}

fn is_quote(c: char) -> bool {
    matches!(c, '“' | '”' | '„' | '«' | '»')
}

/// Width and case folded away; both sides go through this. Character by character, so that a
/// word is folded alike wherever it stands.
fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

/// A stretch of text that is handled in one way.
enum Piece<'a> {
    Word(&'a str),
    Run(&'a str),
}

/// What `unicode61` would call part of a word, as far as we know.
fn is_wordy(c: char) -> bool {
    c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c)
}

/// Splits folded text into CJK runs and the words between them.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    text.split(|c| !is_wordy(c) && !is_cjk(c)).flat_map(|chunk| {
        let mut rest = chunk;
        std::iter::from_fn(move || {
            let cjk = is_cjk(rest.chars().next()?);
            let len = rest.find(|c| is_cjk(c) != cjk).unwrap_or(rest.len());
            let (piece, after) = rest.split_at_checked(len)?;
            rest = after;
            Some(if cjk { Piece::Run(piece) } else { Piece::Word(piece) })
        })
    })
}

/// Appends the bigrams of `run`, with its last character alone if `ended`.
fn grams(run: &str, ended: bool, out: &mut String) {
    let mut chars = run.chars().peekable();
    let mut first = true;
    while let Some(c) = chars.next() {
        let next = chars.peek();
        if next.is_none() && !ended && !first {
            break;
        }
        if !first {
            out.push(' ');
        }
        out.push(c);
        out.extend(next);
        first = false;
    }
}

/// The terms of one word of the query, outside quotes.
fn terms_of(word: &str, terms: &mut Vec<String>) {
    let mut words: Vec<&str> = Vec::new();
    for piece in pieces(word) {
        if terms.len() >= MAX_TERMS {
            return;
        }
        match piece {
            // `foo_bar` or `a.example`: words that must follow each other
            Piece::Word(w) => words.push(w),
            Piece::Run(run) => {
                push_words(&mut words, terms);
                let mut text = String::new();
                grams(run, false, &mut text);
                let star = if run.chars().nth(1).is_none() { "*" } else { "" };
                terms.push(format!("\"{text}\"{star}"));
            }
        }
    }
    push_words(&mut words, terms);
}

fn push_words(words: &mut Vec<&str>, terms: &mut Vec<String>) {
    if !words.is_empty() {
        terms.push(format!("\"{}\"*", words.join(" ")));
        words.clear();
    }
}

/// A phrase in quotes: the pieces one behind the other, exactly.
fn phrase(part: &str) -> Option<String> {
    let mut text = String::new();
    let mut star = "";
    let mut all = pieces(part).peekable();
    while let Some(piece) = all.next() {
        if !text.is_empty() {
            text.push(' ');
        }
        match piece {
            Piece::Word(word) => text.push_str(word),
            Piece::Run(run) => {
                let last = all.peek().is_none();
                grams(run, !last, &mut text);
                if last && run.chars().nth(1).is_none() {
                    star = "*";
                }
            }
        }
    }
    if text.is_empty() { None } else { Some(format!("\"{text}\"{star}")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::Connection;

    fn table(texts: &[&str]) -> Connection {
        let db = Connection::open_in_memory().expect("a database");
        db.execute_batch(
            "CREATE VIRTUAL TABLE f USING fts5(t, content='', contentless_delete=1, tokenize='unicode61')",
        )
        .expect("FTS5");
        for (i, text) in texts.iter().enumerate() {
            db.execute("INSERT INTO f(rowid, t) VALUES (?1, ?2)", (i as i64, index(text)))
                .expect("a row");
        }
        db
    }

    fn find(db: &Connection, q: &str) -> Vec<i64> {
        let Some(m) = query(q) else { return vec![-1] };
        let mut found =
            db.prepare_cached("SELECT rowid FROM f WHERE f MATCH ?1 ORDER BY rowid").expect("sql");
        let rows = found.query_map([&m], |row| row.get(0)).unwrap_or_else(|e| panic!("{m}: {e}"));
        rows.map(|row| row.unwrap_or_else(|e| panic!("{m}: {e}"))).collect()
    }

    #[test]
    fn terms_are_bigrams_and_words() {
        assert_eq!(index("Hello，北京大学！"), "hello 北京 京大 大学 学");
        assert_eq!(index("ＡＢＣ iPhone手机x"), "abc iphone 手机 机 x");
        assert_eq!(query("北京大学 rust"), Some("\"北京 京大 大学\" AND \"rust\"*".into()));
        assert_eq!(query("京"), Some("\"京\"*".into()));
        assert_eq!(
            query("\"hello World\" foo_bar"),
            Some("\"hello world\" AND \"foo bar\"*".into())
        );
        for nothing in ["", " ", "\"", "\"\"", "🎉 ...", "* OR ^"] {
            assert!(query(nothing).is_none_or(|q| q == "\"or\"*"), "{nothing}");
        }
    }

    #[test]
    fn the_index_finds_what_is_there_and_nothing_else() {
        let db = table(&[
            "我在北京大学读书",
            "东北。京都很美",
            "大学生在北方",
            "東京タワーに行った",
            "京東のタワー",
            "the ABC of Rust_lang, rustic",
            "Ünïcode says café at a.example/path",
            "서울특별시",
            "ﾊﾝｶｸ ｶﾞ",
        ]);
        for (q, want) in [
            ("北京", vec![0]),
            ("北", vec![0, 1, 2]),
            ("京", vec![0, 1, 3, 4]),
            ("北京大学", vec![0]),
            ("京大", vec![0]),
            ("大学", vec![0, 2]),
            ("学", vec![0, 2]),
            ("书", vec![0]),
            ("大学 北京", vec![0]),
            ("東京タワー", vec![3]),
            ("タワー", vec![3, 4]),
            ("東京", vec![3]),
            ("ＡＢＣ", vec![5]),
            ("rus", vec![5]),
            ("rust_lang", vec![5]),
            ("of_lang", vec![]),
            ("\"rust lang\"", vec![5]),
            ("\"of rus\"", vec![]),
            ("unicode CAFE", vec![6]),
            ("a.example", vec![6]),
            ("특별", vec![7]),
            ("ガ ハンカク", vec![8]),
            ("\"在北京\"", vec![0]),
            ("“大学读”", vec![0]),
            ("\"タワー", vec![3, 4]),
            ("北京 rust", vec![]),
        ] {
            assert_eq!(find(&db, q), want, "{q}: {:?}", query(q));
        }
    }

    #[test]
    fn phrases_may_mix_scripts() {
        let db = table(&["hello 北京大学 world", "hello 北 京 world", "hello 北京大学家 world"]);
        assert_eq!(find(&db, "\"hello 北京大学 world\""), [0]);
        assert_eq!(find(&db, "\"hello 北京\""), [0, 2]);
        assert_eq!(find(&db, "\"hello 北\""), [0, 1, 2]);
        assert_eq!(find(&db, "\"学 world\""), [0]);
    }

    #[test]
    fn queries_are_capped() {
        let long = "a ".repeat(400);
        assert_eq!(query(&long).map(|q| q.matches("AND").count()), Some(MAX_TERMS - 1));
        assert!(query(&"\u{FDFA}".repeat(600)).is_some_and(|q| q.len() < 4096));
    }

    proptest! {
        #[test]
        fn s_123_no_query_is_a_syntax_error(
            q in "(\"|“|\\*|\\(|\\)|:|\\^|-|\\+| |AND|OR|NOT|NEAR|字|京|한|a|é|\\x00|'|\\PC){0,30}"
        ) {
            thread_local!(static DB: Connection = table(&["字京 한 a", "and or not"]));
            DB.with(|db| find(db, &q));
        }

        #[test]
        fn what_was_indexed_is_found(text in "[字京大a-z ]{1,20}", skip in 0..5_usize, take in 1..6_usize) {
            let part: String = text.chars().skip(skip).take(take).collect();
            prop_assume!(!part.trim().is_empty());
            // words match from their start
            prop_assume!(!text.chars().nth(skip.wrapping_sub(1)).is_some_and(|c| c.is_ascii_lowercase()));
            let db = table(&[&text]);
            prop_assert_eq!(find(&db, &part), vec![0], "{} in {}", part, index(&text));
        }
    }
}
