//! What part of a thing an answer has, as its status and its headers say.

use super::Head;

/// The bytes of a body, of a whole of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The place of the first one.
    pub from: u64,
    pub length: u64,
    pub size: u64,
}

impl Head<'_> {
    /// The bytes that follow (RFC 9110, section 14.4): all of them with a 200, a part with a 206.
    /// `None`: it does not say, or contradicts itself.
    pub fn part(&self) -> Option<Part> {
        let (answer, length) = (self.answer, self.length?);
        if answer.status == 200 {
            return Some(Part { from: 0, length, size: length });
        }
        let (range, size) =
            answer.header("content-range")?.strip_prefix("bytes ")?.split_once('/')?;
        let (from, to) = range.split_once('-')?;
        let (from, to, size): (u64, u64, u64) =
            (from.parse().ok()?, to.parse().ok()?, size.parse().ok()?);
        let whole = to < size && to.checked_sub(from)?.checked_add(1)? == length;
        (answer.status == 206 && whole).then_some(Part { from, length, size })
    }
}

#[cfg(test)]
mod tests {
    use super::super::OutResponse;
    use super::*;

    #[test]
    fn s_114_what_an_answer_says_of_a_range_is_checked() {
        let found = |status: u16, range: &str, length: Option<u64>| {
            let answer = OutResponse {
                status,
                headers: vec![("content-range".to_owned(), range.to_owned())],
                body: Vec::new(),
                final_url: String::new(),
                retry_after: None,
            };
            Head { answer: &answer, length }.part()
        };
        let part = Part { from: 2, length: 3, size: 9 };
        assert_eq!(found(206, "bytes 2-4/9", Some(3)), Some(part));
        assert_eq!(found(200, "", Some(9)), Some(Part { from: 0, length: 9, size: 9 }));
        for (range, length) in [
            ("bytes 2-4/9", 4),
            ("bytes 4-2/9", 3),
            ("bytes 2-9/9", 8),
            ("bytes 0-18446744073709551615/18446744073709551615", 0),
            ("bytes 2-4/*", 3),
            ("items 2-4/9", 3),
            ("", 3),
        ] {
            assert_eq!(found(206, range, Some(length)), None, "{range}");
        }
        assert_eq!(found(200, "", None), None);
        assert_eq!(found(204, "", Some(0)), None);
    }
}
