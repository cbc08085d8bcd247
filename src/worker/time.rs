//! Whether the system's clock jumped (S-130). Ahead: what goes for its age waits until the new time is
//! believed ([`crate::clock`]), and this says so. Back: what was to be done later by the time before
//! would wait for as long as the clock was wrong, so it is due at once, and plans itself anew.

use crate::app::App;
use crate::clock::DAY;
use crate::db::{self, Lane};
use crate::error::Result;

/// How many rows one slice plans anew.
const SLICE: usize = 200;

/// What was found so far.
#[derive(Default)]
pub(super) struct Time {
    /// The administrator was told that the clock is ahead.
    ahead: bool,
    /// Rows are still to be planned anew.
    back: bool,
}

impl Time {
    /// Looks at the clock; true when it was set back.
    pub(super) fn look(&mut self, app: &App) -> bool {
        self.tell(app);
        let was_set_back = app.clock.take_set_back();
        if was_set_back {
            tracing::warn!("the clock was set back: what waits for a time is looked at anew");
            self.back = true;
        }
        if self.back {
            match plan_anew(app) {
                Ok(()) => self.back = false,
                // the next look tries it again
                Err(error) => tracing::error!(%error, "what waits could not be planned anew"),
            }
        }
        was_set_back
    }

    fn tell(&mut self, app: &App) {
        let ahead = app.clock.ahead_ms();
        if ahead > 0 && !self.ahead {
            // what they said was held against the time of before
            app.client.forget_clocks();
            tracing::warn!(
                days = ahead / DAY,
                "the clock is ahead of when this server last looked. If it stood still for so long \
                 all is well; else set the clock right. What goes for its age stays for a day"
            );
        }
        self.ahead = ahead > 0;
    }
}

/// Jobs and deliveries look themselves whether it is too early for them.
fn plan_anew(app: &App) -> Result<()> {
    loop {
        let slice = app.db.write(Lane::Background, |tx| {
            Ok(db::delivery::hasten_all(tx, SLICE)?.max(db::job::hasten_all(tx, SLICE)?))
        });
        if slice.wait()? < SLICE {
            return Ok(());
        }
    }
}
