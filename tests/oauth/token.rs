//! Codes and credentials become tokens, and tokens end.

use super::*;

#[test]
fn s_074_a_code_serves_once_soon_and_for_whom_it_was_made() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let cb = "https://app.example/cb";
    let asked = [("redirect_uri", cb)];
    let code = scene.code(&mut browser, &asked);
    assert!(code.len() >= 22, "128 bits");
    is_refused(&scene.trade(&code, OUT_OF_BAND, &[]), 400, "invalid_grant");
    is_refused(&scene.trade("nonsense", cb, &[]), 400, "invalid_grant");
    let other = register(&scene.instance, "Other", cb, "read write");
    let stolen = Request::new("POST", format!("{}/oauth/token", scene.instance.base))
        .form(&[
            ("grant_type", "authorization_code"),
            ("client_id", other["client_id"].as_str().unwrap()),
            ("client_secret", other["client_secret"].as_str().unwrap()),
            ("redirect_uri", cb),
            ("code", &code),
        ])
        .send();
    is_refused(&stolen, 400, "invalid_grant");
    let first = token(scene.trade(&code, cb, &[]));
    assert_eq!(scene.me(&first), 200);
    is_refused(&scene.trade(&code, cb, &[]), 400, "invalid_grant");
    assert_eq!(scene.me(&first), 401, "a second use revokes what the first one gave");
    let late = scene.code(&mut browser, &asked);
    scene.clock.advance(10 * MINUTE + 1);
    is_refused(&scene.trade(&late, cb, &[]), 400, "invalid_grant");
}

#[test]
fn a_client_says_who_it_is_in_any_of_the_usual_ways() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let address = format!("{}/oauth/token", scene.instance.base);
    let post = || Request::new("POST", &address);
    let (id, secret) = (scene.client_id.as_str(), scene.client_secret.as_str());
    let basic = |secret: &str| {
        let text = format!("{id}:{secret}");
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(text))
    };
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let body = json!({
        "grant_type": "authorization_code", "client_id": id, "client_secret": secret,
        "redirect_uri": OUT_OF_BAND, "code": code,
    });
    token(post().json(&body).send());
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let fields =
        [("grant_type", "authorization_code"), ("redirect_uri", OUT_OF_BAND), ("code", &code)];
    let wrong = post().header("authorization", basic("wrong")).form(&fields).send();
    is_refused(&wrong, 401, "invalid_client");
    assert!(wrong.header("www-authenticate").unwrap().starts_with("Basic"));
    token(post().header("authorization", basic(secret)).form(&fields).send());
    is_refused(&post().form(&fields).send(), 401, "invalid_client");
    is_refused(&post().form(&[]).send(), 400, "invalid_request");
    let passwords = [("grant_type", "password"), ("username", "ann"), ("password", PASSWORD)];
    is_refused(&post().form(&passwords).send(), 400, "unsupported_grant_type");
    let both = post()
        .header("authorization", basic(secret))
        .form(&[("grant_type", "client_credentials"), ("client_secret", secret)])
        .send();
    is_refused(&both, 400, "invalid_request");
    let broken = post().body("{", "application/json").send();
    assert_eq!(broken.status, 400, "{}", broken.text());
}

