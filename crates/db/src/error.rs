//! What can go wrong below the SQL.

use rusqlite::ErrorCode as SqliteCode;
use tokio_postgres::error::SqlState;

/// A failure of the database. Nothing of the transaction was stored.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// SQLite refused.
    #[error("the embedded database refused")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL refused, or the connection broke.
    #[error("the PostgreSQL server refused")]
    Postgres(#[from] tokio_postgres::Error),
    /// A column held another type than was asked for.
    #[error("column {column} of a row is not a {wanted}")]
    Column {
        /// From zero.
        column: usize,
        /// The type that was asked for.
        wanted: &'static str,
    },
    /// The group commit that this transaction was part of failed, for this reason.
    #[error("the commit failed: {0}")]
    Commit(String),
    /// The disk is full; the database goes on once there is room.
    #[error("the disk is full: free some space, then try again")]
    Full,
    /// A sync to the disk failed. Nothing is written any more until a restart has looked at what is there.
    #[error("the database stopped after a failed sync: check the disk, then restart")]
    Stopped,
    /// A migration could not be applied.
    #[error("migration {0} failed")]
    Migration(&'static str, #[source] Box<Self>),
    /// The database was closed, or the transaction's code panicked.
    #[error("the database is closed")]
    Closed,
    /// The address or the file cannot be used.
    #[error("{0}")]
    Open(String),
}

impl DbError {
    /// Whether there was no room, or no permission, to write.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full | Self::Stopped => true,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(SqliteCode::DiskFull | SqliteCode::ReadOnly | SqliteCode::SystemIoFailure)
            ),
            Self::Postgres(error) => {
                matches!(error.code(), Some(&SqlState::DISK_FULL | &SqlState::READ_ONLY_SQL_TRANSACTION))
            }
            _ => false,
        }
    }

    /// Whether a unique column already held the value.
    pub fn is_unique_violation(&self) -> bool {
        match self {
            Self::Sqlite(rusqlite::Error::SqliteFailure(failure, _)) => matches!(
                failure.extended_code,
                rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            ),
            Self::Postgres(error) => error.code() == Some(&SqlState::UNIQUE_VIOLATION),
            _ => false,
        }
    }

    /// Whether the same transaction may succeed at once.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Postgres(error) => matches!(
                error.code(),
                Some(&SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED)
            ),
            _ => false,
        }
    }

    /// Whether the connection is of no more use.
    pub(crate) fn is_disconnect(&self) -> bool {
        match self {
            Self::Postgres(error) => {
                error.is_closed()
                    || matches!(
                        error.code(),
                        Some(
                            &SqlState::ADMIN_SHUTDOWN
                                | &SqlState::CRASH_SHUTDOWN
                                | &SqlState::CANNOT_CONNECT_NOW
                                | &SqlState::TOO_MANY_CONNECTIONS
                        )
                    )
                    || error.code().is_none()
            }
            _ => false,
        }
    }
}
