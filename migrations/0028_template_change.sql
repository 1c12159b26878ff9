-- Changes of approved templates, for the limits on them: kept for 30 days.
CREATE TABLE IF NOT EXISTS template_change (
    template_id BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (template_id, changed_at)
) {{clustered}};
