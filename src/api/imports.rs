//! Taking along what one has elsewhere: Mastodon's CSV files, in and out. The paths are
//! GoToSocial's; `GET /api/v1/import` is ours.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::{Auth, entity, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http;
use crate::model::Sheet;
use crate::service::import;
use crate::text::reason::Reason;
use crate::text::sheet;

/// How many imports, and failed lines of one, are shown.
const SHOWN: i64 = 40;
const SHOWN_FAILURES: i64 = 200;

/// POST /api/v1/import with `data` (the file), `type` and `mode` (`merge` or `overwrite`): 202
/// with how it stands; the lines are done in the background. 422 for a file or a type that is
/// none.
pub(super) async fn create(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let _room = import::enter(&app.archives, me)?;
    let to = (&app.media.archives, import::LARGEST);
    let (params, file) = http::receive_or_read(&app, &request, body.into_inner(), to).await?;
    let kind =
        Sheet::parse(params.required("type")?).ok_or_else(|| Reason::kind_unknown.refuse())?;
    let overwrite = match params.text("mode")? {
        None | Some("" | "merge") => false,
        Some("overwrite") => true,
        Some(_) => {
            return Err(Reason::mode_unknown.refuse());
        }
    };
    let data = match file {
        Some(file) => import::Data::File(file),
        None => import::Data::Text(params.required("data")?.to_owned()),
    };
    let parts = App::clone(&app);
    let begun = app
        .compute(move || import::begin(&parts.db, &parts.site, me, kind, overwrite, &data.text()?));
    let begun = begun.await??;
    Ok(HttpResponse::Accepted().json(entity::Import::new(&begun)))
}

/// GET /api/v1/import: how one's newest imports stand.
pub(super) async fn list(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show(&app, move |_, conn| {
        let found = db::import::list(conn, me, SHOWN)?;
        Ok(found.iter().map(entity::Import::new).collect::<Vec<_>>())
    })
    .await
}

/// GET /api/v1/import/:id: the same of one, with the lines that failed and why.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, id_of(&path)?);
    super::show(&app, move |_, conn| {
        let found = db::import::find(conn, me, id)?.ok_or(Error::NotFound)?;
        let failures = db::import::list_failures(conn, &[id], SHOWN_FAILURES)?;
        Ok(entity::Import::with_failures(&found, failures))
    })
    .await
}

/// GET /api/v1/exports/:name.csv, one function a file.
macro_rules! exports {
    ($($name:ident = $sheet:ident),*) => {$(
        pub(super) async fn $name(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
            export(&app, &auth, Sheet::$sheet).await
        }
    )*};
}
exports!(
    following = Following,
    followers = Followers,
    lists = Lists,
    blocks = Blocks,
    mutes = Mutes,
    domain_blocks = DomainBlocks,
    bookmarks = Bookmarks
);

async fn export(app: &Data<App>, auth: &Auth, kind: Sheet) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let file = super::read(app, move |app, conn| {
        Ok(sheet::write(kind, db::sheet::list(conn, me, kind, &app.site.account_domain)?))
    });
    let name = format!("attachment; filename=\"{}.csv\"", kind.as_str());
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(file.await?))
}

/// GET /api/v1/exports/stats: how much there is of each.
pub(super) async fn stats(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let stats: Value = super::read(&app, move |_, conn| {
        let account = db::account::get(conn, me)?;
        let (lists, blocks, mutes, bytes) = db::sheet::counts(conn, me)?;
        Ok(json!({
            "media_storage": megabytes(bytes),
            "followers_count": account.followers_count,
            "following_count": account.following_count,
            "statuses_count": account.statuses_count,
            "lists_count": lists,
            "blocks_count": blocks,
            "mutes_count": mutes,
        }))
    })
    .await?;
    Ok(http::json(&stats))
}

fn megabytes(bytes: i64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}
