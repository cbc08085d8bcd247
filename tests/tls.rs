//! TLS that ends here: certificates of an authority and of files, renewed without a restart.

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use dassie::app::{App, Surroundings};
use dassie::clock::{Clock, DAY, HOUR, MINUTE};
use dassie::config::TlsMode;
use dassie::health::{self, Word};
use rcgen::{CertificateParams, KeyPair};
use rustls::ProtocolVersion;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::support::acme::{Authority, Refusal};
use crate::support::secured::{NAME, Secured};
use crate::support::{TempDir, eventually};

fn clock() -> Clock {
    Clock::manual(Clock::system().now_ms())
}

/// Until the instance shows another certificate than this.
#[track_caller]
fn shows_another(instance: &Secured, root: &CertificateDer<'static>, old: &[u8]) -> Vec<u8> {
    eventually("there is a new certificate", || {
        let shown = instance.connect(root).ok()?.certificate();
        (shown != old).then_some(shown)
    })
}

/// Until so many attempts were made, and the last one has ended.
#[track_caller]
fn attempts(instance: &Secured, authority: &Authority, count: usize) {
    eventually("the authority is asked", || (authority.attempts() >= count).then_some(()));
    eventually("the attempt ends", || (instance.app.lanes.certificates.free() == 1).then_some(()));
    assert_eq!(authority.attempts(), count);
}

#[test]
fn s_060_a_certificate_is_got_by_tls_alpn_and_kept_to_oneself() {
    let clock = clock();
    let authority = Authority::start(&clock);
    authority.behave(|manner| (manner.bad_nonces, manner.pauses) = (1, 1));
    let instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    shows_another(&instance, &authority.root, b"");
    assert_eq!(authority.looked(), [format!("tls-alpn-01 {NAME}")]);
    assert_eq!((authority.accounts(), authority.orders()), (1, 1));
    assert_eq!(authority.wrong().len(), 1, "{:?}", authority.wrong());

    let mut line = instance.connect(&authority.root).unwrap();
    // HTTP/1.1 is all that is spoken
    assert_eq!(line.protocol().as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(line.version(), ProtocolVersion::TLSv1_3);
    let answer = line.get("/api/v1/instance");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    let old = [&rustls::version::TLS12];
    let line = instance.connect_with(&authority.root, &old, NAME).unwrap();
    assert_eq!(line.version(), ProtocolVersion::TLSv1_2);
    assert!(instance.connect_with(&authority.root, &old, "other.example").is_err());

    for name in ["account.json", "certificate.pem"] {
        let mode = fs::metadata(instance.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let mode = fs::metadata(instance.file("")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn http_leads_to_https_and_says_nothing_else() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    for (method, path, status) in
        [("GET", "/@me?a=b%20c", 301), ("HEAD", "/", 301), ("POST", "/api/v1/statuses", 308)]
    {
        let answer = instance.plain(method, NAME, path);
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("location"), Some(&*format!("https://{NAME}{path}")));
        assert_eq!(answer.header("strict-transport-security"), None);
    }
    assert_eq!(instance.plain("GET", "other.example", "/").status, 421);
    let none = instance.plain("GET", NAME, "/.well-known/acme-challenge/../../etc/passwd");
    assert_eq!(none.status, 404);
    let all = instance.plain("OPTIONS", NAME, "*");
    assert_eq!(all.header("location"), Some(&*format!("https://{NAME}/")));
}

#[test]
fn an_authority_that_a_proxy_leads_to_https_finds_its_proof_there() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    shows_another(&instance, &authority.root, b"");
    attempts(&instance, &authority, 1);
    instance.app.tls.as_ref().unwrap().shown.answer("a-token", "its proof");
    let path = "/.well-known/acme-challenge/a-token";
    let mut line = instance.connect(&authority.root).unwrap();
    let (open, hidden) = (instance.plain("GET", NAME, path), line.get(path));
    assert_eq!((open.status, open.text()), (200, "its proof".into()));
    assert_eq!((hidden.status, hidden.text()), (200, "its proof".into()));
    assert_eq!(line.get("/.well-known/acme-challenge/another").status, 404);
}

#[test]
fn s_053_handshakes_that_hang_keep_nobody_out() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    shows_another(&instance, &authority.root, b"");
    let since = Instant::now();
    let silent: Vec<_> = (0..300).map(|_| TcpStream::connect(instance.https).unwrap()).collect();
    let answer = instance.connect(&authority.root).unwrap().get("/api/v1/instance");
    assert_eq!(answer.status, 200);
    assert_eq!(instance.plain("GET", NAME, "/").status, 301);
    // before the first of them is given up
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    drop(silent);
}

#[test]
fn http_01_is_the_other_way_and_the_one_that_worked_is_remembered() {
    let clock = clock();
    let authority = Authority::start(&clock);
    authority.behave(|manner| manner.offers = vec!["http-01"]);
    let mut instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    attempts(&instance, &authority, 1);
    // no certificate yet, and served all the same
    assert!(instance.connect(&authority.root).is_err());
    assert_eq!(instance.plain("GET", NAME, "/").status, 301);
    instance.advance(2 * MINUTE);
    let first = shows_another(&instance, &authority.root, b"");
    assert_eq!(authority.looked(), [format!("http-01 {NAME}")]);

    instance.start_again(authority.leads_to());
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), first);
    instance.advance(59 * DAY);
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), first);
    let orders = authority.orders();
    // 30 days before the end, while somebody is connected
    let mut line = instance.connect(&authority.root).unwrap();
    instance.advance(DAY + HOUR);
    let second = shows_another(&instance, &authority.root, &first);
    assert_eq!((authority.accounts(), authority.orders()), (1, orders + 1));
    assert_eq!(authority.looked().len(), 2);
    assert_eq!(line.get("/api/v1/instance").status, 200);
    assert_eq!(line.certificate(), first);

    // and again at the next start
    instance.start_again(authority.leads_to());
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), second);
    assert_eq!(authority.orders(), orders + 1);
}

