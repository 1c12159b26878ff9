-- What the migrations come to. Made by `./x gen`; read it, do not edit it.

CREATE TABLE access_token (
    token_sha256 BYTEA NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- Separated by commas.
    scopes TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    -- Absent: it does not expire.
    expires_at BIGINT,
    -- Present: it was taken back then.
    revoked_at BIGINT
) WITHOUT ROWID;

CREATE INDEX access_token_by_portfolio ON access_token (portfolio_id, issued_at);

CREATE TABLE account (
    account_id UUID PRIMARY KEY,
    -- personal: E.164 without the plus
    number TEXT NOT NULL UNIQUE,
    -- personal: chosen by the account, shown to those who have the number
    name TEXT NOT NULL,
    is_business BOOLEAN NOT NULL,
    is_verified BOOLEAN NOT NULL,
    -- who holds the device's keys in place of the account; empty: the account itself
    hosted_by TEXT NOT NULL,
    -- Ed25519, public; NULL until the first device is registered
    identity_key BYTEA,
    created_at BIGINT NOT NULL
);

CREATE TABLE account_standing (
    waba_id BIGINT NOT NULL PRIMARY KEY,
    -- RESTRICTED (it answers, and writes to nobody first) or DISABLED (it sends nothing).
    state TEXT NOT NULL,
    -- What for, as the business reads it.
    violation TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- When it ends by itself. Absent: when the operator says so.
    until BIGINT
) WITHOUT ROWID;

CREATE INDEX account_standing_by_end ON account_standing (until) WHERE until IS NOT NULL;

CREATE TABLE allowance_counter (
    -- How many messages of a phone number counted towards a free quantity in a month.
    phone_number_id BIGINT NOT NULL,
    category TEXT NOT NULL,
    period BIGINT NOT NULL,
    used BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, category, period)
) WITHOUT ROWID;

