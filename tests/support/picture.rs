//! Small real images, with what cameras and people hide in them, and forms that carry them.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::{Person, Request};

/// A picture whose left upper corner is red, right upper green, left lower blue, the rest white.
pub fn corners(width: u32, height: u32) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        match (x < width / 2, y < height / 2) {
            (true, true) => Rgb([230, 20, 20]),
            (false, true) => Rgb([20, 200, 20]),
            (true, false) => Rgb([20, 20, 220]),
            (false, false) => Rgb([250, 250, 250]),
        }
    }))
}

/// Coded in a format.
pub fn coded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    image.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// Noise, which no coding makes small.
pub fn noise(width: u32, height: u32) -> DynamicImage {
    let mut state = 1_u32;
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |_, _| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, a, b, c] = state.to_le_bytes();
        Rgb([a, b, c])
    }))
}

/// An animation of two frames.
pub fn moving(width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut out);
        encoder.set_repeat(image::codecs::gif::Repeat::Infinite).unwrap();
        for colour in [[255, 0, 0, 255], [0, 0, 255, 255]] {
            let frame = RgbaImage::from_pixel(width, height, Rgba(colour));
            encoder.encode_frame(image::Frame::new(frame)).unwrap();
        }
    }
    out
}

/// A JPEG file with an EXIF block that says how to turn it and where it was taken, a colour
/// profile, a comment and something behind its end.
pub fn photo(image: &DynamicImage, orientation: u8, profile: &[u8]) -> Vec<u8> {
    let plain = coded(image, ImageFormat::Jpeg);
    let mut out = plain[..2].to_vec();
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend_from_slice(&[0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
    exif.extend_from_slice(&[0x0e, 0x01, 2, 0, 16, 0, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0]);
    exif.extend_from_slice(b"GPS 52.5N 13.4E\0");
    segment(&mut out, 0xe1, &exif);
    segment(&mut out, 0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret</x:xmpmeta>");
    if !profile.is_empty() {
        let mut icc = b"ICC_PROFILE\0\x01\x01".to_vec();
        icc.extend_from_slice(profile);
        segment(&mut out, 0xe2, &icc);
    }
    segment(&mut out, 0xfe, b"a comment that is secret");
    out.extend_from_slice(&plain[2..]);
    out.extend_from_slice(b"PK\x03\x04 hidden archive <script>alert(1)</script>");
    out
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend_from_slice(&[0xff, marker]);
    out.extend_from_slice(&u16::try_from(body.len() + 2).unwrap().to_be_bytes());
    out.extend_from_slice(body);
}

/// A PNG file that announces a size and has nothing more.
pub fn announced(width: u32, height: u32) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = b"IHDR".to_vec();
    head.extend_from_slice(&width.to_be_bytes());
    head.extend_from_slice(&height.to_be_bytes());
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    out.extend_from_slice(&13_u32.to_be_bytes());
    out.extend_from_slice(&head);
    out.extend_from_slice(&crc(&head).to_be_bytes());
    let end = b"IDAT";
    out.extend_from_slice(&0_u32.to_be_bytes());
    out.extend_from_slice(end);
    out.extend_from_slice(&crc(end).to_be_bytes());
    out
}

/// The check sum of PNG and ZIP.
pub fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
        })
    })
}

/// One part of a form: a text, or a file with a name.
pub enum Part<'a> {
    Text(&'a str, &'a str),
    File(&'a str, &'a str, &'a [u8]),
}

/// A multipart form.
pub fn form(request: Request, parts: &[Part<'_>]) -> Request {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(b"--xyz\r\ncontent-disposition: form-data; name=\"");
        match part {
            Part::Text(name, text) => {
                body.extend_from_slice(format!("{name}\"\r\n\r\n{text}").as_bytes());
            }
            Part::File(name, file, data) => {
                let head =
                    format!("{name}\"; filename=\"{file}\"\r\ncontent-type: image/png\r\n\r\n");
                body.extend_from_slice(head.as_bytes());
                body.extend_from_slice(data);
            }
        }
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xyz--\r\n");
    request.body(body, "multipart/form-data; boundary=xyz")
}

impl Person {
    /// Uploads a file and answers what came back when it was processed, however busy the machine.
    #[track_caller]
    pub fn uploads(&self, data: &[u8]) -> super::Answer {
        let request = self.request("POST", "/api/v1/media");
        form(request, &[Part::File("file", "a.png", data)]).send()
    }

    /// Uploads a small picture and answers its id.
    #[track_caller]
    pub fn picture(&self) -> String {
        let media = self.uploads(&coded(&corners(16, 12), ImageFormat::Png)).ok();
        media["id"].as_str().unwrap().to_owned()
    }
}
