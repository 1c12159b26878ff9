//! # Taking a payment
//!
//! [`Payments::top_up`] writes the row and then moves it forward. [`Payments::advance`] is the one way forward, whoever
//! asks: the request that made the payment, a webhook, the page that waits, the reconciliation. It asks the provider how
//! the intent stands and does the next thing; it may be interrupted anywhere and called again, also by several at a time.

use crate::payment::{Cause, Payment, State, load};
use crate::provider::{Order, Provider, ProviderError, SetUp, Status, Truth};
use crate::{Method, PaymentError, amount, automatic, bank, later, methods, store};
use plaza_billing::alerts;
use plaza_billing::invoices::{self, InvoiceError, PaymentSource};
use plaza_db::{Db, Tx, params};
use plaza_ledger::{Account, AccountKind, Action, Transfer, derived_id};
use plaza_protocol::{
    Actor, Chain, Ctx, Currency, InvoiceId, Micros, PaymentId, PaymentMethodId, PortfolioId,
};
use std::sync::Arc;
use std::time::Duration;

/// Steps that one call takes at most: an intent is made, confirmed and at worst cancelled, with looks in between.
const STEPS_MAX: usize = 8;
/// How long a payer has to confirm a payment at the bank.
const ACTION_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// After an automatic top-up failed, the next one is tried so much later: a card that was declined is not hammered.
const AUTOMATIC_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// Characters of an idempotency key.
const KEY_CHARACTERS_MAX: usize = 100;
/// Characters that are kept of what a provider says.
const SAID_CHARACTERS_MAX: usize = 500;

/// The payments of a network, and its provider.
#[derive(Debug, Clone)]
pub struct Payments {
    pub(crate) db: Db,
    pub(crate) provider: Option<Arc<dyn Provider>>,
}

/// A wish to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopUp {
    /// Who.
    pub portfolio_id: PortfolioId,
    /// How much.
    pub amount: Micros,
    /// What the payer thinks it is in; `None`: whatever the portfolio pays in.
    pub currency: Option<Currency>,
    /// The same key is the same payment.
    pub key: String,
    /// With what; `None`: the default method.
    pub method: Option<PaymentMethodId>,
    /// By bank transfer, whatever methods there are.
    pub by_bank_transfer: bool,
}

/// A wish to pay an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePayment {
    /// Which.
    pub invoice: InvoiceId,
    /// The same key is the same payment.
    pub key: String,
    /// With what; `None`: the default method.
    pub method: Option<PaymentMethodId>,
}

/// What shall become of an open payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) state: State,
    pub(crate) charge: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) failure: Option<(String, String)>,
}

impl Change {
    pub(crate) fn to(state: State) -> Self {
        Self { state, charge: None, action: None, failure: None }
    }

