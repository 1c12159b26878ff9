//! # Parameters
//!
//! Query, JSON, form and multipart are one: whatever a client puts where, a handler asks for a member by its name. A
//! body wins over the query. Members of the query and of forms are texts; where an object or a list is wanted, a text
//! that is JSON is as good.

use super::errors::GraphError;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{Method, header};
use futures_util::StreamExt;
use plaza_business::{codes, json};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A file up to here is a parameter too, if it is a text.
const TEXT_FILE_BYTES_MAX: usize = 64 * 1024;
/// Of a body that is too large so much more is read and thrown away: whoever is still writing when the connection
/// closes sees that, and not the answer.
const TOO_LARGE_READ_BYTES: usize = 16 * 1024 * 1024;
/// Members of a form or a query.
const MEMBERS_MAX: usize = 1000;

/// A file of a multipart body.
#[derive(Clone)]
pub(super) struct UploadedFile {
    /// The member that it stands in.
    pub(super) name: String,
    /// What its part says it is.
    pub(super) content_type: Option<String>,
    pub(super) bytes: Bytes,
}

impl std::fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UploadedFile({}, {} bytes)", self.name, self.bytes.len())
    }
}

/// The parameters of a request.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    members: Value,
    files: Vec<UploadedFile>,
    /// Of the body, for repeats.
    has_query_token: bool,
    /// Whether the token came by the query: then the next page's address carries it on.
    pub(super) query_token: Option<String>,
}

/// All of a body.
async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, GraphError> {
    let (mut chunks, mut kept, mut length) = (body.into_data_stream(), Vec::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| {
            GraphError::new(codes::INVALID_PARAMETER).details("the body ended too early".to_owned())
        })?;
        length = length.saturating_add(chunk.len());
        if length <= bytes_max {
            kept.extend_from_slice(&chunk);
        } else if length > bytes_max.saturating_add(TOO_LARGE_READ_BYTES) {
            break;
        }
    }
    if length > bytes_max {
        let what = format!("the body is larger than {bytes_max} bytes");
        return Err(GraphError::new(codes::TOO_LARGE).details(what));
    }
    Ok(kept.into())
}

impl Params {
    pub(super) async fn read(parts: &Parts, body: Body, bytes_max: usize) -> Result<Self, GraphError> {
        let body = whole(body, bytes_max).await?;
        let mut members = Map::new();
        if let Some(query) = parts.uri.query() {
            insert_pairs(&mut members, query.as_bytes());
        }
        let has_query_token = members.contains_key("access_token");
        let mut files = Vec::new();
        insert_body(&mut members, &mut files, parts, body).await?;
        Ok(Self { members: Value::Object(members), files, has_query_token, query_token: None })
    }

