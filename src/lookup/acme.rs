//! Getting a certificate from an authority (RFC 8555), by HTTP-01 or TLS-ALPN-01 (RFC 8737).
//!
//! The steps of the protocol are `instant_acme`'s; its requests go through our client, and what it
//! is told is bounded here.

mod courier;

use std::time::Duration;

use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Error as AcmeError,
    Identifier, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::tls::{Facts, Tls};
use courier::Courier;

/// The authority's time for looking at us, and for issuing.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(90));
/// For everything; requests have their own limits.
const WHOLE: Duration = Duration::from_secs(300);
/// An account that is not there any more (RFC 8555 section 6.7).
const NO_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// How the authority looks whether a name is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// By a handshake at port 443, which has to be open anyway.
    #[default]
    TlsAlpn,
    /// By a request to port 80.
    Http,
}

impl Way {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::TlsAlpn => Self::Http,
            Self::Http => Self::TlsAlpn,
        }
    }

    fn kind(self) -> ChallengeType {
        match self {
            Self::TlsAlpn => ChallengeType::TlsAlpn01,
            Self::Http => ChallengeType::Http01,
        }
    }
}

/// Why there is no new certificate.
#[derive(Debug)]
pub struct Failure {
    /// A sentence for the operator, without a full stop.
    pub why: String,
    /// How long the authority wants to be left alone.
    pub wait: Option<Duration>,
}

/// What is kept beside the certificate.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The authority to which all else belongs.
    directory: String,
    /// Whether the certificate that lies beside it is this authority's.
    issued: bool,
    /// The way that worked last.
    way: Way,
    account: AccountCredentials,
}

/// What is known from certificates of before: the way that worked, and whether the one that is
/// there comes from the authority of the settings.
pub fn known(app: &App, tls: &Tls) -> (Way, bool) {
    match find_kept(app, tls) {
        Some(kept) => (kept.way, kept.issued),
        None => (Way::default(), false),
    }
}

fn find_kept(app: &App, tls: &Tls) -> Option<Kept> {
    let kept: Kept = serde_json::from_slice(&tls.account()?).ok()?;
    (kept.directory == app.config.tls.acme_directory).then_some(kept)
}

/// Gets a certificate and takes it up. Blocks for up to some minutes.
pub fn obtain(app: &App, tls: &Tls, way: Way) -> Result<Facts, Failure> {
    let courier = Courier::new(app.client.clone(), &app.config.tls.acme_directory);
    let ended = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime.block_on(async {
            match tokio::time::timeout(WHOLE, order(app, tls, way, &courier)).await {
                Ok(ended) => ended,
                Err(_) => Err(AcmeError::Str("the authority took too long")),
            }
        }),
        Err(e) => Err(AcmeError::Other(e.into())),
    };
    tls.shown.forget_answers();
    ended.map_err(|error| Failure { why: sentence(&error), wait: courier.wait() })
}

async fn order(app: &App, tls: &Tls, way: Way, courier: &Courier) -> Result<Facts, AcmeError> {
    let (account, mut kept) = account(app, tls, way, courier).await?;
    let names: Vec<_> = tls.names.iter().map(|name| Identifier::Dns(name.clone())).collect();
    let mut order = match account.new_order(&NewOrder::new(&names)).await {
        Err(AcmeError::Api(problem)) if problem.r#type.as_deref() == Some(NO_ACCOUNT) => {
            // the next attempt makes one
            tls.keep_account(b"").map_err(AcmeError::other)?;
            return Err(problem.into());
        }
        other => other?,
    };
    if order.state().authorizations.len() > names.len() {
        return Err(AcmeError::Str("the authority wants more names than were asked for"));
    }
    prepare(tls, way, &mut order).await?;
    match order.poll_ready(&PATIENCE).await {
        Ok(OrderStatus::Ready) => {}
        ended => {
            return Err(match find_reason(&mut order).await {
                Some(reason) => reason,
                None => match ended {
                    Err(error) => error,
                    Ok(_) => AcmeError::Str("the authority refused the order without a reason"),
                },
            });
        }
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&PATIENCE).await?;
    let facts = tls.take(&chain, &key, app.clock.now_ms()).map_err(AcmeError::other)?;
    (kept.issued, kept.way) = (true, way);
    keep(tls, &kept)?;
    Ok(facts)
}

