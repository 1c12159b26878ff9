//! # The built-in provider
//!
//! Takes no money, and has the faults of those that do: cards that are declined now or later, banks that want a
//! confirmation, answers that get lost after the money was taken, refunds that are accepted above what was paid. Which
//! fault a card has stands in its token. It remembers in tables of its own, so that it is one provider over restarts and for
//! several processes.

mod store;

pub(crate) use store::STATEMENTS;

use crate::provider::{
    Attached, Order, Payout, Provider, ProviderError, RefundOrder, RefundStatus, RefundTruth, SetUp, Status,
    Truth,
};
use async_trait::async_trait;
use plaza_db::{Db, DbError, Tx, params};
use plaza_protocol::{Chain, Ctx, Currency, Micros, PortfolioId, RefundId};

/// What the tokens of cards begin with. What follows makes them different.
pub mod tokens {
    /// Pays.
    pub const GOOD: &str = "card_good";
    /// Is not even accepted.
    pub const REFUSED: &str = "card_refused";
    /// Is accepted, and declined when it shall pay.
    pub const DECLINED: &str = "card_declined";
    /// The bank wants a confirmation.
    pub const CONFIRM: &str = "card_confirm";
    /// Pays, and the answer is lost.
    pub const ANSWER_LOST: &str = "card_answerlost";
    /// The first attempt does not arrive.
    pub const CALL_LOST: &str = "card_calllost";
    /// Takes until it was looked up.
    pub const SLOW: &str = "card_slow";
    /// Pays; its refunds are made, and the answer is lost.
    pub const REFUND_LOST: &str = "card_refundlost";
    /// Pays; its refunds fail.
    pub const REFUND_FAILS: &str = "card_refundfails";
    /// Pays another amount than was asked for.
    pub const WRONG_AMOUNT: &str = "card_wrongamount";

    /// All of them.
    pub const ALL: [&str; 10] = [
        GOOD,
        REFUSED,
        DECLINED,
        CONFIRM,
        ANSWER_LOST,
        CALL_LOST,
        SLOW,
        REFUND_LOST,
        REFUND_FAILS,
        WRONG_AMOUNT,
    ];
}

/// Of each charge the provider keeps so much, in percent.
const FEE_PERCENT: i64 = 1;

/// Intents of one payment: those that two made at a time, or whose reference nobody kept.
const INTENTS_MAX: i64 = 100;

/// Payouts that the provider tells of.
const PAYOUTS_TOLD: i64 = 100;

#[derive(Debug, Clone)]
struct Intent {
    reference: String,
    token: String,
    amount: Micros,
    currency: Currency,
    status: Status,
    failure: Option<(String, String)>,
    attempts: i64,
}

/// The built-in provider.
#[derive(Debug)]
pub struct Sandbox {
    db: Db,
}

