-- What each portfolio used, summed up for pages that look back. Exact in the transaction that makes the charges; can be
-- built again from them.

CREATE TABLE IF NOT EXISTS usage_sum (
    span TEXT NOT NULL,                   -- day, month
    bucket BIGINT NOT NULL,               -- of a day: its begin (UTC); of a month: 202611, in the portfolio's time zone
    portfolio_id BIGINT NOT NULL,
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    currency TEXT NOT NULL,               -- the portfolio's
    messages BIGINT NOT NULL,
    list_micros BIGINT NOT NULL,          -- what they would have cost if nothing were free
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (span, bucket, portfolio_id, category, pricing_type)
) {{clustered}};

CREATE INDEX IF NOT EXISTS usage_sum_portfolio ON usage_sum (portfolio_id, span, bucket);

INSERT INTO usage_sum
    (span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros)
SELECT 'day', delivered_at - delivered_at % CAST(86400000000 AS BIGINT), portfolio_id, category, pricing_type, currency,
       CAST(sum(CASE WHEN run = 0 THEN 1 ELSE 0 END) AS BIGINT),
       CAST(sum(CASE WHEN run = 0 THEN unit_micros ELSE 0 END) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
FROM charge
GROUP BY delivered_at - delivered_at % CAST(86400000000 AS BIGINT), portfolio_id, category, pricing_type, currency;

INSERT INTO usage_sum
    (span, bucket, portfolio_id, category, pricing_type, currency, messages, list_micros, amount_micros)
SELECT 'month', period, portfolio_id, category, pricing_type, currency,
       CAST(sum(CASE WHEN run = 0 THEN 1 ELSE 0 END) AS BIGINT),
       CAST(sum(CASE WHEN run = 0 THEN unit_micros ELSE 0 END) AS BIGINT), CAST(sum(amount_micros) AS BIGINT)
FROM charge
GROUP BY period, portfolio_id, category, pricing_type, currency;
