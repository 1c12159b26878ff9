//! The SQL of plans.

use plaza_db::statements;

statements! {
    /// What was brought in last.
    SOURCE = "SELECT sha256 FROM plan_source WHERE name = $1";
    /// Notes what was brought in.
    PUT_SOURCE = "INSERT INTO plan_source (name, sha256) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256";
    /// No plan is offered any more; those of the file follow.
    WITHDRAW_PLANS = "UPDATE plan SET is_offered = FALSE";
    /// A plan.
    PUT_PLAN = "
        INSERT INTO plan (plan_key, audience, name, summary, position, trial_days, grace_days, is_offered)
        VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE)
        ON CONFLICT (plan_key) DO UPDATE SET audience = excluded.audience, name = excluded.name,
            summary = excluded.summary, position = excluded.position, trial_days = excluded.trial_days,
            grace_days = excluded.grace_days, is_offered = TRUE";
    /// Its prices are written anew.
    DELETE_PRICES = "DELETE FROM plan_price WHERE plan_key = $1";
    /// A price.
    INSERT_PRICE = "INSERT INTO plan_price (plan_key, currency, term, price_micros) VALUES ($1, $2, $3, $4)";
    /// What it gives is written anew.
    DELETE_ENTITLEMENTS = "DELETE FROM plan_entitlement WHERE plan_key = $1";
    /// Something that it gives.
    INSERT_ENTITLEMENT = "INSERT INTO plan_entitlement (plan_key, name, value) VALUES ($1, $2, $3)";
    /// The packs of stickers that it gives are written anew.
    DELETE_PACKS = "DELETE FROM plan_pack WHERE plan_key = $1";
    /// A pack that it gives.
    INSERT_PACK = "INSERT INTO plan_pack (plan_key, pack_key) VALUES ($1, $2)";
    /// Those that a plan gives.
    PACKS = "SELECT pack_key FROM plan_pack WHERE plan_key = $1 ORDER BY pack_key";
    /// All plans of an audience.
    PLANS = "SELECT plan_key, audience, name, summary, trial_days, grace_days, is_offered FROM plan
        WHERE audience = $1 ORDER BY position, plan_key";
    /// A plan.
    PLAN = "SELECT plan_key, audience, name, summary, trial_days, grace_days, is_offered FROM plan
        WHERE plan_key = $1";
    /// The prices of a plan.
    PRICES = "SELECT currency, term, price_micros FROM plan_price WHERE plan_key = $1 ORDER BY currency, term";
    /// What a plan gives.
    ENTITLEMENTS = "SELECT name, value FROM plan_entitlement WHERE plan_key = $1 ORDER BY name";

    /// Gives somebody what a plan gives.
    PUT_GRANT = "INSERT INTO plan_grant (holder, source, plan_key, until) VALUES ($1, $2, $3, $4)
        ON CONFLICT (holder, source) DO UPDATE SET plan_key = excluded.plan_key, until = excluded.until";
    /// Takes it away.
    DELETE_GRANT = "DELETE FROM plan_grant WHERE holder = $1 AND source = $2";
    /// Whether, and how much of it, a holder has.
    ENTITLED = "SELECT MAX(e.value) FROM plan_grant g JOIN plan_entitlement e ON e.plan_key = g.plan_key
        WHERE g.holder = $1 AND e.name = $2 AND (g.until IS NULL OR g.until > $3)";
    /// All that a holder has.
    ENTITLED_TO = "SELECT e.name, MAX(e.value) FROM plan_grant g JOIN plan_entitlement e ON e.plan_key = g.plan_key
        WHERE g.holder = $1 AND (g.until IS NULL OR g.until > $2) GROUP BY e.name ORDER BY e.name";
    /// When the first of it ends.
    NEXT_LAPSE = "SELECT MIN(until) FROM plan_grant WHERE holder = $1 AND until > $2";

    /// Whose money, and which calendar.
    PAYER = "SELECT currency, time_zone FROM billing_portfolio WHERE portfolio_id = $1";
    /// Whether a portfolio ever had a trial.
    HAD_TRIAL = "SELECT subscription_id FROM subscription WHERE portfolio_id = $1 AND trial_days > 0 LIMIT 1";
    /// A new subscription, if there is no other.
    INSERT_SUBSCRIPTION = "
        INSERT INTO subscription (subscription_id, portfolio_id, plan_key, term, currency, price_micros, time_zone,
            status, anchor_day, period, from_day, to_day, trial_days, grace_days, grace_until, paused_on,
            cancel_at_end, revision, created_at, ended_at, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
        ON CONFLICT DO NOTHING";
    /// What changes of a subscription.
    UPDATE_SUBSCRIPTION = "
        UPDATE subscription SET plan_key = $2, term = $3, price_micros = $4, status = $5, anchor_day = $6,
            period = $7, from_day = $8, to_day = $9, grace_days = $10, grace_until = $11, paused_on = $12,
            cancel_at_end = $13, ended_at = $14, due_at = $15
        WHERE subscription_id = $1";
    /// The subscription that a portfolio has now, or had last.
    CURRENT = "
        SELECT subscription_id, portfolio_id, plan_key, term, currency, price_micros, time_zone, status, anchor_day,
            period, from_day, to_day, trial_days, grace_days, grace_until, paused_on, cancel_at_end, revision,
            created_at, ended_at, due_at
        FROM subscription WHERE portfolio_id = $1 ORDER BY created_at DESC, subscription_id DESC LIMIT 1";
    /// The same, locked for an operation, if it is alive.
    TAKE = "
        UPDATE subscription SET revision = revision + 1 WHERE portfolio_id = $1 AND ended_at IS NULL
        RETURNING subscription_id, portfolio_id, plan_key, term, currency, price_micros, time_zone, status, anchor_day,
            period, from_day, to_day, trial_days, grace_days, grace_until, paused_on, cancel_at_end, revision,
            created_at, ended_at, due_at";
    /// One that something is to be done about, locked.
    TAKE_DUE = "
        UPDATE subscription SET revision = revision + 1 WHERE subscription_id = $1 AND due_at <= $2
        RETURNING subscription_id, portfolio_id, plan_key, term, currency, price_micros, time_zone, status, anchor_day,
            period, from_day, to_day, trial_days, grace_days, grace_until, paused_on, cancel_at_end, revision,
            created_at, ended_at, due_at";
    /// Those that something is to be done about.
    DUE = "SELECT subscription_id FROM subscription WHERE due_at <= $1 ORDER BY due_at, subscription_id LIMIT $2";
    /// All, the latest first.
    SUBSCRIPTIONS = "
        SELECT subscription_id, portfolio_id, plan_key, term, currency, price_micros, time_zone, status, anchor_day,
            period, from_day, to_day, trial_days, grace_days, grace_until, paused_on, cancel_at_end, revision,
            created_at, ended_at, due_at
        FROM subscription WHERE created_at < $1 ORDER BY created_at DESC, subscription_id DESC LIMIT $2";

    /// A portfolio has another plan from $2 on than $3, or none.
    CLOSE_SPAN = "
        UPDATE plan_span SET until_at = $2 WHERE portfolio_id = $1 AND until_at IS NULL AND plan_key <> $3";
    /// It has this one from then on, if it does not have it already.
    OPEN_SPAN = "
        INSERT INTO plan_span (portfolio_id, from_at, until_at, plan_key)
        SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), NULL, CAST($3 AS TEXT)
        WHERE NOT EXISTS (SELECT portfolio_id FROM plan_span WHERE portfolio_id = $1 AND until_at IS NULL)
        ON CONFLICT (portfolio_id, from_at) DO UPDATE SET until_at = NULL, plan_key = excluded.plan_key";

    /// A line of an invoice.
    INSERT_LINE = "
        INSERT INTO subscription_line (line_id, subscription_id, portfolio_id, kind, plan_key, plan_name, from_day,
            to_day, amount_micros, currency, transfer_id, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// The lines of a portfolio in a span of time.
    LINES = "
        SELECT line_id, subscription_id, kind, plan_key, plan_name, from_day, to_day, amount_micros, currency,
            transfer_id, at
        FROM subscription_line WHERE portfolio_id = $1 AND at >= $2 AND at < $3 ORDER BY at, line_id";

    /// A stretch of days that is paid.
    INSERT_DEFERRAL = "
        INSERT INTO subscription_deferral (deferral_id, subscription_id, currency, time_zone, amount_micros, days,
            days_done, next_day, earned_micros, credited_micros, is_open, due_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7, 0, 0, TRUE, $8)";
    /// Those of a subscription that are not over.
    OPEN_DEFERRALS = "
        SELECT deferral_id, subscription_id, currency, time_zone, amount_micros, days, days_done, next_day,
            earned_micros, due_at
        FROM subscription_deferral WHERE subscription_id = $1 AND is_open ORDER BY next_day, deferral_id";
    /// Those with a day to be earned.
    DUE_DEFERRALS = "
        SELECT deferral_id, subscription_id, currency, time_zone, amount_micros, days, days_done, next_day,
            earned_micros, due_at
        FROM subscription_deferral WHERE due_at <= $1 ORDER BY due_at, deferral_id LIMIT $2";
    /// How far a stretch is.
    UPDATE_DEFERRAL = "
        UPDATE subscription_deferral SET days_done = $2, next_day = $3, earned_micros = $4, credited_micros = $5,
            is_open = $6, due_at = $7
        WHERE deferral_id = $1 AND days_done = $8";
    /// For verification: all stretches in the order of their ids.
    DEFERRALS_AFTER = "
        SELECT deferral_id, amount_micros, days, days_done, earned_micros, credited_micros, is_open
        FROM subscription_deferral WHERE deferral_id > $1 ORDER BY deferral_id LIMIT $2";
    /// For verification: all lines in the order of their ids.
    LINES_AFTER = "
        SELECT line_id, transfer_id, amount_micros FROM subscription_line WHERE line_id > $1 ORDER BY line_id LIMIT $2";
    /// What is paid and not earned yet, by currency.
    UNEARNED = "
        SELECT currency, CAST(SUM(amount_micros - earned_micros - credited_micros) AS BIGINT)
        FROM subscription_deferral WHERE is_open GROUP BY currency ORDER BY currency";

    /// What happened.
    INSERT_STEP = "
        INSERT INTO subscription_step (step_id, subscription_id, portfolio_id, kind, actor, details, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// What happened to a portfolio's subscriptions, the latest first.
    STEPS_OF = "
        SELECT step_id, subscription_id, portfolio_id, kind, actor, details, at FROM subscription_step
        WHERE portfolio_id = $1 ORDER BY at DESC, step_id DESC LIMIT $2";
}
