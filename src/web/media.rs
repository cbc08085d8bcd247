//! `GET /media/ab/cd/name`: stored files of the people here.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::object;
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::file::{self, FOR_EVER, Shown};
use crate::media::storage::Name;

/// `GET` and `HEAD` of a stored file.
pub(super) async fn show(
    app: Data<App>,
    request: HttpRequest,
    path: Path<(String, String, String)>,
) -> Result<HttpResponse> {
    let (first, second, name) = path.into_inner();
    let name = Name::from_address(&first, &second, &name).ok_or(Error::NotFound)?;
    let media_type = name.media_type().ok_or(Error::NotFound)?;
    let shown = Shown { tag: format!("\"{}\"", name.as_str()), media_type, age: FOR_EVER };
    if let Some(answer) = object::show(&app, &request, &name, &shown).await? {
        return Ok(answer);
    }
    let (parts, of) = (App::clone(&app), name.clone());
    let opened = app.compute(move || parts.media.storage.open_file(&of)).await??;
    if let Some((file, size)) = opened {
        return Ok(file::serve(&app, &request, file, size, &shown));
    }
    // it may just have been moved
    match object::show(&app, &request, &name, &shown).await? {
        Some(answer) => Ok(answer),
        None => Err(object::missing(&app, &name).await),
    }
}
