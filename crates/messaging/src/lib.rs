//! plaza-messaging
