-- An address that webhooks go to: one queue each.
CREATE TABLE IF NOT EXISTS webhook_endpoint (
    endpoint_id UUID NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    -- Updates in one call, at most.
    updates_max BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS webhook_endpoint_by_url ON webhook_endpoint (app_id, url);

-- The callback of an app: where its webhooks go unless something nearer overrides it.
CREATE TABLE IF NOT EXISTS app_subscription (
    app_id BIGINT NOT NULL PRIMARY KEY,
    endpoint_id UUID NOT NULL,
    -- Separated by commas.
    fields TEXT NOT NULL,
    updated_at BIGINT NOT NULL
) {{clustered}};

-- An app that hears of what happens in a business account.
CREATE TABLE IF NOT EXISTS waba_subscription (
    waba_id BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    -- Absent: the callback of the app.
    endpoint_id UUID,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (waba_id, app_id)
) {{clustered}};

-- A callback of one phone number, before those of its account and app.
CREATE TABLE IF NOT EXISTS phone_number_subscription (
    phone_number_id BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    endpoint_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, app_id)
) {{clustered}};

-- One event on its way to one endpoint, written in the transaction of its cause.
CREATE TABLE IF NOT EXISTS webhook_delivery (
    delivery_id UUID NOT NULL PRIMARY KEY,
    endpoint_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    -- Events of one lane keep their order while the endpoint is well.
    lane BIGINT NOT NULL,
    -- The entry object of the call, ASCII JSON, as it is signed.
    -- personal: what the business is told: messages and statuses
    entry TEXT NOT NULL,
    -- 0 pending, 1 delivered, 2 dead.
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Pending: when it is due. A dispatcher that takes it moves this ahead, so that a crash gives it back.
    next_attempt_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- From when the 7 days of retries count: its making, or a resend.
    tried_since BIGINT NOT NULL,
    last_status BIGINT,
    last_error TEXT
);
CREATE INDEX IF NOT EXISTS webhook_delivery_due ON webhook_delivery (endpoint_id, next_attempt_at) WHERE state = 0;
CREATE INDEX IF NOT EXISTS webhook_delivery_by_age ON webhook_delivery (state, tried_since);

-- Each call that was made for a delivery.
CREATE TABLE IF NOT EXISTS webhook_attempt (
    delivery_id UUID NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    -- The HTTP status. Absent: there was no answer.
    status BIGINT,
    -- Absent: it went well.
    error TEXT,
    PRIMARY KEY (delivery_id, attempt)
) {{clustered}};
