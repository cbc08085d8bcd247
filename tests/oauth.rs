//! Signing in and letting applications in, through the real pages, as a browser would.

use base64::Engine;
use dassie::clock::{Clock, DAY, MINUTE};
use dassie::control::{self, Command, Secret};
use serde_json::{Value, json};

use crate::support::{Answer, Instance, Options, Request};

const PASSWORD: &str = "correct horse battery";
const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A form of a page: where it goes, its fields and its buttons.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
    pub buttons: Vec<(String, String)>,
}

impl Form {
    fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(n, _)| n != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }
}

/// The value of an attribute inside of one tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let plain = value
        .replace("&#60;", "<")
        .replace("&lt;", "<")
        .replace("&#62;", ">")
        .replace("&gt;", ">")
        .replace("&#34;", "\"")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    Some(plain)
}

/// All forms of a page.
pub fn forms(html: &str) -> Vec<Form> {
    let mut found = Vec::new();
    for part in html.split("<form").skip(1) {
        let part = part.split("</form>").next().unwrap();
        let head = part.split('>').next().unwrap();
        let mut form = Form {
            action: attribute(head, "action").unwrap(),
            fields: Vec::new(),
            buttons: Vec::new(),
        };
        assert_eq!(attribute(head, "method").as_deref(), Some("post"));
        for tag in part.split('<').skip(1).map(|tag| tag.split('>').next().unwrap()) {
            let named = attribute(tag, "name")
                .map(|name| (name, attribute(tag, "value").unwrap_or_default()));
            match named {
                Some(field) if tag.starts_with("input") => form.fields.push(field),
                Some(button) if tag.starts_with("button") => form.buttons.push(button),
                _ => {}
            }
        }
        found.push(form);
    }
    found
}

/// A browser: it keeps cookies, fills in forms, and follows only when told.
pub struct Browser {
    base: String,
    pub cookies: Vec<(String, String)>,
}

impl Browser {
    pub fn new(instance: &Instance) -> Self {
        Self::at(&instance.base)
    }

    pub fn at(base: &str) -> Self {
        Self { base: base.to_owned(), cookies: Vec::new() }
    }

