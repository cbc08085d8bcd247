//! Lists of blocked domains as they go around: Mastodon's CSV with its headings or without, a
//! domain a line, or JSON as instances and other servers tell it. Bounded, and never an error: what
//! cannot be read is counted.

use serde_json::Value;

use crate::model::Severity;

/// The headings of Mastodon's file.
const HEADINGS: [&str; 6] =
    ["#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate"];
/// The longest comment that is kept.
const LONGEST: usize = 500;

/// The domain in what people paste: an address of a page there, or what stands for all below it.
pub fn pasted(text: &str) -> &str {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next().unwrap_or_default();
    text.trim_start_matches('@').trim_start_matches("*.").trim_end_matches('.')
}

/// One domain of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// As it stands there, in lower case; not checked.
    pub domain: String,
    pub severity: Severity,
    pub reject_media: bool,
    pub reject_reports: bool,
    pub public_comment: Option<String>,
    pub obfuscate: bool,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    pub entries: Vec<Entry>,
    /// Names with stars in them: nobody knows which servers are meant.
    pub hidden: usize,
    /// Lines that make no sense.
    pub unreadable: usize,
}

/// Reads a list of at most `most` domains; `None` when it has more.
pub fn read(text: &str, most: usize) -> Option<List> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('[') { read_json(text, most) } else { read_csv(text, most) }
}

/// Which column has what.
#[derive(Clone, Copy)]
struct Columns {
    domain: usize,
    severity: Option<usize>,
    reject_media: Option<usize>,
    reject_reports: Option<usize>,
    comment: Option<usize>,
    obfuscate: Option<usize>,
}

fn read_csv(text: &str, most: usize) -> Option<List> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    // a file without headings has Mastodon's order
    let mut columns = Columns {
        domain: 0,
        severity: Some(1),
        reject_media: Some(2),
        reject_reports: Some(3),
        comment: Some(4),
        obfuscate: Some(5),
    };
    let mut list = List::default();
    for (number, record) in reader.records().enumerate() {
        let Ok(record) = record else { continue };
        let cells: Vec<&str> = record.iter().collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        if number == 0
            && let Some(named) = headings(&cells)
        {
            columns = named;
            continue;
        }
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at)).copied().unwrap_or_default();
        let domain = cell(Some(columns.domain));
        // a remark
        if domain.starts_with(['#', ';']) || domain.starts_with("//") {
            continue;
        }
        let entry = severity(cell(columns.severity)).map(|severity| Entry {
            domain: String::new(),
            severity,
            reject_media: flag(cell(columns.reject_media)),
            reject_reports: flag(cell(columns.reject_reports)),
            public_comment: comment(cell(columns.comment)),
            obfuscate: flag(cell(columns.obfuscate)),
        });
        list.add(domain, entry, most)?;
    }
    Some(list)
}

fn headings(cells: &[&str]) -> Option<Columns> {
    let names: Vec<String> =
        cells.iter().map(|cell| cell.trim_start_matches('#').trim().to_ascii_lowercase()).collect();
    let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
    Some(Columns {
        domain: at(&["domain", "instance", "host"])?,
        severity: at(&["severity", "action"]),
        reject_media: at(&["reject_media", "rejectmedia"]),
        reject_reports: at(&["reject_reports", "rejectreports"]),
        comment: at(&["public_comment", "comment", "reason"]),
        obfuscate: at(&["obfuscate"]),
    })
}

fn read_json(text: &str, most: usize) -> Option<List> {
    let mut list = List::default();
    let Ok(items) = serde_json::from_str::<Vec<Value>>(text) else {
        list.unreadable = 1;
        return Some(list);
    };
    for item in &items {
        let word = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
        let is = |key: &str| item.get(key).and_then(Value::as_bool).unwrap_or(false);
        let entry = severity(word("severity")).map(|severity| Entry {
            domain: String::new(),
            severity,
            reject_media: is("reject_media"),
            reject_reports: is("reject_reports"),
            public_comment: comment(word("public_comment")).or(comment(word("comment"))),
            obfuscate: is("obfuscate"),
        });
        list.add(item.as_str().unwrap_or(word("domain")), entry, most)?;
    }
    Some(list)
}

impl List {
    fn add(&mut self, domain: &str, entry: Option<Entry>, most: usize) -> Option<()> {
        // all below it is meant anyway
        let domain = pasted(domain);
        if domain.contains(['*', '\u{fffd}']) {
            self.hidden += 1;
        } else if let Some(entry) = entry.filter(|_| !domain.is_empty() && domain.len() <= 260) {
            if self.entries.len() >= most {
                return None;
            }
            self.entries.push(Entry { domain: domain.to_lowercase(), ..entry });
        } else {
            self.unreadable += 1;
        }
        Some(())
    }
}

/// Without a word everything is meant; a word that nobody knows is not guessed at.
fn severity(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "" | "suspend" | "block" | "reject" => Some(Severity::Suspend),
        "silence" | "limit" | "filter" => Some(Severity::Silence),
        "noop" | "none" => Some(Severity::Noop),
        _ => None,
    }
}

