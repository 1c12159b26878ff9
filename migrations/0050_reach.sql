-- To how many people a portfolio may write within 24 hours, outside the customer-service window. A portfolio without a
-- row has no limit.
CREATE TABLE IF NOT EXISTS messaging_limit (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- Absent: no limit.
    people_max BIGINT,
    -- The rows of reached_person that are counted: who was reached within 24 hours, and perhaps some who were before.
    people BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- When it was last looked at whether the limit rises.
    checked_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS messaging_limit_by_check ON messaging_limit (checked_at) WHERE people_max IS NOT NULL;

-- Whom a portfolio with a limit wrote to outside the window. Kept for seven days.
CREATE TABLE IF NOT EXISTS reached_person (
    portfolio_id BIGINT NOT NULL,
    -- personal: who was written to
    account_id UUID NOT NULL,
    -- The last time.
    reached_at BIGINT NOT NULL,
    -- Takes one of the places of the limit. Taken back, when places are needed, from those of more than 24 hours ago.
    is_counted BOOLEAN NOT NULL,
    PRIMARY KEY (portfolio_id, account_id)
) {{clustered}};
CREATE INDEX IF NOT EXISTS reached_person_counted ON reached_person (portfolio_id, reached_at) WHERE is_counted;
CREATE INDEX IF NOT EXISTS reached_person_old ON reached_person (portfolio_id, reached_at) WHERE NOT is_counted;

-- The advertising that a person got: so many places a person, each of which is free again after the period.
CREATE TABLE IF NOT EXISTS marketing_place (
    -- personal: who got it
    account_id UUID NOT NULL,
    place BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    message_id UUID NOT NULL,
    PRIMARY KEY (account_id, place)
) {{clustered}};
CREATE INDEX IF NOT EXISTS marketing_place_by_age ON marketing_place (taken_at);

-- Messages of a template by time: what its analytics count.
CREATE INDEX IF NOT EXISTS business_message_by_template ON business_message (template_id, accepted_at)
    WHERE template_id IS NOT NULL;
