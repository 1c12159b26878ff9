//! # A pack as files
//!
//! A folder with `pack.toml` and the pictures that it names. Everything is looked at before anything is written, by the
//! command line as by the server; a fault names the file and what is wrong with it.

use super::{ANIMATED_BYTES_MAX, Access, SIDE_PX, STICKERS_MAX, STILL_BYTES_MAX, TEXT_CHARACTERS_MAX};
use crate::plans::is_key;
use plaza_protocol::{limits::NAME_CHARACTERS_MAX, webp};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Bytes of an emoji: the longest families have that many.
const EMOJI_BYTES_MAX: usize = 35;
/// How the pictures' files end.
const ENDING: &str = ".webp";

/// A pack cannot be used. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackFileError {
    /// No pack.
    #[error("pack.toml cannot be read: {0}")]
    Toml(String),
    /// A member.
    #[error("pack.toml: {member}: {what}")]
    Member {
        /// Which.
        member: String,
        /// What is expected.
        what: String,
    },
    /// A picture.
    #[error("{file}: {what}")]
    Image {
        /// Its file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    key: String,
    title: String,
    access: String,
    sticker: Vec<StickerRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StickerRow {
    file: String,
    emoji: String,
    text: String,
}

/// A sticker with its picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSticker<'a> {
    /// Its name in the pack: that of its file.
    pub name: String,
    /// What it stands for.
    pub emoji: String,
    /// What is seen on it.
    pub text: String,
    /// Whether it moves.
    pub is_animated: bool,
    /// Its picture.
    pub image: &'a [u8],
}

/// A pack that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPack<'a> {
    /// Its key.
    pub key: String,
    /// What people read.
    pub title: String,
    /// Who may use it.
    pub access: Access,
    /// The stickers; the first is the cover.
    pub stickers: Vec<NewSticker<'a>>,
}

fn member(member: impl Into<String>, what: impl Into<String>) -> PackFileError {
    PackFileError::Member { member: member.into(), what: what.into() }
}

fn is_words(text: &str, characters_max: usize) -> bool {
    !text.trim().is_empty() && text.chars().count() <= characters_max && !text.chars().any(char::is_control)
}

fn checked(toml: &str) -> Result<(File, Access), PackFileError> {
    let file: File = toml::from_str(toml).map_err(|error| PackFileError::Toml(error.to_string()))?;
    if !is_key(&file.key) {
        return Err(member("key", "1 to 40 small letters, digits and hyphens are needed"));
    }
    if !is_words(&file.title, NAME_CHARACTERS_MAX) {
        return Err(member("title", format!("1 to {NAME_CHARACTERS_MAX} characters are needed")));
    }
    let access =
        Access::parse(&file.access).ok_or_else(|| member("access", "free, plus or once is needed"))?;
    if !(1..=STICKERS_MAX).contains(&file.sticker.len()) {
        return Err(member("sticker", format!("a pack has 1 to {STICKERS_MAX} stickers")));
    }
    let mut names = BTreeSet::new();
    for (each, at) in file.sticker.iter().zip(1_usize..) {
        let of = |part: &str| format!("sticker {at}: {part}");
        if !each.file.strip_suffix(ENDING).is_some_and(is_key) {
            let what = "1 to 40 small letters, digits and hyphens are needed, then .webp";
            return Err(member(of("file"), what));
        }
        if !names.insert(each.file.as_str()) {
            return Err(member(of("file"), "another sticker has it"));
        }
        let is_emoji = each.emoji.len() <= EMOJI_BYTES_MAX && !each.emoji.is_empty() && {
            each.emoji.chars().all(|one| !one.is_alphabetic() && !one.is_whitespace() && !one.is_control())
        };
        if !is_emoji {
            return Err(member(of("emoji"), "one emoji is needed"));
        }
        if !is_words(&each.text, TEXT_CHARACTERS_MAX) {
            let what = format!("what is seen on it, in 1 to {TEXT_CHARACTERS_MAX} characters, is needed");
            return Err(member(of("text"), what));
        }
    }
    Ok((file, access))
}

/// The files that a `pack.toml` names, in their order.
pub fn images_of(toml: &str) -> Result<Vec<String>, PackFileError> {
    Ok(checked(toml)?.0.sticker.into_iter().map(|each| each.file).collect())
}

/// What is wrong with a picture; `None`: nothing.
fn fault(image: &[u8]) -> Option<String> {
    if !webp::is_webp(image) {
        return Some("it is no WebP picture: its first bytes are those of something else".to_owned());
    }
    let most = if webp::is_animated(image) { ANIMATED_BYTES_MAX } else { STILL_BYTES_MAX };
    if image.len() > most {
        let kind = if webp::is_animated(image) { "one that moves" } else { "one that does not move" };
        return Some(format!("it has {} bytes; {kind} may have {most}", image.len()));
    }
    if !webp::is_whole(image) {
        return Some("its end is missing".to_owned());
    }
    match webp::pixels(image) {
        Some((SIDE_PX, SIDE_PX)) => None,
        Some((width, height)) => {
            Some(format!("it has {width} by {height} pixels; {SIDE_PX} by {SIDE_PX} are needed"))
        }
        None => Some("its header cannot be read".to_owned()),
    }
}

