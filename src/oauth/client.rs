//! Which application speaks: its id and secret in the body or as HTTP Basic.

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::OAuthError;
use crate::app::App;
use crate::crypto;
use crate::db;
use crate::http::Params;
use crate::model::Application;

/// The application with this id and secret.
///
/// # Errors
/// `invalid_client` when there is none, `invalid_request` when two ways are used at once.
pub(super) async fn authenticate(
    app: &App,
    request: &HttpRequest,
    params: &Params,
) -> Result<Application, OAuthError> {
    let given = basic(request);
    let is_basic = given.is_some();
    let in_body = (params.text("client_id")?, params.text("client_secret")?);
    let (id, secret) = match (given, in_body) {
        (Some((id, _)), (Some(other), _)) if id != other => {
            return Err(OAuthError::InvalidRequest("Two different clients are named."));
        }
        (Some(_), (_, Some(_))) => {
            return Err(OAuthError::InvalidRequest("Send the client's secret in one way only."));
        }
        (Some(given), _) => given,
        (None, (Some(id), Some(secret))) => (id.to_owned(), secret.to_owned()),
        (None, _) => return Err(OAuthError::InvalidClient { basic: false }),
    };
    let found = app.read(move |conn| db::oauth::find_application(conn, &id)).await?;
    let hash = crypto::token_hash(&secret);
    found
        .filter(|found| crypto::constant_time_eq(&found.secret_hash, &hash))
        .ok_or(OAuthError::InvalidClient { basic: is_basic })
}

/// `Authorization: Basic`, its parts form-encoded as RFC 6749 section 2.3.1 has it.
fn basic(request: &HttpRequest) -> Option<(String, String)> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (kind, rest) = value.split_once(' ')?;
    if !kind.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |part: &str| {
        let pair = format!("x={part}");
        form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn basic_credentials_are_read() {
        for (value, want) in [
            // "my id:s%3Acret" and the like
            (format!("Basic {}", STANDARD.encode("id:secret")), Some(("id", "secret"))),
            (format!("basic {}", STANDARD.encode("my+id:s%3Acret")), Some(("my id", "s:cret"))),
            (format!("Basic {}", STANDARD.encode("id")), None),
            ("Basic !".to_owned(), None),
            ("Bearer x".to_owned(), None),
        ] {
            let request =
                TestRequest::default().insert_header(("authorization", value)).to_http_request();
            let got = basic(&request);
            assert_eq!(got.as_ref().map(|(a, b)| (a.as_str(), b.as_str())), want);
        }
    }
}
