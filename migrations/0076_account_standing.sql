-- Accounts that the operator has restricted or stopped. An account without a row is in order.
CREATE TABLE IF NOT EXISTS account_standing (
    waba_id BIGINT NOT NULL PRIMARY KEY,
    -- RESTRICTED (it answers, and writes to nobody first) or DISABLED (it sends nothing).
    state TEXT NOT NULL,
    -- What for, as the business reads it.
    violation TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- When it ends by itself. Absent: when the operator says so.
    until BIGINT
) {{clustered}};
CREATE INDEX IF NOT EXISTS account_standing_by_end ON account_standing (until) WHERE until IS NOT NULL;
