//! # Packs of stickers
//!
//! A pack is a handful of pictures that a person can send. Some packs are everybody's (`free`), some come with every plan
//! that gives all packs (`plus`), some are only sold by themselves (`once`): a plan of people names the packs that it
//! gives, as it names entitlements. Two packs are part of the program ([`own_packs`]); the operator adds others as a
//! folder with a `pack.toml` ([`read_pack`]).
//!
//! What is sold here is to *choose* from a pack. A sticker that was sent is a file like any other, encrypted for those who
//! read it: they need nothing, and learn nothing of what was bought. Without a right to a pack somebody sees its first
//! picture, the cover, and what the others are called.

mod file;
mod own;
pub(crate) mod store;

pub use file::{NewPack, NewSticker, PackFileError, images_of, read_pack};
pub use own::own_packs;

use crate::audit::{self, Act, On};
use crate::plans::{self, Audience, Entitlement, Holder, KEY_CHARACTERS_MAX, Plan, PlanError, is_key};
use plaza_db::{DbError, Row, Tx, params};
use plaza_protocol::{AccountId, Actor, BlobId, Ctx, words};
use std::collections::BTreeSet;
use std::fmt;

/// Packs that the operator can add.
pub const PACKS_MAX: i64 = 100;
/// Stickers of a pack.
pub const STICKERS_MAX: usize = 30;
/// Width and height of a sticker.
pub const SIDE_PX: u32 = 512;
/// Bytes of a sticker that does not move, as for those of businesses.
pub const STILL_BYTES_MAX: usize = 100 * 1024;
/// Bytes of one that moves.
pub const ANIMATED_BYTES_MAX: usize = 500 * 1024;
/// Characters of what is said about a sticker to who does not see it.
pub const TEXT_CHARACTERS_MAX: usize = 120;

words! {
    /// Who may use a pack.
    Access {
        /// Everybody.
        Free = "free",
        /// Who has a plan that gives all packs, or bought it by itself.
        Plus = "plus",
        /// Who bought it by itself.
        Once = "once",
    }
}

/// Where the picture of a sticker is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Image {
    /// In the program.
    Own(&'static [u8]),
    /// In the store of files.
    Blob(BlobId),
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(bytes) => write!(f, "Own({} bytes)", bytes.len()),
            Self::Blob(blob) => write!(f, "Blob({blob})"),
        }
    }
}

/// A sticker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sticker {
    /// Its name in the pack.
    pub name: String,
    /// What it stands for.
    pub emoji: String,
    /// What is seen on it.
    pub text: String,
    /// Whether it moves.
    pub is_animated: bool,
    /// Its size.
    pub bytes: i64,
    /// Its picture.
    pub image: Image,
}

/// A pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Its key.
    pub key: String,
    /// What people read.
    pub title: String,
    /// Who may use it.
    pub access: Access,
    /// Part of the program.
    pub is_own: bool,
    /// The stickers; the first is the cover.
    pub stickers: Vec<Sticker>,
}

impl Pack {
    /// Whether a plan gives it.
    pub fn is_given_by(&self, plan: &Plan) -> bool {
        let gives_all = plan.entitlements.iter().any(|(what, _)| *what == Entitlement::StickerPacks);
        (self.access == Access::Plus && gives_all) || plan.packs.contains(&self.key)
    }
}

/// A pack, as one person has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// The pack.
    pub pack: Pack,
    /// Whether they can send from it.
    pub may_use: bool,
    /// The plans that can be had and give it.
    pub plans: Vec<String>,
}

