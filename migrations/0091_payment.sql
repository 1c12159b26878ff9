-- Payments of businesses, as Plaza knows them. A step is a row first, then the call to the provider, then its result: what
-- a crash leaves between any two is found again by asking the provider.
CREATE TABLE IF NOT EXISTS payment_customer (
    -- Under which name a provider knows a portfolio.
    portfolio_id BIGINT NOT NULL,
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, provider)
) {{clustered}};

CREATE TABLE IF NOT EXISTS payment_method (
    -- What a portfolio pays with. Card numbers never come here: the token is the provider's.
    method_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    provider TEXT NOT NULL,
    token TEXT NOT NULL,
    -- adding, ready, refused, removed
    state TEXT NOT NULL,
    -- card, sepa_debit …; empty until the provider has said so
    kind TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    -- 2030-12; empty: it does not expire
    expires TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (provider, token)
);
CREATE INDEX IF NOT EXISTS payment_method_by_portfolio ON payment_method (portfolio_id, method_id);

CREATE TABLE IF NOT EXISTS payment (
    payment_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- sandbox, stripe or bank
    provider TEXT NOT NULL,
    -- Absent: a bank transfer.
    method_id UUID,
    -- Chosen by the caller: the same key is the same payment.
    idempotency_key TEXT NOT NULL,
    -- top_up or automatic
    cause TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- micros, whole minor units
    amount BIGINT NOT NULL,
    -- Of all refunds that did not fail.
    refunded BIGINT NOT NULL,
    -- created, processing, requires_action, succeeded, failed, canceled
    state TEXT NOT NULL,
    -- The provider's name for it; for a bank transfer, what the payer writes. Absent: the provider does not know of it yet.
    reference TEXT,
    -- The provider's name for the money that it took.
    charge TEXT,
    -- What the payer has to do, as the provider says it.
    action TEXT,
    -- Why it failed: the provider's code, and words.
    failure_code TEXT,
    failure TEXT,
    -- What the provider kept of it. Absent: not known yet.
    fee BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (portfolio_id, idempotency_key),
    UNIQUE (provider, reference),
    CHECK (amount > 0 AND refunded >= 0 AND refunded <= amount),
    CHECK (state IN ('created', 'processing', 'requires_action', 'succeeded', 'failed', 'canceled'))
);
CREATE INDEX IF NOT EXISTS payment_by_portfolio ON payment (portfolio_id, payment_id);
CREATE INDEX IF NOT EXISTS payment_open ON payment (updated_at)
    WHERE state IN ('created', 'processing', 'requires_action');
CREATE INDEX IF NOT EXISTS payment_without_fee ON payment (updated_at) WHERE state = 'succeeded' AND fee IS NULL;

CREATE TABLE IF NOT EXISTS refund (
    refund_id UUID NOT NULL PRIMARY KEY,
    payment_id UUID NOT NULL,
    -- Chosen by the caller: the same key is the same refund.
    idempotency_key TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- created, processing, succeeded, failed
    state TEXT NOT NULL,
    -- The provider's name for it.
    reference TEXT,
    failure TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (payment_id, idempotency_key),
    CHECK (amount > 0),
    CHECK (state IN ('created', 'processing', 'succeeded', 'failed'))
);
CREATE INDEX IF NOT EXISTS refund_open ON refund (updated_at) WHERE state IN ('created', 'processing');

CREATE TABLE IF NOT EXISTS provider_event (
    -- What providers told by webhook. A hint only: the look-up is the truth.
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- How often it came.
    times BIGINT NOT NULL,
    PRIMARY KEY (provider, event_id)
) {{clustered}};
CREATE INDEX IF NOT EXISTS provider_event_by_time ON provider_event (received_at);

CREATE TABLE IF NOT EXISTS payout (
    -- Money that a provider sent to the bank: out of its clearing account.
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (provider, reference)
) {{clustered}};

CREATE TABLE IF NOT EXISTS automatic_top_up (
    -- A portfolio tops itself up when less than the threshold is left.
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    is_enabled BOOLEAN NOT NULL,
    threshold BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    -- Of one calendar month, UTC.
    monthly_max BIGINT NOT NULL,
    -- After a failed one it waits until then.
    paused_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
) {{clustered}};
