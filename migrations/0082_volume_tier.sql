-- Prices by the volume of the month: which step of its price a charge was made at, and the how-manieth charged message of
-- its portfolio, market and month it was.
ALTER TABLE charge ADD COLUMN tier_to BIGINT;  -- the last message of the tier; NULL: without end, or no tiers
ALTER TABLE charge ADD COLUMN volume BIGINT;  -- NULL where nothing is counted

CREATE TABLE IF NOT EXISTS tier_counter (
    -- How many messages of a portfolio were charged in a month, by market and by the category whose volume they add to.
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    volume BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, period, market, category)
) {{clustered}};

-- What was charged before is counted in the order in which it was.
UPDATE charge SET volume = numbered.volume
FROM (
    SELECT c.charge_id AS id,
           row_number() OVER (
               PARTITION BY c.portfolio_id, c.period, c.market,
                   CASE WHEN c.category = 'utility' THEN 'utility' ELSE 'authentication' END
               ORDER BY e.sequence
           ) AS volume
    FROM charge c JOIN usage_event e ON e.message_id = c.message_id
    WHERE c.run = 0 AND c.pricing_type = 'regular'
        AND c.category IN ('utility', 'authentication', 'authentication_international')
) AS numbered
WHERE numbered.id = charge.charge_id;

INSERT INTO tier_counter (portfolio_id, period, market, category, volume)
SELECT portfolio_id, period, market, CASE WHEN category = 'utility' THEN 'utility' ELSE 'authentication' END, count(*)
FROM charge WHERE volume IS NOT NULL
GROUP BY portfolio_id, period, market, CASE WHEN category = 'utility' THEN 'utility' ELSE 'authentication' END;
