-- A call between a business number and a person, from the first ring on. What was said, and how the two connect, is not
-- here.
CREATE TABLE IF NOT EXISTS voice_call (
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
) {{clustered}};

-- Calls that go on: what the clock looks at, and what counts as being at a time.
CREATE INDEX IF NOT EXISTS voice_call_due ON voice_call (due_at) WHERE state < 2;
CREATE INDEX IF NOT EXISTS voice_call_going_on ON voice_call (phone_number_id, account_id) WHERE state < 2;

-- The calls of a number, by time; those that connected with a person within a day.
CREATE INDEX IF NOT EXISTS voice_call_by_number ON voice_call (phone_number_id, created_at);
CREATE INDEX IF NOT EXISTS voice_call_by_person ON voice_call (phone_number_id, account_id, accepted_at);
