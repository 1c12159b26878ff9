-- An endpoint that nobody can call: a program that asks for its events, from behind a router. Its queue is that of any
-- endpoint.
CREATE TABLE IF NOT EXISTS webhook_listener (
    endpoint_id UUID NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    -- The app's.
    portfolio_id BIGINT NOT NULL,
    -- Separated by commas; empty: everything.
    fields TEXT NOT NULL,
    -- It goes on when the program ends.
    is_kept BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- It ends then by itself, unless it asks before.
    lapses_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS webhook_listener_by_waba ON webhook_listener (waba_id, lapses_at);
