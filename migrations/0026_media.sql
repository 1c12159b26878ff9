-- Files of a business: uploaded by it, fetched from a link for it, or sent to it. The bytes are the blob.
CREATE TABLE IF NOT EXISTS business_media (
    media_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    blob_id UUID NOT NULL,
    -- nonce and ciphertext under the key file: what opens the blob
    sealed_key BYTEA NOT NULL,
    -- of the encrypted bytes
    blob_sha256 BYTEA NOT NULL,
    -- of the file
    sha256 BYTEA NOT NULL,
    bytes BIGINT NOT NULL,
    mime_type TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    is_animated BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- then its id is unknown
    expires_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS business_media_by_expiry ON business_media (expires_at);

-- What was fetched from a link a moment ago: the same link is not fetched for each message.
CREATE TABLE IF NOT EXISTS media_link (
    portfolio_id BIGINT NOT NULL,
    link_sha256 BYTEA NOT NULL,
    media_id BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, link_sha256)
) {{clustered}};
