-- Verified businesses: what a business shows of itself, how the operator decided, and who did what when.

CREATE TABLE IF NOT EXISTS verification (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- draft, pending, seconded (one of two operators has approved), more_wanted, approved, rejected, withdrawn.
    status TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    registration_number TEXT NOT NULL,
    address TEXT NOT NULL,
    website TEXT NOT NULL,
    submitted_at BIGINT,
    decided_at BIGINT,
    -- Of a rejection or withdrawal, a word of the list; and what the business reads beside it.
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    -- The operator who approved first, where two have to.
    approved_by TEXT
);
CREATE INDEX IF NOT EXISTS verification_queue ON verification (status, submitted_at);

CREATE TABLE IF NOT EXISTS verification_document (
    document_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- registration, tax, address, identity or other.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    blob_id UUID NOT NULL,
    -- What opens the blob, encrypted under the key file.
    sealed_key BYTEA NOT NULL,
    blob_sha256 BYTEA NOT NULL,
    added_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS verification_document_by_portfolio ON verification_document (portfolio_id, added_at);

-- Every step, never changed.
CREATE TABLE IF NOT EXISTS verification_step (
    step_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- document_added, document_removed, submitted, seconded, approved, rejected, more_wanted, withdrawn, reported, …
    kind TEXT NOT NULL,
    -- app:<id>, operator:<name>, system, person.
    actor TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS verification_step_by_portfolio ON verification_step (portfolio_id, at);
CREATE INDEX IF NOT EXISTS verification_step_by_time ON verification_step (at);

-- Somebody says that a business is not who it says it is. Once for each person and number.
CREATE TABLE IF NOT EXISTS impersonation_report (
    phone_number_id BIGINT NOT NULL,
    -- personal: who said so; not told to the business
    account_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- When the operator has dealt with it.
    closed_at BIGINT,
    PRIMARY KEY (phone_number_id, account_id)
) {{clustered}};
CREATE INDEX IF NOT EXISTS impersonation_report_open ON impersonation_report (portfolio_id) WHERE closed_at IS NULL;
