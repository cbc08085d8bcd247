//! Tables as plain text.

use super::output::printable;

/// A table with a heading; columns are as wide as they must be, two spaces apart.
pub(super) fn render<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let heading = heading.map(str::to_owned);
    let lines: Vec<[String; N]> = std::iter::once(&heading)
        .chain(rows)
        .map(|row| row.each_ref().map(|cell| printable(cell)))
        .collect();
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (width, cell) in widths.iter().zip(line) {
            row += &format!("{cell:width$}  ");
        }
        text += row.trim_end();
        text.push('\n');
    }
    text
}
