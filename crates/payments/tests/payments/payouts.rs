//! What stores pay out, and what they give back in part: the books return to zero.

use super::stores::{Shop, each_shop};
use super::*;
use plaza_billing::payouts::{self, Part, Payout};
use plaza_billing::plans::{Receipt, StoreRefund};
use plaza_db::{DbError, SERVER_MIGRATIONS, Sql, params};
use plaza_ledger::{Account, AccountKind};
use plaza_payments::{BankEntry, Booking, EntryState, StorePayout, assign_payout, record, suspense};
use plaza_protocol::BankEntryId;

fn part(currency: Currency, [settled, paid, withheld, arrived]: [&str; 4]) -> Part {
    let [settled, paid, withheld, arrived] = [settled, paid, withheld, arrived].map(micros);
    Part { currency, settled, paid, withheld, arrived }
}

impl Shop {
    async fn arrives(&self, key: &str, amount: &str, currency: Currency) -> BankEntry {
        let booking = Booking {
            key: key.to_owned(),
            booked_at: self.world.ctx.now(),
            amount: micros(amount),
            currency,
            payer: "SANDBOX DISTRIBUTION".to_owned(),
            remittance: "payout 10/26".to_owned(),
        };
        let record = async move |ctx: &Ctx, tx: &mut Tx| record(ctx, tx, &booking).await;
        self.world.db.transact(&self.world.ctx, "test.record", record).await.unwrap().0
    }

    async fn pay_out(&self, id: BankEntryId, bank_fee: &str, parts: &[Part]) -> Result<Payout, PaymentError> {
        let told =
            StorePayout { store: "sandbox".to_owned(), bank_fee: micros(bank_fee), parts: parts.to_vec() };
        let assign = async move |ctx: &Ctx, tx: &mut Tx| assign_payout(ctx, tx, id, told.clone()).await;
        self.world.db.transact(&self.world.ctx, "test.payout", assign).await
    }

    async fn stands(&self, kind: AccountKind, currency: Currency) -> String {
        let account = Account::new(kind, currency);
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_ledger::balance(ctx, tx, &account).await;
        self.world.db.read(&self.world.ctx, "test.stands", read).await.unwrap().posted.to_string()
    }

    async fn owed(&self) -> String {
        self.stands(AccountKind::PspClearing(Arc::from("sandbox-store")), Currency::EUR).await
    }

    /// The whole of billing verifies, and nothing is in suspense.
    async fn is_sound(&self) {
        let prices = plaza_billing::Prices::default();
        let verify = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::verify(ctx, tx, &prices).await;
        let found = self.world.db.read(&self.world.ctx, "test.verify", verify).await.unwrap();
        assert_eq!(found.differences, Vec::<String>::new());
    }

    /// What a store tells of a month's payment of which so much was given back.
    fn given_back(&self, month: &Receipt, amount: &str) -> Receipt {
        let mut told = month.clone();
        told.asked_at = self.world.ctx.now();
        told.payments[0].refunded = Some(StoreRefund { amount: micros(amount), at: self.world.ctx.now() });
        told
    }
}

