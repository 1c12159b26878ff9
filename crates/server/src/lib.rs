//! plaza-server
