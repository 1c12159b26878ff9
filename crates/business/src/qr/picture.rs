//! A QR code as a picture: SVG, and PNG of one bit a pixel.

use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// Modules of white around the code.
const BORDER: i32 = 4;
/// Pixels of a module.
const SCALE: i32 = 8;

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// `image/svg+xml` or `image/png`.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Draws an address. `None`: it is too long for a code.
pub fn draw(address: &str, is_png: bool) -> Option<Picture> {
    let code = QrCode::encode_text(address, QrCodeEcc::Medium).ok()?;
    Some(if is_png {
        Picture { media_type: "image/png", bytes: png(&code) }
    } else {
        Picture { media_type: "image/svg+xml", bytes: svg(&code).into_bytes() }
    })
}

fn svg(code: &QrCode) -> String {
    let side = code.size() + 2 * BORDER;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a string cannot fail.
            let _ = write!(path, "M{},{}h1v1h-1z", x + BORDER, y + BORDER);
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/><path d=\"{path}\"/></svg>"
    )
}

/// Grey of one bit, with the pixels uncompressed: a code is a few kilobytes at most.
fn png(code: &QrCode) -> Vec<u8> {
    let side = (code.size() + 2 * BORDER) * SCALE;
    let mut pixels = Vec::new();
    for y in 0..side {
        // No filter.
        pixels.push(0);
        for byte in 0..(side + 7) / 8 {
            let white = (0..8).fold(0_u8, |bits, bit| {
                let x = byte * 8 + bit;
                let is_black = code.get_module(x / SCALE - BORDER, y / SCALE - BORDER);
                (bits << 1) | u8::from(!is_black)
            });
            pixels.push(white);
        }
    }
    let side = u32::try_from(side).unwrap_or_default().to_be_bytes();
    let head = [&side[..], &side[..], &[1, 0, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut file, *b"IHDR", &head);
    chunk(&mut file, *b"IDAT", &stored(&pixels));
    chunk(&mut file, *b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    file.extend(u32::try_from(data.len()).unwrap_or_default().to_be_bytes());
    let checked = [&kind[..], data].concat();
    file.extend(&checked);
    file.extend(crc(&checked).to_be_bytes());
}

/// A zlib stream whose blocks are stored as they are.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let blocks = data.chunks(usize::from(u16::MAX)).count();
    for (index, block) in data.chunks(usize::from(u16::MAX)).enumerate() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        stream.push(u8::from(index + 1 == blocks));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    stream.extend(((b << 16) | a).to_be_bytes());
    stream
}

fn crc(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_their_form() {
        assert_eq!(crc(b"IEND"), 0xae42_6082, "as every PNG ends");
        assert_eq!(stored(b"Wikipedia").split_last_chunk().unwrap().1, &0x11e6_0398_u32.to_be_bytes());
        let png = draw("https://plaza.example/message/ABCDEFGHIJKLMN", true).unwrap();
        assert!(png.bytes.starts_with(b"\x89PNG") && png.media_type == "image/png");
        let svg = draw("https://plaza.example/message/ABCDEFGHIJKLMN", false).unwrap();
        assert!(String::from_utf8(svg.bytes).unwrap().contains("M4,4h1v1h-1z"));
        assert_eq!(draw(&"x".repeat(5000), false), None);
    }
}
