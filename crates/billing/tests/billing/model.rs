//! # An independent model of the bill
//!
//! A plain function over a list of events. It knows nothing of the crate: it reads the same CSV files with a split at
//! the commas, keeps its money in integers, and works out every charge from the rules of the price book's chapter.

use crate::*;
use std::collections::BTreeMap;

pub(crate) const RATES: &str = "\
effective_from,effective_to,market,currency,category,price
2026-01-01,,Germany,USD,marketing,0.1131
2026-01-01,,Germany,USD,utility,0.0456
2026-01-01,,Germany,USD,authentication,0.0456
2026-01-01,,India,USD,marketing,0.0107
2026-01-01,,India,USD,utility,0.0014
2026-01-01,,India,USD,authentication,0.0014
2026-01-01,,India,USD,authentication_international,0.028
2026-01-01,,Other,USD,marketing,0.0604
2026-01-01,,Other,USD,utility,0.0077
2026-01-01,,Other,USD,authentication,0.0304
2026-01-01,,Other,USD,service,0.0077
2026-04-01,,Germany,USD,marketing,0.1365
2026-04-01,,India,USD,utility,0.0016
2026-07-01,,Kazakhstan,USD,marketing,0.0811
2026-07-01,,Kazakhstan,USD,utility,0.0101
2026-10-01,,Germany,USD,service,0.0550
2026-10-01,,India,USD,service,0.0016
2026-10-01,,India,USD,marketing,0.0118
";
const TIER_RATES: &str = "\
effective_from,effective_to,market,currency,category,tier_from,price
2026-07-01,,Germany,USD,utility,0,0.0550
2026-07-01,,Germany,USD,utility,1,0.0500
2026-07-01,,Germany,USD,utility,2,0.0450
2026-04-01,,India,USD,authentication,0,0.0014
2026-04-01,,India,USD,authentication,1,0.0012
2026-04-01,,India,USD,authentication_international,0,0.028
2026-04-01,,India,USD,authentication_international,1,0.025
";
const CALL_RATES: &str = "\
effective_from,effective_to,market,currency,category,price
2026-01-01,,Germany,USD,call,0.0033
2026-01-01,,Other,USD,call,0.0042
2026-10-01,,Germany,USD,call,0.0021
2026-10-01,,India,USD,call,0.0011
";
const MARKETS: &str = "\
market,iso2,calling_code,standalone_since
Germany,DE,49,
India,IN,91,
Other,RU,7,
Kazakhstan,KZ,77,2026-07-01
Other,,*,
";
const FREE_RULES: &str = "\
effective_from,effective_to,pricing_type,category,window,monthly_quantity,scope,note
2026-01-01,,free_entry_point,any,free_entry_point,,,free while the entry point is open
2026-01-01,2026-09-30,free_customer_service,service,any,,,service was free
2026-01-01,2026-09-30,free_customer_service,utility,customer_service,,,utility was free inside the window
2026-10-01,,free_customer_service,service,any,3,phone_number,three a month are free
";
const CURRENCIES: &str = "currency,units_per_usd\nUSD,1\n";
pub(crate) const NUMBERS: [&str; 5] =
    ["+4915112345678", "+919812345678", "+77012345678", "+79161234567", "+33612345678"];
pub(crate) const ZONES: [&str; 5] =
    ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"];

/// The same files, as the crate reads them.
pub(crate) fn source() -> PriceSource<'static> {
    PriceSource {
        name: "year",
        rates: RATES,
        tier_rates: TIER_RATES,
        call_rates: CALL_RATES,
        markets: MARKETS,
        free_rules: FREE_RULES,
        currencies: CURRENCIES,
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered(Timestamp),
    Failed,
    Expired,
}

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) intent: Intent,
    pub(crate) fate: Fate,
}

/// Numbers that look like chance and repeat (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(crate) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for n in (1..list.len()).rev() {
            list.swap(n, usize::try_from(self.below(n as u64 + 1)).unwrap());
        }
    }
}

pub(crate) fn zone(portfolio: PortfolioId) -> &'static str {
    ZONES[usize::try_from(portfolio.0).unwrap() % ZONES.len()]
}

/// What the model says of a message: month, market, kind, tier, unit and amount.
pub(crate) type Judged = (i64, String, String, Option<i64>, i64, i64);

/// The plain function: what every delivered message costs in the order of the deliveries.
pub(crate) fn model(events: &[Event]) -> BTreeMap<BusinessMessageId, Judged> {
    let mut delivered: Vec<(&Event, Timestamp)> = Vec::new();
    for event in events {
        if let Fate::Delivered(at) = event.fate {
            delivered.push((event, at));
        }
    }
    delivered.sort_by_key(|(event, at)| (*at, event.intent.message_id));
    let mut rater = Rater::new();
    delivered
        .into_iter()
        .map(|(event, moment)| (event.intent.message_id, rater.rate(&event.intent, moment)))
        .collect()
}

