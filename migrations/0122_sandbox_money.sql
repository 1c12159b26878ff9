-- The built-in store and the built-in provider of payments: what they would remember if they were somebody else's. They
-- take no money; only they read these tables.

CREATE TABLE IF NOT EXISTS sandbox_sale (
    reference TEXT NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL,             -- personal
    product TEXT NOT NULL,                -- personal
    term TEXT NOT NULL,
    price_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    trial_days BIGINT NOT NULL,
    token TEXT NOT NULL,                  -- which fault it has
    at BIGINT NOT NULL,
    renewal_stopped_at BIGINT,
    refunded_at BIGINT,                   -- the whole of it
    looks BIGINT NOT NULL                 -- how often it was looked up
);

CREATE TABLE IF NOT EXISTS sandbox_sale_refund (
    -- What was given back of a period, in all.
    reference TEXT NOT NULL,
    period BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (reference, period)
) {{clustered}};

CREATE TABLE IF NOT EXISTS sandbox_intent (
    reference TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,                  -- which fault its card has
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    status TEXT NOT NULL,                 -- unconfirmed, processing, requires_action, succeeded, declined, canceled
    failure_code TEXT,
    failure TEXT,
    attempts BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS sandbox_refund (
    refund_id UUID NOT NULL PRIMARY KEY,
    amount_micros BIGINT NOT NULL         -- as many providers do, it gives back again whatever it is asked for
);

CREATE TABLE IF NOT EXISTS sandbox_unsettled (
    -- What the provider has taken and not paid out yet; below zero, it gave back more.
    currency TEXT NOT NULL PRIMARY KEY,
    amount_micros BIGINT NOT NULL
) {{clustered}};

CREATE TABLE IF NOT EXISTS sandbox_payout (
    -- What the provider has paid out. It tells of it as often as it is asked.
    reference TEXT NOT NULL PRIMARY KEY,
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS sandbox_payout_by_time ON sandbox_payout (arrived_at);
