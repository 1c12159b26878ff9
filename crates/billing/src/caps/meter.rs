//! The caps that a batch of messages touches: what each has left, and what is told when it fills up.

use super::{ALERTS_AT, Cap, CapAction, Place, caps_of, store};
use crate::BillingError;
use crate::alerts::{self, NewAlert};
use crate::error::Refused;
use crate::usage::Intent;
use plaza_db::{Tx, Value, params};
use plaza_ledger::named_id;
use plaza_protocol::{Ctx, Micros, PortfolioId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A cap in the periods that a batch touches: spent before it and now, by the first day of the period.
struct Live {
    portfolio: PortfolioId,
    cap: Cap,
    periods: BTreeMap<i64, (i64, i64)>,
    dearest: i64,
}

/// The caps of a batch. The accounts of its portfolios are locked.
#[derive(Default)]
pub(crate) struct Meter {
    live: Vec<Live>,
}

impl Meter {
    /// The caps of portfolios and how far they are used on these days.
    pub(crate) async fn load(
        tx: &mut Tx,
        days: &BTreeMap<PortfolioId, std::collections::BTreeSet<i64>>,
    ) -> Result<Self, BillingError> {
        let keys: Vec<Value> = days.keys().map(Into::into).collect();
        let mut live = Vec::new();
        let (mut places, mut keys_of) = (Vec::new(), Vec::new());
        for (portfolio, cap) in caps_of(tx, &keys).await? {
            for day in days.get(&portfolio).into_iter().flatten() {
                let (first, last) = cap.span(*day);
                keys_of.push(params![portfolio, cap.scope.as_str(), &*cap.subject, first, last]);
                places.push((live.len(), first));
            }
            live.push(Live { portfolio, cap, periods: BTreeMap::new(), dearest: 0 });
        }
        for ((at, first), rows) in places.into_iter().zip(tx.query_many(store::SPENT, keys_of).await?) {
            let spent: i64 = rows.first().map_or(Ok(0), |row| row.get(0))?;
            if let Some(live) = live.get_mut(at) {
                live.periods.insert(first, (spent, spent));
            }
        }
        Ok(Self { live })
    }

    fn covering<'a>(&'a mut self, intent: &Intent, day: i64) -> impl Iterator<Item = &'a mut Live> {
        let place = (!self.live.is_empty()).then(|| Place::of(intent));
        let portfolio = intent.portfolio_id;
        let which: Vec<bool> = self
            .live
            .iter()
            .map(|live| {
                live.portfolio == portfolio
                    && live.periods.contains_key(&live.cap.span(day).0)
                    && place.as_ref().is_some_and(|place| live.cap.covers(place))
            })
            .collect();
        self.live.iter_mut().zip(which).filter(|(_, covers)| *covers).map(|(live, _)| live)
    }

    /// Whether all caps leave room for a message that may cost so much.
    pub(crate) fn admit(&mut self, intent: &Intent, day: i64, worst: Micros) -> Result<(), Refused> {
        for live in self.covering(intent, day) {
            let (_, spent) = live.periods.get(&live.cap.span(day).0).copied().unwrap_or_default();
            let fits = spent.checked_add(worst.0).is_some_and(|after| after <= live.cap.limit.0);
            if live.cap.action == CapAction::Block && !fits {
                return Err(Refused::CapReached {
                    cap: Box::new(live.cap.clone()),
                    spent: Micros(spent),
                    needed: worst,
                });
            }
        }
        Ok(())
    }

    /// Counts a message that was accepted.
    pub(crate) fn count(&mut self, intent: &Intent, day: i64, held: Micros) {
        for live in self.covering(intent, day) {
            let first = live.cap.span(day).0;
            live.dearest = live.dearest.max(held.0);
            if let Some((_, spent)) = live.periods.get_mut(&first) {
                *spent = spent.saturating_add(held.0);
            }
        }
    }

    /// Tells of the thresholds that the batch crossed.
    pub(crate) async fn tell(&self, ctx: &Ctx, tx: &mut Tx) -> Result<(), BillingError> {
        for live in &self.live {
            for (first, (before, after)) in live.periods.iter().filter(|(_, spent)| spent.0 != spent.1) {
                tell(ctx, tx, live.portfolio, &live.cap, *first, (*before, *after), live.dearest).await?;
            }
        }
        Ok(())
    }
}

/// Of what is told of a cap in the period that begins on a day.
pub(super) fn alert_id(cap: &Cap, first: i64, percent: i64) -> Uuid {
    named_id(&format!("plaza cap alert\0{}\0{first}\0{}\0{percent}", cap.cap_id, cap.limit)).0
}

/// Tells what was crossed on the way from one amount to another.
pub(super) async fn tell(
    ctx: &Ctx,
    tx: &mut Tx,
    portfolio: PortfolioId,
    cap: &Cap,
    first: i64,
    (before, after): (i64, i64),
    dearest: i64,
) -> Result<(), BillingError> {
    let mut last = None;
    for percent in ALERTS_AT {
        let is_full = percent == 100
            && cap.action == CapAction::Block
            && after.saturating_add(dearest) > cap.limit.0
            && dearest > 0;
        let crossed = (cap.is_at(after, percent) && !cap.is_at(before, percent)) || is_full;
        if !crossed {
            continue;
        }
        let consequence = match (percent, cap.action) {
            (100, CapAction::Block) => format!(" Further messages are refused: {}.", cap.remedy()),
            (100, CapAction::Alert) => " Messages still go out.".to_owned(),
            _ => String::new(),
        };
        let spent = Micros(after);
        let text = format!("{percent} % of {cap} is used ({spent} {}).{consequence}", cap.currency);
        let alert = NewAlert {
            alert_id: alert_id(cap, first, percent),
            portfolio,
            kind: "cap",
            text,
            details: serde_json::json!({
                "cap_id": cap.cap_id.to_string(), "percent": percent, "scope": cap.scope.as_str(),
                "subject": &*cap.subject, "period": cap.period.as_str(), "period_start": first,
                "limit_micros": cap.limit.0, "spent_micros": after, "currency": cap.currency.code(),
                "action": cap.action.as_str(), "dearest_micros": dearest,
            }),
        };
        if alerts::raise(ctx, tx, &alert).await? {
            last = Some(alert);
        }
    }
    // Several at once make one mail: the highest.
    match last {
        Some(alert) => alerts::mail(ctx, tx, &alert).await,
        None => Ok(()),
    }
}
