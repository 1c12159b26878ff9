//! Packs of stickers that the operator adds and removes.

use crate::*;
use plaza_billing::stickers::{self, Image, StickerError, own_packs, read_pack};

const MANIFEST: &str = "key = \"harbour\"\ntitle = \"Harbour\"\naccess = \"free\"\n\n[[sticker]]\nfile = \"gull.webp\"\n\
    emoji = \"\u{1F426}\"\ntext = \"A gull\"\n";

fn picture() -> &'static [u8] {
    match own_packs()[0].stickers[0].image {
        Image::Own(bytes) => bytes,
        Image::Blob(_) => panic!("it is in the program"),
    }
}

async fn add(world: &World) {
    let blobs = [world.ctx.uuid()];
    let add = async move |ctx: &Ctx, tx: &mut Tx| {
        let new = read_pack(MANIFEST, |_| Some(picture())).unwrap();
        stickers::add_pack(ctx, tx, &new, &blobs).await.map(drop)
    };
    world.db.transact(&world.ctx, "test.add_pack", add).await.unwrap();
}

async fn remove(world: &World, key: &'static str) -> Result<usize, StickerError> {
    let remove = async move |ctx: &Ctx, tx: &mut Tx| stickers::remove_pack(ctx, tx, key).await;
    world.db.transact(&world.ctx, "test.remove_pack", remove).await.map(|files| files.len())
}

async fn forget(world: &World) {
    let forget = async move |ctx: &Ctx, tx: &mut Tx| stickers::forget_pack(ctx, tx, "harbour").await;
    world.db.transact(&world.ctx, "test.forget_pack", forget).await.unwrap();
}

async fn sees(world: &World, pack: &'static str) -> Result<String, StickerError> {
    let read = async move |ctx: &Ctx, tx: &mut Tx| stickers::sticker(ctx, tx, (pack, "gull")).await;
    world.db.read(&world.ctx, "test.sticker", read).await.map(|sticker| sticker.name)
}

#[tokio::test]
async fn a_pack_that_came_in_the_place_of_a_removed_one_stays() {
    each_world(async |world| {
        add(&world).await;
        assert_eq!(remove(&world, "harbour").await.unwrap(), 1);
        assert_eq!(remove(&world, "harbour").await.unwrap(), 1, "somebody else removes it too");
        forget(&world).await;
        add(&world).await;
        forget(&world).await;
        assert_eq!(sees(&world, "harbour").await.unwrap(), "gull", "the other one's end does not touch it");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_key_is_no_pack() {
    each_world(async |world| {
        for key in ["", "\0", "har\0bour", "Harbour", "../harbour"] {
            assert!(matches!(sees(&world, key).await, Err(StickerError::NotFound)), "{key:?}");
            assert!(matches!(remove(&world, key).await, Err(StickerError::UnknownPack(_))), "{key:?}");
        }
    })
    .await;
}