/// The account of before, or a new one. What is kept is written either way, before anything is
/// ordered: a folder that cannot be written would otherwise cost a certificate each time.
async fn account(
    app: &App,
    tls: &Tls,
    way: Way,
    courier: &Courier,
) -> Result<(Account, Kept), AcmeError> {
    let builder = Account::builder_with_http(Box::new(courier.clone()));
    if let Some(kept) = find_kept(app, tls) {
        keep(tls, &kept)?;
        // the credentials cannot be copied
        let Some(again) = find_kept(app, tls) else {
            return Err(AcmeError::Str("what was written cannot be read"));
        };
        return Ok((builder.from_credentials(again.account).await?, kept));
    }
    let directory = app.config.tls.acme_directory.clone();
    let contact = app.config.tls.acme_email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<_> = contact.iter().map(String::as_str).collect();
    let new = NewAccount {
        contact: &contact,
        terms_of_service_agreed: true,
        only_return_existing: false,
    };
    let (account, credentials) = builder.create(&new, directory.clone(), None).await?;
    let kept = Kept { directory, issued: false, way, account: credentials };
    keep(tls, &kept)?;
    Ok((account, kept))
}

fn keep(tls: &Tls, kept: &Kept) -> Result<(), AcmeError> {
    tls.keep_account(&serde_json::to_vec(kept)?).map_err(AcmeError::other)
}

/// Lays out what the authority will look for, and calls it.
async fn prepare(tls: &Tls, way: Way, order: &mut Order) -> Result<(), AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        match authorization.status {
            // from an order of before
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            _ => return Err(AcmeError::Str("the authority gave up on one of the names")),
        }
        let Some(mut challenge) = authorization.challenge(way.kind()) else {
            return Err(AcmeError::Str(match way {
                Way::TlsAlpn => "the authority does not offer tls-alpn-01",
                Way::Http => "the authority does not offer http-01",
            }));
        };
        let proof = challenge.key_authorization();
        match way {
            Way::Http => tls.shown.answer(&challenge.token, proof.as_str()),
            Way::TlsAlpn => {
                let name = challenge.identifier().to_string();
                tls.shown.prove(&name, proof.digest().as_ref()).map_err(AcmeError::other)?;
            }
        }
        challenge.set_ready().await?;
    }
    Ok(())
}

/// What the authority found wrong with a name, which stands at its challenge alone.
async fn find_reason(order: &mut Order) -> Option<AcmeError> {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let state = authorization.refresh().await.ok()?;
        let problem = state.challenges.iter().find_map(|challenge| challenge.error.clone());
        if let Some(problem) = problem {
            return Some(problem.into());
        }
    }
    None
}

/// What went wrong, as the authority says it where it does.
fn sentence(error: &AcmeError) -> String {
    let text = match error {
        AcmeError::Api(problem) => {
            let parts = problem.subproblems.iter().filter_map(|part| part.detail.as_deref());
            let details: Vec<_> = problem.detail.as_deref().into_iter().chain(parts).collect();
            match (details.is_empty(), &problem.r#type) {
                (false, _) => details.join(" "),
                (true, Some(kind)) => kind.clone(),
                (true, None) => "the authority refuses without a reason".to_owned(),
            }
        }
        AcmeError::Json(_) => "the authority's answer cannot be read".to_owned(),
        AcmeError::Str(text) => (*text).to_owned(),
        error => error.to_string(),
    };
    let text: String = text.chars().take(500).collect();
    text.trim_end_matches('.').to_owned()
}

/// Our own errors among those of the protocol.
trait Other {
    fn other(error: crate::error::Error) -> Self;
}

impl Other for AcmeError {
    fn other(error: crate::error::Error) -> Self {
        // the operator reads it: the cause, which strangers are not told
        Self::Other(error.to_string().into())
    }
}