    fn failed(code: &str, words: &str) -> Self {
        Self { failure: Some((cut(code), cut(words))), ..Self::to(State::Failed) }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(SAID_CHARACTERS_MAX).collect()
}

pub(crate) fn prepaid(portfolio: PortfolioId, currency: Currency) -> Account {
    Account::new(AccountKind::PortfolioPrepaid(portfolio), currency)
}

pub(crate) fn check_key(key: &str) -> Result<(), PaymentError> {
    let characters = key.chars().count();
    if characters == 0 || characters > KEY_CHARACTERS_MAX { Err(PaymentError::BadKey) } else { Ok(()) }
}

pub(crate) async fn currency_of(tx: &mut Tx, portfolio: PortfolioId) -> Result<Currency, PaymentError> {
    let row = tx.query_one(store::CURRENCY_OF, params![portfolio]).await?;
    let unknown = plaza_billing::BillingError::UnknownPortfolio(portfolio);
    Ok(row.ok_or(unknown)?.get(0)?)
}

/// Writes a new payment, or finds the one of its key.
pub(crate) async fn create(
    ctx: &Ctx,
    tx: &mut Tx,
    top_up: &TopUp,
    cause: Cause,
    default_provider: Option<&'static str>,
) -> Result<Payment, PaymentError> {
    check_key(&top_up.key)?;
    let currency = currency_of(tx, top_up.portfolio_id).await?;
    if top_up.currency.is_some_and(|wanted| wanted != currency) {
        return Err(PaymentError::WrongCurrency(currency));
    }
    amount::to_minor(top_up.amount, currency)?;
    let key = params![top_up.portfolio_id, &top_up.key];
    if let Some(row) = tx.query_one(store::PAYMENT_OF_KEY, key.clone()).await? {
        return same(&Payment::read(&row)?, top_up, cause);
    }
    let method =
        if top_up.by_bank_transfer { None } else { Some(method_for(tx, top_up, default_provider).await?) };
    let (state, reference, action) = match method {
        Some(_) => (State::Created, None, None),
        None => {
            let reference = bank::new_reference(ctx);
            (State::RequiresAction, Some(reference.clone()), Some(reference))
        }
    };
    let provider = method.as_ref().map_or(bank::BANK, |method| method.provider.as_str());
    let method_id = method.as_ref().map(|method| method.method_id);
    let row = params![
        ctx.ordered_id::<PaymentId>(),
        top_up.portfolio_id,
        provider,
        method_id,
        &top_up.key,
        cause.stored(),
        currency,
        top_up.amount,
        state.as_str(),
        reference,
        action,
        ctx.now()
    ];
    tx.execute(store::INSERT_PAYMENT, row).await?;
    // Somebody else may have been faster with the same key.
    let row = tx.query_one(store::PAYMENT_OF_KEY, key).await?;
    same(&Payment::read(&row.ok_or(PaymentError::UnknownPayment)?)?, top_up, cause)
}

/// A key stands for one payment: of this amount, in this way, for this invoice or none.
fn same(payment: &Payment, top_up: &TopUp, cause: Cause) -> Result<Payment, PaymentError> {
    let is_bank = payment.provider == bank::BANK;
    let other_method = top_up.method.is_some() && top_up.method != payment.method_id;
    let other_invoice = payment.cause.invoice() != cause.invoice();
    if other_invoice || payment.amount != top_up.amount || is_bank != top_up.by_bank_transfer || other_method
    {
        return Err(PaymentError::KeyReused);
    }
    Ok(payment.clone())
}

async fn method_for(
    tx: &mut Tx,
    top_up: &TopUp,
    provider: Option<&'static str>,
) -> Result<Method, PaymentError> {
    let method = match top_up.method {
        Some(id) => methods::load(tx, top_up.portfolio_id, id).await?,
        None => {
            let row = tx.query_one(store::DEFAULT_METHOD, params![top_up.portfolio_id]).await?;
            Method::read(&row.ok_or(PaymentError::NoMethod)?)?
        }
    };
    let provider = provider.ok_or(PaymentError::NoProvider)?;
    if method.provider != provider {
        return Err(PaymentError::MethodUnusable(
            "it belongs to a provider that this network does not use any more",
        ));
    }
    method.check_ready()?;
    Ok(method)
}

/// Moves an open payment, and the money with it. What has ended stays as it ended; the answer is whether it was open.
pub(crate) async fn change(
    ctx: &Ctx,
    tx: &mut Tx,
    payment: &Payment,
    change: &Change,
) -> Result<bool, PaymentError> {
    let (code, words) = change.failure.clone().unzip();
    let row = params![
        payment.payment_id,
        change.state.as_str(),
        change.charge.clone(),
        change.action.clone(),
        code,
        words,
        ctx.now()
    ];
    if tx.execute(store::SET_STATE, row).await? == 0 {
        return Ok(false);
    }
    if change.state == State::Succeeded {
        // The money came, whoever noticed it.
        succeeded(&ctx.acting_as(Actor::System), tx, payment).await?;
    }
    let has_failed = matches!(change.state, State::Failed | State::Canceled);
    if has_failed && payment.cause == Cause::Automatic {
        let until = later(ctx.now(), AUTOMATIC_PAUSE);
        tx.execute(store::PAUSE_AUTOMATIC, params![payment.portfolio_id, until]).await?;
    }
    Ok(true)
}

/// The money of a payment has come: it pays its invoice, what is not open there any more goes to the balance.
async fn succeeded(ctx: &Ctx, tx: &mut Tx, payment: &Payment) -> Result<(), PaymentError> {
    let mut left = payment.amount;
    if let Some(id) = payment.cause.invoice() {
        let invoice = invoices::payable(ctx, tx, id).await?;
        let amount_minor = amount::to_minor(left, payment.currency)?.min(invoice.open_minor());
        if amount_minor > 0 {
            let source = match payment.provider.as_str() {
                bank::BANK => PaymentSource::Transfer,
                provider => PaymentSource::Provider(provider.to_owned()),
            };
            let paid = invoices::Payment {
                key: payment.payment_id.to_string(),
                amount_minor,
                source,
                reference: payment.reference.clone().unwrap_or_else(|| payment.payment_id.to_string()),
            };
            invoices::pay(ctx, tx, id, &paid).await?;
            let paid = amount::from_minor(amount_minor, payment.currency).unwrap_or_default();
            left = left.checked_sub(paid).unwrap_or_default();
        }
    }
    if left > Micros::ZERO {
        let from = match payment.provider.as_str() {
            bank::BANK => Account::new(AccountKind::Bank, payment.currency),
            provider => Account::clearing(provider, payment.currency),
        };
        let to = prepaid(payment.portfolio_id, payment.currency);
        move_money(ctx, tx, derived_id(payment.payment_id.0, "capture"), (from, to), left).await?;
    }
    if payment.cause == Cause::Automatic {
        automatic::paid(ctx, tx, payment.portfolio_id).await?;
    }
    alerts::money_moved(ctx, tx, payment.portfolio_id).await?;
    Ok(())
}

/// Writes the payment of what is open of an invoice, or finds the one of its key. One is under way at a time.
async fn create_for_invoice(
    ctx: &Ctx,
    tx: &mut Tx,
    wish: &InvoicePayment,
    provider: Option<&'static str>,
) -> Result<Payment, PaymentError> {
    // Locked: two who pay it at a time follow each other.
    let invoice = invoices::payable(ctx, tx, wish.invoice).await?;
    let (portfolio, cause) = (invoice.portfolio_id, Cause::Invoice(wish.invoice));
    if let Some(row) = tx.query_one(store::PAYMENT_OF_KEY, params![portfolio, &wish.key]).await? {
        let known = Payment::read(&row)?;
        return if known.cause == cause { Ok(known) } else { Err(PaymentError::KeyReused) };
    }
    if invoice.open_minor() == 0 {
        return Err(InvoiceError::Ended(invoice.status).into());
    }
    if tx.query_one(store::OPEN_FOR, params![portfolio, cause.stored()]).await?.is_some() {
        return Err(PaymentError::UnderWay);
    }
    let amount = amount::from_minor(invoice.open_minor(), invoice.currency);
    let top_up = TopUp {
        portfolio_id: portfolio,
        amount: amount.ok_or(PaymentError::BadAmount("it cannot be paid at once"))?,
        currency: Some(invoice.currency),
        key: wish.key.clone(),
        method: wish.method,
        by_bank_transfer: false,
    };
    create(ctx, tx, &top_up, cause, provider).await
}

/// Whether the payer's time to confirm is over.
fn has_lapsed(ctx: &Ctx, payment: &Payment) -> bool {
    ctx.now() >= later(payment.created_at, ACTION_WITHIN)
}

/// A transfer that must go well: nothing it touches has a floor that it could cross.
pub(crate) async fn move_money(
    ctx: &Ctx,
    tx: &mut Tx,
    transfer_id: plaza_protocol::TransferId,
    (debit, credit): (Account, Account),
    amount: Micros,
) -> Result<(), PaymentError> {
    let transfer = Transfer { transfer_id, action: Action::Posted { debit, credit, amount } };
    match plaza_ledger::post(ctx, tx, &[transfer]).await?.first() {
        Some(Ok(_)) => Ok(()),
        Some(Err(plaza_ledger::Refused::Insufficient { available })) => {
            Err(PaymentError::InsufficientBalance { available: *available })
        }
        Some(Err(plaza_ledger::Refused::TooLarge)) => {
            Err(PaymentError::BadAmount("a balance would be too large"))
        }
        Some(Err(_)) | None => Err(PaymentError::Damaged("a transfer was refused")),
    }
}

impl Payments {
    /// The payments of a network whose provider is this; `None`: bank transfers only.
    pub fn new(db: Db, provider: Option<Arc<dyn Provider>>) -> Self {
        Self { db, provider }
    }

