//! Who asks, and whether the token may: each route says what it needs, and what is not declared
//! is refused (S-076).

use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, ResponseError};

use super::{rate, streaming};
use crate::app::App;
use crate::crypto;
use crate::db;
use crate::error::{Error, Result};
use crate::model::{Scopes, Token};

/// The longest token that is looked at; ours have 43 characters.
const LONGEST_TOKEN: usize = 256;

/// What a route demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing; a token is not even looked at.
    Public,
    /// Nothing; but a token that comes must be valid and have this scope.
    Optional(&'static str),
    /// A token of an application, with or without a person behind it.
    App,
    /// A person, and a token with one of these scopes.
    User(&'static [&'static str]),
    /// The same, or somebody who waits to become one.
    Waiting(&'static [&'static str]),
    /// A person, and a token with one of these scopes, and the person must be an admin.
    Admin(&'static [&'static str]),
    /// The same for a stream; its token may also come where a browser can put it: in the query, or
    /// as the subprotocol of a WebSocket (S-081).
    Stream(&'static [&'static str]),
}

/// What a resource demands, by method.
pub(super) type Needs = Rc<[(Method, Need)]>;

/// Who asks, once the route's [`Need`] is met.
#[derive(Clone, Debug, Default)]
pub struct Auth {
    /// `None`: no token came, or the route does not look at it.
    pub token: Option<Arc<Token>>,
    /// Who waits for an account, in their own app; only where they may ask.
    pub applicant: Option<i64>,
}

impl Auth {
    /// The account that reads; 0 for nobody, an application's own token included.
    pub fn viewer(&self) -> i64 {
        self.token.as_ref().and_then(|token| token.account_id).unwrap_or(0)
    }

    /// The person's account.
    ///
    /// # Errors
    /// 401 without one.
    pub fn account_id(&self) -> Result<i64> {
        match self.viewer() {
            0 => Err(needs_person()),
            id => Ok(id),
        }
    }

    /// The application that asks.
    pub fn application_id(&self) -> Option<i64> {
        self.token.as_ref().map(|token| token.application_id)
    }
}

impl FromRequest for Auth {
    type Error = Error;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        // only `enforce` puts it there: outside of the route table nobody is anybody
        let found = request.extensions().get::<Self>().cloned();
        std::future::ready(found.ok_or_else(|| Error::internal("route without a declared need")))
    }
}

/// The middleware of each resource: lets through what meets the declared need.
pub(super) async fn enforce<B: MessageBody + 'static>(
    needs: Needs,
    request: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let need = needs.iter().find(|(method, _)| method == request.method()).map(|(_, need)| *need);
    let checked = match need {
        Some(need) => authenticate(&request, need).await,
        // a method that is not served here is as unknown as an unknown path
        None => Err(Error::NotFound),
    };
    let app = request.app_data::<Data<App>>().cloned();
    let standing = app.as_ref().and_then(|app| {
        let standing = rate::count(app, request.request(), need, checked.as_ref().ok())?;
        Some((standing, standing.check(app.clock.now_ms())))
    });
    let (standing, checked) = match standing {
        Some((standing, Ok(()))) => (Some(standing), checked),
        Some((standing, Err(too_many))) => (Some(standing), Err(too_many)),
        None => (None, checked),
    };
    let secret = request.method() != Method::GET
        || checked.as_ref().is_ok_and(|auth: &Auth| auth.token.is_some());
    let mut response = match checked {
        Ok(auth) => {
            request.extensions_mut().insert(auth);
            next.call(request).await?.map_into_boxed_body()
        }
        Err(error) => request.into_response(error.error_response()),
    };
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    // what one person reads, or a secret that was just made, is for nobody's cache
    if secret && !response.headers().contains_key(header::CACHE_CONTROL) {
        let private = header::HeaderValue::from_static("private, no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, private);
    }
    Ok(response)
}

async fn authenticate(request: &ServiceRequest, need: Need) -> Result<Auth> {
    if need == Need::Public {
        return Ok(Auth::default());
    }
    let text = match bearer(request) {
        None if matches!(need, Need::Stream(_)) => streaming::token(request.request()),
        bearer => bearer.map(str::to_owned),
    };
    let token = match text {
        Some(text) => match find(request, &text).await? {
            Some(token) => Some(token),
            None => return waiting(request, need, &text).await,
        },
        None => None,
    };
    let auth = check(need, token)?;
    if matches!(need, Need::Admin(_)) {
        require_admin(request, auth.account_id()?).await?;
    }
    Ok(auth)
}

/// An admin scope is worth nothing once its owner is no admin any more.
async fn require_admin(request: &ServiceRequest, account: i64) -> Result<()> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no app"))?;
    let user = app.read_few(move |conn| db::user::find(conn, account)).await?;
    if user.is_some_and(|user| user.admin && !user.disabled) {
        Ok(())
    } else {
        Err(Error::Forbidden("This action is not allowed".into()))
    }
}

