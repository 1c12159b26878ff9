-- A message template in one language.
CREATE TABLE IF NOT EXISTS template (
    template_id BIGINT NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- As en or en_US.
    language TEXT NOT NULL,
    -- UTILITY, MARKETING or AUTHENTICATION.
    category TEXT NOT NULL,
    -- POSITIONAL or NAMED.
    parameter_format TEXT NOT NULL,
    -- PENDING, APPROVED, REJECTED, PAUSED, DISABLED or DELETED.
    status TEXT NOT NULL,
    -- Why it was rejected; NONE otherwise.
    rejected_reason TEXT NOT NULL,
    -- The components as JSON, as the business wrote them.
    components TEXT NOT NULL,
    -- How long an undelivered message of it is kept. Absent: as long as any other.
    message_send_ttl_seconds BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
-- A deleted template keeps its row, because messages refer to it; its name may be used again.
CREATE UNIQUE INDEX IF NOT EXISTS template_by_name ON template (waba_id, name, language) WHERE status <> 'DELETED';
CREATE INDEX IF NOT EXISTS template_by_status ON template (status, template_id);
