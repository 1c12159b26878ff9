-- The floors that accounts of the ledger were given besides those of the chart of accounts: one row a change, never
-- changed, numbered from 1 without a gap; each hash covers the one before.
CREATE TABLE IF NOT EXISTS ledger_floor (
    ledger_account_id UUID NOT NULL,
    number BIGINT NOT NULL,
    change_id UUID NOT NULL,
    floor BIGINT NOT NULL,
    -- The version of the account at the change: entries beyond it keep to this floor.
    after_version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (ledger_account_id, number),
    UNIQUE (change_id)
) {{clustered}};

-- Credit that a portfolio was given, on an account of the ledger of its own; what is unused at its end goes back.
CREATE TABLE IF NOT EXISTS promo_grant (
    grant_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    note TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Nothing can come back to it any more: expired, and what was unused has gone back.
    is_closed BOOLEAN NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS promo_grant_by_portfolio ON promo_grant (portfolio_id, expires_at);
CREATE INDEX IF NOT EXISTS promo_grant_by_end ON promo_grant (expires_at) WHERE NOT is_closed;

-- The further holds of messages that no single account could pay. The first hold has what these leave of the whole.
CREATE TABLE IF NOT EXISTS usage_split (
    message_id UUID NOT NULL,
    part BIGINT NOT NULL,
    held BIGINT NOT NULL,
    PRIMARY KEY (message_id, part)
) {{clustered}};
