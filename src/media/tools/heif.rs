//! What libheif's `heif-dec`, which was called `heif-convert` before, is asked to do. It puts
//! tiles together, turns and crops, and takes alpha along; each by itself, so that what comes out
//! is upright.

use std::ffi::OsString;
use std::path::Path;

use super::words;

/// Its arguments. It chooses how to write by the output's ending: `jpg` or `png`.
pub(super) fn arguments(input: &Path, output: &Path) -> Vec<OsString> {
    // the picture is coded once more by us: nearly nothing may be lost here
    let mut arguments = words(["-q", "98"]);
    arguments.extend([input.into(), output.into()]);
    arguments
}
