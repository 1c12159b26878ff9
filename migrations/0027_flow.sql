-- A form of a business account, which people fill in inside a conversation.
CREATE TABLE IF NOT EXISTS flow (
    flow_id BIGINT NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- The app that made it: calls of its endpoint are signed with this app's secret.
    app_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- A JSON list of words.
    categories TEXT NOT NULL,
    -- DRAFT, PUBLISHED, DEPRECATED, BLOCKED or THROTTLED.
    status TEXT NOT NULL,
    -- Who answers while it is filled in. Absent: nobody.
    endpoint_uri TEXT,
    -- What its JSON says of itself; absent: it has none yet, or does not say.
    json_version TEXT,
    data_api_version TEXT,
    -- The ids of its screens, a JSON list, the first screen first.
    screens TEXT NOT NULL,
    -- What keeps it from being published, a JSON list.
    validation_errors TEXT NOT NULL,
    json_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS flow_by_name ON flow (waba_id, name);

-- The flow JSON as it was uploaded; apart, because it may be large and most questions are not about it.
CREATE TABLE IF NOT EXISTS flow_asset (
    flow_id BIGINT NOT NULL PRIMARY KEY,
    flow_json TEXT NOT NULL
);

-- A message that carries a form: by it a person's device asks, and a throttled form is counted.
CREATE TABLE IF NOT EXISTS flow_message (
    message_id UUID NOT NULL PRIMARY KEY,
    flow_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS flow_message_by_flow ON flow_message (flow_id, sent_at);

-- A call of a form's endpoint: how it went, never what it was about.
CREATE TABLE IF NOT EXISTS flow_call (
    call_id UUID NOT NULL PRIMARY KEY,
    flow_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- The screen that asked. Absent: none (the beginning, a health check).
    screen TEXT,
    -- ok, or what went wrong: timeout_error, unreachable_error, http_status_error, ...
    outcome TEXT NOT NULL,
    -- The HTTP status. Absent: there was no answer.
    status BIGINT,
    duration_ms BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS flow_call_by_flow ON flow_call (flow_id, at);
CREATE INDEX IF NOT EXISTS flow_call_by_age ON flow_call (at);
