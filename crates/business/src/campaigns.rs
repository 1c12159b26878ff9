//! # Which campaign a message belongs to
//!
//! Costs are summed, and may be capped, by campaign. A send names its campaign in the tag that the Cloud API lets it carry:
//! a `biz_opaque_callback_data` that begins with `campaign:` names one, up to a semicolon; what follows is the business's own,
//! and all of it comes back in the statuses. Without such a tag the campaign is the template, by its name, in all languages.
//! A tag of any other form means nothing here: many businesses put an order's number into it, and a campaign of one message
//! would tell them nothing.

use std::sync::Arc;

/// What a tag that names a campaign begins with.
const TAG: &str = "campaign:";
/// Ends the name in the tag.
const END: char = ';';

/// The campaign of a message with a template, a tag, both or neither.
pub(crate) fn of(template: Option<&str>, tag: Option<&str>) -> Option<Arc<str>> {
    tag.and_then(named).or(template).map(Arc::from)
}

/// The campaign that a tag names.
fn named(tag: &str) -> Option<&str> {
    let name = tag.strip_prefix(TAG)?.split(END).next()?.trim();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_tag_names_the_campaign_and_otherwise_the_template_does() {
        let campaign = |template, tag| of(template, tag).map(|name| name.to_string());
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(campaign(Some("spring_offer"), None), some("spring_offer"));
        assert_eq!(campaign(Some("spring_offer"), Some("order-17")), some("spring_offer"));
        assert_eq!(campaign(Some("spring_offer"), Some("campaign:Spring 2026")), some("Spring 2026"));
        assert_eq!(campaign(None, Some("campaign: spring ;order-17")), some("spring"));
        assert_eq!(campaign(Some("spring_offer"), Some("campaign:;order-17")), some("spring_offer"));
        assert_eq!(campaign(None, Some("order-17")), None);
        assert_eq!(campaign(None, None), None);
    }
}
