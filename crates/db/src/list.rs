//! # Statements over lists
//!
//! A batch reads and writes with a few statements, however many rows it has. Neither engine takes a list as one
//! portable parameter, so a [`ListSql`] is a text with a mark, of which a handful of sizes exist:
//!
//! - `{list}` in `WHERE id IN ({list})` becomes 1, 16, 128 or 1024 placeholders. A shorter list is filled up with its
//!   last value, which an `IN` does not notice.
//! - `{rows}` in `INSERT … VALUES {rows}` becomes that many rows of placeholders on PostgreSQL, where each statement is
//!   a message; SQLite runs a prepared single row in a loop, which costs it less than parsing a long text.
//! - `{for_update}` locks the rows on PostgreSQL; SQLite has a single writer and nothing to lock against.
//!
//! The texts that come of it are made once each and kept for the life of the process: there are as many as there are
//! list statements, times the sizes.

use crate::{DbError, Dialect, Row, Sql, Tx, Value};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Placeholders of a list, in rising order.
const LIST_SIZES: [usize; 4] = [1, 16, 128, 1024];
/// Rows of one INSERT on PostgreSQL, in falling order.
const ROW_SIZES: [usize; 2] = [128, 16];

/// A statement over a list: `{list}` or `{rows}`, and perhaps `{for_update}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListSql {
    /// `module::NAME`.
    pub name: &'static str,
    /// The text with its marks.
    pub text: &'static str,
}

/// Declares the list statements of a module: a constant for each, and `LIST_STATEMENTS` with all of them.
#[macro_export]
macro_rules! list_statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: $crate::ListSql =
            $crate::ListSql { name: concat!(module_path!(), "::", stringify!($name)), text: $text };)*
        /// All list statements of this module.
        pub(crate) const LIST_STATEMENTS: &[$crate::ListSql] = &[$($name),*];
    };
}

type Texts = HashMap<(&'static str, Dialect, usize), &'static str>;

/// The expanded texts.
static TEXTS: LazyLock<Mutex<Texts>> = LazyLock::new(Mutex::default);

impl ListSql {
    /// The statement for `size` keys after `before` other parameters, or for `size` rows of `width` columns.
    fn expand(self, dialect: Dialect, size: usize, before: usize, width: usize) -> Sql {
        let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts.entry((self.text, dialect, size)).or_insert_with(|| {
            let text = self
                .text
                .replace("{list}", &placeholders(before, size))
                .replace("{rows}", &rows(size, width))
                .replace("{for_update}", if dialect == Dialect::Postgres { "FOR UPDATE" } else { "" });
            Box::leak(text.into_boxed_str())
        });
        Sql { name: self.name, text }
    }

    /// One of the statements that this becomes, for the test that prepares each. `width`: the columns of a row.
    pub fn sample(self, dialect: Dialect, before: usize, width: usize) -> Sql {
        self.expand(dialect, 1, before, width)
    }
}

fn placeholders(before: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 6);
    for at in before + 1..=before + count {
        let comma = if at == before + 1 { "" } else { ", " };
        let _ = write!(text, "{comma}${at}");
    }
    text
}

fn rows(count: usize, width: usize) -> String {
    (0..count).map(|row| format!("({})", placeholders(row * width, width))).collect::<Vec<_>>().join(", ")
}

impl Tx {
    /// The rows for all keys of a list; `before` are the parameters in front of the list. Sort the keys if the
    /// statement locks, so that every transaction locks in the same order.
    pub async fn query_list(
        &mut self,
        sql: ListSql,
        before: &[Value],
        keys: &[Value],
    ) -> Result<Vec<Row>, DbError> {
        let mut answer = Vec::new();
        for chunk in keys.chunks(LIST_SIZES[LIST_SIZES.len() - 1]) {
            let size = LIST_SIZES.into_iter().find(|size| *size >= chunk.len()).unwrap_or(chunk.len());
            let mut parameters = before.to_vec();
            parameters.extend_from_slice(chunk);
            if let Some(last) = chunk.last() {
                parameters.resize(before.len() + size, last.clone());
            }
            let statement = sql.expand(self.dialect(), size, before.len(), 0);
            answer.append(&mut self.query(statement, parameters).await?);
        }
        Ok(answer)
    }

    /// Inserts rows of the same width; the answer is the number of rows changed.
    pub async fn insert_rows(&mut self, sql: ListSql, mut rows: Vec<Vec<Value>>) -> Result<u64, DbError> {
        let Some(width) = rows.first().map(Vec::len) else { return Ok(0) };
        let mut changed = 0;
        if self.dialect() == Dialect::Postgres {
            for size in ROW_SIZES {
                while rows.len() >= size {
                    let parameters = rows.drain(..size).flatten().collect();
                    let statement = sql.expand(self.dialect(), size, 0, width);
                    changed += self.execute(statement, parameters).await?;
                }
            }
        }
        changed += self.execute_many(sql.expand(self.dialect(), 1, 0, width), rows).await?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_placeholders() {
        const FIND: ListSql = ListSql {
            name: "test::FIND",
            text: "SELECT x FROM t WHERE y = $1 AND x IN ({list}) {for_update}",
        };
        let sql = FIND.expand(Dialect::Postgres, 3, 1, 0);
        assert_eq!(sql.text, "SELECT x FROM t WHERE y = $1 AND x IN ($2, $3, $4) FOR UPDATE");
        const ADD: ListSql = ListSql { name: "test::ADD", text: "INSERT INTO t (x, y) VALUES {rows}" };
        assert_eq!(
            ADD.expand(Dialect::Sqlite, 2, 0, 2).text,
            "INSERT INTO t (x, y) VALUES ($1, $2), ($3, $4)"
        );
    }
}