/// A step was not made.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("{0}")]
    Provider(#[from] ProviderError),
    #[error("storage")]
    Db(#[from] DbError),
}

const STATUSES: [(Status, &str); 6] = [
    (Status::Unconfirmed, "unconfirmed"),
    (Status::Processing, "processing"),
    (Status::RequiresAction, "requires_action"),
    (Status::Succeeded, "succeeded"),
    (Status::Declined, "declined"),
    (Status::Canceled, "canceled"),
];

fn is(token: &str, kind: &str) -> bool {
    token.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

fn lost() -> ProviderError {
    ProviderError::Unknown("the answer was lost".to_owned())
}

fn fee_of(amount: Micros, currency: Currency) -> Micros {
    let minor = crate::minor_units_of(currency);
    let percent = amount.0.saturating_mul(FEE_PERCENT).checked_div(100).unwrap_or_default();
    Micros(percent.saturating_sub(percent.checked_rem(minor).unwrap_or_default()))
}

impl Intent {
    fn truth(&self) -> Truth {
        let is_action = self.status == Status::RequiresAction;
        Truth {
            status: self.status,
            amount: self.amount,
            currency: self.currency,
            charge: (self.status == Status::Succeeded).then(|| format!("{}_charge", self.reference)),
            action: is_action.then(|| "sandbox".to_owned()),
            failure: self.failure.clone(),
        }
    }

    /// An intent, locked.
    async fn take(tx: &mut Tx, reference: &str) -> Result<Self, StepError> {
        let row = tx.query_one(store::TAKE_INTENT, params![reference]).await?;
        let row = row.ok_or(ProviderError::Missing)?;
        let word: String = row.get(3)?;
        let status = STATUSES.iter().find(|(_, known)| *known == word).map(|(status, _)| *status);
        let (code, words): (Option<String>, Option<String>) = (row.get(4)?, row.get(5)?);
        Ok(Self {
            reference: reference.to_owned(),
            token: row.get(0)?,
            currency: row.get(1)?,
            amount: row.get(2)?,
            status: status.ok_or(ProviderError::Missing)?,
            failure: code.zip(words),
            attempts: row.get(6)?,
        })
    }

    async fn put(&self, tx: &mut Tx) -> Result<(), StepError> {
        let word = STATUSES.iter().find(|(known, _)| *known == self.status).map_or("", |(_, word)| *word);
        let (code, words) = self.failure.clone().unzip();
        let row = params![self.reference.as_str(), self.amount, word, code, words, self.attempts];
        tx.execute(store::PUT_INTENT, row).await?;
        Ok(())
    }

    async fn capture(&mut self, tx: &mut Tx) -> Result<(), StepError> {
        self.status = Status::Succeeded;
        let net = self.amount.0.saturating_sub(fee_of(self.amount, self.currency).0);
        tx.execute(store::MOVE_UNSETTLED, params![self.currency, Micros(net)]).await?;
        self.put(tx).await
    }

    /// What its card does when it shall pay.
    async fn pay(&mut self, tx: &mut Tx) -> Result<(), StepError> {
        let token = self.token.clone();
        if is(&token, tokens::DECLINED) {
            self.status = Status::Declined;
            self.failure = Some(("card_declined".to_owned(), "Your card was declined.".to_owned()));
        } else if is(&token, tokens::CONFIRM) {
            self.status = Status::RequiresAction;
        } else if is(&token, tokens::SLOW) {
            self.status = Status::Processing;
        } else {
            if is(&token, tokens::WRONG_AMOUNT) {
                self.amount = Micros(self.amount.0.saturating_add(10_000_000));
            }
            return self.capture(tx).await;
        }
        self.put(tx).await
    }
}

impl Sandbox {
    /// The provider whose tables are in this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// One step of the provider: all of it, or nothing.
    async fn step<T: Send + 'static>(
        &self,
        ctx: &Ctx,
        step: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, StepError> + Send + 'static,
    ) -> Result<T, ProviderError> {
        self.db.transact(ctx, "sandbox.step", step).await.map_err(|error| match error {
            StepError::Provider(error) => error,
            StepError::Db(error) => {
                tracing::error!(error = %Chain(&error), "the built-in provider cannot remember");
                ProviderError::Unknown("its database does not answer".to_owned())
            }
        })
    }

    /// How often it took money, and what it gave back.
    pub async fn told(&self, ctx: &Ctx) -> Result<(i64, Micros), DbError> {
        let told = async |_: &Ctx, tx: &mut Tx| {
            let row = tx.query_one(store::TOLD, params![]).await?;
            row.map_or(Ok((0, Micros::ZERO)), |row| Ok((row.get(0)?, row.get(1)?)))
        };
        self.db.read(ctx, "sandbox.told", told).await
    }
}

fn refund_truth(id: RefundId) -> RefundTruth {
    RefundTruth { reference: format!("sandbox_{}", id.0.simple()), status: RefundStatus::Succeeded }
}

#[async_trait]
impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        "sandbox"
    }

    async fn set_up(&self, portfolio: PortfolioId, _customer: Option<&str>) -> Result<SetUp, ProviderError> {
        let customer = format!("sandbox_{portfolio}");
        Ok(SetUp { customer, client_secret: String::new(), publishable_key: String::new() })
    }

    async fn attach(
        &self,
        portfolio: PortfolioId,
        _customer: Option<&str>,
        token: &str,
    ) -> Result<Attached, ProviderError> {
        if is(token, tokens::REFUSED) {
            let message = "Your card was declined.".to_owned();
            return Err(ProviderError::Declined { code: "card_declined".to_owned(), message });
        }
        if !tokens::ALL.iter().any(|known| is(token, known)) {
            return Err(ProviderError::Missing);
        }
        Ok(Attached {
            customer: format!("sandbox_{portfolio}"),
            kind: "card".to_owned(),
            brand: "visa".to_owned(),
            last4: "4242".to_owned(),
            expires: "2039-12".to_owned(),
        })
    }

    async fn detach(&self, _token: &str) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn prepare(&self, ctx: &Ctx, order: &Order) -> Result<String, ProviderError> {
        let order = order.clone();
        let insert = async move |_: &Ctx, tx: &mut Tx| {
            for number in 0..INTENTS_MAX {
                let reference = format!("sandbox_{number}_{}", order.payment_id.0.simple());
                let row = params![reference.as_str(), order.token.as_str(), order.currency, order.amount];
                if tx.execute(store::INSERT_INTENT, row).await? == 1 {
                    return Ok(reference);
                }
            }
            Err(ProviderError::Refused("it has too many intents".to_owned()).into())
        };
        self.step(ctx, insert).await
    }

    async fn confirm(&self, ctx: &Ctx, reference: &str, _off_session: bool) -> Result<Truth, ProviderError> {
        let named = reference.to_owned();
        let confirm = async move |_: &Ctx, tx: &mut Tx| {
            let mut intent = Intent::take(tx, &named).await?;
            if intent.status != Status::Unconfirmed {
                return Err(ProviderError::Refused("it was confirmed before".to_owned()).into());
            }
            intent.attempts = intent.attempts.saturating_add(1);
            let is_lost = is(&intent.token, tokens::CALL_LOST) && intent.attempts == 1;
            if is_lost {
                intent.put(tx).await?;
            } else {
                intent.pay(tx).await?;
            }
            let answers = !is_lost && !is(&intent.token, tokens::ANSWER_LOST);
            Ok(answers.then(|| intent.truth()))
        };
        self.step(ctx, confirm).await?.ok_or_else(lost)
    }

    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError> {
        let named = reference.to_owned();
        let look = async move |_: &Ctx, tx: &mut Tx| {
            let mut intent = Intent::take(tx, &named).await?;
            let truth = intent.truth();
            if truth.status == Status::Processing {
                intent.capture(tx).await?;
            }
            Ok(truth)
        };
        self.step(ctx, look).await
    }

    async fn cancel(&self, ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError> {
        let named = reference.to_owned();
        let cancel = async move |_: &Ctx, tx: &mut Tx| {
            let mut intent = Intent::take(tx, &named).await?;
            if matches!(intent.status, Status::Succeeded | Status::Processing) {
                return Err(ProviderError::Refused("the money was taken".to_owned()).into());
            }
            intent.status = Status::Canceled;
            intent.put(tx).await?;
            Ok(intent.truth())
        };
        self.step(ctx, cancel).await
    }

    async fn refund(&self, ctx: &Ctx, order: &RefundOrder) -> Result<RefundTruth, ProviderError> {
        let order = order.clone();
        let (reference, id) =
            (order.charge.strip_suffix("_charge").unwrap_or_default().to_owned(), order.refund_id);
        let refund = async move |_: &Ctx, tx: &mut Tx| {
            let token = match Intent::take(tx, &reference).await {
                Ok(intent) => intent.token,
                Err(StepError::Provider(_)) => String::new(),
                Err(error) => return Err(error),
            };
            if is(&token, tokens::REFUND_FAILS) {
                return Err(ProviderError::Refused("the card takes no refunds".to_owned()).into());
            }
            tx.execute(store::ADD_REFUND, params![order.refund_id, order.amount]).await?;
            let less = Micros(0_i64.saturating_sub(order.amount.0));
            tx.execute(store::MOVE_UNSETTLED, params![order.currency, less]).await?;
            Ok(!is(&token, tokens::REFUND_LOST))
        };
        if self.step(ctx, refund).await? { Ok(refund_truth(id)) } else { Err(lost()) }
    }

    async fn find_refund(
        &self,
        ctx: &Ctx,
        order: &RefundOrder,
    ) -> Result<Option<RefundTruth>, ProviderError> {
        let id = order.refund_id;
        let find = async move |_: &Ctx, tx: &mut Tx| {
            Ok(tx.query_one(store::REFUND, params![id]).await?.map(|_| refund_truth(id)))
        };
        self.step(ctx, find).await
    }

    async fn fee(
        &self,
        ctx: &Ctx,
        charge: &str,
        currency: Currency,
    ) -> Result<Option<Micros>, ProviderError> {
        let reference = charge.strip_suffix("_charge").unwrap_or_default().to_owned();
        let fee = async move |_: &Ctx, tx: &mut Tx| match Intent::take(tx, &reference).await {
            Ok(intent) => Ok(Some(fee_of(intent.amount, currency))),
            Err(StepError::Provider(_)) => Ok(None),
            Err(error) => Err(error),
        };
        self.step(ctx, fee).await
    }

    /// Pays out whatever it has, each time that it is asked, and tells of its last payouts.
    async fn payouts(&self, ctx: &Ctx) -> Result<Vec<Payout>, ProviderError> {
        let pay_out = async |ctx: &Ctx, tx: &mut Tx| {
            for row in tx.query(store::TAKE_UNSETTLED, params![]).await? {
                let (currency, amount): (Currency, Micros) = (row.get(0)?, row.get(1)?);
                let less = Micros(0_i64.saturating_sub(amount.0));
                tx.execute(store::MOVE_UNSETTLED, params![currency, less]).await?;
                let reference = format!("sandbox_{}", ctx.uuid::<uuid::Uuid>().simple());
                tx.execute(store::PAY_OUT, params![reference, currency, amount, ctx.now()]).await?;
            }
            let mut payouts = Vec::new();
            for row in tx.query(store::PAYOUTS, params![PAYOUTS_TOLD]).await? {
                let (reference, currency) = (row.get(0)?, row.get(1)?);
                payouts.push(Payout { reference, currency, amount: row.get(2)?, arrived_at: row.get(3)? });
            }
            Ok(payouts)
        };
        self.step(ctx, pay_out).await
    }

    async fn answer(&self, ctx: &Ctx, reference: &str, approve: bool) -> Result<(), ProviderError> {
        let named = reference.to_owned();
        let answer = async move |_: &Ctx, tx: &mut Tx| {
            let mut intent = Intent::take(tx, &named).await?;
            if intent.status != Status::RequiresAction {
                return Err(ProviderError::Refused("nothing has to be confirmed".to_owned()).into());
            }
            if approve {
                return intent.capture(tx).await;
            }
            intent.status = Status::Declined;
            let words = "The payment was not confirmed at the bank.".to_owned();
            intent.failure = Some(("authentication_failed".to_owned(), words));
            intent.put(tx).await
        };
        self.step(ctx, answer).await
    }
}
