-- An identity: a person or a business, reached by a phone number.
CREATE TABLE IF NOT EXISTS account (
    account_id UUID PRIMARY KEY,
    -- personal: E.164 without the plus
    number TEXT NOT NULL UNIQUE,
    -- personal: chosen by the account, shown to those who have the number
    name TEXT NOT NULL,
    is_business BOOLEAN NOT NULL,
    is_verified BOOLEAN NOT NULL,
    -- who holds the device's keys in place of the account; empty: the account itself
    hosted_by TEXT NOT NULL,
    -- Ed25519, public; NULL until the first device is registered
    identity_key BYTEA,
    created_at BIGINT NOT NULL
);

-- One installation with keys. A revoked device keeps its row, so that its old messages keep an author.
CREATE TABLE IF NOT EXISTS device (
    device_id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    -- signed by the account's identity key and by the device
    certificate BYTEA NOT NULL,
    -- SHA-256 of the device token; NULL for a hosted device, which has no socket
    token_hash BYTEA UNIQUE,
    is_hosted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX IF NOT EXISTS device_by_account ON device (account_id);

-- An attempt to prove a phone number. Rows go after a day.
CREATE TABLE IF NOT EXISTS registration (
    registration_id UUID PRIMARY KEY,
    -- personal: E.164 without the plus
    number TEXT NOT NULL,
    -- SHA-256 of registration id and code
    code_hash BYTEA NOT NULL,
    wrong_tries BIGINT NOT NULL,
    last_try_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    account_id UUID,
    -- SHA-256 of the registration token; NULL until the code was right
    token_hash BYTEA UNIQUE,
    -- the device that the token registered; NULL until then
    device_id UUID
);
CREATE INDEX IF NOT EXISTS registration_by_number ON registration (number, created_at);

-- One-time codes on their way, shown on the operator's outbox page. Sandbox only: elsewhere a code is never stored.
CREATE TABLE IF NOT EXISTS sandbox_code (
    registration_id UUID PRIMARY KEY,
    -- personal: E.164 without the plus
    number TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS sandbox_code_by_time ON sandbox_code (created_at);

-- Key packages that wait to be claimed. A claim deletes the row, but for the last resort.
CREATE TABLE IF NOT EXISTS key_package (
    device_id UUID NOT NULL,
    -- SHA-256 of the body
    hash BYTEA NOT NULL,
    is_last_resort BOOLEAN NOT NULL,
    body BYTEA NOT NULL,
    uploaded_at BIGINT NOT NULL,
    PRIMARY KEY (device_id, hash)
);

-- Key packages that were handed out: the same one is never taken again.
CREATE TABLE IF NOT EXISTS key_package_spent (
    device_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    spent_at BIGINT NOT NULL,
    PRIMARY KEY (device_id, hash)
);

-- Token buckets: how much of a limit is used. `subject` is who is limited, `about` against whom.
CREATE TABLE IF NOT EXISTS rate_bucket (
    name TEXT NOT NULL,
    subject UUID NOT NULL,
    about UUID NOT NULL,
    used BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (name, subject, about)
);
