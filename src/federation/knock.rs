//! Which signature a server takes: the remembered one first, then the one that everybody takes
//! (F-087, "double-knock").

use std::sync::Arc;

use crate::app::App;
use crate::client::Sign;
use crate::db::{self, Lane};
use crate::error::Result;
use crate::model::SignatureForm;
use crate::signature;
use crate::signature::key::PrivateKey;

/// A closure that signs requests as a local account. Without an Ed25519 key it signs with RSA.
pub fn sign(app: &App, account_id: i64, form: SignatureForm) -> Result<Sign> {
    let signer = app.keys.get(&app.db, account_id)?;
    let clock = app.clock.clone();
    let (key_id, key) = match (form, signer.ed25519) {
        (SignatureForm::Cavage, _) => return Ok(cavage(app, signer.key_id, signer.key)),
        (SignatureForm::Ed25519, Some(pair)) => pair,
        _ => (signer.key_id, signer.key),
    };
    Ok(Arc::new(move |method, url, body| {
        signature::sign_rfc9421(&key, &key_id, method, url, body, clock.now_ms())
    }))
}

/// One that signs with a given RSA key, in the form that everybody takes.
pub fn cavage(app: &App, key_id: String, key: PrivateKey) -> Sign {
    let clock = app.clock.clone();
    Arc::new(move |method, url, body| {
        signature::sign_cavage(&key, &key_id, method, url, body, clock.now_ms())
    })
}

/// The same with the query left out of what is signed, for old servers (F-079).
pub fn without_query(sign: Sign) -> Sign {
    Arc::new(move |method, url, body| {
        let mut bare = url.clone();
        bare.set_query(None);
        sign(method, &bare, body)
    })
}

/// Whether an answer may mean that the signature was not understood. After one that not everybody
/// reads nothing is taken for certain but that the server is busy or the thing is not there.
pub fn is_refusal(form: SignatureForm, status: u16) -> bool {
    match form {
        SignatureForm::Cavage => matches!(status, 400 | 401),
        _ => matches!(status, 400 | 401 | 403 | 405 | 406 | 415 | 422 | 500 | 501),
    }
}

/// Notes the form that a server took after it had refused another.
pub fn remember(app: &App, host: &str, form: SignatureForm) -> Result<()> {
    let host = host.to_owned();
    app.db.write(Lane::Background, move |tx| db::host::set_signature(tx, &host, form)).wait()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_087_what_everybody_reads_comes_at_once_or_next() {
        use SignatureForm::{Cavage, Ed25519, Rfc9421};
        assert_eq!(SignatureForm::order(None), [Cavage, Rfc9421]);
        assert_eq!(SignatureForm::order(Some(Cavage)), [Cavage, Rfc9421]);
        assert_eq!(SignatureForm::order(Some(Rfc9421)), [Rfc9421, Cavage]);
        assert_eq!(SignatureForm::order(Some(Ed25519)), [Ed25519, Cavage]);
        assert!(is_refusal(Cavage, 401) && !is_refusal(Cavage, 422));
        for status in [400, 401, 403, 422, 501] {
            assert!(is_refusal(Ed25519, status), "{status}");
        }
        for status in [200, 202, 404, 410, 413, 429, 502, 503] {
            assert!(!is_refusal(Ed25519, status), "{status}");
        }
    }
}