    fn send(&mut self, request: Request) -> Answer {
        let jar: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let request =
            if jar.is_empty() { request } else { request.header("cookie", jar.join("; ")) };
        let answer = request.send();
        for (name, value) in &answer.headers {
            if name == "set-cookie" {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.retain(|(n, _)| n != name);
                if !value.is_empty() {
                    self.cookies.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        answer
    }

    fn address(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        let address = self.address(path);
        self.send(Request::new("GET", address))
    }

    /// Opens a page; redirects that stay here are followed.
    #[track_caller]
    pub fn open(&mut self, path: &str) -> Answer {
        let mut answer = self.get(path);
        for _ in 0..5 {
            if !matches!(answer.status, 302 | 303) {
                return answer;
            }
            let to = answer.header("location").unwrap().to_owned();
            assert!(to.starts_with('/') && !to.starts_with("//"), "{to}");
            answer = self.get(&to);
        }
        panic!("redirects in a circle at {path}");
    }

    pub fn submit(&mut self, form: &Form, button: Option<&str>) -> Answer {
        self.submit_from(form, button, &[("origin", "null")])
    }

    fn submit_from(
        &mut self,
        form: &Form,
        button: Option<&str>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        if let Some(button) = button {
            let found = form.buttons.iter().find(|(_, value)| value == button);
            let (name, value) = found.unwrap_or_else(|| panic!("no button {button} in {form:?}"));
            fields.push((name, value));
        }
        let mut request = Request::new("POST", self.address(&form.action)).form(&fields);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.send(request)
    }

    /// Fills in the sign-in form of a page.
    #[track_caller]
    pub fn sign_in(&mut self, page: &Answer, name: &str, password: &str) -> Answer {
        let mut form = forms(&page.text()).remove(0);
        form.set("username", name);
        form.set("password", password);
        self.submit(&form, None)
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// An instance with one person, and an application.
struct Scene {
    instance: Instance,
    clock: Clock,
    client_id: String,
    client_secret: String,
}

fn register(instance: &Instance, name: &str, redirects: &str, scopes: &str) -> Value {
    Request::new("POST", format!("{}/api/v1/apps", instance.base))
        .form(&[("client_name", name), ("redirect_uris", redirects), ("scopes", scopes)])
        .send()
        .ok()
}

impl Scene {
    fn new() -> Self {
        Self::with("An App", &format!("{OUT_OF_BAND}\nhttps://app.example/cb\nmyapp://oauth"))
    }

    fn with(name: &str, redirects: &str) -> Self {
        let clock = Clock::manual(Clock::system().now_ms());
        let instance = Instance::with(Options { clock: clock.clone(), configure: None });
        create(&instance, "ann");
        let app = register(&instance, name, redirects, "read write follow push");
        let text = |name: &str| app[name].as_str().unwrap().to_owned();
        Self { client_id: text("client_id"), client_secret: text("client_secret"), instance, clock }
    }

    fn authorize(&self, more: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
            ("scope", "read write"),
        ];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        format!("/oauth/authorize?{query}")
    }

    fn signed_in(&self) -> Browser {
        let mut browser = Browser::new(&self.instance);
        let page = browser.open("/auth/sign_in");
        let answer = browser.sign_in(&page, "ann", PASSWORD);
        assert_eq!(answer.status, 303, "{}", answer.text());
        browser
    }

    /// Agrees to a request and answers where the browser is sent.
    #[track_caller]
    fn allow(&self, browser: &mut Browser, more: &[(&str, &str)]) -> String {
        let page = browser.open(&self.authorize(more));
        assert_eq!(page.status, 200, "{}", page.text());
        let consent = forms(&page.text()).remove(0);
        let answer = browser.submit(&consent, Some("allow"));
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").unwrap().to_owned()
    }

    #[track_caller]
    fn code(&self, browser: &mut Browser, more: &[(&str, &str)]) -> String {
        let location = self.allow(browser, more);
        query(&location, "code").unwrap_or_else(|| panic!("no code in {location}"))
    }

    fn trade(&self, code: &str, redirect_uri: &str, more: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("redirect_uri", redirect_uri),
            ("code", code),
        ];
        fields.extend(more);
        Request::new("POST", format!("{}/oauth/token", self.instance.base)).form(&fields).send()
    }

    fn me(&self, token: &str) -> u16 {
        let path = format!("{}/api/v1/accounts/verify_credentials", self.instance.base);
        Request::new("GET", path).header("authorization", format!("Bearer {token}")).send().status
    }
}

fn create(instance: &Instance, name: &str) {
    control::execute(
        &instance.app,
        Command::AccountCreate {
            username: name.into(),
            email: format!("{name}@mail.example"),
            password: Secret(PASSWORD.into()),
            admin: false,
        },
    )
    .unwrap();
}

fn query(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name);
    found.map(|(_, value)| value.into_owned())
}

fn token(answer: Answer) -> String {
    answer.ok()["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn is_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.json()["error"], error);
    assert!(answer.json()["error_description"].is_string());
}

/// Leaves a session and a code that nobody traded: for the frozen database.
pub fn leftovers(instance: &Instance) {
    create(instance, "oauth");
    let app = register(instance, "App", OUT_OF_BAND, "read write");
    let mut browser = Browser::new(instance);
    let page = browser.open("/auth/sign_in?return_to=/about");
    assert_eq!(browser.sign_in(&page, "oauth", PASSWORD).status, 303);
    let client_id = app["client_id"].as_str().unwrap();
    let consent = browser.open(&format!(
        "/oauth/authorize?client_id={client_id}&redirect_uri={OUT_OF_BAND}&response_type=code&scope=read"
    ));
    assert_eq!(browser.submit(&forms(&consent.text()).remove(0), Some("allow")).status, 303);
}

/// Everything that sign-in and applications do, once: for the test of query plans.
pub fn everything(instance: &Instance) {
    create(instance, "oauth");
    let app = register(instance, "App", OUT_OF_BAND, "read write");
    let text = |name: &str| app[name].as_str().unwrap().to_owned();
    let (client_id, client_secret) = (text("client_id"), text("client_secret"));
    let scene_path = format!(
        "/oauth/authorize?client_id={client_id}&redirect_uri={OUT_OF_BAND}&response_type=code&scope=read"
    );
    let mut browser = Browser::new(instance);
    for name in ["oauth@mail.example", "nobody", "oauth"] {
        let page = browser.open("/auth/sign_in?return_to=/about");
        browser.sign_in(&page, name, PASSWORD);
    }
    let mut codes = Vec::new();
    for _ in 0..2 {
        let consent = browser.open(&scene_path);
        let answer = browser.submit(&forms(&consent.text()).remove(0), Some("allow"));
        let location = answer.header("location").unwrap().to_owned();
        assert_eq!(browser.get(&location).status, 200);
        codes.push(query(&location, "code").unwrap());
    }
    let post = |path: &str, more: &[(&str, &str)]| {
        let mut fields = vec![("client_id", client_id.as_str()), ("client_secret", &client_secret)];
        fields.extend(more);
        Request::new("POST", format!("{}{path}", instance.base)).form(&fields).send()
    };
    post("/oauth/token", &[("grant_type", "client_credentials")]).ok();
    let by_code = |code: &str| {
        let fields =
            [("grant_type", "authorization_code"), ("redirect_uri", OUT_OF_BAND), ("code", code)];
        post("/oauth/token", &fields)
    };
    by_code(&codes[0]).ok();
    assert_eq!(by_code(&codes[0]).status, 400);
    let last = token(by_code(&codes[1]));
    let path = format!("{}/api/v1/apps/verify_credentials", instance.base);
    Request::new("GET", path).header("authorization", format!("Bearer {last}")).send().ok();
    post("/oauth/revoke", &[("token", &last)]).ok();
    let consent = browser.open(&scene_path);
    browser.submit(&forms(&consent.text()).remove(1), None);
}

#[test]
fn a_person_lets_an_application_in() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let asked = [("redirect_uri", "https://app.example/cb"), ("state", "x y&z=ü")];
    let first = browser.get(&scene.authorize(&asked));
    assert_eq!(first.status, 303, "one has to sign in first");
    let sign_in = browser.open(first.header("location").unwrap());
    let back = browser.sign_in(&sign_in, "ann", PASSWORD);
    assert_eq!(back.status, 303);
    let consent = browser.open(back.header("location").unwrap());
    let text = consent.text();
    assert!(text.contains("An App") && text.contains("app.example"), "{text}");
    let answer = browser.submit(&forms(&text).remove(0), Some("allow"));
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("https://app.example/cb?code="), "{location}");
    assert_eq!(query(location, "state").as_deref(), Some("x y&z=ü"), "S-073");
    assert_eq!(query(location, "iss").as_deref(), Some(scene.instance.base.as_str()));
    let code = query(location, "code").unwrap();
    let issued = scene.trade(&code, "https://app.example/cb", &[]);
    assert_eq!(issued.header("cache-control"), Some("no-store"));
    let issued = issued.ok();
    assert_eq!(issued["token_type"], "Bearer");
    assert_eq!(issued["scope"], "read write");
    assert_eq!(issued["created_at"], scene.clock.now_ms() / 1000);
    let token = issued["access_token"].as_str().unwrap();
    assert!(token.len() >= 43, "S-075: 256 bits");
    assert_eq!(scene.me(token), 200);
    // the scopes that were not asked for are not there
    let path = format!("{}/api/v1/accounts/1/follow", scene.instance.base);
    let follow =
        Request::new("POST", path).header("authorization", format!("Bearer {token}")).send();
    assert_eq!(follow.status, 404, "write covers it, and there is no such account");
    // and a second time is asked again: nothing is approved by itself (S-080)
    let again = browser.open(&scene.authorize(&asked));
    assert_eq!(forms(&again.text())[0].buttons.len(), 2);
}

#[test]
fn a_code_is_shown_to_carry_over_and_custom_schemes_are_called() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let location = scene.allow(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    assert!(location.starts_with("/oauth/authorize/native?code="), "{location}");
    let page = browser.get(&location);
    assert_eq!(page.status, 200);
    let code = query(&location, "code").unwrap();
    assert!(page.text().contains(&format!("value=\"{code}\"")));
    assert_eq!(Browser::new(&scene.instance).get(&location).status, 404, "nobody else sees it");
    token(scene.trade(&code, OUT_OF_BAND, &[]));
    assert_eq!(browser.get(&location).status, 404, "it is used up");
    let location = scene.allow(&mut browser, &[("redirect_uri", "myapp://oauth"), ("state", "s")]);
    assert!(location.starts_with("myapp://oauth?code="), "{location}");
    let policy = browser.open(&scene.authorize(&[("redirect_uri", "myapp://oauth")]));
    assert!(
        policy.header("content-security-policy").unwrap().contains("form-action 'self' myapp:")
    );
}

#[test]
fn a_refusal_goes_to_the_application() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let asked = [("redirect_uri", "https://app.example/cb"), ("state", "s")];
    let page = browser.open(&scene.authorize(&asked));
    let answer = browser.submit(&forms(&page.text()).remove(0), Some("deny"));
    let location = answer.header("location").unwrap();
    assert_eq!(query(location, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(location, "state").as_deref(), Some("s"));
    assert_eq!(query(location, "code"), None);
    for (field, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("scope", "read admin:write", "invalid_scope"),
        ("scope", "nonsense", "invalid_scope"),
    ] {
        let answer = browser
            .get(&scene.authorize(&[("redirect_uri", "https://app.example/cb"), (field, value)]));
        let location = answer.header("location").unwrap_or_else(|| panic!("{field}"));
        assert!(location.starts_with("https://app.example/cb?"));
        assert_eq!(query(location, "error").as_deref(), Some(error));
    }
    // S-065: passers-by are not sent on to wherever somebody registered
    let answer = Browser::new(&scene.instance).get(
        &scene.authorize(&[("redirect_uri", "https://app.example/cb"), ("scope", "nonsense")]),
    );
    assert!(answer.header("location").unwrap().starts_with("/auth/sign_in"));
}

#[test]
fn s_070_s_071_a_redirect_address_fits_exactly_or_the_page_is_ours() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    for wrong in [
        "",
        "https://app.example/cb/",
        "https://app.example/cb?x=1",
        "https://app.example/cb#x",
        "https://app.example/c",
        "https://app.example/cb/../evil",
        "https://app.example/CB",
        "HTTPS://app.example/cb",
        "https://APP.example/cb",
        "https://app.example:443/cb",
        "https://app.example.evil.example/cb",
        "https://sub.app.example/cb",
        "https://user@app.example/cb",
        "http://app.example/cb",
        "//app.example/cb",
        "https://evil.example",
        "myapp://oauth/",
        "myapp://",
        "urn:ietf:wg:oauth:2.0:oob:auto",
        "https://app.example/cb myapp://oauth",
        "https://app.example/cb\nmyapp://oauth",
        " https://app.example/cb",
        "javascript:alert(1)",
    ] {
        let answer = browser.get(&scene.authorize(&[("redirect_uri", wrong), ("state", "s")]));
        assert_eq!(answer.status, 400, "{wrong:?}");
        assert_eq!(answer.header("location"), None, "{wrong:?}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert!(forms(&answer.text()).is_empty(), "nothing to agree to");
    }
    for client in ["", "unknown", &format!("{}x", scene.client_id)] {
        let path =
            scene.authorize(&[("client_id", client), ("redirect_uri", "https://evil.example")]);
        let answer = browser.get(&path);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{client}");
        assert!(!answer.text().contains("evil.example"), "S-122: it repeats nothing");
    }
    let long = "s".repeat(2049);
    let path = scene.authorize(&[("redirect_uri", OUT_OF_BAND), ("state", &long)]);
    assert_eq!(browser.get(&path).status, 400, "S-073");
    // what the consent form says is judged again
    let page = browser.open(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    let mut form = forms(&page.text()).remove(0);
    form.set("redirect_uri", "https://evil.example/cb");
    let answer = browser.submit(&form, Some("allow"));
    assert_eq!((answer.status, answer.header("location")), (400, None));
}

#[test]
fn s_070_addresses_that_run_code_cannot_be_registered() {
    let scene = Scene::new();
    for bad in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "http://app.example/cb",
        "https://app.example/cb#fragment",
        "nonsense",
        "/relative",
        "",
    ] {
        let answer = Request::new("POST", format!("{}/api/v1/apps", scene.instance.base))
            .json(&json!({"client_name": "x", "redirect_uris": bad}))
            .send();
        assert_eq!(answer.status, 422, "{bad}: {}", answer.text());
        assert!(answer.text().to_lowercase().contains("redirect"), "{}", answer.text());
    }
    for good in ["http://localhost:3000/cb", "http://127.0.0.1/cb", "https://a.example/cb?x=1"] {
        register(&scene.instance, "x", good, "read");
    }
    for (field, value) in
        [("website", "javascript:alert(1)"), ("scopes", "read nonsense"), ("client_name", "")]
    {
        let mut body = json!({"client_name": "x", "redirect_uris": OUT_OF_BAND});
        body[field] = json!(value);
        let answer =
            Request::new("POST", format!("{}/api/v1/apps", scene.instance.base)).json(&body).send();
        assert_eq!(answer.status, 422, "{field}");
    }
}

#[test]
fn s_072_pkce_is_kept_from_beginning_to_end() {
    let scene = Scene::new();
    let mut browser = scene.signed_in();
    let cb = "https://app.example/cb";
    let with =
        [("redirect_uri", cb), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let code = scene.code(&mut browser, &with);
    is_refused(&scene.trade(&code, cb, &[]), 400, "invalid_grant");
    let wrong = VERIFIER.replace('d', "e");
    is_refused(&scene.trade(&code, cb, &[("code_verifier", &wrong)]), 400, "invalid_grant");
    is_refused(&scene.trade(&code, cb, &[("code_verifier", CHALLENGE)]), 400, "invalid_grant");
    token(scene.trade(&code, cb, &[("code_verifier", VERIFIER)]));
    // the challenge was taken out on the way
    let code = scene.code(&mut browser, &[("redirect_uri", cb)]);
    is_refused(&scene.trade(&code, cb, &[("code_verifier", VERIFIER)]), 400, "invalid_grant");
    // plain is no protection, and a challenge without a method means plain
    for more in [
        &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")] as &[(&str, &str)],
        &[("code_challenge", CHALLENGE)],
        &[("code_challenge_method", "S256")],
        &[("code_challenge", "short"), ("code_challenge_method", "S256")],
    ] {
        let mut asked = vec![("redirect_uri", cb)];
        asked.extend(more);
        let answer = browser.get(&scene.authorize(&asked));
        let location = answer.header("location").unwrap();
        assert_eq!(query(location, "error").as_deref(), Some("invalid_request"), "{more:?}");
    }
}

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
fn s_069_forms_from_elsewhere_do_nothing() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let page = browser.open("/auth/sign_in");
    let mut form = forms(&page.text()).remove(0);
    form.set("username", "ann");
    form.set("password", PASSWORD);
    let mut without = form.clone();
    without.set("csrf", "");
    assert_eq!(browser.submit(&without, None).status, 403);
    let mut wrong = form.clone();
    wrong.set("csrf", &"A".repeat(43));
    assert_eq!(browser.submit(&wrong, None).status, 403);
    for headers in [
        &[("origin", "https://evil.example")] as &[(&str, &str)],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
    ] {
        assert_eq!(browser.submit_from(&form, None, headers).status, 403, "{headers:?}");
    }
    assert_eq!(browser.cookie("dassie_session"), None);
    // another browser's form
    let mut other = Browser::new(&scene.instance);
    other.open("/auth/sign_in");
    assert_eq!(other.submit(&form, None).status, 403);
    assert_eq!(browser.submit(&form, None).status, 303);

    let consent = browser.open(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    let form = forms(&consent.text()).remove(0);
    let mut without = form.clone();
    without.set("csrf", "");
    assert_eq!(browser.submit(&without, Some("allow")).status, 403);
    let foreign = browser.submit_from(&form, Some("allow"), &[("origin", "https://evil.example")]);
    assert_eq!(foreign.status, 403);
    // the token of another session
    let mut second = scene.signed_in();
    assert_eq!(second.submit(&form, Some("allow")).status, 403);
    let mut out = forms(&consent.text()).remove(1);
    assert_eq!(out.action, "/auth/sign_out");
    let good = out.clone();
    out.set("csrf", "");
    assert_eq!(browser.submit(&out, None).status, 403);
    let session = browser.cookies.clone();
    assert_eq!(browser.submit(&form, Some("allow")).status, 303);
    assert_eq!(browser.submit(&good, None).status, 303);
    browser.cookies = session;
    let after = browser.get(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    assert!(after.header("location").unwrap().starts_with("/auth/sign_in"), "signed out for good");
}

#[test]
fn s_068_guessing_is_slowed_down_and_the_right_one_gets_in_later() {
    let scene = Scene::new();
    let mut browser = Browser::new(&scene.instance);
    let page = browser.open("/auth/sign_in");
    let mut said = Vec::new();
    let pause = loop {
        let name = ["ann", "@ann", "ANN", "nobody"][said.len() % 4];
        let answer = browser.sign_in(&page, name, "not it at all");
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 422, "{}", answer.text());
        let text = answer.text();
        let problem = text.split("role=\"alert\">").nth(1).unwrap().split('<').next().unwrap();
        said.push(problem.to_owned());
        assert!(said.len() < 40, "nobody slows it down");
    };
    assert!(said.iter().all(|text| *text == said[0]), "the same words for every failure");
    let seconds: i64 = pause.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&seconds));
    let early = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(early.status, 429, "not even the right one");
    scene.clock.advance(seconds * 1000 + 1);
    let right = browser.sign_in(&page, "ann", PASSWORD);
    assert_eq!(right.status, 303, "{}", right.text());
    // an e-mail address does as well
    let mut other = Browser::new(&scene.instance);
    let page = other.open("/auth/sign_in");
    assert_eq!(other.sign_in(&page, "ANN@mail.example", PASSWORD).status, 303);
    let mut third = Browser::new(&scene.instance);
    let page = third.open("/auth/sign_in");
    assert_eq!(third.sign_in(&page, &format!("ann@{}", scene.instance.host), PASSWORD).status, 303);
}

