-- Charges and corrections as one list of what holds: each row counts `messages` times, once for what is charged and once
-- less for what a correction took back. Whoever sums over it has the sums of now.

DROP VIEW IF EXISTS rated;

-- Corrections are rows of their own table (0099); nothing was ever written here.
ALTER TABLE charge DROP COLUMN corrects;

CREATE VIEW rated AS
SELECT message_id, portfolio_id, period, delivered_at, currency, market, category, pricing_type, tier, unit_micros,
       amount_micros, credit_micros, CAST(NULL AS UUID) AS invoice_id, CAST(1 AS BIGINT) AS messages
FROM charge
UNION ALL
SELECT message_id, portfolio_id, period, delivered_at, currency, market, category, from_pricing_type, from_tier,
       from_unit_micros, from_amount_micros, from_credit_micros, invoice_id, CAST(-1 AS BIGINT)
FROM charge_correction
UNION ALL
SELECT message_id, portfolio_id, period, delivered_at, currency, market, category, pricing_type, tier, unit_micros,
       amount_micros, credit_micros, invoice_id, CAST(1 AS BIGINT)
FROM charge_correction;
