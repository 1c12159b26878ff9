//! # App stores
//!
//! A person buys in an app store, and the store's word is the only one that counts. A client hands over a *proof* that the
//! store gave it; [`Store::verify`] makes a [`Receipt`] of it by asking the store. Notifications of stores are hints: each
//! leads to a look-up, and purchases are looked up again at their end and once a day, so that one that got lost is found.
//! What a receipt means for entitlements and money is told in `plans::apply_receipt` of the crate of billing.

pub mod apple;
pub mod google;
pub mod sandbox;

use async_trait::async_trait;
use plaza_billing::plans::{self, Purchase, PurchaseError, Receipt, Term};
use plaza_db::{Db, DbError, Tx};
use plaza_protocol::{AccountId, Actor, Chain, Ctx, Currency, Micros, PurchaseId};
use std::sync::Arc;

/// A store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store does not know it, or it is not signed by the store.
    #[error("the store does not know this purchase: {0}")]
    NotGenuine(String),
    /// The store says no to the buyer.
    #[error("{0}")]
    Declined(String),
    /// What was asked cannot be done here.
    #[error("{0}")]
    Refused(String),
    /// A notification that its store did not sign.
    #[error("the notification is not signed by the store: {0}")]
    Unsigned(String),
    /// No answer, or one that says nothing.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
}

/// What somebody wants to buy, where the store has no page of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// Who.
    pub account: AccountId,
    /// What: `plus.month`.
    pub product: String,
    /// For how long.
    pub term: Term,
    /// What it costs.
    pub price: Micros,
    /// Of it.
    pub currency: Currency,
    /// Days before the first payment; 0: none.
    pub trial_days: i64,
    /// What the person pays with: which fault the built-in store has.
    pub token: String,
}

/// What somebody tells in the name of a store.
#[derive(Debug, Clone, Copy)]
pub struct Notification<'a> {
    /// Whole.
    pub body: &'a [u8],
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
}

/// An app store.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// As it stands in rows and, but for the built-in one, in the name of its clearing account.
    fn name(&self) -> &'static str;
    /// How things stand with what a client says that it bought.
    async fn verify(&self, ctx: &Ctx, proof: &str) -> Result<Receipt, StoreError>;
    /// How a purchase stands, by the store's name for it.
    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Receipt, StoreError>;
    /// Which purchase a notification is about; `None`: it is about none. It is believed nothing else.
    async fn read_notification(
        &self,
        ctx: &Ctx,
        notification: &Notification<'_>,
    ) -> Result<Option<String>, StoreError>;
    /// Tells the store that the person has what was bought.
    async fn acknowledge(&self, _ctx: &Ctx, _receipt: &Receipt) -> Result<(), StoreError> {
        Ok(())
    }
    /// Where a person ends a subscription; `None`: here.
    fn manage_url(&self) -> Option<&'static str> {
        None
    }
    /// Buys, where the store has no page of its own: the proof.
    async fn check_out(&self, _ctx: &Ctx, _basket: Basket) -> Result<String, StoreError> {
        Err(StoreError::Refused("this is bought in the app store".to_owned()))
    }
    /// Stops the renewal, or lets it go on.
    async fn set_renewal(&self, _ctx: &Ctx, _reference: &str, _renews: bool) -> Result<(), StoreError> {
        Err(StoreError::Refused("this is canceled in the app store".to_owned()))
    }
    /// Gives the last payment of a purchase back, or so much of it. Whether the store tells of it.
    async fn refund(
        &self,
        _ctx: &Ctx,
        _reference: &str,
        _amount: Option<Micros>,
    ) -> Result<bool, StoreError> {
        Err(StoreError::Refused("refunds are made in the app store".to_owned()))
    }
}

/// A purchase could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum BuyError {
    /// The network sells through no such store.
    #[error("this network does not sell in the store {0:?}")]
    NoStore(String),
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The purchase.
    #[error("{0}")]
    Purchase(#[from] PurchaseError),
    /// The storage failed.
    #[error("storage")]
    Db(#[from] DbError),
}

/// What a look at the stores brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Looked {
    /// Purchases whose store answered.
    pub answered: usize,
    /// Purchases whose store did not.
    pub failed: usize,
}

/// The stores of a network.
#[derive(Debug, Clone)]
pub struct Stores {
    db: Db,
    stores: Vec<Arc<dyn Store>>,
}

/// Characters of a proof: a signed transaction has some thousands.
const PROOF_BYTES_MAX: usize = 64 * 1024;

impl Stores {
    /// The stores through which a network sells.
    pub fn new(db: Db, stores: Vec<Arc<dyn Store>>) -> Self {
        Self { db, stores }
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &dyn Store> {
        self.stores.iter().map(|store| &**store)
    }

    fn store(&self, name: &str) -> Result<Arc<dyn Store>, BuyError> {
        let found = self.stores.iter().find(|store| store.name() == name);
        found.cloned().ok_or_else(|| BuyError::NoStore(name.chars().take(40).collect()))
    }

    /// Where a person ends what was bought in a store; `None`: here.
    pub fn manage_url(&self, name: &str) -> Option<&'static str> {
        self.store(name).ok()?.manage_url()
    }

