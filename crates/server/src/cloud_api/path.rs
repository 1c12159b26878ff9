//! Which paths are of this surface: `/v23.0/123/messages`, `/123/messages/`, `/oauth/access_token`.

use plaza_business::groups;
use plaza_protocol::PortfolioId;

/// A path, without its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// As it was asked for.
    pub(crate) version: Option<String>,
    segments: Vec<String>,
}

/// Segments of a path that are looked at; a longer one is unknown anyway.
const SEGMENTS_MAX: usize = 5;

impl Target {
    pub(crate) fn of(path: &str) -> Self {
        let mut segments =
            path.split('/').filter(|segment| !segment.is_empty()).take(SEGMENTS_MAX + 1).peekable();
        let version = segments.next_if(|first| is_version(first)).map(str::to_owned);
        Self { version, segments: segments.map(str::to_owned).collect() }
    }

    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

/// `v23.0`, `v4`.
fn is_version(segment: &str) -> bool {
    let Some(number) = segment.strip_prefix('v') else { return false };
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    let is_number =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(major) && is_number(minor)
}

/// Whether a path is of this surface: it has a Graph version, or begins with an id or one of Graph's own names.
pub fn claims(path: &str) -> bool {
    let target = Target::of(path);
    let first = target.segments().first().copied().unwrap_or_default();
    // `/v1/…` is Plaza's own surface; Graph's first version had a point in it, and is long gone.
    let has_version =
        target.version.as_deref().is_some_and(|version| version.contains('.') || version.len() > 2);
    let is_id = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    has_version || is_id || is_upload(first) || is_group(first) || super::operations::is_root(first)
}

/// Whether an id is that of a group, as text.
pub(super) fn is_group(id: &str) -> bool {
    groups::parse_id(id).is_some()
}

/// Whether an id is that of an upload session.
pub(super) fn is_upload(id: &str) -> bool {
    id.starts_with("upload:")
}

/// An id as a number: that of a group has one inside its text.
pub(super) fn number(id: &str) -> Option<i64> {
    let number = id.parse::<PortfolioId>().ok().map(|id| id.0);
    number.or_else(|| groups::parse_id(id).map(|group| group.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_slashes_do_not_matter() {
        for path in ["/v23.0/17/messages", "/v99/17/messages/", "/17/messages", "//17//messages/"] {
            assert_eq!(Target::of(path).segments(), ["17", "messages"], "{path}");
            assert!(claims(path), "{path}");
        }
        assert_eq!(Target::of("/v23.0/17").version.as_deref(), Some("v23.0"));
        for path in
            ["/v1/connect", "/v1/registrations", "/chat", "/operator/api/revenue", "/", "/livez", "/vx/17"]
        {
            assert!(!claims(path), "{path}");
        }
        for path in [
            "/v23.0/debug_token",
            "/oauth/access_token",
            "/v19.0/unknown",
            "/signups/17",
            "/upload:a",
            "/cGxhemFfZ3JvdXA6MTc/invite_link",
        ] {
            assert!(claims(path), "{path}");
        }
    }
}
