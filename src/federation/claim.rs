//! Who a signed GET says it is, where nobody has to say so: whom somebody here blocks is believed,
//! since a lie would only harm the liar. No signature is verified for it, and no key fetched.

use actix_web::HttpRequest;

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::signature;

/// The longest header that is looked at.
const LONGEST: usize = 8 * 1024;

/// The account that a request claims to be signed by, if somebody here blocks it (F-341).
pub async fn blocked(app: &App, request: &HttpRequest) -> Result<Option<i64>> {
    let Some(uri) = actor(request) else { return Ok(None) };
    app.read_few(move |conn| {
        let account = db::account::find_by_uri(conn, &uri)?.filter(|account| !account.is_local());
        Ok(match account {
            Some(account) if db::moderation::is_blocked_by_anybody(conn, account.id)? => {
                Some(account.id)
            }
            _ => None,
        })
    })
    .await
}

/// The actor of the key that a signature names.
fn actor(request: &HttpRequest) -> Option<String> {
    ["signature", "signature-input", "authorization"].into_iter().find_map(|name| {
        let header = request.headers().get(name)?.to_str().ok()?;
        signature::key_id_actor(key_id(header)?)
    })
}

/// The value of `keyId="…"` or `keyid="…"`.
fn key_id(header: &str) -> Option<&str> {
    if header.len() > LONGEST {
        return None;
    }
    let lower = header.to_ascii_lowercase();
    let at = lower.find("keyid=\"")? + "keyid=\"".len();
    header.get(at..)?.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f_341_the_key_of_a_signature_is_found_in_both_kinds() {
        let key = "https://a.example/users/u#main-key";
        for header in [
            format!("keyId=\"{key}\",algorithm=\"hs2019\",signature=\"x\""),
            format!("Signature keyId=\"{key}\",headers=\"date\""),
            format!("sig1=(\"@method\");created=1;keyid=\"{key}\""),
        ] {
            assert_eq!(key_id(&header), Some(key), "{header}");
        }
        assert_eq!(key_id("Bearer x"), None);
        assert_eq!(key_id("keyId=\""), Some(""));
    }
}
