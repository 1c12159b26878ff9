//! The SQL of estimates.

use plaza_db::statements;

statements! {
    /// How many messages of a month were charged so far.
    VOLUME = "
        SELECT volume FROM tier_counter
        WHERE portfolio_id = $1 AND period = $2 AND market = $3 AND category = $4";
}
