//! Accounts of anybody, as an admin sees and changes them.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::api::{Auth, empty, entity, id_of, page, read, write};
use crate::app::App;
use crate::db::{self, Conn, admin::Wanted};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service::applicant;
use crate::service::moderation::{self, Action};

/// GET /api/v1/admin/accounts: with one flag for each condition.
pub(in crate::api) async fn list_v1(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let flag = |name: &str| Ok::<_, Error>(params.flag(name)?.unwrap_or(false));
    let local = match (flag("local")?, flag("remote")?) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    };
    let wanted = Wanted {
        local,
        active: flag("active")?,
        disabled: flag("disabled")?,
        silenced: flag("silenced")?,
        suspended: flag("suspended")?,
        staff: flag("staff")?,
        ..named(&params)?
    };
    list(app, request, &params, wanted, flag("pending")?).await
}

/// GET /api/v2/admin/accounts: with `origin`, `status` and `permissions`.
pub(in crate::api) async fn list_v2(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let mut wanted = named(&params)?;
    let word = |name: &str| Ok::<_, Error>(params.text(name)?.unwrap_or_default().to_owned());
    wanted.local = match word("origin")?.as_str() {
        "" => None,
        "local" => Some(true),
        "remote" => Some(false),
        _ => return Err(not_listed("origin")),
    };
    let mut pending = false;
    match word("status")?.as_str() {
        "" => {}
        "active" => wanted.active = true,
        "pending" => pending = true,
        "disabled" => wanted.disabled = true,
        "silenced" => wanted.silenced = true,
        "suspended" => wanted.suspended = true,
        _ => return Err(not_listed("status")),
    }
    match word("permissions")?.as_str() {
        "" => {}
        "staff" => wanted.staff = true,
        _ => return Err(not_listed("permissions")),
    }
    list(app, request, &params, wanted, pending).await
}

fn not_listed(name: &str) -> Error {
    Error::invalid(format!("Validation failed: {name} is not included in the list"))
}

fn named(params: &Params) -> Result<Wanted> {
    let text = |name: &str| {
        let text = params.text(name)?.map(|text| text.trim().trim_start_matches('@').to_owned());
        Ok::<_, Error>(text.filter(|text| !text.is_empty()))
    };
    Ok(Wanted {
        username: text("username")?,
        display_name: text("display_name")?,
        domain: text("by_domain")?.map(|domain| domain.to_lowercase()),
        email: text("email")?,
        ..Wanted::default()
    })
}

async fn list(
    app: Data<App>,
    request: HttpRequest,
    params: &Params,
    wanted: Wanted,
    pending: bool,
) -> Result<HttpResponse> {
    let cut = params.page(100, 200)?;
    // addresses of networks are not kept
    let nobody = params.says("ip") || params.says("invited_by");
    if pending && !nobody && wanted.local != Some(false) {
        let found = page::read(&app, &request, move |app, conn| {
            let waiting = db::applicant::list_waiting(conn, &cut)?;
            let ends = page::ends(&cut, waiting.iter().map(|one| one.id));
            let shown = waiting.into_iter().map(|one| entity::admin_applicant(&app.site, one));
            Ok((ends, shown.collect::<Vec<_>>()))
        });
        return found.await;
    }
    let nobody = nobody || pending;
    let found = page::read(&app, &request, move |app, conn| {
        let ids = match nobody {
            true => Vec::new(),
            false => db::admin::list_accounts(conn, &wanted, &cut)?,
        };
        let shown = entity::admin_accounts(conn, &app.site, &ids)?;
        Ok((page::ends(&cut, ids.into_iter()), shown))
    });
    found.await
}

/// GET /api/v1/admin/accounts/:id.
pub(in crate::api) async fn show(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    answer(&app, id).await
}

async fn answer(app: &Data<App>, id: i64) -> Result<HttpResponse> {
    let shown = read(app, move |app, conn| {
        if let Some(waiting) = db::applicant::find(conn, id)? {
            return Ok(entity::admin_applicant(&app.site, waiting));
        }
        moderation::get(conn, id)?;
        entity::admin_accounts(conn, &app.site, &[id])?.pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&shown.await?))
}

/// POST /api/v1/admin/accounts/:id/action: `type`, and the report that it answers. `text` and
/// `send_email_notification` have nobody to go to: no mail is sent here.
pub(in crate::api) async fn action(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(&path)?, auth.account_id()?);
    let about = params.id("report_id")?;
    let action = Action::parse(params.required("type")?).ok_or_else(|| not_listed("type"))?;
    write(&app, move |app, tx| moderation::act(tx, &app.site, Some(me), id, action, about)).await?;
    Ok(empty())
}

async fn lift(
    app: &Data<App>,
    auth: &Auth,
    path: &Path<String>,
    action: Action,
) -> Result<HttpResponse> {
    let (id, me) = (id_of(path)?, auth.account_id()?);
    write(app, move |app, tx| moderation::act(tx, &app.site, Some(me), id, action, None)).await?;
    answer(app, id).await
}

/// POST /api/v1/admin/accounts/:id/enable.
pub(in crate::api) async fn enable(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    lift(&app, &auth, &path, Action::Enable).await
}

/// POST /api/v1/admin/accounts/:id/unsilence.
pub(in crate::api) async fn unsilence(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    lift(&app, &auth, &path, Action::Unsilence).await
}

/// POST /api/v1/admin/accounts/:id/unsuspend.
pub(in crate::api) async fn unsuspend(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    lift(&app, &auth, &path, Action::Unsuspend).await
}

/// POST /api/v1/admin/accounts/:id/unsensitive.
pub(in crate::api) async fn unsensitive(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    lift(&app, &auth, &path, Action::Unsensitive).await
}

/// POST /api/v1/admin/accounts/:id/approve: 403, as in Mastodon, for one who does not wait.
pub(in crate::api) async fn approve(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    read(&app, move |_, conn| waits(conn, id)).await?;
    app.approve(id).await?;
    answer(&app, id).await
}

/// POST /api/v1/admin/accounts/:id/reject: the answer is who it was; nothing of them is left.
pub(in crate::api) async fn reject(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let gone = write(&app, move |app, tx| {
        waits(tx, id)?;
        applicant::reject(tx, &app.site, id)
    });
    Ok(http::json(&entity::admin_applicant(&app.site, gone.await?)))
}

fn waits(conn: &Conn, id: i64) -> Result<()> {
    if db::applicant::find(conn, id)?.is_some_and(|one| !one.approved) {
        return Ok(());
    }
    if db::applicant::find(conn, id)?.is_none() {
        moderation::get(conn, id)?;
    }
    Err(Error::Forbidden("This action is not allowed".into()))
}

/// DELETE /api/v1/admin/accounts/:id: for good; of a suspended one only.
pub(in crate::api) async fn delete(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let shown = write(&app, move |app, tx| {
        moderation::get(tx, id)?;
        let shown = entity::admin_accounts(tx, &app.site, &[id])?.pop().ok_or(Error::NotFound)?;
        moderation::delete(tx, &app.site, id)?;
        Ok(shown)
    });
    Ok(http::json(&shown.await?))
}
