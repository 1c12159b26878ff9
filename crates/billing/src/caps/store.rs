//! The SQL of spending caps.

use plaza_db::{list_statements, statements};

statements! {
    /// Sets a cap, or changes its limit and action.
    SET_CAP = "
        INSERT INTO spending_cap
            (cap_id, portfolio_id, owner, scope, subject, period, limit_micros, action, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (cap_id) DO UPDATE SET
            limit_micros = excluded.limit_micros, action = excluded.action, changed_at = excluded.changed_at";
    /// Takes a cap away.
    REMOVE_CAP = "DELETE FROM spending_cap WHERE cap_id = $1";
    /// What was spent from a day to a day, both included.
    SPENT = "
        SELECT CAST(coalesce(sum(spent_micros), 0) AS BIGINT) FROM spending_day
        WHERE portfolio_id = $1 AND scope = $2 AND subject = $3 AND day >= $4 AND day <= $5";
    /// Adds to what was spent on a day.
    ADD_SPENT = "
        INSERT INTO spending_day (portfolio_id, scope, subject, day, spent_micros) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (portfolio_id, scope, subject, day)
            DO UPDATE SET spent_micros = spending_day.spent_micros + excluded.spent_micros";
    /// What a portfolio's messages of a month cost, by category.
    USAGE_OF_MONTH = "
        SELECT category, CAST(sum(messages) AS BIGINT),
               CAST(sum(CASE WHEN pricing_type = 'regular' THEN messages ELSE 0 END) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM usage_sum WHERE portfolio_id = $1 AND span = 'month' AND bucket = $2
        GROUP BY category ORDER BY category";
    /// For verification: how many sums there are.
    COUNT_DAYS = "SELECT count(*) FROM spending_day";
    /// For verification: days whose sums are not those of their messages.
    WRONG_DAYS = "
        WITH message (portfolio_id, waba_id, phone_number_id, campaign, day, amount) AS (
            SELECT portfolio_id, waba_id, phone_number_id, campaign, spent_day, held
            FROM usage_intent WHERE spent_day IS NOT NULL
            UNION ALL
            SELECT e.portfolio_id, e.waba_id, e.phone_number_id, e.campaign, e.spent_day, c.amount_micros
            FROM usage_event e JOIN charge c ON c.message_id = e.message_id AND c.run = 0
            WHERE e.spent_day IS NOT NULL
        ), sums (portfolio_id, scope, subject, day, kept, counted) AS (
            SELECT portfolio_id, 'portfolio', '', day, 0, amount FROM message
            UNION ALL SELECT portfolio_id, 'account', CAST(waba_id AS TEXT), day, 0, amount FROM message
            UNION ALL SELECT portfolio_id, 'number', CAST(phone_number_id AS TEXT), day, 0, amount FROM message
            UNION ALL SELECT portfolio_id, 'campaign', campaign, day, 0, amount FROM message
                WHERE campaign IS NOT NULL
            UNION ALL SELECT portfolio_id, scope, subject, day, spent_micros, 0 FROM spending_day
        )
        SELECT portfolio_id, scope, subject, day, CAST(sum(kept) AS BIGINT), CAST(sum(counted) AS BIGINT)
        FROM sums GROUP BY portfolio_id, scope, subject, day HAVING sum(kept) <> sum(counted)
        ORDER BY portfolio_id, scope, subject, day LIMIT 10";
}

list_statements! {
    /// The caps of portfolios.
    CAPS = "
        SELECT c.cap_id, c.portfolio_id, c.owner, c.scope, c.subject, c.period, c.limit_micros, c.action, p.currency
        FROM spending_cap c JOIN billing_portfolio p ON p.portfolio_id = c.portfolio_id
        WHERE c.portfolio_id IN ({list}) ORDER BY c.portfolio_id, c.owner DESC, c.scope, c.subject, c.period";
}
