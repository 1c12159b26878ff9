-- A file that an app sends in pieces, for a profile's picture or a template's example.
CREATE TABLE IF NOT EXISTS upload_session (
    upload_id UUID NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- A media type.
    file_type TEXT NOT NULL,
    -- Bytes of the whole file.
    length BIGINT NOT NULL,
    -- Bytes that are there.
    received BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS upload_session_by_app ON upload_session (app_id, created_at);

CREATE TABLE IF NOT EXISTS upload_piece (
    upload_id UUID NOT NULL,
    -- Where in the file it begins.
    position BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (upload_id, position)
) {{clustered}};