/// What was agreed with a portfolio from a day on, to a last day or for good: steps by market and category.
#[derive(Debug, Clone)]
pub(crate) struct Agreed {
    pub(crate) from: String,
    pub(crate) last: Option<String>,
    pub(crate) prices: BTreeMap<(&'static str, &'static str), Vec<(i64, i64)>>,
}

/// The files, and what was counted so far.
pub(crate) struct Rater {
    pub(crate) agreed: Vec<Agreed>,
    rates: Vec<Vec<&'static str>>,
    tiers: Vec<Vec<&'static str>>,
    markets: Vec<Vec<&'static str>>,
    rules: Vec<Vec<&'static str>>,
    used: BTreeMap<(PhoneNumberId, i64), i64>,
    volumes: BTreeMap<(PortfolioId, i64, &'static str, &'static str), i64>,
}

/// The price of a message or a pulse: by volume, which version it is of, and whether that was agreed.
pub(crate) struct Priced {
    pub(crate) steps: Vec<(i64, i64)>,
    pub(crate) is_agreed: bool,
    pub(crate) since: String,
}

fn lines(text: &'static str) -> Vec<Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

fn exact(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    whole.parse::<i64>().unwrap() * 1_000_000 + format!("{part:0<6}").parse::<i64>().unwrap()
}

/// A day as a text compares like a day.
pub(crate) fn day(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_microsecond(moment.0).unwrap();
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// The date of a moment where a portfolio is.
pub(crate) fn date_of(portfolio: PortfolioId, moment: Timestamp) -> jiff::civil::Date {
    jiff::Timestamp::from_microsecond(moment.0).unwrap().in_tz(zone(portfolio)).unwrap().date()
}

/// The month of a moment where a portfolio is: 202611.
pub(crate) fn month_of(portfolio: PortfolioId, moment: Timestamp) -> i64 {
    let local = date_of(portfolio, moment);
    i64::from(local.year()) * 100 + i64::from(local.month())
}

impl Rater {
    pub(crate) fn new() -> Self {
        let rates = lines(RATES).into_iter().chain(lines(CALL_RATES));
        Self {
            agreed: Vec::new(),
            rates: rates.collect(),
            tiers: lines(TIER_RATES),
            markets: lines(MARKETS),
            rules: lines(FREE_RULES),
            used: BTreeMap::new(),
            volumes: BTreeMap::new(),
        }
    }

    fn market_of(&self, digits: &str, on: &str) -> &'static str {
        let rows = self.markets.iter();
        let fits = rows.filter(|row| row[2] != "*" && digits.starts_with(row[2]) && row[3] <= on);
        fits.max_by_key(|row| row[2].len()).map_or("Other", |row| row[0])
    }

    /// The newest rows that have begun: none of these has a last day.
    fn newest(&self, market: &str, category: &str, on: &str) -> Option<Vec<(i64, i64)>> {
        let begun = |row: &&Vec<&'static str>| row[2] == market && row[4] == category && row[0] <= on;
        let plain = self.rates.iter().filter(begun).max_by_key(|row| row[0]);
        let since = self.tiers.iter().filter(begun).map(|row| row[0]).max();
        match (plain, since) {
            (Some(row), Some(since)) if row[0] > since => Some(vec![(0, exact(row[5]))]),
            (_, Some(since)) => {
                let steps = self.tiers.iter().filter(begun).filter(|row| row[0] == since);
                Some(steps.map(|row| (row[5].parse().unwrap(), exact(row[6]))).collect())
            }
            (Some(row), None) => Some(vec![(0, exact(row[5]))]),
            (None, None) => None,
        }
    }

    /// What a market and category cost on a day: what was agreed, or what the list says.
    pub(crate) fn price_on(&self, market: &str, category: &str, on: &str) -> Priced {
        let begun =
            self.agreed.iter().filter(|agreed| agreed.from.as_str() <= on).max_by_key(|agreed| &agreed.from);
        let agreed = begun.filter(|agreed| agreed.last.as_deref().is_none_or(|last| on <= last));
        let steps = |agreed: &Agreed| {
            let of =
                agreed.prices.iter().find(|((of_market, of), _)| (*of_market, *of) == (market, category))?;
            Some(Priced { steps: of.1.clone(), is_agreed: true, since: agreed.from.clone() })
        };
        agreed.and_then(steps).unwrap_or_else(|| Priced {
            steps: self.steps_of(market, category, on),
            is_agreed: false,
            since: self.list_since(category == "call", on),
        })
    }

    /// Since when the version of the list is in force, of messages or of calls.
    fn list_since(&self, is_call: bool, on: &str) -> String {
        let rows = self.rates.iter().chain(&self.tiers).filter(|row| (row[4] == "call") == is_call);
        rows.map(|row| row[0]).filter(|from| *from <= on).max().unwrap().to_owned()
    }

    pub(crate) fn market_on(&self, intent: &Intent, on: &str) -> &'static str {
        self.market_of(intent.to.digits(), on)
    }

    fn steps_of(&self, market: &str, category: &str, on: &str) -> Vec<(i64, i64)> {
        let of = |market: &str| {
            self.newest(market, category, on).or_else(|| {
                (category == "authentication_international")
                    .then(|| self.newest(market, "authentication", on))
                    .flatten()
            })
        };
        of(market).or_else(|| of("Other")).unwrap()
    }

    /// The most that a message can cost: at its sending, on any later day, at the moment at which a window closes.
    pub(crate) fn worst(&self, intent: &Intent) -> i64 {
        let mut moments = vec![intent.sent_at];
        let mut midnight = intent.sent_at.0 - intent.sent_at.0.rem_euclid(86_400_000_000);
        while midnight <= intent.expires_at.0 {
            moments.push(Timestamp(midnight.max(intent.sent_at.0)));
            midnight += 86_400_000_000;
        }
        let windows = [intent.window.customer_service_until, intent.window.free_entry_point_until];
        moments.extend(windows.into_iter().flatten().filter(|until| *until <= intent.expires_at));
        let price = |moment: Timestamp| {
            let on = day(moment);
            if free_at(&self.rules, intent, moment, &on).is_some_and(|(_, quantity)| quantity.is_none()) {
                return 0;
            }
            let priced = self.price_on(self.market_on(intent, &on), plain(intent.category), &on);
            priced.steps.iter().map(|(_, unit)| *unit).max().unwrap()
        };
        let most = moments.into_iter().map(price).max().unwrap() * intent.pulses_max.unwrap_or(1);
        intent.max_price.map_or(most, |max| most.min(max.0))
    }

    /// What a message costs that is delivered next.
    pub(crate) fn rate(&mut self, intent: &Intent, moment: Timestamp) -> Judged {
        let held = self.worst(intent);
        self.rate_held(intent, moment, (held, 1))
    }

    /// The same, given what was held for it when it was sent; of a call, the pulses that it took.
    pub(crate) fn rate_held(
        &mut self,
        intent: &Intent,
        moment: Timestamp,
        (held, pulses): (i64, i64),
    ) -> Judged {
        let on = day(moment);
        let month = month_of(intent.portfolio_id, moment);
        let market = self.market_on(intent, &on);
        let category = plain(intent.category);
        let Priced { steps, .. } = self.price_on(market, category, &on);
        let kind = match free_at(&self.rules, intent, moment, &on) {
            Some((kind, None)) => kind,
            Some((kind, Some(quantity))) => {
                let used = self.used.entry((intent.phone_number_id, month)).or_default();
                *used += 1;
                if *used <= quantity { kind } else { "regular" }
            }
            None => "regular",
        };
        let accrues = match category {
            "utility" => Some("utility"),
            "authentication" | "authentication_international" => Some("authentication"),
            _ => None,
        };
        let mut step = steps[0];
        if let (Some(accrues), "regular") = (accrues, kind) {
            let volume = self.volumes.entry((intent.portfolio_id, month, market, accrues)).or_default();
            *volume += 1;
            step = *steps.iter().rev().find(|(from, _)| from < volume).unwrap();
        }
        let list = step.1 * pulses;
        let amount = if kind == "regular" {
            intent.max_price.map_or(list, |max| list.min(max.0)).min(held)
        } else {
            0
        };
        let tier = (steps.len() > 1 && kind == "regular").then_some(step.0);
        let is_in_group = category != intent.category.as_str();
        let kind = match kind {
            "free_customer_service" if is_in_group => "free_group_customer_service",
            other => other,
        };
        (month, market.to_owned(), kind.to_owned(), tier, list, amount)
    }
}

