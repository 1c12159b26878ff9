-- What happens to who does not pay, and when. The steps are the operator's to change.
CREATE TABLE IF NOT EXISTS dunning_step (
    -- From 1; they rise with the days.
    step BIGINT NOT NULL PRIMARY KEY,
    -- Days after the oldest open invoice was due.
    after_days BIGINT NOT NULL,
    -- mail, webhook, throttle, suspend
    action TEXT NOT NULL
) {{clustered}};
INSERT INTO dunning_step (step, after_days, action) VALUES
    (1, 1, 'mail'), (2, 7, 'webhook'), (3, 14, 'throttle'), (4, 30, 'suspend')
ON CONFLICT (step) DO NOTHING;

CREATE TABLE IF NOT EXISTS payment_standing (
    -- Portfolios that are late. One without a row is in good standing: a send reads one row by its key, or none.
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- late, throttled, suspended
    standing TEXT NOT NULL,
    overdue_since BIGINT NOT NULL,
    -- Days of the last step that was taken for this debt; absent: none yet.
    steps_up_to_days BIGINT,
    changed_at BIGINT NOT NULL
) {{clustered}};
