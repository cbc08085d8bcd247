//! What every page of the settings begins with: who sits at the browser, and that a form is ours.

use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};

use super::super::session::{self, Session};
use super::super::sign_in;
use crate::app::{App, Attempt};
use crate::error::Result;
use crate::http::{Params, peer};
use crate::web::locale::{Locale, fill};
use crate::web::page::{self, Shell};

/// Somebody who is signed in, at one of the pages.
pub(super) struct Visit<'a> {
    pub app: &'a App,
    pub request: &'a HttpRequest,
    pub params: &'a Params,
    pub session: Session,
    pub t: &'static Locale,
}

/// A form; one that cannot be read is answered with a page as well.
pub(super) type Given = Result<Params>;

/// Answers by a handler, once the browser is signed in and a form has the session's token (S-069).
pub(super) async fn serve(
    app: &App,
    request: &HttpRequest,
    params: Given,
    handler: impl AsyncFnOnce(&Visit<'_>) -> Result<HttpResponse>,
) -> HttpResponse {
    let answer = async {
        let params = &params?;
        let Some(session) = session::current(app, request).await? else {
            return sign_in::first(request, page_of(request.path()));
        };
        if request.method() == Method::POST {
            session::check_form(app, request, params, Some(&session.secret))?;
        }
        let t = Locale::of(request);
        handler(&Visit { app, request, params, session, t }).await
    };
    page::answer(request, answer.await)
}

/// The page that a form stands on: `/settings/moving` for `/settings/moving/back`.
fn page_of(path: &str) -> &str {
    path.match_indices('/').nth(2).map_or(path, |(at, _)| &path[..at])
}

impl Visit<'_> {
    /// The account's id.
    pub(super) fn id(&self) -> i64 {
        self.session.account.id
    }

    /// The frame of a page under this title.
    pub(super) fn shell(&self, title: &str) -> Shell {
        Shell::form(self.app, self.t, title)
    }

    /// The token of its forms.
    pub(super) fn csrf(&self) -> String {
        session::form_token(&self.session.secret)
    }

    /// A form's address, with the language that was asked for.
    pub(super) fn action(&self, path: &str) -> String {
        sign_in::action(path, self.request)
    }

    /// Back to the overview, which says what was done.
    pub(super) fn done(&self, what: &str) -> Result<HttpResponse> {
        let language = Locale::asked(self.request).map(|lang| format!("&lang={lang}"));
        page::see_other(&format!("/settings?done={what}{}", language.unwrap_or_default()))
    }

    /// Whether the password in this field is right; otherwise what the person reads, with the
    /// status.
    pub(super) async fn check_password(
        &self,
        field: &str,
    ) -> Result<std::result::Result<(), (StatusCode, String)>> {
        let t = self.t;
        let password = self.params.text(field)?.unwrap_or_default();
        let address = peer::limited(self.request, &self.app.config.server.trusted_proxies);
        Ok(match self.app.attempt_password(self.id(), address, password).await? {
            Attempt::Right(()) => Ok(()),
            Attempt::Wrong => {
                Err((StatusCode::UNPROCESSABLE_ENTITY, t.settings_password_wrong.clone()))
            }
            Attempt::Wait(pause) => {
                Err((StatusCode::TOO_MANY_REQUESTS, fill(&t.sign_in_wait, pause)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_belongs_to_its_page() {
        for (path, page) in [
            ("/settings", "/settings"),
            ("/settings/moving", "/settings/moving"),
            ("/settings/moving/back", "/settings/moving"),
            ("/settings/two_factor/enable", "/settings/two_factor"),
        ] {
            assert_eq!(page_of(path), page);
        }
    }
}
