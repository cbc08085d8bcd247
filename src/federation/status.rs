//! Status documents, their activities and counts (F-242, F-245).

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use crate::activity::build;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http;
use crate::id;
use crate::model::{Account, Held, Status};
use crate::service::{document, visibility};
use crate::site::Site;

use super::{accept, actor, thread_collections, verify};

/// `GET /users/{name}/statuses/{id}`, and `/@{name}/{id}` when a document is asked for.
pub async fn object(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    if !accept::wants_activity(request.headers()) {
        let (name, id) = path.into_inner();
        let id = id::parse(&id).ok_or(Error::NotFound)?;
        return actor::to_page(&app.site.status_page(&name, id));
    }
    serve(&app, &request, Some("note"), path, |conn, site, status, author| {
        Ok(match status.reblog_of_id {
            Some(_) => document::activity(conn, site, status, author)?,
            None => {
                let mut note = document::note(conn, site, status, author)?;
                if let Some(replies) = &mut note.replies {
                    // the author's own come along (F-241)
                    let own = db::backfill::list_replies(
                        conn,
                        status.id,
                        true,
                        0,
                        thread_collections::FIRST,
                    )?;
                    replies.items = own.into_iter().map(|(_, uri)| uri).collect();
                }
                build::with_context(build::note(&note))
            }
        })
    })
    .await
}

/// `GET …/activity`: the Create, or the Announce of a boost (F-228).
pub async fn activity(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    serve(&app, &request, Some("activity"), path, document::activity).await
}

/// `GET …/likes`: how many.
pub async fn likes(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    serve(&app, &request, None, path, |_, _, status, _| {
        Ok(counted(&format!("{}/likes", status.uri), status.favourites_count))
    })
    .await
}

/// `GET …/shares`: how many.
pub async fn shares(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse> {
    serve(&app, &request, None, path, |_, _, status, _| {
        Ok(counted(&format!("{}/shares", status.uri), status.reblogs_count))
    })
    .await
}

fn counted(id: &str, total: i64) -> Value {
    build::collection(id, Some(u64::try_from(total).unwrap_or(0)), None)
}

/// Serves something of a local status to whoever may read it: open ones to everybody, others to
/// a signer among the recipients; to all else it does not exist (F-118, F-245). What many servers
/// ask for at once, each new post, is `kept` under a name while it is open (S-137).
pub(super) async fn serve<F>(
    app: &App,
    request: &HttpRequest,
    kept: Option<&str>,
    path: Path<(String, String)>,
    write: F,
) -> Result<HttpResponse>
where
    F: Fn(&Conn, &Site, &Status, &Account) -> Result<Value> + Clone + Send + 'static,
{
    let (name, id) = path.into_inner();
    let id = id::parse(&id).ok_or(Error::NotFound)?;
    let admitted = actor::admit(app, request).await?;
    if let Some(kept) = kept.filter(|_| !admitted.is_somebody()) {
        let (named, write) = (name.clone(), write.clone());
        let open = app.document(format!("{kept} {name} {id}"), move |app, conn| {
            let Ok((status, author)) = find(conn, &app.site, &named, id)? else {
                return Err(Error::NotFound);
            };
            if !is_open(&status) || !visibility::can_see(conn, 0, &status)? {
                return Err(Error::NotFound);
            }
            http::encode(&write(conn, &app.site, &status, &author)?)
        });
        match open.await {
            Ok(body) => return Ok(accept::public_document(request, body.to_vec())),
            // it may be for this one reader
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    let site = app.site.clone();
    let found = app
        .read({
            let (name, site) = (name.clone(), site.clone());
            move |conn| find(conn, &site, &name, id)
        })
        .await;
    if let Err(Error::NotFound) = &found {
        // the same work as for one that is there and not for everybody, or a signature with a key
        // that must be fetched would tell which it was
        let _ = verify::reader(app, request).await;
    }
    let found = found?;
    let open = match &found {
        Err(tombstone) => return Ok(accept::gone(tombstone)),
        Ok((status, _)) => is_open(status),
    };
    let viewer = if open {
        0
    } else {
        // whoever gives no or a wrong signature learns no more than of what does not exist
        verify::reader(app, request).await.ok().flatten().ok_or(Error::NotFound)?.id
    };
    let body = app
        .read(move |conn| {
            let Ok((status, author)) = find(conn, &site, &name, id)? else {
                return Err(Error::NotFound);
            };
            admitted.check(conn, author.id)?;
            if !visibility::can_see(conn, viewer, &status)? {
                return Err(Error::NotFound);
            }
            serde_json::to_vec(&write(conn, &site, &status, &author)?).map_err(Error::internal)
        })
        .await?;
    Ok(if open { admitted.answer(request, body) } else { accept::private_document(body) })
}

/// Whether it is for everybody.
fn is_open(status: &Status) -> bool {
    status.visibility.is_open() && status.held == Held::Free
}

/// The local status of a path and its author, or its Tombstone.
fn find(
    conn: &Conn,
    site: &Site,
    name: &str,
    id: i64,
) -> Result<std::result::Result<(Status, Account), Value>> {
    let author = actor::find(conn, name)?;
    let status = db::status::find(conn, id)?;
    match (status, author) {
        (Some(status), Some(author)) if status.account_id == author.id && status.local => {
            Ok(Ok((status, author)))
        }
        _ => actor::tombstone(conn, &site.status(name, id)).map(Err),
    }
}
