//! Signing in and letting applications in, through the real pages, as a browser would.

mod apps;
mod authorize;
mod headers;
pub mod letters;
mod metadata;
mod pages;
mod settings;
mod settings_account;
mod settings_archive;
mod settings_data;
mod sign_in;
mod sign_up;
mod token;
mod two_factor;

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
        "/oauth/authorize?client_id={client_id}&redirect_uri={OUT_OF_BAND}&response_type=code&scope=read+write"
    );
    let mut browser = Browser::new(instance);
    for name in ["oauth@mail.example", "nobody", "oauth"] {
        let page = browser.open("/auth/sign_in?return_to=/about");
        browser.sign_in(&page, name, PASSWORD);
    }
    let mut codes = Vec::new();
    for _ in 0..4 {
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
    token(by_code(&codes[2]));
    let path = format!("{}/api/v1/apps/verify_credentials", instance.base);
    Request::new("GET", path).header("authorization", format!("Bearer {last}")).send().ok();
    let change = |path: &str, body: Value| {
        Request::new("POST", format!("{}/api/v1{path}", instance.base))
            .header("authorization", format!("Bearer {last}"))
            .json(&body)
            .send()
            .ok()
    };
    change("/user/email_change", json!({"password": PASSWORD, "new_email": "new@mail.example"}));
    let path = format!("{}/api/v1/tokens", instance.base);
    let tokens =
        Request::new("GET", path).header("authorization", format!("Bearer {last}")).send().ok();
    let id = tokens[0]["id"].as_str().unwrap();
    change(&format!("/tokens/{id}/invalidate"), json!({}));
    post("/oauth/revoke", &[("token", &last)]).ok();
    token(by_code(&codes[3]));
    two_factor::everything(instance, &mut browser);
    let consent = browser.open(&scene_path);
    browser.submit(&forms(&consent.text()).remove(1), None);
}
