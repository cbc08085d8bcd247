//! How a request to another server is signed.

/// The forms; stored as their number, the better the higher. 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i64)]
pub enum SignatureForm {
    /// draft-cavage-12 with RSA: what everybody takes.
    Cavage = 1,
    /// RFC 9421 with RSA.
    Rfc9421 = 2,
    /// RFC 9421 with Ed25519: a fiftieth of RSA's work.
    Ed25519 = 3,
}

impl SignatureForm {
    /// From the stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        [Self::Cavage, Self::Rfc9421, Self::Ed25519].into_iter().find(|f| *f as i64 == number)
    }

    /// What is tried in turn with a server of which this is remembered (F-087).
    pub fn order(remembered: Option<Self>) -> [Self; 2] {
        match remembered {
            None | Some(Self::Cavage) => [Self::Cavage, Self::Rfc9421],
            Some(better) => [better, Self::Cavage],
        }
    }
}
