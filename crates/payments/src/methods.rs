//! What a portfolio pays with. A page of the provider takes the card and gives a token; only that comes here.

use crate::payment::words;
use crate::payments::refused;
use crate::{PaymentError, Payments, ProviderError, store};
use plaza_db::{Row, Tx, params};
use plaza_protocol::{Ctx, PaymentMethodId, PortfolioId, Timestamp};

/// Payment methods of one portfolio.
const METHODS_MAX: i64 = 20;
/// Characters of a token.
const TOKEN_CHARACTERS_MAX: usize = 200;

words! {
    /// Whether a method can be used.
    MethodState, "a state of a payment method is unknown":
    /// The provider is being asked.
    Adding = "adding",
    /// It can.
    Ready = "ready",
    /// The provider did not want it.
    Refused = "refused",
    /// It was taken away.
    Removed = "removed",
}

/// What a portfolio pays with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// Its id.
    pub method_id: PaymentMethodId,
    /// Whose.
    pub portfolio_id: PortfolioId,
    /// Who knows it.
    pub provider: String,
    /// The provider's name for it.
    pub(crate) token: String,
    /// Whether it can be used.
    pub state: MethodState,
    /// card, sepa_debit …
    pub kind: String,
    /// Of a card.
    pub brand: String,
    /// The last digits.
    pub last4: String,
    /// `2030-12`; empty: never.
    pub expires: String,
    /// What is used if none is named.
    pub is_default: bool,
    /// Since when.
    pub created_at: Timestamp,
}

impl Method {
    pub(crate) fn read(row: &Row) -> Result<Self, PaymentError> {
        Ok(Self {
            method_id: row.get(0)?,
            portfolio_id: row.get(1)?,
            provider: row.get(2)?,
            token: row.get(3)?,
            state: MethodState::read(row, 4)?,
            kind: row.get(5)?,
            brand: row.get(6)?,
            last4: row.get(7)?,
            expires: row.get(8)?,
            is_default: row.get(9)?,
            created_at: row.get(10)?,
        })
    }

    pub(crate) fn check_ready(&self) -> Result<(), PaymentError> {
        match self.state {
            MethodState::Ready => Ok(()),
            MethodState::Adding => Err(PaymentError::MethodUnusable("the provider has not confirmed it yet")),
            MethodState::Refused => Err(PaymentError::MethodUnusable("the provider did not accept it")),
            MethodState::Removed => Err(PaymentError::MethodUnusable("it was removed")),
        }
    }
}

pub(crate) async fn load(
    tx: &mut Tx,
    portfolio: PortfolioId,
    id: PaymentMethodId,
) -> Result<Method, PaymentError> {
    let row = tx.query_one(store::METHOD, params![id]).await?;
    let method = Method::read(&row.ok_or(PaymentError::UnknownMethod)?)?;
    if method.portfolio_id == portfolio { Ok(method) } else { Err(PaymentError::UnknownMethod) }
}

/// The methods of a portfolio that can be used, the oldest first.
pub async fn methods(_ctx: &Ctx, tx: &mut Tx, portfolio: PortfolioId) -> Result<Vec<Method>, PaymentError> {
    tx.query(store::METHODS, params![portfolio]).await?.iter().map(Method::read).collect()
}

/// A method of a portfolio; another's does not exist.
pub async fn method_of(
    _ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    id: PaymentMethodId,
) -> Result<Method, PaymentError> {
    load(tx, portfolio, id).await
}

