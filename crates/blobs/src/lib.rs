//! # Blobs
//!
//! Encrypted files beside the database: what messages carry as attachments. A blob has an id and bytes that nobody here
//! can read; it never changes, and it is gone when it is deleted. Blobs lie in a folder, or in a bucket of any
//! S3-compatible store, which several servers share.
//!
//! What the store says is durable, is: a file and its folder are synced before `put` returns.
//!
//! > **Architecture invariant:** whoever puts a blob writes its row afterwards. A blob without a row is rubbish of a
//! > crash; a row without a blob does not exist.

#![deny(missing_docs, clippy::expect_used, clippy::panic)]

mod http;

pub use bytes::Bytes;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{ObjectStore, ObjectStoreExt as _};
use plaza_protocol::Secret;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Where blobs lie.
#[derive(Debug, Clone)]
pub enum BlobPlace {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

/// A bucket of an S3-compatible store.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The store's address, `https://…`; `None`: Amazon's.
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: String,
    /// Who asks.
    pub access_key_id: String,
    /// Proves it.
    pub secret_access_key: Secret<String>,
}

/// A blob could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[error("the store of files")]
pub struct BlobError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        Self(Box::new(error))
    }
}

/// The store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

impl Blobs {
    /// Opens the store; a folder is made if there is none.
    pub fn open(place: &BlobPlace) -> Result<Self, BlobError> {
        let store: Arc<dyn ObjectStore> = match place {
            BlobPlace::Folder(folder) => Arc::new(folder_store(folder)?),
            BlobPlace::Bucket(bucket) => {
                let builder = AmazonS3Builder::new()
                    .with_bucket_name(&bucket.name)
                    .with_region(&bucket.region)
                    .with_access_key_id(&bucket.access_key_id)
                    .with_secret_access_key(&bucket.secret_access_key.0)
                    .with_http_connector(http::Connector);
                let builder = match &bucket.endpoint {
                    Some(endpoint) => {
                        builder.with_allow_http(endpoint.starts_with("http://")).with_endpoint(endpoint)
                    }
                    None => builder,
                };
                Arc::new(builder.build()?)
            }
        };
        Ok(Self { store })
    }

    /// Stores a blob. The same one twice is stored once.
    pub async fn put(&self, id: Uuid, bytes: Bytes) -> Result<(), BlobError> {
        self.store.put(&key(id), bytes.into()).await?;
        Ok(())
    }

    /// Reads a blob; `None` if there is none.
    pub async fn get(&self, id: Uuid) -> Result<Option<Bytes>, BlobError> {
        match self.store.get(&key(id)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a blob, if it is there.
    pub async fn delete(&self, id: Uuid) -> Result<(), BlobError> {
        match self.store.delete(&key(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn folder_store(folder: &Path) -> Result<LocalFileSystem, BlobError> {
    std::fs::create_dir_all(folder).map_err(|error| BlobError(Box::new(error)))?;
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))
}

/// Blobs are spread over 256 folders, by the first byte of their random ids.
fn key(id: Uuid) -> Key {
    let [first, ..] = id.into_bytes();
    Key::from(format!("{first:02x}/{}", id.simple()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_comes_back_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&BlobPlace::Folder(folder.path().join("blobs"))).unwrap();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        blobs.put(one, Bytes::from_static(b"sealed")).await.unwrap();
        blobs.put(one, Bytes::from_static(b"sealed")).await.unwrap();
        assert_eq!(blobs.get(one).await.unwrap().as_deref(), Some(&b"sealed"[..]));
        assert_eq!(blobs.get(other).await.unwrap(), None);
        blobs.delete(one).await.unwrap();
        blobs.delete(one).await.unwrap();
        assert_eq!(blobs.get(one).await.unwrap(), None);
    }

    #[test]
    fn a_bucket_needs_no_network_to_be_opened() {
        let bucket = Bucket {
            name: "plaza".into(),
            endpoint: Some("http://127.0.0.1:9".into()),
            region: "eu-central-1".into(),
            access_key_id: "id".into(),
            secret_access_key: Secret("s3cr3t".into()),
        };
        let opened = Blobs::open(&BlobPlace::Bucket(bucket)).unwrap();
        assert!(!format!("{opened:?}").contains("s3cr3t"));
    }
}
