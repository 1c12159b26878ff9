//! # The built-in provider
//!
//! Takes no money, and has the faults of those that do: cards that are declined now or later, banks that want a
//! confirmation, answers that get lost after the money was taken, refunds that are accepted above what was paid. Which
//! fault a card has stands in its token. It remembers in memory: a restart forgets what was under way.

use crate::provider::{
    Attached, Order, Payout, Provider, ProviderError, RefundOrder, RefundStatus, RefundTruth, SetUp, Status,
    Truth,
};
use async_trait::async_trait;
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, RefundId};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

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

#[derive(Debug, Clone)]
struct Intent {
    token: String,
    amount: Micros,
    currency: Currency,
    status: Status,
    failure: Option<(String, String)>,
    attempts: usize,
}

#[derive(Debug, Default)]
struct State {
    intents: BTreeMap<String, Intent>,
    refunds: BTreeMap<RefundId, (Micros, RefundTruth)>,
    /// Taken and not paid out yet.
    unsettled: BTreeMap<Currency, i64>,
    captures: usize,
}

/// The built-in provider.
#[derive(Debug, Default)]
pub struct Sandbox(Mutex<State>);

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
    fn truth(&self, reference: &str) -> Truth {
        let is_action = self.status == Status::RequiresAction;
        Truth {
            status: self.status,
            amount: self.amount,
            currency: self.currency,
            charge: (self.status == Status::Succeeded).then(|| format!("{reference}_charge")),
            action: is_action.then(|| "sandbox".to_owned()),
            failure: self.failure.clone(),
        }
    }
}

impl State {
    fn find(&mut self, reference: &str) -> Result<&mut Intent, ProviderError> {
        self.intents.get_mut(reference).ok_or(ProviderError::Missing)
    }

    fn capture(&mut self, reference: &str) -> Result<(), ProviderError> {
        let intent = self.find(reference)?;
        intent.status = Status::Succeeded;
        let (currency, fee) = (intent.currency, fee_of(intent.amount, intent.currency));
        let net = intent.amount.0.saturating_sub(fee.0);
        let unsettled = self.unsettled.entry(currency).or_default();
        *unsettled = unsettled.saturating_add(net);
        self.captures = self.captures.saturating_add(1);
        Ok(())
    }
}

