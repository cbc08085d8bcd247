//! Instance, in the old form (v1) and the new one (v2).

use serde::Serialize;
use serde_json::{Value, json};

use super::Account;
use crate::app::App;
use crate::clock::{api_time, date};
use crate::db::Conn;
use crate::error::{Error, Result};
use crate::model::ContentType;
use crate::service::sign_up::Doorplate;
use crate::service::{document, profile};
use crate::text::{policy, sanitize};

/// Clients read the version of Mastodon whose API this is out of its beginning.
const VERSION: &str = concat!("4.5.0 (compatible; Dassie ", env!("CARGO_PKG_VERSION"), ")");

/// The features that clients may count on: up to the profile endpoints. 9 and above would promise
/// collections, which are not served.
const API_VERSION: u8 = 8;

/// What Mastodon counts for an address, however long it is.
const CHARACTERS_OF_A_LINK: u32 = 23;

/// The side lengths of the picture that stands for the server.
const ICON_SIZE: &str = "192x192";

/// GET /api/v1/instance.
#[derive(Debug, Serialize)]
pub(crate) struct V1 {
    uri: String,
    title: String,
    short_description: String,
    description: String,
    email: String,
    version: &'static str,
    urls: Urls,
    stats: Stats,
    thumbnail: String,
    languages: Vec<String>,
    registrations: bool,
    approval_required: bool,
    invites_enabled: bool,
    configuration: Value,
    contact_account: Option<Account>,
    rules: Vec<Rule>,
}

/// Where the streaming API is.
#[derive(Debug, Serialize)]
struct Urls {
    streaming_api: String,
}

/// How much there is.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    pub(crate) user_count: i64,
    pub(crate) status_count: i64,
    pub(crate) domain_count: i64,
}

/// Each number is a promise of features.
#[derive(Debug, Serialize)]
struct ApiVersions {
    mastodon: u8,
}

/// GET /api/v2/instance.
#[derive(Debug, Serialize)]
pub(crate) struct V2 {
    domain: String,
    title: String,
    version: &'static str,
    api_versions: ApiVersions,
    source_url: String,
    description: String,
    usage: Value,
    thumbnail: Value,
    icon: Vec<Value>,
    languages: Vec<String>,
    configuration: Value,
    registrations: Value,
    contact: Contact,
    rules: Vec<Rule>,
}

#[derive(Debug, Serialize)]
struct Contact {
    email: String,
    account: Option<Account>,
}

impl V1 {
    /// From the configuration and what was counted.
    pub(crate) fn new(app: &App, stats: Stats, door: Doorplate, contact: Option<Account>) -> Self {
        let instance = &app.config.instance;
        Self {
            uri: app.site.account_domain.clone(),
            title: instance.title.clone(),
            short_description: instance.description.clone(),
            description: instance.description.clone(),
            email: instance.contact_email.clone().unwrap_or_default(),
            version: VERSION,
            urls: Urls { streaming_api: streaming(app) },
            stats,
            thumbnail: app.site.missing_header(),
            languages: instance.languages.clone(),
            registrations: door.open,
            approval_required: door.asks,
            invites_enabled: door.invites,
            configuration: limits(app),
            contact_account: contact,
            rules: rules(app),
        }
    }
}

impl V2 {
    /// From the configuration and the number of people who wrote this month.
    pub(crate) fn new(
        app: &App,
        active_month: i64,
        door: Doorplate,
        contact: Option<Account>,
    ) -> Self {
        let instance = &app.config.instance;
        let mut configuration = limits(app);
        if let Value::Object(map) = &mut configuration {
            map.extend(more_limits(app));
        }
        Self {
            domain: app.site.account_domain.clone(),
            title: instance.title.clone(),
            version: VERSION,
            api_versions: ApiVersions { mastodon: API_VERSION },
            source_url: source_url(app),
            description: instance.description.clone(),
            usage: json!({ "users": { "active_month": active_month } }),
            thumbnail: json!({
                "url": app.site.missing_header(),
                "blurhash": null,
                "versions": {},
            }),
            icon: vec![json!({ "src": app.site.missing_avatar(), "size": ICON_SIZE })],
            languages: instance.languages.clone(),
            configuration,
            registrations: registrations(app, door),
            contact: Contact {
                email: instance.contact_email.clone().unwrap_or_default(),
                account: contact,
            },
            rules: rules(app),
        }
    }
}

/// Who may come in. `url` is for servers that let people in elsewhere; apps do it themselves here.
fn registrations(app: &App, door: Doorplate) -> Value {
    let rules = &app.config.registrations;
    let message = Some(&rules.message).filter(|text| !door.open && !text.is_empty());
    json!({
        "enabled": door.open,
        "approval_required": door.asks,
        "reason_required": door.asks && rules.reason_required,
        "message": message.map(|text| sanitize::plain_to_html(text)),
        "min_age": null,
        "url": null,
    })
}