#[test]
fn s_078_a_new_password_ends_sessions_and_tokens_at_once() {
    let scene = Scene::new();
    create(&scene.instance, "bob");
    let mut browser = scene.signed_in();
    let code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let first = token(scene.trade(&code, OUT_OF_BAND, &[]));
    let open_code = scene.code(&mut browser, &[("redirect_uri", OUT_OF_BAND)]);
    let mut bobs = Browser::new(&scene.instance);
    let page = bobs.open("/auth/sign_in");
    assert_eq!(bobs.sign_in(&page, "bob", PASSWORD).status, 303);
    assert_eq!(scene.me(&first), 200);
    control::execute(
        &scene.instance.app,
        Command::AccountPassword {
            account: "ann".into(),
            password: Secret("another long one".into()),
        },
    )
    .unwrap();
    assert_eq!(scene.me(&first), 401);
    let asked = scene.authorize(&[("redirect_uri", OUT_OF_BAND)]);
    assert_eq!(browser.get(&asked).status, 303, "the browser is signed out");
    is_refused(&scene.trade(&open_code, OUT_OF_BAND, &[]), 400, "invalid_grant");
    assert_eq!(bobs.get(&asked).status, 200, "others are not concerned");
    let page = browser.open("/auth/sign_in?return_to=/");
    assert_eq!(browser.sign_in(&page, "ann", PASSWORD).status, 422);
    assert_eq!(browser.sign_in(&page, "ann", "another long one").status, 303);
    // a session ends by itself, and with its account
    scene.clock.advance(30 * DAY + 1);
    assert_eq!(bobs.get(&asked).status, 303);
    let page = bobs.open("/auth/sign_in?return_to=/");
    assert_eq!(bobs.sign_in(&page, "bob", PASSWORD).status, 303);
    let code = scene.code(&mut bobs, &[("redirect_uri", OUT_OF_BAND)]);
    let last = token(scene.trade(&code, OUT_OF_BAND, &[]));
    control::execute(&scene.instance.app, Command::AccountDelete { account: "bob".into() })
        .unwrap();
    assert_eq!(scene.me(&last), 401);
    assert_eq!(bobs.get(&asked).status, 303);
}

