//! plaza-client-web
