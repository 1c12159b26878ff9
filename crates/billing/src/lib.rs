//! plaza-billing
