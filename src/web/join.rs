//! How one gets an account here and into it: a part of `/` and `/about`, the same for everybody.

use super::locale::Locale;
use crate::app::App;
use crate::config::RegistrationMode;
use crate::error::Result;
use crate::service::sign_up;

pub(super) struct Join {
    /// Who may come in; `None`: nobody can now.
    pub words: Option<&'static str>,
    /// There is a form for those without an invitation.
    pub form: bool,
    /// What an app asks for: the name of this server.
    pub host: String,
}

impl Join {
    pub(super) async fn read(app: &App, t: &'static Locale) -> Result<Self> {
        let rules = app.config.registrations.clone();
        let (mode, host) = (rules.mode, app.site.host.clone());
        let door = app.read(move |conn| sign_up::doorplate(conn, &rules)).await?;
        let words = match mode {
            RegistrationMode::Invite => Some(&t.join_invite),
            _ if !door.open => None,
            _ if door.asks => Some(&t.join_asks),
            _ => Some(&t.join_open),
        };
        Ok(Self { words: words.map(String::as_str), form: door.open, host })
    }
}
