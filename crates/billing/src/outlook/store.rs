//! The SQL of what stands open, of plans, and of tiers that are near.

use plaza_db::statements;

statements! {
    /// Open invoices by how late they are: in time, and up to $2, $3, $4 and earlier.
    AGEING = "
        SELECT a.currency, a.late, CAST(count(*) AS BIGINT), CAST(sum(a.open_micros) AS BIGINT)
        FROM (
            SELECT currency,
                   CASE WHEN due_at >= $1 THEN 0 WHEN due_at >= $2 THEN 1 WHEN due_at >= $3 THEN 2
                        WHEN due_at >= $4 THEN 3 ELSE 4 END AS late,
                   (total_minor - prepaid_minor - paid_minor - credited_due_minor) * minor_micros AS open_micros
            FROM invoice WHERE status IN ('final', 'overdue')
        ) a
        WHERE a.open_micros > 0 GROUP BY a.currency, a.late ORDER BY a.currency, a.late";
    /// Who owes most in a currency, and since when the oldest is due.
    DEBTORS = "
        SELECT portfolio_id, CAST(count(*) AS BIGINT), min(due_at),
               CAST(sum((total_minor - prepaid_minor - paid_minor - credited_due_minor) * minor_micros) AS BIGINT) AS owed
        FROM invoice
        WHERE status IN ('final', 'overdue') AND currency = $1
            AND total_minor - prepaid_minor - paid_minor - credited_due_minor > 0
        GROUP BY portfolio_id ORDER BY owed DESC, portfolio_id LIMIT $2";
    /// Who has which plan now.
    PLANS_NOW = "
        SELECT s.portfolio_id, s.plan_key, p.name, s.term, s.status, s.currency, s.price_micros
        FROM subscription s JOIN plan p ON p.plan_key = s.plan_key
        WHERE s.ended_at IS NULL ORDER BY s.portfolio_id";
    /// The largest volumes of a month, with the book that each is rated by.
    VOLUMES_NOW = "
        SELECT t.portfolio_id, t.market, t.category, t.volume, p.price_book_id, b.digest,
               (SELECT l.digest FROM price_book l WHERE l.price_book_id = b.base_book)
        FROM tier_counter t
        JOIN billing_portfolio p ON p.portfolio_id = t.portfolio_id
        JOIN price_book b ON b.price_book_id = p.price_book_id
        WHERE t.period = $1 AND p.currency = $2 ORDER BY t.volume DESC, t.portfolio_id, t.market, t.category LIMIT $3";
}
