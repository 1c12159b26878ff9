-- How much may be spent, by whom and in which time.
CREATE TABLE IF NOT EXISTS spending_cap (
    cap_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- operator or business: a business does not change the operator's.
    owner TEXT NOT NULL,
    -- portfolio, account, number or campaign
    scope TEXT NOT NULL,
    -- Whose: an id, or the template's name; empty for the portfolio.
    subject TEXT NOT NULL,
    -- day or month, in the portfolio's time zone
    period TEXT NOT NULL,
    limit_micros BIGINT NOT NULL,
    -- block or alert
    action TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (portfolio_id, owner, scope, subject, period)
) {{clustered}};

-- What was held and charged for messages that were sent on a day: added when they are accepted, taken back where they
-- fail or cost less.
CREATE TABLE IF NOT EXISTS spending_day (
    portfolio_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- 20261128
    day BIGINT NOT NULL,
    spent_micros BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, scope, subject, day)
) {{clustered}};

-- Where a message was counted.
CREATE TABLE IF NOT EXISTS usage_counted (
    message_id UUID PRIMARY KEY,
    day BIGINT NOT NULL,
    campaign TEXT
) {{clustered}};

-- What was told about money, once each.
CREATE TABLE IF NOT EXISTS billing_alert (
    -- Follows from what it tells, so that it is told once.
    alert_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- cap, low_balance, top_up_requested, promo_expired
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL,
    -- The webhooks know of it.
    is_told BOOLEAN NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS billing_alert_by_portfolio ON billing_alert (portfolio_id, at);
CREATE INDEX IF NOT EXISTS billing_alert_untold ON billing_alert (at) WHERE NOT is_told;

-- When a portfolio wants to hear that its money runs out, and what is to be done then.
CREATE TABLE IF NOT EXISTS balance_watch (
    portfolio_id BIGINT PRIMARY KEY,
    -- Where mails about money go.
    mail_to TEXT,
    -- Less than this can be spent: an alert. Absent: none.
    threshold_micros BIGINT,
    -- Asked for then. Absent: nothing is.
    top_up_micros BIGINT,
    -- It was told, and no money has come in since.
    is_low BOOLEAN NOT NULL,
    -- The least that stood on the accounts since then.
    low_posted BIGINT NOT NULL,
    -- How often the threshold was crossed.
    crossings BIGINT NOT NULL
) {{clustered}};

-- Money that a portfolio wants to pay in by itself. Whoever collects payments takes these up.
CREATE TABLE IF NOT EXISTS top_up_request (
    request_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- One for each crossing of the threshold: the same payment for whoever asks twice.
    idempotency_key TEXT NOT NULL UNIQUE,
    requested_at BIGINT NOT NULL,
    -- open, paid or failed
    state TEXT NOT NULL
) {{clustered}};
CREATE INDEX IF NOT EXISTS top_up_request_open ON top_up_request (requested_at) WHERE state = 'open';
