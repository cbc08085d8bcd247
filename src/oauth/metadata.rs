//! `GET /.well-known/oauth-authorization-server` (RFC 8414): clients use PKCE once they see it.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::app::App;
use crate::http::json;
use crate::model::Scopes;

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    service_documentation: &'static str,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    app_registration_endpoint: String,
    scopes_supported: &'static [&'static str],
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
}

/// `GET /.well-known/oauth-authorization-server`
pub(super) async fn show(app: web::Data<App>) -> HttpResponse {
    let base = &app.site.base;
    let methods = ["client_secret_basic", "client_secret_post"];
    let mut response = json(&Metadata {
        issuer: base,
        // what is served here is described there
        service_documentation: "https://docs.joinmastodon.org/",
        authorization_endpoint: format!("{base}/oauth/authorize"),
        token_endpoint: format!("{base}/oauth/token"),
        revocation_endpoint: format!("{base}/oauth/revoke"),
        userinfo_endpoint: format!("{base}/oauth/userinfo"),
        app_registration_endpoint: format!("{base}/api/v1/apps"),
        scopes_supported: Scopes::known(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "client_credentials"],
        token_endpoint_auth_methods_supported: methods,
        revocation_endpoint_auth_methods_supported: methods,
        code_challenge_methods_supported: ["S256"],
        authorization_response_iss_parameter_supported: true,
    });
    let age = header::HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(header::CACHE_CONTROL, age);
    response
}
