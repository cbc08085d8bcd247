//! A text as a QR code.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// A QR code as the path of an SVG image, whose unit is one dark or light square.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width and height, the quiet zone included.
    pub size: usize,
    /// For `d` of a `<path>`: all dark squares.
    pub path: String,
}

/// Light squares around the code, without which cameras do not find it.
const QUIET: usize = 4;

impl Picture {
    /// `None` where the text is too long for a code.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (at, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (at % width + QUIET, at / width + QUIET);
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Some(Self { size: width + 2 * QUIET, path })
    }

    /// A whole image.
    pub fn svg(&self) -> String {
        let Self { size, path } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" \
             shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}h-{size}z\"/>\
             <path fill=\"#000\" d=\"{path}\"/></svg>"
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_picture() {
        let picture = Picture::of("otpauth://totp/a:b?secret=MZXW6YTBOI").unwrap();
        assert!(picture.size >= 29 && picture.path.starts_with("M4 4h1v1h-1z"), "{picture:?}");
        assert!(picture.svg().starts_with("<svg ") && picture.svg().ends_with("</svg>"));
        assert_eq!(Picture::of(&"x".repeat(5000)), None);
    }
}
