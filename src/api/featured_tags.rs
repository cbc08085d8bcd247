//! Tags on profiles.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};

use super::tags::{name_of, shape};
use super::{Auth, accounts, entity, id_of};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::service::{self, featured_tag};
use crate::text::hashtag;

/// GET /api/v1/featured_tags.
pub(super) async fn list(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show(&app, move |app, conn| {
        let account = db::account::get(conn, me)?;
        Ok(entity::featured_tags(&app.site, &account, db::featured_tag::list(conn, me)?))
    })
    .await
}

/// POST /api/v1/featured_tags, with the `name` of a tag.
pub(super) async fn create(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let name = hashtag::normalize(params.required("name")?)
        .ok_or_else(|| Error::invalid("Validation failed: name is not a hashtag"))?;
    let added = super::write(&app, move |app, tx| {
        let account = db::account::get(tx, me)?;
        let tag = featured_tag::add(tx, &app.site, &account, &name)?;
        entity::featured_tags(&app.site, &account, vec![tag]).pop().ok_or(Error::NotFound)
    });
    Ok(http::json(&added.await?))
}

/// DELETE /api/v1/featured_tags/:id.
pub(super) async fn delete(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, id_of(&path)?);
    let gone = super::write(&app, move |app, tx| {
        featured_tag::remove_by_id(tx, &app.site, &db::account::get(tx, me)?, id)
    });
    gone.await?;
    Ok(super::empty())
}

/// GET /api/v1/featured_tags/suggestions: tags that one uses and does not feature.
pub(super) async fn suggestions(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show(&app, move |app, conn| {
        let tags = featured_tag::suggestions(conn, me)?;
        entity::tags(conn, &app.site, me, &tags)
    })
    .await
}

/// GET /api/v1/accounts/:id/featured_tags. Whoever looks at a remote profile has it read anew,
/// once a day, in the background.
pub(super) async fn of_account(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (id, viewer) = (id_of(&path)?, auth.viewer());
    let found = super::read(&app, move |app, conn| {
        let account = accounts::get(conn, id)?;
        let look = viewer != 0 && service::profile::wants_look(conn, &account)?;
        let tags = db::featured_tag::list(conn, id)?;
        Ok((look, entity::featured_tags(&app.site, &account, tags)))
    });
    let (look, tags) = found.await?;
    if look {
        super::write(&app, move |_, tx| service::profile::look_closer(tx, &accounts::get(tx, id)?))
            .await?;
    }
    Ok(http::json(&tags))
}

/// POST /api/v1/tags/:name/feature.
pub(super) async fn feature(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (name, me) = (name_of(&path)?, auth.account_id()?);
    let after = super::write(&app, move |app, tx| {
        let tag = featured_tag::add(tx, &app.site, &db::account::get(tx, me)?, &name)?;
        shape(tx, app, me, tag.tag_id, &name)
    });
    Ok(http::json(&after.await?))
}

/// POST /api/v1/tags/:name/unfeature.
pub(super) async fn unfeature(
    app: Data<App>,
    auth: Auth,
    path: Path<String>,
) -> Result<HttpResponse> {
    let (name, me) = (name_of(&path)?, auth.account_id()?);
    let after = super::write(&app, move |app, tx| {
        let id = db::status::find_tag(tx, &name)?.unwrap_or(0);
        featured_tag::remove(tx, &app.site, &db::account::get(tx, me)?, id, &name)?;
        shape(tx, app, me, id, &name)
    });
    Ok(http::json(&after.await?))
}
