-- Users of a portfolio that are programs: an administrator reaches all accounts, an employee those assigned to it.
CREATE TABLE IF NOT EXISTS system_user (
    user_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- ADMIN or EMPLOYEE.
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS system_user_by_portfolio ON system_user (portfolio_id);

-- What a token has beside its scopes. A token without a row reaches all of its portfolio.
CREATE TABLE IF NOT EXISTS token_grant (
    token_sha256 BYTEA NOT NULL PRIMARY KEY,
    -- Absent: a partner's token.
    user_id BIGINT,
    -- Accounts that it reaches, separated by commas. Absent: all.
    targets TEXT
) {{clustered}};

-- Codes that an app exchanges for a token to a client's accounts. Used once, within minutes.
CREATE TABLE IF NOT EXISTS authorization_code (
    code_sha256 BYTEA NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    -- The client's.
    portfolio_id BIGINT NOT NULL,
    -- Accounts, separated by commas.
    targets TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
) {{clustered}};
