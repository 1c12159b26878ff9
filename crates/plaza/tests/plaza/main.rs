//! The binary, as its users meet it: real processes, sockets, databases.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bad_input;
mod business;
mod cluster;
mod manager;
mod sandbox;
mod server;
mod talk;