/// A category without its group: no row names one in groups, so all that holds outside holds there too.
pub(crate) fn plain(category: Category) -> &'static str {
    let word = category.as_str();
    word.strip_prefix("group_").unwrap_or(word)
}

/// The first rule that makes an event free at a moment: one without a quantity before one with.
fn free_at(
    rules: &[Vec<&'static str>],
    intent: &Intent,
    moment: Timestamp,
    on: &str,
) -> Option<(&'static str, Option<i64>)> {
    let holds = |row: &&Vec<&'static str>| {
        let open = |until: Option<Timestamp>| until.is_some_and(|until| moment < until);
        let window = match row[4] {
            "customer_service" => open(intent.window.customer_service_until),
            "free_entry_point" => open(intent.window.free_entry_point_until),
            _ => true,
        };
        let category = row[3] == "any" || row[3] == plain(intent.category);
        row[0] <= on && (row[1].is_empty() || on <= row[1]) && category && window
    };
    let quantity = |row: &Vec<&'static str>| row[5].parse::<i64>().ok();
    let matching: Vec<_> = rules.iter().filter(holds).collect();
    let first = matching.iter().find(|row| quantity(row).is_none()).or_else(|| matching.first());
    first.map(|row| (row[2], quantity(row)))
}

/// Whole cents, half to even.
pub(crate) fn cents(micros: i64) -> i64 {
    if micros < 0 {
        return -cents(-micros);
    }
    let (whole, rest) = (micros / 10_000, micros % 10_000);
    whole + i64::from(rest > 5_000 || (rest == 5_000 && whole % 2 == 1))
}
