//! plaza-business
