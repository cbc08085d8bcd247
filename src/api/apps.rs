//! Registering client applications.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use url::{Host, Url};

use super::Auth;
use super::entity::{Application, NewApplication};
use crate::app::App;
use crate::clock::MINUTE;
use crate::error::{Error, Result};
use crate::http::{self, Params, peer};
use crate::model::{self, Scopes};
use crate::{crypto, db};

/// New applications from one address (S-079).
const MOST_APPS: u32 = 5;
const WINDOW: i64 = 10 * MINUTE;

/// Caps of what the authorize page shows and the database keeps (S-051).
const LONGEST_NAME: usize = 60;
const LONGEST_ADDRESS: usize = 2000;
const MOST_REDIRECTS: usize = 10;

/// The redirect that shows the code on a page instead.
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Schemes that belong to no application, or that a browser would run or show by itself.
const FORBIDDEN: [&str; 18] = [
    "javascript",
    "data",
    "file",
    "vbscript",
    "about",
    "blob",
    "filesystem",
    "view-source",
    "intent",
    "mailto",
    "tel",
    "sms",
    "ws",
    "wss",
    "ftp",
    "chrome",
    "jar",
    "urn",
];

/// POST /api/v1/apps.
pub(super) async fn create(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let address = peer::address(&request, &app.config.server.trusted_proxies);
    throttle(&app, peer::limit_key(address))?;
    let secret = crypto::token();
    let mut application = read(&params)?;
    application.secret_hash = crypto::token_hash(&secret).to_vec();
    let application = super::write(&app, move |_, tx| {
        application.id = db::oauth::insert_application(tx, &application)?;
        Ok(application)
    });
    let application = application.await?;
    Ok(http::json(&NewApplication {
        application: Application::new(&application),
        client_id: application.client_id,
        client_secret: secret,
        client_secret_expires_at: 0,
    }))
}

/// GET /api/v1/apps/verify_credentials.
pub(super) async fn verify_credentials(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let id = auth.application_id().unwrap_or(0);
    let application =
        super::read(&app, move |_, conn| db::oauth::get_application(conn, id)).await?;
    Ok(http::json(&Application::new(&application.ok_or(Error::NotFound)?)))
}

/// Counts by address; in dev all clients are one's own.
fn throttle(app: &App, address: std::net::IpAddr) -> Result<()> {
    if !app.config.dev && app.registrations.count(&address, WINDOW) > MOST_APPS {
        let (_, retry_after) = app.registrations.look(&address);
        return Err(Error::TooMany { retry_after });
    }
    Ok(())
}

fn read(params: &Params) -> Result<model::Application> {
    let name = params.required("client_name")?.trim();
    if name.chars().count() > LONGEST_NAME {
        return Err(Error::invalid(format!(
            "Validation failed: Application name is too long (maximum is {LONGEST_NAME} characters)"
        )));
    }
    let website = params.text("website")?.map(str::trim).filter(|text| !text.is_empty());
    if let Some(website) = website
        && (website.len() > LONGEST_ADDRESS || !is_web_page(website))
    {
        return Err(Error::invalid("Validation failed: Website must be a http or https address"));
    }
    let wanted = params.text("scopes")?.filter(|text| !text.trim().is_empty()).unwrap_or("read");
    let scopes = Scopes::parse(wanted).ok_or_else(|| {
        Error::invalid("Validation failed: Scopes doesn't match configured on the server.")
    })?;
    Ok(model::Application {
        id: 0,
        client_id: crypto::token(),
        secret_hash: Vec::new(),
        name: crate::text::sanitize::name(name, LONGEST_NAME),
        website: website.map(str::to_owned),
        redirect_uris: redirects(&params.list("redirect_uris")?)?.join("\n"),
        scopes: scopes.to_string(),
        created_at: 0,
    })
}

/// The addresses, each alone: they come as a list or as one text with an address a line.
fn redirects(given: &[String]) -> Result<Vec<String>> {
    let wrong = |what: &str| Error::invalid(format!("Validation failed: Redirect URI {what}"));
    let all: Vec<&str> = given.iter().flat_map(|text| text.split_whitespace()).collect();
    if all.is_empty() {
        return Err(wrong("can't be blank"));
    }
    if all.len() > MOST_REDIRECTS
        || all.iter().map(|uri| uri.len()).sum::<usize>() > LONGEST_ADDRESS
    {
        return Err(wrong("is too long"));
    }
    if !all.iter().all(|uri| is_redirect(uri)) {
        return Err(wrong("must be an absolute URI."));
    }
    Ok(all.into_iter().map(str::to_owned).collect())
}

/// Any scheme of an app's own, https, or http to the same computer: what the authorize page will
/// take later (`oauth::redirect`), so that an application learns of it here.
fn is_redirect(uri: &str) -> bool {
    if uri == OUT_OF_BAND {
        return true;
    }
    let Ok(url) = Url::parse(uri) else { return false };
    if uri.contains('#') || !uri.bytes().all(|b| b.is_ascii_graphic()) {
        return false;
    }
    match url.scheme() {
        "https" | "http" => {
            let authority = uri.split(['/', '?']).nth(2).unwrap_or_default();
            let plain = !uri.contains('\\') && !authority.is_empty() && !authority.contains('@');
            plain && (url.scheme() == "https" || is_loopback(&url))
        }
        scheme => !FORBIDDEN.contains(&scheme) && uri.len() > scheme.len() + 1,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_web_page(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_addresses_of_apps() {
        for ok in [
            OUT_OF_BAND,
            "https://elk.zone/api/cb",
            "http://localhost:5000/",
            "tusky://oauth.example",
            "com.example.app:/oauth2redirect",
            "mastodon-android-auth://callback",
        ] {
            assert!(is_redirect(ok), "{ok}");
        }
        for bad in [
            "",
            "/cb",
            "javascript:alert(1)",
            "DATA:text/html,x",
            "https://a.example/#x",
            "http://a.example/cb",
            "https://a@b.example/cb",
            "urn:x:y",
        ] {
            assert!(!is_redirect(bad), "{bad}");
        }
        let both = redirects(&[format!("{OUT_OF_BAND}\nhttps://a.example/cb")]).unwrap();
        assert_eq!(both, [OUT_OF_BAND, "https://a.example/cb"]);
        assert!(redirects(&[]).is_err() && redirects(&[" \n".to_owned()]).is_err());
    }
}