    async fn take_over(
        &self,
        ctx: &Ctx,
        (store, by): (&dyn Store, Option<AccountId>),
        receipt: Receipt,
    ) -> Result<Option<Purchase>, BuyError> {
        let kept = receipt.clone();
        let apply = async move |ctx: &Ctx, tx: &mut Tx| plans::apply_receipt(ctx, tx, by, &kept).await;
        let purchase = self.db.transact(ctx, "stores.apply", apply).await?;
        // Told again at the next look-up if it gets lost.
        if purchase.as_ref().is_some_and(|purchase| purchase.state.gives())
            && let Err(error) = store.acknowledge(ctx, &receipt).await
        {
            tracing::warn!(store = store.name(), error = %Chain(&error), "a purchase could not be acknowledged");
        }
        Ok(purchase)
    }

    /// A person shows what they bought. The same proof again changes nothing.
    pub async fn submit(
        &self,
        ctx: &Ctx,
        account: AccountId,
        (store, proof): (&str, &str),
    ) -> Result<Purchase, BuyError> {
        let store = self.store(store)?;
        if proof.len() > PROOF_BYTES_MAX {
            return Err(StoreError::NotGenuine("it is too long".to_owned()).into());
        }
        let receipt = store.verify(ctx, proof).await?;
        let taken = self.take_over(ctx, (&*store, Some(account)), receipt).await?;
        taken.ok_or_else(|| PurchaseError::NotFound.into())
    }

    /// A person buys in a store that has no page of its own.
    pub async fn buy(&self, ctx: &Ctx, store: &str, basket: Basket) -> Result<Purchase, BuyError> {
        let account = basket.account;
        let proof = self.store(store)?.check_out(ctx, basket).await?;
        self.submit(ctx, account, (store, &proof)).await
    }

    /// A person stops a renewal, or takes that back.
    pub async fn set_renewal(
        &self,
        ctx: &Ctx,
        account: AccountId,
        (id, renews): (PurchaseId, bool),
    ) -> Result<Purchase, BuyError> {
        let read = async move |ctx: &Ctx, tx: &mut Tx| plans::purchase(ctx, tx, account, id).await;
        let purchase = self.db.read(ctx, "stores.purchase", read).await?;
        let store = self.store(&purchase.store)?;
        store.set_renewal(ctx, &purchase.reference, renews).await?;
        let receipt = store.look_up(ctx, &purchase.reference).await?;
        let taken = self.take_over(ctx, (&*store, Some(account)), receipt).await?;
        taken.ok_or_else(|| PurchaseError::NotFound.into())
    }

    /// A store gives a purchase back, or a part of its last payment, where that is done here: the built-in one.
    pub async fn refund(&self, ctx: &Ctx, id: PurchaseId, amount: Option<Micros>) -> Result<(), BuyError> {
        let read = async move |ctx: &Ctx, tx: &mut Tx| plans::purchase_by_id(ctx, tx, id).await;
        let purchase = self.db.read(ctx, "stores.refund", read).await?;
        let store = self.store(&purchase.store)?;
        if store.refund(ctx, &purchase.reference, amount).await? {
            self.look(&ctx.acting_as(Actor::System), &*store, &purchase.reference).await?;
        }
        Ok(())
    }

    async fn look(&self, ctx: &Ctx, store: &dyn Store, reference: &str) -> Result<bool, BuyError> {
        let receipt = store.look_up(ctx, reference).await?;
        Ok(self.take_over(ctx, (store, None), receipt).await?.is_some())
    }

    /// A notification of a store came; whether the purchase is known.
    pub async fn hint(
        &self,
        ctx: &Ctx,
        store: &str,
        notification: &Notification<'_>,
    ) -> Result<bool, BuyError> {
        let store = self.store(store)?;
        match store.read_notification(ctx, notification).await? {
            Some(reference) => self.look(&ctx.acting_as(Actor::System), &*store, &reference).await,
            None => Ok(false),
        }
    }

    /// Asks the stores about what is due: the end of a period, what is under way, what may have been given back.
    pub async fn reconcile(&self, ctx: &Ctx) -> Result<Looked, BuyError> {
        let ctx = ctx.acting_as(Actor::System);
        let due = async |ctx: &Ctx, tx: &mut Tx| plans::due_purchases(ctx, tx).await;
        let mut looked = Looked::default();
        for (id, store, reference) in self.db.read(&ctx, "stores.due", due).await? {
            let answer = match self.store(&store) {
                Ok(store) => self.look(&ctx, &*store, &reference).await,
                Err(error) => Err(error),
            };
            if let Err(error) = answer {
                tracing::warn!(%store, purchase = %id, error = %Chain(&error), "a purchase could not be looked up");
                let later = async move |ctx: &Ctx, tx: &mut Tx| plans::postpone_purchase(ctx, tx, id).await;
                self.db.transact(&ctx, "stores.postpone", later).await?;
                looked.failed = looked.failed.saturating_add(1);
            } else {
                looked.answered = looked.answered.saturating_add(1);
            }
        }
        Ok(looked)
    }
}
