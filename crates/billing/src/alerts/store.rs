//! The SQL of alerts, thresholds and top-ups that were asked for.

use plaza_db::{list_statements, statements};

statements! {
    /// Tells something, once.
    RAISE = "
        INSERT INTO billing_alert (alert_id, portfolio_id, kind, text, details, at, is_told)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (alert_id) DO NOTHING";
    /// What a portfolio was told.
    ALERTS = "
        SELECT alert_id, portfolio_id, kind, text, details, at FROM billing_alert
        WHERE portfolio_id = $1 ORDER BY at DESC, alert_id DESC LIMIT $2";
    /// What the webhooks do not know of.
    TAKE_UNTOLD = "
        UPDATE billing_alert SET is_told = TRUE WHERE NOT is_told AND alert_id IN
            (SELECT alert_id FROM billing_alert WHERE NOT is_told ORDER BY at, alert_id LIMIT $1)
        RETURNING alert_id, portfolio_id, kind, text, details, at";
    /// Sets what a portfolio wants to hear; what was seen stays.
    SET_WATCH = "
        INSERT INTO balance_watch
            (portfolio_id, mail_to, threshold_micros, top_up_micros, is_low, low_posted, crossings)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (portfolio_id) DO UPDATE SET mail_to = excluded.mail_to,
            threshold_micros = excluded.threshold_micros, top_up_micros = excluded.top_up_micros";
    /// What was seen of a balance.
    SEEN = "UPDATE balance_watch SET is_low = $2, low_posted = $3, crossings = $4 WHERE portfolio_id = $1";
    /// Whether a top-up is open.
    HAS_OPEN_TOP_UP = "SELECT request_id FROM top_up_request WHERE portfolio_id = $1 AND state = 'open' LIMIT 1";
    /// Asks for a top-up.
    REQUEST_TOP_UP = "
        INSERT INTO top_up_request
            (request_id, portfolio_id, amount_micros, currency, idempotency_key, requested_at, state)
        VALUES ($1, $2, $3, $4, $5, $6, 'open') ON CONFLICT (request_id) DO NOTHING";
    /// Top-ups that nobody has collected.
    OPEN_TOP_UPS = "
        SELECT request_id, portfolio_id, amount_micros, currency, idempotency_key, requested_at
        FROM top_up_request WHERE state = 'open' AND request_id > $1 ORDER BY request_id LIMIT $2";
    /// The one of a portfolio.
    OPEN_TOP_UP = "
        SELECT request_id, portfolio_id, amount_micros, currency, idempotency_key, requested_at
        FROM top_up_request WHERE portfolio_id = $1 AND state = 'open' LIMIT 1";
    /// A top-up has ended.
    END_TOP_UP = "UPDATE top_up_request SET state = $2 WHERE request_id = $1 AND state = 'open'";
}

list_statements! {
    /// What some alerts told.
    TOLD = "SELECT alert_id, details FROM billing_alert WHERE alert_id IN ({list})";
    /// What portfolios want to hear, and what was seen.
    WATCHES = "
        SELECT portfolio_id, mail_to, threshold_micros, top_up_micros, is_low, low_posted, crossings
        FROM balance_watch WHERE portfolio_id IN ({list})";
}
