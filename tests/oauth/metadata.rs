//! What programs read about this server, and about who signed in.

use super::*;

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
    assert!(document["service_documentation"].as_str().unwrap().starts_with("https://"));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    for (name, status) in [
        ("authorization_endpoint", 400),
        ("token_endpoint", 400),
        ("revocation_endpoint", 403),
        ("app_registration_endpoint", 422),
        ("userinfo_endpoint", 401),
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
fn userinfo_says_who_signed_in_and_no_more() {
    let instance = Instance::start();
    let ann = instance.person("ann");
    ann.request("PATCH", "/api/v1/accounts/update_credentials")
        .json(&json!({"display_name": "Ann"}))
        .send()
        .ok();
    let send = |method, token: &str| {
        Request::new(method, format!("{}/oauth/userinfo", instance.base))
            .header("authorization", format!("Bearer {token}"))
            .send()
    };
    let profile = crate::api::token(&instance, Some(&ann), "profile");
    let claims = json!({
        "iss": instance.base, "sub": ann.uri, "name": "Ann", "preferred_username": "ann",
        "profile": format!("{}/@ann", instance.base),
        "picture": format!("{}/assets/avatar.png", instance.base),
    });
    for method in ["GET", "POST"] {
        let answer = send(method, &profile);
        // web clients of other origins read it too
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.ok(), claims);
    }
    let wide = crate::api::token(&instance, Some(&ann), "read write follow push");
    let answer = send("GET", &wide);
    assert_eq!(answer.status, 403, "only with its own scope");
    assert_eq!(answer.json()["error"], "This action is outside the authorized scopes");
    let nobody = crate::api::token(&instance, None, "profile");
    assert_eq!(send("GET", &nobody).status, 422);
    assert_eq!(send("GET", "nonsense").status, 401);
}

#[test]
fn health_is_told_to_everybody() {
    let instance = Instance::start();
    let answer = instance.get("/health");
    assert_eq!((answer.status, answer.text().as_str()), (200, "OK"));
}

#[test]
fn s_085_nobody_signs_up() {
    let instance = Instance::start();
    let app = crate::api::token(&instance, None, "read write");
    let body = json!({
        "username": "x", "email": "x@mail.example", "password": PASSWORD, "agreement": true,
        "locale": "en",
    });
    let send = |token: Option<&str>| {
        let mut request =
            Request::new("POST", format!("{}/api/v1/accounts", instance.base)).json(&body);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.send()
    };
    let answer = send(Some(&app));
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json(), json!({"error": "This action is not allowed"}));
    assert_eq!(send(None).status, 401);
    assert_eq!(instance.get("/api/v1/emails/check_confirmation").status, 401);
}
