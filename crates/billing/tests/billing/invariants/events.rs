//! What can happen to a business, in numbers so small that things collide.

use super::caps::Wanted;
use super::plans::Step;
use super::prices::Deal;
use plaza_billing::caps::{Owner, Period, Scope};
use proptest::prelude::*;

/// Portfolios of a case.
pub(super) const CUSTOMERS: usize = 4;
/// Rounds of a case at most: in each, every portfolio has some events, all portfolios at the same time.
const ROUNDS_MAX: usize = 9;
/// Events of a portfolio in a round, at most.
const EVENTS_MAX: usize = 16;

/// A message to be sent: to whom, for what, in which window, for at most how much, from which phone, good for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) to: usize,
    pub(super) category: usize,
    pub(super) window: u8,
    pub(super) is_limited: bool,
    pub(super) phone: i64,
    pub(super) days: u32,
}

#[derive(Debug, Clone)]
pub(super) enum Event {
    /// Messages, the same request perhaps twice at the same time.
    Send { wishes: Vec<Wish>, is_doubled: bool },
    /// Receipts of some messages, some minutes late, perhaps all of them again: whatever became of the messages.
    Receipts { picks: Vec<usize>, late: u64, is_doubled: bool },
    /// Messages or calls that failed, or did not.
    Fail { picks: Vec<usize> },
    /// A call, of so many pulses at most.
    Call { to: usize, phone: i64, longest: i64 },
    /// A call has ended after so many pulses; it is told twice.
    HangUp { pick: usize, pulses: i64, late: u64 },
    /// A template gets another category.
    Recategorise { template: usize, to: usize },
    /// A version of the portfolio's own price book.
    Agree(Deal),
    /// A spending cap is set, changed or taken away.
    Cap(Wanted),
    /// Something about its plan.
    Plan(Step),
    /// A payment; a key comes again, with the same amount or with another one.
    TopUp { key: u8, cents: i64 },
    /// Promotional credit.
    Grant { key: u8, cents: i64 },
    /// A credit line, wider or narrower.
    Limit { cents: i64 },
    /// Every month is rated again.
    Rerate,
}

/// All portfolios' events of a round, and how many hours pass after it.
#[derive(Debug, Clone)]
pub(super) struct Round {
    pub(super) events: Vec<Vec<Event>>,
    pub(super) hours: u64,
}

/// A whole sequence.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) rounds: Vec<Round>,
    /// Around the first of October, when the rules change, or after it.
    pub(super) is_around_october: bool,
    /// For what happens at the end.
    pub(super) dice: u64,
}

fn wish() -> impl Strategy<Value = Wish> {
    (0..5_usize, 0..100_usize, 0..6_u8, prop::bool::weighted(0.15), 0..2_i64, 1..31_u32).prop_map(
        |(to, category, window, is_limited, phone, days)| Wish {
            to,
            category,
            window,
            is_limited,
            phone,
            days,
        },
    )
}

fn messages() -> impl Strategy<Value = Event> {
    let picks = || prop::collection::vec(0..1000_usize, 1..16);
    prop_oneof![
        6 => (prop::collection::vec(wish(), 1..10), any::<bool>())
            .prop_map(|(wishes, is_doubled)| Event::Send { wishes, is_doubled }),
        8 => (picks(), 0..2000_u64, any::<bool>())
            .prop_map(|(picks, late, is_doubled)| Event::Receipts { picks, late, is_doubled }),
        2 => picks().prop_map(|picks| Event::Fail { picks }),
        2 => (0..5_usize, 0..2_i64, 1..40_i64).prop_map(|(to, phone, longest)| Event::Call { to, phone, longest }),
        2 => (0..1000_usize, 0..45_i64, 0..2000_u64)
            .prop_map(|(pick, pulses, late)| Event::HangUp { pick, pulses, late }),
    ]
}

fn prices() -> impl Strategy<Value = Event> {
    let deal = (
        prop::collection::vec((0..5_usize, 500..90_000_i64), 1..4),
        0..4_u32,
        prop::option::weighted(0.4, 0..6_u32),
    );
    prop_oneof![
        2 => (0..2_usize, 0..4_usize).prop_map(|(template, to)| Event::Recategorise { template, to }),
        4 => deal.prop_map(|(prices, in_days, lasts)| Event::Agree(Deal { prices, in_days, lasts })),
        3 => Just(Event::Rerate),
    ]
}

fn money() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..4_u8, 0..60_i64).prop_map(|(key, cents)| Event::TopUp { key, cents }),
        1 => (0..3_u8, 1..30_i64).prop_map(|(key, cents)| Event::Grant { key, cents }),
        1 => (0..60_i64).prop_map(|cents| Event::Limit { cents }),
    ]
}

fn cap() -> impl Strategy<Value = Event> {
    let scope = prop::sample::select(Scope::ALL);
    let period = prop::sample::select(Period::ALL);
    let owner = prop::sample::select(Owner::ALL);
    let cents = prop::option::weighted(0.7, 3..90_i64);
    (scope, 0..2_usize, period, cents, prop::bool::weighted(0.8), owner).prop_map(
        |(scope, which, period, cents, blocks, owner)| {
            Event::Cap(Wanted { scope, which, period, cents, blocks, owner })
        },
    )
}

fn plan() -> impl Strategy<Value = Event> {
    let step = prop_oneof![
        4 => (0..2_usize, prop::bool::weighted(0.3)).prop_map(|(plan, trial)| Step::Start { plan, trial }),
        3 => (0..2_usize).prop_map(|plan| Step::Change { plan }),
        2 => Just(Step::Pause),
        2 => Just(Step::Resume),
        1 => Just(Step::Pay),
        1 => any::<bool>().prop_map(|now| Step::Cancel { now }),
    ];
    step.prop_map(Event::Plan)
}

/// A case.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let event = prop_oneof![18 => messages(), 5 => prices(), 4 => money(), 2 => cap(), 3 => plan()];
    let events = prop::collection::vec(prop::collection::vec(event, 0..=EVENTS_MAX), CUSTOMERS);
    let round = (events, 1..200_u64).prop_map(|(events, hours)| Round { events, hours });
    (prop::collection::vec(round, 0..=ROUNDS_MAX), any::<bool>(), any::<u64>())
        .prop_map(|(rounds, is_around_october, dice)| Case { rounds, is_around_october, dice })
}
