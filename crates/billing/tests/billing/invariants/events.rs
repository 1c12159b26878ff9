//! What can happen to a business, in numbers so small that things collide.

use proptest::prelude::*;

/// Portfolios of a case.
pub(super) const CUSTOMERS: usize = 4;
/// Rounds of a case: in each, every portfolio has some events, all portfolios at the same time.
pub(super) const ROUNDS: usize = 5;

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
    /// Messages that failed, or did not.
    Fail { picks: Vec<usize> },
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

fn event() -> impl Strategy<Value = Event> {
    let picks = || prop::collection::vec(0..1000_usize, 1..16);
    prop_oneof![
        5 => (prop::collection::vec(wish(), 1..10), any::<bool>())
            .prop_map(|(wishes, is_doubled)| Event::Send { wishes, is_doubled }),
        8 => (picks(), 0..2000_u64, any::<bool>())
            .prop_map(|(picks, late, is_doubled)| Event::Receipts { picks, late, is_doubled }),
        2 => picks().prop_map(|picks| Event::Fail { picks }),
        2 => (0..4_u8, 0..60_i64).prop_map(|(key, cents)| Event::TopUp { key, cents }),
        1 => (0..3_u8, 1..30_i64).prop_map(|(key, cents)| Event::Grant { key, cents }),
        1 => (0..60_i64).prop_map(|cents| Event::Limit { cents }),
        2 => Just(Event::Rerate),
    ]
}

/// A case.
pub(super) fn rounds() -> impl Strategy<Value = Vec<Round>> {
    let events = prop::collection::vec(prop::collection::vec(event(), 2..7), CUSTOMERS);
    let round = (events, 1..200_u64).prop_map(|(events, hours)| Round { events, hours });
    prop::collection::vec(round, ROUNDS)
}
