//! The SQL of revenue. It reads sums only, never charges.

use plaza_db::statements;

statements! {
    /// Whole days of all currencies.
    OF_DAYS = "
        SELECT currency, CAST(sum(messages) AS BIGINT),
               CAST(sum(CASE WHEN pricing_type = 'regular' THEN messages ELSE 0 END) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM traffic_day WHERE day >= $1 AND day < $2 GROUP BY currency ORDER BY currency";
    /// Hours of all currencies.
    OF_HOURS = "
        SELECT currency, CAST(sum(messages) AS BIGINT), CAST(sum(billable) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM revenue_hour WHERE hour >= $1 AND hour < $2 GROUP BY currency ORDER BY currency";
    /// A currency by market and category in buckets of $3.
    BY_MARKET_AND_CATEGORY = "
        SELECT CAST(hour - hour % CAST($3 AS BIGINT) AS BIGINT) AS bucket, market, category,
               CAST(sum(messages) AS BIGINT), CAST(sum(billable) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
        FROM revenue_hour WHERE hour >= $1 AND hour < $2 AND currency = $4
        GROUP BY bucket, market, category ORDER BY bucket, market, category";
    /// Each portfolio of a currency.
    BY_PORTFOLIO = "
        SELECT portfolio_id, CAST(sum(messages) AS BIGINT), CAST(sum(billable) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM customer_sum WHERE span = 'day' AND bucket >= $1 AND bucket < $2 AND currency = $3
        GROUP BY portfolio_id";
    /// The days of one portfolio. The cast keeps SQLite from reading the days of all portfolios.
    DAYS_OF_PORTFOLIO = "
        SELECT bucket, CAST(sum(amount_micros) AS BIGINT)
        FROM usage_sum WHERE portfolio_id = $1 AND CAST(span AS TEXT) = 'day' AND bucket >= $2 AND bucket < $3
        GROUP BY bucket ORDER BY bucket";
    /// The days of a currency.
    DAYS = "
        SELECT day, CAST(sum(messages) AS BIGINT),
               CAST(sum(CASE WHEN pricing_type = 'regular' THEN messages ELSE 0 END) AS BIGINT),
               CAST(sum(amount_micros) AS BIGINT)
        FROM traffic_day WHERE day >= $1 AND day < $2 AND currency = $3 GROUP BY day ORDER BY day";
    /// The days of a currency by the plan that each portfolio had at the end of the day, whose length is $4.
    BY_PLAN = "
        SELECT c.bucket, s.plan_key, CAST(sum(c.messages) AS BIGINT), CAST(sum(c.billable) AS BIGINT),
               CAST(sum(c.amount_micros) AS BIGINT)
        FROM customer_sum c
        LEFT JOIN plan_span s ON s.portfolio_id = c.portfolio_id AND s.from_at < c.bucket + CAST($4 AS BIGINT)
            AND (s.until_at IS NULL OR s.until_at >= c.bucket + CAST($4 AS BIGINT))
        WHERE c.span = 'day' AND c.bucket >= $1 AND c.bucket < $2 AND c.currency = $3
        GROUP BY c.bucket, s.plan_key ORDER BY c.bucket, s.plan_key";
    /// What plans are called.
    PLAN_NAMES = "SELECT plan_key, name FROM plan ORDER BY plan_key";
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_days_of_one_portfolio_are_found_without_those_of_all() {
        let plan = plaza_db::testing::plan(super::DAYS_OF_PORTFOLIO).await;
        assert!(plan.iter().any(|step| step.contains("usage_sum_portfolio")), "{plan:?}");
    }
}
