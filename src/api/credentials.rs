//! One's own account.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::entity::{self, Credential};
use super::posting::read_content_type;
use super::quotes::read_policy;
use super::{Auth, profile};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Form, Params};
use crate::model::{ContentType, Visibility};
use crate::service::profile::{ProfileChange, update_profile};
use crate::text::language;

/// GET /api/v1/accounts/verify_credentials.
pub(super) async fn verify(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show_few(&app, move |app, conn| own(app, conn, me)).await
}

/// PATCH /api/v1/accounts/update_credentials.
pub(super) async fn update(app: Data<App>, auth: Auth, mut form: Form) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let pictures = profile::read_pictures(&app, &mut form).await?;
    let params = form.params;
    let change = ProfileChange { pictures, ..read_change(&params)? };
    let own = super::write(&app, move |app, tx| {
        update_profile(tx, &app.site, me, change)?;
        own(app, tx, me)
    });
    Ok(http::json(&own.await?))
}

/// GET /api/v1/preferences.
pub(super) async fn preferences(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let user = super::read(&app, move |_, conn| db::user::find(conn, me)).await?;
    let user = user.ok_or(Error::NotFound)?;
    Ok(http::json(&json!({
        "posting:default:visibility": user.default_visibility.min(Visibility::Private).as_str(),
        "posting:default:sensitive": user.default_sensitive,
        "posting:default:language": user.default_language,
        "posting:default:quote_policy": user.default_quote_policy.as_str(),
        "reading:expand:media": "default",
        "reading:expand:spoilers": false,
        "reading:autoplay:gifs": false,
    })))
}

pub(super) fn own(app: &App, conn: &Conn, me: i64) -> Result<Credential> {
    let account = db::account::get(conn, me)?;
    let user = db::user::find(conn, me)?.ok_or(Error::NotFound)?;
    let requests = db::follow::count_requests(conn, me)?;
    let fields = db::profile::fields_source(conn, me)?;
    let own = entity::credential(&app.site, account, user, fields, requests);
    own.with_moved(conn, &app.site)
}

/// What `update_credentials` and `profile` change.
pub(super) fn read_change(params: &Params) -> Result<ProfileChange> {
    let source = params.nested("source")?;
    let default_visibility = match source.text("privacy")? {
        None | Some("") => None,
        Some(word) => {
            Some(Visibility::parse(word).filter(|v| *v != Visibility::Direct).ok_or_else(|| {
                Error::invalid("Validation failed: source[privacy] is not included in the list")
            })?)
        }
    };
    let default_language = match source.text("language")? {
        None if source.has("language") => Some(None),
        None => None,
        Some(text) => Some(read_language("source[language]", Some(text))?),
    };
    Ok(ProfileChange {
        display_name: params.text("display_name")?.map(str::to_owned),
        note: params.text("note")?.map(str::to_owned),
        locked: params.flag("locked")?,
        bot: params.flag("bot")?,
        discoverable: params.flag("discoverable")?,
        indexable: params.flag("indexable")?,
        hide_collections: params.flag("hide_collections")?,
        show_featured: params.flag("show_featured")?,
        show_media: params.flag("show_media")?,
        show_media_replies: params.flag("show_media_replies")?,
        fields: if params.gives("fields_attributes") { Some(read_fields(params)?) } else { None },
        attribution_domains: if params.gives("attribution_domains") {
            Some(params.list("attribution_domains")?)
        } else {
            None
        },
        default_visibility,
        default_sensitive: source.flag("sensitive")?,
        default_language,
        default_content_type: read_default_type(&source)?,
        default_quote_policy: read_policy("source[quote_policy]", &source, "quote_policy")?,
        ..ProfileChange::default()
    })
}

/// How new statuses are written, under GoToSocial's name or the shorter one.
fn read_default_type(source: &Params) -> Result<Option<ContentType>> {
    for name in ["status_content_type", "content_type"] {
        let field = format!("source[{name}]");
        if let Some(kind) = read_content_type(&field, source.text(name)?)? {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// `fields_attributes[0][name]`, `fields_attributes[][name]` or an array of objects; none clears.
fn read_fields(params: &Params) -> Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    for field in params.each("fields_attributes")? {
        let text = |name: &str| -> Result<String> {
            let text = field.text(name).map_err(|_| {
                Error::invalid(format!(
                    "Validation failed: fields_attributes: {name} must be a text"
                ))
            })?;
            Ok(text.unwrap_or_default().to_owned())
        };
        fields.push((text("name")?, text("value")?));
    }
    Ok(fields)
}

/// A language tag; a blank one is none.
pub(super) fn read_language(field: &str, text: Option<&str>) -> Result<Option<String>> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => language::normalize(text).map(Some).ok_or_else(|| {
            Error::invalid(format!("Validation failed: {field} is not a language code"))
        }),
    }
}
