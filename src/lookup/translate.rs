//! Translations by a service that speaks LibreTranslate's or DeepL's API.
//!
//! <https://docs.libretranslate.com>, <https://developers.deepl.com/docs>

use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::App;
use crate::client::{Limits, OutRequest, OutResponse};
use crate::clock::{DAY, MINUTE};
use crate::config::TranslationKind;
use crate::crypto::short_hash16;
use crate::error::{Error, Result};
use crate::model::{LanguagePairs, Translated};

/// How long a translation and the list of languages are kept.
const KEPT: i64 = 7 * DAY;
const LANGUAGES_KEPT: i64 = DAY;
/// After a failure the list of languages is not asked for again for so long.
const FAILED: i64 = MINUTE / 2;
/// What the texts of one status may be long together, in bytes, and what is kept of answers.
const LONGEST: usize = 50_000;
const LONGEST_KEPT: usize = 20_000;
/// DeepL's address for accounts that pay nothing.
const DEEPL: &str = "https://api-free.deepl.com";

/// The service's name, if one is configured.
pub fn provider(app: &App) -> Option<&'static str> {
    match app.config.translation.kind {
        TranslationKind::None => None,
        TranslationKind::Libretranslate => Some("LibreTranslate"),
        TranslationKind::Deepl => Some("DeepL.com"),
    }
}

/// Translates HTML texts into `target`, out of the language `source` if that is known.
///
/// # Errors
/// 404 where no service is configured, 403 for languages that it does not translate, 422 for what
/// is too long, 503 when it does not do it now.
pub fn texts(
    app: &App,
    texts: &[String],
    source: Option<&str>,
    target: &str,
) -> Result<Arc<Translated>> {
    if total(texts) > LONGEST {
        return Err(Error::invalid("Validation failed: the text is too long to be translated"));
    }
    let pairs = languages(app)?;
    let refuse = || Error::Forbidden("This language is not translated here".into());
    let source = source.and_then(|code| pick(pairs.keys().filter(|k| *k != "und"), code));
    let targets = pairs.get(source.unwrap_or("und")).ok_or_else(refuse)?;
    let target = pick(targets.iter(), target).ok_or_else(refuse)?;
    if source.is_some_and(|source| source.eq_ignore_ascii_case(target)) {
        return Err(refuse());
    }
    let asked = json!([source, target, texts]).to_string();
    let (key, now) = (short_hash16(asked.as_bytes()), app.clock.steady_ms());
    if let Some(known) = app.translations.get(&key, now) {
        return Ok(known);
    }
    let found = match app.config.translation.kind {
        TranslationKind::Deepl => deepl(app, texts, source, target)?,
        _ => libretranslate(app, texts, source, target)?,
    };
    if found.texts.len() != texts.len() {
        return Err(nonsense());
    }
    let found = Arc::new(found);
    if total(&found.texts) <= LONGEST_KEPT {
        app.translations.insert(key, now + KEPT, &found);
    }
    Ok(found)
}

fn total(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum()
}

/// What the service translates into what; `und` stands for texts whose language is not known.
///
/// # Errors
/// 404 where no service is configured, 503 when it does not answer.
pub fn languages(app: &App) -> Result<Arc<LanguagePairs>> {
    let (key, now) = ([0; 16], app.clock.steady_ms());
    if let Some(known) = app.translation_languages.get(&key, now) {
        return Ok(known);
    }
    // anybody may ask for it: a service that is down must not keep the lane's threads waiting
    let failed = "the list of languages".to_owned();
    if app.unreachable.look(&failed).0 > 0 {
        return Err(Error::Remote("The translation service did not answer lately".into()));
    }
    let asked = match app.config.translation.kind {
        TranslationKind::None => return Err(Error::NotFound),
        TranslationKind::Libretranslate => libretranslate_languages(app),
        TranslationKind::Deepl => deepl_languages(app),
    };
    let mut pairs = asked.inspect_err(|_| {
        app.unreachable.count(&failed, FAILED);
    })?;
    let mut all: Vec<String> = pairs.values().flatten().cloned().collect();
    all.sort_unstable();
    all.dedup();
    pairs.insert("und".to_owned(), all);
    let pairs = Arc::new(pairs);
    app.translation_languages.insert(key, now + LANGUAGES_KEPT, &pairs);
    Ok(pairs)
}

/// The code that the service has for a language: the same, one of the same script, one of the
/// same language.
fn pick<'a>(known: impl Iterator<Item = &'a String> + Clone, code: &str) -> Option<&'a str> {
    let find = |code: &str| known.clone().find(|k| k.eq_ignore_ascii_case(code));
    let base = |code: &str| code.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let lower = code.to_ascii_lowercase();
    let traditional =
        ["zh-tw", "zh-hk", "zh-mo"].contains(&lower.as_str()) || lower.starts_with("zh-hant");
    let same_script: &[&str] = match base(code).as_str() {
        "zh" if traditional => &["zh-Hant", "zh-TW", "zt"],
        "zh" => &["zh-Hans", "zh", "zh-CN"],
        _ => &[],
    };
    find(code)
        .or_else(|| same_script.iter().find_map(|code| find(code)))
        .or_else(|| find(&base(code)))
        .or_else(|| known.clone().find(|k| base(k) == base(code)))
        .map(String::as_str)
}

fn base(app: &App) -> String {
    let url = app.config.translation.url.as_deref().unwrap_or(DEEPL);
    url.trim_end_matches('/').to_owned()
}

fn nonsense() -> Error {
    Error::Remote("The translation service answered nonsense".into())
}

