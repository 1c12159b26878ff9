//! Files and forms of messages over HTTP.

use plaza_client::files::{BlobRequest, Upload};
use plaza_protocol::limits::ATTACHMENT_BYTES_MAX;
use serde_json::Value;

/// A file could not be sent or fetched.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// The server could not be reached.
    #[error("the server could not be reached")]
    Http(#[from] reqwest::Error),
    /// The server refused.
    #[error("the server does not take or give the file: {0}")]
    Refused(u16),
    /// The server refused, and said why.
    #[error("{0}")]
    Told(String),
    /// It is larger than any file may be.
    #[error("the server's answer is larger than a file may be")]
    TooLarge,
}

fn refusal(status: reqwest::StatusCode, answer: &Value) -> FilesError {
    match answer.get("detail").and_then(Value::as_str) {
        Some(detail) => FilesError::Told(detail.to_owned()),
        None => FilesError::Refused(status.as_u16()),
    }
}

/// Carries blobs to and from a server.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    http: reqwest::Client,
    url: String,
}

impl Files {
    pub(crate) fn new(url: &str) -> Self {
        Self { http: reqwest::Client::new(), url: url.trim_end_matches('/').to_owned() }
    }

    pub(crate) async fn upload(&self, upload: &Upload) -> Result<(), FilesError> {
        self.put(&upload.request, upload.blob.clone()).await
    }

    pub(crate) async fn put(&self, request: &BlobRequest, blob: Vec<u8>) -> Result<(), FilesError> {
        let put = self.http.put(format!("{}{}", self.url, request.path)).bearer_auth(&request.token);
        let status = put.body(blob).send().await?.status();
        if status.is_success() { Ok(()) } else { Err(FilesError::Refused(status.as_u16())) }
    }

    /// Posts JSON; the answer, or why the server refused.
    pub(crate) async fn post(&self, request: &BlobRequest, body: &Value) -> Result<Value, FilesError> {
        let asked = self.http.post(format!("{}{}", self.url, request.path)).bearer_auth(&request.token);
        let response = asked.json(body).send().await?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        Err(refusal(status, &answer))
    }

    pub(crate) async fn download(&self, request: &BlobRequest) -> Result<Vec<u8>, FilesError> {
        let asked = self.http.get(format!("{}{}", self.url, request.path)).bearer_auth(&request.token);
        let mut response = asked.send().await?;
        let status = response.status();
        if !status.is_success() {
            return Err(refusal(status, &response.json().await.unwrap_or_default()));
        }
        let mut blob = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if blob.len().saturating_add(chunk.len()) > ATTACHMENT_BYTES_MAX {
                return Err(FilesError::TooLarge);
            }
            blob.extend_from_slice(&chunk);
        }
        Ok(blob)
    }
}