#[test]
fn s_065_signing_in_leads_nowhere_else() {
    let scene = Scene::new();
    for evil in [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "",
    ] {
        let mut browser = Browser::new(&scene.instance);
        let query: String = form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        let page = browser.get(&format!("/auth/sign_in?return_to={query}"));
        let mut form = forms(&page.text()).remove(0);
        form.set("username", "ann");
        form.set("password", PASSWORD);
        form.set("return_to", evil);
        let answer = browser.submit(&form, None);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{evil}");
    }
}

#[test]
fn s_060_s_080_the_pages_are_guarded_and_show_names_as_text() {
    let name = "<script>alert('x')</script> \"&";
    let scene = Scene::with(name, "https://app.example/cb");
    let mut browser = scene.signed_in();
    let mut stranger = Browser::new(&scene.instance);
    let consent = browser.open(&scene.authorize(&[("redirect_uri", "https://app.example/cb")]));
    let text = consent.text();
    assert!(!text.contains("<script"), "{text}");
    assert!(text.contains("alert("), "the name is there, as text: {text}");
    let bad = browser.get(&scene.authorize(&[("redirect_uri", "https://evil.example/<script>")]));
    assert!(!bad.text().contains("<script"));
    let sign_in = stranger.open("/auth/sign_in");
    for (what, answer) in [("consent", &consent), ("error", &bad), ("sign in", &sign_in)] {
        let header = |name: &str| {
            answer.header(name).unwrap_or_else(|| panic!("{what} has no {name}")).to_owned()
        };
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "style-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{what}");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
        assert!(header("permissions-policy").contains("interest-cohort"));
        assert!(header("content-type").starts_with("text/html"));
        assert!(!answer.text().contains("<script"), "{what}");
    }
    let policy = consent.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://app.example"), "{policy}");
    for cookie in ["dassie_session", "dassie_form"] {
        assert!(browser.cookie(cookie).is_some(), "{cookie}");
    }
    let page = stranger.sign_in(&sign_in, "ann", PASSWORD);
    let cookie = page.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    // typed things come back as text
    let mut other = Browser::new(&scene.instance);
    let page = other.open("/auth/sign_in");
    let again = other.sign_in(&page, "\"><script>x</script>", "wrong password");
    assert!(!again.text().contains("<script"), "{}", again.text());
    assert!(!again.text().contains("wrong password"));
}

