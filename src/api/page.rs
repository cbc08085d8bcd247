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
use crate::model::Page;
use crate::site::Site;

/// Longer query strings than this are not repeated in a header.
const LONGEST_QUERY: usize = 2000;

/// What the paging itself sets, and what has no place in an address.
const DROPPED: [&str; 4] = ["max_id", "min_id", "since_id", "access_token"];

/// The ids of the rows that stand at the ends of a page, also where those are not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    first: i64,
    /// `None`: nothing comes after it.
    last: Option<i64>,
}

/// Reads a list and answers it with `Link: …; rel="next", …; rel="prev"`. The JSON is written on
/// the thread that read the rows.
pub(super) fn read<T, F>(
    app: &Data<App>,
    request: &HttpRequest,
    f: F,
) -> impl Future<Output = Result<HttpResponse>>
where
    T: Serialize,
    F: FnOnce(&App, &Conn) -> Result<(Option<Ends>, T)> + Send + 'static,
{
    let found = super::read(app, move |app, conn| {
        let (ends, items) = f(app, conn)?;
        Ok((ends, http::encode(&items)?))
    });
    answer(app, request, found)
}

async fn answer(
    app: &App,
    request: &HttpRequest,
    found: impl Future<Output = Result<(Option<Ends>, Vec<u8>)>>,
) -> Result<HttpResponse> {
    let (ends, body) = found.await?;
    let mut response = http::encoded(http::JSON, body);
    let link = ends.and_then(|ends| link(&app.site, request.path(), request.query_string(), ends));
    if let Some(value) = link.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(LINK, value);
    }
    Ok(response)
}

/// The ends of the page that was cut so. One that is not full is the last, unless it was cut
/// from below: there are clients that follow `next` for ever where it always stands.
pub(super) fn ends(cut: &Page, mut ids: impl Iterator<Item = i64>) -> Option<Ends> {
    let first = ids.next()?;
    let (count, last) = ids.fold((1, first), |(count, _), id| (count + 1, id));
    let goes_on = count >= cut.limit || is_cut_below(cut);
    Some(Ends { first, last: goes_on.then_some(last) })
}

fn is_cut_below(cut: &Page) -> bool {
    cut.min_id.is_some() || cut.since_id.is_some()
}

/// The page with one row more, for [`exact_ends`].
pub(super) fn one_more(cut: &Page) -> Page {
    Page { limit: cut.limit + 1, ..*cut }
}

/// The ends of a page that was read with [`one_more`] row, which goes again: so a full page that
/// is the last one is known as well. For what web pages show, whose scripts know no better.
pub(super) fn exact_ends<T>(
    cut: &Page,
    found: &mut Vec<T>,
    id: impl Fn(&T) -> i64,
) -> Option<Ends> {
    let goes_on = found.len() > cut.limit || is_cut_below(cut);
    if found.len() > cut.limit && cut.ascending() {
        found.remove(0);
    }
    found.truncate(cut.limit);
    let last = found.last().map(&id).filter(|_| goes_on);
    Some(Ends { first: id(found.first()?), last })
}

fn link(site: &Site, path: &str, query: &str, ends: Ends) -> Option<String> {
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
    let prev = format!("<{}>; rel=\"prev\"", to("min_id", ends.first));
    Some(match ends.last {
        Some(last) => format!("<{}>; rel=\"next\", {prev}", to("max_id", last)),
        None => prev,
    })
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
        let (path, query) = ("/api/v1/timelines/home", "limit=2&max_id=9&since_id=1");
        assert_eq!(
            link(&site(), path, query, Ends { first: 8, last: Some(5) }).unwrap(),
            "<https://a.example/api/v1/timelines/home?limit=2&max_id=5>; rel=\"next\", \
             <https://a.example/api/v1/timelines/home?limit=2&min_id=8>; rel=\"prev\""
        );
        assert_eq!(
            link(&site(), path, query, Ends { first: 8, last: None }).unwrap(),
            "<https://a.example/api/v1/timelines/home?limit=2&min_id=8>; rel=\"prev\""
        );
    }

    #[test]
    fn a_page_that_is_not_full_is_the_last() {
        let cut = Page::newest(3);
        let ends = |cut: &Page, ids: &[i64]| ends(cut, ids.iter().copied());
        assert_eq!(ends(&cut, &[]), None);
        assert_eq!(ends(&cut, &[3, 2, 1]), Some(Ends { first: 3, last: Some(1) }));
        assert_eq!(ends(&cut, &[3, 2]), Some(Ends { first: 3, last: None }));
        // below these there may be more
        for cut in [Page { min_id: Some(1), ..cut }, Page { since_id: Some(1), ..cut }] {
            assert_eq!(ends(&cut, &[3]), Some(Ends { first: 3, last: Some(3) }));
        }
    }

    #[test]
    fn one_row_more_tells_whether_there_is_more() {
        let exact = |cut: &Page, found: &mut Vec<i64>| exact_ends(cut, found, |id| *id);
        let cut = Page::newest(2);
        assert_eq!(one_more(&cut).limit, 3);
        let mut found = vec![3, 2, 1];
        assert_eq!(exact(&cut, &mut found), Some(Ends { first: 3, last: Some(2) }));
        assert_eq!(exact(&cut, &mut found), Some(Ends { first: 3, last: None }));
        assert_eq!(exact(&cut, &mut Vec::new()), None);
        // upwards the farthest is the newest
        let up = Page { min_id: Some(0), ..cut };
        let mut found = vec![3, 2, 1];
        assert_eq!(exact(&up, &mut found), Some(Ends { first: 2, last: Some(1) }));
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn s_061_nothing_breaks_out_of_the_header() {
        let query =
            "types[]=a%0d%0aX-Evil:%201&q=%3E%3B%20rel%3D%22next%22&%3E=%E5%AD%97&access_token=s";
        let ends = Ends { first: 2, last: Some(1) };
        let text = link(&site(), "/api/v1/timelines/tag/%E5%AD%97\"<>", query, ends).unwrap();
        assert!(HeaderValue::from_str(&text).unwrap().to_str().is_ok(), "{text}");
        assert_eq!(text.matches('<').count(), 2, "{text}");
        assert_eq!(text.matches('>').count(), 2, "{text}");
        assert_eq!(text.matches('"').count(), 4, "{text}");
        assert!(!text.contains("access_token") && !text.contains('\n'), "{text}");
    }
}
