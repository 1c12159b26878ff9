//! # The client on a machine
//!
//! The client core ([`plaza_client`]) with what a machine has: a SQLite file for its rows, a WebSocket to the server,
//! HTTP for the registration. The command line, the people of the demo, the tests and the load generator are made of
//! it.
//!
//! - [`Home`] is a directory that one process owns at a time: the rows of one device.
//! - [`register`] makes a device known to a server.
//! - [`Client`] runs a device: connects, and connects again, until it is closed.

mod client;
mod files;
mod home;
mod registration;
mod store;
mod transport;

pub use client::{Client, ClientError, Options, Update};
pub use files::FilesError;
pub use home::{Heard, Home, HomeError, MachineClock};
pub use registration::{RegisterError, Registrar, register};
pub use store::SqliteStore;
pub use transport::{TransportError, connect_url};
