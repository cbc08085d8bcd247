//! An authorization request: what an application asks for, and whether it may.

use std::fmt::Write as _;

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::http::Params;
use crate::model::redirect::{self, OUT_OF_BAND};
use crate::model::{Application, Scopes};

/// Longest `state` that is echoed (S-073).
const LONGEST_STATE: usize = 2048;
/// What is asked for where nothing is named, as at Mastodon.
const DEFAULT_SCOPE: &str = "read";

/// A request whose application and redirect address are known to be right.
pub(super) struct Asked {
    pub client: Application,
    pub redirect_uri: String,
    pub state: Option<String>,
    pub force_login: bool,
    response_type: String,
    scope: Option<String>,
    challenge: Option<String>,
    method: Option<String>,
    /// The language of our pages, which is kept on the way through them.
    language: Option<String>,
}

/// Why the answer cannot even be sent to the application (S-071).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UnknownClient,
    BadRedirect,
    BadState,
}

/// What may be granted once the person agrees.
#[derive(Debug)]
pub(super) struct Grant {
    pub scopes: Scopes,
    pub challenge: Option<String>,
}

/// An error that the application is told: RFC 6749 section 4.1.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub error: &'static str,
    pub description: &'static str,
}

/// Reads a request; the inner error is for our own page.
pub(super) async fn read(
    app: &App,
    params: &Params,
) -> Result<std::result::Result<Asked, Refusal>> {
    let text = |name: &str| -> Result<Option<String>> {
        Ok(params.text(name)?.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let Some(client_id) = text("client_id")? else { return Ok(Err(Refusal::UnknownClient)) };
    let client = app.read(move |conn| db::oauth::find_application(conn, &client_id)).await?;
    let Some(client) = client else { return Ok(Err(Refusal::UnknownClient)) };
    let redirect_uri = text("redirect_uri")?.unwrap_or_default();
    if !redirect::is_registered(&client.redirect_uris, &redirect_uri) {
        return Ok(Err(Refusal::BadRedirect));
    }
    let state = text("state")?;
    if state.as_ref().is_some_and(|state| state.len() > LONGEST_STATE) {
        return Ok(Err(Refusal::BadState));
    }
    Ok(Ok(Asked {
        client,
        redirect_uri,
        state,
        force_login: params.flag("force_login")?.unwrap_or(false),
        response_type: text("response_type")?.unwrap_or_default(),
        scope: text("scope")?,
        challenge: text("code_challenge")?,
        method: text("code_challenge_method")?,
        language: text("lang")?.filter(|text| text.len() <= 35),
    }))
}

/// The scopes named, or the default; `None` where the application registered less.
pub(super) fn scopes(client: &Application, asked: Option<&str>) -> Option<Scopes> {
    let registered = Scopes::parse(&client.scopes).unwrap_or_default();
    let asked = asked.filter(|text| !text.trim().is_empty()).unwrap_or(DEFAULT_SCOPE);
    let scopes = Scopes::parse(asked)?;
    (!scopes.is_empty() && registered.contain(&scopes)).then_some(scopes)
}

impl Asked {
    /// Whether it can be granted at all.
    ///
    /// # Errors
    /// What the application is told, at its redirect address.
    pub(super) fn judge(&self) -> std::result::Result<Grant, Told> {
        if self.response_type != "code" {
            return Err(Told {
                error: "unsupported_response_type",
                description: "The only response type here is code.",
            });
        }
        let scopes = scopes(&self.client, self.scope.as_deref()).ok_or(Told {
            error: "invalid_scope",
            description: "The requested scope is unknown or goes beyond what was registered.",
        })?;
        let bad_challenge = |description| Told { error: "invalid_request", description };
        // S-072; without a method RFC 7636 means plain
        match (self.challenge.as_deref(), self.method.as_deref()) {
            (None, None) => {}
            (None, Some(_)) => return Err(bad_challenge("code_challenge is missing.")),
            (Some(challenge), Some("S256")) => {
                let fits = challenge.len() == 43
                    && challenge.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
                if !fits {
                    return Err(bad_challenge("code_challenge is no SHA-256 in base64url."));
                }
            }
            (Some(_), _) => return Err(bad_challenge("code_challenge_method must be S256.")),
        }
        Ok(Grant { scopes, challenge: self.challenge.clone() })
    }

    /// The code is shown to the person, who carries it over.
    pub(super) fn is_out_of_band(&self) -> bool {
        self.redirect_uri == OUT_OF_BAND
    }

    /// The request again, as fields of the consent form.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let given = |name, value: &Option<String>| value.clone().map(|value| (name, value));
        let mut fields = vec![
            ("client_id", self.client.client_id.clone()),
            ("redirect_uri", self.redirect_uri.clone()),
            ("response_type", self.response_type.clone()),
        ];
        fields.extend(given("scope", &self.scope));
        fields.extend(given("state", &self.state));
        fields.extend(given("code_challenge", &self.challenge));
        fields.extend(given("code_challenge_method", &self.method));
        fields.extend(given("lang", &self.language));
        fields
    }

    /// The request again, as the path to come back to after signing in: without `force_login`,
    /// which is done then.
    pub(super) fn path(&self) -> String {
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields()).finish();
        let mut path = String::from("/oauth/authorize?");
        let _ = write!(path, "{query}");
        path
    }

    /// Where the browser goes with the answer: `params`, the state as it came and who we are
    /// (RFC 9207).
    pub(super) fn answer(&self, issuer: &str, params: &[(&str, &str)]) -> String {
        let mut all = params.to_vec();
        all.extend(self.state.as_deref().map(|state| ("state", state)));
        all.push(("iss", issuer));
        redirect::with_query(&self.redirect_uri, &all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Asked {
        Asked {
            client: Application {
                id: 1,
                client_id: "abc".into(),
                secret_hash: Vec::new(),
                name: "App".into(),
                website: None,
                redirect_uris: "app://cb".into(),
                scopes: "read write:statuses".into(),
                created_at: 0,
            },
            redirect_uri: "app://cb".into(),
            state: Some("a b&c".into()),
            force_login: true,
            response_type: "code".into(),
            scope: Some("read:accounts write:statuses".into()),
            challenge: Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into()),
            method: Some("S256".into()),
            language: Some("zh".into()),
        }
    }

    #[test]
    fn s_072_s_076_requests_are_judged() {
        assert!(asked().judge().is_ok());
        let refused = |change: fn(&mut Asked)| {
            let mut asked = asked();
            change(&mut asked);
            asked.judge().expect_err("refused").error
        };
        assert_eq!(refused(|a| a.response_type = "token".into()), "unsupported_response_type");
        assert_eq!(refused(|a| a.scope = Some("write".into())), "invalid_scope");
        assert_eq!(refused(|a| a.scope = Some("read nonsense".into())), "invalid_scope");
        assert_eq!(refused(|a| a.method = Some("plain".into())), "invalid_request");
        assert_eq!(refused(|a| a.method = None), "invalid_request");
        assert_eq!(refused(|a| a.challenge = None), "invalid_request");
        assert_eq!(refused(|a| a.challenge = Some("short".into())), "invalid_request");
        let mut plain = asked();
        (plain.challenge, plain.method, plain.scope) = (None, None, None);
        assert_eq!(plain.judge().expect("fine").scopes.to_string(), "read");
    }

    #[test]
    fn s_073_the_state_comes_back_unchanged() {
        let asked = asked();
        let answer = asked.answer("https://me.example", &[("code", "x")]);
        assert_eq!(answer, "app://cb?code=x&state=a%20b%26c&iss=https%3A%2F%2Fme.example");
        let path = asked.path();
        assert!(path.starts_with("/oauth/authorize?client_id=abc&redirect_uri=app%3A%2F%2Fcb"));
        assert!(path.contains("state=a+b%26c") && !path.contains("force_login"), "{path}");
    }
}