#[tokio::test]
async fn a_payout_brings_a_stores_account_to_zero() {
    each_shop(async |shop| {
        let month = shop.receipt("t1", "plus.month", "2.00");
        shop.apply(Some(shop.ana), &month).await.unwrap();
        let report = shop.world.payments.report(&shop.world.ctx).await.unwrap();
        let [owes] = report.stores.as_slice() else { panic!("{:?}", report.stores) };
        assert_eq!((owes.owed, owes.months.len(), owes.months[0].1), (micros("1.80"), 1, micros("1.80")));
        let due = owes.due_at.unwrap();
        assert_eq!((due.0 - shop.world.ctx.now().0) / 86_400_000_000, 80, "50 days after the end of March");
        let entry = shop.arrives("b1", "1.60", Currency::EUR).await;
        assert_eq!(entry.state, EntryState::Suspense);
        // The store kept five cents more than its commission, and withheld ten for a tax office.
        let parts = [part(Currency::EUR, ["1.80", "1.65", "0.10", "1.65"])];
        for _ in 0..2 {
            let payout = shop.pay_out(entry.entry_id, "0.05", &parts).await.unwrap();
            assert_eq!(payout.of.parts[0].commission(), Some(micros("0.05")));
            assert_eq!(shop.owed().await, "0.00");
        }
        assert_eq!(shop.stands(AccountKind::Bank, Currency::EUR).await, "-1.60");
        assert_eq!(shop.stands(AccountKind::Suspense, Currency::EUR).await, "0.00");
        assert_eq!(shop.stands(AccountKind::FeeRevenue, Currency::EUR).await, "-0.30");
        let withheld = AccountKind::Tax("withheld:sandbox".into());
        assert_eq!(shop.stands(withheld, Currency::EUR).await, "-0.10");
        let other = shop.pay_out(entry.entry_id, "0.00", &parts).await.unwrap_err();
        assert!(matches!(other, PaymentError::WrongState(_)), "{other}");
        let report = shop.world.payments.report(&shop.world.ctx).await.unwrap();
        assert_eq!((report.stores[0].owed, report.stores[0].months.len()), (Micros::ZERO, 0));
        let list = async |ctx: &Ctx, tx: &mut Tx| payouts::payouts(ctx, tx, 10).await;
        assert_eq!(shop.world.db.read(&shop.world.ctx, "test.payouts", list).await.unwrap().len(), 1);
        shop.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_payout_in_another_currency_goes_over_the_exchange() {
    each_shop(async |shop| {
        shop.apply(Some(shop.ana), &shop.receipt("t1", "plus.month", "2.00")).await.unwrap();
        let entry = shop.arrives("b1", "1.94", Currency::USD).await;
        shop.pay_out(entry.entry_id, "0.00", &[part(Currency::EUR, ["1.80", "1.80", "0.00", "1.94"])])
            .await
            .unwrap();
        assert_eq!(shop.owed().await, "0.00");
        assert_eq!(shop.stands(AccountKind::Exchange, Currency::EUR).await, "-1.80");
        assert_eq!(shop.stands(AccountKind::Exchange, Currency::USD).await, "1.94");
        assert_eq!(shop.stands(AccountKind::Bank, Currency::USD).await, "-1.94");
        shop.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_payout_that_cannot_be_is_refused_and_the_money_stays_in_suspense() {
    each_shop(async |shop| {
        shop.apply(Some(shop.ana), &shop.receipt("t1", "plus.month", "2.00")).await.unwrap();
        let entry = shop.arrives("b1", "2.00", Currency::EUR).await;
        let eur = |amounts| part(Currency::EUR, amounts);
        for (parts, words) in [
            (vec![], "one for each currency"),
            (vec![eur(["1.80", "2.00", "0.00", "2.00"]); 2], "one for each currency"),
            (vec![eur(["2.00", "2.00", "0.00", "2.00"])], "the store owes 1.80"),
            (vec![eur(["-1.80", "2.00", "0.00", "2.00"])], "the store owes 1.80"),
            (vec![eur(["1.80", "1.80", "0.00", "1.80"])], "arrive as 1.80 EUR"),
            (vec![eur(["1.80", "2.00", "-0.20", "2.00"])], "withheld"),
            (vec![eur(["0.00", "2.00", "0.00", "2.00"])], "settled"),
            (vec![eur(["1.80", "1.80", "0.00", "2.00"])], "arrived"),
            (vec![part(Currency::USD, ["1.80", "1.80", "0.00", "-2.00"])], "arrived"),
            (vec![part(Currency::USD, ["1.80", "1.80", "0.00", "2.00"])], "the store owes 0.00"),
        ] {
            let error = shop.pay_out(entry.entry_id, "0.00", &parts).await.unwrap_err().to_string();
            assert!(error.contains(words), "{words}: {error}");
        }
        let told = StorePayout {
            store: "steam".to_owned(),
            bank_fee: Micros::ZERO,
            parts: vec![eur(["1", "2", "0", "2"])],
        };
        let id = entry.entry_id;
        let assign = async move |ctx: &Ctx, tx: &mut Tx| assign_payout(ctx, tx, id, told.clone()).await;
        let error = shop.world.db.transact(&shop.world.ctx, "test.payout", assign).await.unwrap_err();
        assert!(error.to_string().contains("nothing was sold"), "{error}");
        assert_eq!(shop.owed().await, "-1.80");
        let waits = async |ctx: &Ctx, tx: &mut Tx| suspense(ctx, tx).await;
        assert_eq!(shop.world.db.read(&shop.world.ctx, "test.suspense", waits).await.unwrap().len(), 1);
        // What the store paid above its debt is less commission than was booked.
        shop.pay_out(id, "0.00", &[eur(["1.80", "2.00", "0.00", "2.00"])]).await.unwrap();
        assert_eq!(shop.stands(AccountKind::FeeRevenue, Currency::EUR).await, "0.00");
        shop.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_part_given_back_lowers_what_is_still_to_be_earned() {
    each_shop(async |shop| {
        // 31 days for 3.10: ten cents a day.
        let month = shop.receipt("t1", "plus.month", "3.10");
        shop.apply(Some(shop.ana), &month).await.unwrap();
        shop.days(10).await;
        assert_eq!(shop.books().await[1..3], ["2.10", "1.00"]);
        // A third of it comes back: a third of the days to come, the rest of what was earned.
        let part = shop.given_back(&month, "0.93");
        for _ in 0..2 {
            shop.apply(None, &part).await.unwrap();
            assert_eq!(shop.books().await, ["-1.953", "1.47", "1.00", "0.00", "-0.30"]);
        }
        assert_eq!(
            shop.entitled(plaza_billing::plans::Entitlement::AccentThemes).await,
            Some(1),
            "a lower price"
        );
        shop.days(1).await;
        assert_eq!(shop.books().await[1..3], ["1.40", "1.07"], "each day earns seven cents now");
        // A second part, and an answer of before that comes late.
        let more = shop.given_back(&month, "1.55");
        shop.apply(None, &more).await.unwrap();
        shop.apply(None, &part).await.unwrap();
        let [owed, deferred, ..] = shop.books().await;
        assert_eq!((owed.as_str(), deferred.as_str()), ("-1.395", "1.00"));
        // And the whole.
        let mut all = shop.given_back(&month, "3.10");
        (all.state, all.renews) = (plaza_billing::plans::PurchaseState::Revoked, false);
        shop.apply(None, &all).await.unwrap();
        let [owed, deferred, earned, _, refunded] = shop.books().await;
        assert_eq!([owed, deferred], ["0.00", "0.00"]);
        assert_eq!((micros(&earned), micros(&refunded)), (micros("1.07"), micros("-1.07")));
        shop.is_sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_built_in_store_gives_parts_back_and_remembers_over_a_restart() {
    use plaza_billing::plans::{PurchaseState, Term};
    use plaza_payments::stores::Stores;
    use plaza_payments::stores::sandbox::{SandboxStore, tokens};
    each_shop(async |mut shop| {
        let bought = shop.buy("plus", Term::Month, tokens::GOOD).await.unwrap();
        shop.stores.refund(&shop.world.ctx, bought.purchase_id, Some(micros("0.50"))).await.unwrap();
        assert_eq!(shop.all().await[0].state, PurchaseState::Active);
        assert_eq!(shop.books().await[..3], ["-1.275", "1.50", "0.00"]);
        let error = shop.stores.refund(&shop.world.ctx, bought.purchase_id, Some(micros("1.60"))).await;
        assert!(error.unwrap_err().to_string().contains("at most 1.50 EUR"));
        // Another process: it renews what the first one sold.
        let store = SandboxStore::new(shop.world.db.clone());
        shop.stores = Stores::new(shop.world.db.clone(), vec![Arc::new(store)]);
        shop.days(32).await;
        assert_eq!(shop.books().await[0], "-2.975");
        shop.stores.refund(&shop.world.ctx, bought.purchase_id, None).await.unwrap();
        assert_eq!(shop.all().await[0].state, PurchaseState::Revoked);
        assert_eq!(shop.books().await[..2], ["-1.275", "0.00"]);
        shop.is_sound().await;
    })
    .await;
}

/// What was given back, as the rows have it: of which payment, how much, and of the commission.
const REFUNDS: Sql = Sql {
    name: "test::REFUNDS",
    text: "SELECT payment_id, refunded_to_micros, store, currency, amount_micros, commission_micros, at
        FROM purchase_refund ORDER BY payment_id, refunded_to_micros",
};
const FORGET_REFUNDS: Sql = Sql { name: "test::FORGET", text: "DELETE FROM purchase_refund" };

#[tokio::test]
async fn what_was_given_back_before_the_update_has_the_share_that_is_computed_now() {
    let migration = SERVER_MIGRATIONS.iter().find(|each| each.number == 121).unwrap().sql;
    let (_, text) = migration.split_at(migration.find("INSERT INTO").unwrap());
    let fill = Sql { name: "test::FILL", text };
    each_shop(async |shop| {
        // A hundred million rupiah: the product of two such amounts is not a number of the database.
        for (at, (amount, commission, back)) in [
            ("49000", "7350", "49000"),
            ("100000000", "15000000", "100000000"),
            ("100000000", "15000000", "33333333.333333"),
            ("149000.000001", "22350.000007", "0.000001"),
            ("149000.000001", "149000.000001", "77777.777777"),
            ("149000", "0", "1"),
            // Two halves: to the even one.
            ("0.000004", "0.000001", "0.000002"),
            ("0.000004", "0.000003", "0.000002"),
        ]
        .into_iter()
        .enumerate()
        {
            let mut month = shop.receipt(&format!("t{at}"), "plus.month", amount);
            month.reference = format!("chain-{at}");
            (month.payments[0].currency, month.payments[0].commission) = (Currency::IDR, micros(commission));
            shop.apply(Some(shop.ana), &month).await.unwrap();
            shop.apply(None, &shop.given_back(&month, back)).await.unwrap();
        }
        let compare = async move |_: &Ctx, tx: &mut Tx| {
            let booked = tx.query(REFUNDS, params![]).await?;
            tx.execute(FORGET_REFUNDS, params![]).await?;
            tx.execute(fill, params![]).await?;
            Ok::<_, DbError>((booked, tx.query(REFUNDS, params![]).await?))
        };
        let (booked, filled) = shop.world.db.transact(&shop.world.ctx, "test.fill", compare).await.unwrap();
        assert_eq!((booked.len(), format!("{filled:?}")), (8, format!("{booked:?}")));
    })
    .await;
}

#[tokio::test]
async fn the_built_in_store_and_the_built_in_provider_owe_apart() {
    each_shop(async |shop| {
        shop.world.card(plaza_payments::tokens::GOOD).await;
        shop.world.top_up("10", "k").await.unwrap();
        let mut month = shop.receipt("t1", "plus.month", "2.00");
        month.payments[0].currency = Currency::USD;
        shop.apply(Some(shop.ana), &month).await.unwrap();
        let owed = async || {
            let report = shop.world.payments.report(&shop.world.ctx).await.unwrap();
            let [provider] = report.clearing.as_slice() else { panic!("{:?}", report.clearing) };
            let [store] = report.stores.as_slice() else { panic!("{:?}", report.stores) };
            (provider.owed.to_string(), store.owed.to_string())
        };
        assert_eq!(owed().await, ("10.00".to_owned(), "1.80".to_owned()));
        shop.is_sound().await;
        // What the store pays beyond its own debt is not the provider's.
        let entry = shop.arrives("b1", "5.00", Currency::USD).await;
        let error = shop.pay_out(entry.entry_id, "0", &[part(Currency::USD, ["5", "5", "0", "5"])]).await;
        assert!(error.unwrap_err().to_string().contains("the store owes 1.80"));
        shop.world.later().await;
        assert_eq!(owed().await, ("0.00".to_owned(), "1.80".to_owned()), "the provider has paid out");
        shop.is_sound().await;
    })
    .await;
}
