-- Money of one currency that was credited in another, never changed.
CREATE TABLE IF NOT EXISTS currency_exchange (
    exchange_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    from_currency TEXT NOT NULL,
    from_micros BIGINT NOT NULL,
    to_currency TEXT NOT NULL,
    to_micros BIGINT NOT NULL,
    rate_nanos BIGINT NOT NULL,           -- what one unit of the first is worth in the second, times 10^9
    at BIGINT NOT NULL,
    CHECK (from_currency <> to_currency),
    CHECK (from_micros > 0 AND to_micros > 0 AND rate_nanos > 0)
) {{clustered}};
CREATE INDEX IF NOT EXISTS currency_exchange_newest ON currency_exchange (at);

-- Balances that nobody used for long: told first, taken later, given back when the operator says so.
CREATE TABLE IF NOT EXISTS balance_lapse (
    lapse_id UUID PRIMARY KEY,            -- follows from the portfolio and the version of its prepaid account
    portfolio_id BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    amount_micros BIGINT,                 -- what has lapsed; NULL: nothing yet
    lapsed_at BIGINT,
    reinstated_at BIGINT
) {{clustered}};
CREATE INDEX IF NOT EXISTS balance_lapse_portfolio ON balance_lapse (portfolio_id, told_at);