#[test]
fn s_077_client_credentials_are_nobodys_and_tokens_can_be_given_back() {
    let scene = Scene::new();
    let (id, secret) = (scene.client_id.as_str(), scene.client_secret.as_str());
    let post = |path: &str, fields: &[(&str, &str)]| {
        Request::new("POST", format!("{}{path}", scene.instance.base)).form(fields).send()
    };
    let credentials =
        [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let app = token(post("/oauth/token", &credentials));
    let path = format!("{}/api/v1/apps/verify_credentials", scene.instance.base);
    let shown =
        Request::new("GET", &path).header("authorization", format!("Bearer {app}")).send().ok();
    assert_eq!(shown["name"], "An App");
    assert!(!shown.to_string().contains(secret));
    assert_eq!(scene.me(&app), 422);
    let mut wide = credentials.to_vec();
    wide.push(("scope", "admin:write"));
    is_refused(&post("/oauth/token", &wide), 400, "invalid_scope");

    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let user = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let other = register(&scene.instance, "Other", OUT_OF_BAND, "read");
    let foreign = post(
        "/oauth/revoke",
        &[
            ("client_id", other["client_id"].as_str().unwrap()),
            ("client_secret", other["client_secret"].as_str().unwrap()),
            ("token", &user),
        ],
    );
    is_refused(&foreign, 403, "unauthorized_client");
    is_refused(&post("/oauth/revoke", &[("token", &user)]), 403, "unauthorized_client");
    assert_eq!(scene.me(&user), 200);
    let own = [("client_id", id), ("client_secret", secret), ("token", user.as_str())];
    assert_eq!(post("/oauth/revoke", &own).ok(), json!({}));
    assert_eq!(scene.me(&user), 401, "at once");
    assert_eq!(post("/oauth/revoke", &own).ok(), json!({}), "an unknown one is fine");
}

#[test]
fn s_075_what_is_stored_opens_nothing() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let used = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let unused = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let access = token(scene.trade(&used, OUT_OF_BAND, &[]));
    let session = browser.cookie("dassie_session").unwrap().to_owned();
    let mut looked = 0;
    for entry in std::fs::read_dir(scene.instance.folder.path().join("data")).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        looked += bytes.len();
        for (what, secret) in [
            ("password", PASSWORD),
            ("client secret", &scene.client_secret),
            ("used code", &used),
            ("unused code", &unused),
            ("access token", &access),
            ("session", &session),
        ] {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "the {what} stands in {}", path.display());
        }
    }
    assert!(looked > 100_000, "the database was read");
    // as text, table by table, for what a page may have split
    let path = scene.instance.folder.path().join("data/dassie.db");
    let sql = rusqlite::Connection::open(path).unwrap();
    let hash: Vec<u8> = sql
        .query_row("SELECT hash FROM token WHERE account_id IS NOT NULL", [], |row| row.get(0))
        .unwrap();
    assert_eq!(hash, dassie::crypto::token_hash(&access).to_vec(), "only the hash");
    let password: String =
        sql.query_row("SELECT password_hash FROM user", [], |row| row.get(0)).unwrap();
    assert!(password.starts_with("$argon2id$"), "{password}");
}

#[test]
fn s_079_an_application_alone_fills_no_disk() {
    let scene = Scene::new();
    let ask = || {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", scene.client_id.as_str()),
            ("client_secret", &scene.client_secret),
        ];
        token(
            Request::new("POST", format!("{}/oauth/token", scene.instance.base))
                .form(&fields)
                .send(),
        )
    };
    let known = |token: &str| {
        let path = format!("{}/api/v1/apps/verify_credentials", scene.instance.base);
        let request = Request::new("GET", path);
        request.header("authorization", format!("Bearer {token}")).send().status
    };
    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let person = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let tokens: Vec<String> = (0..51).map(|_| ask()).collect();
    assert_eq!((known(&tokens[0]), known(&tokens[1]), known(&tokens[50])), (401, 200, 200));
    assert_eq!(known(&person), 200, "what a person agreed to is not counted");
}

#[test]
fn s_079_tokens_of_nobody_are_rationed_by_address() {
    let instance = Instance::with(Options {
        configure: Some(|config| {
            config.dev = false;
            config.limits.requests_per_address = 4;
        }),
        ..Default::default()
    });
    let post = |path: &str, fields: &[(&str, &str)]| {
        let request = Request::new("POST", format!("http://{}{path}", instance.host));
        request.header("x-forwarded-for", "192.0.2.1").form(fields).send()
    };
    let app = post("/api/v1/apps", &[("client_name", "x"), ("redirect_uris", OUT_OF_BAND)]).ok();
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", app["client_id"].as_str().unwrap()),
        ("client_secret", app["client_secret"].as_str().unwrap()),
    ];
    for _ in 0..3 {
        post("/oauth/token", &fields).ok();
    }
    let refused = post("/oauth/token", &fields);
    assert_eq!(refused.status, 429);
    assert!(refused.header("retry-after").is_some(), "when to come again");
}
