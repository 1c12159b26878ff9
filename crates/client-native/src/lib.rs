//! plaza-client-native
