//! The SQL of what stores pay out.

use plaza_db::statements;

statements! {
    /// Keeps a payout.
    INSERT = "
        INSERT INTO store_payout (payout_id, store, currency, amount_micros, bank_fee_micros, booked_at, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Keeps a part of it.
    INSERT_PART = "
        INSERT INTO store_payout_part (payout_id, currency, settled_micros, paid_micros, withheld_micros,
            commission_micros, arrived_micros)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A payout.
    PAYOUT = "
        SELECT payout_id, store, currency, amount_micros, bank_fee_micros, booked_at, recorded_at
        FROM store_payout WHERE payout_id = $1";
    /// The newest.
    NEWEST = "
        SELECT payout_id, store, currency, amount_micros, bank_fee_micros, booked_at, recorded_at
        FROM store_payout ORDER BY booked_at DESC, payout_id LIMIT $1";
    /// The parts of one.
    PARTS = "
        SELECT currency, settled_micros, paid_micros, withheld_micros, arrived_micros
        FROM store_payout_part WHERE payout_id = $1 ORDER BY currency";
    /// Whether a store ever sold anything.
    HAS_SOLD = "SELECT store FROM purchase_payment WHERE store = $1 LIMIT 1";
    /// Where something was sold, and in what: the next pair after one. There are few pairs and many payments, so one goes
    /// from pair to pair by the index.
    SOLD_IN_NEXT = "
        SELECT store, currency FROM purchase_payment WHERE (store, currency) > ($1, $2)
        ORDER BY store, currency LIMIT 1";
    /// What the sales and refunds of a time leave on a store's account.
    EXPECTED = "
        SELECT (SELECT CAST(COALESCE(SUM(amount_micros - commission_micros), 0) AS BIGINT) FROM purchase_payment
                WHERE store = $1 AND currency = $2 AND from_at >= $3 AND from_at < $4)
            - (SELECT CAST(COALESCE(SUM(amount_micros - commission_micros), 0) AS BIGINT) FROM purchase_refund
                WHERE store = $1 AND currency = $2 AND at >= $3 AND at < $4)";
    /// The same of all times, for verification.
    ALL_EXPECTED = "
        SELECT store, currency, CAST(SUM(net) AS BIGINT) FROM (
            SELECT store, currency, amount_micros - commission_micros AS net FROM purchase_payment
            UNION ALL
            SELECT store, currency, commission_micros - amount_micros AS net FROM purchase_refund
        ) AS moved GROUP BY store, currency ORDER BY store, currency";
    /// What payouts took off the accounts, for verification.
    ALL_SETTLED = "
        SELECT o.store, p.currency, CAST(SUM(-p.settled_micros) AS BIGINT)
        FROM store_payout_part p JOIN store_payout o ON o.payout_id = p.payout_id
        GROUP BY o.store, p.currency ORDER BY o.store, p.currency";
    /// What was paid in another currency than the bank's.
    EXCHANGED_FROM = "
        SELECT p.currency, CAST(SUM(p.paid_micros) AS BIGINT)
        FROM store_payout_part p JOIN store_payout o ON o.payout_id = p.payout_id
        WHERE p.currency <> o.currency GROUP BY p.currency ORDER BY p.currency";
    /// What that came to.
    EXCHANGED_TO = "
        SELECT o.currency, CAST(SUM(p.arrived_micros) AS BIGINT)
        FROM store_payout_part p JOIN store_payout o ON o.payout_id = p.payout_id
        WHERE p.currency <> o.currency GROUP BY o.currency ORDER BY o.currency";
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn what_was_sold_where_is_found_without_reading_all_payments() {
        let plan = plaza_db::testing::plan(super::SOLD_IN_NEXT).await;
        let by_index = "USING COVERING INDEX purchase_payment_by_store ((store,currency)>(?,?))";
        assert!(plan.len() == 1 && plan[0].starts_with("SEARCH") && plan[0].ends_with(by_index), "{plan:?}");
    }
}
