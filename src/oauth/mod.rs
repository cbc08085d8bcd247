//! Letting applications in: OAuth 2.0 with authorization codes and PKCE, and the sign-in of
//! people, which only the authorize page needs.
//!
//! `request` reads and judges an authorization request, `authorize` asks the person, `token` and
//! `revoke` speak with applications. Cookies and forms are in `session`; `settings` are the pages
//! on which people see and end what they let in.

/// The route of a page. Whatever comes of a handler is told as a page, by `serve` of the module that
/// uses this; so is a method that the page does not have.
macro_rules! page {
    ($cfg:ident, $path:expr, $(get = $show:path;)? upload = $take:path) => {
        $cfg.service(
            web::resource($path)
                $(.route(handler::get(
                    |app: web::Data<App>, request: HttpRequest, params: Given| async move {
                        serve(&app, &request, params, $show).await
                    },
                )))?
                .route(handler::post(
                    |app: web::Data<App>, request: HttpRequest, body: web::Payload| async move {
                        serve_upload(&app, &request, body, $take).await
                    },
                ))
                .default_service(web::to(no_such_method)),
        );
    };
    ($cfg:ident, $path:expr, $($method:ident = $handler:path),+) => {
        $cfg.service(
            web::resource($path)
                $(.route(handler::$method(
                    |app: web::Data<App>, request: HttpRequest, params: Given| async move {
                        serve(&app, &request, params, $handler).await
                    },
                )))+
                .default_service(web::to(no_such_method)),
        );
    };
}

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

use crate::app::App;
use crate::error::{Error, Result};
use crate::http::{Params, handler};
use crate::web::error_page;
use crate::web::page;

/// All addresses of this module. Those under `/oauth/token`, `/oauth/revoke` and `/.well-known`
/// are for scripts of any origin; the others use cookies and must never get CORS headers (S-059).
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        web::resource("/.well-known/oauth-authorization-server")
            .route(handler::get(metadata::show))
            .route(handler::head(metadata::show)),
    )
    .service(web::resource("/oauth/token").route(handler::post(token::issue)))
    .service(web::resource("/oauth/revoke").route(handler::post(revoke::revoke)));
    page!(cfg, "/oauth/authorize", get = authorize::ask, post = authorize::decide);
    page!(cfg, "/oauth/authorize/native", get = authorize::show_code);
    page!(cfg, "/auth/sign_in", get = sign_in::form, post = sign_in::sign_in);
    page!(cfg, "/auth/sign_up", get = sign_up::form, post = sign_up::sign_up);
    page!(cfg, letters::CONFIRM, get = letters::ask_confirm, post = letters::confirm);
    page!(cfg, letters::LOST, get = letters::lost, post = letters::send_link);
    page!(cfg, letters::NEW, get = letters::ask_new, post = letters::set_new);
    page!(cfg, "/invite/{code}", get = sign_up::invited);
    page!(cfg, sign_in::FACTOR, get = two_factor::form, post = two_factor::enter);
    page!(cfg, "/auth/sign_out", post = sign_in::sign_out);
    cfg.configure(settings::routes);
}

/// What came with a request; what cannot be read is answered with a page as well.
type Given = Result<Params>;

/// Answers by a handler.
async fn serve(
    app: &App,
    request: &HttpRequest,
    params: Given,
    handler: impl AsyncFnOnce(&App, &HttpRequest, &Params) -> Result<HttpResponse>,
) -> HttpResponse {
    let answer = async { handler(app, request, &params?).await };
    page::answer(request, answer.await)
}

async fn no_such_method(request: HttpRequest) -> HttpResponse {
    error_page(&request, &Error::MethodNotAllowed)
}
