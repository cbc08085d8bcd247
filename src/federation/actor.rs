//! Actor documents (F-018 to F-042).

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::activity::build;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service::document;

use super::{accept, verify};

/// `GET /actor`: the instance actor, to everybody, always (F-038).
pub async fn instance(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let site = app.site.clone();
    let body = app
        .read(move |conn| {
            let account = db::account::get(conn, INSTANCE_ACTOR)?;
            let doc = document::actor(conn, &site, &account)?;
            serde_json::to_vec(&build::instance_actor(&doc)).map_err(Error::internal)
        })
        .await?;
    Ok(accept::public_document(&request, body))
}

/// `GET /users/{name}`: the actor, or for a browser the way to the profile page.
pub async fn local(
    app: Data<App>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse> {
    let name = name.into_inner();
    if !accept::wants_activity(request.headers()) {
        return to_page(&app.site.profile(&name));
    }
    let reader = admit(&app, &request).await?;
    let site = app.site.clone();
    let found = app
        .read(move |conn| {
            let Some(account) = find(conn, &name)? else {
                return tombstone(conn, &site.actor(&name)).map(Err);
            };
            reader.check(conn, account.id)?;
            let doc = document::actor(conn, &site, &account)?;
            serde_json::to_vec(&build::actor(&doc)).map(Ok).map_err(Error::internal)
        })
        .await?;
    Ok(match found {
        Ok(body) => reader.answer(&request, body),
        Err(tombstone) => accept::gone(&tombstone),
    })
}

/// The local account of a path; `None` when there is none (any more).
pub fn find(conn: &Conn, name: &str) -> Result<Option<Account>> {
    let account = db::account::find_local(conn, name)?;
    Ok(account.filter(|a| a.suspended_at.is_none() && a.id != INSTANCE_ACTOR))
}

/// The Tombstone of what was at an address; 404 when nothing was.
pub fn tombstone(conn: &Conn, uri: &str) -> Result<serde_json::Value> {
    let at = db::seen::buried_at(conn, uri)?.ok_or(Error::NotFound)?;
    Ok(build::tombstone(uri, Some(at)))
}

/// A browser came to a document's address: the page is elsewhere.
pub fn to_page(page: &str) -> Result<HttpResponse> {
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, page))
        .insert_header((header::VARY, "Accept"))
        .finish())
}

/// Who asks, as far as it matters.
#[derive(Clone, Copy)]
pub struct Reader {
    /// With `require_signed_fetch`: who signed. Else nobody is asked.
    signer: Option<i64>,
}

/// With `require_signed_fetch` only those read who say who they are (F-119).
pub async fn admit(app: &App, request: &HttpRequest) -> Result<Reader> {
    if !app.config.federation.require_signed_fetch {
        return Ok(Reader { signer: None });
    }
    let signer = verify::reader(app, request)
        .await?
        .ok_or(Error::Unauthorized("This server wants signed requests".into()))?;
    Ok(Reader { signer: Some(signer.id) })
}

impl Reader {
    /// Whom the account blocks finds nothing (S-094).
    pub fn check(self, conn: &Conn, account: i64) -> Result<()> {
        match self.signer {
            Some(signer) if db::moderation::blocks(conn, account, signer)? => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    /// An answer that depends on the signer is for nobody else (F-122, S-093).
    pub fn answer(self, request: &HttpRequest, body: Vec<u8>) -> HttpResponse {
        match self.signer {
            Some(_) => accept::private_document(body),
            None => accept::public_document(request, body),
        }
    }
}