#[test]
fn an_authority_that_refuses_is_left_alone_and_the_old_certificate_stays() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let mut instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    let first = shows_another(&instance, &authority.root, b"");
    attempts(&instance, &authority, 1);
    let wait = (3 * HOUR / 1000).to_string();
    authority.behave(|manner| {
        manner.refusal = Some(Refusal::problem(429, "rateLimited", &wait));
    });
    instance.advance(61 * DAY);
    attempts(&instance, &authority, 2);
    authority.behave(|manner| manner.refusal = None);
    instance.advance(2 * HOUR + 50 * MINUTE);
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), first);
    assert_eq!(authority.attempts(), 2);
    instance.advance(11 * MINUTE);
    let second = shows_another(&instance, &authority.root, &first);

    // an authority that is not there at all
    let directory = std::mem::take(&mut instance.config.tls.acme_directory);
    instance.config.tls.acme_directory = "http://127.0.0.1:9/directory".into();
    instance.start_again(authority.leads_to());
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), second);
    eventually("the attempt ends", || (instance.app.lanes.certificates.free() == 1).then_some(()));
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), second);
    instance.config.tls.acme_directory = directory;
    instance.start_again(authority.leads_to());
    assert_eq!(instance.connect(&authority.root).unwrap().certificate(), second);
    assert_eq!(authority.orders(), 2);
    // who looks after the server is told in time
    assert!(found(&instance).contains(&Word::certificate_ok));
    authority.behave(|manner| manner.refusal = Some(Refusal::problem(429, "rateLimited", &wait)));
    instance.clock.advance(74 * DAY);
    assert!(!found(&instance).contains(&Word::certificate_ends));
    instance.clock.advance(2 * DAY);
    assert!(found(&instance).contains(&Word::certificate_ends));
}

/// What is wrong, or not, by the checks of this machine.
fn found(instance: &Secured) -> Vec<Word> {
    health::local(&instance.app).unwrap().into_iter().map(|one| one.what).collect()
}

#[test]
fn wrong_answers_of_an_authority_leave_nothing_behind() {
    let clock = clock();
    let authority = Authority::start(&clock);
    authority.behave(|manner| manner.name = Some("other.example"));
    let instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    let mut count = 1;
    attempts(&instance, &authority, count);
    let mut fails = |change: fn(&mut crate::support::acme::Manner)| {
        authority.behave(|manner| *manner = Default::default());
        authority.behave(change);
        instance.app.look_after_certificate();
        count += 1;
        attempts(&instance, &authority, count);
        assert!(instance.app.tls.as_ref().unwrap().shown.facts().is_none());
        assert!(!instance.file("certificate.pem").exists());
        assert_eq!(instance.plain("GET", NAME, "/").status, 301);
    };
    fails(|manner| manner.instead = Some("no certificate"));
    fails(|manner| manner.days = -1);
    fails(|manner| manner.offers = vec!["dns-01"]);
    fails(|manner| manner.bad_nonces = 100);
    fails(|manner| {
        let body = "<html>".into();
        manner.refusal = Some(Refusal { status: 502, body, retry_after: String::new() });
    });
    // a wait that no sum takes
    fails(|manner| {
        let body = "{}".into();
        let retry_after = u64::MAX.to_string();
        manner.refusal = Some(Refusal { status: 503, body, retry_after });
    });
    fails(|manner| {
        let (body, retry_after) = ("[]".into(), u64::MAX.to_string());
        manner.refusal = Some(Refusal { status: 200, body, retry_after });
    });
    // what was mended is tried at once when the operator says so
    authority.behave(|manner| *manner = Default::default());
    instance.app.look_after_certificate();
    shows_another(&instance, &authority.root, b"");
    assert_eq!(authority.accounts(), 1);
}

