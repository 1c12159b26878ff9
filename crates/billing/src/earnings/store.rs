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
               CAST(sum(messages) AS BIGINT), CAST(sum(messages * unit_micros) AS BIGINT),
               CAST(sum(messages * amount_micros) AS BIGINT)
        FROM rated
        GROUP BY delivered_at - delivered_at % CAST($1 AS BIGINT), portfolio_id, category, pricing_type, currency";
    /// Builds the sums of months again.
    REBUILD_MONTHS = "
        INSERT INTO usage_sum
            (span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros)
        SELECT 'month', period, portfolio_id, category, pricing_type, currency,
               CAST(sum(messages) AS BIGINT), CAST(sum(messages * unit_micros) AS BIGINT),
               CAST(sum(messages * amount_micros) AS BIGINT)
        FROM rated
        GROUP BY period, portfolio_id, category, pricing_type, currency";
    /// For verification: all sums.
    ALL = "
        SELECT span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros
        FROM usage_sum ORDER BY span, bucket, portfolio_id, category, pricing_type";
    /// Adds to what all portfolios of a currency had in a day.
    ADD_DAY = "
        INSERT INTO traffic_day (day, currency, pricing_type, messages, list_micros, amount_micros)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (day, currency, pricing_type) DO UPDATE SET
            messages = traffic_day.messages + excluded.messages,
            list_micros = traffic_day.list_micros + excluded.list_micros,
            amount_micros = traffic_day.amount_micros + excluded.amount_micros";
    /// Adds to what a portfolio had in a day or a month.
    ADD_CUSTOMER = "
        INSERT INTO customer_sum (span, bucket, portfolio_id, currency, messages, billable, amount_micros)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (span, bucket, portfolio_id) DO UPDATE SET
            messages = customer_sum.messages + excluded.messages,
            billable = customer_sum.billable + excluded.billable,
            amount_micros = customer_sum.amount_micros + excluded.amount_micros";
    /// Forgets the days of all.
    CLEAR_DAYS = "DELETE FROM traffic_day";
    /// Forgets the sums of customers.
    CLEAR_CUSTOMERS = "DELETE FROM customer_sum";
    /// Builds the days of all again.
    REBUILD_TRAFFIC = "
        INSERT INTO traffic_day (day, currency, pricing_type, messages, list_micros, amount_micros)
        SELECT bucket, currency, pricing_type, CAST(sum(messages) AS BIGINT), CAST(sum(list_micros) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM usage_sum WHERE span = 'day' GROUP BY bucket, currency, pricing_type";
    /// Builds the sums of customers again.
    REBUILD_CUSTOMERS = "
        INSERT INTO customer_sum (span, bucket, portfolio_id, currency, messages, billable, amount_micros)
        SELECT span, bucket, portfolio_id, currency, CAST(sum(messages) AS BIGINT),
               CAST(sum(CASE WHEN pricing_type = 'regular' THEN messages ELSE 0 END) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM usage_sum GROUP BY span, bucket, portfolio_id, currency";
    /// For verification: all days.
    ALL_DAYS = "
        SELECT day, currency, pricing_type, messages, list_micros, amount_micros FROM traffic_day
        ORDER BY day, currency, pricing_type";
    /// For verification: all customers.
    ALL_CUSTOMERS = "
        SELECT span, bucket, portfolio_id, currency, messages, billable, amount_micros FROM customer_sum
        ORDER BY span, bucket, portfolio_id";
    /// Days of all portfolios, by how messages were priced.
    DAYS = "
        SELECT day, currency, pricing_type, messages, list_micros, amount_micros
        FROM traffic_day WHERE day >= $1 AND day < $2 ORDER BY day, currency, pricing_type";
    /// Two spans side by side, which meet at $2, and today from $3, for the portfolios of a currency.
    CUSTOMERS = "
        SELECT portfolio_id,
               CAST(sum(CASE WHEN bucket >= $2 AND bucket < $3 THEN amount_micros ELSE 0 END) AS BIGINT),
               CAST(sum(CASE WHEN bucket < $2 THEN amount_micros ELSE 0 END) AS BIGINT),
               CAST(sum(CASE WHEN bucket >= $2 AND bucket < $3 THEN messages ELSE 0 END) AS BIGINT),
               CAST(sum(CASE WHEN bucket >= $3 THEN amount_micros ELSE 0 END) AS BIGINT)
        FROM customer_sum WHERE span = 'day' AND bucket >= $1 AND bucket < $4 AND currency = $5
        GROUP BY portfolio_id";
    /// Days of one portfolio by category and how messages were priced.
    DAYS_OF = "
        SELECT bucket, category, pricing_type, messages, list_micros, amount_micros
        FROM usage_sum WHERE portfolio_id = $1 AND span = 'day' AND bucket >= $2 ORDER BY bucket, category, pricing_type";
    /// Customers of a currency by the month in which they first paid, and what they paid in each month since.
    COHORTS = "
        SELECT f.first, u.bucket, CAST(count(*) AS BIGINT), CAST(sum(u.amount_micros) AS BIGINT)
        FROM customer_sum u JOIN (
            SELECT portfolio_id, min(bucket) AS first FROM customer_sum
            WHERE span = 'month' AND amount_micros > 0 AND currency = $1 GROUP BY portfolio_id
        ) f ON f.portfolio_id = u.portfolio_id
        WHERE u.span = 'month' AND u.amount_micros > 0 AND f.first >= $2
        GROUP BY f.first, u.bucket ORDER BY f.first, u.bucket";
}
