//! Registering client applications.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

use super::entity::{Application, NewApplication};
use super::{Auth, page};
use crate::app::App;
use crate::clock::MINUTE;
use crate::error::{Error, Result};
use crate::http::{self, Params, peer};
use crate::model::{self, Scopes, redirect};
use crate::service::access;
use crate::{crypto, db};

/// New applications from one address, and from all together: somebody may have many addresses, and
/// each row is kept for a week (S-079).
const MOST_APPS: u32 = 5;
const MOST_TOGETHER: u32 = 100;
const WINDOW: i64 = 10 * MINUTE;

/// Caps of what the authorize page shows and the database keeps (S-051).
const LONGEST_NAME: usize = 60;
const LONGEST_ADDRESS: usize = 2000;
const MOST_REDIRECTS: usize = 10;

/// POST /api/v1/apps.
pub(super) async fn create(
    app: Data<App>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let address = peer::limited(&request, &app.config.server.trusted_proxies);
    throttle(&app, address)?;
    let secret = crypto::token();
    let mut application = read(&params)?;
    application.secret_hash = crypto::token_hash(&secret).to_vec();
    let application = super::write(&app, move |_, tx| {
        application.id = db::oauth::insert_application(tx, &application)?;
        Ok(application)
    });
    let application = application.await?;
    Ok(http::json(&NewApplication {
        application: Application::new(&application, app.vapid.public()),
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
    let application = application.ok_or(Error::NotFound)?;
    Ok(http::json(&Application::new(&application, app.vapid.public())))
}

/// GET /api/v1/apps: Application, newest first, of those that one has let in (GoToSocial lists
/// those that one registered; here the two are one).
pub(super) async fn list(
    app: Data<App>,
    auth: Auth,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse> {
    let (me, wanted) = (auth.account_id()?, params.page(20, 80)?);
    page::read(&app, &request, move |app, conn| {
        let found = db::oauth::list_own_applications(conn, me, &wanted)?;
        let ends = page::ends(&wanted, found.iter().map(|one| one.id));
        let shape = |one| Application::new(one, app.vapid.public());
        Ok((ends, found.iter().map(shape).collect::<Vec<_>>()))
    })
    .await
}

/// GET /api/v1/apps/{id}; 404 for one that has no token of one's own.
pub(super) async fn show(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, super::id_of(&path)?);
    super::show_few(&app, move |app, conn| {
        let found = db::oauth::find_own_application(conn, me, id)?;
        let found = found.ok_or(Error::NotFound)?;
        Ok(Application::new(&found, app.vapid.public()))
    })
    .await
}

/// DELETE /api/v1/apps/{id}: ends all that it has of one's account, and answers what it was. The
/// application itself stays while others use it.
pub(super) async fn revoke(app: Data<App>, auth: Auth, path: Path<String>) -> Result<HttpResponse> {
    let (me, id) = (auth.account_id()?, super::id_of(&path)?);
    let gone = super::write(&app, move |_, tx| {
        let found = db::oauth::find_own_application(tx, me, id)?;
        access::end_application(tx, me, id)?;
        found.ok_or(Error::NotFound)
    });
    Ok(http::json(&Application::new(&gone.await?, app.vapid.public())))
}

/// Counts by address; in dev all clients are one's own.
fn throttle(app: &App, address: IpAddr) -> Result<()> {
    if app.config.dev {
        return Ok(());
    }
    let everybody = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    for (who, most) in [(address, MOST_APPS), (everybody, MOST_TOGETHER)] {
        if app.registrations.count(&who, WINDOW) > most {
            let (_, retry_after) = app.registrations.look(&who);
            return Err(Error::TooMany { retry_after });
        }
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
    let name = crate::text::sanitize::name(name, LONGEST_NAME);
    if name.is_empty() {
        return Err(Error::invalid("Validation failed: Application name can't be blank"));
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
        name,
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
    for uri in &all {
        redirect::check(uri)?;
    }
    Ok(all.into_iter().map(str::to_owned).collect())
}

fn is_web_page(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::redirect::OUT_OF_BAND;

    #[test]
    fn addresses_come_as_a_list_or_a_line_each() {
        let both = redirects(&[format!("{OUT_OF_BAND}\nhttps://a.example/cb")]).unwrap();
        assert_eq!(both, [OUT_OF_BAND, "https://a.example/cb"]);
        assert!(redirects(&[]).is_err() && redirects(&[" \n".to_owned()]).is_err());
        assert!(redirects(&["javascript:alert(1)".to_owned()]).is_err());
    }
}
