//! Message ids as the Cloud API shows them: `wamid.` and base64. Inside are the sixteen bytes of the message id, and no
//! phone number.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plaza_protocol::BusinessMessageId;

/// Shows an id.
pub fn format(id: BusinessMessageId) -> String {
    format!("wamid.{}", URL_SAFE_NO_PAD.encode(id.as_bytes()))
}

/// Reads an id. Padding, which some clients add, is ignored.
pub fn parse(text: &str) -> Option<BusinessMessageId> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix("wamid.")?.trim_end_matches('=')).ok()?;
    BusinessMessageId::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back() {
        let (ctx, _) = plaza_db::testing::ctx();
        let id: BusinessMessageId = ctx.ordered_id();
        let text = format(id);
        assert_eq!(text.len(), 6 + 22);
        assert_eq!(parse(&text), Some(id));
        assert_eq!(parse(&format!("{text}==")), Some(id));
        for text in
            ["", "wamid.", "wamid.x", "wamid.HBgLMTU1NTAwMDExMTEVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA", "msg_1"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
