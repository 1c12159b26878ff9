//! plaza-client
