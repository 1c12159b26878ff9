//! Figures for Prometheus: numbers of things, never who or what.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Mutex;

/// What the server counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    sockets: Gauge,
    messages: Counter,
    acknowledgements: Counter,
    batches: Counter,
    business_messages: Counter,
    requests: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("plaza");
        let metrics = Self {
            sockets: Gauge::default(),
            messages: Counter::default(),
            acknowledgements: Counter::default(),
            batches: Counter::default(),
            business_messages: Counter::default(),
            requests: Counter::default(),
            registry: Mutex::default(),
        };
        registry.register("sockets", "Connected devices", metrics.sockets.clone());
        registry.register("messages", "Messages of people that were stored", metrics.messages.clone());
        registry.register(
            "acknowledgements",
            "Acknowledgements of devices",
            metrics.acknowledgements.clone(),
        );
        registry.register("relay_batches", "Transactions of the relay", metrics.batches.clone());
        registry.register(
            "business_messages",
            "Messages that businesses sent",
            metrics.business_messages.clone(),
        );
        registry.register("http_requests", "HTTP requests", metrics.requests.clone());
        Self { registry: Mutex::new(registry), ..metrics }
    }

    pub(crate) fn connected(&self, change: i64) {
        self.sockets.inc_by(change);
    }

    pub(crate) fn relay_batch(&self, sends: usize, acknowledgements: usize) {
        self.messages.inc_by(sends as u64);
        self.acknowledgements.inc_by(acknowledgements as u64);
        self.batches.inc();
    }

    pub(crate) fn business_message(&self) {
        self.business_messages.inc();
    }

    pub(crate) fn request(&self) {
        self.requests.inc();
    }

    /// The text that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if encode(&mut text, &registry).is_err() {
            text.clear();
        }
        text
    }
}