CREATE TABLE app (
    app_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- nonce and ciphertext under the key file (ChaCha20-Poly1305): webhooks are signed with it.
    sealed_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX app_by_portfolio ON app (portfolio_id);

CREATE TABLE app_subscription (
    app_id BIGINT NOT NULL PRIMARY KEY,
    endpoint_id UUID NOT NULL,
    -- Separated by commas.
    fields TEXT NOT NULL,
    updated_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE attachment (
    blob_id UUID NOT NULL PRIMARY KEY,
    -- personal: whose device uploaded it, for limits
    account_id UUID NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- then the blob is deleted
    expires_at BIGINT NOT NULL
);

CREATE INDEX attachment_by_expiry ON attachment (expires_at);

CREATE TABLE audit_head (
    head BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE audit_log (
    sequence BIGINT NOT NULL PRIMARY KEY, -- 1, 2, 3 …
    at BIGINT NOT NULL,
    person TEXT NOT NULL,                 -- the operator's name, or: command line
    act TEXT NOT NULL,                    -- credit, credit_line, refund …
    subject TEXT NOT NULL,                -- the id of what it was done to
    portfolio_id BIGINT,                  -- whose it is; NULL: nobody's alone
    details TEXT NOT NULL,                -- JSON: amounts, currencies, dates; no secrets
    hash TEXT NOT NULL                    -- SHA-256 of the row and the hash before, in hex
) WITHOUT ROWID;

CREATE INDEX audit_log_by_portfolio ON audit_log (portfolio_id, at);

CREATE INDEX audit_log_by_time ON audit_log (at, sequence);

CREATE TABLE authentication_day (
    -- One-time codes that were delivered to markets which have a price for those from abroad, by the day (UTC).
    portfolio_id BIGINT NOT NULL,
    -- Days since 1970.
    day BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, day)
) WITHOUT ROWID;

CREATE INDEX authentication_day_by_day ON authentication_day (day);

CREATE TABLE authentication_international (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- ISO 3166, two letters.
    country TEXT NOT NULL,
    -- When it was told; NULL: it has not sent so many.
    noticed_at BIGINT,
    -- From when on.
    starts_at BIGINT
) WITHOUT ROWID;

CREATE TABLE authorization_code (
    code_sha256 BYTEA NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    -- The client's.
    portfolio_id BIGINT NOT NULL,
    -- Accounts, separated by commas.
    targets TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
) WITHOUT ROWID;

CREATE TABLE automatic_top_up_limit (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- Of one calendar month, UTC. Absent: none.
    monthly_max BIGINT,
    -- After a failed one it waits until then.
    paused_until BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE balance_lapse (
    lapse_id UUID PRIMARY KEY,            -- follows from the portfolio and the version of its prepaid account
    portfolio_id BIGINT NOT NULL,
    told_at BIGINT NOT NULL,
    amount_micros BIGINT,                 -- what has lapsed; NULL: nothing yet
    lapsed_at BIGINT,
    reinstated_at BIGINT
) WITHOUT ROWID;

CREATE INDEX balance_lapse_portfolio ON balance_lapse (portfolio_id, told_at);

CREATE TABLE balance_watch (
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
) WITHOUT ROWID;

CREATE TABLE bank_entry (
    entry_id UUID NOT NULL PRIMARY KEY,
    -- The statement's own name for it: the same entry of two statements counts once.
    statement_key TEXT NOT NULL UNIQUE,
    booked_at BIGINT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    -- personal: who paid, and what they wrote
    payer TEXT NOT NULL,
    remittance TEXT NOT NULL,
    -- matched, suspense, assigned, returned
    state TEXT NOT NULL,
    -- Why it is, or was, in suspense; empty: it never was.
    why TEXT NOT NULL,
    -- Whose it is, once that is known.
    portfolio_id BIGINT,
    payment_id UUID,
    recorded_at BIGINT NOT NULL,
    CHECK (amount > 0)
);

CREATE INDEX bank_entry_in_suspense ON bank_entry (entry_id) WHERE state = 'suspense';

CREATE TABLE billing_alert (
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
) WITHOUT ROWID;

CREATE INDEX billing_alert_by_portfolio ON billing_alert (portfolio_id, at);

CREATE INDEX billing_alert_untold ON billing_alert (at) WHERE NOT is_told;

CREATE TABLE billing_portfolio (
    -- Who pays, in which currency, by which book; and the end of the chain over its usage events.
    portfolio_id BIGINT PRIMARY KEY,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,              -- IANA; months begin in it
    price_book_id UUID NOT NULL,
    opened_at BIGINT NOT NULL,
    usage_events BIGINT NOT NULL,         -- number of usage events
    usage_hash BYTEA NOT NULL             -- hash of the last one
);

CREATE TABLE business_block (
    phone_number_id BIGINT NOT NULL,
    -- personal: who is blocked
    account_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, account_id)
) WITHOUT ROWID;

CREATE TABLE business_contact (
    portfolio_id BIGINT NOT NULL,
    account_id UUID NOT NULL,
    -- The business-scoped user id: it names the person to this portfolio only.
    -- personal: pseudonym
    user_id TEXT NOT NULL,
    -- personal: E.164 digits
    number TEXT NOT NULL,
    -- personal: the name that the person goes by
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, account_id)
) WITHOUT ROWID;

CREATE INDEX business_contact_by_number ON business_contact (portfolio_id, number);

CREATE UNIQUE INDEX business_contact_by_user ON business_contact (portfolio_id, user_id);

CREATE TABLE business_group (
    group_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    conversation_id UUID NOT NULL UNIQUE,
    -- What its invite link begins with: the server's address, as the business knows it.
    invite_origin TEXT NOT NULL,
    -- The operator has stopped it.
    is_suspended BOOLEAN NOT NULL,
    -- Until when the business may write freely; absent: nobody has written yet.
    customer_service_until BIGINT,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX business_group_by_number ON business_group (phone_number_id, created_at, group_id);

CREATE TABLE business_group_count (
    phone_number_id BIGINT NOT NULL PRIMARY KEY,
    group_count BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE business_group_picture (
    picture_id UUID NOT NULL PRIMARY KEY,
    group_id BIGINT NOT NULL UNIQUE,
    mime_type TEXT NOT NULL,
    bytes BYTEA NOT NULL
);

CREATE TABLE business_media (
    media_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    blob_id UUID NOT NULL,
    -- nonce and ciphertext under the key file: what opens the blob
    sealed_key BYTEA NOT NULL,
    -- of the encrypted bytes
    blob_sha256 BYTEA NOT NULL,
    -- of the file
    sha256 BYTEA NOT NULL,
    bytes BIGINT NOT NULL,
    mime_type TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    is_animated BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- then its id is unknown
    expires_at BIGINT NOT NULL
);

CREATE INDEX business_media_by_expiry ON business_media (expires_at);

CREATE TABLE business_message (
    message_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    -- personal: the person at the other end
    account_id UUID NOT NULL,
    -- From the business to the person.
    is_outgoing BOOLEAN NOT NULL,
    -- text, template, reaction, button or unsupported.
    kind TEXT NOT NULL,
    -- Absent: not a template.
    template_id BIGINT,
    -- Absent: not priced (inbound, reactions).
    category TEXT,
    -- 0 accepted, 1 sent, 2 delivered, 3 read, 4 failed. It only rises.
    status BIGINT NOT NULL,
    -- The pricing object of the webhooks, as JSON. Absent: not priced.
    pricing TEXT,
    -- Echoed in status webhooks. Absent: none was given.
    biz_opaque_callback_data TEXT,
    accepted_at BIGINT NOT NULL,
    delivered_at BIGINT,
    read_at BIGINT,
    failed_at BIGINT,
    -- When an undelivered message is given up.
    expires_at BIGINT NOT NULL
);

CREATE INDEX business_message_by_peer ON business_message (phone_number_id, account_id, accepted_at);

CREATE INDEX business_message_by_portfolio ON business_message (portfolio_id, accepted_at);

CREATE INDEX business_message_by_template ON business_message (template_id, accepted_at)
    WHERE template_id IS NOT NULL;

CREATE INDEX business_message_undelivered ON business_message (expires_at) WHERE status < 2;

CREATE TABLE business_phone_number (
    phone_number_id BIGINT NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    account_id UUID NOT NULL UNIQUE,
    -- E.164 digits. It belongs to a business, not to a person.
    number TEXT NOT NULL UNIQUE,
    verified_name TEXT NOT NULL,
    -- GREEN, YELLOW, RED or UNKNOWN.
    quality TEXT NOT NULL,
    -- CONNECTED or DISCONNECTED (deregistered: it neither sends nor shows).
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX business_phone_number_by_waba ON business_phone_number (waba_id);

CREATE TABLE business_username (
    username TEXT NOT NULL PRIMARY KEY,
    phone_number_id BIGINT NOT NULL UNIQUE,
    portfolio_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE call_permission (
    phone_number_id BIGINT NOT NULL,
    -- personal: who said it
    account_id UUID NOT NULL,
    -- 0: not at all
    expires_at BIGINT NOT NULL,
    is_permanent BOOLEAN NOT NULL, unanswered BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (phone_number_id, account_id)
) WITHOUT ROWID;

CREATE TABLE call_permission_request (
    phone_number_id BIGINT NOT NULL,
    -- personal: who was asked
    account_id UUID NOT NULL,
    message_id UUID NOT NULL,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, account_id, message_id)
) WITHOUT ROWID;

CREATE TABLE campaign_month (
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,               -- month of delivery in the portfolio's time zone: 202611
    campaign TEXT NOT NULL,               -- empty: free-form messages and calls
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    messages BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, period, campaign, category, pricing_type)
) WITHOUT ROWID;

CREATE TABLE campaign_name (
    portfolio_id BIGINT NOT NULL,
    month BIGINT NOT NULL,                -- UTC: 202611
    name TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, month, name)
) WITHOUT ROWID;

CREATE TABLE catalog (
    catalog_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    vertical TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX catalog_by_portfolio ON catalog (portfolio_id, catalog_id);

CREATE TABLE catalog_product (
    catalog_id BIGINT NOT NULL,
    -- The business's own id of it.
    retailer_id TEXT NOT NULL,
    -- In the address space of the Graph.
    product_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Micros of the currency.
    price_micros BIGINT NOT NULL,
    -- ISO 4217, three letters.
    currency TEXT NOT NULL,
    -- in stock, out of stock, …
    availability TEXT NOT NULL,
    -- new, refurbished or used.
    condition TEXT NOT NULL,
    brand TEXT NOT NULL,
    -- Empty: it has no page, no picture.
    url TEXT NOT NULL,
    image_url TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (catalog_id, retailer_id)
) WITHOUT ROWID;

CREATE TABLE charge (
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
    period BIGINT NOT NULL,               -- month of delivery in the portfolio's time zone: 202611
    allowance BIGINT,                     -- the how-manieth of the month's free quantity; NULL where none applies
    sent_at BIGINT NOT NULL,
    delivered_at BIGINT NOT NULL,
    charged_at BIGINT NOT NULL, tier_to BIGINT, volume BIGINT, credit_micros BIGINT NOT NULL DEFAULT 0,
    UNIQUE (message_id, run),
    CHECK (amount_micros >= 0 AND amount_micros <= unit_micros)
) WITHOUT ROWID;

CREATE INDEX charge_month ON charge (portfolio_id, period, delivered_at, message_id);

CREATE TABLE charge_correction (
    correction_id UUID PRIMARY KEY,       -- rises with time
    message_id UUID NOT NULL,
    run BIGINT NOT NULL,                  -- of the portfolio's month, from 1
    charge_id UUID NOT NULL,              -- the charge that it corrects
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    period BIGINT NOT NULL,
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    currency TEXT NOT NULL,
    delivered_at BIGINT NOT NULL,
    from_pricing_type TEXT NOT NULL,      -- what held before
    from_tier BIGINT,
    from_tier_to BIGINT,
    from_unit_micros BIGINT NOT NULL,
    from_amount_micros BIGINT NOT NULL,
    pricing_type TEXT NOT NULL,           -- what holds from now on
    tier BIGINT,
    tier_to BIGINT,
    unit_micros BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    allowance BIGINT,                     -- its place in the month by the order of deliveries
    volume BIGINT,
    transfer_id UUID,                     -- of the difference; NULL where there is none
    corrected_at BIGINT NOT NULL, from_credit_micros BIGINT NOT NULL DEFAULT 0, credit_micros BIGINT NOT NULL DEFAULT 0, transfers BIGINT NOT NULL DEFAULT 0, invoice_id UUID,
    UNIQUE (message_id, run),
    CHECK (run > 0),
    CHECK (amount_micros >= 0 AND amount_micros <= unit_micros)
) WITHOUT ROWID;

CREATE INDEX charge_correction_month ON charge_correction (portfolio_id, period, run);

CREATE TABLE conversation (
    conversation_id UUID PRIMARY KEY,
    epoch BIGINT NOT NULL,
    -- messages of an older epoch are refused: a device was removed since
    epoch_min BIGINT NOT NULL,
    -- the place of the newest message or commit
    gseq BIGINT NOT NULL,
    -- counts changes of conversation_device, for caches
    devices_version BIGINT NOT NULL,
    -- a member has a device that is not in the group yet: the next sender adds it first
    is_device_list_stale BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE conversation_device (
    conversation_id UUID NOT NULL,
    device_id UUID NOT NULL,
    account_id UUID NOT NULL,
    PRIMARY KEY (conversation_id, device_id)
);

CREATE INDEX conversation_device_by_device ON conversation_device (device_id);

CREATE TABLE conversation_member (
    account_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    PRIMARY KEY (account_id, conversation_id)
);

CREATE INDEX conversation_member_by_conversation ON conversation_member (conversation_id);

CREATE TABLE conversation_state (
    conversation_id UUID PRIMARY KEY,
    -- tree and context: public values only
    public_state BYTEA NOT NULL,
    -- of the current epoch, for joining from outside
    group_info BYTEA NOT NULL
);

CREATE TABLE credit_note (
    credit_note_id UUID PRIMARY KEY,      -- derived from the invoice and the caller's key
    invoice_id UUID NOT NULL,
    number TEXT NOT NULL UNIQUE,
    reason TEXT NOT NULL,
    amount_minor BIGINT NOT NULL,         -- tax included
    tax_minor BIGINT NOT NULL,
    due_minor BIGINT NOT NULL,            -- taken from what was due; the rest went to the balance
    issued_at BIGINT NOT NULL,
    CHECK (amount_minor > 0 AND tax_minor >= 0 AND tax_minor <= amount_minor),
    CHECK (due_minor >= 0 AND due_minor <= amount_minor)
);

CREATE INDEX credit_note_invoice ON credit_note (invoice_id);

CREATE TABLE currency_exchange (
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
) WITHOUT ROWID;

CREATE INDEX currency_exchange_newest ON currency_exchange (at);

CREATE TABLE customer_sum (
    span TEXT NOT NULL,                   -- day, month
    bucket BIGINT NOT NULL,               -- as in usage_sum
    portfolio_id BIGINT NOT NULL,
    currency TEXT NOT NULL,               -- the portfolio's
    messages BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL, billable BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (span, bucket, portfolio_id)
) WITHOUT ROWID;

CREATE TABLE customer_window (
    phone_number_id BIGINT NOT NULL,
    -- personal: who wrote
    account_id UUID NOT NULL,
    -- customer_service or free_entry_point.
    kind TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    -- Only ever extended.
    expires_at BIGINT NOT NULL,
    -- The message that opened it.
    cause_message_id UUID NOT NULL,
    PRIMARY KEY (phone_number_id, account_id, kind, opened_at)
) WITHOUT ROWID;

CREATE TABLE device (
    device_id UUID PRIMARY KEY,
    account_id UUID NOT NULL,
    -- signed by the account's identity key and by the device
    certificate BYTEA NOT NULL,
    -- SHA-256 of the device token; NULL for a hosted device, which has no socket
    token_hash BYTEA UNIQUE,
    is_hosted BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE INDEX device_by_account ON device (account_id);

CREATE TABLE direct_conversation (
    account_a UUID NOT NULL,
    account_b UUID NOT NULL,
    conversation_id UUID NOT NULL,
    PRIMARY KEY (account_a, account_b)
);

CREATE TABLE dunning_hold (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    held_until BIGINT NOT NULL,
    -- Why, in the operator's words.
    reason TEXT NOT NULL,
    held_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE dunning_step (
    -- From 1; they rise with the days.
    step BIGINT NOT NULL PRIMARY KEY,
    -- Days after the oldest open invoice was due.
    after_days BIGINT NOT NULL,
    -- mail, webhook, throttle, suspend
    action TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE feedback (
    phone_number_id BIGINT NOT NULL,
    -- personal: who said it
    account_id UUID NOT NULL,
    -- blocked or reported.
    kind TEXT NOT NULL,
    -- The last template that the person got from the number within seven days. Absent: none.
    template_id BIGINT,
    said_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, account_id, kind)
) WITHOUT ROWID;

CREATE INDEX feedback_by_age ON feedback (said_at);

CREATE INDEX feedback_by_template ON feedback (template_id, said_at) WHERE template_id IS NOT NULL;

CREATE TABLE flow (
    flow_id BIGINT NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- The app that made it: calls of its endpoint are signed with this app's secret.
    app_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- A JSON list of words.
    categories TEXT NOT NULL,
    -- DRAFT, PUBLISHED, DEPRECATED, BLOCKED or THROTTLED.
    status TEXT NOT NULL,
    -- Who answers while it is filled in. Absent: nobody.
    endpoint_uri TEXT,
    -- What its JSON says of itself; absent: it has none yet, or does not say.
    json_version TEXT,
    data_api_version TEXT,
    -- The ids of its screens, a JSON list, the first screen first.
    screens TEXT NOT NULL,
    -- What keeps it from being published, a JSON list.
    validation_errors TEXT NOT NULL,
    json_bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX flow_by_name ON flow (waba_id, name);

CREATE TABLE flow_asset (
    flow_id BIGINT NOT NULL PRIMARY KEY,
    flow_json TEXT NOT NULL
);

CREATE TABLE flow_call (
    call_id UUID NOT NULL PRIMARY KEY,
    flow_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- The screen that asked. Absent: none (the beginning, a health check).
    screen TEXT,
    -- ok, or what went wrong: timeout_error, unreachable_error, http_status_error, ...
    outcome TEXT NOT NULL,
    -- The HTTP status. Absent: there was no answer.
    status BIGINT,
    duration_ms BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX flow_call_by_age ON flow_call (at);

CREATE INDEX flow_call_by_flow ON flow_call (flow_id, at);

CREATE TABLE flow_message (
    message_id UUID NOT NULL PRIMARY KEY,
    flow_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX flow_message_by_flow ON flow_message (flow_id, sent_at);

CREATE TABLE free_rule (
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
) WITHOUT ROWID;

CREATE TABLE graph_node (
    node_id BIGINT NOT NULL PRIMARY KEY,
    -- portfolio, waba, phone_number, app or template.
    kind TEXT NOT NULL,
    portfolio_id BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE group_conversation (
    conversation_id UUID PRIMARY KEY,
    manager_id UUID NOT NULL,
    subject TEXT NOT NULL,
    description TEXT NOT NULL,
    -- where its picture lies, below the server's address; empty: it has none
    picture TEXT NOT NULL,
    -- the last part of the invite link; NULL: there is no link just now
    invite_code TEXT UNIQUE,
    -- whoever follows the link waits for the manager's word
    is_approval_required BOOLEAN NOT NULL,
    -- people in it, without the manager
    participants BIGINT NOT NULL,
    -- people who wait
    requests BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE group_flow (
    group_id BIGINT NOT NULL,
    -- When it begins.
    quarter BIGINT NOT NULL,
    joined BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    PRIMARY KEY (group_id, quarter)
) WITHOUT ROWID;

CREATE TABLE group_join_request (
    conversation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    -- rises with time
    join_request_id UUID NOT NULL UNIQUE,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, account_id)
) WITHOUT ROWID;

CREATE TABLE group_message (
    copy_id UUID NOT NULL PRIMARY KEY,
    -- In the conversation; the same as copy_id for what a person says.
    message_id UUID NOT NULL,
    group_id BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX group_message_by_group ON group_message (group_id, copy_id);

CREATE INDEX group_message_by_message ON group_message (message_id);

CREATE TABLE group_removed (
    conversation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    invite_code TEXT NOT NULL,
    PRIMARY KEY (conversation_id, account_id)
) WITHOUT ROWID;

CREATE TABLE hosted_group_message (
    conversation_id UUID NOT NULL,
    gseq BIGINT NOT NULL,
    message_id UUID NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, gseq)
) WITHOUT ROWID;

CREATE TABLE hosted_message (
    conversation_id UUID NOT NULL,
    gseq BIGINT NOT NULL,
    is_outgoing BOOLEAN NOT NULL,
    message_id UUID NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, gseq)
) WITHOUT ROWID;

CREATE TABLE hosted_state (
    device_id UUID NOT NULL,
    -- empty for what belongs to the device as a whole
    scope BYTEA NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (device_id, scope, key)
) WITHOUT ROWID;

CREATE TABLE hosted_version (
    device_id UUID NOT NULL,
    scope BYTEA NOT NULL,
    locked BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (device_id, scope)
) WITHOUT ROWID;

CREATE TABLE impersonation_report (
    phone_number_id BIGINT NOT NULL,
    -- personal: who said so; not told to the business
    account_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    -- When the operator has dealt with it.
    closed_at BIGINT,
    PRIMARY KEY (phone_number_id, account_id)
) WITHOUT ROWID;

CREATE INDEX impersonation_report_open ON impersonation_report (portfolio_id) WHERE closed_at IS NULL;

CREATE TABLE invoice (
    invoice_id UUID PRIMARY KEY,          -- derived from portfolio and period
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,
    status TEXT NOT NULL,                 -- draft, final, overdue, paid, void
    number TEXT UNIQUE,                   -- NULL until final
    currency TEXT NOT NULL,
    minor_micros BIGINT NOT NULL,         -- micros of a minor unit: 10000 of a cent
    ordinal BIGINT,                       -- of the portfolio's final invoices, in the order of their issue
    sequence_to BIGINT NOT NULL,          -- covers usage events up to this one, of its period and earlier ones
    is_tax_inclusive BOOLEAN NOT NULL,
    charges_micros BIGINT NOT NULL,       -- sum of the lines, exact
    credit_micros BIGINT NOT NULL,        -- of the usage, what is owed
    rounding_micros BIGINT NOT NULL,
    subtotal_minor BIGINT NOT NULL,       -- without tax
    tax_minor BIGINT NOT NULL,
    total_minor BIGINT NOT NULL,
    prepaid_minor BIGINT NOT NULL,        -- of the total, what was paid in advance
    paid_minor BIGINT NOT NULL,
    credited_minor BIGINT NOT NULL,       -- by credit notes, of the total
    credited_due_minor BIGINT NOT NULL,   -- of the credit notes, what took from the amount that was due
    opened_at BIGINT NOT NULL,
    issued_at BIGINT,
    due_at BIGINT,
    ended_at BIGINT,                      -- paid or void
    pdf_sha256 BYTEA,
    document TEXT NOT NULL,               -- when final: seller, buyer and all that the documents show, as JSON
    UNIQUE (portfolio_id, period),
    CHECK (total_minor = subtotal_minor + tax_minor),
    CHECK (rounding_micros = total_minor * minor_micros - charges_micros
        - CASE WHEN is_tax_inclusive THEN 0 ELSE tax_minor * minor_micros END),
    CHECK ((status = 'draft') = (number IS NULL)),
    CHECK (credited_minor >= 0 AND (credited_minor = 0 OR credited_minor <= total_minor)),
    CHECK (paid_minor >= 0 AND credited_due_minor >= 0),
    CHECK (paid_minor + credited_due_minor = 0 OR paid_minor + credited_due_minor <= total_minor - prepaid_minor)
);

CREATE INDEX invoice_by_plain_number
    ON invoice (REPLACE(REPLACE(REPLACE(number, '-', ''), '/', ''), '.', ''));

CREATE INDEX invoice_status ON invoice (status, period);

CREATE TABLE invoice_item (
    -- What goes on the next invoice besides usage.
    invoice_item_id UUID PRIMARY KEY,     -- derived from the cause
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,               -- on the invoice of this month, or of a later one
    kind TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    unit_micros BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    is_settled BOOLEAN NOT NULL,
    invoice_id UUID,                      -- NULL until one is final
    added_at BIGINT NOT NULL
);

CREATE INDEX invoice_item_open ON invoice_item (portfolio_id, period) WHERE invoice_id IS NULL;

CREATE TABLE invoice_line (
    invoice_id UUID NOT NULL,
    position BIGINT NOT NULL,
    kind TEXT NOT NULL,                   -- usage, subscription, ads, fee, adjustment
    period BIGINT NOT NULL,               -- earlier than the invoice's: delivered then, and told too late for its invoice
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    tier BIGINT NOT NULL,
    description TEXT NOT NULL,            -- of everything but usage
    quantity BIGINT NOT NULL,
    unit_micros BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    credit_micros BIGINT NOT NULL,
    net_minor BIGINT NOT NULL,            -- without tax: rounded once, half to even
    is_settled BOOLEAN NOT NULL,          -- of everything but usage: paid in advance
    PRIMARY KEY (invoice_id, position)
) WITHOUT ROWID;

CREATE TABLE invoice_number (
    -- The last number given out: its row is locked until the document that bears the next one is committed.
    legal_entity TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- invoice, credit_note
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (legal_entity, kind, year)
) WITHOUT ROWID;

CREATE TABLE invoice_payment (
    invoice_payment_id UUID PRIMARY KEY,  -- derived from the invoice and the payment's key
    invoice_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    method TEXT NOT NULL,                 -- transfer, or the name of a provider
    reference TEXT NOT NULL,
    paid_at BIGINT NOT NULL,
    CHECK (amount_minor > 0)
);

CREATE INDEX invoice_payment_invoice ON invoice_payment (invoice_id);

CREATE TABLE invoice_profile (
    -- Whom the invoices of a portfolio name.
    portfolio_id BIGINT PRIMARY KEY,
    name TEXT NOT NULL,
    street TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    city TEXT NOT NULL,
    country TEXT NOT NULL,
    tax_id TEXT NOT NULL,                 -- empty: none
    email TEXT NOT NULL,
    is_tax_inclusive BOOLEAN NOT NULL     -- the price book's prices contain the tax
);

CREATE TABLE invoice_series (
    legal_entity TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- invoice, credit_note
    from_year BIGINT NOT NULL,
    prefix TEXT NOT NULL,
    year_digits BIGINT NOT NULL,          -- 4 or 2
    digits BIGINT NOT NULL,
    PRIMARY KEY (legal_entity, kind, from_year),
    CHECK (year_digits IN (2, 4) AND digits BETWEEN 1 AND 12)
) WITHOUT ROWID;

CREATE TABLE key_package (
    device_id UUID NOT NULL,
    -- SHA-256 of the body
    hash BYTEA NOT NULL,
    is_last_resort BOOLEAN NOT NULL,
    body BYTEA NOT NULL,
    uploaded_at BIGINT NOT NULL,
    PRIMARY KEY (device_id, hash)
);

CREATE TABLE key_package_spent (
    device_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    spent_at BIGINT NOT NULL,
    PRIMARY KEY (device_id, hash)
);

CREATE TABLE ledger_account (
    -- One row per account and currency, made on first use. It is the fold of the account's entries, kept for speed:
    -- `plaza ledger verify` computes it again.
    ledger_account_id UUID PRIMARY KEY,   -- derived from code and currency
    code TEXT NOT NULL,                   -- for example portfolio:123:prepaid
    currency TEXT NOT NULL,
    floor BIGINT,                         -- posted - held never falls below; NULL: no limit
    posted BIGINT NOT NULL,               -- credits minus debits
    held BIGINT NOT NULL,                 -- open holds on the debit side
    version BIGINT NOT NULL,              -- number of entries
    hash BYTEA NOT NULL,                  -- end of the chain over the entries
    updated_at BIGINT NOT NULL,           -- time of the last entry
    UNIQUE (code, currency),
    CHECK (held >= 0),
    CHECK (floor IS NULL OR posted - held >= floor)
);

CREATE TABLE ledger_entry (
    -- The change of one account by one transfer, never changed. Versions of an account run from 1 without a gap.
    ledger_account_id UUID NOT NULL,
    version BIGINT NOT NULL,
    transfer_id UUID NOT NULL,
    posted BIGINT NOT NULL,               -- change of posted: credit above zero, debit below
    held BIGINT NOT NULL,                 -- change of held
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_account_id, version)
) WITHOUT ROWID;

CREATE TABLE ledger_floor (
    ledger_account_id UUID NOT NULL,
    number BIGINT NOT NULL,
    change_id UUID NOT NULL,
    floor BIGINT NOT NULL,
    -- The version of the account at the change: entries beyond it keep to this floor.
    after_version BIGINT NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (ledger_account_id, number),
    UNIQUE (change_id)
) WITHOUT ROWID;

CREATE TABLE ledger_hold (
    -- Holds that have not ended: a working copy of their rows in ledger_transfer.
    hold_id UUID PRIMARY KEY,
    debit UUID NOT NULL,
    credit UUID NOT NULL,
    amount BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX ledger_hold_expires ON ledger_hold (expires_at);

CREATE TABLE ledger_transfer (
    -- What happened, never changed. A hold's end is a row of its own that names the hold.
    transfer_id UUID PRIMARY KEY,
    kind TEXT NOT NULL,                   -- posted, hold, post_hold, void_hold, expire_hold
    debit UUID NOT NULL,
    credit UUID NOT NULL,
    amount BIGINT NOT NULL,               -- of void_hold and expire_hold: zero
    hold_id UUID,                         -- the hold that this row ends: once, see the index
    expires_at BIGINT,                    -- of a hold
    at BIGINT NOT NULL,
    CHECK (amount >= 0),
    CHECK (debit <> credit)
) WITHOUT ROWID;

CREATE UNIQUE INDEX ledger_transfer_hold ON ledger_transfer (hold_id) WHERE hold_id IS NOT NULL;

CREATE TABLE legal_entity (
    -- Who sends the invoices.
    legal_entity TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    street TEXT NOT NULL,
    postal_code TEXT NOT NULL,
    city TEXT NOT NULL,
    country TEXT NOT NULL,                -- ISO 3166, two letters
    tax_id TEXT NOT NULL,
    email TEXT NOT NULL,
    iban TEXT NOT NULL,                   -- where transfers go
    bic TEXT NOT NULL,
    time_zone TEXT NOT NULL,              -- years of numbers begin in it
    grace_h BIGINT NOT NULL,              -- a draft waits so long for late receipts
    due_days BIGINT NOT NULL,
    CHECK (grace_h >= 0 AND grace_h <= 720),
    CHECK (due_days >= 0 AND due_days <= 365)
);

CREATE TABLE mail_outbox (
    mail_id UUID PRIMARY KEY,
    -- personal: an address
    to_address TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT,
    -- A JSON array of the ids of blobs that go along.
    attachments TEXT,
    created_at BIGINT NOT NULL,
    -- waiting, taken, sent or failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- When it is tried next; of a taken one, when its taker is given up.
    next_at BIGINT NOT NULL,
    last_error TEXT
) WITHOUT ROWID;

CREATE INDEX mail_outbox_due ON mail_outbox (next_at) WHERE state IN ('waiting', 'taken');

CREATE TABLE mailbox (
    device_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    -- a wire Envelope
    envelope BYTEA NOT NULL,
    PRIMARY KEY (device_id, seq)
) WITHOUT ROWID;

CREATE TABLE mailbox_cursor (
    device_id UUID PRIMARY KEY,
    seq BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE market_prefix (
    -- Which market a number belongs to: by its longest prefix that stood alone at the time.
    prefix TEXT NOT NULL,                 -- leading digits; * is everything else
    standalone_since BIGINT NOT NULL,     -- 0: always
    market TEXT NOT NULL,
    countries TEXT NOT NULL,
    PRIMARY KEY (prefix, standalone_since)
) WITHOUT ROWID;

CREATE TABLE marketing_place (
    -- personal: who got it
    account_id UUID NOT NULL,
    place BIGINT NOT NULL,
    taken_at BIGINT NOT NULL,
    message_id UUID NOT NULL,
    PRIMARY KEY (account_id, place)
) WITHOUT ROWID;

CREATE INDEX marketing_place_by_age ON marketing_place (taken_at);

CREATE TABLE marketing_stop (
    portfolio_id BIGINT NOT NULL,
    -- personal: who said it
    account_id UUID NOT NULL,
    stopped_at BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, account_id)
) WITHOUT ROWID;

CREATE TABLE media_link (
    portfolio_id BIGINT NOT NULL,
    link_sha256 BYTEA NOT NULL,
    media_id BIGINT NOT NULL,
    fetched_at BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, link_sha256)
) WITHOUT ROWID;

CREATE TABLE message_request (
    phone_number_id BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- The same key with another body is an error.
    body_sha256 BYTEA NOT NULL,
    message_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, idempotency_key)
) WITHOUT ROWID;

CREATE INDEX message_request_by_age ON message_request (created_at);

CREATE TABLE messaging_limit (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- Absent: no limit.
    people_max BIGINT,
    -- The rows of reached_person that are counted: who was reached within 24 hours, and perhaps some who were before.
    people BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    -- When it was last looked at whether the limit rises.
    checked_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX messaging_limit_by_check ON messaging_limit (checked_at) WHERE people_max IS NOT NULL;

CREATE TABLE node_document (
    -- The node that it is attached to.
    parent_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- Empty where a node has one of the kind.
    name TEXT NOT NULL,
    -- In the address space of the Graph.
    document_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- JSON.
    -- personal: names and contacts of the business's own people, as it wrote them
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (parent_id, kind, name)
) WITHOUT ROWID;

CREATE UNIQUE INDEX node_document_by_id ON node_document (document_id);

CREATE INDEX node_document_by_name ON node_document (kind, name);

CREATE TABLE number_attempt (
    -- A phone number, or a pre-verified one.
    node_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    attempt_id UUID NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (node_id, kind, attempt_id)
) WITHOUT ROWID;

CREATE INDEX number_attempt_by_age ON number_attempt (at);

CREATE TABLE number_state (
    phone_number_id BIGINT NOT NULL PRIMARY KEY,
    -- VERIFIED, NOT_VERIFIED or EXPIRED.
    verification TEXT NOT NULL,
    -- SHA-256 of id and code. Absent: none is under way.
    code_sha256 BYTEA,
    code_expires_at BIGINT NOT NULL,
    code_tries BIGINT NOT NULL,
    -- Of two-step verification, encrypted under the key file. Absent: none was set.
    sealed_pin BYTEA,
    pin_tries BIGINT NOT NULL,
    pin_tried_at BIGINT NOT NULL,
    -- APPROVED, PENDING_REVIEW, DECLINED, …: of the name that people see.
    name_status TEXT NOT NULL,
    -- A name that was asked for, and where its review stands. Absent: none was.
    new_name TEXT,
    new_name_status TEXT,
    -- VISIBLE or NON_VISIBLE.
    search_visibility TEXT NOT NULL,
    -- When it was last registered. Absent: by the operator, with its making.
    onboarded_at BIGINT,
    is_preverified BOOLEAN NOT NULL
) WITHOUT ROWID;

CREATE TABLE payment (
    payment_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- sandbox, stripe or bank
    provider TEXT NOT NULL,
    -- Absent: a bank transfer.
    method_id UUID,
    -- Chosen by the caller: the same key is the same payment.
    idempotency_key TEXT NOT NULL,
    -- top_up or automatic
    cause TEXT NOT NULL,
    currency TEXT NOT NULL,
    -- micros, whole minor units
    amount BIGINT NOT NULL,
    -- Of all refunds that did not fail.
    refunded BIGINT NOT NULL,
    -- created, processing, requires_action, succeeded, failed, canceled
    state TEXT NOT NULL,
    -- The provider's name for it; for a bank transfer, what the payer writes. Absent: the provider does not know of it yet.
    reference TEXT,
    -- The provider's name for the money that it took.
    charge TEXT,
    -- What the payer has to do, as the provider says it.
    action TEXT,
    -- Why it failed: the provider's code, and words.
    failure_code TEXT,
    failure TEXT,
    -- What the provider kept of it. Absent: not known yet.
    fee BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (portfolio_id, idempotency_key),
    UNIQUE (provider, reference),
    CHECK (amount > 0 AND refunded >= 0 AND refunded <= amount),
    CHECK (state IN ('created', 'processing', 'requires_action', 'succeeded', 'failed', 'canceled'))
);

CREATE INDEX payment_by_portfolio ON payment (portfolio_id, payment_id);

CREATE INDEX payment_open ON payment (updated_at)
    WHERE state IN ('created', 'processing', 'requires_action');

CREATE INDEX payment_without_fee ON payment (updated_at) WHERE state = 'succeeded' AND fee IS NULL;

CREATE TABLE payment_customer (
    -- Under which name a provider knows a portfolio.
    portfolio_id BIGINT NOT NULL,
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, provider)
) WITHOUT ROWID;

CREATE TABLE payment_method (
    -- What a portfolio pays with. Card numbers never come here: the token is the provider's.
    method_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    provider TEXT NOT NULL,
    token TEXT NOT NULL,
    -- adding, ready, refused, removed
    state TEXT NOT NULL,
    -- card, sepa_debit …; empty until the provider has said so
    kind TEXT NOT NULL,
    brand TEXT NOT NULL,
    last4 TEXT NOT NULL,
    -- 2030-12; empty: it does not expire
    expires TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (provider, token)
);

CREATE INDEX payment_method_by_portfolio ON payment_method (portfolio_id, method_id);

CREATE TABLE payment_standing (
    -- Portfolios that are late. One without a row is in good standing: a send reads one row by its key, or none.
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- late, throttled, suspended
    standing TEXT NOT NULL,
    overdue_since BIGINT NOT NULL,
    -- Days of the last step that was taken for this debt; absent: none yet.
    steps_up_to_days BIGINT,
    changed_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE payout (
    -- Money that a provider sent to the bank: out of its clearing account.
    provider TEXT NOT NULL,
    reference TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (provider, reference)
) WITHOUT ROWID;

CREATE TABLE phone_number_subscription (
    phone_number_id BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    endpoint_id UUID NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (phone_number_id, app_id)
) WITHOUT ROWID;

CREATE TABLE plan (
    plan_key TEXT NOT NULL PRIMARY KEY,
    audience TEXT NOT NULL,               -- business, person
    name TEXT NOT NULL,
    summary TEXT NOT NULL,
    position BIGINT NOT NULL,             -- in lists, the smallest first
    trial_days BIGINT NOT NULL,           -- once per subscriber; 0: none
    grace_days BIGINT NOT NULL,           -- how long it goes on without being paid
    is_offered BOOLEAN NOT NULL           -- a plan that left the file serves those who have it
);

CREATE TABLE plan_entitlement (
    plan_key TEXT NOT NULL,
    name TEXT NOT NULL,
    value BIGINT NOT NULL,                -- of a limit: how many; of a feature: 1
    PRIMARY KEY (plan_key, name)
) WITHOUT ROWID;

CREATE TABLE plan_grant (
    -- Who has what a plan gives, from which source, until when. This is all that a question for an entitlement reads.
    holder TEXT NOT NULL,                 -- personal where it is a person: portfolio:<id> or account:<id>
    source TEXT NOT NULL,                 -- the subscription or purchase
    plan_key TEXT NOT NULL,
    until BIGINT,                         -- NULL: for good
    PRIMARY KEY (holder, source)
) WITHOUT ROWID;

CREATE TABLE plan_pack (
    plan_key TEXT NOT NULL,
    pack_key TEXT NOT NULL,
    PRIMARY KEY (plan_key, pack_key)
) WITHOUT ROWID;

CREATE TABLE plan_price (
    plan_key TEXT NOT NULL,
    currency TEXT NOT NULL,
    term TEXT NOT NULL,                   -- month, year; once: an item that is bought for good
    price_micros BIGINT NOT NULL,
    PRIMARY KEY (plan_key, currency, term),
    CHECK (price_micros > 0)
) WITHOUT ROWID;

CREATE TABLE plan_source (
    -- The content that was brought in last: the same again changes nothing.
    name TEXT NOT NULL PRIMARY KEY,
    sha256 BYTEA NOT NULL
);

CREATE TABLE plan_span (
    portfolio_id BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT,                      -- NULL: it still has it
    plan_key TEXT NOT NULL,
    PRIMARY KEY (portfolio_id, from_at)
) WITHOUT ROWID;

CREATE TABLE portfolio (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- ISO 3166, two letters.
    country TEXT NOT NULL,
    -- ISO 4217; fixed for the life of the portfolio.
    currency TEXT NOT NULL,
    -- IANA name: the month of free messages and of invoices begins at midnight there.
    time_zone TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE price (
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
) WITHOUT ROWID;

CREATE TABLE price_book (
    -- A book of prices in one currency. List books have no base; a contract book names the book whose prices it overrides.
    price_book_id UUID PRIMARY KEY,       -- derived from name and currency
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    base_book UUID,
    portfolio_id BIGINT,                  -- of a contract book
    digest BYTEA NOT NULL,                -- covers all versions and the markets: what is cached under it never changes
    UNIQUE (name, currency)
);

CREATE TABLE price_draft (
    -- What the version's id will be: it follows from the book and the prices.
    price_version_id UUID NOT NULL PRIMARY KEY,
    price_book_id UUID NOT NULL,
    effective_from BIGINT NOT NULL,
    csv TEXT NOT NULL,
    prices BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX price_draft_by_book ON price_draft (price_book_id);

CREATE TABLE price_version (
    -- Prices and rules from a day on. Immutable once published; a version ends where the next one begins.
    price_version_id UUID PRIMARY KEY,    -- derived from book and content
    price_book_id UUID NOT NULL,
    effective_from BIGINT NOT NULL,
    effective_to BIGINT,                  -- exclusive; NULL: open
    published_at BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,                -- of its prices and rules
    UNIQUE (price_book_id, effective_from)
);

CREATE TABLE promo_grant (
    grant_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    note TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- Nothing can come back to it any more: expired, and what was unused has gone back.
    is_closed BOOLEAN NOT NULL
) WITHOUT ROWID;

CREATE INDEX promo_grant_by_end ON promo_grant (expires_at) WHERE NOT is_closed;

CREATE INDEX promo_grant_by_portfolio ON promo_grant (portfolio_id, expires_at);

CREATE TABLE provider_event (
    -- What providers told by webhook. A hint only: the look-up is the truth.
    provider TEXT NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- How often it came.
    times BIGINT NOT NULL,
    PRIMARY KEY (provider, event_id)
) WITHOUT ROWID;

CREATE INDEX provider_event_by_time ON provider_event (received_at);

CREATE TABLE purchase (
    purchase_id UUID NOT NULL PRIMARY KEY,
    store TEXT NOT NULL,                  -- sandbox, apple, google
    reference TEXT NOT NULL,              -- the store's name for it, the same over all renewals
    account_id UUID NOT NULL,             -- personal
    plan_key TEXT NOT NULL,               -- personal
    term TEXT NOT NULL,                   -- month, year, once
    state TEXT NOT NULL,                  -- pending, active, grace, expired, revoked, replaced
    expires_at BIGINT,                    -- NULL: never
    renews BOOLEAN NOT NULL,
    is_trial BOOLEAN NOT NULL,
    is_family_shared BOOLEAN NOT NULL,    -- somebody of the family paid
    asked_at BIGINT NOT NULL,             -- when the look-up began that this row is of
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    due_at BIGINT,                        -- when the store is to be asked again; NULL: never
    UNIQUE (store, reference)
);

CREATE INDEX purchase_by_account ON purchase (account_id, created_at);

CREATE INDEX purchase_by_state ON purchase (state, purchase_id);

CREATE INDEX purchase_by_state_and_store ON purchase (state, store, purchase_id);

CREATE INDEX purchase_by_store ON purchase (store, purchase_id);

CREATE INDEX purchase_due ON purchase (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE purchase_payment (
    -- Money that a store took for us, never deleted. Its transfers and its stretch of days are named after payment_id,
    -- which follows from the store and its transaction.
    payment_id UUID NOT NULL PRIMARY KEY,
    purchase_id UUID NOT NULL,
    store TEXT NOT NULL,
    transaction_ref TEXT NOT NULL,        -- the store's name for it
    plan_key TEXT NOT NULL,
    term TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,        -- what the person paid
    commission_micros BIGINT NOT NULL,    -- what the store keeps of it
    refunded_micros BIGINT NOT NULL,
    from_at BIGINT NOT NULL,
    to_at BIGINT,                         -- NULL: for good
    refunded_at BIGINT,
    at BIGINT NOT NULL,
    CHECK (amount_micros > 0),
    CHECK (commission_micros >= 0 AND commission_micros <= amount_micros),
    CHECK (refunded_micros >= 0 AND refunded_micros <= amount_micros)
);

CREATE INDEX purchase_payment_by_purchase ON purchase_payment (purchase_id, from_at);

CREATE INDEX purchase_payment_by_store ON purchase_payment (store, currency, from_at);

CREATE TABLE purchase_refund (
    payment_id UUID NOT NULL,
    refunded_to_micros BIGINT NOT NULL,   -- of the payment, in all, with this one
    store TEXT NOT NULL,
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    commission_micros BIGINT NOT NULL,    -- what the store gave back of its own part
    at BIGINT NOT NULL,
    PRIMARY KEY (payment_id, refunded_to_micros),
    CHECK (amount_micros > 0 AND refunded_to_micros >= amount_micros AND commission_micros >= 0)
) WITHOUT ROWID;

CREATE INDEX purchase_refund_by_store ON purchase_refund (store, currency, at);

CREATE TABLE quality (
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
) WITHOUT ROWID;

CREATE INDEX quality_by_due ON quality (due_at);

CREATE TABLE rate_bucket (
    name TEXT NOT NULL,
    subject UUID NOT NULL,
    about UUID NOT NULL,
    used BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (name, subject, about)
);

CREATE VIEW rated AS
SELECT message_id, portfolio_id, period, delivered_at, currency, market, category, pricing_type, tier, unit_micros,
       amount_micros, credit_micros, CAST(NULL AS UUID) AS invoice_id, CAST(1 AS BIGINT) AS messages
FROM charge
UNION ALL
SELECT message_id, portfolio_id, period, delivered_at, currency, market, category, from_pricing_type, from_tier,
       from_unit_micros, from_amount_micros, from_credit_micros, invoice_id, CAST(-1 AS BIGINT)
FROM charge_correction
UNION ALL
SELECT message_id, portfolio_id, period, delivered_at, currency, market, category, pricing_type, tier, unit_micros,
       amount_micros, credit_micros, invoice_id, CAST(1 AS BIGINT)
FROM charge_correction;

CREATE TABLE reached_person (
    portfolio_id BIGINT NOT NULL,
    -- personal: who was written to
    account_id UUID NOT NULL,
    -- The last time.
    reached_at BIGINT NOT NULL,
    -- Takes one of the places of the limit. Taken back, when places are needed, from those of more than 24 hours ago.
    is_counted BOOLEAN NOT NULL,
    PRIMARY KEY (portfolio_id, account_id)
) WITHOUT ROWID;

CREATE INDEX reached_person_counted ON reached_person (portfolio_id, reached_at) WHERE is_counted;

CREATE INDEX reached_person_old ON reached_person (portfolio_id, reached_at) WHERE NOT is_counted;

CREATE TABLE receipt (
    conversation_id UUID NOT NULL,
    account_id UUID NOT NULL,
    delivered_up_to BIGINT NOT NULL,
    read_up_to BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (conversation_id, account_id)
) WITHOUT ROWID;

CREATE TABLE refund (
    refund_id UUID NOT NULL PRIMARY KEY,
    payment_id UUID NOT NULL,
    -- Chosen by the caller: the same key is the same refund.
    idempotency_key TEXT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- created, processing, succeeded, failed
    state TEXT NOT NULL,
    -- The provider's name for it.
    reference TEXT,
    failure TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (payment_id, idempotency_key),
    CHECK (amount > 0),
    CHECK (state IN ('created', 'processing', 'succeeded', 'failed'))
);

CREATE INDEX refund_open ON refund (updated_at) WHERE state IN ('created', 'processing');

CREATE TABLE registration (
    registration_id UUID PRIMARY KEY,
    -- personal: E.164 without the plus
    number TEXT NOT NULL,
    -- SHA-256 of registration id and code
    code_hash BYTEA NOT NULL,
    wrong_tries BIGINT NOT NULL,
    last_try_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    account_id UUID,
    -- SHA-256 of the registration token; NULL until the code was right
    token_hash BYTEA UNIQUE,
    -- the device that the token registered; NULL until then
    device_id UUID
);

CREATE INDEX registration_by_number ON registration (number, created_at);

CREATE TABLE revenue_hour (
    -- Sums of the charges for the operator's pages, exact in the same transaction; can be built again from the charges.
    hour BIGINT NOT NULL,                 -- begin of the hour (UTC) of delivery
    currency TEXT NOT NULL,
    category TEXT NOT NULL,
    market TEXT NOT NULL,
    messages BIGINT NOT NULL,
    billable BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (hour, currency, category, market)
) WITHOUT ROWID;

CREATE TABLE sandbox_code (
    registration_id UUID PRIMARY KEY,
    -- personal: E.164 without the plus
    number TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sandbox_code_by_time ON sandbox_code (created_at);

CREATE TABLE sandbox_intent (
    reference TEXT NOT NULL PRIMARY KEY,
    token TEXT NOT NULL,                  -- which fault its card has
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    status TEXT NOT NULL,                 -- unconfirmed, processing, requires_action, succeeded, declined, canceled
    failure_code TEXT,
    failure TEXT,
    attempts BIGINT NOT NULL
);

CREATE TABLE sandbox_payout (
    -- What the provider has paid out. It tells of it as often as it is asked.
    reference TEXT NOT NULL PRIMARY KEY,
    currency TEXT NOT NULL,
    amount_micros BIGINT NOT NULL,
    arrived_at BIGINT NOT NULL
);

CREATE INDEX sandbox_payout_by_time ON sandbox_payout (arrived_at);

CREATE TABLE sandbox_refund (
    refund_id UUID NOT NULL PRIMARY KEY,
    amount_micros BIGINT NOT NULL         -- as many providers do, it gives back again whatever it is asked for
);

CREATE TABLE sandbox_sale (
    reference TEXT NOT NULL PRIMARY KEY,
    account_id UUID NOT NULL,             -- personal
    product TEXT NOT NULL,                -- personal
    term TEXT NOT NULL,
    price_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    trial_days BIGINT NOT NULL,
    token TEXT NOT NULL,                  -- which fault it has
    at BIGINT NOT NULL,
    renewal_stopped_at BIGINT,
    refunded_at BIGINT,                   -- the whole of it
    looks BIGINT NOT NULL                 -- how often it was looked up
);

CREATE TABLE sandbox_sale_refund (
    -- What was given back of a period, in all.
    reference TEXT NOT NULL,
    period BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (reference, period)
) WITHOUT ROWID;

CREATE TABLE sandbox_unsettled (
    -- What the provider has taken and not paid out yet; below zero, it gave back more.
    currency TEXT NOT NULL PRIMARY KEY,
    amount_micros BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE schema_migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL);

CREATE TABLE sent (
    device_id UUID NOT NULL,
    message_id UUID NOT NULL,
    gseq BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (message_id, device_id)
) WITHOUT ROWID;

CREATE TABLE spending_cap (
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
) WITHOUT ROWID;

CREATE TABLE spending_day (
    portfolio_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- 20261128
    day BIGINT NOT NULL,
    spent_micros BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, scope, subject, day)
) WITHOUT ROWID;

CREATE TABLE sticker (
    pack_key TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,             -- in the pack; the first is its cover
    emoji TEXT NOT NULL,
    words TEXT NOT NULL,                  -- for who does not see it
    is_animated BOOLEAN NOT NULL,
    bytes BIGINT NOT NULL,
    blob_id UUID NOT NULL,
    PRIMARY KEY (pack_key, name)
) WITHOUT ROWID;

CREATE TABLE sticker_pack (
    pack_key TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    access TEXT NOT NULL,                 -- free, plus, once
    is_going BOOLEAN NOT NULL,            -- taken away: its files go, then its rows
    created_at BIGINT NOT NULL
);

CREATE TABLE store_payout (
    payout_id UUID NOT NULL PRIMARY KEY,  -- the entry of the bank
    store TEXT NOT NULL,
    currency TEXT NOT NULL,               -- of the bank
    amount_micros BIGINT NOT NULL,        -- what reached the bank
    bank_fee_micros BIGINT NOT NULL,      -- what banks kept on the way
    booked_at BIGINT NOT NULL,            -- by the bank
    recorded_at BIGINT NOT NULL,
    CHECK (amount_micros > 0 AND bank_fee_micros >= 0)
) WITHOUT ROWID;

CREATE INDEX store_payout_newest ON store_payout (booked_at);

CREATE TABLE store_payout_part (
    payout_id UUID NOT NULL,
    currency TEXT NOT NULL,               -- in which people paid
    settled_micros BIGINT NOT NULL,       -- what it takes off the clearing account: the three below together
    paid_micros BIGINT NOT NULL,
    withheld_micros BIGINT NOT NULL,      -- tax
    commission_micros BIGINT NOT NULL,    -- what the store kept beyond what was booked with each sale; below zero, less
    arrived_micros BIGINT NOT NULL,       -- what was paid, in the currency of the bank
    PRIMARY KEY (payout_id, currency),
    CHECK (settled_micros = paid_micros + withheld_micros + commission_micros)
) WITHOUT ROWID;

CREATE TABLE subscription (
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

CREATE INDEX subscription_by_portfolio ON subscription (portfolio_id, created_at);

CREATE INDEX subscription_due ON subscription (due_at) WHERE due_at IS NOT NULL;

CREATE UNIQUE INDEX subscription_live ON subscription (portfolio_id) WHERE ended_at IS NULL;

CREATE TABLE subscription_deferral (
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

CREATE INDEX subscription_deferral_due ON subscription_deferral (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX subscription_deferral_open ON subscription_deferral (subscription_id) WHERE is_open;

CREATE TABLE subscription_line (
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

CREATE INDEX subscription_line_by_time ON subscription_line (portfolio_id, at);

CREATE TABLE subscription_step (
    -- What happened to a subscription, and by whom.
    step_id UUID NOT NULL PRIMARY KEY,
    subscription_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX subscription_step_by_portfolio ON subscription_step (portfolio_id, at);

CREATE TABLE system_user (
    user_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- ADMIN or EMPLOYEE.
    role TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX system_user_by_portfolio ON system_user (portfolio_id);

CREATE TABLE tax_rate (
    -- What a jurisdiction takes, from a day on.
    jurisdiction TEXT NOT NULL,           -- a country
    effective_from BIGINT NOT NULL,
    effective_to BIGINT,                  -- exclusive; NULL: open
    ppm BIGINT NOT NULL,                  -- 190000: 19 %
    name TEXT NOT NULL,                   -- VAT, GST…
    reverse_charge BOOLEAN NOT NULL,      -- a business with a tax id elsewhere accounts for the tax itself
    PRIMARY KEY (jurisdiction, effective_from),
    CHECK (ppm >= 0 AND ppm <= 1000000),
    CHECK (effective_to IS NULL OR effective_to > effective_from)
) WITHOUT ROWID;

CREATE TABLE template (
    template_id BIGINT NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    -- As en or en_US.
    language TEXT NOT NULL,
    -- UTILITY, MARKETING or AUTHENTICATION.
    category TEXT NOT NULL,
    -- POSITIONAL or NAMED.
    parameter_format TEXT NOT NULL,
    -- PENDING, APPROVED, REJECTED, PAUSED, DISABLED or DELETED.
    status TEXT NOT NULL,
    -- Why it was rejected; NONE otherwise.
    rejected_reason TEXT NOT NULL,
    -- The components as JSON, as the business wrote them.
    components TEXT NOT NULL,
    -- How long an undelivered message of it is kept. Absent: as long as any other.
    message_send_ttl_seconds BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX template_by_name ON template (waba_id, name, language) WHERE status <> 'DELETED';

CREATE INDEX template_by_status ON template (status, template_id);

CREATE TABLE template_change (
    template_id BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (template_id, changed_at)
) WITHOUT ROWID;

CREATE TABLE template_click (
    template_id BIGINT NOT NULL,
    is_marketing_lite BOOLEAN NOT NULL,
    quarter BIGINT NOT NULL,
    -- What stands on the button.
    button TEXT NOT NULL,
    clicks BIGINT NOT NULL,
    PRIMARY KEY (template_id, is_marketing_lite, quarter, button)
) WITHOUT ROWID;

CREATE TABLE template_spend (
    template_id BIGINT NOT NULL,
    -- Whether the messages came by the address of marketing messages.
    is_marketing_lite BOOLEAN NOT NULL,
    -- When it begins.
    quarter BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (template_id, is_marketing_lite, quarter)
) WITHOUT ROWID;

CREATE TABLE tier_counter (
    -- How many messages of a portfolio were charged in a month, by market and by the category whose volume they add to.
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    volume BIGINT NOT NULL,
    PRIMARY KEY (portfolio_id, period, market, category)
) WITHOUT ROWID;

CREATE INDEX tier_counter_period ON tier_counter (period);

CREATE TABLE token_grant (
    token_sha256 BYTEA NOT NULL PRIMARY KEY,
    -- Absent: a partner's token.
    user_id BIGINT,
    -- Accounts that it reaches, separated by commas. Absent: all.
    targets TEXT
) WITHOUT ROWID;

CREATE TABLE token_name (
    token_sha256 BYTEA NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    ending TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE top_up_request (
    request_id UUID PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    currency TEXT NOT NULL,
    -- One for each crossing of the threshold: the same payment for whoever asks twice.
    idempotency_key TEXT NOT NULL UNIQUE,
    requested_at BIGINT NOT NULL,
    -- open, paid or failed
    state TEXT NOT NULL
) WITHOUT ROWID;

CREATE INDEX top_up_request_open ON top_up_request (requested_at) WHERE state = 'open';

CREATE TABLE traffic_day (
    day BIGINT NOT NULL,                  -- its begin (UTC)
    currency TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    messages BIGINT NOT NULL,
    list_micros BIGINT NOT NULL,          -- what they would have cost if nothing were free
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (day, currency, pricing_type)
) WITHOUT ROWID;

CREATE TABLE upload_piece (
    upload_id UUID NOT NULL,
    -- Where in the file it begins.
    position BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (upload_id, position)
) WITHOUT ROWID;

CREATE TABLE upload_session (
    upload_id UUID NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- A media type.
    file_type TEXT NOT NULL,
    -- Bytes of the whole file.
    length BIGINT NOT NULL,
    -- Bytes that are there.
    received BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX upload_session_by_app ON upload_session (app_id, created_at);

CREATE TABLE usage_event (
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
    hash BYTEA NOT NULL, spent_day BIGINT, campaign TEXT,
    PRIMARY KEY (portfolio_id, sequence),
    UNIQUE (message_id)
) WITHOUT ROWID;

CREATE TABLE usage_gathered (
    -- How far the usage events of a portfolio are summed.
    portfolio_id BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL
);

CREATE TABLE usage_intent (
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
, spent_day BIGINT, campaign TEXT) WITHOUT ROWID;

CREATE INDEX usage_intent_expires ON usage_intent (expires_at);

CREATE TABLE usage_month (
    -- The charges of the first rating, summed; kept up by `gather` in steps. Can be built again from the charges.
    portfolio_id BIGINT NOT NULL,
    period BIGINT NOT NULL,               -- month of delivery in the portfolio's time zone: 202611
    market TEXT NOT NULL,
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    tier BIGINT NOT NULL,                 -- -1: the price has no tiers
    unit_micros BIGINT NOT NULL,          -- what one message, or one pulse of a call, was charged with
    quantity BIGINT NOT NULL,
    amount_micros BIGINT NOT NULL,
    credit_micros BIGINT NOT NULL,        -- of the amount, what is owed: taken from the receivable account
    invoiced_quantity BIGINT NOT NULL,    -- of these three, what stands on final invoices
    invoiced_micros BIGINT NOT NULL,
    invoiced_credit_micros BIGINT NOT NULL,
    first_sequence BIGINT NOT NULL,       -- the first usage event that was summed here
    PRIMARY KEY (portfolio_id, period, market, category, pricing_type, tier, unit_micros),
    CHECK (invoiced_quantity >= 0 AND invoiced_quantity <= quantity),
    CHECK (invoiced_micros >= 0 AND invoiced_micros <= amount_micros),
    CHECK (credit_micros >= 0 AND credit_micros <= amount_micros)
) WITHOUT ROWID;

CREATE INDEX usage_month_open ON usage_month (period) WHERE quantity > invoiced_quantity;

CREATE TABLE usage_pulses (
    message_id UUID NOT NULL PRIMARY KEY,
    pulses BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE usage_split (
    message_id UUID NOT NULL,
    part BIGINT NOT NULL,
    held BIGINT NOT NULL,
    PRIMARY KEY (message_id, part)
) WITHOUT ROWID;

CREATE TABLE usage_sum (
    span TEXT NOT NULL,                   -- day, month
    bucket BIGINT NOT NULL,               -- of a day: its begin (UTC); of a month: 202611, in the portfolio's time zone
    portfolio_id BIGINT NOT NULL,
    category TEXT NOT NULL,
    pricing_type TEXT NOT NULL,
    currency TEXT NOT NULL,               -- the portfolio's
    messages BIGINT NOT NULL,
    list_micros BIGINT NOT NULL,          -- what they would have cost if nothing were free
    amount_micros BIGINT NOT NULL,
    PRIMARY KEY (span, bucket, portfolio_id, category, pricing_type)
) WITHOUT ROWID;

CREATE INDEX usage_sum_portfolio ON usage_sum (portfolio_id, span, bucket);

CREATE TABLE verification (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- draft, pending, seconded (one of two operators has approved), more_wanted, approved, rejected, withdrawn.
    status TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    registration_number TEXT NOT NULL,
    address TEXT NOT NULL,
    website TEXT NOT NULL,
    submitted_at BIGINT,
    decided_at BIGINT,
    -- Of a rejection or withdrawal, a word of the list; and what the business reads beside it.
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    -- The operator who approved first, where two have to.
    approved_by TEXT
);

CREATE INDEX verification_queue ON verification (status, submitted_at);

CREATE TABLE verification_document (
    document_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- registration, tax, address, identity or other.
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    blob_id UUID NOT NULL,
    -- What opens the blob, encrypted under the key file.
    sealed_key BYTEA NOT NULL,
    blob_sha256 BYTEA NOT NULL,
    added_at BIGINT NOT NULL
);

CREATE INDEX verification_document_by_portfolio ON verification_document (portfolio_id, added_at);

CREATE TABLE verification_step (
    step_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    -- document_added, document_removed, submitted, seconded, approved, rejected, more_wanted, withdrawn, reported, …
    kind TEXT NOT NULL,
    -- app:<id>, operator:<name>, system, person.
    actor TEXT NOT NULL,
    details TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX verification_step_by_portfolio ON verification_step (portfolio_id, at);

CREATE INDEX verification_step_in_order ON verification_step (at, step_id);

CREATE TABLE voice_call (
    call_id UUID NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    phone_number_id BIGINT NOT NULL,
    -- personal: who called or was called; kept with what was charged
    account_id UUID NOT NULL,
    -- The business called.
    is_outgoing BOOLEAN NOT NULL,
    -- 0 ringing, 1 accepted, 2 ended
    state BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the clock ends it, unless something happens before.
    due_at BIGINT NOT NULL,
    -- When it must be over, however alive it is; NULL while it rings
    ends_at BIGINT,
    -- A device of the person rings.
    rang_at BIGINT,
    -- The business has sent its session description ahead.
    is_pre_accepted BOOLEAN NOT NULL,
    accepted_at BIGINT,
    -- The last sign of life of the person's device.
    alive_at BIGINT,
    ended_at BIGINT,
    -- How it ended: completed, unanswered, declined and so on; NULL while it goes on
    outcome TEXT,
    -- The person's device that has the call; NULL while it rings at several
    device_id UUID,
    -- What it cost; NULL where nothing is charged
    cost_micros BIGINT,
    biz_opaque_callback_data TEXT
) WITHOUT ROWID;

CREATE INDEX voice_call_by_number ON voice_call (phone_number_id, created_at);

CREATE INDEX voice_call_by_person ON voice_call (phone_number_id, account_id, accepted_at);

CREATE INDEX voice_call_due ON voice_call (due_at) WHERE state < 2;

CREATE INDEX voice_call_going_on ON voice_call (phone_number_id, account_id) WHERE state < 2;

CREATE TABLE waba (
    waba_id BIGINT NOT NULL PRIMARY KEY,
    portfolio_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX waba_by_portfolio ON waba (portfolio_id);

CREATE TABLE waba_activity (
    waba_id BIGINT NOT NULL,
    -- In the order of time.
    activity_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    -- PHONE_NUMBER_ADDED, USER_ADDED, …
    kind TEXT NOT NULL,
    -- API, ADMIN or SYSTEM.
    actor TEXT NOT NULL,
    -- The app. Absent: no app did it.
    actor_id BIGINT,
    description TEXT NOT NULL,
    -- JSON.
    details TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (waba_id, activity_id)
) WITHOUT ROWID;

CREATE TABLE waba_catalog (
    waba_id BIGINT NOT NULL PRIMARY KEY,
    catalog_id BIGINT NOT NULL,
    connected_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE waba_subscription (
    waba_id BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    -- Absent: the callback of the app.
    endpoint_id UUID,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (waba_id, app_id)
) WITHOUT ROWID;

CREATE TABLE webhook_answer (
    delivery_id UUID NOT NULL,
    attempt BIGINT NOT NULL,
    -- personal: what the endpoint wrote, which may repeat what it was told; forgotten with the delivery
    body TEXT NOT NULL,
    PRIMARY KEY (delivery_id, attempt)
) WITHOUT ROWID;

CREATE TABLE webhook_attempt (
    delivery_id UUID NOT NULL,
    attempt BIGINT NOT NULL,
    at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    -- The HTTP status. Absent: there was no answer.
    status BIGINT,
    -- Absent: it went well.
    error TEXT,
    PRIMARY KEY (delivery_id, attempt)
) WITHOUT ROWID;

CREATE TABLE webhook_delivery (
    delivery_id UUID NOT NULL PRIMARY KEY,
    endpoint_id UUID NOT NULL,
    portfolio_id BIGINT NOT NULL,
    waba_id BIGINT NOT NULL,
    field TEXT NOT NULL,
    -- Events of one lane keep their order while the endpoint is well.
    lane BIGINT NOT NULL,
    -- The entry object of the call, ASCII JSON, as it is signed.
    -- personal: what the business is told: messages and statuses
    entry TEXT NOT NULL,
    -- 0 pending, 1 delivered, 2 dead.
    state BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Pending: when it is due. A dispatcher that takes it moves this ahead, so that a crash gives it back.
    next_attempt_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- From when the 7 days of retries count: its making, or a resend.
    tried_since BIGINT NOT NULL,
    last_status BIGINT,
    last_error TEXT
);

CREATE INDEX webhook_delivery_by_portfolio ON webhook_delivery (portfolio_id, delivery_id);

CREATE INDEX webhook_delivery_delivered ON webhook_delivery (tried_since) WHERE state = 1;

CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, next_attempt_at) WHERE state = 0;

CREATE INDEX webhook_delivery_waiting ON webhook_delivery (tried_since) WHERE state = 0;

CREATE TABLE webhook_endpoint (
    endpoint_id UUID NOT NULL PRIMARY KEY,
    app_id BIGINT NOT NULL,
    portfolio_id BIGINT NOT NULL,
    url TEXT NOT NULL,
    -- Updates in one call, at most.
    updates_max BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE UNIQUE INDEX webhook_endpoint_by_url ON webhook_endpoint (app_id, url);

CREATE TABLE webhook_listener (
    endpoint_id UUID NOT NULL PRIMARY KEY,
    waba_id BIGINT NOT NULL,
    app_id BIGINT NOT NULL,
    -- The app's.
    portfolio_id BIGINT NOT NULL,
    -- Separated by commas; empty: everything.
    fields TEXT NOT NULL,
    -- It goes on when the program ends.
    is_kept BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    -- It ends then by itself, unless it asks before.
    lapses_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE INDEX webhook_listener_by_waba ON webhook_listener (waba_id, lapses_at);
