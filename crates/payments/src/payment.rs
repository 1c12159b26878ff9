//! A payment as it is kept and shown.

use crate::{PaymentError, store};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, Currency, InvoiceId, Micros, PaymentId, PaymentMethodId, PortfolioId, Timestamp};

/// Words that are read from rows; another word there is damage.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($variants:tt)*) => {
        plaza_protocol::words! { $(#[$doc])* $name { $($variants)* } }

        impl $name {
            pub(crate) fn read(row: &plaza_db::Row, column: usize) -> Result<Self, PaymentError> {
                Self::parse(&row.get::<String>(column)?).ok_or(PaymentError::Damaged($what))
            }
        }
    };
}
pub(crate) use words;

words! {
    /// How far a payment is.
    State, "a state of a payment is unknown":
    /// A row; the provider has not been asked.
    Created = "created",
    /// The provider was asked; the outcome is not known yet.
    Processing = "processing",
    /// The payer has to do something: confirm at the bank, or transfer the money.
    RequiresAction = "requires_action",
    /// The money is there and credited.
    Succeeded = "succeeded",
    /// No money was taken, and none will be.
    Failed = "failed",
    /// It was called off before any money was taken.
    Canceled = "canceled",
}

impl State {
    /// Whether it may still change.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Created | Self::Processing | Self::RequiresAction)
    }
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Somebody pays in.
    TopUp,
    /// The threshold of the automatic top-up.
    Automatic,
    /// An invoice.
    Invoice(InvoiceId),
}

impl Cause {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top_up",
            Self::Automatic => "automatic",
            Self::Invoice(_) => "invoice",
        }
    }

    /// The invoice that it pays.
    pub fn invoice(self) -> Option<InvoiceId> {
        match self {
            Self::Invoice(id) => Some(id),
            Self::TopUp | Self::Automatic => None,
        }
    }

    /// As it stands in the database.
    pub(crate) fn stored(self) -> String {
        match self {
            Self::Invoice(id) => format!("invoice:{id}"),
            other => other.as_str().to_owned(),
        }
    }

    fn read(row: &Row, column: usize) -> Result<Self, PaymentError> {
        let text: String = row.get(column)?;
        let invoice = text.strip_prefix("invoice:").and_then(|id| id.parse().ok()).map(Self::Invoice);
        let plain = [Self::TopUp, Self::Automatic].into_iter().find(|cause| cause.as_str() == text);
        invoice.or(plain).ok_or(PaymentError::Damaged("a cause of a payment is unknown"))
    }
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub payment_id: PaymentId,
    /// Who pays.
    pub portfolio_id: PortfolioId,
    /// Through whom.
    pub provider: String,
    /// With what; `None`: a bank transfer.
    pub method_id: Option<PaymentMethodId>,
    /// Who asked for it.
    pub cause: Cause,
    /// Of the amounts.
    pub currency: Currency,
    /// How much.
    pub amount: Micros,
    /// Given back, or on its way back.
    pub refunded: Micros,
    /// How far it is.
    pub state: State,
    /// The provider's name for it; of a bank transfer, what the payer writes.
    pub reference: Option<String>,
    /// The provider's name for the money that it took.
    pub charge: Option<String>,
    /// What the payer has to do.
    pub action: Option<String>,
    /// The provider's word for why it failed.
    pub failure_code: Option<String>,
    /// Why it failed, in words.
    pub failure: Option<String>,
    /// What the provider kept of it.
    pub fee: Option<Micros>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    pub(crate) fn read(row: &Row) -> Result<Self, PaymentError> {
        Ok(Self {
            payment_id: row.get(0)?,
            portfolio_id: row.get(1)?,
            provider: row.get(2)?,
            method_id: row.get(3)?,
            cause: Cause::read(row, 4)?,
            currency: row.get(5)?,
            amount: row.get(6)?,
            refunded: row.get(7)?,
            state: State::read(row, 8)?,
            reference: row.get(9)?,
            charge: row.get(10)?,
            action: row.get(11)?,
            failure_code: row.get(12)?,
            failure: row.get(13)?,
            fee: row.get(14)?,
            created_at: row.get(15)?,
            updated_at: row.get(16)?,
        })
    }

    /// What can still be given back.
    pub fn left(&self) -> Micros {
        self.amount.checked_sub(self.refunded).unwrap_or(Micros::ZERO)
    }
}

/// Which payments a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Of one portfolio.
    pub portfolio: Option<PortfolioId>,
    /// In one state.
    pub state: Option<State>,
    /// After this one, downwards.
    pub before: Option<PaymentId>,
}

/// Payments, the newest first.
pub async fn payments(
    _ctx: &Ctx,
    tx: &mut Tx,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<Payment>, PaymentError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let before = filter.before.unwrap_or(PaymentId(uuid::Uuid::max()));
    let state = filter.state.map_or("", State::as_str);
    let rows = match filter.portfolio {
        Some(portfolio) => tx.query(store::PAYMENTS_OF, params![portfolio, before, state, limit]).await?,
        None => tx.query(store::PAYMENTS, params![before, state, limit]).await?,
    };
    rows.iter().map(Payment::read).collect()
}

/// A payment of a portfolio; another's does not exist.
pub async fn payment_of(
    _ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    id: PaymentId,
) -> Result<Payment, PaymentError> {
    let payment = load(tx, id).await?;
    if payment.portfolio_id == portfolio { Ok(payment) } else { Err(PaymentError::UnknownPayment) }
}

/// Any payment, for the operator.
pub async fn payment(_ctx: &Ctx, tx: &mut Tx, id: PaymentId) -> Result<Payment, PaymentError> {
    load(tx, id).await
}

pub(crate) async fn load(tx: &mut Tx, id: PaymentId) -> Result<Payment, PaymentError> {
    let row = tx.query_one(store::PAYMENT, params![id]).await?;
    Payment::read(&row.ok_or(PaymentError::UnknownPayment)?)
}
