-- What people bought in app stores. A purchase is known by its store's name for it and belongs to one account; each
-- payment of it is known by the store's transaction, and its money moved once. Times are microseconds, amounts micros.

CREATE TABLE IF NOT EXISTS purchase (
    purchase_id UUID NOT NULL PRIMARY KEY,
    store TEXT NOT NULL,                  -- sandbox, apple, google
    reference TEXT NOT NULL,              -- the store's name for it, the same over all renewals
    account_id UUID NOT NULL,             -- personal
    plan_key TEXT NOT NULL,               -- personal
    term TEXT NOT NULL,                   -- month, year, once
    state TEXT NOT NULL,                  -- pending, active, grace, expired, revoked, replaced
    expires_at BIGINT,                    -- NULL: never
    renews BOOLEAN NOT NULL,
    is_trial BOOLEAN NOT NULL,
    is_family_shared BOOLEAN NOT NULL,    -- somebody of the family paid
    asked_at BIGINT NOT NULL,             -- when the look-up began that this row is of
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    due_at BIGINT,                        -- when the store is to be asked again; NULL: never
    UNIQUE (store, reference)
);
CREATE INDEX IF NOT EXISTS purchase_by_account ON purchase (account_id, created_at);
CREATE INDEX IF NOT EXISTS purchase_due ON purchase (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS purchase_payment (
    -- Money that a store took for us, never deleted. Its transfers and its stretch of days are named after payment_id,
    -- which follows from the store and its transaction.
    payment_id UUID NOT NULL PRIMARY KEY,
    purchase_id UUID NOT NULL,
    store TEXT NOT NULL,
    transaction_ref TEXT NOT NULL,        -- the store's name for it
    plan_key TEXT NOT NULL,
    term TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,        -- what the person paid
    commission_micros BIGINT NOT NULL,    -- what the store keeps of it
    refunded_micros BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT,                         -- NULL: for good
    refunded_at BIGINT,
    at BIGINT NOT NULL,
    CHECK (amount_micros > 0),
    CHECK (commission_micros >= 0 AND commission_micros <= amount_micros),
    CHECK (refunded_micros >= 0 AND refunded_micros <= amount_micros)
);
CREATE INDEX IF NOT EXISTS purchase_payment_by_purchase ON purchase_payment (purchase_id, from_at);
