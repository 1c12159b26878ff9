//! The SQL of volumes.

use plaza_db::statements;

statements! {
    /// Counts charged messages; the answer is the volume after them.
    COUNT_VOLUME = "
        INSERT INTO tier_counter (portfolio_id, period, market, category, volume) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (portfolio_id, period, market, category)
            DO UPDATE SET volume = tier_counter.volume + excluded.volume
        RETURNING volume";
    /// All counters.
    VOLUMES = "
        SELECT portfolio_id, period, market, category, volume FROM tier_counter
        ORDER BY portfolio_id, period, market, category";
    /// Forgets the counters.
    CLEAR_VOLUMES = "DELETE FROM tier_counter";
    /// Builds them again from the charges.
    REBUILD_VOLUMES = "
        INSERT INTO tier_counter (portfolio_id, period, market, category, volume)
        SELECT portfolio_id, period, market, category, count(*)
        FROM (
            SELECT portfolio_id, period, market,
                   CASE WHEN category IN ('utility', 'group_utility') THEN 'utility' ELSE 'authentication' END
                       AS category
            FROM charge WHERE run = 0 AND volume IS NOT NULL
        ) AS counted
        GROUP BY portfolio_id, period, market, category";
}
