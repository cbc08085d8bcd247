//! `GET /emoji/{key}.{ending}`: the pictures of this server's custom emojis, and under
//! `{key}.static.png` what stands for one that moves.

use actix_web::http::header::{self, HeaderName};
use actix_web::{HttpResponse, web};

use crate::app::App;
use crate::db;
use crate::error::{Error, Result};

/// `GET /emoji/{file}`. Another picture has another address, so that caches may keep it for ever;
/// whatever is in it, a browser shows a picture and nothing else (S-060).
pub(super) async fn show(app: web::Data<App>, file: web::Path<String>) -> Result<HttpResponse> {
    let file = file.into_inner();
    let (key, ending) = file.split_once('.').ok_or(Error::NotFound)?;
    let (key, kind) = (key.to_owned(), format!("image/{ending}"));
    let found = if ending == "static.png" {
        let still = app.read(move |conn| db::emoji::find_still(conn, &key)).await?;
        still.map(|image| ("image/png".to_owned(), image))
    } else {
        let found = app.read(move |conn| db::emoji::find_image(conn, &key)).await?;
        found.filter(|(media_type, _)| *media_type == kind)
    };
    let (media_type, image) = found.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        // web clients on other hosts show the pictures
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .body(image))
}
