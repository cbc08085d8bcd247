//! What is asked of other servers because a person looks: profiles, threads, polls. Nobody waits
//! for profiles and threads; how far a thread is, an app can ask.

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Path};
use serde_json::json;

use super::{Auth, remote};
use crate::app::App;
use crate::db::backfill::ThreadRead;
use crate::db::{self, Conn, Lane};
use crate::error::{Error, Result};
use crate::http;
use crate::model::{Account, Status};
use crate::service::{backfill, visibility};

/// Tells an app that more of what it was just given is on its way, and where to ask.
const HEADER: &str = "mastodon-async-refresh";
/// After so many seconds it may ask.
const RETRY: u32 = 3;
/// What the id of the reading of a thread begins with; the id of its status follows.
const THREAD: &str = "thread-";

/// A person looks at a profile: what is due of it is queued (F-055, F-256).
pub(super) fn look(app: &App, conn: &Conn, viewer: i64, account: &Account) -> Result<()> {
    if viewer != 0 && app.config.limits.profile_statuses > 0 && backfill::due(conn, account)?.any()
    {
        let account = account.clone();
        // written when there is time: the answer does not depend on it
        drop(app.db.write(Lane::Background, move |tx| backfill::want(tx, &account)));
    }
    Ok(())
}

/// Whether the thread of a status is being read, or it is time to.
pub(super) fn thread(
    app: &App,
    conn: &Conn,
    viewer: i64,
    status: &Status,
) -> Result<(Option<ThreadRead>, bool)> {
    if viewer == 0 || app.config.limits.profile_statuses == 0 {
        return Ok((None, false));
    }
    let last = backfill::thread(conn, status)?;
    Ok((last, backfill::is_thread_due(conn, status, last)))
}

/// Queues the reading of a thread if it is time, and tells the app (F-252).
pub(super) async fn announce(
    app: &Data<App>,
    response: &mut HttpResponse,
    status: i64,
    reader: i64,
    last: Option<ThreadRead>,
    due: bool,
) {
    let read = if due {
        let queued = super::write(app, move |_, tx| backfill::want_thread(tx, status, reader));
        queued.await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a thread is not read");
            None
        })
    } else {
        last
    };
    let Some(read) = read.filter(|read| !read.done) else { return };
    let text = format!(r#"id="{THREAD}{status}", retry={RETRY}, result_count={}"#, read.found);
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(HeaderName::from_static(HEADER), value);
    }
}

/// GET /`api/v1_alpha/async_refreshes/:id`: how far a thread is read.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let id = path.strip_prefix(THREAD).and_then(crate::id::parse).ok_or(Error::NotFound)?;
    let read = super::read(&app, move |_, conn| {
        visibility::get(conn, me, id)?;
        db::backfill::find_thread(conn, id)?.ok_or(Error::NotFound)
    });
    let read = read.await?;
    Ok(http::json(&json!({
        "async_refresh": {
            "id": format!("{THREAD}{id}"),
            "status": if read.done { "finished" } else { "running" },
            "result_count": read.found,
        }
    })))
}

/// Asks how a remote poll stands, if it is time (F-308), before it is shown.
pub(super) async fn poll(app: &Data<App>, viewer: i64, id: i64) -> Result<()> {
    if viewer == 0 {
        return Ok(());
    }
    let status = super::read(app, move |_, conn| visibility::target(conn, viewer, id)).await?;
    if status.local || status.poll.is_none() {
        return Ok(());
    }
    let copy = status.clone();
    if super::write(app, move |_, tx| backfill::take_poll(tx, &copy)).await? {
        remote::status(app, status, viewer).await;
    }
    Ok(())
}
