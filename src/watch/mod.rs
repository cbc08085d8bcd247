//! For programs that watch the server: `/livez` (it answers), `/readyz` (the database reads and
//! takes writes) and `/metrics` in Prometheus' text format, for who has the token. None of them
//! tells a stranger anything but that.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::app::App;
use crate::crypto::constant_time_eq;
use crate::error::{Error, Result};
use crate::health::{self, Facts};
use crate::http::{handler, peer};
use crate::{db, meter};

/// How long the writer may take until the server is not ready.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long `dassie doctor` may take to send its upload.
const UPLOAD: Duration = Duration::from_secs(120);

/// All addresses of this module.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/livez")
            .route(handler::get(live))
            .route(handler::head(live))
            .route(handler::post(take)),
    )
    .service(web::resource("/readyz").route(handler::get(ready)).route(handler::head(ready)))
    .service(web::resource("/metrics").route(handler::get(metrics)));
}

/// Whether `dassie doctor` of this machine asks, which knows the secret of this process.
fn is_probe(app: &App, request: &HttpRequest) -> bool {
    let shown = request.headers().get(health::PROBE);
    shown.is_some_and(|shown| constant_time_eq(shown.as_bytes(), app.probe.as_bytes()))
}

fn answer(status: StatusCode, body: &serde_json::Value) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).json(body)
}

/// It answers; `dassie doctor` is told how its request arrived.
async fn live(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let mut body = json!({"status": "ok"});
    if is_probe(&app, &request) {
        let address = peer::address(&request, &app.config.server.trusted_proxies);
        let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
        body["address"] = address.to_string().into();
        body["disbelieved"] =
            peer::is_disbelieved(&request, &app.config.server.trusted_proxies).into();
        body["host"] = header(header::HOST).unwrap_or_default().into();
        body["upgrade"] =
            header(header::UPGRADE).is_some_and(|to| to.eq_ignore_ascii_case("websocket")).into();
    }
    Ok(answer(StatusCode::OK, &body))
}

/// Takes what `dassie doctor` sends and forgets it; answers how much came through.
async fn take(app: Data<App>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse> {
    if !is_probe(&app, &request) {
        return Err(Error::NotFound);
    }
    let most = app.config.limits.max_image_bytes;
    let count = async {
        let mut received = 0_usize;
        while let Some(Ok(part)) = payload.next().await {
            received = received.saturating_add(part.len());
            if received > most {
                break;
            }
        }
        received
    };
    let received = tokio::time::timeout(UPLOAD, count).await.unwrap_or(0);
    Ok(answer(StatusCode::OK, &json!({"received": received})))
}

/// The database answers and takes a write, and nobody has told the server to stop.
async fn ready(app: Data<App>) -> Result<HttpResponse> {
    let ready = async {
        app.read(|conn| db::meta::get(conn, "host")).await?;
        // nothing is changed, so nothing goes to the disk: the writer takes its turn, that is all
        app.write(|_| Ok(())).await
    };
    let why = match tokio::time::timeout(PATIENCE, ready).await {
        _ if app.wake.is_closed() => "it is stopping",
        Ok(Ok(())) => return Ok(answer(StatusCode::OK, &json!({"status": "ok"}))),
        Ok(Err(error)) => {
            tracing::error!(%error, "the server is not ready");
            "the database does not work"
        }
        Err(_) => "the database does not answer in time",
    };
    let body = json!({"status": "unavailable", "error": why});
    Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &body))
}

/// The numbers, for who shows `metrics.token`; without such a token there is no such page.
async fn metrics(app: Data<App>, request: HttpRequest) -> Result<HttpResponse> {
    let token = app.config.metrics.token.reveal();
    if token.is_empty() {
        return Err(Error::NotFound);
    }
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !constant_time_eq(shown.as_bytes(), token.as_bytes()) {
        return Ok(HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .finish());
    }
    let parts = App::clone(&app);
    let facts = app.compute(move || health::facts(&parts)).await??;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(app.meter.render() + &gauges(&facts)))
}

fn gauges(facts: &Facts) -> String {
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let mut text = String::new();
    for (name, help, value) in [
        ("dassie_uptime_seconds", "Seconds since the start", facts.uptime / 1000),
        ("dassie_memory_bytes", "Resident memory of the process", facts.memory),
        ("dassie_disk_free_bytes", "Free bytes on the disk", facts.free),
        ("dassie_disk_floor_bytes", "Bytes that have to stay free", facts.floor),
        ("dassie_database_bytes", "Size of the database and its log", facts.database),
        ("dassie_cache_bytes", "Size of the files of other servers", facts.cache),
        ("dassie_cache_limit_bytes", "The most of them", facts.cache_most),
        ("dassie_deliveries_waiting", "Deliveries that wait", count(facts.deliveries)),
        ("dassie_jobs_waiting", "Other jobs that wait", count(facts.jobs)),
        ("dassie_failing_hosts", "Servers that fail", count(facts.failing_hosts)),
    ] {
        meter::gauge(&mut text, name, help, value);
    }
    text
}
