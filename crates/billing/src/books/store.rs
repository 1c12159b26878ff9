//! The SQL of price books as the operator sees them.

use plaza_db::statements;

statements! {
    /// A page of the books.
    BOOKS_AFTER = "
        SELECT price_book_id, name, currency, base_book, portfolio_id FROM price_book
        WHERE price_book_id > $1 ORDER BY price_book_id LIMIT $2";
    /// The first page.
    BOOKS_FIRST = "
        SELECT price_book_id, name, currency, base_book, portfolio_id FROM price_book
        ORDER BY price_book_id LIMIT $1";
    /// One book.
    BOOK = "SELECT price_book_id, name, currency, base_book, portfolio_id FROM price_book WHERE price_book_id = $1";
    /// Its versions, with the numbers of their rows.
    VERSIONS = "
        SELECT v.price_version_id, v.effective_from, v.effective_to, v.published_at,
               (SELECT count(*) FROM price p WHERE p.price_version_id = v.price_version_id)
        FROM price_version v WHERE v.price_book_id = $1 ORDER BY v.effective_from";
    /// Its drafts.
    DRAFTS = "
        SELECT price_version_id, price_book_id, effective_from, prices, created_at FROM price_draft
        WHERE price_book_id = $1 ORDER BY effective_from, created_at LIMIT $2";
    /// How many drafts it has.
    COUNT_DRAFTS = "SELECT count(*) FROM price_draft WHERE price_book_id = $1";
    /// One draft.
    DRAFT = "
        SELECT price_version_id, price_book_id, effective_from, prices, created_at, csv FROM price_draft
        WHERE price_version_id = $1";
    /// Keeps a draft.
    INSERT_DRAFT = "
        INSERT INTO price_draft (price_version_id, price_book_id, effective_from, csv, prices, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (price_version_id) DO NOTHING";
    /// Forgets a draft.
    DELETE_DRAFT = "DELETE FROM price_draft WHERE price_version_id = $1";
    /// The rows of a version.
    PRICES_OF_VERSION = "
        SELECT market, category, tier_from, unit_micros, is_open FROM price
        WHERE price_version_id = $1 ORDER BY market, category, tier_from";
    /// Makes the book of a portfolio's contract.
    INSERT_CONTRACT = "
        INSERT INTO price_book (price_book_id, name, currency, base_book, portfolio_id, digest)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (price_book_id) DO NOTHING";
    /// What a portfolio pays by.
    BOOK_OF_PORTFOLIO = "SELECT price_book_id, currency FROM billing_portfolio WHERE portfolio_id = $1";
    /// Lets a portfolio pay by its contract.
    SET_BOOK_OF_PORTFOLIO = "UPDATE billing_portfolio SET price_book_id = $2 WHERE portfolio_id = $1";
    /// A book's content is another one.
    SET_DIGEST = "UPDATE price_book SET digest = $2 WHERE price_book_id = $1";
    /// Charges of a month of those who pay by a book, in the order of time.
    CHARGES_OF_MONTH = "
        SELECT c.charge_id, c.market, c.category, c.pricing_type, c.amount_micros, c.volume, e.max_price,
               (SELECT p.pulses FROM usage_pulses p WHERE p.message_id = c.message_id)
        FROM charge c
        JOIN billing_portfolio b ON b.portfolio_id = c.portfolio_id
        JOIN usage_event e ON e.message_id = c.message_id
        WHERE c.charge_id > $1 AND c.period = $2 AND c.run = 0 AND b.price_book_id = $3
        ORDER BY c.charge_id LIMIT $4";
}
