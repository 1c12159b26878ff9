//! The packs that come with Plaza. Each lies in `data/stickers`: `pack.toml`, the drawings, and beside each drawing the
//! picture that `web/scripts/stickers.mjs` made of it.

use super::{Image, Pack, Sticker, read_pack};
use std::sync::LazyLock;

struct Folder {
    toml: &'static str,
    images: &'static [(&'static str, &'static [u8])],
}

macro_rules! folder {
    ($pack:literal: $($name:literal)*) => {
        Folder {
            toml: include_str!(concat!("../../data/stickers/", $pack, "/pack.toml")),
            images: &[$((
                concat!($name, ".webp"),
                include_bytes!(concat!("../../data/stickers/", $pack, "/", $name, ".webp")).as_slice(),
            )),*],
        }
    };
}

const FOLDERS: [Folder; 2] = [
    folder!("pigeon": "hello" "yes" "no" "thanks" "laugh" "love" "party" "coffee" "thinking" "on-my-way" "sad"
        "good-night"),
    folder!("market-day": "tomato" "sunflower" "avocado" "olive" "cheese" "bread" "egg" "lemon" "ice-cream" "chili"),
];

/// `None` is a mistake of ours, which a test finds.
fn pack(folder: &Folder) -> Option<Pack> {
    let image = |name: &str| folder.images.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes);
    let read = read_pack(folder.toml, image).ok()?;
    let stickers = read.stickers.into_iter().map(|each| Sticker {
        name: each.name,
        emoji: each.emoji,
        text: each.text,
        is_animated: each.is_animated,
        bytes: i64::try_from(each.image.len()).unwrap_or(i64::MAX),
        image: Image::Own(each.image),
    });
    Some(Pack {
        key: read.key,
        title: read.title,
        access: read.access,
        is_own: true,
        stickers: stickers.collect(),
    })
}

static PACKS: LazyLock<Vec<Pack>> = LazyLock::new(|| FOLDERS.iter().filter_map(pack).collect());

/// The packs that are part of the program.
pub fn own_packs() -> &'static [Pack] {
    &PACKS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::PlanSource;

    #[test]
    fn the_packs_that_come_with_plaza_are_good() {
        for folder in &FOLDERS {
            let read = read_pack(folder.toml, |name| {
                folder.images.iter().find(|(file, _)| *file == name).map(|(_, bytes)| *bytes)
            });
            assert_eq!(read.map(|pack| pack.stickers.len()), Ok(folder.images.len()));
        }
        let kinds: Vec<_> =
            own_packs().iter().map(|pack| (pack.key.as_str(), pack.access.as_str())).collect();
        assert_eq!(kinds, [("pigeon", "free"), ("market-day", "plus")]);
        assert!(own_packs().iter().all(|pack| pack.stickers.iter().any(|each| each.is_animated)));
        assert!(PlanSource::reference().toml.contains("packs = [\"market-day\"]"), "it is sold alone, too");
    }
}
