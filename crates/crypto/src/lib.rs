//! plaza-crypto
