-- An app of a portfolio: what calls the API and is called by webhooks.
CREATE TABLE IF NOT EXISTS app (
    app_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- nonce and ciphertext under the key file (ChaCha20-Poly1305): webhooks are signed with it.
    sealed_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS app_by_portfolio ON app (portfolio_id);

-- Access tokens, as the SHA-256 of what was shown once.
CREATE TABLE IF NOT EXISTS access_token (
    token_sha256 BYTEA NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- Separated by commas.
    scopes TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    -- Absent: it does not expire.
    expires_at BIGINT,
    -- Present: it was taken back then.
    revoked_at BIGINT
) {{clustered}};
