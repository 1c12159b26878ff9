-- Pages of purchases for the operator, narrowed to a state, a store or both, in the order in which they are shown.
CREATE INDEX IF NOT EXISTS purchase_by_state ON purchase (state, purchase_id);
CREATE INDEX IF NOT EXISTS purchase_by_store ON purchase (store, purchase_id);
CREATE INDEX IF NOT EXISTS purchase_by_state_and_store ON purchase (state, store, purchase_id);

-- The campaigns that the tags of a portfolio's messages have named in a month: so many, and no more.
CREATE TABLE IF NOT EXISTS campaign_name (
    portfolio_id BIGINT NOT NULL,
    month BIGINT NOT NULL,                -- UTC: 202611
    name TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, month, name)
) {{clustered}};
