-- Where a portfolio is based, and from when its one-time codes to other countries cost the price from abroad.
CREATE TABLE IF NOT EXISTS authentication_international (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- ISO 3166, two letters.
    country TEXT NOT NULL,
    -- When it was told; NULL: it has not sent so many.
    noticed_at BIGINT,
    -- From when on.
    starts_at BIGINT
) {{clustered}};

CREATE TABLE IF NOT EXISTS authentication_day (
    -- One-time codes that were delivered to markets which have a price for those from abroad, by the day (UTC).
    portfolio_id BIGINT NOT NULL,
    -- Days since 1970.
    day BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, day)
) {{clustered}};
CREATE INDEX IF NOT EXISTS authentication_day_by_day ON authentication_day (day);

INSERT INTO authentication_international (portfolio_id, country)
SELECT portfolio_id, country FROM portfolio WHERE TRUE
ON CONFLICT (portfolio_id) DO NOTHING;
