//! CSV files as Mastodon writes them, and as people and other servers do: with or without a line
//! of headings, with a byte order mark, with any line ends, with columns missing or too many.

use crate::model::{Sheet, SheetRow};

/// The column of each thing; `None`: the file has none.
#[derive(Clone, Copy)]
struct Columns {
    what: usize,
    list: Option<usize>,
    reblogs: Option<usize>,
    notify: Option<usize>,
    languages: Option<usize>,
    hide: Option<usize>,
}

/// A file's lines, one after the other; one that cannot be understood comes back as it was.
pub fn read(sheet: Sheet, text: &str) -> impl Iterator<Item = Result<SheetRow, String>> {
    let text = text.trim_start_matches('\u{feff}');
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut columns = usual(sheet);
    reader.into_records().enumerate().filter_map(move |(number, record)| {
        // what is no UTF-8 cannot be here, and nothing else is an error in a flexible file
        let record = record.ok()?;
        let cells: Vec<&str> = record.iter().collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            return None;
        }
        if number == 0
            && let Some(named) = headings(sheet, &cells)
        {
            columns = named;
            return None;
        }
        Some(row(sheet, columns, &cells).ok_or_else(|| cells.join(",")))
    })
}

/// Where Mastodon has its columns.
fn usual(sheet: Sheet) -> Columns {
    let none =
        Columns { what: 0, list: None, reblogs: None, notify: None, languages: None, hide: None };
    match sheet {
        Sheet::Following => {
            Columns { reblogs: Some(1), notify: Some(2), languages: Some(3), ..none }
        }
        Sheet::Mutes => Columns { hide: Some(1), ..none },
        Sheet::Lists => Columns { what: 1, list: Some(0), ..none },
        _ => none,
    }
}

/// The columns by their headings, if these are headings.
fn headings(sheet: Sheet, cells: &[&str]) -> Option<Columns> {
    let names: Vec<String> =
        cells.iter().map(|cell| cell.trim_start_matches('#').trim().to_ascii_lowercase()).collect();
    let at = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
    let what = match sheet {
        Sheet::DomainBlocks => at(&["domain"]),
        Sheet::Bookmarks => at(&["uri", "url", "#uri"]),
        _ => at(&["account address", "account", "acct", "address", "handle"]),
    }?;
    // whoever gives the wrong file would block all whom they follow
    let foreign = match sheet {
        Sheet::Following => at(&["hide notifications", "severity"]),
        Sheet::Mutes => at(&["show boosts", "notify on new posts", "languages", "severity"]),
        Sheet::DomainBlocks | Sheet::Bookmarks => None,
        _ => at(&["show boosts", "notify on new posts", "languages", "hide notifications"]),
    };
    Some(Columns {
        what: if foreign.is_some() { usize::MAX } else { what },
        // without such a column it is no file of lists
        list: at(&["list name", "list", "title"]),
        reblogs: at(&["show boosts"]),
        notify: at(&["notify on new posts"]),
        languages: at(&["languages"]),
        hide: at(&["hide notifications"]),
    })
}

fn row(sheet: Sheet, columns: Columns, cells: &[&str]) -> Option<SheetRow> {
    let cell = |at: Option<usize>| {
        at.and_then(|at| cells.get(at)).copied().filter(|cell| !cell.is_empty())
    };
    let flag = |at| match cell(at)?.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "t" => Some(true),
        "false" | "0" | "no" | "f" => Some(false),
        _ => None,
    };
    let what = cell(Some(columns.what))?;
    let what = match sheet {
        Sheet::DomainBlocks => super::blocklist::pasted(what).to_ascii_lowercase(),
        Sheet::Bookmarks => is_address(what).then(|| what.to_owned())?,
        _ => handle(what)?,
    };
    let list = match sheet {
        Sheet::Lists => Some(cell(columns.list)?.to_owned()),
        _ => None,
    };
    let languages = cell(columns.languages).map(|text| {
        text.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    });
    Some(SheetRow {
        what,
        list,
        reblogs: flag(columns.reblogs),
        notify: flag(columns.notify),
        languages,
        hide_notifications: flag(columns.hide),
    })
}

/// `name@domain` or `name`, the domain in lower case.
fn handle(text: &str) -> Option<String> {
    let text = text.strip_prefix("acct:").unwrap_or(text).trim_start_matches('@');
    let (name, domain) = match text.split_once('@') {
        Some((name, domain)) => (name, Some(domain)),
        None => (text, None),
    };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let fits = |part: &str, most: usize| !part.is_empty() && part.len() <= most;
    if !fits(name, 100) || !name.chars().all(plain) {
        return None;
    }
    match domain {
        None => Some(name.to_owned()),
        Some(domain) => (fits(domain, 260) && domain.chars().all(|c| plain(c) || c == ':'))
            .then(|| format!("{name}@{}", domain.to_lowercase())),
    }
}

fn is_address(text: &str) -> bool {
    text.len() <= 2048 && (text.starts_with("https://") || text.starts_with("http://"))
}

