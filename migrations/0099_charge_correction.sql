-- What a later run of rating changed about a charge. The charge stays as it is; the last correction of a message says what
-- holds now. Both states stand in the row, so that sums over charges and corrections together are what holds now.

CREATE TABLE IF NOT EXISTS charge_correction (
    correction_id UUID PRIMARY KEY,       -- rises with time
    message_id UUID NOT NULL,
    run BIGINT NOT NULL,                  -- of the portfolio's month, from 1
    charge_id UUID NOT NULL,              -- the charge that it corrects
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    period BIGINT NOT NULL,
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    currency TEXT NOT NULL,
    delivered_at BIGINT NOT NULL,
    from_pricing_type TEXT NOT NULL,      -- what held before
    from_tier BIGINT,
    from_tier_to BIGINT,
    from_unit_micros BIGINT NOT NULL,
    from_amount_micros BIGINT NOT NULL,
    pricing_type TEXT NOT NULL,           -- what holds from now on
    tier BIGINT,
    tier_to BIGINT,
    unit_micros BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    allowance BIGINT,                     -- its place in the month by the order of deliveries
    volume BIGINT,
    transfer_id UUID,                     -- of the difference; NULL where there is none
    corrected_at BIGINT NOT NULL,
    UNIQUE (message_id, run),
    CHECK (run > 0),
    CHECK (amount_micros >= 0 AND amount_micros <= unit_micros)
) {{clustered}};

CREATE INDEX IF NOT EXISTS charge_correction_month ON charge_correction (portfolio_id, period, run);

-- A month of a portfolio in the order of its deliveries.
CREATE INDEX IF NOT EXISTS charge_month ON charge (portfolio_id, period, delivered_at, message_id);