    /// The provider's name, if there is one.
    pub fn provider_name(&self) -> Option<&'static str> {
        self.provider.as_ref().map(|provider| provider.name())
    }

    pub(crate) fn provider(&self) -> Result<&Arc<dyn Provider>, PaymentError> {
        self.provider.as_ref().ok_or(PaymentError::NoProvider)
    }

    /// Pays in. The same key is answered with the same payment, however far it is.
    pub async fn top_up(&self, ctx: &Ctx, top_up: TopUp) -> Result<Payment, PaymentError> {
        let provider = self.provider_name();
        let make = async move |ctx: &Ctx, tx: &mut Tx| create(ctx, tx, &top_up, Cause::TopUp, provider).await;
        let payment = self.db.transact(ctx, "payments.create", make).await?;
        if payment.state == State::Created {
            self.advance(ctx, payment.payment_id).await
        } else {
            Ok(payment)
        }
    }

    /// Pays what is open of an invoice. The same key is answered with the same payment, however far it is.
    pub async fn pay_invoice(&self, ctx: &Ctx, wish: InvoicePayment) -> Result<Payment, PaymentError> {
        let provider = self.provider_name();
        let make = async move |ctx: &Ctx, tx: &mut Tx| create_for_invoice(ctx, tx, &wish, provider).await;
        let payment = self.db.transact(ctx, "payments.create_for_invoice", make).await?;
        if payment.state == State::Created {
            self.advance(ctx, payment.payment_id).await
        } else {
            Ok(payment)
        }
    }

