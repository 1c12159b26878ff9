//! # The twelve invariants of the money path
//!
//! Property tests: sequences of business events over several portfolios that are at work at the same time, requests and
//! receipts doubled, late and in any order; calls, spending caps, contracts that are published in between, templates that
//! get another category, credit that ends, plans that are changed by the day. Beside them stand books that are kept from
//! the events alone (`invariants/customer.rs`, prices from `model.rs`); after each round every account must be the one of
//! those books, and each of the twelve is held against the rows of the ledger. In the end every month is closed, and paid
//! and credited in parts.
//!
//! A sequence that fails is made as short as it still fails, and printed with its seed ([`property`]).
//!
//! Two of the twelve are about a payment provider: 8, clearing accounts return to zero, and 10, no more is refunded
//! than was captured. Their tests are those of the payments crate (`payments/tests/payments/invariants.rs`).

mod caps;
mod chains;
mod closing;
mod customer;
mod events;
mod plans;
mod prices;
mod rows;

use crate::model::{self, Dice, NUMBERS};
use crate::*;
use customer::{Customer, Given, Source, State};
use events::{CUSTOMERS, Case, Event, Round, Wish};
use plaza_billing::funds::{self, NewGrant};
use plaza_billing::invoices::InvoiceError;
use plaza_billing::{Run, rerate};
use plaza_db::testing::property;
use plaza_ledger::{Account, AccountKind, Action, Transfer};
use rows::Rows;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::sync::Mutex;

/// Cases on each engine.
const CASES: u32 = 8;
/// Another one makes other cases.
const SEED: u64 = 12;

impl World {
    /// The message of a wish, now.
    fn wished(&self, customer: &Customer, wish: &Wish) -> Intent {
        let sent_at = self.ctx.now();
        // Half of them are of what is rated by how many there are.
        let template = wish.category % 2;
        let (category, to, campaign) = match wish.category {
            0..25 => (Category::Service, NUMBERS[wish.to], None),
            25..40 => (Category::Utility, NUMBERS[0], None),
            40..50 => (Category::Authentication, NUMBERS[1], None),
            50..75 => (customer.templates[template], NUMBERS[wish.to], Some(caps::TEMPLATES[template])),
            other => (Category::MESSAGES[other % Category::MESSAGES.len()], NUMBERS[wish.to], None),
        };
        let until = |hours: u64| Some(sent_at + Duration::from_secs(hours * 3600));
        let window = WindowState {
            customer_service_until: if wish.window % 3 == 1 { until(20) } else { None },
            free_entry_point_until: if wish.window == 5 { until(60) } else { None },
        };
        Intent {
            portfolio_id: customer.id,
            waba_id: WabaId(customer.id.0),
            phone_number_id: PhoneNumberId(customer.id.0 * 10 + wish.phone),
            window,
            expires_at: sent_at + DAY * wish.days,
            max_price: wish.is_limited.then_some(Micros(20_000)),
            campaign: campaign.map(Into::into),
            ..self.message(category, to, sent_at)
        }
    }

    /// A call that is made now.
    fn call_of(&self, customer: &Customer, (to, phone, longest): (usize, i64, i64)) -> Intent {
        let now = self.ctx.now();
        Intent {
            portfolio_id: customer.id,
            waba_id: WabaId(customer.id.0),
            phone_number_id: PhoneNumberId(customer.id.0 * 10 + phone),
            expires_at: now + 5 * DAY,
            pulses_max: Some(longest),
            template: false,
            ..self.message(Category::Call, NUMBERS[to], now)
        }
    }

