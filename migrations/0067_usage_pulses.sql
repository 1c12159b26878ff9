-- The length of a call that is charged, in pulses of six seconds, beside its usage event. Messages have no row.
CREATE TABLE IF NOT EXISTS usage_pulses (
    message_id UUID NOT NULL PRIMARY KEY,
    pulses BIGINT NOT NULL
) {{clustered}};