    /// Lets a page ask for a payment method.
    pub async fn set_up(&self, ctx: &Ctx, portfolio: PortfolioId) -> Result<SetUp, PaymentError> {
        let provider = self.provider()?;
        let customer = self.customer(ctx, portfolio).await?;
        let set_up = provider.set_up(portfolio, customer.as_deref()).await.map_err(refused)?;
        self.keep_customer(ctx, portfolio, set_up.customer.clone()).await?;
        Ok(set_up)
    }

    /// Asks the provider how a payment stands and does what comes next. Without a change if the provider does not answer.
    pub async fn advance(&self, ctx: &Ctx, id: PaymentId) -> Result<Payment, PaymentError> {
        // An intent that was made a moment ago needs no look-up.
        let mut is_fresh = false;
        for _ in 0..STEPS_MAX {
            let payment = self.load(ctx, id).await?;
            let Some(provider) =
                self.provider.as_ref().filter(|provider| provider.name() == payment.provider)
            else {
                return Ok(payment);
            };
            if !payment.state.is_open() {
                return Ok(payment);
            }
            let Some(reference) = payment.reference.clone() else {
                is_fresh = self.prepare(ctx, provider, &payment).await?;
                if is_fresh { continue } else { return self.load(ctx, id).await }
            };
            let known = if is_fresh { Ok(None) } else { provider.look_up(ctx, &reference).await.map(Some) };
            is_fresh = false;
            let is_off_session = payment.cause == Cause::Automatic;
            let known = match known {
                Ok(None) => provider.confirm(ctx, &reference, is_off_session).await,
                Ok(Some(truth)) if truth.status == Status::Unconfirmed && !has_lapsed(ctx, &payment) => {
                    provider.confirm(ctx, &reference, is_off_session).await
                }
                Ok(Some(truth)) => Ok(truth),
                Err(error) => Err(error),
            };
            let truth = match known {
                Ok(truth) => truth,
                Err(ProviderError::Missing) => {
                    let lost = Change::failed("missing", "the provider does not know this payment");
                    self.change(ctx, &payment, lost).await?;
                    continue;
                }
                Err(ProviderError::Declined { .. } | ProviderError::Refused(_)) => {
                    // Two may have confirmed at a time, or the card was declined: the look-up knows.
                    continue;
                }
                Err(error @ ProviderError::Unknown(_)) => {
                    tracing::warn!(payment = %id, error = %Chain(&error), "a payment waits for its provider");
                    return Ok(payment);
                }
            };
            if !self.follow(ctx, provider, &payment, truth).await? {
                return self.load(ctx, id).await;
            }
        }
        self.load(ctx, id).await
    }

