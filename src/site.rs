//! How this server writes its own addresses. New rows store what is made here; existing ones
//! are never computed again, so that a database taken over from elsewhere keeps its own.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};

use crate::config::{Config, Limits};
use crate::model::{CacheClass, CacheKey, Store};
use crate::signature::sigv4;

/// Names and limits of this server, as the use cases need them.
#[derive(Clone, Debug)]
pub struct Site {
    /// `https://host` without a slash at the end; http only under `--dev`.
    pub base: String,
    /// The host, with its port under `--dev`.
    pub host: String,
    /// The domain in handles; often the host.
    pub account_domain: String,
    pub max_characters: usize,
    pub limits: Limits,
    pub default_language: String,
    /// What makes addresses of cached files unguessable: of the database, see
    /// [`Site::with_cache_secret`].
    pub cache_secret: [u8; 16],
    /// What the public addresses of files in the bucket begin with, up to their folders.
    pub public_bucket: Option<String>,
    /// Letters can be sent, so that addresses are confirmed.
    pub mails: bool,
}

impl Site {
    /// From the configuration.
    pub fn new(config: &Config) -> Self {
        Self {
            base: config.base_url(),
            host: config.server.host.clone(),
            account_domain: config.account_domain().to_owned(),
            max_characters: config.limits.max_characters,
            limits: config.limits.clone(),
            default_language: config.instance.default_language.clone(),
            cache_secret: [0; 16],
            mails: config.smtp.is_configured(),
            public_bucket: config.s3.public_url.as_ref().filter(|_| config.s3.is_configured()).map(
                |url| format!("{url}{}", sigv4::encode_path(&format!("/{}", config.s3.prefix))),
            ),
        }
    }

    /// The same with the secret of its database.
    pub fn with_cache_secret(mut self, secret: [u8; 16]) -> Self {
        self.cache_secret = secret;
        self
    }

    /// `https`; `http` only under `--dev`.
    pub fn scheme(&self) -> &str {
        self.base.split(':').next().unwrap_or_default()
    }

    /// The actor id of a new local account.
    pub fn actor(&self, username: &str) -> String {
        format!("{}/users/{username}", self.base)
    }

    /// The page of an invitation.
    pub fn invite(&self, code: &str) -> String {
        format!("{}/invite/{code}", self.base)
    }

    /// The profile page.
    pub fn profile(&self, username: &str) -> String {
        format!("{}/@{username}", self.base)
    }

    /// The object id of a new local status.
    pub fn status(&self, username: &str, id: i64) -> String {
        format!("{}/users/{username}/statuses/{id}", self.base)
    }

    /// The page of a local status.
    pub fn status_page(&self, username: &str, id: i64) -> String {
        format!("{}/@{username}/{id}", self.base)
    }

    /// The page of a tag.
    pub fn tag(&self, name: &str) -> String {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        format!("{}/tags/{name}", self.base)
    }

    /// The page of what an account wrote with a tag.
    pub fn tagged(&self, username: &str, name: &str) -> String {
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        format!("{}/@{username}/tagged/{name}", self.base)
    }

    /// The inbox of all local accounts together.
    pub fn shared_inbox(&self) -> String {
        format!("{}/inbox", self.base)
    }

    /// The actor that speaks for the server itself.
    pub fn instance_actor(&self) -> String {
        format!("{}/actor", self.base)
    }

    /// Whether an address is on this server, so that it is never fetched (F-142).
    pub fn owns(&self, address: &str) -> bool {
        address
            .strip_prefix(&self.base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// Whether a domain in a handle means this server.
    pub fn is_own_domain(&self, domain: &str) -> bool {
        domain.eq_ignore_ascii_case(&self.account_domain) || domain.eq_ignore_ascii_case(&self.host)
    }

    /// The address of a stored file: its name begins with the folders that it lies in.
    pub fn media(&self, name: &str) -> String {
        format!("{}/media/{}", self.base, sharded(name))
    }

    /// Where clients find an uploaded file: where the bucket is public they need not ask us first.
    /// What other servers are told stays our own address, wherever the file moves.
    pub fn upload(&self, store: Store, name: &str) -> String {
        match &self.public_bucket {
            Some(bucket) if store == Store::Bucket => format!("{bucket}{}", sharded(name)),
            _ => self.media(name),
        }
    }

    /// What a file of elsewhere is kept under: another one for each place that shows it, so that
    /// it goes with that. `owner` is the attachment, account or card; 0 for emojis.
    pub fn cache_key(&self, class: CacheClass, owner: i64, url: &str) -> CacheKey {
        let mut hasher = SipHasher24::new_with_key(&self.cache_secret);
        hasher.write_i64(class as i64);
        hasher.write_i64(owner);
        hasher.write(url.as_bytes());
        CacheKey(hasher.finish128().as_bytes())
    }

    /// Our own address of a file elsewhere, from before it is fetched: `/cache/class/owner/key`,
    /// with the ending of a picture or film for clients that look at it, such as `jpg` or nothing.
    pub fn cached(&self, class: CacheClass, owner: i64, url: &str, ending: &str) -> String {
        let key = self.cache_key(class, owner, url).hex();
        let dot = if ending.is_empty() { "" } else { "." };
        format!("{}/cache/{}/{owner}/{key}{dot}{ending}", self.base, class.as_str())
    }

    /// Our own address of the picture of an emoji elsewhere: nothing is stored of it, so that the
    /// address says where it is.
    pub fn cached_emoji(&self, class: CacheClass, url: &str) -> String {
        let key = self.cache_key(class, 0, url).hex();
        let place = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, url);
        format!("{}/cache/{}/{key}/{place}", self.base, class.as_str())
    }

    /// The image of accounts that have none.
    pub fn missing_avatar(&self) -> String {
        format!("{}/assets/avatar.png", self.base)
    }

    /// The banner of accounts that have none.
    pub fn missing_header(&self) -> String {
        format!("{}/assets/header.png", self.base)
    }
}

/// A name below the folders that it lies in.
fn sharded(name: &str) -> String {
    let (first, second) = (name.get(..2).unwrap_or_default(), name.get(2..4).unwrap_or_default());
    format!("{first}/{second}/{name}")
}
