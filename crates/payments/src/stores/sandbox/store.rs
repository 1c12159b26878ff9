//! The SQL of the built-in store.

use plaza_db::statements;

statements! {
    /// Something is sold.
    INSERT_SALE = "
        INSERT INTO sandbox_sale (reference, account_id, product, term, price_micros, currency, trial_days, token, at,
            looks)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)";
    /// Looks a sale up; each look counts.
    LOOK_AT_SALE = "
        UPDATE sandbox_sale SET looks = looks + $2 WHERE reference = $1
        RETURNING account_id, product, term, price_micros, currency, trial_days, token, at, renewal_stopped_at,
            refunded_at, looks";
    /// What was given back of its periods.
    SALE_REFUNDS = "SELECT period, amount_micros, at FROM sandbox_sale_refund WHERE reference = $1 ORDER BY period";
    /// Its renewal stops, or goes on.
    SET_SALE_RENEWAL = "UPDATE sandbox_sale SET renewal_stopped_at = $2 WHERE reference = $1";
    /// All of it is given back.
    END_SALE = "UPDATE sandbox_sale SET refunded_at = COALESCE(refunded_at, CAST($2 AS BIGINT)) WHERE reference = $1";
    /// A part of a period is given back.
    PUT_SALE_REFUND = "
        INSERT INTO sandbox_sale_refund (reference, period, amount_micros, at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (reference, period) DO UPDATE SET amount_micros = excluded.amount_micros, at = excluded.at";
}
