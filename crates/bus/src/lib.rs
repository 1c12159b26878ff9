//! plaza-bus
