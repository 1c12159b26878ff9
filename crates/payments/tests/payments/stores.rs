//! What people buy in app stores: with the built-in store and its faults, and with receipts as any store would answer.

use super::*;
use plaza_billing::plans::{
    self, Entitlement, Holder, PlanSource, Purchase, PurchaseError, PurchaseState, Receipt, StorePayment,
    StoreRefund, Term, product_of,
};
use plaza_ledger::{Account, AccountKind};
use plaza_payments::stores::sandbox::{SandboxStore, tokens};
use plaza_payments::stores::{Basket, BuyError, Looked, Notification, StoreError, Stores};
use plaza_protocol::{AccountId, Timestamp};

fn told(body: &str) -> Notification<'_> {
    Notification { body: body.as_bytes(), authorization: None }
}

/// A network with the plans of people, and the built-in store.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) stores: Stores,
    pub(crate) ana: AccountId,
    ben: AccountId,
}

pub(crate) async fn each_shop<F: AsyncFn(Shop)>(test: F) {
    each_world(async |world| {
        world.clock.set(Timestamp(1_803_893_400_000_000)); // 2027-03-01, 09:30 UTC
        let import =
            async |ctx: &Ctx, tx: &mut Tx| plans::import_plans(ctx, tx, &PlanSource::reference()).await;
        world.db.transact(&world.ctx, "test.plans", import).await.unwrap();
        let stores = Stores::new(world.db.clone(), vec![Arc::new(SandboxStore::new(world.db.clone()))]);
        let (ana, ben) = (world.ctx.uuid(), world.ctx.uuid());
        test(Shop { world, stores, ana, ben }).await;
    })
    .await;
}

impl Shop {
    pub(crate) async fn buy(&self, plan: &str, term: Term, token: &str) -> Result<Purchase, BuyError> {
        let key = plan.to_owned();
        let read = async move |ctx: &Ctx, tx: &mut Tx| plans::plan(ctx, tx, &key).await;
        let of = self.world.db.read(&self.world.ctx, "test.plan", read).await.unwrap();
        let basket = Basket {
            account: self.ana,
            product: product_of(plan, term),
            term,
            price: of.price(Currency::EUR, term).unwrap(),
            currency: Currency::EUR,
            trial_days: 0,
            token: token.to_owned(),
        };
        self.stores.buy(&self.world.ctx, "sandbox", basket).await
    }

    pub(crate) async fn entitled(&self, entitlement: Entitlement) -> Option<i64> {
        let holder = Holder::Person(self.ana);
        let ask = async move |ctx: &Ctx, tx: &mut Tx| plans::entitled(ctx, tx, holder, entitlement).await;
        self.world.db.read(&self.world.ctx, "test.entitled", ask).await.unwrap()
    }

    async fn posted(&self, kind: AccountKind) -> String {
        let account = Account::new(kind, Currency::EUR);
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_ledger::balance(ctx, tx, &account).await;
        self.world.db.read(&self.world.ctx, "test.posted", read).await.unwrap().posted.to_string()
    }

    /// What the store owes; what is still to be earned; what plans and items earned; what was given back.
    pub(crate) async fn books(&self) -> [String; 5] {
        let owed = self.posted(AccountKind::PspClearing(Arc::from("sandbox-store"))).await;
        [
            owed,
            self.posted(AccountKind::SubscriptionDeferred).await,
            self.posted(AccountKind::SubscriptionRevenue).await,
            self.posted(AccountKind::ItemRevenue).await,
            self.posted(AccountKind::ContraRefund).await,
        ]
    }

    /// Some days pass, with their housekeeping.
    pub(crate) async fn days(&self, days: u32) -> Looked {
        self.world.clock.advance(DAY * days);
        let looked = self.stores.reconcile(&self.world.ctx).await.unwrap();
        let step = async |ctx: &Ctx, tx: &mut Tx| plans::step(ctx, tx).await;
        while self.world.db.transact(&self.world.ctx, "test.step", step).await.unwrap().is_more {}
        looked
    }

    pub(crate) async fn apply(
        &self,
        by: Option<AccountId>,
        receipt: &Receipt,
    ) -> Result<Option<Purchase>, PurchaseError> {
        let receipt = receipt.clone();
        let apply = async move |ctx: &Ctx, tx: &mut Tx| plans::apply_receipt(ctx, tx, by, &receipt).await;
        self.world.db.transact(&self.world.ctx, "test.apply", apply).await
    }

    pub(crate) async fn all(&self) -> Vec<Purchase> {
        let ana = self.ana;
        let read = async move |ctx: &Ctx, tx: &mut Tx| plans::purchases_of(ctx, tx, ana).await;
        self.world.db.read(&self.world.ctx, "test.all", read).await.unwrap()
    }

