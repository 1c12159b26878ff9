-- Whether a business number may call a person: what the person said last.
CREATE TABLE IF NOT EXISTS call_permission (
    phone_number_id BIGINT NOT NULL,
    -- personal: who said it
    account_id UUID NOT NULL,
    -- 0: not at all
    expires_at BIGINT NOT NULL,
    is_permanent BOOLEAN NOT NULL,
    PRIMARY KEY (phone_number_id, account_id)
) {{clustered}};

-- Requests for that permission, as long as they count.
CREATE TABLE IF NOT EXISTS call_permission_request (
    phone_number_id BIGINT NOT NULL,
    -- personal: who was asked
    account_id UUID NOT NULL,
    message_id UUID NOT NULL,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, account_id, message_id)
) {{clustered}};
