//! # Payment providers
//!
//! What Plaza asks of whoever moves the money. A provider makes an *intent*, which takes nothing, and confirms it; whatever
//! happens in between, its look-up says how things stand.

use async_trait::async_trait;
use plaza_protocol::{Ctx, Currency, Micros, PaymentId, PortfolioId, RefundId, Timestamp};

/// A provider did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The bank or the provider says no to the payer.
    #[error("declined ({code}): {message}")]
    Declined {
        /// The provider's word for it.
        code: String,
        /// In words for the payer.
        message: String,
    },
    /// No answer, or one that says nothing: whether it happened is not known.
    #[error("no answer: {0}")]
    Unknown(String),
    /// The provider knows no such thing.
    #[error("the provider does not know it")]
    Missing,
    /// What was asked cannot be done, as it was asked or in this state. It did not happen.
    #[error("refused: {0}")]
    Refused(String),
}

/// A payment method as a provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The provider's name for the portfolio.
    pub customer: String,
    /// card, sepa_debit …
    pub kind: String,
    /// Of a card.
    pub brand: String,
    /// The last digits.
    pub last4: String,
    /// `2030-12`; empty: never.
    pub expires: String,
}

/// What a page needs to let somebody enter a card at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetUp {
    /// The provider's name for the portfolio.
    pub customer: String,
    /// For the provider's script in the page.
    pub client_secret: String,
    /// The same.
    pub publishable_key: String,
}

/// A payment to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Ours.
    pub payment_id: PaymentId,
    /// Who pays.
    pub portfolio_id: PortfolioId,
    /// How much.
    pub amount: Micros,
    /// Of it.
    pub currency: Currency,
    /// The provider's name for the payer.
    pub customer: String,
    /// The provider's name for what is paid with.
    pub token: String,
}

/// How an intent stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It takes nothing yet.
    Unconfirmed,
    /// The money is on its way.
    Processing,
    /// The payer has to do something.
    RequiresAction,
    /// The money was taken.
    Succeeded,
    /// The payer's bank said no; the intent could still be paid by other means.
    Declined,
    /// It never takes money any more.
    Canceled,
}

/// What a provider says of an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// How it stands.
    pub status: Status,
    /// How much it takes or took.
    pub amount: Micros,
    /// Of it.
    pub currency: Currency,
    /// The provider's name for the money that was taken.
    pub charge: Option<String>,
    /// What the payer has to do.
    pub action: Option<String>,
    /// Why it was declined: the provider's code, and words.
    pub failure: Option<(String, String)>,
}

/// A refund to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// Ours.
    pub refund_id: RefundId,
    /// What it gives back from.
    pub charge: String,
    /// How much.
    pub amount: Micros,
    /// Of it.
    pub currency: Currency,
}

/// How a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Processing,
    /// Given back.
    Succeeded,
    /// It did not happen.
    Failed,
}

/// What a provider says of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTruth {
    /// The provider's name for it.
    pub reference: String,
    /// How it stands.
    pub status: RefundStatus,
}

/// Money that a provider sent to the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// The provider's name for it.
    pub reference: String,
    /// How much arrives.
    pub amount: Micros,
    /// Of it.
    pub currency: Currency,
    /// When.
    pub arrived_at: Timestamp,
}

/// Whoever moves the money.
#[async_trait]
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// As it stands in rows and in the name of its clearing account.
    fn name(&self) -> &'static str;
    /// Lets a page ask for a payment method.
    async fn set_up(&self, portfolio: PortfolioId, customer: Option<&str>) -> Result<SetUp, ProviderError>;
    /// Ties a payment method to a portfolio, which becomes a customer if it is not one.
    async fn attach(
        &self,
        portfolio: PortfolioId,
        customer: Option<&str>,
        token: &str,
    ) -> Result<Attached, ProviderError>;
    /// Forgets a payment method.
    async fn detach(&self, token: &str) -> Result<(), ProviderError>;
    /// Makes an intent that takes nothing; the answer is its reference.
    async fn prepare(&self, ctx: &Ctx, order: &Order) -> Result<String, ProviderError>;
    /// Takes the money, or begins to. `off_session`: nobody is there to confirm it at the bank.
    async fn confirm(&self, ctx: &Ctx, reference: &str, off_session: bool) -> Result<Truth, ProviderError>;
    /// How an intent stands.
    async fn look_up(&self, ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError>;
    /// Sees to it that an intent never takes money. Refused if it has.
    async fn cancel(&self, ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError>;
    /// Gives money back.
    async fn refund(&self, ctx: &Ctx, order: &RefundOrder) -> Result<RefundTruth, ProviderError>;
    /// A refund that was asked for, if it arrived.
    async fn find_refund(&self, ctx: &Ctx, order: &RefundOrder)
    -> Result<Option<RefundTruth>, ProviderError>;
    /// What the provider kept of a charge, once it knows.
    async fn fee(&self, ctx: &Ctx, charge: &str, currency: Currency)
    -> Result<Option<Micros>, ProviderError>;
    /// The newest payouts that arrived.
    async fn payouts(&self, ctx: &Ctx) -> Result<Vec<Payout>, ProviderError>;
    /// The payer's answer where the provider has no page of its own: the built-in sandbox.
    async fn answer(&self, _ctx: &Ctx, _reference: &str, _approve: bool) -> Result<(), ProviderError> {
        Err(ProviderError::Refused("the payer confirms at the provider".to_owned()))
    }
}

/// A call to a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// POST, or GET.
    pub is_post: bool,
    /// Whole.
    pub url: String,
    /// Names and values; some are secret.
    pub headers: Vec<(&'static str, String)>,
    /// Form-encoded; empty for GET.
    pub body: String,
}

/// What a provider answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Whole.
    pub body: Vec<u8>,
    /// For how long the answer may be kept, if it says so.
    pub max_age: Option<std::time::Duration>,
}

/// A call brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It was not made: the address may not be called, or there was no connection.
    #[error("the provider was not reached: {0}")]
    NotSent(String),
    /// It was made, and then the connection broke or the time was over.
    #[error("the provider did not answer: {0}")]
    NoAnswer(String),
}

/// The way out, which the server has.
#[async_trait]
pub trait Network: Send + Sync + std::fmt::Debug {
    /// Makes a call.
    async fn call(&self, request: Request) -> Result<Response, NetworkError>;
}