    /// A month of Plus as a store would tell of it.
    pub(crate) fn receipt(&self, transaction: &str, product: &str, amount: &str) -> Receipt {
        let now = self.world.ctx.now();
        let end = Timestamp(now.0 + 31 * 86_400_000_000);
        let payment = StorePayment {
            transaction: transaction.to_owned(),
            product: product.to_owned(),
            amount: micros(amount),
            commission: Micros(micros(amount).0 / 10),
            currency: Currency::EUR,
            from: now,
            to: Some(end),
            refunded: None,
        };
        Receipt {
            store: "sandbox",
            reference: "chain-1".to_owned(),
            asked_at: now,
            account: None,
            product: product.to_owned(),
            state: PurchaseState::Active,
            expires_at: Some(end),
            renews: true,
            is_trial: false,
            is_family_shared: false,
            replaces: None,
            payments: vec![payment],
        }
    }
}

#[tokio::test]
async fn a_plan_is_earned_by_the_day_renewed_and_ends_when_it_is_canceled() {
    each_shop(async |shop| {
        let bought = shop.buy("plus", Term::Month, tokens::GOOD).await.unwrap();
        assert_eq!((bought.state, bought.renews), (PurchaseState::Active, true));
        assert_eq!(shop.entitled(Entitlement::PinnedConversations).await, Some(20));
        assert_eq!(shop.entitled(Entitlement::StickerPacks).await, Some(1));
        assert_eq!(shop.books().await, ["-1.70", "2.00", "0.00", "0.00", "0.00"]);
        shop.days(10).await;
        assert_eq!(shop.books().await[1..3], ["1.354839", "0.645161"]);
        // Nobody told of the renewal: the look-up at the end finds it.
        shop.days(22).await;
        assert_eq!(shop.books().await[..3], ["-3.40", "1.933333", "2.066667"]);
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, Some(1));
        let stopped = shop.stores.set_renewal(&shop.world.ctx, shop.ana, (bought.purchase_id, false)).await;
        let stopped = stopped.unwrap();
        assert_eq!((stopped.state, stopped.renews), (PurchaseState::Active, false), "paid until its end");
        let other = shop.stores.set_renewal(&shop.world.ctx, shop.ben, (bought.purchase_id, true)).await;
        assert!(matches!(other, Err(BuyError::Purchase(PurchaseError::NotFound))), "{other:?}");
        shop.days(30).await;
        assert_eq!(shop.all().await[0].state, PurchaseState::Expired);
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, None);
        assert_eq!(shop.books().await, ["-3.40", "0.00", "4.00", "0.00", "0.00"]);
    })
    .await;
}

#[tokio::test]
async fn an_item_is_bought_once_and_taken_away_when_it_is_given_back() {
    each_shop(async |shop| {
        let bought = shop.buy("themes", Term::Once, tokens::GOOD).await.unwrap();
        assert_eq!((bought.expires_at, bought.renews), (None, false));
        assert_eq!(shop.books().await, ["-2.975", "0.00", "0.00", "3.50", "0.00"]);
        let proof = bought.reference.clone();
        let again = shop.stores.submit(&shop.world.ctx, shop.ana, ("sandbox", &proof)).await.unwrap();
        assert_eq!(again.purchase_id, bought.purchase_id);
        let stolen = shop.stores.submit(&shop.world.ctx, shop.ben, ("sandbox", &proof)).await;
        assert!(matches!(stolen, Err(BuyError::Purchase(PurchaseError::OtherAccount))), "{stolen:?}");
        assert_eq!(shop.books().await, ["-2.975", "0.00", "0.00", "3.50", "0.00"]);
        shop.days(40).await;
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, Some(1));
        shop.stores.refund(&shop.world.ctx, bought.purchase_id, None).await.unwrap();
        assert_eq!(shop.all().await[0].state, PurchaseState::Revoked);
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, None);
        assert_eq!(shop.books().await, ["0.00", "0.00", "0.00", "3.50", "-3.50"]);
        shop.stores.hint(&shop.world.ctx, "sandbox", &told(&proof)).await.unwrap();
        shop.stores.submit(&shop.world.ctx, shop.ana, ("sandbox", &proof)).await.unwrap();
        assert_eq!(shop.books().await, ["0.00", "0.00", "0.00", "3.50", "-3.50"]);
    })
    .await;
}

#[tokio::test]
async fn the_faults_of_a_store_cost_nobody_anything() {
    each_shop(async |shop| {
        let declined = shop.buy("plus", Term::Month, tokens::DECLINED).await;
        assert!(matches!(declined, Err(BuyError::Store(StoreError::Declined(_)))), "{declined:?}");
        let made_up = shop.stores.submit(&shop.world.ctx, shop.ana, ("sandbox", "sandbox_made_up")).await;
        assert!(matches!(made_up, Err(BuyError::Store(StoreError::NotGenuine(_)))), "{made_up:?}");
        let nowhere = shop.stores.submit(&shop.world.ctx, shop.ana, ("steam", "1")).await;
        assert!(matches!(nowhere, Err(BuyError::NoStore(_))), "{nowhere:?}");
        assert_eq!(shop.all().await, []);

        let pending = shop.buy("plus", Term::Month, tokens::PENDING).await.unwrap();
        assert_eq!(pending.state, PurchaseState::Pending);
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, None);
        assert_eq!(shop.books().await[0], "0.00");
        assert_eq!(shop.days(1).await, Looked { answered: 1, failed: 0 });
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, Some(1));
        // Given back, and the notification is lost: the look of the next day finds it.
        let silent = shop.buy("themes", Term::Once, tokens::SILENT).await.unwrap();
        shop.stores.refund(&shop.world.ctx, silent.purchase_id, None).await.unwrap();
        assert_eq!(shop.all().await[0].state, PurchaseState::Active);
        shop.days(2).await;
        assert_eq!(shop.all().await[0].state, PurchaseState::Revoked);
        let shared = shop.buy("themes", Term::Once, tokens::FAMILY).await.unwrap();
        assert!(shared.is_family_shared);
        assert_eq!(shop.books().await[3..], ["3.50", "-3.50"], "the family paid elsewhere");
    })
    .await;
}

