-- A message between a business and a person, in either direction. What it says is not stored.
CREATE TABLE IF NOT EXISTS business_message (
    message_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    -- personal: the person at the other end
    account_id UUID NOT NULL,
    -- From the business to the person.
    is_outgoing BOOLEAN NOT NULL,
    -- text, template, reaction, button or unsupported.
    kind TEXT NOT NULL,
    -- Absent: not a template.
    template_id BIGINT,
    -- Absent: not priced (inbound, reactions).
    category TEXT,
    -- 0 accepted, 1 sent, 2 delivered, 3 read, 4 failed. It only rises.
    status BIGINT NOT NULL,
    -- The pricing object of the webhooks, as JSON. Absent: not priced.
    pricing TEXT,
    -- Echoed in status webhooks. Absent: none was given.
    biz_opaque_callback_data TEXT,
    accepted_at BIGINT NOT NULL,
    delivered_at BIGINT,
    read_at BIGINT,
    failed_at BIGINT,
    -- When an undelivered message is given up.
    expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS business_message_undelivered ON business_message (expires_at) WHERE status < 2;
CREATE INDEX IF NOT EXISTS business_message_by_peer ON business_message (phone_number_id, account_id, accepted_at);

-- Requests that carried an Idempotency-Key: a repeat gets the first answer.
CREATE TABLE IF NOT EXISTS message_request (
    phone_number_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- The same key with another body is an error.
    body_sha256 BYTEA NOT NULL,
    message_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, idempotency_key)
) {{clustered}};
CREATE INDEX IF NOT EXISTS message_request_by_age ON message_request (created_at);
