//! Enums that stand as words in the database, in files and in answers.

/// Makes enums whose variants are words: `ALL`, `as_str` and `parse`.
///
/// ```
/// plaza_protocol::words! {
///     /// How long a payment lasts.
///     Term {
///         /// A month.
///         Month = "month",
///         /// A year.
///         Year = "year",
///     }
/// }
/// assert_eq!(Term::parse("year"), Some(Term::Year));
/// assert_eq!(Term::Month.as_str(), "month");
/// ```
#[macro_export]
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$each])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in the database, in files and in answers.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// Reads the word.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|each| each.as_str() == text)
            }
        }
    )*};
}
