//! # API keys
//!
//! The tokens of a portfolio as its owner sees them: what each is called, how it ends, what it may do and until when. A
//! key is named by the fingerprint of its token, which tells nothing of the token itself. Making one shows the token
//! once; taking one back is for good.
//!
//! A key gives no more than its maker has, and nobody takes away the one that they are signed in with: that would lock
//! out whoever has no other.

use super::{Scope, Token, fingerprint, issue_token, store};
use crate::codes;
use crate::management::ManageError;
use crate::may_touch;
use plaza_billing::plans::{self, Entitlement, Holder};
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx, PortfolioId, Secret, Timestamp, limits};
use std::fmt;
use std::str::FromStr;

/// Keys of a portfolio that are in force, unless its plan gives it more.
const KEYS_MAX: usize = 100;
/// Keys of a portfolio that are in force, whatever its plan: the list has them all, after a smaller plan too.
const KEYS_LISTED_MAX: usize = 1_000;
/// Characters of a token by which its owner knows it again.
const ENDING_CHARACTERS: usize = 4;

/// Names a key: the fingerprint of its token, as hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub [u8; 32]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for KeyId {
    type Err = ManageError;
    fn from_str(text: &str) -> Result<Self, ManageError> {
        let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(ManageError::NotFound)
    }
}

/// A key that was not taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The id.
    pub key_id: KeyId,
    /// What its maker calls it; `None`: it was not made here.
    pub name: Option<String>,
    /// How the token ends.
    pub ending: Option<String>,
    /// The app that it calls for.
    pub app: AppId,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends; `None`: it does not.
    pub expires_at: Option<Timestamp>,
    /// It belongs to a system user, or to a partner, and reaches what these do.
    pub is_delegated: bool,
}

/// A key to make.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// For its maker.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends; `None`: it does not.
    pub expires_at: Option<Timestamp>,
}

/// The keys of a portfolio that are in force, the latest first.
pub async fn list(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Key>, ManageError> {
    if !may_touch(ctx, portfolio) {
        return Err(ManageError::NotFound);
    }
    Ok(store::keys(tx, portfolio, KEYS_LISTED_MAX).await?)
}

/// Makes a key for the app of `own`, the token that its maker is signed in with. The answer is the only time that the
/// new token is seen.
pub async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    own: &Token,
    new: &NewKey,
) -> Result<(KeyId, Secret<String>), ManageError> {
    if !may_touch(ctx, own.portfolio) || own.targets.is_some() {
        return Err(ManageError::NotFound);
    }
    let name = new.name.trim();
    if !(1..=limits::NAME_CHARACTERS_MAX).contains(&name.chars().count()) {
        let what = format!("write 1 to {} characters: what the key is for", limits::NAME_CHARACTERS_MAX);
        return Err(ManageError::invalid("name", &what));
    }
    if new.scopes.is_empty() || !new.scopes.iter().all(|scope| own.allows(*scope)) {
        return Err(ManageError::invalid("scopes", "one or more of those of your own key are needed"));
    }
    if new.expires_at.is_some_and(|at| at <= ctx.now()) {
        return Err(ManageError::invalid("expires_at", "a time to come is needed, or none"));
    }
    let keys_max = keys_max(ctx, tx, own.portfolio).await?;
    if store::keys(tx, own.portfolio, keys_max).await?.len() >= keys_max {
        let what = format!(
            "the business has {keys_max} keys: revoke one that is not used any more; a larger plan gives more"
        );
        return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
    }
    let token = issue_token(ctx, tx, own.app, own.portfolio, &new.scopes, new.expires_at).await?;
    let key = KeyId(fingerprint(&token.0));
    let cut = token.0.char_indices().rev().nth(ENDING_CHARACTERS - 1).map_or(0, |(at, _)| at);
    let ending = token.0.get(cut..).unwrap_or_default();
    store::name_token(tx, &key.0, name, ending).await?;
    Ok((key, token))
}

/// How many keys of a portfolio can be in force.
async fn keys_max(ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<usize, ManageError> {
    let given = plans::entitled(ctx, tx, Holder::Business(portfolio), Entitlement::ApiKeys).await?;
    let given = given.and_then(|given| usize::try_from(given).ok()).unwrap_or_default();
    Ok(given.clamp(KEYS_MAX, KEYS_LISTED_MAX))
}

/// Takes a key back. `own` is the one that the actor is signed in with.
pub async fn revoke(ctx: &Ctx, tx: &mut Tx, own: KeyId, key: KeyId) -> Result<(), ManageError> {
    let found = store::token(tx, &key.0).await?.filter(|token| may_touch(ctx, token.portfolio));
    found.ok_or(ManageError::NotFound)?;
    if own == key {
        let what = "you are signed in with this key: sign in with another one to revoke it";
        return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
    }
    store::revoke_token(ctx, tx, &key.0).await?;
    Ok(())
}
