-- Small things of a fixed form that belong to a node: profiles, settings, QR codes, schedules, partners. What a kind holds
-- is checked by its shape before it is written.
CREATE TABLE IF NOT EXISTS node_document (
    -- The node that it is attached to.
    parent_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- Empty where a node has one of the kind.
    name TEXT NOT NULL,
    -- In the address space of the Graph.
    document_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- JSON.
    -- personal: names and contacts of the business's own people, as it wrote them
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (parent_id, kind, name)
) {{clustered}};
CREATE UNIQUE INDEX IF NOT EXISTS node_document_by_id ON node_document (document_id);
CREATE INDEX IF NOT EXISTS node_document_by_name ON node_document (kind, name);

-- What was done in a business account, by whom. It only grows.
CREATE TABLE IF NOT EXISTS waba_activity (
    waba_id BIGINT NOT NULL,
    -- In the order of time.
    activity_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- PHONE_NUMBER_ADDED, USER_ADDED, …
    kind TEXT NOT NULL,
    -- API, ADMIN or SYSTEM.
    actor TEXT NOT NULL,
    -- The app. Absent: no app did it.
    actor_id BIGINT,
    description TEXT NOT NULL,
    -- JSON.
    details TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (waba_id, activity_id)
) {{clustered}};
