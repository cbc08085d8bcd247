//! One's own profile in the form of Mastodon 4.6, and its pictures.

use actix_web::HttpResponse;
use actix_web::web::Data;

use super::credentials::{own, read_change};
use super::{Auth, entity, media};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::{self, Form};
use crate::media::image::Purpose;
use crate::service::media::{PictureChange, PicturesChange};
use crate::service::profile::{ProfileChange, update_profile};

/// GET /api/v1/profile.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show_few(&app, move |app, conn| entity::profile(conn, &app.site, me)).await
}

/// PATCH /api/v1/profile: the parameters of `update_credentials`, but for `source`.
pub(super) async fn update(app: Data<App>, auth: Auth, mut form: Form) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let pictures = read_pictures(&app, &mut form).await?;
    let change = ProfileChange { pictures, ..read_change(&form.params)? };
    let after = super::write(&app, move |app, tx| {
        update_profile(tx, &app.site, me, change)?;
        entity::profile(tx, &app.site, me)
    });
    Ok(http::json(&after.await?))
}

/// DELETE /api/v1/profile/avatar: the default is shown again.
pub(super) async fn delete_avatar(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let avatar = PictureChange::Remove;
    change(&app, auth.account_id()?, PicturesChange { avatar, ..Default::default() }).await
}

/// DELETE /api/v1/profile/header.
pub(super) async fn delete_header(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let header = PictureChange::Remove;
    change(&app, auth.account_id()?, PicturesChange { header, ..Default::default() }).await
}

async fn change(app: &Data<App>, me: i64, pictures: PicturesChange) -> Result<HttpResponse> {
    let change = ProfileChange { pictures, ..ProfileChange::default() };
    let own = super::write(app, move |app, tx| {
        update_profile(tx, &app.site, me, change)?;
        own(app, tx, me)
    });
    Ok(http::json(&own.await?))
}

/// `avatar`, `header` and their descriptions in a form of update_credentials; the files are
/// decoded here.
pub(super) async fn read_pictures(app: &Data<App>, form: &mut Form) -> Result<PicturesChange> {
    let text = |name| form.params.text(name).map(|text| text.map(str::to_owned));
    let avatar_description = text("avatar_description")?;
    let header_description = text("header_description")?;
    // a client must not show as changed what is not
    for name in ["avatar", "header"] {
        if form.params.says(name) {
            return Err(Error::invalid(format!(
                "Validation failed: {name} must be a file in a multipart form"
            )));
        }
    }
    let (avatar, header) = (form.take("avatar"), form.take("header"));
    let mut change =
        PicturesChange { avatar_description, header_description, ..Default::default() };
    if let Some(file) = avatar {
        let (key, made) = media::decode(app, file, None, Purpose::Avatar).await?;
        change.avatar = PictureChange::New { key, made };
    }
    if let Some(file) = header {
        let (key, made) = media::decode(app, file, None, Purpose::Header).await?;
        change.header = PictureChange::New { key, made };
    }
    Ok(change)
}
