-- Invoices. Amounts are micros of the currency, or its minor units where the column says so. What is final never changes
-- but for its state and what was paid and credited.

CREATE TABLE IF NOT EXISTS legal_entity (
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

CREATE TABLE IF NOT EXISTS invoice_profile (
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

CREATE TABLE IF NOT EXISTS tax_rate (
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
) {{clustered}};

CREATE TABLE IF NOT EXISTS usage_month (
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
) {{clustered}};

CREATE INDEX IF NOT EXISTS usage_month_open ON usage_month (period) WHERE quantity > invoiced_quantity;

CREATE TABLE IF NOT EXISTS usage_gathered (
    -- How far the usage events of a portfolio are summed.
    portfolio_id BIGINT PRIMARY KEY,
    sequence BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS invoice (
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

CREATE INDEX IF NOT EXISTS invoice_status ON invoice (status, period);

CREATE TABLE IF NOT EXISTS invoice_line (
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
) {{clustered}};

CREATE TABLE IF NOT EXISTS invoice_item (
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

CREATE INDEX IF NOT EXISTS invoice_item_open ON invoice_item (portfolio_id, period) WHERE invoice_id IS NULL;

CREATE TABLE IF NOT EXISTS invoice_number (
    -- The last number given out: its row is locked until the document that bears the next one is committed.
    legal_entity TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- invoice, credit_note
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (legal_entity, kind, year)
) {{clustered}};

CREATE TABLE IF NOT EXISTS credit_note (
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

CREATE INDEX IF NOT EXISTS credit_note_invoice ON credit_note (invoice_id);

CREATE TABLE IF NOT EXISTS invoice_payment (
    invoice_payment_id UUID PRIMARY KEY,  -- derived from the invoice and the payment's key
    invoice_id UUID NOT NULL,
    amount_minor BIGINT NOT NULL,
    method TEXT NOT NULL,                 -- transfer, or the name of a provider
    reference TEXT NOT NULL,
    paid_at BIGINT NOT NULL,
    CHECK (amount_minor > 0)
);

CREATE INDEX IF NOT EXISTS invoice_payment_invoice ON invoice_payment (invoice_id);
