//! plaza-db
