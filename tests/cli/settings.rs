//! What stands in the settings, and in variables.

use super::*;

#[test]
fn a_faulty_configuration_is_refused_with_place_key_and_advice() {
    let place = Place::new();
    for (text, line, key, advice) in [
        ("[server]\nhost = 5\n", 2, "server.host", "text"),
        ("[server]\nhost = \"a.example\"\nhoost = \"x\"\n", 3, "hoost", "Did you mean server.host"),
        ("[severs]\nhost = \"a.example\"\n", 1, "severs", "Did you mean [server]"),
        ("[server]\nhost = \"https://a.example/\"\n", 2, "server.host", ""),
        ("[server]\nhost = \"a.example\"\nlisten = \"nonsense\"\n", 3, "server.listen", ""),
        ("[limits]\n\n\nmax_characters = \"many\"\n", 4, "limits.max_characters", ""),
        ("[limits]\nmax_characters = -1\n", 2, "limits.max_characters", ""),
        ("[log]\nlevel = \"loud\"\n", 2, "log.level", "info"),
        (
            "[network]\nallowed_private_ranges = [\"10.0.0.0/99\"]\n",
            2,
            "network.allowed_private_ranges",
            "",
        ),
        ("[server\nhost = \"a\"\n", 1, "", "not valid TOML"),
        ("host = \"a.example\"\n", 1, "host", "server.host"),
    ] {
        place.configure(text);
        for command in [&["config", "check"] as &[&str], &["serve"], &["account", "list"]] {
            let said = place.refuses(command);
            assert!(said.contains(&format!("dassie.toml:{line}: ")), "{text}: {said}");
            assert!(said.contains(key) && said.contains(advice), "{text}: {said}");
        }
    }
    place.configure("[instance]\ntitle = \"x\"\n");
    let said = place.refuses(&["config", "check"]);
    assert!(said.contains("server.host is not set"), "{said}");
    // all faults at once
    place.configure("[server]\nhost = 1\n[log]\nlevel = 2\n");
    assert_eq!(place.refuses(&["config", "check"]).lines().count(), 2);
    // files that are not there, which the server would not start without
    place.configure(
        "[server]\nhost = \"a.example\"\n[tls]\nmode = \"files\"\ncert = \"c.pem\"\nkey = \"k.pem\"\n",
    );
    assert!(place.refuses(&["config", "check"]).contains("Correct tls.cert and tls.key"));
    std::fs::remove_file(place.file()).unwrap();
    assert!(place.refuses(&["config", "check"]).contains("cannot be read"));
    assert!(!place.data().exists(), "nothing was made");
}

#[test]
fn the_environment_goes_before_the_file_and_show_says_so() {
    let place = Place::real("a.example");
    assert_eq!(place.does(&["config", "check"]), "ok\n");
    let shown = place.does(&["config", "show"]);
    assert!(shown.contains("a.example") && shown.contains("dassie.toml:3"), "{shown}");
    assert!(shown.contains("default"), "{shown}");
    let with =
        |name: &str, value: &str| run(place.command(&["config", "show"]).env(name, value), "");
    let shown = with("DASSIE_LIMITS_MAX_CHARACTERS", "777");
    assert_eq!(shown.code, Some(0));
    assert!(
        shown.out.contains("777") && shown.out.contains("DASSIE_LIMITS_MAX_CHARACTERS"),
        "{}",
        shown.out
    );
    for (name, value) in [("DASSIE_LIMITS_MAX_CHARACTERS", "many"), ("DASSIE_SERVER_HOTS", "x")] {
        let refused = with(name, value);
        assert_eq!(refused.code, Some(1));
        assert!(refused.err.contains(name), "{}", refused.err);
    }
    assert!(!place.data().exists(), "nothing was made");
}

