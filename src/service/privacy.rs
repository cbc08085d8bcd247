//! What authors of other servers ask to be kept from readers who did not sign in (F-058, S-104).

use crate::activity::actor::Privacy;
use crate::db::privacy::Hidden;
use crate::db::{self, Tx};
use crate::error::Result;

/// Misskey counts in seconds (its `shouldHideNoteByTime`); numbers that are beyond any time in
/// seconds are milliseconds.
const SECONDS_BELOW: i64 = 100_000_000_000;
/// Longer ago, in seconds, than the fediverse is old.
const AGE_BELOW: i64 = 1_000_000_000;

/// Keeps the wishes of an actor's document.
pub fn keep(tx: &Tx<'_>, account_id: i64, privacy: &Privacy) -> Result<()> {
    db::privacy::set(tx, account_id, &hidden(privacy))
}

/// Both of Misskey's times are alike for somebody who did not sign in, and so follows nobody:
/// the one that hides more counts.
fn hidden(privacy: &Privacy) -> Hidden {
    let times = [privacy.followers_only_before, privacy.hidden_before];
    let times = times.into_iter().flatten();
    let (after, ago): (Vec<i64>, Vec<i64>) = times.partition(|time| *time > 0);
    let before =
        after.into_iter().map(|t| if t < SECONDS_BELOW { t.saturating_mul(1000) } else { t });
    let older = ago.into_iter().map(|t| t.saturating_neg());
    let older = older.map(|t| if t < AGE_BELOW { t.saturating_mul(1000) } else { t });
    Hidden {
        everything: privacy.sign_in_required,
        public: privacy.hides_public,
        unlisted: privacy.hides_unlisted,
        before: before.max(),
        older_than: older.min(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_058_times_are_seconds_and_the_stricter_one_counts() {
        let of = |a: Option<i64>, b: Option<i64>| {
            let hidden = hidden(&Privacy {
                followers_only_before: a,
                hidden_before: b,
                ..Privacy::default()
            });
            (hidden.before, hidden.older_than)
        };
        assert_eq!(of(None, None), (None, None));
        assert_eq!(of(Some(1_600_000_000), None), (Some(1_600_000_000_000), None));
        assert_eq!(of(Some(1_600_000_000_000), None), (Some(1_600_000_000_000), None));
        assert_eq!(of(Some(-3600), Some(-60)), (None, Some(60_000)));
        assert_eq!(of(Some(0), Some(i64::MIN)), (None, Some(0)));
    }
}
