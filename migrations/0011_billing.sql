-- The price book, and what messages cost. Amounts are micros of the row's currency; times are microseconds.

CREATE TABLE IF NOT EXISTS price_book (
    -- A book of prices in one currency. List books have no base; a contract book names the book whose prices it overrides.
    price_book_id UUID PRIMARY KEY,       -- derived from name and currency
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    base_book UUID,
    portfolio_id BIGINT,                  -- of a contract book
    digest BYTEA NOT NULL,                -- covers all versions and the markets: what is cached under it never changes
    UNIQUE (name, currency)
);

CREATE TABLE IF NOT EXISTS price_version (
    -- Prices and rules from a day on. Immutable once published; a version ends where the next one begins.
    price_version_id UUID PRIMARY KEY,    -- derived from book and content
    price_book_id UUID NOT NULL,
    effective_from BIGINT NOT NULL,
    effective_to BIGINT,                  -- exclusive; NULL: open
    published_at BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,                -- of its prices and rules
    UNIQUE (price_book_id, effective_from)
);

CREATE TABLE IF NOT EXISTS price (
    -- What a delivered message costs, by market and category; tiers by the volume of the month.
    price_version_id UUID NOT NULL,
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    tier_from BIGINT NOT NULL,            -- messages before the first one at this price
    tier_to BIGINT,                       -- NULL: without end
    unit_micros BIGINT NOT NULL,
    is_open BOOLEAN NOT NULL,             -- stays in force in later versions that have no price of their own
    PRIMARY KEY (price_version_id, market, category, tier_from),
    CHECK (unit_micros >= 0)
) {{clustered}};

CREATE TABLE IF NOT EXISTS free_rule (
    -- When a message costs nothing. The first rule that matches counts; one without a quantity before one with.
    price_version_id UUID NOT NULL,
    position BIGINT NOT NULL,
    pricing_type TEXT NOT NULL,           -- free_customer_service, free_entry_point
    category TEXT,                        -- NULL: any
    window_kind TEXT,                     -- customer_service, free_entry_point: must be open; NULL: any
    monthly_quantity BIGINT,              -- NULL: without limit
    scope TEXT,                           -- of the quantity: phone_number
    note TEXT NOT NULL,
    PRIMARY KEY (price_version_id, position)
) {{clustered}};

CREATE TABLE IF NOT EXISTS market_prefix (
    -- Which market a number belongs to: by its longest prefix that stood alone at the time.
    prefix TEXT NOT NULL,                 -- leading digits; * is everything else
    standalone_since BIGINT NOT NULL,     -- 0: always
    market TEXT NOT NULL,
    countries TEXT NOT NULL,
    PRIMARY KEY (prefix, standalone_since)
) {{clustered}};

CREATE TABLE IF NOT EXISTS billing_portfolio (
    -- Who pays, in which currency, by which book; and the end of the chain over its usage events.
    portfolio_id BIGINT PRIMARY KEY,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,              -- IANA; months begin in it
    price_book_id UUID NOT NULL,
    opened_at BIGINT NOT NULL,
    usage_events BIGINT NOT NULL,         -- number of usage events
    usage_hash BYTEA NOT NULL             -- hash of the last one
);

CREATE TABLE IF NOT EXISTS usage_intent (
    -- A message on its way: what was known and held when it was accepted. Gone once it is delivered, failed or expired.
    message_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    destination TEXT NOT NULL,            -- the first digits of the recipient's number: enough for the market, not for the person
    category TEXT NOT NULL,               -- fixed when sent
    template BOOLEAN NOT NULL,
    sent_at BIGINT NOT NULL,
    customer_service_until BIGINT,        -- end of the window that was open when sent
    free_entry_point_until BIGINT,
    max_price BIGINT,                     -- the business pays no more
    held BIGINT NOT NULL,                 -- the worst case
    expires_at BIGINT NOT NULL
) {{clustered}};

CREATE INDEX IF NOT EXISTS usage_intent_expires ON usage_intent (expires_at);

CREATE TABLE IF NOT EXISTS usage_event (
    -- A delivered message, never changed. Numbered per portfolio without a gap; each hash covers the one before.
    portfolio_id BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    message_id UUID NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    destination TEXT NOT NULL,
    category TEXT NOT NULL,
    template BOOLEAN NOT NULL,
    sent_at BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    customer_service_until BIGINT,
    free_entry_point_until BIGINT,
    max_price BIGINT,
    held BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (portfolio_id, sequence),
    UNIQUE (message_id)
) {{clustered}};

CREATE TABLE IF NOT EXISTS charge (
    -- What a usage event cost by one run of rating, never changed. Run 0 is the first; a later run corrects it.
    charge_id UUID PRIMARY KEY,           -- rises with time: the newest charges lie together
    message_id UUID NOT NULL,
    run BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    price_version_id UUID NOT NULL,
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    tier BIGINT,                          -- tier_from of the price; NULL where there are no tiers
    unit_micros BIGINT NOT NULL,          -- the list price
    amount_micros BIGINT NOT NULL,        -- what was charged
    currency TEXT NOT NULL,
    transfer_id UUID,                     -- NULL where nothing was charged
    corrects UUID,                        -- the charge that this one corrects
    period BIGINT NOT NULL,               -- month of delivery in the portfolio's time zone: 202611
    allowance BIGINT,                     -- the how-manieth of the month's free quantity; NULL where none applies
    sent_at BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    charged_at BIGINT NOT NULL,
    UNIQUE (message_id, run),
    CHECK (amount_micros >= 0 AND amount_micros <= unit_micros)
) {{clustered}};

CREATE TABLE IF NOT EXISTS allowance_counter (
    -- How many messages of a phone number counted towards a free quantity in a month.
    phone_number_id BIGINT NOT NULL,
    category TEXT NOT NULL,
    period BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, category, period)
) {{clustered}};

CREATE TABLE IF NOT EXISTS revenue_hour (
    -- Sums of the charges for the operator's pages, exact in the same transaction; can be built again from the charges.
    hour BIGINT NOT NULL,                 -- begin of the hour (UTC) of delivery
    currency TEXT NOT NULL,
    category TEXT NOT NULL,
    market TEXT NOT NULL,
    messages BIGINT NOT NULL,
    billable BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (hour, currency, category, market)
) {{clustered}};
