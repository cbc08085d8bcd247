//! `[registrations]`: who may come in.

/// How new people get an account.
#[derive(Clone, Debug)]
pub struct Registrations {
    pub mode: RegistrationMode,
    /// Nobody comes in any more when there are so many people.
    pub max_accounts: usize,
    /// Who needs approval must say why they want to come.
    pub reason_required: bool,
    /// All people here may invite others, not admins alone.
    pub people_may_invite: bool,
    /// Shown to those who cannot come in.
    pub message: String,
}

/// Who may come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationMode {
    /// Nobody; the operator makes accounts by command.
    #[default]
    Closed,
    /// Who has an invitation.
    Invite,
    /// Who has an invitation, and whom an admin lets in.
    Approval,
    /// Anybody.
    Open,
}

impl Default for Registrations {
    fn default() -> Self {
        Self {
            mode: RegistrationMode::Closed,
            max_accounts: 20,
            reason_required: true,
            people_may_invite: false,
            message: String::new(),
        }
    }
}
