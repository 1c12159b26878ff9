//! The binary, as its users meet it: real processes, sockets, databases.

mod bad_input;
mod business;
mod cluster;
mod server;
mod talk;