    /// One event, in the database and in the books.
    async fn happens(&self, customer: &mut Customer, event: &Event) {
        let now = self.ctx.now();
        let before = |minutes: u64| Timestamp(now.0 - i64::try_from(minutes).unwrap() * 60_000_000);
        match event {
            Event::Send { wishes, is_doubled } => {
                let intents = wishes.iter().map(|wish| self.wished(customer, wish)).collect();
                self.sends(customer, intents, *is_doubled).await;
            }
            Event::Call { to, phone, longest } => {
                let call = self.call_of(customer, (*to, *phone, *longest));
                self.sends(customer, vec![call], false).await;
            }
            Event::HangUp { pick, pulses, late } => {
                if let Some(call) = picked(customer, &[*pick], true).pop() {
                    self.hangs_up(customer, (call, before(*late), *pulses)).await;
                }
            }
            Event::Recategorise { template, to } => customer.templates[*template] = TEMPLATE_CATEGORIES[*to],
            Event::Agree(deal) => self.agrees(customer, deal).await,
            Event::Cap(wanted) => self.caps(customer, wanted).await,
            Event::Plan(step) => self.steps(customer, *step).await,
            Event::Receipts { picks, late, is_doubled } => {
                let at = before(*late);
                let receipts: Vec<_> =
                    picked(customer, picks, false).into_iter().map(|id| (id, at)).collect();
                let charged = self.deliver(receipts.clone()).await;
                let mut charged: Vec<_> =
                    charged.iter().map(|each| (each.message_id, each.amount.0)).collect();
                charged.sort_unstable();
                let mut wanted = customer.deliver(&receipts);
                wanted.sort_unstable();
                assert_eq!(charged, wanted);
                if *is_doubled {
                    // A read receipt, later: it counts as delivery, and the first of the two charges.
                    let read = receipts.iter().map(|(id, at)| (*id, *at + Duration::from_secs(5))).collect();
                    assert_eq!(self.deliver(read).await, []);
                }
            }
            Event::Fail { picks } => {
                let ids = [picked(customer, picks, false), picked(customer, picks, true)].concat();
                assert_eq!(self.fail(ids.clone()).await, customer.fail(&ids));
            }
            Event::TopUp { key, cents } => self.tops_up(customer, *key, *cents).await,
            Event::Grant { key, cents } => self.grants(customer, *key, *cents).await,
            Event::Limit { cents } => self.limits(customer, *cents).await,
            Event::Rerate => {
                for month in customer.months() {
                    let changed = self.rates_again(customer, month).await;
                    if changed.is_some() {
                        assert_eq!(self.rates_again(customer, month).await, Some(0), "the second time");
                    }
                }
            }
        }
    }

    /// What a call costs is told once.
    async fn hangs_up(
        &self,
        customer: &mut Customer,
        (call, at, pulses): (BusinessMessageId, Timestamp, i64),
    ) {
        let wanted = customer.hang_up(call, at, pulses);
        for wanted in [wanted, None] {
            let prices = self.prices.clone();
            let called = async move |ctx: &Ctx, tx: &mut Tx| {
                plaza_billing::called(ctx, tx, &prices, (call, at, pulses)).await
            };
            assert_eq!(self.with(called).await.unwrap().map(|charged| charged.amount.0), wanted);
        }
    }

