-- A person as one portfolio knows them. Only people who are on the network stand here: a number that is not is never
-- stored.
CREATE TABLE IF NOT EXISTS business_contact (
    portfolio_id BIGINT NOT NULL,
    account_id UUID NOT NULL,
    -- The business-scoped user id: it names the person to this portfolio only.
    -- personal: pseudonym
    user_id TEXT NOT NULL,
    -- personal: E.164 digits
    number TEXT NOT NULL,
    -- personal: the name that the person goes by
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, account_id)
) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS business_contact_by_user ON business_contact (portfolio_id, user_id);

-- Windows in which a business may write freely. The history is kept: rating can be replayed.
CREATE TABLE IF NOT EXISTS customer_window (
    phone_number_id BIGINT NOT NULL,
    -- personal: who wrote
    account_id UUID NOT NULL,
    -- customer_service or free_entry_point.
    kind TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- Only ever extended.
    expires_at BIGINT NOT NULL,
    -- The message that opened it.
    cause_message_id UUID NOT NULL,
    PRIMARY KEY (phone_number_id, account_id, kind, opened_at)
) {{clustered}};
