-- A conversation of several accounts, which one of them manages: only the manager lets people in and removes them.
CREATE TABLE IF NOT EXISTS group_conversation (
    conversation_id UUID PRIMARY KEY,
    manager_id UUID NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    -- where its picture lies, below the server's address; empty: it has none
    picture TEXT NOT NULL,
    -- the last part of the invite link; NULL: there is no link just now
    invite_code TEXT UNIQUE,
    -- whoever follows the link waits for the manager's word
    is_approval_required BOOLEAN NOT NULL,
    -- people in it, without the manager
    participants BIGINT NOT NULL,
    -- people who wait
    requests BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) {{clustered}};

-- Who asks to be let in.
CREATE TABLE IF NOT EXISTS group_join_request (
    conversation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    -- rises with time
    join_request_id UUID NOT NULL UNIQUE,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, account_id)
) {{clustered}};

-- Whom the manager has removed, and the link that was good then: that one lets them in no more.
CREATE TABLE IF NOT EXISTS group_removed (
    conversation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    invite_code TEXT NOT NULL,
    PRIMARY KEY (conversation_id, account_id)
) {{clustered}};