    /// The file in the member `name`.
    pub(super) fn file(&self, name: &str) -> Option<&UploadedFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// A fingerprint of all members, wherever they stood: two requests with the same one ask for the same.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(self.members.to_string()).into()
    }

    /// All members.
    pub(super) fn value(&self) -> &Value {
        &self.members
    }

    /// A text, or a number or boolean written as one; an empty text is absent.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        json::text_member(&self.members, name).filter(|text| !text.is_empty())
    }

    /// Like [`Self::text`], but an object or a list in its place is refused, where absence has a meaning of its own.
    pub(super) fn scalar(&self, name: &str) -> Result<Option<String>, GraphError> {
        match json::member(&self.members, name) {
            Some(Value::Object(_) | Value::Array(_)) => {
                Err(GraphError::new(codes::INVALID_PARAMETER).details(format!("{name}: a text is expected")))
            }
            _ => Ok(self.text(name)),
        }
    }

    /// Like [`Self::text`], but it must be there.
    pub(super) fn required(&self, name: &str) -> Result<String, GraphError> {
        self.text(name).ok_or_else(|| {
            GraphError::new(codes::INVALID_PARAMETER).details(format!("the parameter {name} is required"))
        })
    }

    /// A list of words: `a,b`, `["a","b"]` or either as JSON in a text.
    pub(super) fn words(&self, name: &str) -> Vec<String> {
        let items = match json::member(&self.members, name) {
            Some(Value::Array(items)) => items.iter().filter_map(json::text).collect(),
            Some(other) => json::text(other).map(|text| split_words(&text)).unwrap_or_default(),
            None => Vec::new(),
        };
        items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }

    /// A whole number.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, GraphError> {
        let Some(value) = json::member(&self.members, name) else { return Ok(None) };
        json::integer(value).map(Some).ok_or_else(|| {
            GraphError::new(codes::INVALID_PARAMETER).details(format!("{name}: a whole number is expected"))
        })
    }

    /// An object, also as JSON in a text.
    pub(super) fn object(&self, name: &str) -> Option<Value> {
        match json::member(&self.members, name)? {
            Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object),
            value => Some(value.clone()).filter(Value::is_object),
        }
    }

    /// Takes the token out, so that it goes nowhere else.
    pub(super) fn take_token(&mut self) -> Option<String> {
        let token = self.text("access_token");
        if let Some(members) = self.members.as_object_mut() {
            members.remove("access_token");
        }
        self.query_token = token.clone().filter(|_| self.has_query_token);
        token
    }

    /// Takes a member out, so that it goes nowhere else.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let taken = self.text(name);
        if let Some(members) = self.members.as_object_mut() {
            members.remove(name);
        }
        taken
    }

    /// `method=delete`.
    pub(super) fn take_method(&mut self) -> Option<Method> {
        match self.text("method")?.to_ascii_uppercase().as_str() {
            "DELETE" => Some(Method::DELETE),
            "GET" => Some(Method::GET),
            _ => None,
        }
    }
}

fn split_words(text: &str) -> Vec<String> {
    match serde_json::from_str::<Vec<Value>>(text) {
        Ok(items) => items.iter().filter_map(json::text).collect(),
        Err(_) => text.split(',').map(str::to_owned).collect(),
    }
}

fn insert_pairs(members: &mut Map<String, Value>, encoded: &[u8]) {
    for (name, value) in url::form_urlencoded::parse(encoded).take(MEMBERS_MAX) {
        members.insert(name.into_owned(), Value::String(value.into_owned()));
    }
}

async fn insert_body(
    members: &mut Map<String, Value>,
    files: &mut Vec<UploadedFile>,
    parts: &Parts,
    body: Bytes,
) -> Result<(), GraphError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    if kind.starts_with("multipart/form-data") {
        return insert_multipart(members, files, parts, body).await;
    }
    // Some clients send a multipart body under the header of another: its first line is its boundary.
    if let Some(boundary) = boundary(&body) {
        let mut parts = parts.clone();
        if let Ok(kind) = format!("multipart/form-data; boundary={boundary}").parse() {
            parts.headers.insert(header::CONTENT_TYPE, kind);
        }
        return insert_multipart(members, files, &parts, body).await;
    }
    if kind.starts_with("application/x-www-form-urlencoded") {
        insert_pairs(members, &body);
        return Ok(());
    }
    // JSON is JSON whatever the header says: clients forget it.
    let written = match serde_json::from_slice::<Value>(&body) {
        // One client writes its JSON twice: a text that holds the object.
        Ok(Value::String(text)) => serde_json::from_str(&text).or(Ok(Value::Null)),
        written => written,
    };
    match written {
        Ok(Value::Object(body)) => members.extend(body),
        Ok(_) => return Err(invalid_body("the body must be a JSON object")),
        Err(error) => return Err(invalid_body(&format!("the body is not JSON: {error}"))),
    }
    Ok(())
}

/// The boundary of a body that is multipart without saying so.
fn boundary(body: &Bytes) -> Option<String> {
    let line = body.split(|byte| *byte == b'\r').next()?.strip_prefix(b"--")?;
    let is_boundary = (1..=70).contains(&line.len()) && line.iter().all(u8::is_ascii_graphic);
    (is_boundary && !line.contains(&b'"')).then(|| String::from_utf8_lossy(line).into_owned())
}

