//! # A sandbox that repeats itself
//!
//! With `--seed-ids` two runs give the same ids for the same calls. One sequence of ids would not do: housekeeping,
//! sockets and webhooks draw from it too, in an order that nobody knows. So each request has a sequence of its own,
//! which follows from the seed, its method and address, and how often that address was called before; what comes of a
//! person's message follows from the message's id in the same way ([`Ctx::following`]).
//!
//! In every other server nothing of this happens: all ids come from the operating system.

use axum::http::{Method, Uri};
use plaza_protocol::Ctx;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Addresses that are counted one by one; what comes after them is counted together.
const ADDRESSES_MAX: usize = 100_000;

tokio::task_local! {
    /// What the handlers of a request draw ids from. Set only where ids repeat.
    static REQUEST: Ctx;
}

/// The context that the request's handlers begin with: its own where ids repeat, else the server's.
pub(crate) fn of_this_request(server: &Ctx) -> Ctx {
    REQUEST.try_with(Clone::clone).unwrap_or_else(|_| server.clone())
}

/// How often each address was called.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<String, u64>>);

impl Requests {
    /// Answers a request with a sequence of ids of its own.
    pub(crate) async fn answer<T>(
        &self,
        server: &Ctx,
        (method, address): &(Method, Uri),
        answer: impl Future<Output = T>,
    ) -> T {
        let cause = self.count(format!("{method} {address}"));
        REQUEST.scope(server.following(cause), answer).await
    }

    fn count(&self, address: String) -> String {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = counts.len() < ADDRESSES_MAX || counts.contains_key(&address);
        let address = if is_known { address } else { "elsewhere".to_owned() };
        let count = counts.entry(address.clone()).or_default();
        *count = count.saturating_add(1);
        format!("{count} {address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_again_is_another_request() {
        let requests = Requests::default();
        let count = |address: &str| requests.count(address.to_owned());
        assert_eq!([count("GET /a"), count("GET /b"), count("GET /a")], ["1 GET /a", "1 GET /b", "2 GET /a"]);
    }
}
