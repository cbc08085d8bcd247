//! HTML answers with the headers that belong to them (S-060), and revalidation by ETag.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;

use super::asset;
use super::locale::{Locale, in_language};
use crate::app::App;
use crate::cache::Rendered;
use crate::error::{Error, Result};
use crate::http::file::is_fresh;

/// What the frame around every page (`base.html`) needs.
pub struct Shell {
    pub t: &'static Locale,
    /// Of the browser's window.
    pub title: String,
    /// The server's name.
    pub server: String,
    /// Address of the style sheet, with its hash.
    pub css: &'static str,
    /// Keep search engines away (F-074).
    pub noindex: bool,
    /// This page's own address, or the query alone, by which it is offered in the other language;
    /// `None` for what cannot be asked for once more.
    pub here: Option<String>,
    /// Address of the operator's own style sheet.
    pub custom: Option<String>,
}

impl Shell {
    /// The frame of a page under this title.
    pub fn new(app: &App, t: &'static Locale, title: impl Into<String>) -> Self {
        let server = app.config.instance.title.clone();
        Self {
            t,
            title: title.into(),
            server,
            css: asset::style_address(),
            noindex: false,
            here: Some(String::new()),
            custom: app.style.as_ref().map(|style| style.address.clone()),
        }
    }

    /// An address of the same pages in the language that was asked for.
    pub fn link(&self, address: &str) -> String {
        self.t.link(address)
    }

    /// This page in the other language.
    pub fn other(&self) -> Option<String> {
        self.here.as_ref().map(|here| in_language(here, &self.t.other_tag))
    }

    /// The same for a form or an answer to one: nothing to index, nothing to switch.
    pub fn form(app: &App, t: &'static Locale, title: impl Into<String>) -> Self {
        Self { noindex: true, here: None, ..Self::new(app, t, title) }
    }

    /// For a form at the address of this request, which keeps its query in the other language. What
    /// was sent is not there once more, so that an answer to a form offers none.
    pub fn at(mut self, request: &HttpRequest) -> Self {
        if request.method() == Method::GET {
            self.here = request.uri().path_and_query().map(ToString::to_string);
        }
        self
    }
}

/// Fills a template in.
pub fn render<T: Template>(template: &T) -> Result<String> {
    template.render().map_err(|e| Error::internal(format!("cannot render a page: {e}")))
}

/// Answers a public page, or 304 when the browser has it already.
pub fn public(request: &HttpRequest, page: &Rendered) -> HttpResponse {
    let fresh = is_fresh(request, &page.tag);
    let mut response = if fresh {
        HttpResponse::NotModified()
    } else {
        let mut response = HttpResponse::Ok();
        html_headers(&mut response, None);
        response
    };
    response.insert_header((header::ETAG, page.tag.as_str()));
    response.insert_header((header::CACHE_CONTROL, "public, max-age=30"));
    response.insert_header((header::VARY, "Accept, Accept-Language"));
    response.insert_header((header::REFERRER_POLICY, "same-origin"));
    if page.noindex {
        response.insert_header((HeaderName::from_static("x-robots-tag"), "noindex"));
    }
    let proper = |uri: &&String| uri.bytes().all(|b| b.is_ascii_graphic() && b != b'>');
    if let Some(uri) = page.alternate.as_ref().filter(proper) {
        let link = format!("<{uri}>; rel=\"alternate\"; type=\"application/activity+json\"");
        response.insert_header((header::LINK, link));
    }
    // actix would send a body with a 304 as well, and a client read it as the next answer
    if fresh { response.finish() } else { response.body(page.body.clone()) }
}

/// Answers a form or what follows one: never stored, and its address is told to nobody.
/// `form_target` is where a form on it may lead beside this server (see `oauth::redirect`).
pub fn private(status: StatusCode, body: String, form_target: Option<&str>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    html_headers(&mut response, form_target);
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((HeaderName::from_static("x-robots-tag"), "noindex"))
        .body(body)
}

/// A redirect that is not kept.
pub fn see_other(location: &str) -> Result<HttpResponse> {
    // S-061: nothing that could begin another header
    let location = HeaderValue::from_str(location).map_err(Error::internal)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .finish())
}

/// Content type, policy and the rest of S-060.
fn html_headers(response: &mut HttpResponseBuilder, form_target: Option<&str>) {
    let target = form_target.map(|target| format!(" {target}")).unwrap_or_default();
    response
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            format!(
                "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; \
                 form-action 'self'{target}; frame-ancestors 'none'; base-uri 'none'"
            ),
        ))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::PERMISSIONS_POLICY, "interest-cohort=()"));
}

/// 405, as a page or as JSON.
pub(super) async fn method_not_allowed(request: HttpRequest) -> HttpResponse {
    super::error_page(&request, &Error::MethodNotAllowed)
}

/// The program's parts, from a request that reached no handler of ours.
pub(super) fn app_of(request: &HttpRequest) -> Option<&App> {
    request.app_data::<web::Data<App>>().map(web::Data::get_ref)
}

/// What a page's handler answers: its page, or the reason as a page.
pub fn answer(request: &HttpRequest, result: Result<HttpResponse>) -> HttpResponse {
    result.unwrap_or_else(|error| super::error_page(request, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn page() -> Rendered {
        Rendered {
            noindex: true,
            alternate: Some("https://a.example/x".into()),
            ..Rendered::new("<p>a</p>".into())
        }
    }

    #[test]
    fn s_060_pages_carry_their_policy() {
        let response = public(&TestRequest::default().to_http_request(), &page());
        let get = |name: &str| response.headers().get(name).unwrap().to_str().unwrap();
        assert!(get("content-security-policy").starts_with("default-src 'none';"));
        assert_eq!(get("x-frame-options"), "DENY");
        assert_eq!(get("x-robots-tag"), "noindex");
        assert!(get("link").starts_with("<https://a.example/x>; rel=\"alternate\""));
        let form = private(StatusCode::OK, String::new(), Some("tusky:"));
        let policy = form.headers().get("content-security-policy").unwrap().to_str().unwrap();
        assert!(policy.contains("form-action 'self' tusky:;"), "{policy}");
        assert_eq!(form.headers().get("referrer-policy").unwrap(), "no-referrer");
        assert_eq!(form.headers().get("cache-control").unwrap(), "no-store");
    }

    #[test]
    fn a_known_page_is_not_sent_again() {
        let first = public(&TestRequest::default().to_http_request(), &page());
        let tag = first.headers().get("etag").unwrap().to_str().unwrap().to_owned();
        for (known, status) in [
            (tag.clone(), 304),
            (tag[2..].to_owned(), 304),
            ("*".into(), 304),
            ("\"x\", W/\"y\"".into(), 200),
        ] {
            let request =
                TestRequest::default().insert_header(("if-none-match", known)).to_http_request();
            assert_eq!(public(&request, &page()).status(), status);
        }
    }

    #[test]
    fn s_061_redirects_cannot_carry_a_header() {
        assert!(see_other("/a\r\nset-cookie: x=y").is_err());
        assert!(see_other("/a?b=c").is_ok());
    }
}
