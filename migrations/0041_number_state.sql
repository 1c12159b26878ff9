-- What a phone number has beside its identity: whether it was verified, its PIN, the name that waits for review. A number
-- without a row was opened by the operator: verified, its name approved, without a PIN.
CREATE TABLE IF NOT EXISTS number_state (
    phone_number_id BIGINT NOT NULL PRIMARY KEY,
    -- VERIFIED, NOT_VERIFIED or EXPIRED.
    verification TEXT NOT NULL,
    -- SHA-256 of id and code. Absent: none is under way.
    code_sha256 BYTEA,
    code_expires_at BIGINT NOT NULL,
    code_tries BIGINT NOT NULL,
    -- Of two-step verification, encrypted under the key file. Absent: none was set.
    sealed_pin BYTEA,
    pin_tries BIGINT NOT NULL,
    pin_tried_at BIGINT NOT NULL,
    -- APPROVED, PENDING_REVIEW, DECLINED, …: of the name that people see.
    name_status TEXT NOT NULL,
    -- A name that was asked for, and where its review stands. Absent: none was.
    new_name TEXT,
    new_name_status TEXT,
    -- VISIBLE or NON_VISIBLE.
    search_visibility TEXT NOT NULL,
    -- When it was last registered. Absent: by the operator, with its making.
    onboarded_at BIGINT,
    is_preverified BOOLEAN NOT NULL
) {{clustered}};

-- Tries that are counted: registrations, codes.
CREATE TABLE IF NOT EXISTS number_attempt (
    -- A phone number, or a pre-verified one.
    node_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    attempt_id UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (node_id, kind, attempt_id)
) {{clustered}};
CREATE INDEX IF NOT EXISTS number_attempt_by_age ON number_attempt (at);

-- People whose messages a business does not want.
CREATE TABLE IF NOT EXISTS business_block (
    phone_number_id BIGINT NOT NULL,
    -- personal: who is blocked
    account_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, account_id)
) {{clustered}};

-- Usernames of businesses: one owner each, in the whole network.
CREATE TABLE IF NOT EXISTS business_username (
    username TEXT NOT NULL PRIMARY KEY,
    phone_number_id BIGINT NOT NULL UNIQUE,
    portfolio_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) {{clustered}};
