//! The SQL of the audit log.

use plaza_db::statements;

statements! {
    /// Takes the next place; the row stays locked, so that the log has one order.
    NEXT = "UPDATE audit_head SET sequence = sequence + 1 WHERE head = 1 RETURNING sequence, hash";
    /// Adds a line.
    INSERT = "
        INSERT INTO audit_log (sequence, at, person, act, subject, portfolio_id, details, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// Where the log ends now.
    SET_HEAD = "UPDATE audit_head SET hash = $1 WHERE head = 1";
    /// Where the log ends.
    HEAD = "SELECT sequence, hash FROM audit_head WHERE head = 1";
    /// A page, the latest first.
    PAGE = "
        SELECT sequence, at, person, act, subject, portfolio_id, details FROM audit_log
        WHERE (at, sequence) < ($1, $2) AND at >= $3
            AND (CAST($4 AS TEXT) = '' OR act = $4) AND (CAST($5 AS TEXT) = '' OR person = $5)
            AND (CAST($6 AS BIGINT) = 0 OR portfolio_id = $6)
        ORDER BY at DESC, sequence DESC LIMIT $7";
    /// For verification: all lines, page by page.
    AFTER = "
        SELECT sequence, at, person, act, subject, portfolio_id, details, hash FROM audit_log
        WHERE sequence > $1 ORDER BY sequence LIMIT 1000";
}
