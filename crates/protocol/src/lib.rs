//! # What crosses a border
//!
//! Everything that travels between a client and a server, between two crates, or into a database column has its type
//! here: typed ids, times, money, phone numbers, limits, error codes, the wire frames of `plaza.v1` and the content of
//! a message. A change in this crate is a change of a promise; the shapes are held by snapshot tests.
//!
//! The crate does no I/O and compiles to WebAssembly. Time and randomness are *passed in* through [`Ctx`]: nothing here
//! or in the domain crates asks the machine.

pub mod content;
mod ctx;
mod error;
mod ids;
pub mod limits;
mod money;
pub mod native;
mod phone;
mod time;
mod wake;
pub mod webp;
pub mod wire;
mod words;

pub use ctx::{Actor, Clock, Ctx, Ids, ManualClock, RandomIds, SeededIds};
pub use error::ErrorCode;
pub use ids::*;
pub use money::{Currency, Micros, UnknownCurrency};
pub use phone::{InvalidPhoneNumber, PhoneNumber};
pub use time::Timestamp;
pub use wake::Wake;

/// A value that must not reach a log: its `Debug` prints dots.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(pub T);

impl<T> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Prints an error with its causes, for the one place that logs it. (An error's own text never holds its source.)
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