/// The rules, without the look-up.
fn check(need: Need, token: Option<Arc<Token>>) -> Result<Auth> {
    let scopes: &[&str] = match &need {
        Need::Public | Need::App => &[],
        Need::Optional(scope) => std::slice::from_ref(scope),
        Need::User(scopes) | Need::Waiting(scopes) | Need::Admin(scopes) | Need::Stream(scopes) => {
            scopes
        }
    };
    let Some(token) = token else {
        return match need {
            Need::Public | Need::Optional(_) => Ok(Auth::default()),
            _ => Err(invalid_token()),
        };
    };
    if !scopes.is_empty() && !scopes.iter().any(|scope| token.scopes.allow(scope)) {
        return Err(outside_scopes());
    }
    if !matches!(need, Need::Public | Need::Optional(_) | Need::App) && token.account_id.is_none() {
        return Err(Error::invalid("This method requires an authenticated user"));
    }
    Ok(Auth { token: Some(token), applicant: None })
}

/// The token may belong to somebody who signed up and is not in yet. They may do nothing but ask how
/// it stands, and what anybody may; Mastodon's words say what they wait for.
async fn waiting(request: &ServiceRequest, need: Need, text: &str) -> Result<Auth> {
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no app"))?;
    let hash = crypto::token_hash(text);
    let found = app.read_few(move |conn| db::applicant::find_by_token(conn, &hash)).await?;
    let one = found.ok_or_else(invalid_token)?;
    match need {
        Need::Public | Need::Optional(_) => Ok(Auth::default()),
        Need::Waiting(scopes) => {
            let own = Scopes::parse(&one.scopes).unwrap_or_default();
            if !scopes.iter().any(|scope| own.allow(scope)) {
                return Err(outside_scopes());
            }
            Ok(Auth { token: None, applicant: Some(one.id) })
        }
        _ if !one.confirmed => {
            Err(Error::Forbidden("Your login is missing a confirmed e-mail address".into()))
        }
        _ => Err(Error::Forbidden("Your login is currently pending approval".into())),
    }
}

/// The token, from the header only: addresses end up in logs (S-081).
fn bearer(request: &ServiceRequest) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

async fn find(request: &ServiceRequest, text: &str) -> Result<Option<Arc<Token>>> {
    if text.is_empty() || text.len() > LONGEST_TOKEN {
        return Err(invalid_token());
    }
    let app = request.app_data::<Data<App>>().ok_or_else(|| Error::internal("no app"))?;
    let hash = crypto::token_hash(text);
    // most tokens are known: no change of thread for them
    let token = match app.tokens.get(&hash) {
        Some(token) => token,
        None => {
            let parts = App::clone(app);
            match app.compute(move || parts.tokens.load(&parts.db, &hash)).await?? {
                Some(token) => token,
                None => return Ok(None),
            }
        }
    };
    app.tokens.used(token.id, app.clock.now_ms());
    Ok(Some(token))
}

fn outside_scopes() -> Error {
    Error::Forbidden("This action is outside the authorized scopes".into())
}

fn invalid_token() -> Error {
    Error::Unauthorized("The access token is invalid".into())
}

/// 401 on a route that serves some things to nobody in particular, and this only to a person.
pub(super) fn needs_person() -> Error {
    Error::Unauthorized("This method requires an authenticated user".into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn token(account_id: Option<i64>, scopes: &str) -> Option<Arc<Token>> {
        let scopes = Scopes::parse(scopes).unwrap();
        Some(Arc::new(Token { id: 1, application_id: 1, account_id, scopes, created_at: 0 }))
    }

    fn status(need: Need, token: Option<Arc<Token>>) -> u16 {
        check(need, token).map_or_else(|error| error.status(), |_| 200)
    }

    #[test]
    fn s_076_each_need_takes_what_meets_it() {
        let user = Need::User(&["profile", "read:accounts"]);
        assert_eq!(status(user, None), 401);
        assert_eq!(status(user, token(Some(5), "write follow")), 403);
        assert_eq!(status(user, token(None, "read")), 422);
        assert_eq!(status(user, token(Some(5), "read")), 200);
        assert_eq!(status(user, token(Some(5), "profile")), 200);
        assert_eq!(status(Need::App, None), 401);
        assert_eq!(status(Need::App, token(None, "read")), 200);
        let optional = Need::Optional("read:statuses");
        assert_eq!(status(optional, None), 200);
        assert_eq!(status(optional, token(Some(5), "read:lists")), 403);
        assert_eq!(check(optional, token(Some(5), "read")).unwrap().viewer(), 5);
        assert_eq!(check(optional, token(None, "read")).unwrap().viewer(), 0);
        assert!(check(optional, None).unwrap().account_id().is_err());
    }
}
