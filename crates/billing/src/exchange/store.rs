//! The SQL of exchanges.

use plaza_db::statements;

statements! {
    /// Keeps an exchange.
    INSERT = "
        INSERT INTO currency_exchange
            (exchange_id, portfolio_id, from_currency, from_micros, to_currency, to_micros, rate_nanos, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (exchange_id) DO NOTHING";
    /// An exchange.
    EXCHANGE = "
        SELECT exchange_id, portfolio_id, from_currency, from_micros, to_currency, to_micros, rate_nanos, at
        FROM currency_exchange WHERE exchange_id = $1";
    /// The newest exchanges.
    NEWEST = "
        SELECT exchange_id, portfolio_id, from_currency, from_micros, to_currency, to_micros, rate_nanos, at
        FROM currency_exchange ORDER BY at DESC, exchange_id LIMIT $1";
    /// For verification: all exchanges, page by page.
    AFTER = "
        SELECT exchange_id, portfolio_id, from_currency, from_micros, to_currency, to_micros, rate_nanos, at
        FROM currency_exchange WHERE exchange_id > $1 ORDER BY exchange_id LIMIT 1000";
}
