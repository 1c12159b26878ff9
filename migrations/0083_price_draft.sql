-- A version of a price book that is not published yet: its file, as it was handed in and checked.
CREATE TABLE IF NOT EXISTS price_draft (
    -- What the version's id will be: it follows from the book and the prices.
    price_version_id UUID NOT NULL PRIMARY KEY,
    price_book_id UUID NOT NULL,
    effective_from BIGINT NOT NULL,
    csv TEXT NOT NULL,
    prices BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS price_draft_by_book ON price_draft (price_book_id);
