-- The double-entry ledger. Amounts are micros of the account's currency. Nothing in here is personal data.

CREATE TABLE IF NOT EXISTS ledger_account (
    -- One row per account and currency, made on first use. It is the fold of the account's entries, kept for speed:
    -- `plaza ledger verify` computes it again.
    ledger_account_id UUID PRIMARY KEY,   -- derived from code and currency
    code TEXT NOT NULL,                   -- for example portfolio:123:prepaid
    currency TEXT NOT NULL,
    floor BIGINT,                         -- posted - held never falls below; NULL: no limit
    posted BIGINT NOT NULL,               -- credits minus debits
    held BIGINT NOT NULL,                 -- open holds on the debit side
    version BIGINT NOT NULL,              -- number of entries
    hash BYTEA NOT NULL,                  -- end of the chain over the entries
    updated_at BIGINT NOT NULL,           -- time of the last entry
    UNIQUE (code, currency),
    CHECK (held >= 0),
    CHECK (floor IS NULL OR posted - held >= floor)
);

CREATE TABLE IF NOT EXISTS ledger_transfer (
    -- What happened, never changed. A hold's end is a row of its own that names the hold.
    transfer_id UUID PRIMARY KEY,
    kind TEXT NOT NULL,                   -- posted, hold, post_hold, void_hold, expire_hold
    debit UUID NOT NULL,
    credit UUID NOT NULL,
    amount BIGINT NOT NULL,               -- of void_hold and expire_hold: zero
    hold_id UUID,                         -- the hold that this row ends: once, see the index
    expires_at BIGINT,                    -- of a hold
    at BIGINT NOT NULL,
    CHECK (amount >= 0),
    CHECK (debit <> credit)
) {{clustered}};

CREATE UNIQUE INDEX IF NOT EXISTS ledger_transfer_hold ON ledger_transfer (hold_id) WHERE hold_id IS NOT NULL;

CREATE TABLE IF NOT EXISTS ledger_entry (
    -- The change of one account by one transfer, never changed. Versions of an account run from 1 without a gap.
    ledger_account_id UUID NOT NULL,
    version BIGINT NOT NULL,
    transfer_id UUID NOT NULL,
    posted BIGINT NOT NULL,               -- change of posted: credit above zero, debit below
    held BIGINT NOT NULL,                 -- change of held
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_account_id, version)
) {{clustered}};

CREATE TABLE IF NOT EXISTS ledger_hold (
    -- Holds that have not ended: a working copy of their rows in ledger_transfer.
    hold_id UUID PRIMARY KEY,
    debit UUID NOT NULL,
    credit UUID NOT NULL,
    amount BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) {{clustered}};

CREATE INDEX IF NOT EXISTS ledger_hold_expires ON ledger_hold (expires_at);