#[test]
fn a_name_that_leads_elsewhere_is_told_and_tried_more_and_more_rarely() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let nowhere = ([127, 0, 0, 1], 9).into();
    let leads_nowhere = |_, _| authority.leads_to()(nowhere, nowhere);
    let instance = Secured::acme(&authority.directory, &clock, leads_nowhere);
    attempts(&instance, &authority, 1);
    assert!(found(&instance).contains(&Word::certificate_none));
    for (minutes, count) in [(1, 1), (1, 2), (9, 2), (1, 3), (29, 3), (1, 4), (59, 4), (1, 5)] {
        instance.advance(minutes * MINUTE);
        attempts(&instance, &authority, count);
    }
    let looked = authority.looked();
    let both = [format!("tls-alpn-01 {NAME}"), format!("http-01 {NAME}")];
    assert_eq!(looked, [&both[..], &both, &both[..1]].concat());
    authority.leads_to()(instance.https, instance.http);
    instance.advance(12 * HOUR);
    shows_another(&instance, &authority.root, b"");
}

#[test]
fn an_account_that_is_gone_is_made_anew_and_another_authority_asked_at_once() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let mut instance = Secured::acme(&authority.directory, &clock, authority.leads_to());
    let first = shows_another(&instance, &authority.root, b"");
    attempts(&instance, &authority, 1);
    authority.forget();
    instance.advance(61 * DAY);
    attempts(&instance, &authority, 2);
    instance.advance(2 * MINUTE);
    shows_another(&instance, &authority.root, &first);
    assert_eq!(authority.accounts(), 2);

    let other = Authority::start(&clock);
    instance.config.tls.acme_directory = other.directory.clone();
    instance.start_again(other.leads_to());
    shows_another(&instance, &other.root, b"");
    assert_eq!((other.accounts(), other.orders()), (1, 1));
}

#[test]
fn the_account_domain_is_in_the_certificate_where_it_leads_here() {
    let clock = clock();
    let authority = Authority::start(&clock);
    let folder = TempDir::new();
    let mut config = Secured::config(&folder);
    config.server.account_domain = Some("example.org".into());
    config.tls.mode = TlsMode::Acme;
    config.tls.acme_directory = authority.directory.clone();
    config.tls.acme_email = Some("me@example.org".into());
    let mut instance = Secured::start(config, folder, &clock, authority.leads_to());
    shows_another(&instance, &authority.root, b"");
    let both = |instance: &Secured| {
        let line = instance.connect_with(&authority.root, rustls::DEFAULT_VERSIONS, "example.org");
        line.is_ok()
    };
    assert!(!both(&instance));
    instance.config.tls.acme_account_domain = true;
    instance.start_again(authority.leads_to());
    eventually("both names are in it", || both(&instance).then_some(()));
    assert_eq!(authority.looked().len(), 3);
}

/// A certificate that signs itself, and its key.
fn pair(clock: &Clock, days: i64) -> (String, String) {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.is_ca = rcgen::IsCa::NoCa;
    let now = Duration::from_millis(u64::try_from(clock.now_ms()).unwrap());
    params.not_after = rcgen::date_time_ymd(1970, 1, 1)
        + now
        + Duration::from_secs(u64::try_from(days).unwrap() * 86_400);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn root(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn files_that_change_are_taken_up_and_half_of_a_change_is_not() {
    let clock = clock();
    let folder = TempDir::new();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let mut config = Secured::config(&folder);
    (config.tls.mode, config.tls.cert) = (TlsMode::Files, Some(cert.clone()));
    config.tls.key = Some(key.clone());
    let refused = || {
        let opened = App::open(config.clone(), Surroundings::default());
        opened.map(drop).unwrap_err().to_string()
    };
    assert!(refused().contains("cert.pem"), "{}", refused());
    let (one, two) = (pair(&clock, 90), pair(&clock, 90));
    fs::write(&cert, &one.0).unwrap();
    fs::write(&key, &two.1).unwrap();
    assert!(refused().contains("certificate and key do not fit"), "{}", refused());
    assert!(!config.storage.data_dir.exists());

    fs::write(&key, &one.1).unwrap();
    let instance = Secured::start(config, folder, &clock, |_, _| {});
    let shown = |instance: &Secured| instance.app.tls.as_ref().unwrap().shown.facts();
    let old = shown(&instance);
    let mut line = instance.connect(&root(&one.0)).unwrap();
    assert_eq!(line.get("/api/v1/instance").status, 200);
    assert_eq!(instance.plain("GET", NAME, "/").status, 301);

    // the certificate first, as a program that renews may write them
    fs::write(&cert, &two.0).unwrap();
    let refused = instance.app.tls.as_ref().unwrap().reload().unwrap_err();
    assert!(refused.contains("certificate and key do not fit"), "{refused}");
    assert_eq!(shown(&instance), old);
    assert!(instance.connect(&root(&one.0)).is_ok());
    fs::write(&key, &two.1).unwrap();
    instance.advance(MINUTE);
    shows_another(&instance, &root(&two.0), b"");
    // who was connected stays
    assert_eq!(line.get("/api/v1/instance").status, 200);
}
