-- How a phone number or a template is rated, from what people made of its messages in the last seven days.
CREATE TABLE IF NOT EXISTS quality (
    -- A phone number or a template.
    node_id BIGINT NOT NULL PRIMARY KEY,
    -- phone_number or template.
    kind TEXT NOT NULL,
    -- GREEN, YELLOW, RED or UNKNOWN.
    rating TEXT NOT NULL,
    -- When it became that; 0: with its making.
    rated_at BIGINT NOT NULL,
    -- What was sent and said before does not count: it led to a pause, or was about another wording.
    counted_from BIGINT NOT NULL,
    -- When it is looked at next.
    due_at BIGINT NOT NULL,
    -- How often a template was paused for its quality.
    pauses BIGINT NOT NULL,
    -- When its pause ends. Absent: it is not paused for its quality.
    paused_until BIGINT
) {{clustered}};
CREATE INDEX IF NOT EXISTS quality_by_due ON quality (due_at);
INSERT INTO quality (node_id, kind, rating, rated_at, counted_from, due_at, pauses)
    SELECT node_id, kind, CASE kind WHEN 'template' THEN 'UNKNOWN' ELSE 'GREEN' END, 0, 0, 0, 0 FROM graph_node
    WHERE kind IN ('template', 'phone_number') ON CONFLICT DO NOTHING;

-- Who blocked or reported a business number: the last time of each. Kept for seven days.
CREATE TABLE IF NOT EXISTS feedback (
    phone_number_id BIGINT NOT NULL,
    -- personal: who said it
    account_id UUID NOT NULL,
    -- blocked or reported.
    kind TEXT NOT NULL,
    -- The last template that the person got from the number within seven days. Absent: none.
    template_id BIGINT,
    said_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, account_id, kind)
) {{clustered}};
CREATE INDEX IF NOT EXISTS feedback_by_template ON feedback (template_id, said_at) WHERE template_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS feedback_by_age ON feedback (said_at);

-- Who wants no advertising from a business.
CREATE TABLE IF NOT EXISTS marketing_stop (
    portfolio_id BIGINT NOT NULL,
    -- personal: who said it
    account_id UUID NOT NULL,
    stopped_at BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, account_id)
) {{clustered}};
