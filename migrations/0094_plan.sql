-- Plans and who has one. What a plan costs and gives are rows, brought by a file; what somebody subscribed to keeps the
-- price that was agreed on. Amounts are micros of the row's currency; days are counted from 1970-01-01 in the
-- subscriber's time zone; times are microseconds.

CREATE TABLE IF NOT EXISTS plan_source (
    -- The content that was brought in last: the same again changes nothing.
    name TEXT NOT NULL PRIMARY KEY,
    sha256 BYTEA NOT NULL
);

CREATE TABLE IF NOT EXISTS plan (
    plan_key TEXT NOT NULL PRIMARY KEY,
    audience TEXT NOT NULL,               -- business, person
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    position BIGINT NOT NULL,             -- in lists, the smallest first
    trial_days BIGINT NOT NULL,           -- once per subscriber; 0: none
    grace_days BIGINT NOT NULL,           -- how long it goes on without being paid
    is_offered BOOLEAN NOT NULL           -- a plan that left the file serves those who have it
);

CREATE TABLE IF NOT EXISTS plan_price (
    plan_key TEXT NOT NULL,
    currency TEXT NOT NULL,
    term TEXT NOT NULL,                   -- month, year; once: an item that is bought for good
    price_micros BIGINT NOT NULL,
    PRIMARY KEY (plan_key, currency, term),
    CHECK (price_micros > 0)
) {{clustered}};

CREATE TABLE IF NOT EXISTS plan_entitlement (
    plan_key TEXT NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,                -- of a limit: how many; of a feature: 1
    PRIMARY KEY (plan_key, name)
) {{clustered}};

CREATE TABLE IF NOT EXISTS plan_grant (
    -- Who has what a plan gives, from which source, until when. This is all that a question for an entitlement reads.
    holder TEXT NOT NULL,                 -- personal where it is a person: portfolio:<id> or account:<id>
    source TEXT NOT NULL,                 -- the subscription or purchase
    plan_key TEXT NOT NULL,
    until BIGINT,                         -- NULL: for good
    PRIMARY KEY (holder, source)
) {{clustered}};

CREATE TABLE IF NOT EXISTS subscription (
    subscription_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    plan_key TEXT NOT NULL,
    term TEXT NOT NULL,                   -- month, year
    currency TEXT NOT NULL,
    price_micros BIGINT NOT NULL,         -- of one term, as agreed
    time_zone TEXT NOT NULL,
    status TEXT NOT NULL,                 -- trialing, active, past_due, paused, canceled, ended
    anchor_day BIGINT NOT NULL,           -- periods are counted from here
    period BIGINT NOT NULL,               -- the how-manieth from there
    from_day BIGINT NOT NULL,             -- of the trial or the period
    to_day BIGINT NOT NULL,               -- the day after its last one
    trial_days BIGINT NOT NULL,           -- 0: it began without a trial
    grace_days BIGINT NOT NULL,
    grace_until BIGINT,                   -- while past_due: the day on which it ends unpaid
    paused_on BIGINT,                     -- while paused: the day on which it was
    cancel_at_end BOOLEAN NOT NULL,
    revision BIGINT NOT NULL,             -- rises with each operation
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    due_at BIGINT                         -- when something is to be done; NULL: nothing is
);
-- One at a time.
CREATE UNIQUE INDEX IF NOT EXISTS subscription_live ON subscription (portfolio_id) WHERE ended_at IS NULL;
CREATE INDEX IF NOT EXISTS subscription_due ON subscription (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS subscription_by_portfolio ON subscription (portfolio_id, created_at);

CREATE TABLE IF NOT EXISTS subscription_line (
    -- What was charged or credited, never changed: the lines of an invoice.
    line_id UUID NOT NULL PRIMARY KEY,
    subscription_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    kind TEXT NOT NULL,                   -- period, change, credit
    plan_key TEXT NOT NULL,
    plan_name TEXT NOT NULL,
    from_day BIGINT NOT NULL,
    to_day BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,        -- of a credit below zero
    currency TEXT NOT NULL,
    transfer_id UUID NOT NULL UNIQUE,
    at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS subscription_line_by_time ON subscription_line (portfolio_id, at);

CREATE TABLE IF NOT EXISTS subscription_deferral (
    -- A stretch of days that is paid, and how much of it has been earned. Each day earns its part.
    deferral_id UUID NOT NULL PRIMARY KEY,
    subscription_id UUID NOT NULL,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    days BIGINT NOT NULL,
    days_done BIGINT NOT NULL,
    next_day BIGINT NOT NULL,             -- the next day to be earned
    earned_micros BIGINT NOT NULL,
    credited_micros BIGINT NOT NULL,      -- given back
    is_open BOOLEAN NOT NULL,
    due_at BIGINT,                        -- the end of the next day; NULL: paused or over
    CHECK (earned_micros + credited_micros <= amount_micros)
);
CREATE INDEX IF NOT EXISTS subscription_deferral_due ON subscription_deferral (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS subscription_deferral_open ON subscription_deferral (subscription_id) WHERE is_open;

CREATE TABLE IF NOT EXISTS subscription_step (
    -- What happened to a subscription, and by whom.
    step_id UUID NOT NULL PRIMARY KEY,
    subscription_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS subscription_step_by_portfolio ON subscription_step (portfolio_id, at);
