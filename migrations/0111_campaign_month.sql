-- What each campaign cost: the messages of a template, by its name. Kept up along the numbers of the usage events, in the
-- same step as the sums that invoices are made of, so that it says what they say. Can be built again from the charges.
CREATE TABLE IF NOT EXISTS campaign_month (
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,               -- month of delivery in the portfolio's time zone: 202611
    campaign TEXT NOT NULL,               -- empty: free-form messages and calls
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    messages BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, period, campaign, category, pricing_type)
) {{clustered}};

INSERT INTO campaign_month (portfolio_id, period, campaign, category, pricing_type, messages, amount_micros)
SELECT c.portfolio_id, c.period, COALESCE(k.campaign, ''), c.category, c.pricing_type,
       CAST(sum(c.messages) AS BIGINT), CAST(sum(c.messages * c.amount_micros) AS BIGINT)
FROM usage_event e
JOIN usage_gathered g ON g.portfolio_id = e.portfolio_id AND e.sequence <= g.sequence
JOIN (
    SELECT message_id, portfolio_id, period, category, pricing_type, amount_micros, 1 AS messages
    FROM charge WHERE run = 0
    UNION ALL
    SELECT message_id, portfolio_id, period, category, from_pricing_type, from_amount_micros, -1
    FROM charge_correction
    UNION ALL
    SELECT message_id, portfolio_id, period, category, pricing_type, amount_micros, 1 FROM charge_correction
) AS c ON c.message_id = e.message_id
LEFT JOIN usage_counted k ON k.message_id = e.message_id
GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (portfolio_id, period, campaign, category, pricing_type) DO NOTHING;
