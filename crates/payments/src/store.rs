//! The SQL of payments.

use plaza_db::statements;

statements! {
    /// One payment.
    PAYMENT = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE payment_id = $1";
    /// The payment of a key.
    PAYMENT_OF_KEY = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE portfolio_id = $1 AND idempotency_key = $2";
    /// The payment that a provider calls so.
    PAYMENT_OF_REFERENCE = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE provider = $1 AND reference = $2";
    /// The newest payments.
    PAYMENTS = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE payment_id < $1 AND (CAST($2 AS TEXT) = '' OR state = CAST($2 AS TEXT))
        ORDER BY payment_id DESC LIMIT $3";
    /// The newest payments of a portfolio.
    PAYMENTS_OF = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE portfolio_id = $1 AND payment_id < $2
            AND (CAST($3 AS TEXT) = '' OR state = CAST($3 AS TEXT))
        ORDER BY payment_id DESC LIMIT $4";
    /// A new payment; none if its key is taken.
    INSERT_PAYMENT = "
        INSERT INTO payment (payment_id, portfolio_id, provider, method_id, idempotency_key, cause, currency, amount,
                             refunded, state, reference, action, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $12)
        ON CONFLICT (portfolio_id, idempotency_key) DO NOTHING";
    /// The provider knows of it: the first reference stays.
    SET_REFERENCE = "
        UPDATE payment SET reference = $2, state = 'processing', updated_at = $3
        WHERE payment_id = $1 AND reference IS NULL AND state = 'created'";
    /// Open payments of a portfolio for a cause.
    OPEN_FOR = "
        SELECT payment_id FROM payment
        WHERE portfolio_id = $1 AND cause = $2 AND state IN ('created', 'processing', 'requires_action') LIMIT 1";
    /// Moves an open payment forward; an ended one stays as it is.
    SET_STATE = "
        UPDATE payment SET state = $2, charge = $3, action = $4, failure_code = $5, failure = $6, updated_at = $7
        WHERE payment_id = $1 AND state IN ('created', 'processing', 'requires_action')";
    /// Whoever gets the row looks after the payment; the others find it too fresh.
    CLAIM_PAYMENT = "
        UPDATE payment SET updated_at = $3
        WHERE payment_id = $1 AND updated_at = $2 AND state IN ('created', 'processing', 'requires_action')";
    /// Open payments that nobody has looked at for a while. Bank transfers wait for the bank.
    OPEN_PAYMENTS = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE state IN ('created', 'processing', 'requires_action') AND updated_at <= $1 AND provider = $2
        ORDER BY updated_at, payment_id LIMIT $3";
    /// Payments whose provider's fee is not known yet.
    WITHOUT_FEE = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE state = 'succeeded' AND fee IS NULL AND provider = $1 AND updated_at <= $2 AND created_at > $3
        ORDER BY updated_at, payment_id LIMIT $4";
    /// The fee, once.
    SET_FEE = "UPDATE payment SET fee = $2 WHERE payment_id = $1 AND fee IS NULL";
    /// A look that brought nothing: the next ones come first.
    POSTPONE_FEE = "UPDATE payment SET updated_at = $2 WHERE payment_id = $1";
    /// Counts a refund, if so much is left.
    ADD_REFUNDED = "
        UPDATE payment SET refunded = refunded + $2
        WHERE payment_id = $1 AND state = 'succeeded' AND refunded + $2 <= amount";
    /// A refund did not happen.
    SUB_REFUNDED = "UPDATE payment SET refunded = refunded - $2 WHERE payment_id = $1";
    /// A new refund; none if its key is taken.
    INSERT_REFUND = "
        INSERT INTO refund (refund_id, payment_id, idempotency_key, amount, reason, state, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, 'created', $6, $6) ON CONFLICT (payment_id, idempotency_key) DO NOTHING";
    /// One refund.
    REFUND = "SELECT refund_id, payment_id, amount, reason, state, reference, failure, created_at, updated_at
        FROM refund WHERE refund_id = $1";
    /// The refund of a key.
    REFUND_OF_KEY = "SELECT refund_id, payment_id, amount, reason, state, reference, failure, created_at, updated_at
        FROM refund WHERE payment_id = $1 AND idempotency_key = $2";
    /// The refunds of a payment.
    REFUNDS_OF = "SELECT refund_id, payment_id, amount, reason, state, reference, failure, created_at, updated_at
        FROM refund WHERE payment_id = $1 ORDER BY refund_id";
    /// The provider is about to be asked: whoever gets the row asks.
    CLAIM_REFUND = "
        UPDATE refund SET state = 'processing', updated_at = $3
        WHERE refund_id = $1 AND updated_at = $2 AND state IN ('created', 'processing')";
    /// How a refund ended, or stands.
    SET_REFUND = "
        UPDATE refund SET state = $2, reference = $3, failure = $4, updated_at = $5
        WHERE refund_id = $1 AND state IN ('created', 'processing')";
    /// Open refunds that nobody has looked at for a while.
    OPEN_REFUNDS = "
        SELECT r.refund_id, r.payment_id, r.amount, r.reason, r.state, r.reference, r.failure, r.created_at, r.updated_at
        FROM refund r JOIN payment p ON p.payment_id = r.payment_id
        WHERE r.state IN ('created', 'processing') AND r.updated_at <= $1 AND p.provider = $2
        ORDER BY r.updated_at, r.refund_id LIMIT $3";
    /// How many refunds are on their way.
    COUNT_OPEN_REFUNDS = "SELECT count(*) FROM refund WHERE state IN ('created', 'processing')";

    /// Under which name a provider knows a portfolio.
    CUSTOMER = "SELECT reference FROM payment_customer WHERE portfolio_id = $1 AND provider = $2";
    /// The first name stays.
    INSERT_CUSTOMER = "
        INSERT INTO payment_customer (portfolio_id, provider, reference) VALUES ($1, $2, $3)
        ON CONFLICT (portfolio_id, provider) DO NOTHING";
    /// A method that is about to be added; none if the token is known.
    INSERT_METHOD = "
        INSERT INTO payment_method (method_id, portfolio_id, provider, token, state, kind, brand, last4, expires,
                                    is_default, created_at)
        VALUES ($1, $2, $3, $4, 'adding', '', '', '', '', $6, $5) ON CONFLICT (provider, token) DO NOTHING";
    /// The method of a token.
    METHOD_OF_TOKEN = "
        SELECT method_id, portfolio_id, provider, token, state, kind, brand, last4, expires, is_default, created_at
        FROM payment_method WHERE provider = $1 AND token = $2";
    /// One method.
    METHOD = "
        SELECT method_id, portfolio_id, provider, token, state, kind, brand, last4, expires, is_default, created_at
        FROM payment_method WHERE method_id = $1";
    /// The methods of a portfolio that are not removed.
    METHODS = "
        SELECT method_id, portfolio_id, provider, token, state, kind, brand, last4, expires, is_default, created_at
        FROM payment_method WHERE portfolio_id = $1 AND state = 'ready' ORDER BY method_id";
    /// What the provider said of a method.
    SET_METHOD = "
        UPDATE payment_method SET state = 'ready', kind = $2, brand = $3, last4 = $4, expires = $5
        WHERE method_id = $1 AND state IN ('adding', 'refused')";
    /// A method that cannot be used, or not any more.
    END_METHOD = "UPDATE payment_method SET state = $2, is_default = $3 WHERE method_id = $1";
    /// None is the default.
    CLEAR_DEFAULT = "UPDATE payment_method SET is_default = $2 WHERE portfolio_id = $1";
    /// One is.
    SET_DEFAULT = "UPDATE payment_method SET is_default = $2 WHERE method_id = $1 AND state = 'ready'";

    /// Notes a webhook; the answer is how often it came.
    NOTE_EVENT = "
        INSERT INTO provider_event (provider, event_id, kind, received_at, times) VALUES ($1, $2, $3, $4, 1)
        ON CONFLICT (provider, event_id) DO UPDATE SET times = provider_event.times + 1
        RETURNING times";
    /// Forgets old ones.
    FORGET_EVENTS = "DELETE FROM provider_event WHERE received_at < $1";
    /// A payout that arrived; none if it is known.
    INSERT_PAYOUT = "
        INSERT INTO payout (provider, reference, currency, amount, arrived_at, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (provider, reference) DO NOTHING";
    /// The currencies in which a provider took money.
    CURRENCIES = "
        SELECT DISTINCT provider, currency FROM payment WHERE state = 'succeeded' ORDER BY provider, currency";
    /// What a provider took, the newest first.
    CAPTURED = "
        SELECT payment_id, amount - refunded - COALESCE(fee, 0), created_at FROM payment
        WHERE provider = $1 AND currency = $2 AND state = 'succeeded' AND payment_id < $3
        ORDER BY payment_id DESC LIMIT $4";
    /// How many payments are open.
    COUNT_OPEN = "
        SELECT count(*)
        FROM payment WHERE state IN ('created', 'processing', 'requires_action')";
    /// Open payments that are old.
    OLD_OPEN = "
        SELECT payment_id, portfolio_id, provider, method_id, cause, currency, amount, refunded, state, reference, charge,
               action, failure_code, failure, fee, created_at, updated_at
        FROM payment WHERE state IN ('created', 'processing', 'requires_action') AND created_at <= $1 AND provider <> 'bank'
        ORDER BY updated_at LIMIT $2";

    /// What limits the automatic top-ups of a portfolio.
    AUTOMATIC_LIMIT = "SELECT monthly_max, paused_until FROM automatic_top_up_limit WHERE portfolio_id = $1";
    /// The same, set; what waited after a failure goes on.
    SET_AUTOMATIC_LIMIT = "
        INSERT INTO automatic_top_up_limit (portfolio_id, monthly_max, paused_until) VALUES ($1, $2, 0)
        ON CONFLICT (portfolio_id) DO UPDATE SET monthly_max = excluded.monthly_max, paused_until = 0";
    /// After a failure it waits.
    PAUSE_AUTOMATIC = "
        INSERT INTO automatic_top_up_limit (portfolio_id, monthly_max, paused_until) VALUES ($1, NULL, $2)
        ON CONFLICT (portfolio_id) DO UPDATE SET paused_until = excluded.paused_until";
    /// What a portfolio's automatic top-ups of a month come to, how many there were, and how many are under way.
    AUTOMATIC_SINCE = "
        SELECT CAST(COALESCE(sum(CASE WHEN state IN ('failed', 'canceled') THEN 0 ELSE amount END), 0) AS BIGINT),
               count(*),
               CAST(COALESCE(sum(CASE WHEN state IN ('created', 'processing', 'requires_action') THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM payment WHERE portfolio_id = $1 AND cause = 'automatic' AND created_at >= $2";
    /// What a portfolio pays with unless it says otherwise.
    DEFAULT_METHOD = "
        SELECT method_id, portfolio_id, provider, token, state, kind, brand, last4, expires, is_default, created_at
        FROM payment_method WHERE portfolio_id = $1 AND is_default AND state = 'ready'";
    /// In what a portfolio pays.
    CURRENCY_OF = "SELECT currency FROM billing_portfolio WHERE portfolio_id = $1";

    /// An entry of the bank; none if it is known.
    INSERT_ENTRY = "
        INSERT INTO bank_entry (entry_id, statement_key, booked_at, currency, amount, payer, remittance, state, why,
                                portfolio_id, payment_id, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (statement_key) DO NOTHING";
    /// An entry by the statement's name for it.
    ENTRY_OF_KEY = "
        SELECT entry_id, statement_key, booked_at, currency, amount, payer, remittance, state, why, portfolio_id, payment_id,
               recorded_at
        FROM bank_entry WHERE statement_key = $1";
    /// One entry.
    ENTRY = "
        SELECT entry_id, statement_key, booked_at, currency, amount, payer, remittance, state, why, portfolio_id, payment_id,
               recorded_at
        FROM bank_entry WHERE entry_id = $1";
    /// What nobody could assign yet, the oldest first.
    SUSPENSE = "
        SELECT entry_id, statement_key, booked_at, currency, amount, payer, remittance, state, why, portfolio_id, payment_id,
               recorded_at
        FROM bank_entry WHERE state = 'suspense' ORDER BY entry_id LIMIT $1";
    /// It leaves suspense, once.
    END_SUSPENSE = "
        UPDATE bank_entry SET state = $2, portfolio_id = $3 WHERE entry_id = $1 AND state = 'suspense'";

    /// Portfolios that are waited for.
    DUNNING_HOLDS = "
        SELECT portfolio_id, held_until, reason FROM dunning_hold WHERE held_until > $1 ORDER BY portfolio_id";
    /// Waits for one.
    SET_DUNNING_HOLD = "
        INSERT INTO dunning_hold (portfolio_id, held_until, reason, held_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (portfolio_id) DO UPDATE SET held_until = excluded.held_until, reason = excluded.reason,
            held_at = excluded.held_at";
    /// Waits no longer.
    END_DUNNING_HOLD = "DELETE FROM dunning_hold WHERE portfolio_id = $1";
    /// The steps.
    DUNNING_STEPS = "SELECT after_days, action FROM dunning_step ORDER BY step";
    /// None.
    CLEAR_DUNNING_STEPS = "DELETE FROM dunning_step";
    /// One of them.
    INSERT_DUNNING_STEP = "INSERT INTO dunning_step (step, after_days, action) VALUES ($1, $2, $3)";
}
