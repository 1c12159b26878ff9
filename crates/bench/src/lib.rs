//! plaza-bench