    async fn sends(&self, customer: &mut Customer, intents: Vec<Intent>, is_doubled: bool) {
        let other = (self.clone(), intents.clone());
        let other = is_doubled.then(|| tokio::spawn(async move { other.0.hold(&other.1).await }));
        let held = self.hold(&intents).await;
        if let Some(other) = other {
            let told = |answers: &[Result<Held, Refused>]| -> Vec<_> {
                answers.iter().map(|answer| answer.as_ref().ok().map(|held| held.held)).collect()
            };
            assert_eq!(told(&other.await.unwrap()), told(&held), "two requests, one answer");
        }
        let accepted: Vec<bool> = held.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, customer.send(&intents, self.ctx.now()), "{held:?} {:?}", customer.rooms);
        for (intent, held) in intents.iter().zip(held) {
            let Some(State::OnItsWay(parts)) = customer.messages.get(&intent.message_id) else { continue };
            let wanted: i64 = parts.iter().map(|(_, part)| part).sum();
            assert_eq!(held.unwrap().held.0, wanted);
        }
    }

    async fn tops_up(&self, customer: &mut Customer, key: u8, cents: i64) {
        let (id, amount) = (customer.id, Micros(cents * 10_000));
        let key_word = format!("key {key}");
        let top_up =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::top_up(ctx, tx, id, amount, &key_word).await;
        let answer = self.with(top_up).await;
        match customer.paid_in.get(&key) {
            Some(before) if *before == amount.0 => drop(answer.unwrap()),
            Some(_) if amount.0 > 0 => assert!(matches!(answer, Err(BillingError::KeyReused))),
            _ if amount.0 == 0 => assert!(answer.is_err()),
            _ => {
                answer.unwrap();
                customer.paid_in.insert(key, amount.0);
                customer.room(Source::Prepaid).posted += amount.0;
                customer.transfers += 1;
            }
        }
    }

    async fn grants(&self, customer: &mut Customer, key: u8, cents: i64) {
        let id = customer.id;
        let grant = NewGrant {
            amount: Micros(cents * 10_000),
            lasts: DAY * (3 + 2 * u32::from(key)),
            note: "welcome".to_owned(),
            key: format!("key {key}"),
        };
        let wanted = grant.amount.0;
        let until = self.ctx.now() + grant.lasts;
        let give = async move |ctx: &Ctx, tx: &mut Tx| funds::grant(ctx, tx, id, &grant).await;
        let answer = self.with(give).await;
        match customer.grants.get(&key) {
            Some(given) if given.amount == wanted => assert!(answer.unwrap().repeated),
            Some(_) => assert!(matches!(answer, Err(BillingError::KeyReused))),
            None => {
                let given = Given { id: answer.unwrap().grant_id, amount: wanted, until };
                customer.grants.insert(key, given);
                customer.room(Source::Grant(key)).posted += wanted;
                customer.transfers += 1;
            }
        }
    }

    async fn limits(&self, customer: &mut Customer, cents: i64) {
        let (id, limit) = (customer.id, cents * 10_000);
        customer.limits += 1;
        let key = format!("line {}", customer.limits);
        let set = async move |ctx: &Ctx, tx: &mut Tx| {
            funds::set_credit_limit(ctx, tx, id, Micros(limit), &key).await
        };
        let room = *customer.room(Source::Credit);
        let answer = self.with(set).await;
        if room.posted - room.held + limit >= 0 {
            answer.unwrap();
            customer.limit = limit;
            customer.widest = customer.widest.max(limit);
        } else {
            assert!(matches!(answer, Err(BillingError::CreditInUse { .. })));
        }
    }

    /// How many messages it changed; `None`: there is too little money for it, and nothing happened.
    async fn rates_again(&self, customer: &mut Customer, month: i64) -> Option<usize> {
        let (prices, id) = (self.prices.clone(), customer.id);
        let again = async move |ctx: &Ctx, tx: &mut Tx| {
            let found = rerate(ctx, tx, &prices, (id, month), Run::Real).await?;
            Ok::<_, InvoiceError>(found.changed.iter().map(|changed| changed.messages).sum::<i64>())
        };
        let found = self.db.transact(&self.ctx, "test.rerate", again).await;
        let wanted = customer.rerate(month, self.ctx.now());
        match (&found, wanted) {
            (Ok(found), Some(wanted)) => assert_eq!(usize::try_from(*found).unwrap(), wanted),
            (Err(InvoiceError::Billing(BillingError::Uncovered { .. })), None) => {}
            other => panic!("{other:?}"),
        }
        wanted
    }

    /// Time passes: what is over ends, in the database and in the books.
    async fn waits(&self, customers: &mut [Customer], hours: u64) {
        self.clock.advance(Duration::from_secs(hours * 3600));
        let now = self.ctx.now();
        let mut expired = BTreeSet::new();
        loop {
            let some = self.expire().await;
            if some.is_empty() {
                break;
            }
            expired.extend(some);
        }
        let wanted: BTreeSet<_> = customers.iter_mut().flat_map(|customer| customer.expire(now)).collect();
        assert!(wanted.is_subset(&expired), "{wanted:?} {expired:?}");
        self.with(async |ctx: &Ctx, tx: &mut Tx| funds::end_grants(ctx, tx).await).await.unwrap();
        customers.iter_mut().for_each(|customer| customer.end_grants(now));
        self.plans_go_on(customers).await;
    }

    /// All portfolios at the same time.
    async fn round(&self, customers: Vec<Customer>, round: Round) -> Vec<Customer> {
        let tasks: Vec<_> = customers
            .into_iter()
            .zip(round.events)
            .map(|(mut customer, events)| {
                let world = self.clone();
                tokio::spawn(async move {
                    for event in events {
                        world.happens(&mut customer, &event).await;
                        world.caps_are_kept(&customer).await;
                    }
                    customer
                })
            })
            .collect();
        let mut customers = Vec::new();
        for task in tasks {
            customers.push(task.await.unwrap_or_else(|failed| resume_unwind(failed.into_panic())));
        }
        // The clocks of two servers differ a little; the ledger's time does not.
        self.clock.set(Timestamp(self.ctx.now().0 - 2_000_000));
        self.waits(&mut customers, round.hours).await;
        customers
    }
}

