//! Bank transfers: what arrives, and what nobody can assign.

use super::*;
use plaza_payments::{BankEntry, Booking, EntryState, RefundState};
use plaza_protocol::BankEntryId;

fn transfer(amount: &str, key: &str) -> TopUp {
    TopUp { by_bank_transfer: true, ..wish(amount, key) }
}

impl World {
    async fn arrives(
        &self,
        key: &str,
        amount: &str,
        remittance: &str,
    ) -> Result<(BankEntry, bool), PaymentError> {
        let booking = Booking {
            key: key.to_owned(),
            booked_at: self.ctx.now(),
            amount: micros(amount),
            currency: Currency::USD,
            payer: "Tulip GmbH".to_owned(),
            remittance: remittance.to_owned(),
        };
        let record = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::record(ctx, tx, &booking).await;
        self.db.transact(&self.ctx, "test.record", record).await
    }

    async fn assign(&self, entry: BankEntryId, to: PortfolioId) -> Result<BankEntry, PaymentError> {
        let assign =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::assign(ctx, tx, entry, to, None).await;
        self.db.transact(&self.ctx, "test.assign", assign).await
    }

    async fn assign_at(
        &self,
        entry: BankEntryId,
        to: PortfolioId,
        rate: &'static str,
    ) -> Result<BankEntry, PaymentError> {
        let assign = async move |ctx: &Ctx, tx: &mut Tx| {
            let rate = rate.parse().map_err(|_| PaymentError::Invalid("rate"))?;
            plaza_payments::assign(ctx, tx, entry, to, Some(rate)).await
        };
        self.db.transact(&self.ctx, "test.assign", assign).await
    }

    async fn send_back(&self, entry: BankEntryId) -> Result<BankEntry, PaymentError> {
        let back = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::return_entry(ctx, tx, entry).await;
        self.db.transact(&self.ctx, "test.return", back).await
    }

    async fn in_suspense(&self) -> Vec<(Currency, Micros)> {
        self.payments.report(&self.ctx).await.unwrap().suspense
    }
}

