-- What came to the bank account, from statements or by the operator's hand. What cannot be assigned waits in suspense.
CREATE TABLE IF NOT EXISTS bank_entry (
    entry_id UUID NOT NULL PRIMARY KEY,
    -- The statement's own name for it: the same entry of two statements counts once.
    statement_key TEXT NOT NULL UNIQUE,
    booked_at BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    -- personal: who paid, and what they wrote
    payer TEXT NOT NULL,
    remittance TEXT NOT NULL,
    -- matched, suspense, assigned, returned
    state TEXT NOT NULL,
    -- Why it is, or was, in suspense; empty: it never was.
    why TEXT NOT NULL,
    -- Whose it is, once that is known.
    portfolio_id BIGINT,
    payment_id UUID,
    recorded_at BIGINT NOT NULL,
    CHECK (amount > 0)
);
CREATE INDEX IF NOT EXISTS bank_entry_in_suspense ON bank_entry (entry_id) WHERE state = 'suspense';
