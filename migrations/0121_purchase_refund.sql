-- What stores gave back of a payment, each time that it became more. Never changed.
CREATE TABLE IF NOT EXISTS purchase_refund (
    payment_id UUID NOT NULL,
    refunded_to_micros BIGINT NOT NULL,   -- of the payment, in all, with this one
    store TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    commission_micros BIGINT NOT NULL,    -- what the store gave back of its own part
    at BIGINT NOT NULL,
    PRIMARY KEY (payment_id, refunded_to_micros),
    CHECK (amount_micros > 0 AND refunded_to_micros >= amount_micros AND commission_micros >= 0)
) {{clustered}};
CREATE INDEX IF NOT EXISTS purchase_refund_by_store ON purchase_refund (store, currency, at);

-- What was given back before had one row at most, with its share of the commission, rounded half to even. The product of
-- two amounts may be too large: it is divided as on paper, three digits of what was given back at a time.
INSERT INTO purchase_refund (payment_id, refunded_to_micros, store, currency, amount_micros, commission_micros, at)
WITH RECURSIVE division (payment_id, scale, quotient, remainder) AS (
    SELECT payment_id, CAST(1000000000000000000 AS BIGINT), CAST(0 AS BIGINT), CAST(0 AS BIGINT)
    FROM purchase_payment WHERE refunded_micros > 0
    UNION ALL
    SELECT d.payment_id, d.scale / 1000,
        d.quotient * 1000
            + (d.remainder * 1000 + p.commission_micros * (p.refunded_micros / d.scale % 1000)) / p.amount_micros,
        (d.remainder * 1000 + p.commission_micros * (p.refunded_micros / d.scale % 1000)) % p.amount_micros
    FROM division d JOIN purchase_payment p ON p.payment_id = d.payment_id WHERE d.scale > 0
)
SELECT p.payment_id, p.refunded_micros, p.store, p.currency, p.refunded_micros,
    d.quotient + CASE
        WHEN d.remainder > p.amount_micros - d.remainder THEN 1
        WHEN d.remainder = p.amount_micros - d.remainder AND d.quotient % 2 = 1 THEN 1
        ELSE 0
    END,
    p.refunded_at
FROM division d JOIN purchase_payment p ON p.payment_id = d.payment_id WHERE d.scale = 0
ON CONFLICT DO NOTHING;