#[test]
fn s_126_a_secret_can_stand_in_a_file_of_its_own_and_is_never_shown() {
    let place = Place::new();
    let secret = place.folder.path().join("secret");
    std::fs::write(&secret, "hush hush\n").unwrap();
    let show = |variable: &str, file: &std::path::Path| {
        run(place.command(&["config", "show", "--dev"]).env(variable, file), "")
    };
    let shown = show("DASSIE_METRICS_TOKEN_FILE", &secret);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let line = shown.out.lines().find(|line| line.starts_with("token = ")).unwrap();
    assert!(line.ends_with("# environment DASSIE_METRICS_TOKEN_FILE"), "{line}");
    assert!(!shown.out.contains("hush") && !line.contains("\"\""), "{line}");
    // nor when it stands in the file of settings, wherever that is read
    let file = std::fs::read_to_string(place.file()).unwrap();
    place.configure(&format!(
        "{file}[s3]\nsecret_key = \"marmalade\"\n[backup]\npassphrase = \"marmalade jam\"\n\
         [translation]\napi_key = \"marmalade\"\n[metrics]\ntoken = \"marmalade marmalade\"\n"
    ));
    for args in [&["config", "show", "--dev"] as &[&str], &["config", "check", "--dev"]] {
        let said = place.run(args);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(!said.out.contains("marmalade") && !said.err.contains("marmalade"), "{said:?}");
    }
    place.configure(&format!("{file}[metrics]\ntoken = \"marmalade\n"));
    assert!(!place.run(&["config", "check", "--dev"]).err.contains("marmalade"));
    place.configure(&file);
    let missing = show("DASSIE_S3_SECRET_KEY_FILE", &place.folder.path().join("none"));
    assert!(
        missing.err.contains("DASSIE_S3_SECRET_KEY_FILE: ") && missing.code == Some(1),
        "{missing:?}"
    );
    let other = show("DASSIE_SERVER_HOST_FILE", &secret);
    assert!(other.err.contains("is not a setting") && !other.err.contains("hush"), "{other:?}");
}

#[test]
fn s_124_a_configuration_with_a_secret_is_for_nobody_else_to_read() {
    let place = Place::real("a.example");
    let file = std::fs::read_to_string(place.file()).unwrap();
    set_mode(&place.file(), 0o644);
    assert_eq!(place.does(&["config", "check"]), "ok\n", "there is no secret in it");
    place.configure(&format!("{file}[translation]\napi_key = \"marmalade\"\n"));
    assert_eq!(place.does(&["config", "check"]), "ok\n");
    for mode in [0o644, 0o602] {
        set_mode(&place.file(), mode);
        let said = place.refuses(&["config", "check"]);
        assert!(said.contains("translation.api_key is a secret"), "{said}");
        assert!(said.contains("Run: chmod 6") && !said.contains("marmalade"), "{said}");
    }
    // a secret of the environment is not in the file
    place.configure(&file);
    set_mode(&place.file(), 0o644);
    let mut command = place.command(&["config", "check"]);
    assert_eq!(run(command.env("DASSIE_TRANSLATION_API_KEY", "marmalade"), "").code, Some(0));
}

#[test]
fn s_126_commands_read_the_variables_beside_the_settings() {
    let place = Place::real("a.example");
    let beside = place.file().with_file_name("environment");
    let write = |text: &str, mode| {
        std::fs::write(&beside, text).unwrap();
        set_mode(&beside, mode);
    };
    write(
        "# of the service\nDASSIE_BACKUP_PASSPHRASE=\"a good passphrase\"\nPATH=/nowhere\n",
        0o600,
    );
    let shown = place.does(&["config", "show"]);
    let line = shown.lines().find(|line| line.starts_with("passphrase")).unwrap();
    assert!(line.contains("(hidden)") && line.contains("DASSIE_BACKUP_PASSPHRASE"), "{line}");
    // what is given goes before what is written there
    write("DASSIE_LOG_LEVEL=warn\n", 0o644);
    assert!(place.does(&["config", "show"]).contains("level = \"warn\""));
    let mut command = place.command(&["config", "show"]);
    assert!(run(command.env("DASSIE_LOG_LEVEL", "error"), "").out.contains("level = \"error\""));
    // a secret there is for nobody else to read either, and a mistake there is one
    write("DASSIE_BACKUP_PASSPHRASE=marmalade jar\n", 0o644);
    let said = place.refuses(&["config", "check"]);
    assert!(
        said.contains("backup.passphrase is a secret") && said.contains("environment"),
        "{said}"
    );
    assert!(!said.contains("marmalade"), "{said}");
    write("DASSIE_NO_SUCH=1\n", 0o600);
    assert!(place.refuses(&["config", "check"]).contains("DASSIE_NO_SUCH"));
}
