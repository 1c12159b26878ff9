-- Sums of sums for the operator's dashboard, so that it opens at once over any number of charges: what all portfolios of a
-- currency had in a day, and what each one had in a day or a month, over all categories. Kept in the transaction that makes
-- the charges; can be built again from usage_sum.

CREATE TABLE IF NOT EXISTS traffic_day (
    day BIGINT NOT NULL,                  -- its begin (UTC)
    currency TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    messages BIGINT NOT NULL,
    list_micros BIGINT NOT NULL,          -- what they would have cost if nothing were free
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (day, currency, pricing_type)
) {{clustered}};

CREATE TABLE IF NOT EXISTS customer_sum (
    span TEXT NOT NULL,                   -- day, month
    bucket BIGINT NOT NULL,               -- as in usage_sum
    portfolio_id BIGINT NOT NULL,
    currency TEXT NOT NULL,               -- the portfolio's
    messages BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (span, bucket, portfolio_id)
) {{clustered}};

INSERT INTO traffic_day (day, currency, pricing_type, messages, list_micros, amount_micros)
SELECT bucket, currency, pricing_type, CAST(sum(messages) AS BIGINT), CAST(sum(list_micros) AS BIGINT),
       CAST(sum(amount_micros) AS BIGINT)
FROM usage_sum WHERE span = 'day' GROUP BY bucket, currency, pricing_type;

INSERT INTO customer_sum (span, bucket, portfolio_id, currency, messages, amount_micros)
SELECT span, bucket, portfolio_id, currency, CAST(sum(messages) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
FROM usage_sum GROUP BY span, bucket, portfolio_id, currency;

-- Who is near a next tier is asked by month.
CREATE INDEX IF NOT EXISTS tier_counter_period ON tier_counter (period);
