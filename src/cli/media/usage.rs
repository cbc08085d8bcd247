//! `dassie media usage`.

use crate::cli::delivery::count;
use crate::cli::table;
use crate::clock;
use crate::config::Size;
use crate::control::{MediaShare, MediaUsage};

/// The overview.
pub(super) fn render(usage: &MediaUsage) -> String {
    let uploads =
        usage.uploads.iter().fold((0, 0), |sum, one| (sum.0 + one.files, sum.1 + one.bytes));
    let mut text = format!("Uploads: {}, {}\n", files(uploads.0), size(uploads.1));
    if usage.bucket.files > 0 {
        text += &format!(
            "In the bucket: {}, {}\n",
            files(usage.bucket.files),
            size(usage.bucket.bytes)
        );
    }
    text += &list("WHAT", &usage.uploads);
    let cache = &usage.cache;
    text += &format!(
        "\nCache of files of other servers: {}, {} of {}\n",
        files(cache.files),
        size(cache.bytes),
        Size(usage.cache_max_size)
    );
    if usage.kept.files > 0 {
        text += &format!(
            "Favourited or bookmarked: {}, {}\n",
            files(usage.kept.files),
            size(usage.kept.bytes)
        );
    }
    if usage.trash > 0 {
        text += &format!("About to be removed: {}\n", size(usage.trash));
    }
    if let Some((oldest, newest)) = usage.viewed {
        let (oldest, newest) = (clock::date(oldest), clock::date(newest));
        let when = if oldest == newest {
            format!("on {oldest}")
        } else {
            format!("between {oldest} and {newest}")
        };
        let days = count(usize::try_from(usage.cache_days).unwrap_or(0), "day");
        text += &format!("Last looked at {when}; after {days} they go\n");
    }
    for (heading, shares) in
        [("WHAT", &usage.classes), ("SERVER", &usage.hosts), ("ACCOUNT", &usage.accounts)]
    {
        if !shares.is_empty() {
            text.push('\n');
            text += &list(heading, shares);
        }
    }
    text += &format!(
        "\nFree on the disk: {}; at least {} stay free\n",
        Size(usage.free).rounded(),
        Size(usage.min_free_disk)
    );
    text
}

fn list(heading: &str, shares: &[MediaShare]) -> String {
    if shares.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = shares
        .iter()
        .map(|one| [one.name.clone(), one.files.to_string(), size(one.bytes)])
        .collect();
    table::render([heading, "FILES", "SIZE"], &rows)
}

/// `3 files`.
pub(super) fn files(number: i64) -> String {
    count(usize::try_from(number).unwrap_or(0), "file")
}

/// For people.
pub(super) fn size(bytes: i64) -> String {
    Size(u64::try_from(bytes).unwrap_or(0)).rounded()
}
