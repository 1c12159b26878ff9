//! The SQL of corrections.

use plaza_db::{list_statements, statements};

statements! {
    /// A month of a portfolio in the order of its deliveries, after one of them: each charge with its usage event and the
    /// pulses of a call.
    MONTH_AFTER = "
        SELECT e.message_id, e.portfolio_id, e.waba_id, e.phone_number_id, e.destination, e.category, e.template,
               e.sent_at, e.customer_service_until, e.free_entry_point_until, e.max_price, e.held, e.sequence,
               e.delivered_at, e.hash,
               c.charge_id, c.message_id, c.run, c.portfolio_id, c.waba_id, c.phone_number_id, c.price_version_id,
               c.market, c.category, c.pricing_type, c.unit_micros, c.amount_micros, c.currency, c.transfer_id,
               c.period, c.allowance, c.sent_at, c.delivered_at, c.charged_at, c.tier, c.tier_to, c.volume,
               (SELECT p.pulses FROM usage_pulses p WHERE p.message_id = e.message_id), c.credit_micros
        FROM charge c JOIN usage_event e ON e.message_id = c.message_id
        WHERE c.portfolio_id = $1 AND c.period = $2 AND (c.delivered_at, c.message_id) > ($3, $4)
        ORDER BY c.delivered_at, c.message_id LIMIT $5";
    /// The corrections of a month, run after run.
    OF_MONTH = "
        SELECT message_id, run, pricing_type, tier, tier_to, unit_micros, amount_micros, credit_micros, transfers
        FROM charge_correction WHERE portfolio_id = $1 AND period = $2 ORDER BY run, message_id";
    /// All grants of a portfolio, and whether they are over.
    GRANTS = "SELECT grant_id, (is_closed OR expires_at <= $2) FROM promo_grant WHERE portfolio_id = $1";
    /// The corrections of a message.
    OF_MESSAGE = "
        SELECT run, from_amount_micros, amount_micros, currency, volume, allowance, corrected_at
        FROM charge_correction WHERE message_id = $1 ORDER BY run";
    /// For verification: all corrections, each with what held before it by the rows themselves.
    AFTER = "
        SELECT x.correction_id, x.message_id, x.run, x.portfolio_id, x.period, x.market, x.category, x.currency,
               x.delivered_at,
               x.from_pricing_type, x.from_tier, x.from_tier_to, x.from_unit_micros, x.from_amount_micros,
               x.pricing_type, x.tier, x.tier_to, x.unit_micros, x.amount_micros, x.transfer_id,
               CASE WHEN p.run IS NULL THEN c.pricing_type ELSE p.pricing_type END,
               CASE WHEN p.run IS NULL THEN c.tier ELSE p.tier END,
               CASE WHEN p.run IS NULL THEN c.tier_to ELSE p.tier_to END,
               CASE WHEN p.run IS NULL THEN c.unit_micros ELSE p.unit_micros END,
               CASE WHEN p.run IS NULL THEN c.amount_micros ELSE p.amount_micros END,
               CASE WHEN p.run IS NULL THEN c.credit_micros ELSE p.credit_micros END,
               x.from_credit_micros, x.credit_micros, x.transfers, x.allowance, x.volume
        FROM charge_correction x
        JOIN charge c ON c.message_id = x.message_id AND c.run = 0 AND c.charge_id = x.charge_id
            AND c.portfolio_id = x.portfolio_id AND c.period = x.period AND c.market = x.market
            AND c.category = x.category AND c.currency = x.currency AND c.delivered_at = x.delivered_at
        LEFT JOIN charge_correction p ON p.message_id = x.message_id
            AND p.run = (SELECT max(q.run) FROM charge_correction q WHERE q.message_id = x.message_id AND q.run < x.run)
        WHERE x.correction_id > $1 ORDER BY x.correction_id LIMIT $2";
    /// For verification: how many corrections there are.
    COUNT = "SELECT count(*) FROM charge_correction";
}

list_statements! {
    /// What changes.
    INSERT = "
        INSERT INTO charge_correction
            (correction_id, message_id, run, charge_id, portfolio_id, waba_id, phone_number_id, period, market,
             category, currency, delivered_at, from_pricing_type, from_tier, from_tier_to, from_unit_micros,
             from_amount_micros, pricing_type, tier, tier_to, unit_micros, amount_micros, allowance, volume,
             transfer_id, corrected_at, from_credit_micros, credit_micros, transfers, invoice_id)
        VALUES {rows}";
}
