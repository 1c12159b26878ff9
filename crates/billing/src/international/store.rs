//! The SQL of codes from abroad.

use plaza_db::statements;

statements! {
    /// Says where a portfolio is based.
    SET_COUNTRY = "
        INSERT INTO authentication_international (portfolio_id, country) VALUES ($1, $2)
        ON CONFLICT (portfolio_id) DO UPDATE SET country = excluded.country";
    /// Counts codes.
    COUNT_CODES = "
        INSERT INTO authentication_day (portfolio_id, day, messages) VALUES ($1, $2, $3)
        ON CONFLICT (portfolio_id, day) DO UPDATE SET messages = authentication_day.messages + excluded.messages";
    /// What is counted since a day.
    CODES_SINCE = "SELECT portfolio_id, day, messages FROM authentication_day WHERE day >= $1";
    /// Forgets days that no longer count.
    FORGET_CODES = "DELETE FROM authentication_day WHERE day < $1";
    /// Who sent more than $2 since $1 and was not told.
    OVER = "
        SELECT d.portfolio_id FROM authentication_day d
        JOIN authentication_international i ON i.portfolio_id = d.portfolio_id
        WHERE d.day >= $1 AND i.noticed_at IS NULL
        GROUP BY d.portfolio_id HAVING CAST(sum(d.messages) AS BIGINT) > $2
        ORDER BY d.portfolio_id LIMIT $3";
    /// Notes that a portfolio is told.
    NOTICE = "
        UPDATE authentication_international SET noticed_at = $2, starts_at = $3
        WHERE portfolio_id = $1 AND noticed_at IS NULL";
}
