-- Which operator did what with money and prices. Rows are only added; each is linked to the one before by its hash, and
-- the head says where the chain ends, so that a row that was changed, taken out or cut off shows.
CREATE TABLE IF NOT EXISTS audit_log (
    sequence BIGINT NOT NULL PRIMARY KEY, -- 1, 2, 3 …
    at BIGINT NOT NULL,
    person TEXT NOT NULL,                 -- the operator's name, or: command line
    act TEXT NOT NULL,                    -- credit, credit_line, refund …
    subject TEXT NOT NULL,                -- the id of what it was done to
    portfolio_id BIGINT,                  -- whose it is; NULL: nobody's alone
    details TEXT NOT NULL,                -- JSON: amounts, currencies, dates; no secrets
    hash TEXT NOT NULL                    -- SHA-256 of the row and the hash before, in hex
) {{clustered}};
CREATE INDEX IF NOT EXISTS audit_log_by_time ON audit_log (at, sequence);
CREATE INDEX IF NOT EXISTS audit_log_by_portfolio ON audit_log (portfolio_id, at);

-- One row: the last line of the log.
CREATE TABLE IF NOT EXISTS audit_head (
    head BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
) {{clustered}};
INSERT INTO audit_head (head, sequence, hash) VALUES (1, 0, '') ON CONFLICT (head) DO NOTHING;

-- The same for the steps of verifications, which are listed beside it.
CREATE INDEX IF NOT EXISTS verification_step_in_order ON verification_step (at, step_id);
DROP INDEX IF EXISTS verification_step_by_time;
