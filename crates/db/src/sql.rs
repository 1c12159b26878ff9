//! Statements are constants with a name: the name is what logs and plans show.

/// One SQL statement, portable between the engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sql {
    /// `module::NAME`.
    pub name: &'static str,
    /// The text, with `$1…$n`.
    pub text: &'static str,
}

/// Declares the SQL of a module: a constant per statement, and `STATEMENTS` with all of them for the test that prepares
/// each on both engines.
#[macro_export]
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* pub(crate) const $name: $crate::Sql =
            $crate::Sql { name: concat!(module_path!(), "::", stringify!($name)), text: $text };)*
        /// All statements of this module.
        pub(crate) const STATEMENTS: &[$crate::Sql] = &[$($name),*];
    };
}

/// The parameters of a statement, in the order of `$1…$n`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::Value::from($value)),*] };
}

/// Does it answer?
pub(crate) const PING: Sql = Sql { name: "db::PING", text: "SELECT CAST(1 AS BIGINT)" };

/// The definitions of an SQLite database.
pub(crate) const SCHEMA: Sql = Sql {
    name: "db::SCHEMA",
    text: "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name",
};
