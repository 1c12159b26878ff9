//! The SQL of billing, and its rows.

use crate::usage::{Event, Message, SpentOn};
use crate::{BillingError, WindowState};
use plaza_db::{Row, Value, list_statements, params, statements};

statements! {
    /// The list book of a currency.
    LIST_BOOK = "
        SELECT price_book_id FROM price_book
        WHERE currency = $1 AND base_book IS NULL AND portfolio_id IS NULL ORDER BY name LIMIT 1";
    /// The book with the prices of calls that goes with a list book.
    CALL_BOOK = "SELECT price_book_id FROM price_book WHERE base_book = $1 AND portfolio_id IS NULL LIMIT 1";
    /// The list book that a contract stands on.
    BASE_OF_CONTRACT = "
        SELECT base_book FROM price_book
        WHERE price_book_id = $1 AND portfolio_id IS NOT NULL AND base_book IS NOT NULL";
    /// The hashes of a book's versions.
    HASHES_OF_BOOK = "SELECT sha256 FROM price_version WHERE price_book_id = $1 ORDER BY effective_from";
    /// The versions of a book.
    VERSIONS_OF_BOOK = "
        SELECT price_version_id, effective_from, effective_to FROM price_version
        WHERE price_book_id = $1 ORDER BY effective_from";
    /// The prices of a book, with their tiers.
    PRICES_OF_BOOK = "
        SELECT p.price_version_id, p.market, p.category, p.unit_micros, p.is_open, p.tier_from
        FROM price_version v JOIN price p ON p.price_version_id = v.price_version_id
        WHERE v.price_book_id = $1
        ORDER BY v.effective_from, p.market, p.category, p.tier_from";
    /// The free rules of a book, in the order in which they count.
    RULES_OF_BOOK = "
        SELECT r.price_version_id, r.pricing_type, r.category, r.window_kind, r.monthly_quantity, r.note
        FROM price_version v JOIN free_rule r ON r.price_version_id = v.price_version_id
        WHERE v.price_book_id = $1 ORDER BY v.effective_from, r.position";
    /// All market prefixes.
    MARKETS = "
        SELECT prefix, standalone_since, market, countries FROM market_prefix ORDER BY prefix, standalone_since";
    /// The content of a published version.
    VERSION_HASH = "SELECT sha256 FROM price_version WHERE price_book_id = $1 AND effective_from = $2";
    /// Publishes a version.
    INSERT_VERSION = "
        INSERT INTO price_version
            (price_version_id, price_book_id, effective_from, effective_to, published_at, sha256)
        VALUES ($1, $2, $3, $4, $5, $6)";
    /// A list book and the digest of its content.
    UPSERT_BOOK = "
        INSERT INTO price_book (price_book_id, name, currency, digest) VALUES ($1, $2, $3, $4)
        ON CONFLICT (price_book_id) DO UPDATE SET digest = excluded.digest";
    /// A book with the prices of calls.
    UPSERT_CALL_BOOK = "
        INSERT INTO price_book (price_book_id, name, currency, base_book, digest) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (price_book_id) DO UPDATE SET digest = excluded.digest";
    /// The length of a call.
    INSERT_PULSES = "INSERT INTO usage_pulses (message_id, pulses) VALUES ($1, $2)";
    /// Opens a portfolio.
    INSERT_PORTFOLIO = "
        INSERT INTO billing_portfolio
            (portfolio_id, currency, time_zone, price_book_id, opened_at, usage_events, usage_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (portfolio_id) DO NOTHING";
    /// What a portfolio pays in.
    CURRENCY_OF_PORTFOLIO = "SELECT currency FROM billing_portfolio WHERE portfolio_id = $1";
    /// Moves the end of a portfolio's chain of usage events.
    UPDATE_CHAIN = "UPDATE billing_portfolio SET usage_events = $2, usage_hash = $3 WHERE portfolio_id = $1";
    /// Counts messages towards a free quantity; the answer is the count after them.
    COUNT_ALLOWANCE = "
        INSERT INTO allowance_counter (phone_number_id, category, period, used) VALUES ($1, $2, $3, $4)
        ON CONFLICT (phone_number_id, category, period)
            DO UPDATE SET used = allowance_counter.used + excluded.used
        RETURNING used";
    /// How far a free quantity is used.
    ALLOWANCE_USED = "
        SELECT used FROM allowance_counter WHERE phone_number_id = $1 AND category = $2 AND period = $3";
    /// Adds to the sums of an hour.
    ADD_REVENUE = "
        INSERT INTO revenue_hour (hour, currency, category, market, messages, billable, amount_micros)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (hour, currency, category, market) DO UPDATE SET
            messages = revenue_hour.messages + excluded.messages,
            billable = revenue_hour.billable + excluded.billable,
            amount_micros = revenue_hour.amount_micros + excluded.amount_micros";
    /// Messages whose time is over.
    TAKE_EXPIRED = "
        DELETE FROM usage_intent WHERE message_id IN
            (SELECT message_id FROM usage_intent WHERE expires_at <= $1 ORDER BY expires_at, message_id LIMIT $2)
        RETURNING message_id, portfolio_id, waba_id, phone_number_id, destination, category, template, sent_at,
                  customer_service_until, free_entry_point_until, max_price, held, spent_day, campaign";
    /// Forgets the sums.
    CLEAR_REVENUE = "DELETE FROM revenue_hour";
    /// Builds the sums again from charges and corrections; $1 is the length of an hour.
    REBUILD_REVENUE = "
        INSERT INTO revenue_hour (hour, currency, category, market, messages, billable, amount_micros)
        SELECT delivered_at - delivered_at % CAST($1 AS BIGINT), currency, category, market,
               CAST(sum(messages) AS BIGINT),
               CAST(sum(CASE WHEN pricing_type = 'regular' THEN messages ELSE 0 END) AS BIGINT),
               CAST(sum(messages * amount_micros) AS BIGINT)
        FROM rated
        GROUP BY delivered_at - delivered_at % CAST($1 AS BIGINT), currency, category, market";
    /// Charges of an account by a quarter of an hour of their delivery, whose length is $5, and by kind.
    SPENDING = "
        SELECT quarter, phone_number_id, prefix, category, pricing_type, tier, tier_to,
               CAST(sum(messages) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
        FROM (
            SELECT CAST(e.delivered_at - e.delivered_at % CAST($5 AS BIGINT) AS BIGINT) AS quarter, e.phone_number_id,
                   substr(e.destination, 1, 3) AS prefix, c.category, c.pricing_type, c.tier, c.tier_to,
                   1 AS messages, c.amount_micros
            FROM usage_event e JOIN charge c ON c.message_id = e.message_id
            WHERE e.portfolio_id = $1 AND e.waba_id = $2 AND e.delivered_at >= $3 AND e.delivered_at < $4
            UNION ALL
            SELECT CAST(e.delivered_at - e.delivered_at % CAST($5 AS BIGINT) AS BIGINT), e.phone_number_id,
                   substr(e.destination, 1, 3), x.category, x.from_pricing_type, x.from_tier, x.from_tier_to,
                   -1, -x.from_amount_micros
            FROM charge_correction x JOIN usage_event e ON e.message_id = x.message_id
            WHERE x.portfolio_id = $1 AND x.waba_id = $2 AND x.delivered_at >= $3 AND x.delivered_at < $4
            UNION ALL
            SELECT CAST(e.delivered_at - e.delivered_at % CAST($5 AS BIGINT) AS BIGINT), e.phone_number_id,
                   substr(e.destination, 1, 3), x.category, x.pricing_type, x.tier, x.tier_to, 1, x.amount_micros
            FROM charge_correction x JOIN usage_event e ON e.message_id = x.message_id
            WHERE x.portfolio_id = $1 AND x.waba_id = $2 AND x.delivered_at >= $3 AND x.delivered_at < $4
        ) AS rated
        GROUP BY quarter, phone_number_id, prefix, category, pricing_type, tier, tier_to
        HAVING sum(messages) <> 0 OR sum(amount_micros) <> 0";
    /// The newest charges.
    CHARGES_FIRST = "
        SELECT charge_id, message_id, run, portfolio_id, waba_id, phone_number_id, price_version_id, market,
               category, pricing_type, unit_micros, amount_micros, currency, transfer_id, period, allowance,
               sent_at, delivered_at, charged_at, tier, tier_to, volume
        FROM charge ORDER BY charge_id DESC LIMIT $1";
    /// What a message of a portfolio cost.
    CHARGE_OF_MESSAGE = "
        SELECT charge_id, message_id, run, portfolio_id, waba_id, phone_number_id, price_version_id, market,
               category, pricing_type, unit_micros, amount_micros, currency, transfer_id, period, allowance,
               sent_at, delivered_at, charged_at, tier, tier_to, volume
        FROM charge WHERE message_id = $1 AND portfolio_id = $2 AND run = 0";
    /// The charges before one.
    CHARGES_BEFORE = "
        SELECT charge_id, message_id, run, portfolio_id, waba_id, phone_number_id, price_version_id, market,
               category, pricing_type, unit_micros, amount_micros, currency, transfer_id, period, allowance,
               sent_at, delivered_at, charged_at, tier, tier_to, volume
        FROM charge WHERE charge_id < $1 ORDER BY charge_id DESC LIMIT $2";
    /// One charge.
    CHARGE = "
        SELECT charge_id, message_id, run, portfolio_id, waba_id, phone_number_id, price_version_id, market,
               category, pricing_type, unit_micros, amount_micros, currency, transfer_id, period, allowance,
               sent_at, delivered_at, charged_at, tier, tier_to, volume
        FROM charge WHERE charge_id = $1";
    /// The usage event of a message.
    EVENT = "
        SELECT message_id, portfolio_id, waba_id, phone_number_id, destination, category, template, sent_at,
               customer_service_until, free_entry_point_until, max_price, held, sequence, delivered_at, hash,
               (SELECT p.pulses FROM usage_pulses p WHERE p.message_id = usage_event.message_id)
        FROM usage_event WHERE message_id = $1";
    /// For verification: a portfolio's usage events in the order of their chain, each with its first charge.
    EVENTS_AFTER = "
        SELECT e.message_id, e.portfolio_id, e.waba_id, e.phone_number_id, e.destination, e.category, e.template,
               e.sent_at, e.customer_service_until, e.free_entry_point_until, e.max_price, e.held, e.sequence,
               e.delivered_at, e.hash,
               c.charge_id, c.message_id, c.run, c.portfolio_id, c.waba_id, c.phone_number_id, c.price_version_id,
               c.market, c.category, c.pricing_type, c.unit_micros, c.amount_micros, c.currency, c.transfer_id,
               c.period, c.allowance, c.sent_at, c.delivered_at, c.charged_at, c.tier, c.tier_to, c.volume,
               (SELECT p.pulses FROM usage_pulses p WHERE p.message_id = e.message_id), c.credit_micros
        FROM usage_event e LEFT JOIN charge c ON c.message_id = e.message_id AND c.run = 0
        WHERE e.portfolio_id = $1 AND e.sequence > $2
        ORDER BY e.sequence LIMIT $3";
    /// For verification: the portfolios and the ends of their chains.
    PORTFOLIOS_AFTER = "
        SELECT portfolio_id FROM billing_portfolio WHERE portfolio_id > $1 ORDER BY portfolio_id LIMIT $2";
    /// For verification: how many charges there are.
    COUNT_CHARGES = "SELECT count(*) FROM charge";
    /// For verification: all counters.
    ALLOWANCES = "
        SELECT phone_number_id, category, period, used FROM allowance_counter
        ORDER BY phone_number_id, category, period";
    /// For verification: all sums.
    REVENUE_HOURS = "
        SELECT hour, currency, category, market, messages, billable, amount_micros FROM revenue_hour
        ORDER BY hour, currency, category, market";
}

list_statements! {
    /// Portfolios, with their books.
    PORTFOLIOS = "
        SELECT p.portfolio_id, p.currency, p.time_zone, p.price_book_id, p.usage_events, p.usage_hash,
               (SELECT b.digest FROM price_book b WHERE b.price_book_id = p.price_book_id),
               (SELECT l.digest FROM price_book b JOIN price_book l ON l.price_book_id = b.base_book
                WHERE b.price_book_id = p.price_book_id),
               (SELECT i.country FROM authentication_international i WHERE i.portfolio_id = p.portfolio_id),
               (SELECT i.starts_at FROM authentication_international i WHERE i.portfolio_id = p.portfolio_id),
               (SELECT s.standing FROM payment_standing s WHERE s.portfolio_id = p.portfolio_id),
               (SELECT s.overdue_since FROM payment_standing s WHERE s.portfolio_id = p.portfolio_id)
        FROM billing_portfolio p WHERE p.portfolio_id IN ({list}) ORDER BY p.portfolio_id";
    /// The same, locked: their chains will grow.
    PORTFOLIOS_LOCKED = "
        SELECT p.portfolio_id, p.currency, p.time_zone, p.price_book_id, p.usage_events, p.usage_hash,
               (SELECT b.digest FROM price_book b WHERE b.price_book_id = p.price_book_id),
               (SELECT l.digest FROM price_book b JOIN price_book l ON l.price_book_id = b.base_book
                WHERE b.price_book_id = p.price_book_id),
               (SELECT i.country FROM authentication_international i WHERE i.portfolio_id = p.portfolio_id),
               (SELECT i.starts_at FROM authentication_international i WHERE i.portfolio_id = p.portfolio_id),
               (SELECT s.standing FROM payment_standing s WHERE s.portfolio_id = p.portfolio_id),
               (SELECT s.overdue_since FROM payment_standing s WHERE s.portfolio_id = p.portfolio_id)
        FROM billing_portfolio p WHERE p.portfolio_id IN ({list}) ORDER BY p.portfolio_id {for_update}";
    /// Messages that were accepted before, on their way or delivered.
    ACCEPTED = "
        SELECT message_id, held FROM usage_intent WHERE message_id IN ({list})
        UNION ALL SELECT message_id, held FROM usage_event WHERE message_id IN ({list})";
    /// Messages that end: whoever gets the row ends the message, and nobody else.
    TAKE_INTENTS = "
        DELETE FROM usage_intent WHERE message_id IN ({list})
        RETURNING message_id, portfolio_id, waba_id, phone_number_id, destination, category, template, sent_at,
                  customer_service_until, free_entry_point_until, max_price, held, spent_day, campaign";
    /// Messages on their way.
    INSERT_INTENTS = "
        INSERT INTO usage_intent
            (message_id, portfolio_id, waba_id, phone_number_id, destination, category, template, sent_at,
             customer_service_until, free_entry_point_until, max_price, held, spent_day, campaign, expires_at)
        VALUES {rows} ON CONFLICT (message_id) DO NOTHING";
    /// Messages that were delivered.
    INSERT_EVENTS = "
        INSERT INTO usage_event
            (message_id, portfolio_id, waba_id, phone_number_id, destination, category, template, sent_at,
             customer_service_until, free_entry_point_until, max_price, held, spent_day, campaign, sequence,
             delivered_at, hash)
        VALUES {rows}";
    /// What they cost.
    INSERT_CHARGES = "
        INSERT INTO charge
            (charge_id, message_id, run, portfolio_id, waba_id, phone_number_id, price_version_id, market,
             category, pricing_type, unit_micros, amount_micros, currency, transfer_id, period, allowance,
             sent_at, delivered_at, charged_at, tier, tier_to, volume, credit_micros)
        VALUES {rows}";
    /// New market prefixes.
    INSERT_MARKETS = "INSERT INTO market_prefix (prefix, standalone_since, market, countries) VALUES {rows}";
    /// The prices of a version.
    INSERT_PRICES = "
        INSERT INTO price (price_version_id, market, category, tier_from, tier_to, unit_micros, is_open)
        VALUES {rows}";
    /// The rules of a version.
    INSERT_RULES = "
        INSERT INTO free_rule
            (price_version_id, position, pricing_type, category, window_kind, monthly_quantity, scope, note)
        VALUES {rows}";
}

/// A message from its first twelve columns.
pub(crate) fn message(row: &Row) -> Result<Message, BillingError> {
    Ok(Message {
        message_id: row.get(0)?,
        portfolio_id: row.get(1)?,
        waba_id: row.get(2)?,
        phone_number_id: row.get(3)?,
        destination: row.get(4)?,
        category: crate::prices::category(row, 5)?,
        template: row.get(6)?,
        sent_at: row.get(7)?,
        window: WindowState { customer_service_until: row.get(8)?, free_entry_point_until: row.get(9)? },
        max_price: row.get(10)?,
        held: row.get(11)?,
        pulses: None,
        spent: None,
    })
}

/// A message that was on its way, from its first fourteen columns.
pub(crate) fn taken(row: &Row) -> Result<Message, BillingError> {
    let campaign: Option<String> = row.get(13)?;
    let spent = row.get::<Option<i64>>(12)?.map(|day| SpentOn { day, campaign: campaign.map(Into::into) });
    Ok(Message { spent, ..message(row)? })
}

/// A usage event from its first fifteen columns, and the one that holds its pulses.
pub(crate) fn event(row: &Row, pulses: usize) -> Result<(Event, Vec<u8>), BillingError> {
    let message = Message { pulses: row.get(pulses)?, ..message(row)? };
    Ok((Event { message, sequence: row.get(12)?, delivered_at: row.get(13)? }, row.get(14)?))
}

/// The first fourteen parameters of [`INSERT_INTENTS`] and [`INSERT_EVENTS`].
pub(crate) fn message_row(message: &Message) -> Vec<Value> {
    params![
        message.message_id,
        message.portfolio_id,
        message.waba_id,
        message.phone_number_id,
        message.destination.as_str(),
        message.category.as_str(),
        message.template,
        message.sent_at,
        message.window.customer_service_until,
        message.window.free_entry_point_until,
        message.max_price,
        message.held,
        message.spent.as_ref().map(|spent| spent.day),
        message.spent.as_ref().and_then(|spent| spent.campaign.as_deref())
    ]
}
