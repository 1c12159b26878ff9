//! The SQL of invoices.

use plaza_db::{list_statements, statements};

statements! {
    /// Who sends the invoices.
    ENTITY = "
        SELECT name, street, postal_code, city, country, tax_id, email, iban, bic, time_zone, grace_h, due_days
        FROM legal_entity WHERE legal_entity = $1";
    /// Sets it.
    UPSERT_ENTITY = "
        INSERT INTO legal_entity (legal_entity, name, street, postal_code, city, country, tax_id, email, iban, bic,
                                  time_zone, grace_h, due_days)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (legal_entity) DO UPDATE SET
            name = excluded.name, street = excluded.street, postal_code = excluded.postal_code,
            city = excluded.city, country = excluded.country, tax_id = excluded.tax_id, email = excluded.email,
            iban = excluded.iban, bic = excluded.bic, time_zone = excluded.time_zone, grace_h = excluded.grace_h,
            due_days = excluded.due_days";
    /// Whom the invoices of a portfolio name.
    PROFILE = "
        SELECT name, street, postal_code, city, country, tax_id, email, is_tax_inclusive
        FROM invoice_profile WHERE portfolio_id = $1";
    /// Sets it.
    UPSERT_PROFILE = "
        INSERT INTO invoice_profile (portfolio_id, name, street, postal_code, city, country, tax_id, email,
                                     is_tax_inclusive)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (portfolio_id) DO UPDATE SET
            name = excluded.name, street = excluded.street, postal_code = excluded.postal_code,
            city = excluded.city, country = excluded.country, tax_id = excluded.tax_id, email = excluded.email,
            is_tax_inclusive = excluded.is_tax_inclusive";
    /// The rate of a jurisdiction at a time.
    TAX_RATE = "
        SELECT ppm, name, reverse_charge FROM tax_rate
        WHERE jurisdiction = $1 AND effective_from <= $2 AND (effective_to IS NULL OR effective_to > $2)
        ORDER BY effective_from DESC LIMIT 1";
    /// All rates.
    TAX_RATES = "
        SELECT jurisdiction, effective_from, effective_to, ppm, name, reverse_charge FROM tax_rate
        ORDER BY jurisdiction, effective_from";
    /// Rates of a jurisdiction that begin later, or at the same time.
    TAX_RATES_FROM = "SELECT effective_from FROM tax_rate WHERE jurisdiction = $1 AND effective_from >= $2 LIMIT 1";
    /// The rate before ends where a new one begins.
    END_TAX_RATE = "
        UPDATE tax_rate SET effective_to = $2
        WHERE jurisdiction = $1 AND effective_from < $2 AND (effective_to IS NULL OR effective_to > $2)";
    /// Whether an invoice was issued since a time.
    ISSUED_SINCE = "SELECT invoice_id FROM invoice WHERE issued_at >= $1 LIMIT 1";
    /// Takes a rate back; the answer is until when it was to hold.
    DELETE_TAX_RATE = "
        DELETE FROM tax_rate WHERE jurisdiction = $1 AND effective_from = $2 RETURNING effective_to";
    /// The rate before goes on until then.
    REOPEN_TAX_RATE = "UPDATE tax_rate SET effective_to = $3 WHERE jurisdiction = $1 AND effective_to = $2";
    /// A new rate.
    INSERT_TAX_RATE = "
        INSERT INTO tax_rate (jurisdiction, effective_from, effective_to, ppm, name, reverse_charge)
        VALUES ($1, $2, NULL, $3, $4, $5)";

    /// A portfolio, and how many usage events it has.
    PORTFOLIO = "SELECT currency, time_zone, usage_events FROM billing_portfolio WHERE portfolio_id = $1";
    /// The portfolios in the order of their ids.
    PORTFOLIOS_AFTER = "
        SELECT portfolio_id FROM billing_portfolio WHERE portfolio_id > $1 ORDER BY portfolio_id LIMIT $2";
    /// Portfolios of which usage events wait to be summed.
    BEHIND = "
        SELECT p.portfolio_id FROM billing_portfolio p
        LEFT JOIN usage_gathered g ON g.portfolio_id = p.portfolio_id
        WHERE p.usage_events > COALESCE(g.sequence, 0) ORDER BY p.portfolio_id LIMIT $1";
    /// Begins to sum.
    BEGIN_GATHER = "
        INSERT INTO usage_gathered (portfolio_id, sequence) VALUES ($1, 0) ON CONFLICT (portfolio_id) DO NOTHING";
    /// How far is summed now.
    SET_GATHERED = "UPDATE usage_gathered SET sequence = $2 WHERE portfolio_id = $1";
    /// Sums the charges of usage events after $2, up to $3. A call counts its pulses.
    GATHER = "
        INSERT INTO usage_month (portfolio_id, period, market, category, pricing_type, tier, unit_micros, quantity,
                                 amount_micros, credit_micros, invoiced_quantity, invoiced_micros,
                                 invoiced_credit_micros, first_sequence)
        SELECT c.portfolio_id, c.period, c.market, c.category, c.pricing_type, COALESCE(c.tier, -1),
               c.amount_micros / CASE WHEN COALESCE(p.pulses, 1) > 1 THEN p.pulses ELSE 1 END,
               CAST(sum(CASE WHEN COALESCE(p.pulses, 1) > 1 THEN p.pulses ELSE 1 END) AS BIGINT),
               CAST(sum(c.amount_micros) AS BIGINT),
               CAST(sum(c.credit_micros) AS BIGINT), 0, 0, 0,
               min(e.sequence)
        FROM usage_event e
        JOIN charge c ON c.message_id = e.message_id AND c.run = 0
        LEFT JOIN usage_pulses p ON p.message_id = e.message_id
        WHERE e.portfolio_id = $1 AND e.sequence > $2 AND e.sequence <= $3
        GROUP BY 1, 2, 3, 4, 5, 6, 7
        ON CONFLICT (portfolio_id, period, market, category, pricing_type, tier, unit_micros) DO UPDATE SET
            quantity = usage_month.quantity + excluded.quantity,
            amount_micros = usage_month.amount_micros + excluded.amount_micros,
            credit_micros = usage_month.credit_micros + excluded.credit_micros";
    /// Begins a line, empty, where there is none.
    BEGIN_USAGE = "
        INSERT INTO usage_month (portfolio_id, period, market, category, pricing_type, tier, unit_micros, quantity,
                                 amount_micros, credit_micros, invoiced_quantity, invoiced_micros,
                                 invoiced_credit_micros, first_sequence)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, 0, 0, 0, $8)
        ON CONFLICT (portfolio_id, period, market, category, pricing_type, tier, unit_micros) DO UPDATE SET
            first_sequence = CASE WHEN usage_month.first_sequence < excluded.first_sequence
                THEN usage_month.first_sequence ELSE excluded.first_sequence END";
    /// A line has more, or less.
    MOVE_USAGE = "
        UPDATE usage_month SET quantity = quantity + $8, amount_micros = amount_micros + $9,
            credit_micros = credit_micros + $10
        WHERE portfolio_id = $1 AND period = $2 AND market = $3 AND category = $4 AND pricing_type = $5
          AND tier = $6 AND unit_micros = $7";
    /// The final invoices that may have messages of a month, in the order of their issue.
    COVERING = "
        SELECT invoice_id, sequence_to FROM invoice
        WHERE portfolio_id = $1 AND period >= $2 AND number IS NOT NULL ORDER BY ordinal";
    /// A month in which the order of the deliveries can have decided about a price.
    IS_ORDERED = "
        SELECT u.period FROM usage_month u
        WHERE u.portfolio_id = $1 AND u.period = $2 AND u.quantity > u.invoiced_quantity
          AND (u.tier > 0 OR (u.pricing_type = 'regular' AND EXISTS
                (SELECT 1 FROM usage_month f WHERE f.portfolio_id = u.portfolio_id AND f.period = u.period
                 AND f.pricing_type LIKE 'free_%customer_service'
                 AND replace(f.category, 'group_', '') = replace(u.category, 'group_', ''))))
        LIMIT 1";
    /// What stands on no final invoice yet, up to a period.
    OPEN_USAGE = "
        SELECT period, market, category, pricing_type, tier, unit_micros, quantity - invoiced_quantity,
               amount_micros - invoiced_micros, credit_micros - invoiced_credit_micros
        FROM usage_month WHERE portfolio_id = $1 AND period <= $2 AND quantity > invoiced_quantity
        ORDER BY period DESC, category, market, tier, unit_micros DESC, pricing_type";
    /// What a period has, invoiced or not.
    PERIOD_USAGE = "
        SELECT period, market, category, pricing_type, tier, unit_micros, quantity, amount_micros, credit_micros
        FROM usage_month WHERE portfolio_id = $1 AND period = $2 AND quantity <> 0
        ORDER BY category, market, tier, unit_micros DESC, pricing_type";
    /// It stands on a final invoice now.
    INVOICE_USAGE = "
        UPDATE usage_month SET invoiced_quantity = quantity, invoiced_micros = amount_micros,
            invoiced_credit_micros = credit_micros
        WHERE portfolio_id = $1 AND period <= $2 AND quantity > invoiced_quantity";
    /// Periods with something that is on no invoice, and that have no final invoice of their own.
    OPEN_PERIODS = "
        SELECT u.period FROM usage_month u
        WHERE u.portfolio_id = $1 AND u.period <= $2 AND u.quantity > u.invoiced_quantity
          AND NOT EXISTS (SELECT 1 FROM invoice i WHERE i.portfolio_id = u.portfolio_id AND i.period = u.period
                          AND i.number IS NOT NULL)
        GROUP BY u.period ORDER BY u.period";

    /// Portfolios with something open in a month up to $1 that has no final invoice, and no draft younger than $2.
    DUE_TO_CLOSE = "
        SELECT o.portfolio_id FROM (
            SELECT portfolio_id, period FROM usage_month WHERE quantity > invoiced_quantity AND period <= $1
            UNION SELECT portfolio_id, period FROM invoice_item WHERE invoice_id IS NULL AND period <= $1) o
        WHERE o.portfolio_id > $3
          AND NOT EXISTS (SELECT 1 FROM invoice i WHERE i.portfolio_id = o.portfolio_id
                          AND ((i.status = 'draft' AND i.opened_at > $2)
                               OR (i.number IS NOT NULL AND i.period = $1)))
        GROUP BY o.portfolio_id ORDER BY o.portfolio_id LIMIT $4";
    /// Puts something on the next invoice.
    INSERT_ITEM = "
        INSERT INTO invoice_item (invoice_item_id, portfolio_id, period, kind, description, quantity, unit_micros,
                                  amount_micros, is_settled, invoice_id, added_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10) ON CONFLICT (invoice_item_id) DO NOTHING";
    /// What was put there under an id.
    ITEM = "
        SELECT portfolio_id, period, kind, amount_micros, is_settled FROM invoice_item WHERE invoice_item_id = $1";
    /// What waits for an invoice.
    OPEN_ITEMS = "
        SELECT period, kind, description, quantity, unit_micros, amount_micros, is_settled, invoice_item_id
        FROM invoice_item WHERE portfolio_id = $1 AND period <= $2 AND invoice_id IS NULL
        ORDER BY period, kind, added_at, invoice_item_id";

    /// An invoice by its id.
    INVOICE = "
        SELECT invoice_id, portfolio_id, period, status, number, currency, minor_micros, sequence_to,
               is_tax_inclusive, charges_micros, credit_micros, rounding_micros, subtotal_minor, tax_minor,
               total_minor, prepaid_minor, paid_minor, credited_minor, credited_due_minor, opened_at, issued_at,
               due_at, ended_at, pdf_sha256, document, ordinal
        FROM invoice WHERE invoice_id = $1";
    /// Invoices before a place in the list: newest periods first. Empty text or zero: any.
    INVOICES = "
        SELECT invoice_id, portfolio_id, period, status, number, currency, minor_micros, sequence_to,
               is_tax_inclusive, charges_micros, credit_micros, rounding_micros, subtotal_minor, tax_minor,
               total_minor, prepaid_minor, paid_minor, credited_minor, credited_due_minor, opened_at, issued_at,
               due_at, ended_at, pdf_sha256, document, ordinal
        FROM invoice
        WHERE (CAST($1 AS BIGINT) = 0 OR portfolio_id = CAST($1 AS BIGINT)) AND (CAST($2 AS TEXT) = '' OR status = CAST($2 AS TEXT))
          AND (CAST($3 AS BIGINT) = 0 OR period = CAST($3 AS BIGINT))
          AND (period < CAST($4 AS BIGINT) OR (period = CAST($4 AS BIGINT) AND invoice_id > $5))
        ORDER BY period DESC, invoice_id LIMIT $6";
    /// A new draft, or the draft as it is now. A final one stays as it is.
    UPSERT_DRAFT = "
        INSERT INTO invoice (invoice_id, portfolio_id, period, status, currency, minor_micros, sequence_to,
                             is_tax_inclusive, charges_micros, credit_micros, rounding_micros, subtotal_minor,
                             tax_minor, total_minor, prepaid_minor, paid_minor, credited_minor, credited_due_minor,
                             opened_at, document)
        VALUES ($1, $2, $3, 'draft', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, 0, 0, $15, $16)
        ON CONFLICT (invoice_id) DO UPDATE SET
            sequence_to = excluded.sequence_to, is_tax_inclusive = excluded.is_tax_inclusive,
            charges_micros = excluded.charges_micros, credit_micros = excluded.credit_micros,
            rounding_micros = excluded.rounding_micros, subtotal_minor = excluded.subtotal_minor,
            tax_minor = excluded.tax_minor, total_minor = excluded.total_minor,
            prepaid_minor = excluded.prepaid_minor, document = excluded.document
        WHERE invoice.number IS NULL";
    /// Makes it final.
    FINALIZE = "
        UPDATE invoice SET status = $2, number = $3, ordinal = $4, issued_at = $5, due_at = $6, ended_at = $7,
            prepaid_minor = $8, document = $9, pdf_sha256 = $10
        WHERE invoice_id = $1 AND number IS NULL";
    /// How many final invoices a portfolio has.
    COUNT_FINAL = "SELECT count(*) FROM invoice WHERE portfolio_id = $1 AND number IS NOT NULL";
    /// What was paid and credited, and where it stands.
    SETTLE = "
        UPDATE invoice SET status = $2, paid_minor = $3, credited_minor = $4, credited_due_minor = $5, ended_at = $6
        WHERE invoice_id = $1";
    /// Invoices whose day has passed.
    MARK_OVERDUE = "
        UPDATE invoice SET status = 'overdue' WHERE invoice_id IN
            (SELECT invoice_id FROM invoice WHERE status = 'final' AND due_at < $1 ORDER BY invoice_id LIMIT $2)
        RETURNING invoice_id, portfolio_id";
    /// Who has not paid in time, and since when.
    OVERDUE = "
        SELECT portfolio_id, min(due_at) FROM invoice
        WHERE status IN ('final', 'overdue') AND due_at < $1 GROUP BY portfolio_id ORDER BY portfolio_id";
    /// What a portfolio has not paid in time, the oldest first.
    OVERDUE_OF = "
        SELECT invoice_id FROM invoice
        WHERE portfolio_id = $1 AND status IN ('final', 'overdue') AND due_at < $2
        ORDER BY due_at, number LIMIT $3";
    /// The invoices with a number, by its letters and digits: two, where two series differ by a mark only.
    INVOICES_OF_NUMBER = "
        SELECT invoice_id, number FROM invoice
        WHERE REPLACE(REPLACE(REPLACE(number, '-', ''), '/', ''), '.', '') = $1 ORDER BY number LIMIT 10";
    /// Forgets the lines of a draft.
    CLEAR_LINES = "DELETE FROM invoice_line WHERE invoice_id = $1";
    /// The lines of an invoice.
    LINES = "
        SELECT kind, period, market, category, pricing_type, tier, description, quantity, unit_micros,
               amount_micros, credit_micros, net_minor, is_settled
        FROM invoice_line WHERE invoice_id = $1 ORDER BY position";
    /// Gives out the next number.
    NEXT_NUMBER = "
        INSERT INTO invoice_number (legal_entity, kind, year, last) VALUES ($1, $2, $3, 1)
        ON CONFLICT (legal_entity, kind, year) DO UPDATE SET last = invoice_number.last + 1
        RETURNING last";
    /// The last number given out.
    LAST_NUMBER = "SELECT last FROM invoice_number WHERE legal_entity = $1 AND kind = $2 AND year = $3";
    /// The same, locked.
    LOCK_NUMBERS = "
        INSERT INTO invoice_number (legal_entity, kind, year, last) VALUES ($1, $2, $3, 0)
        ON CONFLICT (legal_entity, kind, year) DO UPDATE SET last = invoice_number.last
        RETURNING last";
    /// What the numbers of a year look like.
    SERIES = "
        SELECT prefix, year_digits, digits FROM invoice_series
        WHERE legal_entity = $1 AND kind = $2 AND from_year <= $3 ORDER BY from_year DESC LIMIT 1";
    /// The years after one from which it changes.
    SERIES_AFTER = "
        SELECT from_year FROM invoice_series
        WHERE legal_entity = $1 AND kind = $2 AND from_year > $3 ORDER BY from_year";
    /// What numbers ever looked like.
    ALL_SERIES = "
        SELECT prefix, year_digits, digits FROM invoice_series
        WHERE legal_entity = $1 AND kind = $2 ORDER BY from_year DESC";
    /// Sets it.
    SET_SERIES = "
        INSERT INTO invoice_series (legal_entity, kind, from_year, prefix, year_digits, digits)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (legal_entity, kind, from_year) DO UPDATE SET
            prefix = excluded.prefix, year_digits = excluded.year_digits, digits = excluded.digits";
    /// What was credited under an id.
    CREDIT_NOTE = "
        SELECT credit_note_id, invoice_id, number, reason, amount_minor, tax_minor, due_minor, issued_at
        FROM credit_note WHERE credit_note_id = $1";
    /// All that was credited of an invoice.
    CREDIT_NOTES = "
        SELECT credit_note_id, invoice_id, number, reason, amount_minor, tax_minor, due_minor, issued_at
        FROM credit_note WHERE invoice_id = $1 ORDER BY number";
    /// A credit note.
    INSERT_CREDIT_NOTE = "
        INSERT INTO credit_note (credit_note_id, invoice_id, number, reason, amount_minor, tax_minor, due_minor,
                                 issued_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// What was paid under an id.
    PAYMENT = "
        SELECT invoice_payment_id, amount_minor, method, reference, paid_at
        FROM invoice_payment WHERE invoice_payment_id = $1";
    /// All that was paid of an invoice.
    PAYMENTS = "
        SELECT invoice_payment_id, amount_minor, method, reference, paid_at
        FROM invoice_payment WHERE invoice_id = $1 ORDER BY paid_at, invoice_payment_id";
    /// A payment.
    INSERT_PAYMENT = "
        INSERT INTO invoice_payment (invoice_payment_id, invoice_id, amount_minor, method, reference, paid_at)
        VALUES ($1, $2, $3, $4, $5, $6)";

    /// Where the rated lines of an invoice begin.
    FIRST_SEQUENCE = "
        SELECT min(u.first_sequence) FROM usage_month u
        WHERE u.portfolio_id = $1
          AND u.period IN (SELECT l.period FROM invoice_line l WHERE l.invoice_id = $2 AND l.kind = 'usage')";
    /// Rated lines of an invoice, a page at a time: of its usage events, those that no earlier invoice covers.
    RATED = "
        SELECT e.sequence, c.charge_id, c.message_id, c.waba_id, c.phone_number_id, c.period, c.market, c.category,
               CASE WHEN x.run IS NULL THEN c.pricing_type ELSE x.pricing_type END,
               CASE WHEN x.run IS NULL THEN c.tier ELSE x.tier END,
               CASE WHEN x.run IS NULL THEN c.unit_micros ELSE x.unit_micros END,
               CASE WHEN x.run IS NULL THEN c.amount_micros ELSE x.amount_micros END, c.sent_at, c.delivered_at,
               (SELECT p.pulses FROM usage_pulses p WHERE p.message_id = e.message_id)
        FROM usage_event e JOIN charge c ON c.message_id = e.message_id AND c.run = 0
        LEFT JOIN charge_correction x ON x.message_id = c.message_id AND x.invoice_id IS NULL
            AND x.run = (SELECT max(y.run) FROM charge_correction y
                         WHERE y.message_id = c.message_id AND y.invoice_id IS NULL)
        WHERE e.portfolio_id = $1 AND e.sequence > $2 AND e.sequence <= $3 AND c.period <= $4
          AND NOT EXISTS (SELECT 1 FROM invoice j WHERE j.portfolio_id = e.portfolio_id AND j.ordinal < $5
                          AND e.sequence <= j.sequence_to AND c.period <= j.period)
        ORDER BY e.sequence LIMIT $6";

    /// For verification: invoices in the order of their ids.
    INVOICES_AFTER = "SELECT invoice_id FROM invoice WHERE invoice_id > $1 ORDER BY invoice_id LIMIT $2";
    /// For verification: the numbers given out.
    NUMBERS = "SELECT kind, year, last FROM invoice_number WHERE legal_entity = $1 ORDER BY kind, year";
    /// For verification: numbers of invoices that begin like $1, and not like $2.
    COUNT_INVOICES = "SELECT count(*) FROM invoice WHERE number LIKE $1 AND number NOT LIKE $2";
    /// The same of credit notes.
    COUNT_CREDIT_NOTES = "SELECT count(*) FROM credit_note WHERE number LIKE $1 AND number NOT LIKE $2";
    /// For verification: what is summed for a portfolio.
    SUMMED = "
        SELECT period, market, category, pricing_type, tier, unit_micros, quantity, amount_micros, credit_micros
        FROM usage_month WHERE portfolio_id = $1 AND quantity <> 0
        ORDER BY period, market, category, pricing_type, tier, unit_micros";
    /// For verification: the same from the charges, and the corrections that no final invoice came before.
    SUMMED_AGAIN = "
        SELECT c.period, c.market, c.category, c.pricing_type, COALESCE(c.tier, -1),
               c.amount_micros / CASE WHEN COALESCE(p.pulses, 1) > 1 THEN p.pulses ELSE 1 END,
               CAST(sum(c.messages * CASE WHEN COALESCE(p.pulses, 1) > 1 THEN p.pulses ELSE 1 END) AS BIGINT),
               CAST(sum(c.messages * c.amount_micros) AS BIGINT), CAST(sum(c.messages * c.credit_micros) AS BIGINT)
        FROM usage_event e
        JOIN rated c ON c.message_id = e.message_id AND c.portfolio_id = $1 AND c.invoice_id IS NULL
        LEFT JOIN usage_pulses p ON p.message_id = e.message_id
        WHERE e.portfolio_id = $1 AND e.sequence <= $2
        GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(c.messages) <> 0 ORDER BY 1, 2, 3, 4, 5, 6";
    /// For verification: what final invoices say of a portfolio's usage, line by line.
    INVOICED_USAGE = "
        SELECT l.period, l.market, l.category, l.pricing_type, l.tier, l.unit_micros, CAST(sum(l.quantity) AS BIGINT),
               CAST(sum(l.amount_micros) AS BIGINT), CAST(sum(l.credit_micros) AS BIGINT)
        FROM invoice i JOIN invoice_line l ON l.invoice_id = i.invoice_id
        WHERE i.portfolio_id = $1 AND i.number IS NOT NULL AND l.kind = 'usage'
        GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6";
    /// For verification: what the sums say of it.
    MARKED_USAGE = "
        SELECT period, market, category, pricing_type, tier, unit_micros, invoiced_quantity, invoiced_micros,
               invoiced_credit_micros
        FROM usage_month WHERE portfolio_id = $1 AND invoiced_quantity <> 0
        ORDER BY period, market, category, pricing_type, tier, unit_micros";
}

list_statements! {
    /// How far portfolios are summed, locked.
    GATHERED = "SELECT sequence FROM usage_gathered WHERE portfolio_id IN ({list}) {for_update}";
    /// These stand on a final invoice now. What was put there meanwhile waits for the next one.
    INVOICE_ITEMS = "UPDATE invoice_item SET invoice_id = $1 WHERE invoice_id IS NULL AND invoice_item_id IN ({list})
        RETURNING invoice_item_id";
    /// Invoices, locked.
    LOCK_INVOICES = "SELECT invoice_id FROM invoice WHERE invoice_id IN ({list}) ORDER BY invoice_id {for_update}";
    /// The lines of a draft.
    INSERT_LINES = "
        INSERT INTO invoice_line (invoice_id, position, kind, period, market, category, pricing_type, tier,
                                  description, quantity, unit_micros, amount_micros, credit_micros, net_minor,
                                  is_settled)
        VALUES {rows}";
}
