-- Portfolios against which no steps are taken for a while, though they are late: the operator has agreed to wait.
CREATE TABLE IF NOT EXISTS dunning_hold (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    held_until BIGINT NOT NULL,
    -- Why, in the operator's words.
    reason TEXT NOT NULL,
    held_at BIGINT NOT NULL
) {{clustered}};