impl Payments {
    /// Adds what the provider's page gave a token for. The first one is the default; the same token is one method.
    pub async fn add_method(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
        token: String,
    ) -> Result<Method, PaymentError> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if token.is_empty() || token.chars().count() > TOKEN_CHARACTERS_MAX || !token.chars().all(is_word) {
            return Err(PaymentError::Invalid("token: what the provider's page gave is expected"));
        }
        let provider = self.provider()?.clone();
        let name = provider.name();
        let customer = self.customer(ctx, portfolio).await?;
        let kept = token.clone();
        let begin = async move |ctx: &Ctx, tx: &mut Tx| {
            let present = methods(ctx, tx, portfolio).await?;
            if i64::try_from(present.len()).unwrap_or(i64::MAX) >= METHODS_MAX {
                return Err(PaymentError::TooManyMethods(METHODS_MAX));
            }
            let row = params![ctx.ordered_id::<PaymentMethodId>(), portfolio, name, &kept, ctx.now(), false];
            tx.execute(store::INSERT_METHOD, row).await?;
            let row = tx.query_one(store::METHOD_OF_TOKEN, params![name, &kept]).await?;
            let method = Method::read(&row.ok_or(PaymentError::UnknownMethod)?)?;
            if method.portfolio_id != portfolio {
                return Err(refused(ProviderError::Missing));
            }
            Ok(method)
        };
        let method = self.db.transact(ctx, "payments.begin_method", begin).await?;
        if method.state == MethodState::Ready || method.state == MethodState::Removed {
            method.check_ready()?;
            return Ok(method);
        }
        let id = method.method_id;
        let attached = match provider.attach(portfolio, customer.as_deref(), &token).await {
            Ok(attached) => attached,
            Err(error @ ProviderError::Unknown(_)) => return Err(refused(error)),
            Err(error) => {
                let end = async move |_: &Ctx, tx: &mut Tx| {
                    tx.execute(store::END_METHOD, params![id, MethodState::Refused.as_str(), false]).await
                };
                self.db.transact(ctx, "payments.refuse_method", end).await?;
                return Err(refused(error));
            }
        };
        let finish = async move |ctx: &Ctx, tx: &mut Tx| {
            tx.execute(store::INSERT_CUSTOMER, params![portfolio, name, &attached.customer]).await?;
            let row = params![id, &attached.kind, &attached.brand, &attached.last4, &attached.expires];
            tx.execute(store::SET_METHOD, row).await?;
            if methods(ctx, tx, portfolio).await?.iter().all(|method| !method.is_default) {
                tx.execute(store::SET_DEFAULT, params![id, true]).await?;
            }
            load(tx, portfolio, id).await
        };
        self.db.transact(ctx, "payments.add_method", finish).await
    }

    /// Makes a method the one that is used if none is named.
    pub async fn set_default(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
        id: PaymentMethodId,
    ) -> Result<Method, PaymentError> {
        let set = async move |_: &Ctx, tx: &mut Tx| {
            load(tx, portfolio, id).await?.check_ready()?;
            tx.execute(store::CLEAR_DEFAULT, params![portfolio, false]).await?;
            tx.execute(store::SET_DEFAULT, params![id, true]).await?;
            load(tx, portfolio, id).await
        };
        self.db.transact(ctx, "payments.set_default", set).await
    }

    /// Takes a method away. If it was the default, the oldest of the others is. Taking it away again changes nothing.
    pub async fn remove_method(
        &self,
        ctx: &Ctx,
        portfolio: PortfolioId,
        id: PaymentMethodId,
    ) -> Result<(), PaymentError> {
        let remove = async move |ctx: &Ctx, tx: &mut Tx| {
            let method = load(tx, portfolio, id).await?;
            if method.state == MethodState::Removed {
                return Ok(None);
            }
            tx.execute(store::END_METHOD, params![id, MethodState::Removed.as_str(), false]).await?;
            if method.is_default
                && let Some(next) = methods(ctx, tx, portfolio).await?.first()
            {
                tx.execute(store::SET_DEFAULT, params![next.method_id, true]).await?;
            }
            Ok::<_, PaymentError>(Some(method))
        };
        let removed = self.db.transact(ctx, "payments.remove_method", remove).await?;
        let Some(method) = removed else { return Ok(()) };
        if let Some(provider) = self.provider.as_ref().filter(|provider| provider.name() == method.provider)
            && let Err(error) = provider.detach(&method.token).await
        {
            // Nothing is paid with it any more, whatever the provider keeps.
            tracing::warn!(method = %id, %error, "a provider keeps a payment method that was removed");
        }
        Ok(())
    }
}