#[tokio::test]
async fn a_renewal_that_fails_has_days_of_grace() {
    each_shop(async |shop| {
        shop.buy("plus", Term::Month, tokens::LAPSES).await.unwrap();
        shop.days(32).await;
        assert_eq!(shop.all().await[0].state, PurchaseState::Grace);
        assert_eq!(shop.entitled(Entitlement::PinnedConversations).await, Some(20));
        shop.days(3).await;
        assert_eq!(shop.all().await[0].state, PurchaseState::Expired);
        assert_eq!(shop.entitled(Entitlement::PinnedConversations).await, None);
        assert_eq!(shop.books().await, ["-1.70", "0.00", "2.00", "0.00", "0.00"]);
    })
    .await;
}

#[tokio::test]
async fn a_store_that_never_answers_is_asked_for_sixty_days_after_the_end() {
    each_shop(async |mut shop| {
        shop.buy("plus", Term::Month, tokens::GOOD).await.unwrap();
        // A network that sells nowhere any more.
        shop.stores = Stores::new(shop.world.db.clone(), Vec::new());
        assert_eq!(shop.days(33).await, Looked { answered: 0, failed: 1 });
        assert_eq!(shop.entitled(Entitlement::PinnedConversations).await, None, "its month is over");
        assert_eq!(shop.days(57).await, Looked { answered: 0, failed: 1 }, "asked still");
        assert_eq!(shop.days(3).await, Looked { answered: 0, failed: 1 }, "for the last time");
        assert_eq!(shop.days(1).await, Looked::default());
    })
    .await;
}

#[tokio::test]
async fn receipts_come_twice_late_and_out_of_order() {
    each_shop(async |shop| {
        let month = shop.receipt("t1", "plus.month", "2.00");
        assert_eq!(shop.apply(None, &month).await.unwrap(), None, "nobody has shown it");
        shop.apply(Some(shop.ana), &month).await.unwrap();
        shop.apply(None, &month).await.unwrap();
        let other = shop.apply(Some(shop.ben), &month).await;
        assert!(matches!(other, Err(PurchaseError::OtherAccount)), "{other:?}");
        assert_eq!(shop.books().await[..3], ["-1.80", "2.00", "0.00"]);
        // Ten days later the person moves up to a year: the rest of the month is given back.
        shop.days(10).await;
        let year = shop.receipt("t2", "plus.year", "18.50");
        shop.apply(None, &year).await.unwrap();
        assert_eq!(shop.all().await[0].term, Term::Year);
        assert_eq!(shop.books().await[1..3], ["18.50", "0.645161"]);
        // An answer of before arrives: it changes nothing.
        shop.apply(None, &month).await.unwrap();
        assert_eq!(shop.all().await[0].term, Term::Year);
        let mut revoked = year.clone();
        (revoked.state, revoked.renews, revoked.asked_at) =
            (PurchaseState::Revoked, false, shop.world.ctx.now());
        revoked.payments[0].refunded =
            Some(StoreRefund { amount: micros("18.50"), at: shop.world.ctx.now() });
        shop.apply(None, &revoked).await.unwrap();
        shop.apply(None, &revoked).await.unwrap();
        assert_eq!(shop.entitled(Entitlement::AccentThemes).await, None);
        assert_eq!(shop.books().await[1..], ["0.00", "0.645161", "0.00", "0.00"]);
        let unknown = shop.receipt("t3", "gold.month", "2.00");
        assert!(matches!(shop.apply(None, &unknown).await, Err(PurchaseError::UnknownProduct(_))));
    })
    .await;
}

#[tokio::test]
async fn a_month_that_is_told_after_the_year_that_followed_it_has_the_same_books() {
    each_shop(async |shop| {
        let month = shop.receipt("t1", "plus.month", "2.00");
        shop.world.clock.advance(DAY * 10);
        let year = shop.receipt("t2", "plus.year", "18.50");
        shop.apply(Some(shop.ana), &year).await.unwrap();
        shop.apply(None, &month).await.unwrap();
        shop.days(0).await;
        assert_eq!(shop.all().await[0].term, Term::Year);
        assert_eq!(shop.books().await[1..3], ["18.50", "0.645161"]);
    })
    .await;
}
