-- Revenue by customer and by plan, for any days. How many of a customer's messages were charged for stands beside how many
-- there were; and which plan a portfolio had from when to when is kept, so that the revenue of a day stays with the plan of
-- that day whatever the customer chooses later.

ALTER TABLE customer_sum ADD COLUMN billable BIGINT NOT NULL DEFAULT 0;

UPDATE customer_sum SET billable = COALESCE((
    SELECT CAST(sum(u.messages) AS BIGINT) FROM usage_sum u
    WHERE u.span = customer_sum.span AND u.bucket = customer_sum.bucket
        AND u.portfolio_id = customer_sum.portfolio_id AND u.pricing_type = 'regular'), 0);

CREATE TABLE IF NOT EXISTS plan_span (
    portfolio_id BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT,                      -- NULL: it still has it
    plan_key TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, from_at)
) {{clustered}};

-- Of what was before, only the plan of each subscription is known: it stands for all of its time.
INSERT INTO plan_span (portfolio_id, from_at, until_at, plan_key)
SELECT portfolio_id, created_at,
       COALESCE(ended_at, CASE WHEN status = 'paused' THEN paused_on * CAST(86400000000 AS BIGINT) END), plan_key
FROM subscription WHERE true
ON CONFLICT (portfolio_id, from_at) DO NOTHING;
