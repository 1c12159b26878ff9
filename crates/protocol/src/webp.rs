//! What the header of a WebP file says: the format of stickers.
//!
//! A file is a RIFF container; its first chunk is a picture (`VP8 ` or `VP8L`), or `VP8X`, which has the size and flags of
//! what follows. Only the header is read: nothing here decodes a picture.

/// The flag of an extended header that says: several frames.
const ANIMATION: u8 = 0b10;

/// Whether the file says of itself that it is WebP.
pub fn is_webp(file: &[u8]) -> bool {
    file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP")
}

/// Whether it has several frames.
pub fn is_animated(file: &[u8]) -> bool {
    is_webp(file)
        && file.get(12..16) == Some(b"VP8X")
        && file.get(20).is_some_and(|flags| flags & ANIMATION != 0)
}

/// Whether all of the file is there, as its header counts.
pub fn is_whole(file: &[u8]) -> bool {
    let counted = file.get(4..8).and_then(|size| size.try_into().ok()).map(u32::from_le_bytes);
    let counted = counted.and_then(|counted| usize::try_from(counted).ok());
    is_webp(file) && counted.is_some_and(|counted| counted <= file.len().saturating_sub(8))
}

/// Width and height.
pub fn pixels(file: &[u8]) -> Option<(u32, u32)> {
    if !is_webp(file) {
        return None;
    }
    let le16 = |at: usize| match file.get(at..)? {
        [low, high, ..] => Some(u32::from(u16::from_le_bytes([*low, *high]))),
        _ => None,
    };
    let le24 = |at: usize| match file.get(at..)? {
        [low, middle, high, ..] => Some(u32::from_le_bytes([*low, *middle, *high, 0])),
        _ => None,
    };
    match file.get(12..16)? {
        b"VP8X" => Some((le24(24)?.saturating_add(1), le24(27)?.saturating_add(1))),
        // 14 bits each, after a byte that is always the same.
        b"VP8L" => {
            let bits = u32::from_le_bytes(file.get(21..25)?.try_into().ok()?);
            let is_lossless = *file.get(20)? == 0x2f;
            is_lossless
                .then_some(((bits & 0x3fff).saturating_add(1), ((bits >> 14) & 0x3fff).saturating_add(1)))
        }
        b"VP8 " => {
            let has_start = file.get(23..26)? == [0x9d, 0x01, 0x2a];
            let size = (le16(26)? & 0x3fff, le16(28)? & 0x3fff);
            has_start.then_some(size)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_size_and_frames() {
        let extended = b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\x01\0\x0f\0\0";
        assert_eq!((pixels(extended), is_animated(extended)), (Some((512, 16)), true));
        assert!(is_whole(extended) && !is_whole(&extended[..20]));
        let lossless = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";
        assert_eq!((pixels(lossless), is_animated(lossless)), (Some((1, 1)), false));
        let lossy = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x00\x02\x10\x00";
        assert_eq!(pixels(lossy), Some((512, 16)));
        for end in 0..extended.len() {
            let _ = (pixels(&extended[..end]), is_animated(&extended[..end]), is_whole(&extended[..end]));
        }
        assert_eq!(pixels(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02"), None);
    }
}
