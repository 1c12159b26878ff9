//! Money of another currency, and that every cent of both is somewhere.

use crate::*;
use plaza_billing::exchange::{self, Foreign};
use plaza_ledger::{Account, AccountKind};

fn euros(amount: &str, rate: &str) -> Foreign {
    Foreign { amount: micros(amount), currency: Currency::EUR, rate: rate.parse().unwrap() }
}

impl World {
    async fn pay_in(&self, foreign: Foreign, key: &'static str) -> Result<Balance, BillingError> {
        let pay = async move |ctx: &Ctx, tx: &mut Tx| exchange::top_up_in(ctx, tx, TULIP, foreign, key).await;
        self.db.transact(&self.ctx, "test.exchange", pay).await
    }

    async fn open_position(&self, currency: Currency) -> Micros {
        let account = Account::new(AccountKind::Exchange, currency);
        let read = async move |ctx: &Ctx, tx: &mut Tx| {
            Ok::<_, BillingError>(plaza_ledger::balance(ctx, tx, &account).await?.posted)
        };
        self.db.read(&self.ctx, "test.position", read).await.unwrap()
    }
}

#[tokio::test]
async fn a_payment_in_another_currency_is_credited_once_at_its_rate() {
    each_world(async |world| {
        let paid = euros("100", "1.0834");
        assert_eq!(world.pay_in(paid, "k").await.unwrap().posted, micros("1108.34"));
        assert_eq!(world.pay_in(paid, "k").await.unwrap().posted, micros("1108.34"), "once");
        for other in [euros("100", "1.0835"), euros("101", "1.0834")] {
            assert!(matches!(world.pay_in(other, "k").await, Err(BillingError::KeyReused)));
        }
        assert!(matches!(world.top_up(TULIP, "108.34", "k").await, Err(BillingError::KeyReused)));
        assert!(
            matches!(world.pay_in(paid, "start").await, Err(BillingError::KeyReused)),
            "of a plain top-up"
        );
        assert_eq!(world.open_position(Currency::EUR).await, micros("100"));
        assert_eq!(world.open_position(Currency::USD).await, micros("-108.34"));
        let same = Foreign { currency: Currency::USD, ..paid };
        assert!(matches!(world.pay_in(same, "s").await, Err(BillingError::SameCurrency(Currency::USD))));
        for bad in [euros("0", "1"), euros("-5", "1"), euros("0.000001", "0.1"), euros("9000000000000", "2")]
        {
            assert!(matches!(world.pay_in(bad, "b").await, Err(BillingError::BadAmount)), "{bad:?}");
        }
        assert_eq!(world.balance(TULIP).await.posted, micros("1108.34"));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_changed_rate_or_amount_is_found() {
    each_world(async |world| {
        world.pay_in(euros("100", "1.0834"), "k").await.unwrap();
        world.tamper("UPDATE currency_exchange SET rate_nanos = rate_nanos + 1000").await;
        let found = world.verify().await.differences;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("does not come to what its rate says"), "{found:?}");
        world.tamper("DELETE FROM currency_exchange").await;
        assert_eq!(
            world.verify().await.differences.len(),
            2,
            "both accounts have what no exchange left there"
        );
    })
    .await;
}