/// Something about packs cannot be done, and nothing was.
#[derive(Debug, thiserror::Error)]
pub enum StickerError {
    /// None, or nothing of the asker's.
    #[error("there is no such sticker")]
    NotFound,
    /// A pack that is known.
    #[error("there is no pack {0:?}: plaza stickers list has those that were added")]
    UnknownPack(String),
    /// Not without paying.
    #[error("this pack was not bought: only its cover can be seen")]
    NotEntitled,
    /// Its key is taken.
    #[error("there is a pack {0:?} already: remove it first, or choose another key")]
    Exists(String),
    /// It came with the program.
    #[error("the pack {0:?} is part of Plaza and cannot be removed")]
    PartOfPlaza(String),
    /// Enough.
    #[error("there are {PACKS_MAX} packs already: remove one first")]
    TooMany,
    /// The file of the pack.
    #[error(transparent)]
    File(#[from] PackFileError),
    /// Plans.
    #[error("plans")]
    Plan(#[from] PlanError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// The packs belong to the operator, and to Plaza itself.
fn require_operator(ctx: &Ctx) -> Result<(), StickerError> {
    match ctx.actor() {
        Actor::Operator | Actor::System => Ok(()),
        _ => Err(StickerError::NotFound),
    }
}

fn damaged() -> StickerError {
    StickerError::Plan(plans::DAMAGED)
}

fn pack_of(row: &Row) -> Result<Pack, StickerError> {
    Ok(Pack {
        key: row.get(0)?,
        title: row.get(1)?,
        access: Access::parse(&row.get::<String>(2)?).ok_or_else(damaged)?,
        is_own: false,
        stickers: Vec::new(),
    })
}

fn sticker_of(row: &Row) -> Result<Sticker, DbError> {
    Ok(Sticker {
        name: row.get(1)?,
        emoji: row.get(2)?,
        text: row.get(3)?,
        is_animated: row.get(4)?,
        bytes: row.get(5)?,
        image: Image::Blob(row.get(6)?),
    })
}

/// All packs: those of the program, then those that were added.
async fn all(tx: &mut Tx) -> Result<Vec<Pack>, StickerError> {
    let mut packs = own_packs().to_vec();
    for row in tx.query(store::PACKS, params![]).await? {
        packs.push(pack_of(&row)?);
    }
    for row in tx.query(store::STICKERS, params![]).await? {
        let key: String = row.get(0)?;
        if let Some(pack) = packs.iter_mut().find(|pack| pack.key == key && !pack.is_own) {
            pack.stickers.push(sticker_of(&row)?);
        }
    }
    packs.retain(|pack| !pack.stickers.is_empty());
    Ok(packs)
}

/// What a person may use: all packs of plans, and packs by themselves.
struct Rights {
    all: bool,
    packs: BTreeSet<String>,
}

impl Rights {
    async fn of(ctx: &Ctx, tx: &mut Tx, account: AccountId) -> Result<Self, StickerError> {
        let holder = Holder::Person(account);
        let all = plans::entitled(ctx, tx, holder, Entitlement::StickerPacks).await?.is_some();
        let rows = tx.query(store::GIVEN_PACKS, params![holder.to_string(), ctx.now()]).await?;
        let packs = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        Ok(Self { all, packs })
    }

    fn cover(&self, pack: &Pack) -> bool {
        match pack.access {
            Access::Free => true,
            Access::Plus => self.all || self.packs.contains(&pack.key),
            Access::Once => self.packs.contains(&pack.key),
        }
    }
}

/// The packs, as a person has them.
pub async fn packs_for(ctx: &Ctx, tx: &mut Tx, account: AccountId) -> Result<Vec<Offered>, StickerError> {
    plans::may_act(ctx, Holder::Person(account)).map_err(|_| StickerError::NotFound)?;
    let rights = Rights::of(ctx, tx, account).await?;
    let sold = plans::plans(ctx, tx, Audience::Person).await?;
    let offered = all(tx).await?.into_iter().map(|pack| {
        let given = sold.iter().filter(|plan| plan.is_offered && pack.is_given_by(plan));
        Offered { may_use: rights.cover(&pack), plans: given.map(|plan| plan.key.clone()).collect(), pack }
    });
    Ok(offered.collect())
}

async fn found(tx: &mut Tx, key: &str, name: &str) -> Result<(Pack, Sticker), StickerError> {
    if !is_key(key) {
        return Err(StickerError::NotFound);
    }
    let pack = match own_packs().iter().find(|each| each.key == key) {
        Some(own) => own.clone(),
        None => {
            let row = tx.query_one(store::PACK, params![key]).await?.ok_or(StickerError::NotFound)?;
            let rows = tx.query(store::STICKERS_OF, params![key]).await?;
            Pack { stickers: rows.iter().map(sticker_of).collect::<Result<_, _>>()?, ..pack_of(&row)? }
        }
    };
    let sticker = pack.stickers.iter().find(|each| each.name == name).cloned();
    Ok((pack, sticker.ok_or(StickerError::NotFound)?))
}

/// The picture of a sticker for a person; of a pack that is not theirs, the cover only.
pub async fn sticker_for(
    ctx: &Ctx,
    tx: &mut Tx,
    account: AccountId,
    (pack, name): (&str, &str),
) -> Result<Sticker, StickerError> {
    plans::may_act(ctx, Holder::Person(account)).map_err(|_| StickerError::NotFound)?;
    let (pack, sticker) = found(tx, pack, name).await?;
    let is_cover = pack.stickers.first() == Some(&sticker);
    if is_cover || Rights::of(ctx, tx, account).await?.cover(&pack) {
        Ok(sticker)
    } else {
        Err(StickerError::NotEntitled)
    }
}

/// All packs with the plans that give each; for the operator.
pub async fn packs(ctx: &Ctx, tx: &mut Tx) -> Result<Vec<(Pack, Vec<String>)>, StickerError> {
    require_operator(ctx)?;
    let sold = plans::plans(ctx, tx, Audience::Person).await?;
    let with_plans = all(tx).await?.into_iter().map(|pack| {
        let given = sold.iter().filter(|plan| plan.is_offered && pack.is_given_by(plan));
        let plans = given.map(|plan| plan.key.clone()).collect();
        (pack, plans)
    });
    Ok(with_plans.collect())
}

/// Any sticker; for the operator.
pub async fn sticker(ctx: &Ctx, tx: &mut Tx, (pack, name): (&str, &str)) -> Result<Sticker, StickerError> {
    require_operator(ctx)?;
    found(tx, pack, name).await.map(|(_, sticker)| sticker)
}

/// Adds a pack whose pictures are in the store of files already, under these ids.
pub async fn add_pack(
    ctx: &Ctx,
    tx: &mut Tx,
    new: &NewPack<'_>,
    blobs: &[BlobId],
) -> Result<Pack, StickerError> {
    require_operator(ctx)?;
    let exists = || StickerError::Exists(new.key.clone());
    if own_packs().iter().any(|pack| pack.key == new.key) {
        return Err(exists());
    }
    let known: i64 = tx.query_one(store::COUNT_PACKS, params![]).await?.ok_or_else(damaged)?.get(0)?;
    if known >= PACKS_MAX {
        return Err(StickerError::TooMany);
    }
    let row = params![new.key.as_str(), new.title.as_str(), new.access.as_str(), ctx.now()];
    if tx.execute(store::INSERT_PACK, row).await? == 0 {
        return Err(exists());
    }
    let mut stickers = Vec::new();
    for ((position, each), blob) in (0_i64..).zip(&new.stickers).zip(blobs) {
        let sticker = Sticker {
            name: each.name.clone(),
            emoji: each.emoji.clone(),
            text: each.text.clone(),
            is_animated: each.is_animated,
            bytes: i64::try_from(each.image.len()).unwrap_or(i64::MAX),
            image: Image::Blob(*blob),
        };
        let row = params![
            new.key.as_str(),
            sticker.name.as_str(),
            position,
            sticker.emoji.as_str(),
            sticker.text.as_str(),
            sticker.is_animated,
            sticker.bytes,
            *blob
        ];
        tx.execute(store::INSERT_STICKER, row).await?;
        stickers.push(sticker);
    }
    let details = serde_json::json!({
        "title": new.title, "access": new.access.as_str(), "stickers": stickers.len(),
    });
    audit::note(ctx, tx, Act::StickerPackAdded, On::of(&new.key), details).await?;
    Ok(Pack { key: new.key.clone(), title: new.title.clone(), access: new.access, is_own: false, stickers })
}

/// Takes a pack away from everybody; its files, which are to be deleted before [`forget_pack`]. A pack whose files could
/// not be deleted is asked for again.
pub async fn remove_pack(ctx: &Ctx, tx: &mut Tx, key: &str) -> Result<Vec<BlobId>, StickerError> {
    require_operator(ctx)?;
    let shown: String = key.chars().take(KEY_CHARACTERS_MAX).collect();
    if own_packs().iter().any(|pack| pack.key == key) {
        return Err(StickerError::PartOfPlaza(shown));
    }
    if !is_key(key) || tx.execute(store::HIDE_PACK, params![key]).await? == 0 {
        return Err(StickerError::UnknownPack(shown));
    }
    let rows = tx.query(store::FILES_OF_PACK, params![key]).await?;
    let files = rows.iter().map(|row| row.get(0)).collect::<Result<Vec<_>, _>>()?;
    audit::note(ctx, tx, Act::StickerPackRemoved, On::of(key), serde_json::json!({"files": files.len()}))
        .await?;
    Ok(files)
}

/// The files of a pack are gone: its rows follow.
pub async fn forget_pack(ctx: &Ctx, tx: &mut Tx, key: &str) -> Result<(), StickerError> {
    require_operator(ctx)?;
    tx.execute(store::DELETE_STICKERS, params![key]).await?;
    tx.execute(store::DELETE_PACK, params![key]).await?;
    Ok(())
}