/// Reads a pack: what `pack.toml` says, and each picture that it names.
pub fn read_pack<'a>(
    toml: &str,
    image: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<NewPack<'a>, PackFileError> {
    let (file, access) = checked(toml)?;
    let mut stickers = Vec::with_capacity(file.sticker.len());
    for each in file.sticker {
        let wrong = |what: String| PackFileError::Image { file: each.file.clone(), what };
        let image =
            image(&each.file).ok_or_else(|| wrong("pack.toml names it, and it is not there".to_owned()))?;
        if let Some(what) = fault(image) {
            return Err(wrong(what));
        }
        stickers.push(NewSticker {
            name: each.file.trim_end_matches(ENDING).to_owned(),
            emoji: each.emoji,
            text: each.text,
            is_animated: webp::is_animated(image),
            image,
        });
    }
    Ok(NewPack { key: file.key, title: file.title, access, stickers })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "key = \"cats\"\ntitle = \"Cats\"\naccess = \"free\"\n\
        [[sticker]]\nfile = \"nap.webp\"\nemoji = \"😴\"\ntext = \"A cat naps\"\n";

    /// The header of a picture, filled up to so many bytes.
    fn picture(flags: u8, side: u16, bytes: usize) -> Vec<u8> {
        let [low, high] = (side - 1).to_le_bytes();
        let size = u32::try_from(bytes - 8).unwrap().to_le_bytes();
        let mut file = b"RIFF".to_vec();
        file.extend(size);
        file.extend(b"WEBPVP8X\x0a\0\0\0");
        file.extend([flags, 0, 0, 0, low, high, 0, low, high, 0]);
        file.resize(bytes, 0);
        file
    }

    fn refused(toml: &str, image: Option<&[u8]>) -> String {
        read_pack(toml, |_| image).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_pack_says_what_is_wrong() {
        let fine = picture(0, 512, 1000);
        assert_eq!(read_pack(GOOD, |_| Some(&fine)).unwrap().stickers.len(), 1);
        let cases: [(&str, &str, &str); 12] = [
            ("\"cats\"", "\"Cats!\"", "key: 1 to 40 small letters"),
            ("\"Cats\"", "\" \"", "title: 1 to 64"),
            ("\"free\"", "\"cheap\"", "access: free, plus or once"),
            ("nap.webp", "nap.png", "sticker 1: file"),
            ("nap.webp", "../nap.webp", "sticker 1: file"),
            ("nap.webp", ".webp", "sticker 1: file"),
            ("😴", "cat", "sticker 1: emoji"),
            ("😴", "", "sticker 1: emoji"),
            ("A cat naps", "", "sticker 1: text"),
            ("A cat naps", "A\\ncat", "sticker 1: text"),
            ("title", "name", "unknown field"),
            ("[[sticker]]", "[[sticker]", "cannot be read"),
        ];
        for (from, to, expected) in cases {
            let said = refused(&GOOD.replace(from, to), Some(&fine));
            assert!(said.contains(expected), "{to}: {said}");
        }
        let (head, rest) = GOOD.split_once("[[").unwrap();
        let twice = format!("{GOOD}[[{rest}");
        assert!(refused(&twice, Some(&fine)).contains("sticker 2: file: another sticker has it"));
        let sticker =
            |n: usize| format!("[[sticker]]\nfile = \"s{n}.webp\"\nemoji = \"😴\"\ntext = \"A cat naps\"\n");
        let with = |count: usize| format!("{head}{}", (0..count).map(sticker).collect::<String>());
        assert!(read_pack(&with(STICKERS_MAX), |_| Some(&fine)).is_ok());
        assert!(refused(&with(STICKERS_MAX + 1), Some(&fine)).contains("1 to 30 stickers"));
        assert!(refused(&format!("sticker = []\n{head}"), Some(&fine)).contains("1 to 30 stickers"));
    }

    #[test]
    fn a_wrong_picture_says_its_file_and_what_is_wrong() {
        const ANIMATED: u8 = 0b10;
        for (image, expected) in [
            (None, "nap.webp: pack.toml names it"),
            (Some(b"\x89PNG\r\n\x1a\n".to_vec()), "nap.webp: it is no WebP"),
            (Some(picture(0, 511, 1000)), "nap.webp: it has 511 by 511 pixels"),
            (Some(picture(0, 512, STILL_BYTES_MAX + 1)), "one that does not move may have 102400"),
            (Some(picture(ANIMATED, 512, ANIMATED_BYTES_MAX + 1)), "one that moves may have 512000"),
            (Some(picture(0, 512, 1000)[..900].to_vec()), "its end is missing"),
            (Some(b"RIFF\x04\0\0\0WEBP".to_vec()), "its header cannot be read"),
        ] {
            let said = refused(GOOD, image.as_deref());
            assert!(said.contains(expected), "{said}");
        }
        for (image, is_animated) in
            [(picture(0, 512, STILL_BYTES_MAX), false), (picture(ANIMATED, 512, ANIMATED_BYTES_MAX), true)]
        {
            assert_eq!(read_pack(GOOD, |_| Some(&image)).unwrap().stickers[0].is_animated, is_animated);
        }
    }
}