#[tokio::test]
async fn a_transfer_with_its_reference_is_credited_once() {
    each_world(async |world| {
        let wanted = world.payments.top_up(&world.ctx, transfer("250", "k1")).await.unwrap();
        assert_eq!(wanted.state, State::RequiresAction);
        let reference = wanted.reference.clone().unwrap();
        assert_eq!(world.payments.top_up(&world.ctx, transfer("250", "k1")).await.unwrap(), wanted);
        let (entry, known) =
            world.arrives("e1", "250", &format!("Top-up {}", reference.to_lowercase())).await.unwrap();
        assert_eq!((entry.state, known), (EntryState::Matched, false));
        let (_, known) = world.arrives("e1", "250", "whatever").await.unwrap();
        assert!(known, "the same entry of another statement");
        assert!(matches!(world.arrives("e1", "251", "x").await, Err(PaymentError::KeyReused)));
        assert_eq!(
            (world.state(wanted.payment_id).await, world.available().await.as_str()),
            (State::Succeeded, "250.00")
        );
        // Paid twice by mistake.
        let (twice, _) = world.arrives("e2", "250", &reference).await.unwrap();
        assert_eq!(
            (twice.state, twice.why.as_str()),
            (EntryState::Suspense, "the payment had succeeded before")
        );
        assert_eq!(world.in_suspense().await, [(Currency::USD, micros("250"))]);
        world.send_back(twice.entry_id).await.unwrap();
        assert!(matches!(world.send_back(twice.entry_id).await, Err(PaymentError::UnknownEntry)));
        assert!(matches!(world.assign(twice.entry_id, TULIP).await, Err(PaymentError::UnknownEntry)));
        assert_eq!((world.in_suspense().await, world.available().await), (vec![], "250.00".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_assigned_waits_in_suspense() {
    each_world(async |world| {
        let wanted = world.payments.top_up(&world.ctx, transfer("250", "k1")).await.unwrap();
        let reference = wanted.reference.clone().unwrap();
        for (key, amount, remittance, why) in [
            ("e1", "249.99", reference.as_str(), "the payment asked for 250.00 USD"),
            ("e2", "250", "Invoice 7", "it names no reference"),
            ("e3", "250", "RF18 5390 0754 7034", "no payment has the reference RF18539007547034"),
        ] {
            let (entry, _) = world.arrives(key, amount, remittance).await.unwrap();
            assert_eq!((entry.state, entry.why.as_str()), (EntryState::Suspense, why));
        }
        let list = async |ctx: &Ctx, tx: &mut Tx| plaza_payments::suspense(ctx, tx).await;
        let waiting = world.db.read(&world.ctx, "test.suspense", list).await.unwrap();
        assert_eq!(waiting.len(), 3);
        assert_eq!(world.in_suspense().await, [(Currency::USD, micros("749.99"))]);
        let short = waiting.iter().find(|entry| entry.booking.key == "e1").unwrap().entry_id;
        let assigned = world.assign(short, TULIP).await.unwrap();
        assert_eq!((assigned.state, assigned.portfolio_id), (EntryState::Assigned, Some(TULIP)));
        assert_eq!(world.available().await, "249.99", "what came, not what was asked for");
        assert_eq!(world.state(wanted.payment_id).await, State::Canceled);
        let other = waiting.iter().find(|entry| entry.booking.key == "e2").unwrap().entry_id;
        world.assign(other, ROSE).await.unwrap();
        assert_eq!(world.balance(ROSE).await.available, micros("250"));
        assert_eq!(world.in_suspense().await, [(Currency::USD, micros("250"))]);
        assert!(matches!(world.arrives("e4", "0", "x").await, Err(PaymentError::BadAmount(_))));
        assert!(matches!(world.arrives("e4", "-1", "x").await, Err(PaymentError::BadAmount(_))));
    })
    .await;
}

#[tokio::test]
async fn money_of_another_currency_is_assigned_at_a_rate() {
    each_world(async |world| {
        let booking = Booking {
            key: "e1".to_owned(),
            booked_at: world.ctx.now(),
            amount: micros("100"),
            currency: Currency::EUR,
            payer: "Tulip GmbH".to_owned(),
            remittance: "for messages".to_owned(),
        };
        let record = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::record(ctx, tx, &booking).await;
        let (entry, _) = world.db.transact(&world.ctx, "test.record", record).await.unwrap();
        assert_eq!(entry.state, EntryState::Suspense);
        let refused = world.assign(entry.entry_id, TULIP).await;
        assert!(matches!(refused, Err(PaymentError::WrongCurrency(Currency::USD))));
        let assigned = world.assign_at(entry.entry_id, TULIP, "1.0834").await.unwrap();
        assert_eq!((assigned.state, assigned.portfolio_id), (EntryState::Assigned, Some(TULIP)));
        assert_eq!((world.available().await.as_str(), world.in_suspense().await), ("108.34", vec![]));
        let again = world.assign_at(entry.entry_id, TULIP, "1.0834").await;
        assert!(matches!(again, Err(PaymentError::UnknownEntry)));
        let (own, _) = world.arrives("e2", "5", "no reference").await.unwrap();
        let refused = world.assign_at(own.entry_id, TULIP, "1").await;
        assert!(matches!(refused, Err(PaymentError::WrongCurrency(Currency::USD))), "it needs no rate");
        assert_eq!(world.in_suspense().await, [(Currency::USD, micros("5"))]);
    })
    .await;
}

#[tokio::test]
async fn a_refund_of_a_transfer_is_sent_by_hand() {
    each_world(async |world| {
        let wanted = world.payments.top_up(&world.ctx, transfer("100", "k1")).await.unwrap();
        world.arrives("e1", "100", wanted.reference.as_deref().unwrap()).await.unwrap();
        let refund = world.refund(wanted.payment_id, "40", "r1").await.unwrap();
        assert_eq!((refund.state, world.available().await.as_str()), (RefundState::Processing, "60.00"));
        assert_eq!(world.owed("bank").await, micros("-40"), "we owe it");
        let sent = world.payments.refund_sent(&world.ctx, wanted.payment_id, refund.refund_id).await.unwrap();
        let again =
            world.payments.refund_sent(&world.ctx, wanted.payment_id, refund.refund_id).await.unwrap();
        assert_eq!((sent.state, again), (RefundState::Succeeded, sent));
        assert_eq!((world.owed("bank").await, world.available().await.as_str()), (Micros::ZERO, "60.00"));
    })
    .await;
}

#[tokio::test]
async fn a_camt_statement_pays_what_it_names_and_counts_once() {
    each_world(async |world| {
        let wanted = world.payments.top_up(&world.ctx, transfer("250", "k1")).await.unwrap();
        let reference = wanted.reference.clone().unwrap();
        let entry = |amount: &str, name: &str, words: &str| {
            format!(
                "<Ntry><Amt Ccy=\"USD\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-02</Dt>\
                 </BookgDt><AcctSvcrRef>{name}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>\
                 </NtryDtls></Ntry>"
            )
        };
        let xml = format!(
            "\u{feff}<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
             <Stmt><Id>S1</Id>{}{}</Stmt></BkToCstmrStmt></Document>",
            entry("250.00", "A1", &reference),
            entry("3.00", "A2", "thank you")
        );
        let import = async || {
            let bookings = plaza_payments::read_statement(&xml).unwrap();
            let import = async move |ctx: &Ctx, tx: &mut Tx| plaza_payments::import(ctx, tx, &bookings).await;
            world.db.transact(&world.ctx, "test.import", import).await.unwrap()
        };
        let first = import().await;
        assert_eq!((first.matched, first.known), (1, 0));
        let why: Vec<&str> = first.suspense.iter().map(|entry| entry.why.as_str()).collect();
        assert_eq!(why, ["it names no reference"]);
        assert_eq!(world.state(wanted.payment_id).await, State::Succeeded);
        let again = import().await;
        assert_eq!((again.matched, again.suspense.len(), again.known), (0, 0, 2));
        assert_eq!(world.available().await, "250.00");
    })
    .await;
}
