-- When a portfolio tops itself up, and by how much, is said once: in balance_watch. Beside it stands what limits that.
INSERT INTO balance_watch (portfolio_id, mail_to, threshold_micros, top_up_micros, is_low, low_posted, crossings)
SELECT a.portfolio_id, NULL, a.threshold, a.amount, FALSE, 0, 0 FROM automatic_top_up a
WHERE a.is_enabled AND a.threshold > 0
ON CONFLICT (portfolio_id) DO UPDATE SET threshold_micros = excluded.threshold_micros,
    top_up_micros = excluded.top_up_micros;

CREATE TABLE IF NOT EXISTS automatic_top_up_limit (
    portfolio_id BIGINT NOT NULL PRIMARY KEY,
    -- Of one calendar month, UTC. Absent: none.
    monthly_max BIGINT,
    -- After a failed one it waits until then.
    paused_until BIGINT NOT NULL
) {{clustered}};

INSERT INTO automatic_top_up_limit (portfolio_id, monthly_max, paused_until)
SELECT a.portfolio_id, a.monthly_max, a.paused_until FROM automatic_top_up a WHERE a.is_enabled
ON CONFLICT (portfolio_id) DO NOTHING;

DROP TABLE automatic_top_up;
