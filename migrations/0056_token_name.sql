-- What its maker calls a token, and its last characters, by which they know it again. A token without a row has no name.
CREATE TABLE IF NOT EXISTS token_name (
    token_sha256 BYTEA NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    ending TEXT NOT NULL
) {{clustered}};

-- A business looks through its tokens, the latest first.
CREATE INDEX IF NOT EXISTS access_token_by_portfolio ON access_token (portfolio_id, issued_at);