/// What a template may be for.
const TEMPLATE_CATEGORIES: [Category; 4] =
    [Category::Marketing, Category::Utility, Category::Authentication, Category::AuthenticationInternational];

/// Some of the latest messages, or calls, that were asked for, whatever became of them.
fn picked(customer: &Customer, picks: &[usize], calls: bool) -> Vec<BusinessMessageId> {
    let of_kind = customer.asked.iter().rev().filter(|intent| intent.pulses_max.is_some() == calls);
    let latest: Vec<_> = of_kind.take(20).collect();
    let one = |n: &usize| (!latest.is_empty()).then(|| latest[n % latest.len()].message_id);
    picks.iter().filter_map(one).collect()
}

/// The account of a source.
fn account(customer: &Customer, source: Source) -> Account {
    let kind = match source {
        Source::Grant(key) => AccountKind::PortfolioPromo(customer.id, customer.grants[&key].id),
        Source::Prepaid => AccountKind::PortfolioPrepaid(customer.id),
        Source::Credit => AccountKind::PortfolioReceivable(customer.id),
    };
    Account::new(kind, Currency::USD)
}

/// Every account of the portfolios is the one of the books, and revenue is what their messages and calls cost.
fn the_books_are_the_ledger(rows: &Rows, customers: &[Customer]) {
    for customer in customers {
        for (source, room) in &customer.rooms {
            let found = rows.room(&account(customer, *source).code());
            assert_eq!(found, (room.posted, room.held), "{} {source:?}", customer.id);
        }
    }
    for category in Category::MESSAGES.into_iter().chain([Category::Call]) {
        let code = match category {
            Category::Call => "revenue:calls".to_owned(),
            category => format!("revenue:messages:{}", category.as_str()),
        };
        let spent = customers.iter().map(|customer| customer.spent().get(category.as_str()).copied());
        let earned: i64 = spent.flatten().sum();
        assert_eq!(rows.room(&code), (earned, 0), "{code}");
    }
}

/// How often things came that the books could not judge if they never did.
#[derive(Debug, Default)]
struct Seen {
    charges: usize,
    corrections: usize,
    calls: usize,
    agreed: usize,
    capped: usize,
    plan_lines: usize,
    grants: usize,
}

#[test]
fn whatever_happens_the_twelve_hold() {
    let seen = Mutex::new(Seen::default());
    property(SEED, CASES, &events::cases(), async |db, case| {
        let (ctx, clock) = plaza_db::testing::ctx();
        World { db, ctx, clock, prices: Prices::default(), next: Arc::default() }.lives(case, &seen).await;
    });
    let Seen { charges, corrections, calls, agreed, capped, plan_lines, grants } = seen.into_inner().unwrap();
    assert!(charges > 500 && corrections > 10 && calls > 8, "{charges}, {corrections}, {calls}");
    assert!(agreed > 20 && capped > 20, "{agreed} charges by contracts, {capped} messages that caps refused");
    assert!(plan_lines > 30 && grants > 10, "{plan_lines} lines of plans, {grants} grants");
}

