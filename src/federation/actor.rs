//! Actor documents (F-018 to F-042).

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::activity::build;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http;
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service::{self, document};

use super::{accept, claim, verify};

/// `GET /actor`: the instance actor, to everybody, always (F-038).
pub async fn instance(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let body = app.document("actor".into(), |app, conn| {
        let account = db::account::get(conn, INSTANCE_ACTOR)?;
        let doc = document::actor(conn, &app.site, &account)?;
        http::encode(&build::instance_actor(&doc))
    });
    Ok(accept::public_document(&request, body.await?.to_vec()))
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
    if reader.is_somebody() {
        let wanted = name.clone();
        app.read(move |conn| match find(conn, &wanted)? {
            Some(account) => reader.check(conn, account.id),
            None => Ok(()),
        })
        .await?;
    }
    let wanted = name.clone();
    let body = app.document(format!("users/{name}"), move |app, conn| {
        let account = find_suspended(conn, &wanted)?.ok_or(Error::NotFound)?;
        http::encode(&build::actor(&document::actor(conn, &app.site, &account)?))
    });
    match body.await {
        Ok(body) => Ok(reader.answer(&request, body.to_vec())),
        Err(Error::NotFound) => {
            let uri = app.site.actor(&name);
            Ok(accept::gone(&app.read(move |conn| tombstone(conn, &uri)).await?))
        }
        Err(error) => Err(error),
    }
}

/// The local account of a path; `None` when there is none (any more).
pub fn find(conn: &Conn, name: &str) -> Result<Option<Account>> {
    let account = db::account::find_local(conn, name)?;
    Ok(account.filter(|a| a.suspended_at.is_none() && a.id != INSTANCE_ACTOR))
}

/// The same, also while it is suspended: then its document is emptied (F-034).
fn find_suspended(conn: &Conn, name: &str) -> Result<Option<Account>> {
    let account = db::account::find_local(conn, name)?.filter(|a| a.id != INSTANCE_ACTOR);
    Ok(match account {
        Some(account) if service::moderation::is_gone(conn, &account)? => None,
        found => found,
    })
}

/// The Tombstone of what was at an address; 404 when nothing was.
pub fn tombstone(conn: &Conn, uri: &str) -> Result<serde_json::Value> {
    let at = db::seen::buried_at(conn, uri)?.ok_or(Error::NotFound)?;
    Ok(build::tombstone(uri, Some(at)))
}

/// A browser came to a document's address: the page is elsewhere.
///
/// # Errors
/// 404 where the name in it, which came with the request, can be nobody's.
pub fn to_page(page: &str) -> Result<HttpResponse> {
    if !page.chars().all(|c| c.is_ascii_alphanumeric() || "-._~:/@[]".contains(c)) {
        return Err(Error::NotFound);
    }
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, page))
        .insert_header((header::VARY, "Accept"))
        .finish())
}

/// Who asks, as far as it matters.
#[derive(Clone, Copy)]
pub struct Reader {
    /// With `require_signed_fetch`: who signed. Else nobody is asked, and only whom somebody here
    /// blocks is known by its own word (F-341).
    signer: Option<i64>,
}

/// With `require_signed_fetch` only those read who say who they are (F-119).
pub async fn admit(app: &App, request: &HttpRequest) -> Result<Reader> {
    if !app.config.federation.require_signed_fetch {
        return Ok(Reader { signer: claim::blocked(app, request).await? });
    }
    let signer = verify::reader(app, request)
        .await?
        .ok_or(Error::Unauthorized("This server wants signed requests".into()))?;
    Ok(Reader { signer: Some(signer.id) })
}

impl Reader {
    /// Whether the answer depends on who asks.
    pub fn is_somebody(self) -> bool {
        self.signer.is_some()
    }

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
