-- Encrypted files of messages: which blobs there are. What is in them only the devices of a conversation can read.
CREATE TABLE IF NOT EXISTS attachment (
    blob_id UUID NOT NULL PRIMARY KEY,
    -- personal: whose device uploaded it, for limits
    account_id UUID NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- then the blob is deleted
    expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS attachment_by_expiry ON attachment (expires_at);
