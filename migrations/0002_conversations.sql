-- What people see; one MLS group stands behind it. The row is small: each message updates it.
CREATE TABLE IF NOT EXISTS conversation (
    conversation_id UUID PRIMARY KEY,
    epoch BIGINT NOT NULL,
    -- messages of an older epoch are refused: a device was removed since
    epoch_min BIGINT NOT NULL,
    -- the place of the newest message or commit
    gseq BIGINT NOT NULL,
    -- counts changes of conversation_device, for caches
    devices_version BIGINT NOT NULL,
    -- a member has a device that is not in the group yet: the next sender adds it first
    is_device_list_stale BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- The group as the delivery service follows it, from its creation on.
CREATE TABLE IF NOT EXISTS conversation_state (
    conversation_id UUID PRIMARY KEY,
    -- tree and context: public values only
    public_state BYTEA NOT NULL,
    -- of the current epoch, for joining from outside
    group_info BYTEA NOT NULL
);

CREATE TABLE IF NOT EXISTS conversation_member (
    account_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    PRIMARY KEY (account_id, conversation_id)
);
CREATE INDEX IF NOT EXISTS conversation_member_by_conversation ON conversation_member (conversation_id);

-- Between two accounts there is one conversation. The smaller id stands first.
CREATE TABLE IF NOT EXISTS direct_conversation (
    account_a UUID NOT NULL,
    account_b UUID NOT NULL,
    conversation_id UUID NOT NULL,
    PRIMARY KEY (account_a, account_b)
);

-- The leaves of the group.
CREATE TABLE IF NOT EXISTS conversation_device (
    conversation_id UUID NOT NULL,
    device_id UUID NOT NULL,
    account_id UUID NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
);
CREATE INDEX IF NOT EXISTS conversation_device_by_device ON conversation_device (device_id);

-- What was stored for whom, so that a repeated send finds its first answer. Rows go after seven days. Clients make message
-- ids that rise with time, so the key begins with them: new rows lie together and share pages, and the oldest come first.
CREATE TABLE IF NOT EXISTS sent (
    device_id UUID NOT NULL,
    message_id UUID NOT NULL,
    gseq BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (message_id, device_id)
) {{clustered}};

-- Where each device's mailbox stands: the next number is given out in the transaction that stores the envelope.
CREATE TABLE IF NOT EXISTS mailbox_cursor (
    device_id UUID PRIMARY KEY,
    seq BIGINT NOT NULL
) {{clustered}};

-- The encrypted copy for one device, until that device has acknowledged it, for 30 days at most.
CREATE TABLE IF NOT EXISTS mailbox (
    device_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    -- a wire Envelope
    envelope BYTEA NOT NULL,
    PRIMARY KEY (device_id, seq)
) {{clustered}};

-- How far an account has come in a conversation. Only rises.
CREATE TABLE IF NOT EXISTS receipt (
    conversation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    delivered_up_to BIGINT NOT NULL,
    read_up_to BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, account_id)
) {{clustered}};
