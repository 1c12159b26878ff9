//! The SQL of balances that nobody uses.

use plaza_db::statements;

statements! {
    /// Portfolios, page by page.
    PORTFOLIOS = "
        SELECT portfolio_id, currency FROM billing_portfolio WHERE portfolio_id > $1 ORDER BY portfolio_id LIMIT $2";
    /// One lapse.
    LAPSE = "
        SELECT lapse_id, portfolio_id, told_at, amount_micros, lapsed_at, reinstated_at
        FROM balance_lapse WHERE lapse_id = $1";
    /// Those of a portfolio.
    LAPSES = "
        SELECT lapse_id, portfolio_id, told_at, amount_micros, lapsed_at, reinstated_at
        FROM balance_lapse WHERE portfolio_id = $1 ORDER BY told_at DESC LIMIT 100";
    /// The business is told.
    TELL = "INSERT INTO balance_lapse (lapse_id, portfolio_id, told_at) VALUES ($1, $2, $3)";
    /// It has lapsed.
    LAPSED = "UPDATE balance_lapse SET amount_micros = $2, lapsed_at = $3 WHERE lapse_id = $1 AND amount_micros IS NULL";
    /// It was given back.
    REINSTATED = "
        UPDATE balance_lapse SET reinstated_at = $2
        WHERE lapse_id = $1 AND amount_micros IS NOT NULL AND reinstated_at IS NULL";
    /// For verification: what has lapsed and was not given back.
    SUMS = "
        SELECT p.currency, CAST(sum(l.amount_micros) AS BIGINT), CAST(count(*) AS BIGINT)
        FROM balance_lapse l JOIN billing_portfolio p ON p.portfolio_id = l.portfolio_id
        WHERE l.amount_micros IS NOT NULL AND l.reinstated_at IS NULL GROUP BY p.currency";
}