#[test]
fn s_059_cookies_of_a_real_server_are_bound_to_host_and_tls() {
    let instance = Instance::with(Options {
        configure: Some(|config| config.dev = false),
        ..Default::default()
    });
    // it speaks of https everywhere and listens in plain behind its proxy
    assert!(instance.base.starts_with("https://"));
    let answer = Request::new("GET", format!("http://{}/auth/sign_in", instance.host)).send();
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-dassie_form="), "{cookie}");
    assert!(cookie.contains("; Secure"), "{cookie}");
}

#[test]
fn the_metadata_document_says_what_is_true() {
    let scene = Scene::new();
    let base = &scene.instance.base;
    let document = scene.instance.get("/.well-known/oauth-authorization-server").ok();
    assert_eq!(document["issuer"], base.as_str());
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(
        document["grant_types_supported"],
        json!(["authorization_code", "client_credentials"])
    );
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    for (name, status) in [
        ("authorization_endpoint", 400),
        ("token_endpoint", 400),
        ("revocation_endpoint", 403),
        ("app_registration_endpoint", 422),
    ] {
        let address = document[name].as_str().unwrap();
        assert!(address.starts_with(&format!("{base}/")), "{address}");
        let method = if name == "authorization_endpoint" { "GET" } else { "POST" };
        assert_eq!(Request::new(method, address).send().status, status, "{name}");
    }
    for scope in ["read", "write", "follow", "push", "profile"] {
        assert!(
            document["scopes_supported"].as_array().unwrap().contains(&json!(scope)),
            "{scope}"
        );
    }
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
