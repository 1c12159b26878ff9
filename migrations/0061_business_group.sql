-- A group of a business number. What it is called and who is in it, its conversation says.
CREATE TABLE IF NOT EXISTS business_group (
    group_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    conversation_id UUID NOT NULL UNIQUE,
    -- What its invite link begins with: the server's address, as the business knows it.
    invite_origin TEXT NOT NULL,
    -- The operator has stopped it.
    is_suspended BOOLEAN NOT NULL,
    -- Until when the business may write freely; absent: nobody has written yet.
    customer_service_until BIGINT,
    created_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS business_group_by_number ON business_group (phone_number_id, created_at, group_id);

-- How many groups a number has: counted, so that two that are made at the same moment are not one too many.
CREATE TABLE IF NOT EXISTS business_group_count (
    phone_number_id BIGINT NOT NULL PRIMARY KEY,
    group_count BIGINT NOT NULL
) {{clustered}};

-- The picture of a group. Who knows its id may see it.
CREATE TABLE IF NOT EXISTS business_group_picture (
    picture_id UUID NOT NULL PRIMARY KEY,
    group_id BIGINT NOT NULL UNIQUE,
    mime_type TEXT NOT NULL,
    bytes BYTEA NOT NULL
);

-- Which messages were said in a group. What a business says there is a message for each participant, with a price and a
-- status of its own; all of them are copies of one message of the conversation.
CREATE TABLE IF NOT EXISTS group_message (
    copy_id UUID NOT NULL PRIMARY KEY,
    -- In the conversation; the same as copy_id for what a person says.
    message_id UUID NOT NULL,
    group_id BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS group_message_by_message ON group_message (message_id);
CREATE INDEX IF NOT EXISTS group_message_by_group ON group_message (group_id, copy_id);

-- Who came and went, for analytics: how many by a quarter of an hour, not who.
CREATE TABLE IF NOT EXISTS group_flow (
    group_id BIGINT NOT NULL,
    -- When it begins.
    quarter BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    PRIMARY KEY (group_id, quarter)
) {{clustered}};
