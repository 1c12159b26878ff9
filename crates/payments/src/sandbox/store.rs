//! The SQL of the built-in provider.

use plaza_db::statements;

statements! {
    /// A new intent, which takes nothing, if there is none of its name.
    INSERT_INTENT = "
        INSERT INTO sandbox_intent (reference, token, currency, amount_micros, status, attempts)
        VALUES ($1, $2, $3, $4, 'unconfirmed', 0) ON CONFLICT (reference) DO NOTHING";
    /// An intent, locked.
    TAKE_INTENT = "
        UPDATE sandbox_intent SET attempts = attempts WHERE reference = $1
        RETURNING token, currency, amount_micros, status, failure_code, failure, attempts";
    /// How it stands now.
    PUT_INTENT = "
        UPDATE sandbox_intent SET amount_micros = $2, status = $3, failure_code = $4, failure = $5, attempts = $6
        WHERE reference = $1";
    /// More, or less, is to be paid out.
    MOVE_UNSETTLED = "
        INSERT INTO sandbox_unsettled (currency, amount_micros) VALUES ($1, $2)
        ON CONFLICT (currency) DO UPDATE SET amount_micros = sandbox_unsettled.amount_micros + excluded.amount_micros";
    /// What is to be paid out, locked.
    TAKE_UNSETTLED = "
        UPDATE sandbox_unsettled SET amount_micros = amount_micros WHERE amount_micros > 0
        RETURNING currency, amount_micros";
    /// It was.
    PAY_OUT = "
        INSERT INTO sandbox_payout (reference, currency, amount_micros, arrived_at) VALUES ($1, $2, $3, $4)";
    /// What was paid out, the newest first.
    PAYOUTS = "
        SELECT reference, currency, amount_micros, arrived_at FROM sandbox_payout
        ORDER BY arrived_at DESC, reference LIMIT $1";
    /// What was given back for a refund.
    REFUND = "SELECT amount_micros FROM sandbox_refund WHERE refund_id = $1";
    /// So much more was.
    ADD_REFUND = "
        INSERT INTO sandbox_refund (refund_id, amount_micros) VALUES ($1, $2)
        ON CONFLICT (refund_id) DO UPDATE SET amount_micros = sandbox_refund.amount_micros + excluded.amount_micros";
    /// How often it took money, and how much it gave back.
    TOLD = "
        SELECT (SELECT count(*) FROM sandbox_intent WHERE status = 'succeeded'),
            (SELECT CAST(COALESCE(SUM(amount_micros), 0) AS BIGINT) FROM sandbox_refund)";
}
