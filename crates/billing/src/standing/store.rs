//! The SQL of standings.

use plaza_db::statements;

statements! {
    /// How a portfolio stands.
    STANDING = "SELECT standing FROM payment_standing WHERE portfolio_id = $1";
    /// Who is late.
    STANDINGS = "
        SELECT portfolio_id, standing, overdue_since, steps_up_to_days FROM payment_standing
        ORDER BY portfolio_id";
    /// Somebody is.
    SET_STANDING = "
        INSERT INTO payment_standing (portfolio_id, standing, overdue_since, steps_up_to_days, changed_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (portfolio_id) DO UPDATE SET standing = excluded.standing,
            overdue_since = excluded.overdue_since, steps_up_to_days = excluded.steps_up_to_days,
            changed_at = excluded.changed_at";
    /// Somebody is not any more.
    CLEAR_STANDING = "DELETE FROM payment_standing WHERE portfolio_id = $1";
    /// The same, unless an invoice is still overdue.
    CLEAR_IF_PAID = "
        DELETE FROM payment_standing WHERE portfolio_id = $1 AND NOT EXISTS
            (SELECT 1 FROM invoice i WHERE i.portfolio_id = payment_standing.portfolio_id
             AND i.status IN ('final', 'overdue') AND i.due_at < $2)";
}
