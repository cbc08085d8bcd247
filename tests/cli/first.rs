//! The first ten minutes and later ones: `doctor`, `status`.

use serde_json::{Value, json};

use super::{Place, Run, Serving, run};
use crate::support::Peer;

/// As somebody whose terminal speaks this language.
fn in_language(place: &Place, lang: &str, args: &[&str]) -> Run {
    let mut command = place.command(args);
    command.env_remove("LC_MESSAGES").env("LC_ALL", lang);
    run(&mut command, "")
}

fn english(place: &Place, args: &[&str]) -> Run {
    in_language(place, "C.UTF-8", args)
}

/// The findings of `doctor --json` by their level.
fn findings(run: &Run) -> Vec<(String, String)> {
    let all: Value = serde_json::from_str(&run.out).unwrap();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let list = all["findings"].as_array().unwrap();
    list.iter().map(|one| (word(&one["level"]), word(&one["check"]))).collect()
}

#[test]
fn doctor_and_status_say_how_it_is_with_and_without_a_server() {
    let place = Place::new();
    let mut serving = Serving::start(&place, &["serve", "--dev"]);
    let run = english(&place, &["doctor"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    for text in [
        "The server runs (Dassie ",
        "The database is whole (",
        "leads to this server",
        "The address of visitors arrives",
        "WebSocket connections come through",
        "Uploads of 17 MB come through",
        "Others find @dev@",
        "The inbox can be reached",
    ] {
        assert!(run.out.contains(text), "{text}: {}", run.out);
    }
    assert!(run.out.contains("and nobody else"), "it says whom it asks: {}", run.out);
    let status = english(&place, &["status"]);
    assert!(status.out.contains("up for ") && status.out.contains("Memory "), "{status:?}");
    let status = in_language(&place, "zh_TW.UTF-8", &["status"]);
    assert!(status.out.contains("内存"), "{status:?}");
    let status: Value = serde_json::from_str(&place.does(&["status", "--json"])).unwrap();
    assert_eq!(status["running"], json!(true));
    assert!(status["facts"]["memory"].as_u64().unwrap() > 1_000_000, "{status}");
    // the secret that /livez knows a command by stays between the two
    assert!(!status.to_string().contains("probe"), "{status}");

    serving.stop();
    let run = english(&place, &["doctor", "--local"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.out.contains("BAD     The server does not run.\n        → Start it"),
        "{}",
        run.out
    );
    assert!(!run.out.contains("The inbox"), "nobody is asked: {}", run.out);
    assert!(run.err.starts_with("dassie: 1 of these are bad"), "{}", run.err);
    let status = english(&place, &["status"]);
    assert_eq!(status.code, Some(0));
    assert!(status.out.contains("does not run") && status.out.contains("Database "), "{status:?}");

    place.configure("[server]\nlisten = \"nowhere\"\n");
    let run = english(&place, &["doctor", "--json"]);
    assert_eq!((run.code, findings(&run)), (Some(1), vec![("bad".into(), "config_bad".into())]));
}

#[test]
fn s_133_doctor_tells_what_stands_between_and_asks_nobody_else() {
    let place = Place::new();
    let proxy = Peer::start(&[]);
    let settings = std::fs::read_to_string(place.file()).unwrap();
    let host = format!("host = \"{}\"", place.listen);
    place.configure(&settings.replace(&host, &format!("host = \"{}\"", proxy.host)));
    let _serving = Serving::start(&place, &["serve", "--dev"]);
    for (answer, word) in [
        (json!(404), "reach_status"),
        (json!(301), "reach_status"),
        (json!(502), "reach_gateway"),
        (json!(421), "reach_host"),
        (json!({"status": "ok"}), "reach_other"),
        (json!({"error": "no"}), "reach_status"),
    ] {
        proxy.serve("/livez", answer.clone());
        let run = english(&place, &["doctor", "--json"]);
        assert_eq!(run.code, Some(1), "{answer}: {run:?}");
        let bad: Vec<_> = findings(&run).into_iter().filter(|(level, _)| level == "bad").collect();
        assert_eq!(bad, [("bad".to_owned(), word.to_owned())], "{answer}");
    }
    // what comes through is looked at further
    let expected = ["reach_plain", "socket_none", "upload_small", "finger_bad", "inbox_bad"];
    for (host, drops_it) in [(proxy.host.as_str(), false), ("127.0.0.1:8080", true)] {
        let seen = json!({"status": "ok", "address": "127.0.0.1", "host": host});
        proxy.serve("/livez", seen);
        let found = findings(&english(&place, &["doctor", "--json"]));
        let has = |word: &str| found.iter().any(|(_, what)| what == word);
        assert!(expected.iter().all(|word| has(word)), "{found:?}");
        assert_eq!(has("reach_host"), drops_it, "{found:?}");
    }
    let asked = proxy.asked();
    assert!(asked.iter().all(|path| !path.contains("nodeinfo")), "{asked:?}");
}