    /// Has the intent made and its reference stored. The answer: whether the reference is the one that was made now.
    async fn prepare(
        &self,
        ctx: &Ctx,
        provider: &Arc<dyn Provider>,
        payment: &Payment,
    ) -> Result<bool, PaymentError> {
        let (portfolio, method) = (payment.portfolio_id, payment.method_id);
        let read = async move |_: &Ctx, tx: &mut Tx| {
            let method = methods::load(tx, portfolio, method.ok_or(PaymentError::UnknownMethod)?).await?;
            let row = tx.query_one(store::CUSTOMER, params![portfolio, &method.provider]).await?;
            let customer: String = row.ok_or(PaymentError::Damaged("a method has no customer"))?.get(0)?;
            Ok::<_, PaymentError>((method, customer))
        };
        let (method, customer) = self.db.read(ctx, "payments.order", read).await?;
        if method.check_ready().is_err() {
            let gone = Change::failed("method_removed", "the payment method was removed");
            self.change(ctx, payment, gone).await?;
            return Ok(false);
        }
        let order = Order {
            payment_id: payment.payment_id,
            portfolio_id: portfolio,
            amount: payment.amount,
            currency: payment.currency,
            customer,
            token: method.token,
        };
        let reference = match provider.prepare(ctx, &order).await {
            Ok(reference) => reference,
            Err(error @ ProviderError::Unknown(_)) => {
                tracing::warn!(payment = %payment.payment_id, error = %Chain(&error), "no intent was made yet");
                return Ok(false);
            }
            Err(ProviderError::Declined { code, message }) => {
                self.change(ctx, payment, Change::failed(&code, &message)).await?;
                return Ok(false);
            }
            Err(error) => {
                self.change(ctx, payment, Change::failed("refused", &error.to_string())).await?;
                return Ok(false);
            }
        };
        let id = payment.payment_id;
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            let row = params![id, &reference, ctx.now()];
            Ok::<_, PaymentError>(tx.execute(store::SET_REFERENCE, row).await? == 1)
        };
        // Whoever was second left an intent that takes nothing, and goes on with the first one's.
        self.db.transact(ctx, "payments.reference", set).await
    }

    /// Takes over what the provider says. The answer: whether there is more to do now.
    async fn follow(
        &self,
        ctx: &Ctx,
        provider: &Arc<dyn Provider>,
        payment: &Payment,
        truth: Truth,
    ) -> Result<bool, PaymentError> {
        if (truth.amount, truth.currency) != (payment.amount, payment.currency) {
            tracing::error!(
                payment = %payment.payment_id, said = %truth.amount, currency = %truth.currency,
                "a provider says another amount than was asked for: nothing is credited"
            );
            return Err(PaymentError::Contradiction);
        }
        let reference = payment.reference.clone().unwrap_or_default();
        match truth.status {
            Status::Unconfirmed | Status::RequiresAction if has_lapsed(ctx, payment) => {
                let outcome = provider.cancel(ctx, &reference).await;
                self.after_cancel(ctx, payment, outcome).await
            }
            Status::Unconfirmed => Ok(true),
            Status::Processing => {
                self.change(ctx, payment, Change::to(State::Processing)).await?;
                Ok(false)
            }
            Status::RequiresAction => {
                let action = Change { action: truth.action, ..Change::to(State::RequiresAction) };
                self.change(ctx, payment, action).await?;
                Ok(false)
            }
            Status::Succeeded => {
                let done = Change { charge: truth.charge, ..Change::to(State::Succeeded) };
                self.change(ctx, payment, done).await?;
                Ok(false)
            }
            // An intent that was declined could still be paid with another card: it ends first, and then the payment.
            Status::Declined => {
                let outcome = provider.cancel(ctx, &reference).await.map(|canceled| Truth {
                    failure: canceled.failure.clone().or_else(|| truth.failure.clone()).or_else(|| {
                        Some(("card_declined".to_owned(), "the payment was declined".to_owned()))
                    }),
                    ..canceled
                });
                self.after_cancel(ctx, payment, outcome).await
            }
            Status::Canceled => self.after_cancel(ctx, payment, Ok(truth)).await,
        }
    }

    async fn after_cancel(
        &self,
        ctx: &Ctx,
        payment: &Payment,
        outcome: Result<Truth, ProviderError>,
    ) -> Result<bool, PaymentError> {
        match outcome {
            Ok(truth) if truth.status == Status::Canceled => {
                let change = match truth.failure {
                    Some((code, words)) => Change::failed(&code, &words),
                    None => Change::to(State::Canceled),
                };
                self.change(ctx, payment, change).await?;
                Ok(false)
            }
            // It was paid in the meantime, or something else: the look-up knows.
            Ok(_)
            | Err(ProviderError::Refused(_) | ProviderError::Declined { .. } | ProviderError::Missing) => {
                Ok(true)
            }
            Err(ProviderError::Unknown(_)) => Ok(false),
        }
    }

    /// Calls a payment off that has taken no money yet.
    pub async fn cancel(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
        id: PaymentId,
    ) -> Result<Payment, PaymentError> {
        let read = async move |ctx: &Ctx, tx: &mut Tx| crate::payment_of(ctx, tx, portfolio, id).await;
        let payment = self.db.read(ctx, "payments.of", read).await?;
        if !payment.state.is_open() {
            return Err(PaymentError::WrongState(payment.state.as_str()));
        }
        let is_known = payment.provider != bank::BANK && payment.reference.is_some();
        if !is_known {
            self.change(ctx, &payment, Change::to(State::Canceled)).await?;
            return self.load(ctx, id).await;
        }
        let reference = payment.reference.clone().unwrap_or_default();
        let outcome = self.provider()?.cancel(ctx, &reference).await;
        if self.after_cancel(ctx, &payment, outcome).await? {
            self.advance(ctx, id).await
        } else {
            self.load(ctx, id).await
        }
    }

    /// The payer's answer, where the provider has no page of its own.
    pub async fn answer(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
        id: PaymentId,
        approve: bool,
    ) -> Result<Payment, PaymentError> {
        let read = async move |ctx: &Ctx, tx: &mut Tx| crate::payment_of(ctx, tx, portfolio, id).await;
        let payment = self.db.read(ctx, "payments.of", read).await?;
        if payment.state != State::RequiresAction {
            return Err(PaymentError::WrongState(payment.state.as_str()));
        }
        let reference = payment.reference.unwrap_or_default();
        self.provider()?.answer(ctx, &reference, approve).await.map_err(refused)?;
        self.advance(ctx, id).await
    }

    /// A payment as it stands.
    pub(crate) async fn load(&self, ctx: &Ctx, id: PaymentId) -> Result<Payment, PaymentError> {
        let read = async move |_: &Ctx, tx: &mut Tx| load(tx, id).await;
        self.db.read(ctx, "payments.load", read).await
    }

    async fn change(&self, ctx: &Ctx, payment: &Payment, to: Change) -> Result<(), PaymentError> {
        let payment = payment.clone();
        let write = async move |ctx: &Ctx, tx: &mut Tx| change(ctx, tx, &payment, &to).await.map(|_| ());
        self.db.transact(ctx, "payments.change", write).await
    }

    pub(crate) async fn customer(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
    ) -> Result<Option<String>, PaymentError> {
        let provider = self.provider()?.name();
        let read = async move |_: &Ctx, tx: &mut Tx| {
            currency_of(tx, portfolio).await?;
            let row = tx.query_one(store::CUSTOMER, params![portfolio, provider]).await?;
            Ok::<_, PaymentError>(row.map(|row| row.get(0)).transpose()?)
        };
        self.db.read(ctx, "payments.customer", read).await
    }

    async fn keep_customer(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
        reference: String,
    ) -> Result<(), PaymentError> {
        let provider = self.provider()?.name();
        let keep = async move |_: &Ctx, tx: &mut Tx| {
            tx.execute(store::INSERT_CUSTOMER, params![portfolio, provider, &reference]).await?;
            Ok::<_, PaymentError>(())
        };
        self.db.transact(ctx, "payments.keep_customer", keep).await
    }
}

/// What a caller hears of a provider that did not do what was asked.
pub(crate) fn refused(error: ProviderError) -> PaymentError {
    match error {
        ProviderError::Declined { message, .. } => PaymentError::Refused(cut(&message)),
        ProviderError::Refused(what) => PaymentError::Refused(cut(&what)),
        ProviderError::Missing => PaymentError::Refused("it does not know it".to_owned()),
        error @ ProviderError::Unknown(_) => PaymentError::Unavailable(error),
    }
}
