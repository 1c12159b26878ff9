//! The SQL of the sums by portfolio.

use plaza_db::statements;

statements! {
    /// Adds to the sums of a day or a month.
    ADD = "
        INSERT INTO usage_sum
            (span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (span, bucket, portfolio_id, category, pricing_type) DO UPDATE SET
            messages = usage_sum.messages + excluded.messages,
            list_micros = usage_sum.list_micros + excluded.list_micros,
            amount_micros = usage_sum.amount_micros + excluded.amount_micros";
    /// Forgets the sums.
    CLEAR = "DELETE FROM usage_sum";
    /// Builds the sums of days again; $1 is the length of a day.
    REBUILD_DAYS = "
        INSERT INTO usage_sum
            (span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros)
        SELECT 'day', delivered_at - delivered_at % CAST($1 AS BIGINT), portfolio_id, category, pricing_type, currency,
               CAST(sum(messages) AS BIGINT), CAST(sum(unit_micros) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
        FROM (
            SELECT delivered_at, portfolio_id, period, currency, category, market, pricing_type, 1 AS messages,
                   unit_micros, amount_micros
            FROM charge
            UNION ALL
            SELECT delivered_at, portfolio_id, period, currency, category, market, from_pricing_type, -1,
                   -from_unit_micros, -from_amount_micros
            FROM charge_correction
            UNION ALL
            SELECT delivered_at, portfolio_id, period, currency, category, market, pricing_type, 1,
                   unit_micros, amount_micros
            FROM charge_correction
        ) AS rated
        GROUP BY delivered_at - delivered_at % CAST($1 AS BIGINT), portfolio_id, category, pricing_type, currency";
    /// Builds the sums of months again.
    REBUILD_MONTHS = "
        INSERT INTO usage_sum
            (span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros)
        SELECT 'month', period, portfolio_id, category, pricing_type, currency,
               CAST(sum(messages) AS BIGINT), CAST(sum(unit_micros) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
        FROM (
            SELECT delivered_at, portfolio_id, period, currency, category, market, pricing_type, 1 AS messages,
                   unit_micros, amount_micros
            FROM charge
            UNION ALL
            SELECT delivered_at, portfolio_id, period, currency, category, market, from_pricing_type, -1,
                   -from_unit_micros, -from_amount_micros
            FROM charge_correction
            UNION ALL
            SELECT delivered_at, portfolio_id, period, currency, category, market, pricing_type, 1,
                   unit_micros, amount_micros
            FROM charge_correction
        ) AS rated
        GROUP BY period, portfolio_id, category, pricing_type, currency";
    /// For verification: all sums.
    ALL = "
        SELECT span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros
        FROM usage_sum ORDER BY span, bucket, portfolio_id, category, pricing_type";
    /// Days of all portfolios, by how messages were priced.
    DAYS = "
        SELECT bucket, currency, pricing_type, CAST(sum(messages) AS BIGINT), CAST(sum(list_micros) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM usage_sum WHERE span = 'day' AND bucket >= $1 AND bucket < $2
        GROUP BY bucket, currency, pricing_type ORDER BY bucket, currency, pricing_type";
    /// Two spans side by side, which meet at $2, for the portfolios of a currency.
    CUSTOMERS = "
        SELECT portfolio_id,
               CAST(sum(CASE WHEN bucket >= $2 THEN amount_micros ELSE 0 END) AS BIGINT) AS amount,
               CAST(sum(CASE WHEN bucket < $2 THEN amount_micros ELSE 0 END) AS BIGINT),
               CAST(sum(CASE WHEN bucket >= $2 THEN messages ELSE 0 END) AS BIGINT)
        FROM usage_sum WHERE span = 'day' AND bucket >= $1 AND bucket < $3 AND currency = $4
        GROUP BY portfolio_id";
    /// Customers of a currency by the month in which they first paid, and what they paid in each month since.
    COHORTS = "
        SELECT f.first, u.bucket, CAST(count(DISTINCT u.portfolio_id) AS BIGINT), CAST(sum(u.amount_micros) AS BIGINT)
        FROM usage_sum u JOIN (
            SELECT portfolio_id, min(bucket) AS first FROM usage_sum
            WHERE span = 'month' AND amount_micros > 0 AND currency = $1 GROUP BY portfolio_id
        ) f ON f.portfolio_id = u.portfolio_id
        WHERE u.span = 'month' AND u.amount_micros > 0 AND f.first >= $2
        GROUP BY f.first, u.bucket ORDER BY f.first, u.bucket";
}
