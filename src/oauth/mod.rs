//! Letting applications in: OAuth 2.0 with authorization codes and PKCE, and the sign-in of
//! people, which only the authorize page needs.
//!
//! `request` reads and judges an authorization request, `authorize` asks the person, `token` and
//! `revoke` speak with applications. Cookies and forms are in `session`; `settings` are the pages
//! on which people see and end what they let in.

mod authorize;
mod client;
mod error;
mod letters;
mod metadata;
mod request;
mod revoke;
mod scope;
mod session;
mod settings;
mod sign_in;
mod sign_up;
mod token;
mod two_factor;

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};

use crate::error::Error;
use crate::http::handler;
use crate::web::error_page;

/// All addresses of this module. Those under `/oauth/token`, `/oauth/revoke` and `/.well-known`
/// are for scripts of any origin; the others use cookies and must never get CORS headers (S-059).
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/.well-known/oauth-authorization-server")
            .route(handler::get(metadata::show))
            .route(handler::head(metadata::show)),
    )
    .service(
        web::resource("/oauth/authorize")
            .route(handler::get(authorize::ask))
            .route(handler::post(authorize::decide))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource("/oauth/authorize/native")
            .route(handler::get(authorize::show_code))
            .default_service(web::to(no_such_method)),
    )
    .service(web::resource("/oauth/token").route(handler::post(token::issue)))
    .service(web::resource("/oauth/revoke").route(handler::post(revoke::revoke)))
    .service(
        web::resource("/auth/sign_in")
            .route(handler::get(sign_in::form))
            .route(handler::post(sign_in::sign_in))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource("/auth/sign_up")
            .route(handler::get(sign_up::form))
            .route(handler::post(sign_up::sign_up))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource(letters::CONFIRM)
            .route(handler::get(letters::ask_confirm))
            .route(handler::post(letters::confirm))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource(letters::LOST)
            .route(handler::get(letters::lost))
            .route(handler::post(letters::send_link))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource(letters::NEW)
            .route(handler::get(letters::ask_new))
            .route(handler::post(letters::set_new))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource("/invite/{code}")
            .route(handler::get(sign_up::invited))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource(sign_in::FACTOR)
            .route(handler::get(two_factor::form))
            .route(handler::post(two_factor::enter))
            .default_service(web::to(no_such_method)),
    )
    .service(
        web::resource("/auth/sign_out")
            .route(handler::post(sign_in::sign_out))
            .default_service(web::to(no_such_method)),
    )
    .configure(settings::routes);
}

async fn no_such_method(request: HttpRequest) -> HttpResponse {
    error_page(&request, &Error::MethodNotAllowed)
}
