//! The emojis of this server, as an admin makes and changes them: GoToSocial's routes, since
//! Mastodon has none.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use serde_json::json;

use crate::api::entity::AdminEmoji;
use crate::api::{id_of, read, write};
use crate::app::App;
use crate::db;
use crate::error::{Error, Result};
use crate::http::{self, Form, Params};
use crate::model::CustomEmoji;
use crate::service::emoji::{self, Change, Picture};

/// GET /api/v1/admin/custom_emojis: by name. `filter` is a list of conditions between commas:
/// `domain:local`, `domain:all`, `enabled`, `disabled`, `shortcode:x`; only emojis of this server
/// are kept, so that any other domain has none.
pub(in crate::api) async fn list(app: Data<App>, params: Params) -> Result<HttpResponse> {
    let filter = params.text("filter")?.unwrap_or_default().to_owned();
    let most = params.limit(50, 200)?;
    let after = params.text("max_shortcode_domain")?.unwrap_or_default().to_owned();
    // in the order of the list, for which letter case does not matter
    let after = after.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let found = read(&app, |_, conn| db::emoji::list(conn)).await?;
    let wanted = found
        .into_iter()
        .filter(|one| filter.split(',').all(|part| fits(one, part.trim())))
        .filter(|one| one.shortcode.to_ascii_lowercase() > after)
        .take(most);
    Ok(http::json(&wanted.map(|one| AdminEmoji::new(&app.site, one)).collect::<Vec<_>>()))
}

fn fits(emoji: &CustomEmoji, condition: &str) -> bool {
    match condition.split_once(':') {
        Some(("shortcode", name)) => emoji.shortcode == name,
        Some(("domain", domain)) => matches!(domain, "local" | "all" | ""),
        _ => match condition {
            "enabled" => !emoji.disabled,
            "disabled" => emoji.disabled,
            _ => true,
        },
    }
}

/// GET /api/v1/admin/custom_emojis/:id.
pub(in crate::api) async fn show(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let found = read(&app, move |_, conn| db::emoji::get(conn, id)).await?;
    Ok(http::json(&AdminEmoji::new(&app.site, found)))
}

/// GET /api/v1/admin/custom_emojis/categories.
pub(in crate::api) async fn categories(app: Data<App>) -> Result<HttpResponse> {
    let found = read(&app, |_, conn| db::emoji::list(conn)).await?;
    let mut names: Vec<String> = found.into_iter().filter_map(|one| one.category).collect();
    names.sort_unstable();
    names.dedup();
    let shown: Vec<_> = names.iter().map(|name| json!({ "id": name, "name": name })).collect();
    Ok(http::json(&shown))
}

/// What is sent about an emoji; GoToSocial's name of the file is `image`.
async fn read_change(app: &Data<App>, mut form: Form) -> Result<Change> {
    let most = app.config.limits.max_emoji_bytes;
    let image = match form.take("image") {
        None => None,
        Some(file) if file.bytes > most as u64 => return Err(emoji::too_large(most)),
        Some(file) => {
            let this = App::clone(app);
            let decoded = app.lanes.decode.run(move || Picture::decode(&this.media, file, most))?;
            Some(decoded.await.map_err(|_| Error::internal("decoding was cut off"))??)
        }
    };
    let text = |name: &str| form.params.text(name).map(|text| text.map(str::to_owned));
    Ok(Change {
        visible: form.params.flag("visible_in_picker")?,
        disabled: form.params.flag("disabled")?,
        shortcode: text("shortcode")?.filter(|text| !text.is_empty()),
        category: text("category")?,
        image,
    })
}

/// POST /api/v1/admin/custom_emojis: `shortcode`, `image`, `category`, as multipart.
pub(in crate::api) async fn create(app: Data<App>, form: Form) -> Result<HttpResponse> {
    let change = read_change(&app, form).await?;
    let made = write(&app, move |_, tx| emoji::create(tx, change)).await?;
    Ok(http::json(&AdminEmoji::new(&app.site, made)))
}

/// PATCH /api/v1/admin/custom_emojis/:id: `type` is `modify` (image, category, and here also
/// shortcode and visible_in_picker), `disable` or `enable`. `copy` has nothing to copy from.
pub(in crate::api) async fn update(
    app: Data<App>,
    path: Path<String>,
    form: Form,
) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let change = match form.params.text("type")?.unwrap_or_default() {
        "" | "modify" => read_change(&app, form).await?,
        "disable" => Change { disabled: Some(true), ..Change::default() },
        "enable" => Change { disabled: Some(false), ..Change::default() },
        _ => return Err(Error::invalid("Validation failed: type is not included in the list")),
    };
    let after = write(&app, move |_, tx| emoji::update(tx, id, change)).await?;
    Ok(http::json(&AdminEmoji::new(&app.site, after)))
}

/// DELETE /api/v1/admin/custom_emojis/:id. Texts that show it lose its picture.
pub(in crate::api) async fn delete(app: Data<App>, path: Path<String>) -> Result<HttpResponse> {
    let id = id_of(&path)?;
    let gone = write(&app, move |_, tx| {
        let emoji = db::emoji::get(tx, id)?;
        db::emoji::delete(tx, id)?;
        Ok(emoji)
    });
    Ok(http::json(&AdminEmoji::new(&app.site, gone.await?)))
}
