//! # Refunds
//!
//! Money goes back by the way it came. What is given back leaves the prepaid balance before the provider is asked, so that
//! it cannot be spent meanwhile; if the provider says no, it returns. A refund that was asked for and not answered is first
//! looked for at the provider, and only then asked for again.

use crate::payment::{self, State, words};
use crate::payments::{check_key, move_money, prepaid};
use crate::provider::{ProviderError, RefundOrder, RefundStatus, RefundTruth};
use crate::{Payment, PaymentError, Payments, amount, bank, store};
use plaza_billing::audit::{self, Act, On};
use plaza_db::{Row, Tx, params};
use plaza_ledger::{Account, AccountKind, derived_id};
use plaza_protocol::{Chain, Ctx, Micros, PaymentId, RefundId, Timestamp};
use serde_json::json;

/// Characters of a reason.
const REASON_CHARACTERS_MAX: usize = 300;

words! {
    /// How far a refund is.
    RefundState, "a state of a refund is unknown":
    /// A row; the provider has not been asked.
    Created = "created",
    /// The provider was asked, or, for a bank transfer, the operator has to send the money.
    Processing = "processing",
    /// Given back.
    Succeeded = "succeeded",
    /// The provider said no; the balance has it again.
    Failed = "failed",
}

/// Money that goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub refund_id: RefundId,
    /// Of what.
    pub payment_id: PaymentId,
    /// How much.
    pub amount: Micros,
    /// Why, in the operator's words.
    pub reason: String,
    /// How far it is.
    pub state: RefundState,
    /// The provider's name for it.
    pub reference: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Refund {
    pub(crate) fn read(row: &Row) -> Result<Self, PaymentError> {
        Ok(Self {
            refund_id: row.get(0)?,
            payment_id: row.get(1)?,
            amount: row.get(2)?,
            reason: row.get(3)?,
            state: RefundState::read(row, 4)?,
            reference: row.get(5)?,
            failure: row.get(6)?,
            created_at: row.get(7)?,
            updated_at: row.get(8)?,
        })
    }

    fn is_open(&self) -> bool {
        matches!(self.state, RefundState::Created | RefundState::Processing)
    }

    pub(crate) fn has_ended(&self) -> bool {
        !self.is_open()
    }
}

/// The refunds of a payment, the oldest first.
pub async fn refunds_of(_ctx: &Ctx, tx: &mut Tx, payment: PaymentId) -> Result<Vec<Refund>, PaymentError> {
    tx.query(store::REFUNDS_OF, params![payment]).await?.iter().map(Refund::read).collect()
}

async fn load(tx: &mut Tx, id: RefundId) -> Result<Refund, PaymentError> {
    let row = tx.query_one(store::REFUND, params![id]).await?;
    Refund::read(&row.ok_or(PaymentError::UnknownPayment)?)
}

/// Writes a refund and takes its money out of the balance; whether it is new.
async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    id: PaymentId,
    amount: Micros,
    (reason, key): (&str, &str),
) -> Result<(Refund, bool), PaymentError> {
    check_key(key)?;
    let words = reason.trim().chars().count();
    if words == 0 || words > REASON_CHARACTERS_MAX {
        return Err(PaymentError::Invalid("reason: 1 to 300 characters are expected"));
    }
    let payment = payment::load(tx, id).await?;
    amount::to_minor(amount, payment.currency)?;
    let row = params![ctx.ordered_id::<RefundId>(), id, key, amount, reason.trim(), ctx.now()];
    let is_new = tx.execute(store::INSERT_REFUND, row).await? == 1;
    let row = tx.query_one(store::REFUND_OF_KEY, params![id, key]).await?;
    let refund = Refund::read(&row.ok_or(PaymentError::UnknownPayment)?)?;
    if !is_new {
        return if refund.amount == amount { Ok((refund, false)) } else { Err(PaymentError::KeyReused) };
    }
    if payment.state != State::Succeeded {
        return Err(PaymentError::NotCaptured);
    }
    if tx.execute(store::ADD_REFUNDED, params![id, amount]).await? == 0 {
        let left = payment::load(tx, id).await?.left();
        return Err(PaymentError::AboveCaptured { left });
    }
    let accounts = (
        prepaid(payment.portfolio_id, payment.currency),
        Account::clearing(&payment.provider, payment.currency),
    );
    move_money(ctx, tx, derived_id(refund.refund_id.0, "refund"), accounts, amount).await?;
    plaza_billing::alerts::money_moved(ctx, tx, payment.portfolio_id).await?;
    note(ctx, tx, Act::Refund, (&payment, &refund)).await?;
    Ok((refund, true))
}

/// Writes down what an operator did with a refund.
async fn note(
    ctx: &Ctx,
    tx: &mut Tx,
    act: Act,
    (payment, refund): (&Payment, &Refund),
) -> Result<(), PaymentError> {
    let on = On::of(payment.payment_id).owned_by(payment.portfolio_id);
    let details = json!({
        "refund_id": refund.refund_id, "amount_micros": refund.amount.0, "currency": payment.currency.code(),
        "provider": payment.provider, "reason": refund.reason,
    });
    Ok(audit::note(ctx, tx, act, on, details).await?)
}

