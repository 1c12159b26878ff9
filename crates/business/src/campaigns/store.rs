//! The SQL of the names that tags give campaigns.

use plaza_db::statements;

statements! {
    /// Whether a campaign of a month is known.
    KNOWN = "SELECT name FROM campaign_name WHERE portfolio_id = $1 AND month = $2 AND name = $3";
    /// A new one, while there are fewer than $4.
    NEW = "
        INSERT INTO campaign_name (portfolio_id, month, name)
        SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS TEXT)
        WHERE (SELECT count(*) FROM campaign_name WHERE portfolio_id = $1 AND month = $2) < $4
        ON CONFLICT (portfolio_id, month, name) DO NOTHING";
    /// Those of earlier months are not asked for any more.
    FORGET = "DELETE FROM campaign_name WHERE portfolio_id = $1 AND month < $2";
}
