//! The SQL of what pays.

use plaza_db::{list_statements, statements};

statements! {
    /// What a portfolio pays in, and where its days begin.
    PORTFOLIO = "SELECT currency, time_zone FROM billing_portfolio WHERE portfolio_id = $1";
    /// A portfolio's grants that have not ended, in the order of use.
    GRANTS_OF = "
        SELECT grant_id, amount_micros, note, granted_at, expires_at FROM promo_grant
        WHERE portfolio_id = $1 AND expires_at > $2 ORDER BY expires_at, grant_id";
    /// A grant.
    GRANT = "SELECT amount_micros, granted_at, expires_at FROM promo_grant WHERE grant_id = $1";
    /// Gives credit.
    INSERT_GRANT = "
        INSERT INTO promo_grant
            (grant_id, portfolio_id, amount_micros, note, granted_at, expires_at, is_closed)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// Grants whose time is over and to which something may come back.
    ENDED_GRANTS = "
        SELECT grant_id, portfolio_id, expires_at FROM promo_grant
        WHERE NOT is_closed AND expires_at <= $1 AND (expires_at, grant_id) > ($2, $3)
        ORDER BY expires_at, grant_id LIMIT $4";
    /// Nothing can come back to it any more.
    CLOSE_GRANT = "UPDATE promo_grant SET is_closed = TRUE WHERE grant_id = $1";
}

list_statements! {
    /// The grants of portfolios that have not ended, in the order of use.
    OPEN_GRANTS = "
        SELECT grant_id, portfolio_id FROM promo_grant
        WHERE expires_at > $1 AND NOT is_closed AND portfolio_id IN ({list}) ORDER BY expires_at, grant_id";
    /// The further holds of messages.
    SPLITS = "SELECT message_id, part, held FROM usage_split WHERE message_id IN ({list})";
    /// The further holds of messages that were accepted.
    INSERT_SPLITS = "INSERT INTO usage_split (message_id, part, held) VALUES {rows}";
}
