//! `GET /authorize_interaction?uri=`: where other servers send people who want to answer or
//! follow from here (F-076). It names what is stored, fetches nothing (S-066), leads nowhere
//! (S-065), and hands the address over to the reader's own app.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::locale::Locale;
use super::page::{self, Shell};
use super::view::{self, Person, Post};
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::service::{account, visibility};
use crate::text::sanitize;

/// Longest address that is repeated.
const LONGEST: usize = 2048;

#[derive(Template)]
#[template(path = "interaction.html")]
struct InteractionPage {
    shell: Shell,
    address: String,
    person: Option<Person>,
    post: Option<Post>,
}

/// `GET /authorize_interaction`
pub(super) async fn show(app: web::Data<App>, request: HttpRequest) -> HttpResponse {
    let result = answer(&app, &request).await;
    page::answer(&request, result)
}

async fn answer(app: &App, request: &HttpRequest) -> Result<HttpResponse> {
    let address = form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "uri" || name == "acct")
        .map(|(_, value)| value.into_owned())
        .and_then(|value| address(&value))
        .ok_or_else(|| Error::BadRequest("The parameter uri must be an address".into()))?;
    let (for_read, t, wanted) = (app.clone(), Locale::of(request), address.clone());
    let (person, post) = app.read(move |conn| find(conn, &for_read, t, &wanted)).await?;
    let shell = Shell::form(app, t, t.interact_title.as_str()).at(request);
    let body = page::render(&InteractionPage { shell, address, person, post })?;
    Ok(page::private(StatusCode::OK, body, None))
}

/// An http(s) address, or a handle with or without `acct:`.
fn address(value: &str) -> Option<String> {
    let value = value.trim();
    if value.len() > LONGEST {
        return None;
    }
    if let Some(url) = sanitize::http_url(value) {
        return Some(url);
    }
    let handle = value.strip_prefix("acct:").unwrap_or(value).trim_start_matches('@');
    let (name, domain) = handle.split_once('@')?;
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "._-:".contains(c))
    };
    (plain(name) && plain(domain)).then(|| format!("@{handle}"))
}

fn find(
    conn: &Conn,
    app: &App,
    t: &'static Locale,
    address: &str,
) -> Result<(Option<Person>, Option<Post>)> {
    let account = if address.starts_with('@') {
        account::find_by_handle(conn, &app.site, address)?
    } else {
        db::account::find_by_uri_or_url(conn, address)?
    };
    if let Some(account) = account.filter(|account| account.suspended_at.is_none()) {
        return Ok((Some(Person::new(&app.site, &account)), None));
    }
    let Some(status) = db::status::find_by_uri_or_url(conn, address)? else {
        return Ok((None, None));
    };
    // what not everybody may read looks as if it were not here (S-088)
    match visibility::get(conn, 0, status.id) {
        Ok(status) => Ok((None, view::posts(conn, &app.site, t, vec![status])?.pop())),
        Err(Error::NotFound) => Ok((None, None)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s_065_only_addresses_and_handles_are_taken() {
        for (given, taken) in [
            ("https://a.example/@b/1", Some("https://a.example/@b/1")),
            ("acct:b@a.example", Some("@b@a.example")),
            ("@b@a.example:8443", Some("@b@a.example:8443")),
            (" b@a.example ", Some("@b@a.example")),
            ("javascript:alert(1)", None),
            ("data:text/html,x@y", None),
            ("b", None),
            ("@b@", None),
            ("<b>@a.example", None),
            ("", None),
        ] {
            assert_eq!(address(given).as_deref(), taken, "{given}");
        }
    }
}
