//! plaza-testkit