impl Sandbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often it took money.
    pub fn captures(&self) -> usize {
        self.state().captures
    }

    /// What it gave back.
    pub fn refunded(&self) -> Micros {
        Micros(self.state().refunds.values().map(|(amount, _)| amount.0).fold(0, i64::saturating_add))
    }
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

    async fn prepare(&self, order: &Order) -> Result<String, ProviderError> {
        let mut state = self.state();
        let count = state.intents.len();
        let reference = format!("sandbox_{count}_{}", order.payment_id.0.simple());
        let intent = Intent {
            token: order.token.clone(),
            amount: order.amount,
            currency: order.currency,
            status: Status::Unconfirmed,
            failure: None,
            attempts: 0,
        };
        state.intents.insert(reference.clone(), intent);
        Ok(reference)
    }

    async fn confirm(&self, reference: &str, _off_session: bool) -> Result<Truth, ProviderError> {
        let mut state = self.state();
        let intent = state.find(reference)?;
        if intent.status != Status::Unconfirmed {
            return Err(ProviderError::Refused("it was confirmed before".to_owned()));
        }
        intent.attempts = intent.attempts.saturating_add(1);
        let (token, attempts) = (intent.token.clone(), intent.attempts);
        if is(&token, tokens::CALL_LOST) && attempts == 1 {
            return Err(lost());
        }
        if is(&token, tokens::DECLINED) {
            intent.status = Status::Declined;
            intent.failure = Some(("card_declined".to_owned(), "Your card was declined.".to_owned()));
        } else if is(&token, tokens::CONFIRM) {
            intent.status = Status::RequiresAction;
        } else if is(&token, tokens::SLOW) {
            intent.status = Status::Processing;
        } else {
            if is(&token, tokens::WRONG_AMOUNT) {
                intent.amount = Micros(intent.amount.0.saturating_add(10_000_000));
            }
            state.capture(reference)?;
        }
        if is(&token, tokens::ANSWER_LOST) {
            return Err(lost());
        }
        Ok(state.find(reference)?.truth(reference))
    }

    async fn look_up(&self, reference: &str) -> Result<Truth, ProviderError> {
        let mut state = self.state();
        let truth = state.find(reference)?.truth(reference);
        if truth.status == Status::Processing {
            state.capture(reference)?;
        }
        Ok(truth)
    }

    async fn cancel(&self, reference: &str) -> Result<Truth, ProviderError> {
        let mut state = self.state();
        let intent = state.find(reference)?;
        if matches!(intent.status, Status::Succeeded | Status::Processing) {
            return Err(ProviderError::Refused("the money was taken".to_owned()));
        }
        intent.status = Status::Canceled;
        Ok(intent.truth(reference))
    }

    async fn refund(&self, order: &RefundOrder) -> Result<RefundTruth, ProviderError> {
        let mut state = self.state();
        let reference = order.charge.strip_suffix("_charge").unwrap_or_default().to_owned();
        let token = state.intents.get(&reference).map(|intent| intent.token.clone()).unwrap_or_default();
        if is(&token, tokens::REFUND_FAILS) {
            return Err(ProviderError::Refused("the card takes no refunds".to_owned()));
        }
        let reference = format!("sandbox_{}", order.refund_id.0.simple());
        let truth = RefundTruth { reference, status: RefundStatus::Succeeded };
        // As many providers do, it gives back again whatever it is asked for.
        let given = state.refunds.get(&order.refund_id).map_or(0, |(given, _)| given.0);
        let given = Micros(given.saturating_add(order.amount.0));
        state.refunds.insert(order.refund_id, (given, truth.clone()));
        let unsettled = state.unsettled.entry(order.currency).or_default();
        *unsettled = unsettled.saturating_sub(order.amount.0);
        if is(&token, tokens::REFUND_LOST) { Err(lost()) } else { Ok(truth) }
    }

    async fn find_refund(&self, order: &RefundOrder) -> Result<Option<RefundTruth>, ProviderError> {
        Ok(self.state().refunds.get(&order.refund_id).map(|(_, truth)| truth.clone()))
    }

    async fn fee(&self, charge: &str, currency: Currency) -> Result<Option<Micros>, ProviderError> {
        let reference = charge.strip_suffix("_charge").unwrap_or_default();
        Ok(self.state().intents.get(reference).map(|intent| fee_of(intent.amount, currency)))
    }

    /// Pays out whatever it has, each time that it is asked.
    async fn payouts(&self, ctx: &Ctx) -> Result<Vec<Payout>, ProviderError> {
        let mut payouts = Vec::new();
        for (currency, unsettled) in &mut self.state().unsettled {
            if *unsettled > 0 {
                let amount = Micros(std::mem::take(unsettled));
                let reference = format!("sandbox_{}", ctx.uuid::<uuid::Uuid>().simple());
                payouts.push(Payout { reference, amount, currency: *currency, arrived_at: ctx.now() });
            }
        }
        Ok(payouts)
    }

    async fn answer(&self, _ctx: &Ctx, reference: &str, approve: bool) -> Result<(), ProviderError> {
        let mut state = self.state();
        let intent = state.find(reference)?;
        if intent.status != Status::RequiresAction {
            return Err(ProviderError::Refused("nothing has to be confirmed".to_owned()));
        }
        if approve {
            return state.capture(reference);
        }
        intent.status = Status::Declined;
        let words = "The payment was not confirmed at the bank.".to_owned();
        intent.failure = Some(("authentication_failed".to_owned(), words));
        Ok(())
    }
}
