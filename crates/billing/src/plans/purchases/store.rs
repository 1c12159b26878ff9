//! The SQL of purchases.

use plaza_db::statements;

statements! {
    /// A new purchase, if the store's name for it is new.
    INSERT_PURCHASE = "
        INSERT INTO purchase (purchase_id, store, reference, account_id, plan_key, term, state, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, 'pending', FALSE, FALSE, FALSE, 0, $7, $7)
        ON CONFLICT (store, reference) DO NOTHING";
    /// A purchase, locked.
    TAKE_PURCHASE = "
        UPDATE purchase SET updated_at = $3 WHERE store = $1 AND reference = $2
        RETURNING purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at";
    /// How it stands now.
    UPDATE_PURCHASE = "
        UPDATE purchase SET plan_key = $2, term = $3, state = $4, expires_at = $5, renews = $6, is_trial = $7,
            is_family_shared = $8, asked_at = $9, updated_at = $10, due_at = $11
        WHERE purchase_id = $1";
    /// One of an account.
    PURCHASE = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE purchase_id = $1 AND account_id = $2";
    /// Any.
    PURCHASE_BY_ID = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE purchase_id = $1";
    /// All of an account, the latest first.
    PURCHASES_OF = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE account_id = $1 ORDER BY created_at DESC, purchase_id DESC LIMIT $2";
    /// All, the latest first.
    PURCHASES = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE purchase_id < $1 ORDER BY purchase_id DESC LIMIT $2";
    /// Those of a state.
    PURCHASES_IN_STATE = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE state = $3 AND purchase_id < $1 ORDER BY purchase_id DESC LIMIT $2";
    /// Those of a store.
    PURCHASES_OF_STORE = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE store = $3 AND purchase_id < $1 ORDER BY purchase_id DESC LIMIT $2";
    /// Those of a state and a store.
    PURCHASES_OF_BOTH = "
        SELECT purchase_id, store, reference, account_id, plan_key, term, state, expires_at, renews, is_trial,
            is_family_shared, asked_at, created_at, updated_at
        FROM purchase WHERE state = $3 AND store = $4 AND purchase_id < $1
        ORDER BY purchase_id DESC LIMIT $2";
    /// Those whose store is to be asked again.
    DUE_PURCHASES = "SELECT purchase_id, store, reference FROM purchase WHERE due_at <= $1
        ORDER BY due_at, purchase_id LIMIT $2";
    /// The store did not answer: later, unless it was bought or has ended before $3.
    POSTPONE_PURCHASE = "
        UPDATE purchase SET due_at = CASE WHEN coalesce(expires_at, created_at) <= $3 THEN NULL ELSE CAST($2 AS BIGINT) END
        WHERE purchase_id = $1 AND due_at IS NOT NULL";
    /// Whether an account ever had a trial of a plan.
    HAD_TRIAL_OF = "SELECT purchase_id FROM purchase WHERE account_id = $1 AND is_trial LIMIT 1";

    /// A payment, once.
    INSERT_STORE_PAYMENT = "
        INSERT INTO purchase_payment (payment_id, purchase_id, store, transaction_ref, plan_key, term, currency,
            amount_micros, commission_micros, refunded_micros, from_at, to_at, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12)
        ON CONFLICT DO NOTHING";
    /// So much of a payment was given back in all, and $4 before.
    REFUND_STORE_PAYMENT = "
        UPDATE purchase_payment SET refunded_micros = $2, refunded_at = $3
        WHERE payment_id = $1 AND refunded_micros = $4";
    /// What was given back just now.
    INSERT_STORE_REFUND = "
        INSERT INTO purchase_refund (payment_id, refunded_to_micros, store, currency, amount_micros,
            commission_micros, at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// The payments of a purchase, the earliest first.
    STORE_PAYMENTS = "
        SELECT payment_id, store, transaction_ref, plan_key, term, currency, amount_micros, commission_micros,
            refunded_micros, from_at, to_at, at
        FROM purchase_payment WHERE purchase_id = $1 ORDER BY from_at, payment_id";
    /// What people paid, by plan and currency.
    SALES = "
        SELECT plan_key, term, currency, COUNT(*), CAST(SUM(amount_micros) AS BIGINT),
            CAST(SUM(commission_micros) AS BIGINT), CAST(SUM(refunded_micros) AS BIGINT)
        FROM purchase_payment GROUP BY plan_key, term, currency ORDER BY currency, plan_key, term";
    /// What was sold for good, by currency.
    ITEMS_SOLD = "
        SELECT currency, CAST(SUM(amount_micros) AS BIGINT), CAST(count(*) AS BIGINT)
        FROM purchase_payment WHERE term = 'once' GROUP BY currency ORDER BY currency";
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn pages_of_purchases_are_read_in_the_order_of_an_index() {
        let pages = [
            (super::PURCHASES, "(purchase_id<?)"),
            (super::PURCHASES_IN_STATE, "purchase_by_state (state=? AND purchase_id<?)"),
            (super::PURCHASES_OF_STORE, "purchase_by_store (store=? AND purchase_id<?)"),
            (super::PURCHASES_OF_BOTH, "purchase_by_state_and_store (state=? AND store=? AND purchase_id<?)"),
        ];
        for (page, by) in pages {
            let plan = plaza_db::testing::plan(page).await;
            assert!(plan.len() == 1 && plan[0].starts_with("SEARCH") && plan[0].ends_with(by), "{plan:?}");
        }
    }
}