async fn insert_multipart(
    members: &mut Map<String, Value>,
    files: &mut Vec<UploadedFile>,
    parts: &Parts,
    body: Bytes,
) -> Result<(), GraphError> {
    let mut request = Request::new(Body::from(body));
    *request.headers_mut() = parts.headers.clone();
    let malformed = |_| invalid_body("the multipart body is malformed");
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|_| invalid_body("the multipart body has no boundary"))?;
    while let Some(part) = multipart.next_field().await.map_err(malformed)? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        if members.len().saturating_add(files.len()) >= MEMBERS_MAX {
            continue;
        }
        let content_type = part.content_type().map(str::to_owned);
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.map_err(malformed)?;
        // A file that is a short text is a parameter too: a key, a JSON.
        if (!is_file || bytes.len() <= TEXT_FILE_BYTES_MAX)
            && let Ok(text) = String::from_utf8(bytes.to_vec())
        {
            members.insert(name.clone(), Value::String(text));
        }
        if is_file {
            files.push(UploadedFile { name, content_type, bytes });
        }
    }
    Ok(())
}

fn invalid_body(details: &str) -> GraphError {
    GraphError::new(codes::INVALID_PARAMETER).details(details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request as HttpRequest;
    use plaza_protocol::limits::BODY_BYTES_MAX;
    use serde_json::json;

    async fn read(uri: &str, kind: &str, body: &str) -> Result<Params, GraphError> {
        let request = HttpRequest::builder().method("POST").uri(uri).header(header::CONTENT_TYPE, kind);
        let (parts, body) = request.body(Body::from(body.to_owned())).unwrap().into_parts();
        Params::read(&parts, body, BODY_BYTES_MAX).await
    }

    #[tokio::test]
    async fn the_four_ways_are_one() {
        let multipart = "--x\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\n17\r\n--x--\r\n";
        for (uri, kind, body) in [
            ("/?to=17", "", ""),
            ("/", "application/json", r#"{"to": 17}"#),
            ("/", "application/x-www-form-urlencoded", "to=17"),
            ("/", "multipart/form-data; boundary=x", multipart),
            ("/?to=1", "text/plain", r#" {"to": "17"} "#),
            ("/", "application/json", r#""{\"to\": \"17\"}""#),
        ] {
            assert_eq!(read(uri, kind, body).await.unwrap().text("to").as_deref(), Some("17"), "{kind}");
        }
    }

    #[tokio::test]
    async fn a_file_comes_with_its_type_whatever_the_header_says() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x--\r\n";
        for kind in ["multipart/form-data; boundary=x", "application/json"] {
            let params = read("/", kind, body).await.unwrap();
            let file = params.file("file").unwrap();
            assert_eq!(
                (file.content_type.as_deref(), &file.bytes[..]),
                (Some("text/plain"), &b"hi"[..]),
                "{kind}"
            );
        }
    }

    #[tokio::test]
    async fn members_are_read_with_forgiveness() {
        let params = read("/?fields=id,%20name&limit=5&a=%5B%22x%22,%22y%22%5D", "", "").await.unwrap();
        assert_eq!(params.words("fields"), ["id", "name"]);
        assert_eq!(params.words("a"), ["x", "y"]);
        assert_eq!(params.integer("limit").unwrap(), Some(5));
        assert!(params.integer("fields").is_err());
        let params = read("/", "", r#"{"o": "{\"b\":1}", "n": null, "e": ""}"#).await.unwrap();
        assert_eq!(params.object("o"), Some(json!({"b": 1})));
        assert_eq!((params.text("n"), params.text("e"), params.object("n")), (None, None, None));
        assert!(params.required("n").is_err());
    }

    #[tokio::test]
    async fn bodies_that_cannot_be_are_refused() {
        for (kind, body) in [
            ("application/json", "[1]"),
            ("application/json", "{"),
            ("", "\"x\""),
            ("multipart/form-data", "x"),
        ] {
            let error = read("/", kind, body).await.unwrap_err();
            assert_eq!(error.code().number, 100, "{body}");
        }
        let large = "x".repeat(BODY_BYTES_MAX + 1);
        assert_eq!(read("/", "application/json", &large).await.unwrap_err().code().status, 413);
    }
}
