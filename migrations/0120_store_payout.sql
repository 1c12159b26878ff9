-- What app stores paid out by bank transfer: which money of the bank it was, and what of a store's clearing account it
-- settled. Never changed. Amounts are micros; those of a part may be below zero, where more was given back than sold.

CREATE TABLE IF NOT EXISTS store_payout (
    payout_id UUID NOT NULL PRIMARY KEY,  -- the entry of the bank
    store TEXT NOT NULL,
    currency TEXT NOT NULL,               -- of the bank
    amount_micros BIGINT NOT NULL,        -- what reached the bank
    bank_fee_micros BIGINT NOT NULL,      -- what banks kept on the way
    booked_at BIGINT NOT NULL,            -- by the bank
    recorded_at BIGINT NOT NULL,
    CHECK (amount_micros > 0 AND bank_fee_micros >= 0)
) {{clustered}};
CREATE INDEX IF NOT EXISTS store_payout_newest ON store_payout (booked_at);

CREATE TABLE IF NOT EXISTS store_payout_part (
    payout_id UUID NOT NULL,
    currency TEXT NOT NULL,               -- in which people paid
    settled_micros BIGINT NOT NULL,       -- what it takes off the clearing account: the three below together
    paid_micros BIGINT NOT NULL,
    withheld_micros BIGINT NOT NULL,      -- tax
    commission_micros BIGINT NOT NULL,    -- what the store kept beyond what was booked with each sale; below zero, less
    arrived_micros BIGINT NOT NULL,       -- what was paid, in the currency of the bank
    PRIMARY KEY (payout_id, currency),
    CHECK (settled_micros = paid_micros + withheld_micros + commission_micros)
) {{clustered}};

CREATE INDEX IF NOT EXISTS purchase_payment_by_store ON purchase_payment (store, currency, from_at);
