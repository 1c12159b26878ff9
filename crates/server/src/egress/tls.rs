//! What the client shows and trusts, besides the roots of the public web.

use reqwest::{Certificate, Client, ClientBuilder, Identity};
use std::fmt;

/// A certificate that Plaza shows to endpoints that ask for one (mutual TLS), and authorities of its operator.
#[derive(Clone, Default)]
pub struct Tls {
    identity: Option<Identity>,
    authorities: Vec<Certificate>,
}

/// Certificates or keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There are none.
    #[error("there is no certificate of an authority in it")]
    NoAuthority,
    /// They cannot be read, or the key is not the certificate's.
    #[error("a certificate or key cannot be used")]
    Unusable(#[from] reqwest::Error),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("has_identity", &self.identity.is_some()).finish_non_exhaustive()
    }
}

impl Tls {
    /// From PEM: a certificate with its chain and the key to it, and the certificates of authorities.
    pub fn new(identity: Option<(&[u8], &[u8])>, authorities: Option<&[u8]>) -> Result<Self, TlsError> {
        let pem = identity.map(|(certificate, key)| [key, b"\n", certificate].concat());
        let identity = pem.as_deref().map(Identity::from_pem).transpose()?;
        let authorities = match authorities.map(Certificate::from_pem_bundle).transpose()? {
            None => Vec::new(),
            Some(none) if none.is_empty() => return Err(TlsError::NoAuthority),
            Some(authorities) => authorities,
        };
        let tls = Self { identity, authorities };
        // Whether the key is the certificate's shows here.
        tls.shown_by(Client::builder()).build()?;
        Ok(tls)
    }

    /// A client that trusts these authorities too.
    pub(super) fn trusted_by(&self, client: ClientBuilder) -> ClientBuilder {
        self.authorities.iter().cloned().fold(client, ClientBuilder::add_root_certificate)
    }

    /// The same, which shows the certificate to whoever asks for one.
    pub(super) fn shown_by(&self, client: ClientBuilder) -> ClientBuilder {
        let client = self.trusted_by(client);
        match &self.identity {
            Some(identity) => client.identity(identity.clone()),
            None => client,
        }
    }
}
