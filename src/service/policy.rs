//! Who may favourite, answer and boost a status (checklist section S): reading what its author
//! says, judging, and telling it.

use crate::activity::build::{PolicyDoc, RuleDoc};
use crate::activity::object::Object;
use crate::activity::{PUBLIC, quote};
use crate::db::{self, Conn};
use crate::error::Result;
use crate::model::{Account, InteractionKind, InteractionPolicy, Rule, Status, Who};

/// What a status's policy says to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Anybody can see that it may.
    Automatic,
    /// It may, as a follower or somebody followed: its author alone can tell.
    Member,
    /// Its author decides.
    Manual,
    Denied,
}

/// The policy that a remote status tells (F-329, F-337).
pub fn of_object(object: &Object, author: &Account) -> Option<Box<InteractionPolicy>> {
    let told = &object.policy;
    let rule = |told: &Option<quote::Policy>| told.as_ref().and_then(|told| rule(told, author));
    InteractionPolicy {
        favourite: rule(&told.like),
        reply: rule(&told.reply),
        reblog: rule(&told.announce),
        old: told.old,
        hint: told.hint,
    }
    .unless_open()
}

fn rule(told: &quote::Policy, author: &Account) -> Option<Rule> {
    let list = |uris: &[String]| {
        uris.iter()
            .filter_map(|uri| match uri.as_str() {
                PUBLIC => Some(Who::Public),
                uri if Some(uri) == author.followers_uri.as_deref() => Some(Who::Followers),
                uri if Some(uri) == author.following_uri.as_deref() => Some(Who::Following),
                uri if uri == author.uri => None,
                uri => Some(Who::Actor(uri.to_owned())),
            })
            .collect()
    };
    Rule { automatic: list(&told.automatic), manual: list(&told.manual) }.unless_open()
}

/// What `who` may do with the status, by its policy alone. The more specific entry wins; among
/// equals the one that lets in (F-331). Whom the status names, or answers, may answer it.
pub fn judge(
    conn: &Conn,
    target: &Status,
    kind: InteractionKind,
    who: &Account,
) -> Result<Verdict> {
    let Some(rule) = target.policy.as_ref().and_then(|policy| policy.rule(kind)) else {
        return Ok(Verdict::Automatic);
    };
    if target.account_id == who.id {
        return Ok(Verdict::Automatic);
    }
    let reply = kind == InteractionKind::Reply;
    let named = |list: &[Who]| list.contains(&Who::Mentioned);
    let is_named = (reply || named(&rule.automatic) || named(&rule.manual))
        && db::status::is_addressed(conn, target.id, who.id)?;
    if reply && (is_named || target.in_reply_to_account_id == Some(who.id)) {
        return Ok(Verdict::Automatic);
    }
    let is_actor =
        |list: &[Who]| list.iter().any(|w| matches!(w, Who::Actor(uri) if *uri == who.uri));
    if is_actor(&rule.automatic) {
        return Ok(Verdict::Automatic);
    }
    if is_actor(&rule.manual) {
        return Ok(Verdict::Manual);
    }
    if is_named && named(&rule.automatic) {
        return Ok(Verdict::Automatic);
    }
    if is_named && named(&rule.manual) {
        return Ok(Verdict::Manual);
    }
    // whom a stranger elsewhere follows is not known here
    let unknown = !who.is_local() && !target.local;
    let is_member = |list: &[Who]| -> Result<bool> {
        let (author, who) = (target.account_id, who.id);
        Ok((list.contains(&Who::Followers)
            && (unknown || db::follow::is_following(conn, who, author)?))
            || (list.contains(&Who::Following)
                && (unknown || db::follow::is_following(conn, author, who)?)))
    };
    if is_member(&rule.automatic)? {
        return Ok(Verdict::Member);
    }
    if is_member(&rule.manual)? {
        return Ok(Verdict::Manual);
    }
    Ok(match () {
        () if rule.automatic.contains(&Who::Public) => Verdict::Automatic,
        () if rule.manual.contains(&Who::Public) => Verdict::Manual,
        () => Verdict::Denied,
    })
}

/// What the document of a status of ours tells (F-336): all three rules, since these are kept to
/// here. The author stands in each, whom the status names among those who answer.
pub fn document(author: &Account, status: &Status, mentioned: &[String]) -> PolicyDoc {
    let rule = |kind: InteractionKind| {
        let Some(rule) = status.policy.as_ref().and_then(|policy| policy.rule(kind)) else {
            return RuleDoc { automatic: vec![PUBLIC.to_owned()], manual: Vec::new() };
        };
        let mut automatic = uris(&rule.automatic, author, mentioned);
        if !rule.automatic.contains(&Who::Public) {
            automatic.push(author.uri.clone());
            let named = mentioned.iter().filter(|_| kind == InteractionKind::Reply);
            automatic.extend(named.cloned());
        }
        automatic.dedup();
        RuleDoc { automatic, manual: uris(&rule.manual, author, mentioned) }
    };
    PolicyDoc {
        like: rule(InteractionKind::Favourite),
        reply: rule(InteractionKind::Reply),
        announce: rule(InteractionKind::Reblog),
    }
}

fn uris(list: &[Who], author: &Account, mentioned: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for who in list {
        match who {
            Who::Public => out.push(PUBLIC.to_owned()),
            Who::Followers => out.extend(author.followers_uri.clone()),
            Who::Following => out.extend(author.following_uri.clone()),
            Who::Mentioned => out.extend(mentioned.iter().cloned()),
            Who::Actor(uri) => out.push(uri.clone()),
        }
    }
    out
}
