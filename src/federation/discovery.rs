//! How others find us: WebFinger, host-meta, NodeInfo.

use actix_web::http::header;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use crate::activity::urls;
use crate::app::App;
use crate::client::host_of;
use crate::clock::DAY;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::respond::typed;
use crate::model::{Account, INSTANCE_ACTOR};
use crate::service;
use crate::site::Site;

/// `GET /.well-known/webfinger` (F-060 to F-065).
pub async fn webfinger(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let resource = form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(name, _)| name == "resource")
        .map(|(_, value)| value.into_owned())
        .filter(|resource| !resource.is_empty())
        .ok_or(Error::BadRequest("The resource parameter is missing".into()))?;
    let site = app.site.clone();
    let account = app.read(move |conn| find(conn, &site, &resource)).await?;
    let mut response = typed("application/jrd+json; charset=utf-8", &jrd(&app.site, &account));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, header::HeaderValue::from_static("public, max-age=180"));
    Ok(response)
}

/// The local account that a resource names: a handle, the actor id or the profile page (F-062).
fn find(conn: &Conn, site: &Site, resource: &str) -> Result<Account> {
    let account = if urls::is_web(resource) {
        match db::account::find_by_uri_or_url(conn, resource)?.filter(Account::is_local) {
            Some(account) => account,
            None => by_address(conn, site, resource)?,
        }
    } else {
        let scheme = resource.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("acct:"));
        let handle = resource.get(scheme.map_or(0, str::len)..).unwrap_or_default();
        let handle = handle.trim_start_matches('@');
        let (name, domain) = handle.rsplit_once('@').ok_or(Error::NotFound)?;
        // however the host is spelled (S-032)
        let own = [Some(domain.to_owned()), host_of(&format!("{}://{domain}/", site.scheme()))];
        if !own.into_iter().flatten().any(|domain| site.is_own_domain(&domain)) {
            return Err(Error::NotFound);
        }
        by_name(conn, site, name)?
    };
    if account.suspended_at.is_some() { Err(Error::Gone) } else { Ok(account) }
}

/// One whose address has another case, or was left with its account.
fn by_address(conn: &Conn, site: &Site, address: &str) -> Result<Account> {
    let url = urls::parse(address).ok_or(Error::NotFound)?;
    if url.origin().ascii_serialization() != site.base || url.query().is_some() {
        return Err(Error::NotFound);
    }
    let path = url.path();
    match path.strip_prefix("/@").or_else(|| path.strip_prefix("/users/")) {
        Some(name) if !name.contains(['/', '@']) => by_name(conn, site, name),
        None if path == "/" => db::account::get(conn, INSTANCE_ACTOR),
        _ => Err(Error::NotFound),
    }
}

fn by_name(conn: &Conn, site: &Site, name: &str) -> Result<Account> {
    if site.is_own_domain(name) {
        return db::account::get(conn, INSTANCE_ACTOR);
    }
    match db::account::find_local(conn, name)? {
        Some(account) => Ok(account),
        None if service::leaving::was_used(conn, site, name)? => Err(Error::Gone),
        None => Err(Error::NotFound),
    }
}

fn jrd(site: &Site, account: &Account) -> Value {
    let mut jrd = json!({
        "subject": format!("acct:{}@{}", account.username, site.account_domain),
        "aliases": [account.page(), account.uri],
        "links": [
            {"rel": "http://webfinger.net/rel/profile-page", "type": "text/html", "href": account.page()},
            {"rel": "self", "type": "application/activity+json", "href": account.uri},
            {"rel": "http://ostatus.org/schema/1.0/subscribe",
             "template": format!("{}/authorize_interaction?uri={{uri}}", site.base)},
        ],
    });
    // F-064
    if let (Some(links), Some(picture), Some(url)) =
        (jrd["links"].as_array_mut(), account.avatar(), &account.avatar_url)
    {
        let rel = "http://webfinger.net/rel/avatar";
        links.push(json!({"rel": rel, "type": picture.media_type, "href": url}));
    }
    jrd
}

/// `GET /.well-known/host-meta` (F-069).
pub async fn host_meta(app: Data<App>) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <XRD xmlns=\"http://docs.oasis-open.org/ns/xri/xrd-1.0\">\
         <Link rel=\"lrdd\" template=\"{}/.well-known/webfinger?resource={{uri}}\"/></XRD>\n",
        app.site.base
    );
    HttpResponse::Ok().content_type("application/xrd+xml; charset=utf-8").body(body)
}

/// `GET /.well-known/host-meta.json`.
pub async fn host_meta_json(app: Data<App>) -> HttpResponse {
    let template = format!("{}/.well-known/webfinger?resource={{uri}}", app.site.base);
    typed(
        "application/jrd+json; charset=utf-8",
        &json!({"links": [{"rel": "lrdd", "template": template}]}),
    )
}

/// `GET /.well-known/nodeinfo` (F-070).
pub async fn nodeinfo_links(app: Data<App>) -> HttpResponse {
    let link = |version: &str| {
        json!({
            "rel": format!("http://nodeinfo.diaspora.software/ns/schema/{version}"),
            "href": format!("{}/nodeinfo/{version}", app.site.base),
        })
    };
    typed(
        "application/json; charset=utf-8",
        &json!({"links": [link("2.0"), link("2.1"), {
            "rel": "https://www.w3.org/ns/activitystreams#Application",
            "href": app.site.instance_actor(),
        }]}),
    )
}

/// `GET /nodeinfo/2.0` and `/nodeinfo/2.1` (F-071).
pub async fn nodeinfo(app: Data<App>, version: Path<String>) -> Result<HttpResponse> {
    let version = version.trim_end_matches(".json").to_owned();
    let content_type = match version.as_str() {
        "2.0" => "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/2.0#\"",
        "2.1" => "application/json; profile=\"http://nodeinfo.diaspora.software/ns/schema/2.1#\"",
        _ => return Err(Error::NotFound),
    };
    let usage = if app.config.federation.nodeinfo_usage {
        usage(&app).await?
    } else {
        // F-072
        json!({"users": {}})
    };
    let rules = app.config.registrations.clone();
    let door = app.read(move |conn| service::sign_up::doorplate(conn, &rules)).await?;
    let mut document = json!({
        "version": version,
        "software": {"name": "dassie", "version": env!("CARGO_PKG_VERSION")},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": door.open,
        "usage": usage,
        "metadata": {
            "nodeName": app.config.instance.title,
            "nodeDescription": app.config.instance.description,
            // whose client API this is: megalodon (Whalebird, Fedistar) refuses names that it
            // does not know unless this says which dialect they speak
            "upstream": {"name": "mastodon"},
        },
    });
    if version == "2.1" {
        document["software"]["homepage"] = json!(app.site.base);
    }
    Ok(typed(content_type, &document))
}

/// How many people are here, and how much they wrote.
async fn usage(app: &App) -> Result<Value> {
    let now = app.clock.now_ms();
    let (total, month, half_year, statuses) = app
        .read(move |conn| {
            let (total, month, statuses) = db::account::usage(conn, now - 30 * DAY)?;
            let (_, half_year, _) = db::account::usage(conn, now - 182 * DAY)?;
            Ok((total, month, half_year, statuses))
        })
        .await?;
    Ok(json!({
        "users": {"total": total, "activeMonth": month, "activeHalfyear": half_year},
        "localPosts": statuses,
    }))
}
