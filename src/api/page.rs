//! Lists in pages: the `Link` header that clients follow (S-061).

use actix_web::http::header::{HeaderValue, LINK};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use url::Url;

use crate::app::App;
use crate::db::Conn;
use crate::error::Result;
use crate::http;
use crate::site::Site;

/// Longer query strings than this are not repeated in a header.
const LONGEST_QUERY: usize = 2000;

/// What the paging itself sets, and what has no place in an address.
const DROPPED: [&str; 4] = ["max_id", "min_id", "since_id", "access_token"];

/// The ids of the rows that stand at the ends of a page, also where those are not shown.
type Ends = Option<(i64, i64)>;

/// Reads a list and answers it with `Link: …; rel="next", …; rel="prev"`. The JSON is written on
/// the thread that read the rows.
pub(super) async fn read<T, F>(app: &Data<App>, request: &HttpRequest, f: F) -> Result<HttpResponse>
where
    T: Serialize,
    F: FnOnce(&App, &Conn) -> Result<(Ends, T)> + Send + 'static,
{
    let found = super::read(app, move |app, conn| {
        let (ends, items) = f(app, conn)?;
        Ok((ends, http::encode(&items)?))
    });
    let (ends, body) = found.await?;
    let mut response = http::encoded(http::JSON, body);
    let link = ends.and_then(|ends| link(&app.site, request.path(), request.query_string(), ends));
    if let Some(value) = link.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(LINK, value);
    }
    Ok(response)
}

/// The first and the last of some ids.
pub(super) fn ends(mut ids: impl Iterator<Item = i64>) -> Ends {
    let first = ids.next()?;
    Some((first, ids.last().unwrap_or(first)))
}

fn link(site: &Site, path: &str, query: &str, (first, last): (i64, i64)) -> Option<String> {
    let base = Url::parse(&format!("{}{path}", site.base)).ok()?;
    let kept: Vec<(String, String)> = if query.len() > LONGEST_QUERY {
        Vec::new()
    } else {
        form_urlencoded::parse(query.as_bytes())
            .filter(|(name, _)| !DROPPED.contains(&name.as_ref()))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    let to = |name: &str, id: i64| {
        let mut url = base.clone();
        url.query_pairs_mut().clear().extend_pairs(&kept).append_pair(name, &id.to_string());
        // what the url crate leaves as it is in a path would end the address here
        url.as_str().replace('>', "%3E").replace('<', "%3C")
    };
    Some(format!("<{}>; rel=\"next\", <{}>; rel=\"prev\"", to("max_id", last), to("min_id", first)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn site() -> Site {
        let mut config = Config::default();
        config.server.host = "a.example".to_owned();
        Site::new(&config)
    }

    #[test]
    fn both_ends_are_linked_with_the_other_parameters() {
        assert_eq!(
            link(&site(), "/api/v1/timelines/home", "limit=2&max_id=9&since_id=1", (8, 5)).unwrap(),
            "<https://a.example/api/v1/timelines/home?limit=2&max_id=5>; rel=\"next\", \
             <https://a.example/api/v1/timelines/home?limit=2&min_id=8>; rel=\"prev\""
        );
        assert_eq!(ends([].into_iter()), None);
        assert_eq!(ends([3].into_iter()), Some((3, 3)));
        assert_eq!(ends([3, 2, 1].into_iter()), Some((3, 1)));
    }

    #[test]
    fn s_061_nothing_breaks_out_of_the_header() {
        let query =
            "types[]=a%0d%0aX-Evil:%201&q=%3E%3B%20rel%3D%22next%22&%3E=%E5%AD%97&access_token=s";
        let text = link(&site(), "/api/v1/timelines/tag/%E5%AD%97\"<>", query, (2, 1)).unwrap();
        assert!(HeaderValue::from_str(&text).unwrap().to_str().is_ok(), "{text}");
        assert_eq!(text.matches('<').count(), 2, "{text}");
        assert_eq!(text.matches('>').count(), 2, "{text}");
        assert_eq!(text.matches('"').count(), 4, "{text}");
        assert!(!text.contains("access_token") && !text.contains('\n'), "{text}");
    }
}
