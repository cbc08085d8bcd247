//! What is typed and what is shown. Commands as a whole are tested in `tests/cli.rs`.

#![allow(clippy::unwrap_used)]

use clap::{CommandFactory as _, Parser as _};

use super::{Cli, account, delivery, output, table};
use crate::clock::{DAY, HOUR, MINUTE};
use crate::control::{AccountLine, AccountState, DeliveryLine};

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
    for good in [
        "serve --dev",
        "serve --config a.toml",
        "--config a.toml account create --username a --email a@b --password -",
        "account create --username a --email a@b --password-stdin --admin",
        "account password a --password b",
        "account delete a --yes",
        "token create --account a",
        "delivery list --limit 3",
        "import a.csv --account me --type following",
        "import --account me",
        "export --account me --type lists",
        "announce hello --from 2026-12-24 --until 2026-12-26T10:00:00Z --all-day",
        "announcements list",
        "announcements delete 3",
        "domain block bad.example --severity silence --comment spam",
        "domain unblock bad.example",
        "domain list",
        "relay add https://r.example/inbox",
        "relay add https://r.example/actor --style litepub --rate 60/min --languages zh,en --no-media",
        "relay set 1 --tags rust,linux --sensitive false --send false --days 3 --replies true",
        "relay list",
        "relay remove https://r.example/inbox",
        "media usage",
        "media prune --days 3 --dry-run",
        "media prune --size 1.5GB",
        "media prune --host a.example",
        "media prune",
        "media check --repair",
        "media refetch --account a@b.example",
        "media refetch --status https://b.example/1",
        "backup",
        "backup --media --encrypt --to a.tar.gz",
        "restore a.tar.gz --into data --force --send-waiting",
        "rollback --yes",
        "invite create --uses 3 --lasts 4w",
        "invite list",
        "invite revoke https://a.example/invite/x",
        "account list --pending",
        "account approve a",
        "account reject a",
        "doctor --mail a@b.example",
        "config check",
        "config show --dev",
        "version",
    ] {
        assert!(Cli::try_parse_from(words(good)).is_ok(), "{good}");
    }
    for bad in [
        "",
        "account",
        "account create --username a",
        "account create --username a --email b --password c --password-stdin",
        "invite create --lasts soon",
        "doctor --local --mail a@b.example",
        "delivery list --limit 0",
        "import a.csv --account me",
        "import a.csv --account me --type friends",
        "export --account me",
        "announce",
        "announce hello --from tomorrow",
        "announcements delete x",
        "domain block",
        "relay add",
        "relay set 1 --rate fast",
        "relay set 1 --media none --no-media",
        "media prune --days 3 --host a.example",
        "media prune --size many",
        "media refetch",
        "serve now",
    ] {
        assert!(Cli::try_parse_from(words(bad)).is_err(), "{bad}");
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    std::iter::once("dassie").chain(line.split_whitespace())
}

#[test]
fn a_password_on_the_command_line_is_not_shown_again() {
    let cli = Cli::try_parse_from(words("account password ann --password horse-battery")).unwrap();
    assert!(!format!("{cli:?}").contains("horse"));
}

#[test]
fn tables_have_straight_columns() {
    let rows = [["a".to_owned(), "1".to_owned()], ["büro".to_owned(), String::new()]];
    assert_eq!(table::render(["N", "COUNT"], &rows), "N     COUNT\na     1\nbüro\n");
    let accounts = [AccountLine {
        username: "ann".to_owned(),
        email: "ann@example.org".to_owned(),
        admin: true,
        state: vec![AccountState::Silenced, AccountState::Disabled],
        statuses: 12,
        followers: 3,
        created_at: 0,
    }];
    assert_eq!(
        account::list(&accounts, None),
        "NAME  E-MAIL           ADMIN  STATE               STATUSES  FOLLOWERS  CREATED\n\
         ann   ann@example.org  yes    silenced, disabled  12        3          1970-01-01\n"
    );
}

fn waiting(due: i64) -> DeliveryLine {
    DeliveryLine {
        inbox: "https://b.example/inbox".to_owned(),
        host: "b.example".to_owned(),
        kind: "Create".to_owned(),
        activity: "https://a/1".to_owned(),
        attempts: 2,
        due,
        last_error: Some("503\x1b[2J".to_owned()),
        unavailable: false,
    }
}

#[test]
fn deliveries_say_when_and_why() {
    assert_eq!(delivery::render(0, 0, &[]), "Nothing waits.\n");
    assert_eq!(
        delivery::render(0, 1, &[waiting(5 * MINUTE)]),
        "HOST       TYPE    ACTIVITY     TRIES  NEXT TRY      WHY\n\
         b.example  Create  https://a/1  2      in 5 minutes  503\u{FFFD}[2J\n\
         \n1 for 1 server.\n"
    );
    let text = delivery::render(0, 9, &[waiting(0), waiting(0)]);
    assert!(text.contains("  now  "), "{text}");
    assert!(text.ends_with("\n9 wait; the first 2 are shown. Add --limit to see more.\n"));
    for (due, said) in [
        (999, "now"),
        (1000, "in 1 second"),
        (MINUTE, "in 1 minute"),
        (HOUR - 1000, "in 1 hour"),
        (26 * HOUR, "in 26 hours"),
        (2 * DAY, "in 2 days"),
    ] {
        let text = delivery::render(0, 1, &[waiting(due)]);
        assert!(text.contains(&format!("  {said}  ")), "{text}");
    }
}

#[test]
fn strangers_cannot_act_on_the_terminal() {
    assert_eq!(output::printable("a\x1b\u{202e}\nb"), "a\u{FFFD}\u{FFFD}\u{FFFD}b");
}