/// Lines as a file, with headings where Mastodon has them.
pub fn write(sheet: Sheet, rows: impl IntoIterator<Item = SheetRow>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let heading: &[&str] = match sheet {
        Sheet::Following => &["Account address", "Show boosts", "Notify on new posts", "Languages"],
        Sheet::Followers => &["Account address"],
        Sheet::Mutes => &["Account address", "Hide notifications"],
        _ => &[],
    };
    // nothing fails that writes to memory
    if !heading.is_empty() {
        let _ = writer.write_record(heading);
    }
    let word = |flag: Option<bool>| if flag.unwrap_or(false) { "true" } else { "false" };
    for row in rows {
        let SheetRow { what, list, reblogs, notify, languages, hide_notifications } = row;
        let _ = match sheet {
            Sheet::Following => {
                let languages = languages.unwrap_or_default().join(", ");
                writer.write_record([what.as_str(), word(reblogs), word(notify), &languages])
            }
            Sheet::Mutes => writer.write_record([what.as_str(), word(hide_notifications)]),
            Sheet::Lists => writer.write_record([list.unwrap_or_default(), what]),
            _ => writer.write_record([what]),
        };
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all_of(sheet: Sheet, text: &str) -> Vec<Result<SheetRow, String>> {
        read(sheet, text).collect()
    }

    fn names(sheet: Sheet, text: &str) -> Vec<String> {
        read(sheet, text).map(|row| row.unwrap().what).collect()
    }

    #[test]
    fn f_352_files_of_all_ages_are_read() {
        let new = "\u{feff}Account address,Show boosts,Notify on new posts,Languages\r\n\
                   bob@B.example,false,true,\"de, fr\"\r\n@carl@c.example,true,false,\r\n";
        let rows = all_of(Sheet::Following, new);
        let bob = rows[0].as_ref().unwrap();
        assert_eq!(
            (bob.what.as_str(), bob.reblogs, bob.notify),
            ("bob@b.example", Some(false), Some(true))
        );
        assert_eq!(bob.languages.as_deref().unwrap(), ["de", "fr"]);
        let carl = rows[1].as_ref().unwrap();
        assert_eq!((carl.what.as_str(), carl.languages.as_ref()), ("carl@c.example", None));
        // one column, no heading, odd line ends
        assert_eq!(
            names(Sheet::Following, "bob@b.example\rcarl@c.example\n\n local \n"),
            ["bob@b.example", "carl@c.example", "local"]
        );
        // columns in another order
        let turned = "Languages,Account address,Show boosts\nen,bob@b.example,1\n";
        let row = all_of(Sheet::Following, turned).remove(0).unwrap();
        assert_eq!(
            (row.what.as_str(), row.reblogs, row.notify),
            ("bob@b.example", Some(true), None)
        );
        let mutes = all_of(Sheet::Mutes, "bob@b.example,false\ncarl@c.example");
        assert_eq!(mutes[0].as_ref().unwrap().hide_notifications, Some(false));
        assert_eq!(mutes[1].as_ref().unwrap().hide_notifications, None);
        let lists = all_of(Sheet::Lists, "\"a, b\",bob@b.example\n");
        assert_eq!(lists[0].as_ref().unwrap().list.as_deref(), Some("a, b"));
        let admin = "#domain,#severity,#reject_media\nBad.example,suspend,false\n";
        assert_eq!(names(Sheet::DomainBlocks, admin), ["bad.example"]);
        assert_eq!(names(Sheet::Bookmarks, "#uri\nhttps://a.example/1\n"), ["https://a.example/1"]);
    }

    #[test]
    fn what_cannot_be_read_comes_back_as_it_was() {
        let rows = all_of(Sheet::Blocks, "no good name,x\nbob@b.example\na@b@c\n");
        assert_eq!(rows[0].as_ref().unwrap_err(), "no good name,x");
        assert!(rows[1].is_ok());
        assert!(rows[2].is_err());
        assert!(all_of(Sheet::Lists, "bob@b.example")[0].is_err());
        assert!(all_of(Sheet::Bookmarks, "javascript:alert(1)")[0].is_err());
        assert!(all_of(Sheet::Blocks, "").is_empty());
    }

    proptest! {
        #[test]
        fn no_file_breaks_the_reader(text in "(?s).{0,400}") {
            for sheet in Sheet::ALL {
                read(*sheet, &text).for_each(drop);
            }
        }

        #[test]
        fn what_is_written_is_read_again(
            what in "[a-z_]{1,20}@[a-z]{1,20}\\.example", list in "[^\\s\u{feff}#]{1,30}",
            flags in any::<[bool; 3]>(),
        ) {
            for sheet in [Sheet::Following, Sheet::Mutes, Sheet::Lists, Sheet::Blocks] {
                let row = SheetRow {
                    what: what.clone(),
                    list: (sheet == Sheet::Lists).then(|| list.clone()),
                    reblogs: (sheet == Sheet::Following).then_some(flags[0]),
                    notify: (sheet == Sheet::Following).then_some(flags[1]),
                    languages: None,
                    hide_notifications: (sheet == Sheet::Mutes).then_some(flags[2]),
                };
                let file = String::from_utf8(write(sheet, [row.clone()])).unwrap();
                let back = all_of(sheet, &file);
                prop_assert_eq!(back, vec![Ok(row)]);
            }
        }
    }
}
