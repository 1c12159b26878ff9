//! The SQL of campaigns.

use plaza_db::statements;

statements! {
    /// Sums the charges of usage events after $2, up to $3.
    GATHER = "
        INSERT INTO campaign_month (portfolio_id, period, campaign, category, pricing_type, messages, amount_micros)
        SELECT c.portfolio_id, c.period, COALESCE(e.campaign, ''), c.category, c.pricing_type,
               count(*), CAST(sum(c.amount_micros) AS BIGINT)
        FROM usage_event e
        JOIN charge c ON c.message_id = e.message_id AND c.run = 0
        WHERE e.portfolio_id = $1 AND e.sequence > $2 AND e.sequence <= $3
        GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (portfolio_id, period, campaign, category, pricing_type) DO UPDATE SET
            messages = campaign_month.messages + excluded.messages,
            amount_micros = campaign_month.amount_micros + excluded.amount_micros";
    /// Moves what a run of rating changed.
    CORRECT = "
        INSERT INTO campaign_month (portfolio_id, period, campaign, category, pricing_type, messages, amount_micros)
        SELECT c.portfolio_id, c.period, COALESCE(e.campaign, ''), c.category, c.pricing_type,
               CAST(sum(c.messages) AS BIGINT), CAST(sum(c.messages * c.amount_micros) AS BIGINT)
        FROM (
            SELECT message_id, portfolio_id, period, category, from_pricing_type AS pricing_type,
                   from_amount_micros AS amount_micros, -1 AS messages
            FROM charge_correction WHERE portfolio_id = $1 AND period = $2 AND run = $3
            UNION ALL
            SELECT message_id, portfolio_id, period, category, pricing_type, amount_micros, 1
            FROM charge_correction WHERE portfolio_id = $1 AND period = $2 AND run = $3
        ) AS c
        JOIN usage_event e ON e.message_id = c.message_id
        WHERE true
        GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (portfolio_id, period, campaign, category, pricing_type) DO UPDATE SET
            messages = campaign_month.messages + excluded.messages,
            amount_micros = campaign_month.amount_micros + excluded.amount_micros";
    /// The campaigns of a month, the sums and what came since: the dearest $3, and the others as one, whose row says how many
    /// they are.
    OF_MONTH = "
        WITH summed AS (
            SELECT campaign, category, CAST(sum(messages) AS BIGINT) AS messages,
                   CAST(sum(CASE WHEN pricing_type = 'regular' THEN messages ELSE 0 END) AS BIGINT) AS billable,
                   CAST(sum(amount_micros) AS BIGINT) AS amount
            FROM (
                SELECT campaign, category, pricing_type, messages, amount_micros
                FROM campaign_month WHERE portfolio_id = $1 AND period = $2
                UNION ALL
                SELECT COALESCE(e.campaign, ''), c.category, c.pricing_type, 1, c.amount_micros
                FROM usage_event e
                JOIN charge c ON c.message_id = e.message_id AND c.run = 0
                WHERE e.portfolio_id = $1 AND c.period = $2 AND e.sequence >
                    COALESCE((SELECT sequence FROM usage_gathered WHERE portfolio_id = $1), 0)
            ) AS used
            GROUP BY campaign, category HAVING sum(messages) <> 0 OR sum(amount_micros) <> 0
        ), placed AS (
            SELECT campaign, category, messages, billable, amount,
                   row_number() OVER (ORDER BY amount DESC, messages DESC, campaign, category) AS place
            FROM summed
        )
        SELECT campaign, category, messages, billable, amount, CAST(0 AS BIGINT) AS others, place
        FROM placed WHERE place <= $3
        UNION ALL
        SELECT '', '', CAST(sum(messages) AS BIGINT), CAST(sum(billable) AS BIGINT), CAST(sum(amount) AS BIGINT),
               count(*), min(place)
        FROM placed WHERE place > $3 HAVING count(*) > 0
        ORDER BY place";
    /// For verification: how many sums there are.
    COUNT = "SELECT count(*) FROM campaign_month";
    /// For verification: sums that are not those of their charges.
    WRONG = "
        SELECT portfolio_id, period, campaign, category, pricing_type, CAST(sum(messages) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM (
            SELECT portfolio_id, period, campaign, category, pricing_type, messages, amount_micros
            FROM campaign_month
            UNION ALL
            SELECT c.portfolio_id, c.period, COALESCE(e.campaign, ''), c.category, c.pricing_type, -c.messages,
                   -c.messages * c.amount_micros
            FROM usage_event e
            JOIN usage_gathered g ON g.portfolio_id = e.portfolio_id AND e.sequence <= g.sequence
            JOIN (
                SELECT message_id, portfolio_id, period, category, pricing_type, amount_micros, 1 AS messages
                FROM charge WHERE run = 0
                UNION ALL
                SELECT message_id, portfolio_id, period, category, from_pricing_type, from_amount_micros, -1
                FROM charge_correction
                UNION ALL
                SELECT message_id, portfolio_id, period, category, pricing_type, amount_micros, 1
                FROM charge_correction
            ) AS c ON c.message_id = e.message_id
            ) AS compared
        GROUP BY portfolio_id, period, campaign, category, pricing_type
        HAVING sum(messages) <> 0 OR sum(amount_micros) <> 0
        ORDER BY portfolio_id, period, campaign LIMIT 10";
}
