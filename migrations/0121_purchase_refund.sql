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

-- What was given back before had one row at most, with its share of the commission, rounded half to even.
INSERT INTO purchase_refund (payment_id, refunded_to_micros, store, currency, amount_micros, commission_micros, at)
SELECT payment_id, refunded_micros, store, currency, refunded_micros,
    commission_micros * refunded_micros / amount_micros
    + CASE
        WHEN 2 * (commission_micros * refunded_micros % amount_micros) > amount_micros THEN 1
        WHEN 2 * (commission_micros * refunded_micros % amount_micros) = amount_micros
            AND commission_micros * refunded_micros / amount_micros % 2 = 1 THEN 1
        ELSE 0
    END,
    refunded_at
FROM purchase_payment WHERE refunded_micros > 0
ON CONFLICT DO NOTHING;
