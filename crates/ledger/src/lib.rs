//! plaza-ledger
