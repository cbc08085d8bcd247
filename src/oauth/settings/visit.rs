//! What every page of the settings begins with: who sits at the browser, and that a form is ours.

use actix_web::http::{Method, StatusCode};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::super::session::{self, Session};
use super::super::{Given, sign_in, two_factor};
use crate::app::{App, Attempt};
use crate::error::{Error, Result};
use crate::http::{self, Params, peer};
use crate::media::storage::{Incoming, Storage};
use crate::service::second_factor;
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

/// The fields of `owner.html`: whose password is asked for, and whether a code is, too.
pub(super) struct Owner<'a> {
    pub username: &'a str,
    pub has_factor: bool,
}

/// Why a form was refused: the status, and what the person reads.
pub(super) type Refusal = (StatusCode, String);

/// What was typed is refused.
pub(super) fn wrong(problem: &str) -> Option<Refusal> {
    Some((StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned()))
}

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

/// The same of a form with a file. The handler reads it by [`Visit::receive`], which looks at the token.
pub(super) async fn serve_upload(
    app: &App,
    request: &HttpRequest,
    body: Payload,
    handler: impl AsyncFnOnce(&Visit<'_>, Payload) -> Result<HttpResponse>,
) -> HttpResponse {
    let answer = async {
        let Some(session) = session::current(app, request).await? else {
            return sign_in::first(request, page_of(request.path()));
        };
        let (t, params) = (Locale::of(request), &Params::default());
        handler(&Visit { app, request, params, session, t }, body).await
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

    /// Answers with a page: `fill_in` makes it of its frame under this title, of why a form of it was
    /// refused, if one was, and of the token of its forms.
    pub(super) fn page<T: Template>(
        &self,
        title: &str,
        refused: Option<Refusal>,
        fill_in: impl FnOnce(Shell, Option<String>, String) -> T,
    ) -> Result<HttpResponse> {
        let (status, problem) = refused.unzip();
        let shell = Shell::form(self.app, self.t, title).at(self.request);
        let body = fill_in(shell, problem, session::form_token(&self.session.secret));
        Ok(page::private(status.unwrap_or(StatusCode::OK), page::render(&body)?, None))
    }

    /// Reads a form with a file of so many bytes at the most; not a byte of the file is written before
    /// the session's token was seen (S-069).
    pub(super) async fn receive(
        &self,
        body: Payload,
        to: (&Storage, u64),
    ) -> Result<(Params, Option<Incoming>)> {
        let secret = Some(self.session.secret.as_str());
        let admit = |params: &Params| session::check_form(self.app, self.request, params, secret);
        http::receive(self.app, self.request, body.into_inner(), to, admit).await
    }

    /// A form's address, with the language that was asked for.
    pub(super) fn action(&self, path: &str) -> String {
        sign_in::action(path, self.request)
    }

    /// Back to the overview, which says what was done.
    pub(super) fn done(&self, what: &str) -> Result<HttpResponse> {
        page::see_other(&self.action(&format!("/settings?done={what}")))
    }

    /// What is said where something cannot be done at the moment.
    pub(super) fn not_now(&self, error: &Error) -> Option<Refusal> {
        let problem = match self.t.retell(&error.public()) {
            _ if error.is_disk_full() => self.t.error_full_lead.clone(),
            Some(why) => why.into_owned(),
            None => self.t.error_later_lead.clone(),
        };
        Some((StatusCode::SERVICE_UNAVAILABLE, problem))
    }

    /// What a form asks for [`check_owner`](Self::check_owner).
    pub(super) async fn owner(&self) -> Result<Owner<'_>> {
        Ok(Owner { username: &self.session.account.username, has_factor: self.has_factor().await? })
    }

    async fn has_factor(&self) -> Result<bool> {
        let id = self.id();
        self.app.read(move |conn| second_factor::is_enabled(conn, id)).await
    }

    /// For what cannot be taken back, or would let others in: the password and, of who has a second
    /// factor, a code (S-083); otherwise what the person reads, with the status.
    pub(super) async fn check_owner(&self) -> Result<std::result::Result<(), Refusal>> {
        let right = self.check_password("password").await?;
        if right.is_err() || !self.has_factor().await? {
            return Ok(right);
        }
        let (t, id) = (self.t, self.id());
        let typed = self.params.text("code")?.unwrap_or_default().to_owned();
        let address = peer::limited(self.request, &self.app.config.server.trusted_proxies);
        let check = async {
            let right = self.app.write(move |tx| second_factor::check(tx, id, &typed));
            Ok(right.await?.then_some(()))
        };
        Ok(match self.app.attempt(&two_factor::key(id), address, check).await? {
            Attempt::Right(()) => Ok(()),
            Attempt::Wrong => Err((StatusCode::UNPROCESSABLE_ENTITY, t.factor_wrong.clone())),
            Attempt::Wait(pause) => {
                Err((StatusCode::TOO_MANY_REQUESTS, fill(&t.sign_in_wait, pause)))
            }
        })
    }

    /// Whether the password in this field is right.
    pub(super) async fn check_password(
        &self,
        field: &str,
    ) -> Result<std::result::Result<(), Refusal>> {
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