impl World {
    async fn lives(&self, case: Case, seen: &Mutex<Seen>) {
        let begin = if case.is_around_october { "2026-09-24T00:00:00Z" } else { "2026-10-02T00:00:00Z" };
        self.clock.set(at(begin));
        self.import(model::source()).await;
        self.imports_plans().await;
        let ids = (0..CUSTOMERS).map(|n| PortfolioId(10_000 + i64::try_from(n).unwrap()));
        let mut customers: Vec<_> = ids.map(Customer::new).collect();
        for customer in &mut customers {
            self.open(customer.id, Currency::USD, model::zone(customer.id)).await;
            // Two of them have enough for nearly all, two live from hand to mouth.
            let cents = if customer.id.0 % 2 == 0 { 600 } else { 40 };
            self.tops_up(customer, 9, cents).await;
        }
        let mut lasting = Rows::read(self).await.lasting;
        for round in case.rounds {
            customers = self.round(customers, round).await;
            let rows = Rows::read(self).await;
            the_books_are_the_ledger(&rows, &customers);
            plans::plans_are_earned_by_the_day(&rows, &customers);
            prices::charges_are_of_their_hour(&rows.charges, &customers);
            caps::caps_were_kept(&rows.spending, &customers);
            rows.one_debits_equal_credits();
            rows.two_an_account_is_the_fold_of_its_entries();
            rows.three_limited_accounts_never_cross(&customers);
            rows.four_an_event_posts_at_most_once(customers.iter().map(|customer| customer.transfers).sum());
            rows.five_a_hold_ends_once(&customers);
            rows.six_nothing_changes_that_was_written(&lasting);
            rows.seven_no_transfer_crosses_currencies();
            rows.twelve_time_never_runs_backwards();
            self.eleven_the_chains_verify().await;
            lasting = rows.lasting;
        }
        let mut dice = Dice(case.dice);
        self.eleven_no_link_can_be_changed(&mut dice).await;
        self.nine_an_invoice_is_its_charges(&mut customers, &mut dice).await;
        self.eleven_the_chains_verify().await;
        let rows = Rows::read(self).await;
        rows.one_debits_equal_credits();
        rows.two_an_account_is_the_fold_of_its_entries();
        rows.six_nothing_changes_that_was_written(&lasting);
        self.replay_gives_the_same_books().await;
        seen.lock().unwrap().add(&rows, &customers);
    }
}

impl Seen {
    fn add(&mut self, rows: &Rows, customers: &[Customer]) {
        let count = |table: &str| rows.lasting.get(table).map_or(0, BTreeSet::len);
        self.charges += count("charge");
        self.corrections += count("charge_correction");
        self.calls += rows.charges.iter().filter(|charge| charge.category == "call").count();
        self.agreed += rows.charges.iter().filter(|charge| charge.contract_of.is_some()).count();
        for customer in customers {
            self.capped += customer.capped;
            self.plan_lines += customer.plan_lines.len();
            self.grants += customer.grants.len();
        }
    }
}

impl World {
    /// 7: Nor can anybody make one that does.
    async fn crossing_is_refused(&self, id: PortfolioId) {
        let account = |currency| Account::new(AccountKind::PortfolioPrepaid(id), currency);
        let action = Action::Posted {
            debit: account(Currency::USD),
            credit: account(Currency::EUR),
            amount: Micros(1),
        };
        let transfer = Transfer { transfer_id: plaza_ledger::named_id("crossing"), action };
        let post = async move |ctx: &Ctx, tx: &mut Tx| {
            Ok(plaza_ledger::post(ctx, tx, std::slice::from_ref(&transfer)).await?)
        };
        assert_eq!(self.with(post).await.unwrap()[0], Err(plaza_ledger::Refused::Currencies));
    }

    /// Sums and balances that are kept up are those that come of the charges and transfers.
    async fn replay_gives_the_same_books(&self) {
        let kept = self.db.content().await;
        let rebuild = async |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::rebuild_revenue(ctx, tx).await?;
            plaza_billing::rebuild_volumes(ctx, tx).await
        };
        self.with(rebuild).await.unwrap();
        let built = self.db.content().await;
        for (table, rows) in &kept {
            assert_eq!(built.get(table), Some(rows), "{table}");
        }
    }
}
