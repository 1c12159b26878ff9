-- What the numbers of documents look like, from a year on: what they begin with, how the year is written, and with how many
-- digits at least. Absent: INV-2026-000001 and CN-2026-000001.
CREATE TABLE IF NOT EXISTS invoice_series (
    legal_entity TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- invoice, credit_note
    from_year BIGINT NOT NULL,
    prefix TEXT NOT NULL,
    year_digits BIGINT NOT NULL,          -- 4 or 2
    digits BIGINT NOT NULL,
    PRIMARY KEY (legal_entity, kind, from_year),
    CHECK (year_digits IN (2, 4) AND digits BETWEEN 1 AND 12)
) {{clustered}};