/// Takes over what the provider says. What has ended stays as it ended.
async fn record(
    ctx: &Ctx,
    tx: &mut Tx,
    (payment, refund): (&Payment, &Refund),
    state: RefundState,
    reference: Option<&str>,
    failure: Option<&str>,
) -> Result<(), PaymentError> {
    let row = params![refund.refund_id, state.as_str(), reference, failure, ctx.now()];
    let has_changed = tx.execute(store::SET_REFUND, row).await? == 1;
    let clearing = Account::clearing(&payment.provider, payment.currency);
    if has_changed && state == RefundState::Failed {
        tx.execute(store::SUB_REFUNDED, params![payment.payment_id, refund.amount]).await?;
        let back = (clearing, prepaid(payment.portfolio_id, payment.currency));
        let id = derived_id(refund.refund_id.0, "refund failed");
        move_money(ctx, tx, id, back, refund.amount).await?;
    } else if has_changed && state == RefundState::Succeeded && payment.provider == bank::BANK {
        let sent = (clearing, Account::new(AccountKind::Bank, payment.currency));
        move_money(ctx, tx, derived_id(refund.refund_id.0, "refund sent"), sent, refund.amount).await?;
    }
    Ok(())
}

impl Payments {
    /// Gives back of a payment. The same key is the same refund. The balance must cover it, holds counted.
    pub async fn refund(
        &self,
        ctx: &Ctx,
        payment: PaymentId,
        amount: Micros,
        reason: String,
        key: String,
    ) -> Result<Refund, PaymentError> {
        let make =
            async move |ctx: &Ctx, tx: &mut Tx| create(ctx, tx, payment, amount, (&reason, &key)).await;
        let (refund, is_new) = self.db.transact(ctx, "payments.refund", make).await?;
        if is_new { self.advance_refund(ctx, refund.refund_id).await } else { Ok(refund) }
    }

    /// Asks the provider for a refund, or how it stands.
    pub(crate) async fn advance_refund(&self, ctx: &Ctx, id: RefundId) -> Result<Refund, PaymentError> {
        let claim = async move |ctx: &Ctx, tx: &mut Tx| {
            let refund = load(tx, id).await?;
            let payment = payment::load(tx, refund.payment_id).await?;
            let claimed =
                tx.execute(store::CLAIM_REFUND, params![id, refund.updated_at, ctx.now()]).await? == 1;
            Ok::<_, PaymentError>((payment, refund, claimed))
        };
        let (payment, refund, claimed) = self.db.transact(ctx, "payments.claim_refund", claim).await?;
        let provider = self.provider.as_ref().filter(|provider| provider.name() == payment.provider);
        let (Some(provider), true) = (provider, claimed) else {
            return self.load_refund(ctx, id).await;
        };
        let order = RefundOrder {
            refund_id: id,
            charge: payment.charge.clone().unwrap_or_default(),
            amount: refund.amount,
            currency: payment.currency,
        };
        let outcome = match refund.state {
            RefundState::Processing => match provider.find_refund(ctx, &order).await {
                Ok(None) => provider.refund(ctx, &order).await,
                Ok(Some(truth)) => Ok(truth),
                Err(error) => Err(error),
            },
            _ => provider.refund(ctx, &order).await,
        };
        let (state, reference, failure) = match outcome {
            Ok(RefundTruth { reference, status }) => match status {
                RefundStatus::Processing => (RefundState::Processing, Some(reference), None),
                RefundStatus::Succeeded => (RefundState::Succeeded, Some(reference), None),
                RefundStatus::Failed => (
                    RefundState::Failed,
                    Some(reference),
                    Some("the provider could not give it back".to_owned()),
                ),
            },
            Err(error @ ProviderError::Unknown(_)) => {
                tracing::warn!(refund = %id, error = %Chain(&error), "a refund waits for its provider");
                return self.load_refund(ctx, id).await;
            }
            Err(error) => (RefundState::Failed, None, Some(error.to_string())),
        };
        let write = async move |ctx: &Ctx, tx: &mut Tx| {
            let pair = (&payment, &refund);
            record(ctx, tx, pair, state, reference.as_deref(), failure.as_deref()).await
        };
        self.db.transact(ctx, "payments.record_refund", write).await?;
        self.load_refund(ctx, id).await
    }

    /// The operator sent the money of a refund by bank transfer.
    pub async fn refund_sent(
        &self,
        ctx: &Ctx,
        payment: PaymentId,
        id: RefundId,
    ) -> Result<Refund, PaymentError> {
        let write = async move |ctx: &Ctx, tx: &mut Tx| {
            let (payment, refund) = (payment::load(tx, payment).await?, load(tx, id).await?);
            if refund.payment_id != payment.payment_id {
                return Err(PaymentError::UnknownPayment);
            }
            if payment.provider != bank::BANK {
                return Err(PaymentError::Invalid(
                    "the provider sends this refund: only those of bank transfers are sent by hand",
                ));
            }
            if refund.is_open() {
                record(ctx, tx, (&payment, &refund), RefundState::Succeeded, None, None).await?;
                note(ctx, tx, Act::RefundSent, (&payment, &refund)).await?;
            }
            load(tx, id).await
        };
        self.db.transact(ctx, "payments.refund_sent", write).await
    }

    async fn load_refund(&self, ctx: &Ctx, id: RefundId) -> Result<Refund, PaymentError> {
        let read = async move |_: &Ctx, tx: &mut Tx| load(tx, id).await;
        self.db.read(ctx, "payments.load_refund", read).await
    }
}
