//! Visibility as one SQL predicate. Its twin for single objects is `service::visibility`;
//! a property test holds the two equal (S-087).
//!
//! Every query that uses a part of it binds `:viewer`: the reader's account id, 0 for nobody.

/// `:viewer` may read the status `s`: its visibility, the author's blocks and suspension, and
/// what authors hide from those who did not sign in. For these it also binds `:now`. What waits
/// for consent is for whom it answers alone (F-336).
pub fn readable(s: &str) -> String {
    format!(
        "({s}.account_id = :viewer OR (
            ({s}.held = 0 OR ({s}.held = 1 AND {s}.in_reply_to_account_id = :viewer))
            AND ({s}.visibility < 2
              OR EXISTS (SELECT 1 FROM mention vm
                   WHERE vm.status_id = {s}.id AND vm.account_id = :viewer)
              OR ({s}.visibility = 2 AND EXISTS (SELECT 1 FROM follow vf
                   WHERE vf.account_id = :viewer AND vf.target_id = {s}.account_id
                     AND vf.accepted = 1)))
            AND NOT EXISTS (SELECT 1 FROM block vb
                 WHERE vb.account_id = {s}.account_id AND vb.target_id = :viewer)
            AND NOT EXISTS (SELECT 1 FROM account va
                 WHERE va.id = {s}.account_id AND va.suspended_at IS NOT NULL)
            AND (:viewer <> 0 OR NOT EXISTS (SELECT 1 FROM privacy vp
                 WHERE vp.account_id = {s}.account_id AND {}))))",
        super::privacy::condition(&format!("{s}.visibility"), &format!("{s}.created_at"), ":now")
    )
}

/// `:viewer` wants to see things of the author of `s` in lists: own blocks, mutes, hidden domains.
/// Also binds `:now`.
pub fn wanted(s: &str) -> String {
    wanted_account(&format!("{s}.account_id"))
}

/// The same for an expression that is an account id.
pub fn wanted_account(account: &str) -> String {
    format!(
        "(NOT EXISTS (SELECT 1 FROM block wb
             WHERE wb.account_id = :viewer AND wb.target_id = {account})
          AND NOT EXISTS (SELECT 1 FROM mute wm
             WHERE wm.account_id = :viewer AND wm.target_id = {account}
               AND (wm.expires_at IS NULL OR wm.expires_at > :now))
          AND NOT EXISTS (SELECT 1 FROM account_domain_block wd
             WHERE wd.account_id = :viewer
               AND wd.domain = (SELECT wa.domain FROM account wa WHERE wa.id = {account})))"
    )
}

/// As [`wanted`], in places where strangers are found: of a limited author (`silenced_at`) only
/// its followers find anything. Also binds `:now`.
pub fn found(s: &str) -> String {
    format!("({} AND {})", wanted(s), open_to(s))
}

/// The author of `s` is not limited, or `:viewer` is no stranger to it.
pub fn open_to(s: &str) -> String {
    format!(
        "({s}.account_id = :viewer
          OR NOT EXISTS (SELECT 1 FROM account la
             WHERE la.id = {s}.account_id AND la.silenced_at IS NOT NULL)
          OR EXISTS (SELECT 1 FROM follow lf WHERE lf.account_id = :viewer
             AND lf.target_id = {s}.account_id AND lf.accepted = 1))"
    )
}

/// `:viewer` wants to be told what the account does: as [`wanted_account`], but a mute may leave
/// notifications, and whom one follows is heard also from a hidden domain. Also binds `:now`.
pub fn heard_account(account: &str) -> String {
    format!(
        "(NOT EXISTS (SELECT 1 FROM block wb
             WHERE wb.account_id = :viewer AND wb.target_id = {account})
          AND NOT EXISTS (SELECT 1 FROM mute wm
             WHERE wm.account_id = :viewer AND wm.target_id = {account}
               AND wm.hide_notifications = 1
               AND (wm.expires_at IS NULL OR wm.expires_at > :now))
          AND NOT EXISTS (SELECT 1 FROM account ws
             WHERE ws.id = {account} AND ws.id <> :viewer AND ws.suspended_at IS NOT NULL)
          AND (NOT EXISTS (SELECT 1 FROM account_domain_block wd
             WHERE wd.account_id = :viewer
               AND wd.domain = (SELECT wa.domain FROM account wa WHERE wa.id = {account}))
            OR EXISTS (SELECT 1 FROM follow wf WHERE wf.account_id = :viewer
               AND wf.target_id = {account} AND wf.accepted = 1)))"
    )
}

/// What a list shows: the status and, for a boost, the boosted one are readable and wanted.
pub fn listed(s: &str) -> String {
    format!(
        "{} AND {} AND ({s}.reblog_of_id IS NULL OR EXISTS (SELECT 1 FROM status vr
           WHERE vr.id = {s}.reblog_of_id AND {} AND {}))",
        readable(s),
        wanted(s),
        readable("vr"),
        wanted("vr")
    )
}

/// As [`listed`], but of an author whom the reader asked for by name: mutes do not count there.
pub fn on_profile(s: &str) -> String {
    format!(
        "{} AND ({s}.reblog_of_id IS NULL OR EXISTS (SELECT 1 FROM status vr
           WHERE vr.id = {s}.reblog_of_id AND {} AND {}))",
        readable(s),
        readable("vr"),
        wanted("vr")
    )
}
