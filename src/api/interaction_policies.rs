//! Who may favourite, answer and boost one's statuses, as GoToSocial's API says it. Mastodon has
//! nothing of the kind: without these fields everything is open.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use super::{Auth, entity};
use crate::activity::urls;
use crate::app::App;
use crate::db::{self, Conn};
use crate::error::{Error, Result};
use crate::http::{self, Params};
use crate::model::{InteractionPolicy, Rule, Visibility, Who};

/// Most entries of one list.
const MOST: usize = 50;
/// The longest address of an actor.
const LONGEST: usize = 1024;

/// DefaultPolicies.
#[derive(Serialize)]
struct Defaults {
    public: entity::InteractionPolicy,
    unlisted: entity::InteractionPolicy,
    private: entity::InteractionPolicy,
    direct: entity::InteractionPolicy,
}

fn defaults(conn: &Conn, me: i64) -> Result<Defaults> {
    let of = |visibility| {
        let policy = db::interaction::find_default(conn, me, visibility)?.unwrap_or_default();
        Ok::<_, Error>(entity::InteractionPolicy::new(&policy))
    };
    Ok(Defaults {
        public: of(Visibility::Public)?,
        unlisted: of(Visibility::Unlisted)?,
        private: of(Visibility::Private)?,
        direct: of(Visibility::Direct)?,
    })
}

/// GET /api/v1/interaction_policies/defaults.
pub(super) async fn show(app: Data<App>, auth: Auth) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    super::show_few(&app, move |_, conn| defaults(conn, me)).await
}

/// PATCH /api/v1/interaction_policies/defaults: `public`, `unlisted`, `private` and `direct`; what
/// is left out or null is open again.
pub(super) async fn update(app: Data<App>, auth: Auth, params: Params) -> Result<HttpResponse> {
    let me = auth.account_id()?;
    let mut wanted = Vec::new();
    for visibility in
        [Visibility::Public, Visibility::Unlisted, Visibility::Private, Visibility::Direct]
    {
        let policy = read(&params, visibility.as_str())?.unwrap_or_default();
        wanted.push((visibility, policy.unless_open()));
    }
    let now = super::write(&app, move |_, tx| {
        for (visibility, policy) in &wanted {
            db::interaction::set_default(tx, me, *visibility, policy.as_deref())?;
        }
        defaults(tx, me)
    });
    Ok(http::json(&now.await?))
}

/// A policy among the parameters; `None` when there is none.
pub(super) fn read(params: &Params, name: &str) -> Result<Option<InteractionPolicy>> {
    if !params.gives(name) || params.text(name).is_ok_and(|text| text == Some("")) {
        return Ok(None);
    }
    let policy = params.nested(name)?;
    let rule = |key: &str| -> Result<Option<Rule>> {
        if !policy.gives(key) {
            return Ok(None);
        }
        let rule = policy.nested(key)?;
        let list = |new: &str, old: &str| -> Result<Vec<Who>> {
            let words = if rule.has(new) { rule.list(new)? } else { rule.list(old)? };
            if words.len() > MOST {
                return Err(refused(name, key, "has too many entries"));
            }
            let mut list = Vec::new();
            for word in words {
                if let Some(who) = who(&word).ok_or_else(|| refused(name, key, "is not valid"))?
                    && !list.contains(&who)
                {
                    list.push(who);
                }
            }
            Ok(list)
        };
        let rule = Rule {
            automatic: list("automatic_approval", "always")?,
            manual: list("manual_approval", "with_approval")?,
        };
        Ok(rule.unless_open())
    };
    Ok(Some(InteractionPolicy {
        favourite: rule("can_favourite")?,
        reply: rule("can_reply")?,
        reblog: rule("can_reblog")?,
        ..InteractionPolicy::default()
    }))
}

fn refused(name: &str, key: &str, what: &str) -> Error {
    Error::invalid(format!("Validation failed: {name}[{key}] {what}"))
}

/// An entry; the inner `None` is for one that says nothing: the author always may. The outer one
/// is for what is no entry.
#[allow(clippy::option_option)]
fn who(word: &str) -> Option<Option<Who>> {
    Some(match word.strip_prefix("urn:mastodon:").unwrap_or(word) {
        "public" => Some(Who::Public),
        "followers" => Some(Who::Followers),
        "following" => Some(Who::Following),
        "mentioned" => Some(Who::Mentioned),
        "author" | "me" => None,
        uri if uri.len() <= LONGEST && urls::is_web(uri) => Some(Who::Actor(uri.to_owned())),
        _ => return None,
    })
}