fn flag(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "true" | "t" | "1" | "yes")
}

fn comment(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Blocks as Mastodon's file.
pub fn write(entries: impl IntoIterator<Item = Entry>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // nothing fails that writes to memory
    let _ = writer.write_record(HEADINGS);
    let word = |flag: bool| if flag { "true" } else { "false" };
    for entry in entries {
        let comment = entry.public_comment.unwrap_or_default();
        let _ = writer.write_record([
            entry.domain.as_str(),
            entry.severity.as_str(),
            word(entry.reject_media),
            word(entry.reject_reports),
            &comment,
            word(entry.obfuscate),
        ]);
    }
    writer.into_inner().unwrap_or_default()
}

/// Allowed domains as Mastodon's file.
pub fn write_allows(domains: impl IntoIterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let _ = writer.write_record(["#domain"]);
    for domain in domains {
        let _ = writer.write_record([domain]);
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_domain_is_found_in_what_people_paste() {
        for (text, domain) in [
            ("bad.example", "bad.example"),
            (" @bad.example. ", "bad.example"),
            ("*.wild.example", "wild.example"),
            ("https://worse.example/", "worse.example"),
            ("HTTPS://Spam.Example:8443/@a?b#c", "Spam.Example:8443"),
            ("https://", ""),
            ("/", ""),
        ] {
            assert_eq!(pasted(text), domain, "{text}");
        }
    }

    fn domains(text: &str) -> Vec<(String, Severity)> {
        let list = read(text, 100).unwrap();
        list.entries.into_iter().map(|entry| (entry.domain, entry.severity)).collect()
    }

    #[test]
    fn f_342_files_of_all_kinds_are_read() {
        let suspend = |domain: &str| (domain.to_owned(), Severity::Suspend);
        let mastodon = "\u{feff}#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\r\n\
            Bad.example,suspend,TRUE,false,\"spam, mostly\",true\r\nloud.example,silence,false,true,,false\r\n";
        let list = read(mastodon, 9).unwrap();
        assert_eq!(
            list.entries,
            [
                Entry {
                    domain: "bad.example".into(),
                    severity: Severity::Suspend,
                    reject_media: true,
                    reject_reports: false,
                    public_comment: Some("spam, mostly".into()),
                    obfuscate: true,
                },
                Entry {
                    domain: "loud.example".into(),
                    severity: Severity::Silence,
                    reject_reports: true,
                    ..Entry::default()
                },
            ]
        );
        // a domain a line, with remarks
        let plain = "# kept by somebody\nbad.example\n\n  *.worse.example\r\n; x\n@third.example\n";
        assert_eq!(
            domains(plain),
            [suspend("bad.example"), suspend("worse.example"), suspend("third.example")]
        );
        // Oliphant's and others' headings, in another order
        let turned = "domain,public_comment,severity,obfuscate\nbad.example,why,silence,FALSE\n";
        assert_eq!(domains(turned), [("bad.example".into(), Severity::Silence)]);
        assert_eq!(read(turned, 9).unwrap().entries[0].public_comment.as_deref(), Some("why"));
        // what GET /api/v1/instance/domain_blocks of a server says, and names alone
        let json = r#"[{"domain": "bad.example", "digest": "x", "severity": "suspend", "comment": "c"},
            {"domain": "hid***.example", "severity": "suspend"}, "plain.example", 7]"#;
        let list = read(json, 9).unwrap();
        assert_eq!((list.entries.len(), list.hidden, list.unreadable), (2, 1, 1));
        assert_eq!(list.entries[1].domain, "plain.example");
    }

    #[test]
    fn f_342_what_is_hidden_or_strange_is_counted() {
        let list =
            read("#domain,#severity\nb**.example,suspend\ngood.example,praise\n", 9).unwrap();
        assert_eq!((list.entries.len(), list.hidden, list.unreadable), (0, 1, 1));
        assert_eq!(read("a.example\nb.example\n", 1), None);
        assert_eq!(read("[1", 9).unwrap().unreadable, 1);
        assert_eq!(read("", 9).unwrap(), List::default());
    }

    proptest! {
        #[test]
        fn no_list_breaks_the_reader(text in "(?s)[\\[{\"#,*.a-z\\n\\r ]{0,300}|(?s).{0,200}") {
            if let Some(list) = read(&text, 20) {
                prop_assert!(list.entries.len() <= 20);
            }
        }

        #[test]
        fn what_is_written_is_read_again(
            domain in "[a-z]{1,20}\\.example", flags in any::<[bool; 3]>(),
            severity in 0_i64..3, comment in "[a-z\", ]{1,30}[a-z]",
        ) {
            let entry = Entry {
                domain,
                severity: Severity::from_number(severity),
                reject_media: flags[0],
                reject_reports: flags[1],
                public_comment: Some(comment.trim().to_owned()),
                obfuscate: flags[2],
            };
            let file = String::from_utf8(write([entry.clone()])).unwrap();
            prop_assert_eq!(read(&file, 9).unwrap().entries, vec![entry]);
        }
    }
}
