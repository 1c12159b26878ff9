-- Mails to be sent.
CREATE TABLE IF NOT EXISTS mail_outbox (
    mail_id UUID PRIMARY KEY,
    -- personal: an address
    to_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT,
    -- A JSON array of the ids of blobs that go along.
    attachments TEXT,
    created_at BIGINT NOT NULL,
    -- waiting, taken, sent or failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it is tried next; of a taken one, when its taker is given up.
    next_at BIGINT NOT NULL,
    last_error TEXT
) {{clustered}};
CREATE INDEX IF NOT EXISTS mail_outbox_due ON mail_outbox (next_at) WHERE state IN ('waiting', 'taken');
