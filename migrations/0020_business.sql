-- A business portfolio: it owns the accounts, numbers and apps below it, and the balance that messages are charged to.
CREATE TABLE IF NOT EXISTS portfolio (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- ISO 3166, two letters.
    country TEXT NOT NULL,
    -- ISO 4217; fixed for the life of the portfolio.
    currency TEXT NOT NULL,
    -- IANA name: the month of free messages and of invoices begins at midnight there.
    time_zone TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A WhatsApp-compatible business account: it holds phone numbers and templates.
CREATE TABLE IF NOT EXISTS waba (
    waba_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS waba_by_portfolio ON waba (portfolio_id);

-- A business phone number. `account_id` is its identity on the network, whose device the gateway hosts.
CREATE TABLE IF NOT EXISTS business_phone_number (
    phone_number_id BIGINT NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    account_id UUID NOT NULL UNIQUE,
    -- E.164 digits. It belongs to a business, not to a person.
    number TEXT NOT NULL UNIQUE,
    verified_name TEXT NOT NULL,
    -- GREEN, YELLOW, RED or UNKNOWN.
    quality TEXT NOT NULL,
    -- CONNECTED or DISCONNECTED (deregistered: it neither sends nor shows).
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS business_phone_number_by_waba ON business_phone_number (waba_id);

-- What kind of object a Graph id names, and whose it is. One address space for all kinds.
CREATE TABLE IF NOT EXISTS graph_node (
    node_id BIGINT NOT NULL PRIMARY KEY,
    -- portfolio, waba, phone_number, app or template.
    kind TEXT NOT NULL,
    portfolio_id BIGINT NOT NULL
) {{clustered}};