/// What everybody here keeps to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Rule {
    id: String,
    text: String,
    hint: &'static str,
    translations: Value,
}

/// GET /api/v1/instance/rules: those of the settings, numbered from 1 on.
pub(crate) fn rules(app: &App) -> Vec<Rule> {
    let rule = |(text, number): (&String, usize)| Rule {
        id: number.to_string(),
        text: text.clone(),
        hint: "",
        translations: json!({}),
    };
    app.config.instance.rules.iter().zip(1..).map(rule).collect()
}

/// GET /api/v1/instance/extended_description: the long text, else the sentence about the server.
pub(crate) fn extended_description(app: &App, conn: &Conn) -> Result<Value> {
    let instance = &app.config.instance;
    let content = match (instance.extended_description.0.as_str(), instance.description.as_str()) {
        ("", "") => String::new(),
        ("", short) => sanitize::plain_to_html(short),
        (long, _) => policy::html(long),
    };
    let since = document::text_since(conn, "extended_description")?;
    Ok(json!({ "updated_at": api_time(since), "content": content }))
}

/// GET /api/v1/instance/privacy_policy.
pub(crate) fn privacy_policy(app: &App, conn: &Conn) -> Result<Value> {
    let since = document::text_since(conn, "privacy_policy")?;
    let content = policy::html(&app.config.instance.privacy_policy.0);
    Ok(json!({ "updated_at": api_time(since), "content": content }))
}

/// GET /api/v1/instance/terms_of_service: those of now, in force since they were written into the
/// settings. There are none of other days.
pub(crate) fn terms_of_service(app: &App, conn: &Conn, of: Option<&str>) -> Result<Value> {
    let text = &app.config.instance.terms_of_service.0;
    let since = date(document::text_since(conn, "terms_of_service")?);
    if text.trim().is_empty() || of.is_some_and(|of| of != since) {
        return Err(Error::NotFound);
    }
    Ok(json!({
        "effective_date": since,
        "effective": true,
        "content": policy::html(text),
        "succeeded_by": null,
    }))
}

/// What may be posted, as it is; clients hide what counts 0.
fn limits(app: &App) -> Value {
    json!({
        "accounts": {
            "max_featured_tags": crate::service::featured_tag::MOST,
            "max_pinned_statuses": crate::service::pin::MOST,
            "max_profile_fields": app.site.limits.max_profile_fields,
            "profile_field_name_limit": profile::MOST_FIELD,
            "profile_field_value_limit": profile::MOST_FIELD,
            "max_display_name_length": profile::MOST_NAME,
            "max_note_length": profile::MOST_NOTE,
        },
        "statuses": {
            "max_characters": app.site.max_characters,
            "max_media_attachments": app.site.limits.max_media_attachments,
            "characters_reserved_per_url": CHARACTERS_OF_A_LINK,
            "supported_mime_types": ContentType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>(),
        },
        "media_attachments": {
            "supported_mime_types": app.media.accepted_types(),
            "description_limit": app.site.limits.max_description_characters,
            "image_size_limit": app.site.limits.max_image_bytes,
            "image_matrix_limit": app.site.limits.max_image_pixels,
            "video_size_limit": app.site.limits.max_video_bytes,
            "video_frame_rate_limit": crate::media::video::MAX_FRAME_RATE,
            "video_matrix_limit": crate::media::video::MAX_PIXELS,
        },
        "polls": {
            "max_options": app.site.limits.max_poll_options,
            "max_characters_per_option": app.site.limits.max_poll_option_characters,
            "min_expiration": app.site.limits.min_poll_seconds,
            "max_expiration": app.site.limits.max_poll_seconds,
        },
    })
}

fn more_limits(app: &App) -> serde_json::Map<String, Value> {
    let more = json!({
        "urls": {
            "streaming": streaming(app),
            "about": format!("{}/about", app.site.base),
            "privacy_policy": (!app.config.instance.privacy_policy.0.is_empty())
                .then(|| format!("{}/privacy-policy", app.site.base)),
            "terms_of_service": (!app.config.instance.terms_of_service.0.is_empty())
                .then(|| format!("{}/terms-of-service", app.site.base)),
        },
        "vapid": { "public_key": app.vapid.public() },
        "translation": { "enabled": app.config.translation.is_configured() },
        "limited_federation": app.config.federation.allowlist,
        "timelines_access": {
            "live_feeds": { "local": "public", "remote": "authenticated" },
            "hashtag_feeds": { "local": "public", "remote": "authenticated" },
        },
    });
    match more {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}

/// The host that clients put the path of the streaming API behind.
fn streaming(app: &App) -> String {
    app.site.base.replacen("http", "ws", 1)
}

/// Where the source is; the page about the server tells it while the crate names no address.
fn source_url(app: &App) -> String {
    match env!("CARGO_PKG_REPOSITORY") {
        "" => format!("{}/about", app.site.base),
        address => address.to_owned(),
    }
}
