//! Files of people who move: in, out, and how it goes on.

use serde::{Deserialize, Serialize};

use super::Reply;
use super::command::find_person;
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::model::{Import, Sheet};
use crate::service;
use crate::text::sheet;

/// How many imports are listed.
const LISTED: i64 = 40;

/// An import, as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportLine {
    pub id: i64,
    pub sheet: Sheet,
    pub total: i64,
    pub done: i64,
    pub failed: i64,
    /// Milliseconds since 1970.
    pub created_at: i64,
    pub finished: bool,
}

impl From<Import> for ImportLine {
    fn from(import: Import) -> Self {
        Self {
            id: import.id,
            sheet: import.sheet,
            total: import.total,
            done: import.done,
            failed: import.failed,
            created_at: import.created_at,
            finished: import.finished_at.is_some(),
        }
    }
}

pub(super) fn import(
    app: &App,
    account: &str,
    kind: Sheet,
    overwrite: bool,
    text: &str,
) -> Result<Reply> {
    let (account, _) = app.db.read(|conn| find_person(conn, &app.site, account))?;
    let begun = service::import::begin(&app.db, &app.site, account.id, kind, overwrite, text)?;
    Ok(Reply::Imports(vec![begun.into()]))
}

pub(super) fn list(app: &App, account: &str) -> Result<Reply> {
    let found = app.db.read(|conn| {
        let (account, _) = find_person(conn, &app.site, account)?;
        db::import::list(conn, account.id, LISTED)
    })?;
    Ok(Reply::Imports(found.into_iter().map(ImportLine::from).collect()))
}

pub(super) fn export(app: &App, account: &str, kind: Sheet) -> Result<Reply> {
    let rows = app.db.read(|conn| {
        let (account, _) = find_person(conn, &app.site, account)?;
        db::sheet::list(conn, account.id, kind, &app.site.account_domain)
    })?;
    String::from_utf8(sheet::write(kind, rows)).map(Reply::File).map_err(Error::internal)
}
