//! Questions: passwords and confirmations, from a terminal or from standard input.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::mem::MaybeUninit;

use clap::Args;

use super::{doctor, output};
use crate::control::Secret;
use crate::crypto;
use crate::error::{Error, Result};
use crate::service::account::{LONGEST_PASSWORD, SHORTEST_PASSWORD, check_password};
use crate::text::reason::{Reason, retell};
use crate::text::words::{self, Word};

/// Where a new password comes from.
#[derive(Args)]
pub(super) struct PasswordOptions {
    /// The password, or - for a line of standard input. Other users of this machine may see what
    /// is typed here
    #[arg(long, value_name = "PASSWORD", conflicts_with = "password_stdin")]
    password: Option<String>,
    /// Read the password from standard input, as is done where that is no terminal
    #[arg(long)]
    password_stdin: bool,
}

/// S-040: what was typed never reaches a log or an error text.
impl std::fmt::Debug for PasswordOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordOptions(..)")
    }
}

/// A password, and whether it was made here and has to be told.
pub(super) struct NewPassword {
    pub(super) secret: Secret,
    pub(super) made: bool,
}

impl PasswordOptions {
    /// Whether the caller says where it comes from.
    pub(super) fn is_given(&self) -> bool {
        self.password.is_some() || self.password_stdin
    }

    /// The new password of the account `name`, asked for until it is one.
    pub(super) fn read(self, name: &str) -> Result<NewPassword> {
        let given = |text| NewPassword { secret: Secret(text), made: false };
        match self.password {
            Some(text) if text != "-" => Ok(given(text)),
            None if !self.password_stdin && io::stdin().is_terminal() => at_terminal(name),
            _ => match line()? {
                Some(text) => Ok(given(text)),
                None => Err(Error::invalid(
                    "there is no password on standard input. Write it there, or add --password",
                )),
            },
        }
    }
}

fn at_terminal(name: &str) -> Result<NewPassword> {
    let values = [name.to_owned(), SHORTEST_PASSWORD.to_string()];
    let say = |word| words::say(doctor::lang(), word, &values);
    loop {
        let first = hidden(&say(Word::ask_password))?;
        if first.is_empty() {
            return Ok(NewPassword { secret: Secret(crypto::random_password()), made: true });
        }
        let refused = match check_password(&first) {
            Ok(()) if hidden(&say(Word::ask_again))? == first => {
                return Ok(NewPassword { secret: Secret(first), made: false });
            }
            Ok(()) => Error::invalid(Reason::passwords_differ.plain()),
            Err(error) => error,
        };
        complain_again(&refused);
    }
}

/// What was typed cannot be used, and is asked for once more.
pub(super) fn complain_again(why: &Error) {
    let (lang, why) = (doctor::lang(), why.to_string());
    let told = |line| retell(lang, line).unwrap_or(line.into());
    let why = why.lines().map(told).collect::<Vec<_>>().join("\n");
    output::complain(words::say(lang, Word::init_again, &[why]));
}

/// What an archive is encrypted with, `new` or not: twice at a terminal, else a line of standard
/// input.
pub(super) fn passphrase(new: bool) -> Result<String> {
    let is_terminal = io::stdin().is_terminal();
    let first = match is_terminal {
        true => hidden("Passphrase of the archive: ")?,
        false => line()?.filter(|text| !text.is_empty()).ok_or_else(|| {
            Error::invalid(
                "there is no passphrase. Write it to standard input, or set \
                 DASSIE_BACKUP_PASSPHRASE",
            )
        })?,
    };
    let shortest = crate::config::Secret::SHORTEST_PASSPHRASE;
    if new && first.chars().count() < shortest {
        return Err(Error::invalid(format!("it must have {shortest} characters or more")));
    }
    if new && is_terminal && hidden("Once more: ")? != first {
        return Err(Error::invalid("the two differ"));
    }
    Ok(first)
}

/// One line that is typed at the terminal.
pub(super) fn question(text: &str) -> Result<String> {
    prompt(text)?;
    line()?.ok_or_else(|| Error::invalid("nothing was changed"))
}

/// Asks for `word` before something that cannot be undone.
pub(super) fn confirm(question: &str, word: &str) -> Result<()> {
    if !io::stdin().is_terminal() {
        return Err(Error::invalid("there is no terminal to ask at. Add --yes if you are certain"));
    }
    prompt(&format!("{question}\nType {word} to go on: "))?;
    match line()? {
        Some(typed) if typed.trim() == word => Ok(()),
        _ => Err(Error::invalid("nothing was changed")),
    }
}

/// One line of standard input without its end; `None` at the end of the input.
fn line() -> Result<Option<String>> {
    let longest = LONGEST_PASSWORD as u64 + 2;
    let mut text = String::new();
    // What is longer is refused as too long, however long it is.
    let count = io::stdin()
        .lock()
        .take(longest)
        .read_line(&mut text)
        .map_err(|e| Error::internal(format!("standard input cannot be read: {e}.")))?;
    if count == 0 {
        return Ok(None);
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

/// Questions go to standard error, so that standard output holds the answer alone.
fn prompt(text: &str) -> Result<()> {
    let mut err = io::stderr().lock();
    err.write_all(text.as_bytes())
        .and_then(|()| err.flush())
        .map_err(|e| Error::internal(format!("cannot ask at the terminal: {e}.")))
}

/// A line typed at the terminal, which does not show it.
fn hidden(question: &str) -> Result<String> {
    // first: what is typed before goes, and would be seen
    let silence = Silence::begin();
    prompt(question)?;
    let text = line();
    drop(silence);
    prompt("\n")?;
    text?.ok_or_else(|| Error::invalid("nothing was changed"))
}

/// Keeps the terminal from showing what is typed, until it is dropped.
struct Silence {
    before: libc::termios,
}

impl Silence {
    /// `None`: the terminal cannot be told, and shows it.
    fn begin() -> Option<Self> {
        let mut state = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: the pointer is valid for the call, which fills the struct when it answers 0.
        let got = unsafe { libc::tcgetattr(libc::STDIN_FILENO, state.as_mut_ptr()) };
        if got != 0 {
            return None;
        }
        // SAFETY: tcgetattr has filled it.
        let before = unsafe { state.assume_init() };
        let mut silent = before;
        silent.c_lflag &= !libc::ECHO;
        set_terminal(&silent).then_some(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        set_terminal(&self.before);
    }
}

fn set_terminal(state: &libc::termios) -> bool {
    // SAFETY: the pointer comes from a reference and is only read.
    unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSAFLUSH, state) == 0 }
}
