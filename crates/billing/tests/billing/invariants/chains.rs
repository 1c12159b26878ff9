//! 11: The hash chains verify. Each is computed again from its rows, in the order and with the bytes that the ledger's
//! and billing's chapters promise; and whoever changes any column of any row of them is found.

use super::*;
use crate::tampering::Found;
use plaza_db::{Row, Sql};
use sha2::{Digest as _, Sha256};

const fn sql(text: &'static str) -> Sql {
    Sql { name: "test::CHAINS", text }
}
const ENDS: Sql = sql("SELECT ledger_account_id, hash FROM ledger_account ORDER BY ledger_account_id");
const ENTRIES: Sql = sql("
    SELECT e.ledger_account_id, e.version, e.posted, e.held, e.at, t.transfer_id, t.kind, t.debit, t.credit, t.amount,
           t.hold_id, t.expires_at
    FROM ledger_entry e JOIN ledger_transfer t ON t.transfer_id = e.transfer_id ORDER BY e.ledger_account_id, e.version");
const FLOORS: Sql = sql("
    SELECT ledger_account_id, number, change_id, floor, after_version, at, hash FROM ledger_floor
    ORDER BY ledger_account_id, number");
const EVENT_ENDS: Sql = sql("SELECT portfolio_id, usage_hash FROM billing_portfolio ORDER BY portfolio_id");
const EVENTS: Sql = sql("
    SELECT e.portfolio_id, e.hash, e.message_id, e.waba_id, e.phone_number_id, e.destination, e.category, e.template,
           e.sent_at, e.customer_service_until, e.free_entry_point_until, e.max_price, e.held, e.sequence,
           e.delivered_at, p.pulses
    FROM usage_event e LEFT JOIN usage_pulses p ON p.message_id = e.message_id ORDER BY e.portfolio_id, e.sequence");

type Hash = Vec<u8>;

fn number(row: &Row, column: usize) -> [u8; 8] {
    row.get::<i64>(column).unwrap().to_be_bytes()
}

fn uuid(row: &Row, column: usize) -> uuid::Uuid {
    row.get(column).unwrap()
}

/// The link that an entry adds to its account's chain.
fn entry_link(before: &[u8], row: &Row) -> Hash {
    let hold: Option<uuid::Uuid> = row.get(10).unwrap();
    let mut hash = Sha256::new();
    hash.update(before);
    (1..=4).for_each(|column| hash.update(number(row, column)));
    hash.update(uuid(row, 5));
    hash.update(row.get::<String>(6).unwrap());
    hash.update(uuid(row, 7));
    hash.update(uuid(row, 8));
    hash.update(number(row, 9));
    hash.update(hold.unwrap_or(uuid(row, 5)));
    hash.update(row.get::<Option<i64>>(11).unwrap().unwrap_or(0).to_be_bytes());
    hash.finalize().to_vec()
}

fn floor_link(before: &[u8], row: &Row) -> Hash {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(uuid(row, 0));
    hash.update(number(row, 1));
    hash.update(uuid(row, 2));
    (3..=5).for_each(|column| hash.update(number(row, column)));
    hash.finalize().to_vec()
}

fn event_link(before: &[u8], row: &Row) -> Hash {
    let maybe = |column| row.get::<Option<i64>>(column).unwrap().unwrap_or(i64::MIN).to_be_bytes();
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(uuid(row, 2));
    [0, 3, 4].into_iter().for_each(|column| hash.update(number(row, column)));
    let texts: (String, String) = (row.get(5).unwrap(), row.get(6).unwrap());
    hash.update(format!("{}\0{}\0", texts.0, texts.1));
    hash.update([u8::from(row.get::<bool>(7).unwrap())]);
    hash.update(number(row, 8));
    (9..=11).for_each(|column| hash.update(maybe(column)));
    (12..=14).for_each(|column| hash.update(number(row, column)));
    if let Some(pulses) = row.get::<Option<i64>>(15).unwrap() {
        hash.update(pulses.to_be_bytes());
    }
    hash.finalize().to_vec()
}

/// Columns that are chained and that no constraint guards.
const CHANGES: [(&str, &[&str]); 4] = [
    ("ledger_entry", &["posted", "held", "at"]),
    ("ledger_transfer", &["amount", "at"]),
    ("ledger_floor", &["floor", "after_version", "at"]),
    ("usage_event", &["waba_id", "phone_number_id", "sent_at", "delivered_at", "held"]),
];

impl World {
    async fn rows(&self, sql: Sql) -> Vec<Row> {
        let read = async move |_: &Ctx, tx: &mut Tx| tx.query(sql, vec![]).await;
        self.db.read(&self.ctx, "test.rows", read).await.unwrap()
    }

    /// Every chain ends where it must; so the digest that covers the ledger's is the one that verification tells.
    pub(super) async fn eleven_the_chains_verify(&self) {
        let mut ends: BTreeMap<uuid::Uuid, Hash> = BTreeMap::new();
        for row in self.rows(ENTRIES).await {
            let end = ends.entry(uuid(&row, 0)).or_insert_with(|| vec![0; 32]);
            *end = entry_link(end, &row);
        }
        let mut floors: BTreeMap<uuid::Uuid, Hash> = BTreeMap::new();
        for row in self.rows(FLOORS).await {
            let end = floors.entry(uuid(&row, 0)).or_insert_with(|| vec![0; 32]);
            *end = floor_link(end, &row);
            assert_eq!(*end, row.get::<Hash>(6).unwrap(), "a floor's link");
        }
        let mut digest = Sha256::new();
        for row in self.rows(ENDS).await {
            let account = uuid(&row, 0);
            let end = ends.remove(&account).unwrap_or_else(|| vec![0; 32]);
            assert_eq!(end, row.get::<Hash>(1).unwrap(), "the end of an account's chain");
            digest.update(account);
            digest.update(&end);
            floors.remove(&account).inspect(|end| digest.update(end));
        }
        assert!(ends.is_empty() && floors.is_empty(), "chains of no account");
        let mut events: BTreeMap<i64, Hash> = BTreeMap::new();
        for row in self.rows(EVENTS).await {
            let end = events.entry(row.get(0).unwrap()).or_insert_with(|| vec![0; 32]);
            *end = event_link(end, &row);
            assert_eq!(*end, row.get::<Hash>(1).unwrap(), "a usage event's link");
        }
        for row in self.rows(EVENT_ENDS).await {
            let end = events.remove(&row.get::<i64>(0).unwrap()).unwrap_or_else(|| vec![0; 32]);
            assert_eq!(end, row.get::<Hash>(1).unwrap(), "the end of a portfolio's usage events");
        }
        assert!(events.is_empty());
        let found = self.assert_sound().await;
        let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found.digest, digest);
    }

    /// Somebody changes one column of one row that is chained, by chance: verification finds it, every time.
    pub(super) async fn eleven_no_link_can_be_changed(&self, dice: &mut Dice) {
        for (table, columns) in CHANGES {
            let count = self.rows(sql(format!("SELECT count(*) FROM {table}").leak())).await;
            let rows: i64 = count[0].get(0).unwrap();
            if rows == 0 {
                continue;
            }
            let column = dice.pick(columns);
            let nth = dice.below(rows.unsigned_abs());
            let key = match table {
                "ledger_transfer" => ["transfer_id", "transfer_id"],
                "usage_event" => ["portfolio_id", "sequence"],
                "ledger_floor" => ["ledger_account_id", "number"],
                _ => ["ledger_account_id", "version"],
            };
            let by = dice.pick(&[1_i64, 1_000_000]);
            let text = format!(
                "UPDATE {table} SET {column} = {column} + {by} WHERE ({0}, {1}) =
                 (SELECT {0}, {1} FROM {table} ORDER BY {0}, {1} LIMIT 1 OFFSET {nth})",
                key[0], key[1]
            );
            self.is_noticed(text.leak()).await;
        }
    }

    /// A change is found, and taken back.
    async fn is_noticed(&self, text: &'static str) {
        let prices = Prices::default();
        let tamper = async move |ctx: &Ctx, tx: &mut Tx| {
            assert_eq!(tx.execute(sql(text), vec![]).await?, 1, "{text}");
            Err::<(), _>(Found(plaza_billing::verify(ctx, tx, &prices).await?.differences))
        };
        let found = self.db.transact(&self.ctx, "test.tamper", tamper).await.unwrap_err();
        assert!(!found.0.is_empty(), "{:?}: nobody noticed {text}", self.db);
    }
}