/// Sends a request; its JSON.
fn ask(app: &App, request: OutRequest) -> Result<Value> {
    let mut request = request.limits(Limits::TRANSLATION);
    if app.config.translation.url.is_some() {
        // most run on this very machine, which nobody else may send us to
        request = request.configured();
    }
    let answer: OutResponse = app.client.send(request)?;
    match answer.status {
        // 456 is DeepL's way to say that the month's amount is used up
        429 | 456 => Err(Error::Remote("The translation service has had enough for now".into())),
        200..=299 => serde_json::from_slice(&answer.body).map_err(|_| nonsense()),
        status => {
            tracing::warn!(status, "the translation service refuses");
            Err(Error::Remote("The translation service does not answer properly".into()))
        }
    }
}

fn post(url: String, kind: &str, body: Vec<u8>) -> OutRequest {
    OutRequest::post(url, body.into()).header("content-type", kind)
}

fn libretranslate(
    app: &App,
    texts: &[String],
    source: Option<&str>,
    target: &str,
) -> Result<Translated> {
    let mut body = json!({
        "q": texts, "source": source.unwrap_or("auto"), "target": target, "format": "html",
    });
    let key = app.config.translation.api_key.reveal();
    if !key.is_empty() {
        body["api_key"] = json!(key);
    }
    let url = format!("{}/translate", base(app));
    let answer = ask(app, post(url, "application/json", body.to_string().into_bytes()))?;
    let texts = answer["translatedText"].as_array().ok_or_else(nonsense)?;
    // one for each text; the first is the status itself
    let detected =
        answer["detectedLanguage"].get(0).unwrap_or(&answer["detectedLanguage"])["language"]
            .as_str();
    Ok(Translated {
        texts: texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        source: source.or(detected).unwrap_or("und").to_owned(),
    })
}

fn libretranslate_languages(app: &App) -> Result<LanguagePairs> {
    let answer = ask(app, OutRequest::get(format!("{}/languages", base(app))))?;
    let list = answer.as_array().ok_or_else(nonsense)?;
    let codes = |value: &Value| -> Vec<String> {
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let all: Vec<String> =
        list.iter().filter_map(|one| one["code"].as_str()).map(str::to_owned).collect();
    let pairs = list.iter().filter_map(|one| {
        let code = one["code"].as_str()?.to_owned();
        // old versions translate all into all
        let mut targets =
            if one["targets"].is_array() { codes(&one["targets"]) } else { all.clone() };
        targets.retain(|target| *target != code);
        Some((code, targets))
    });
    Ok(pairs.collect())
}

fn deepl(app: &App, texts: &[String], source: Option<&str>, target: &str) -> Result<Translated> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for text in texts {
        form.append_pair("text", text);
    }
    form.append_pair("target_lang", &target.to_uppercase()).append_pair("tag_handling", "html");
    if let Some(source) = source {
        form.append_pair("source_lang", &source.to_uppercase());
    }
    let body = form.finish().into_bytes();
    let url = format!("{}/v2/translate", base(app));
    let request = post(url, "application/x-www-form-urlencoded", body);
    let answer = ask(app, with_key(app, request))?;
    let list = answer["translations"].as_array().ok_or_else(nonsense)?;
    let detected = list.first().and_then(|one| one["detected_source_language"].as_str());
    Ok(Translated {
        texts: list.iter().filter_map(|one| one["text"].as_str()).map(str::to_owned).collect(),
        source: detected.map(str::to_lowercase).or(source.map(str::to_owned)).unwrap_or_default(),
    })
}

fn deepl_languages(app: &App) -> Result<LanguagePairs> {
    let codes = |kind: &str| -> Result<Vec<String>> {
        let url = format!("{}/v2/languages?type={kind}", base(app));
        let answer = ask(app, with_key(app, OutRequest::get(url)))?;
        let list = answer.as_array().ok_or_else(nonsense)?;
        Ok(list.iter().filter_map(|one| one["language"].as_str()).map(written).collect())
    };
    let targets = codes("target")?;
    Ok(codes("source")?
        .into_iter()
        .map(|source| {
            let others = targets.iter().filter(|t| t.split('-').next() != Some(source.as_str()));
            let others = others.cloned().collect();
            (source, others)
        })
        .collect())
}

/// `EN-US` as everybody else writes it.
fn written(code: &str) -> String {
    match code.split_once('-') {
        Some((base, rest)) if rest.len() == 4 => {
            format!("{}-{}{}", base.to_lowercase(), &rest[..1], rest[1..].to_lowercase())
        }
        Some((base, rest)) => format!("{}-{rest}", base.to_lowercase()),
        None => code.to_lowercase(),
    }
}

fn with_key(app: &App, request: OutRequest) -> OutRequest {
    let key = app.config.translation.api_key.reveal();
    request.header("authorization", format!("DeepL-Auth-Key {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_found_in_the_services_spelling() {
        let known: Vec<String> =
            ["en-US", "en-GB", "zh", "zh-Hant", "pt-BR", "de"].map(str::to_owned).to_vec();
        for (code, want) in [
            ("en", Some("en-US")),
            ("en-GB", Some("en-GB")),
            ("zh-TW", Some("zh-Hant")),
            ("zh-Hant-HK", Some("zh-Hant")),
            ("zh-CN", Some("zh")),
            ("zh", Some("zh")),
            ("pt", Some("pt-BR")),
            ("DE", Some("de")),
            ("de-AT", Some("de")),
            ("ja", None),
        ] {
            assert_eq!(pick(known.iter(), code), want, "{code}");
        }
        for (code, want) in [("EN-US", "en-US"), ("ZH-HANT", "zh-Hant"), ("DE", "de")] {
            assert_eq!(written(code), want);
        }
    }
}
