-- What the gateway keeps of a hosted business device: its keys and the groups that it is in. Every value is sealed
-- under the server's key file.
CREATE TABLE IF NOT EXISTS hosted_state (
    device_id UUID NOT NULL,
    -- empty for what belongs to the device as a whole
    scope BYTEA NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (device_id, scope, key)
) {{clustered}};

-- Who may use the state of a group: the version changes with every use, so that what a process remembers of it is
-- trusted only if nobody else has used it since.
CREATE TABLE IF NOT EXISTS hosted_version (
    device_id UUID NOT NULL,
    scope BYTEA NOT NULL,
    locked BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (device_id, scope)
) {{clustered}};

-- Where the messages with a business stand in their conversations, until they are read: a read mark covers a range.
CREATE TABLE IF NOT EXISTS hosted_message (
    conversation_id UUID NOT NULL,
    gseq BIGINT NOT NULL,
    is_outgoing BOOLEAN NOT NULL,
    message_id UUID NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, gseq)
) {{clustered}};
