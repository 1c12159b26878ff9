//! The words of pricing, as they stand in the database and in webhooks.

use plaza_protocol::Timestamp;
use std::fmt;
use std::str::FromStr;

/// A text is not a pricing category.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown category; one of marketing, utility, authentication, authentication_international, service, \
     group_marketing, group_utility, group_service, call is needed"
)]
pub struct UnknownCategory;

/// What is paid for: a message of a kind, which is fixed when it is sent, or a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Templates that advertise.
    Marketing,
    /// Templates about an order, an appointment, an account.
    Utility,
    /// One-time codes.
    Authentication,
    /// One-time codes of a business that is based elsewhere.
    AuthenticationInternational,
    /// Free-form messages inside the customer-service window.
    Service,
    /// [`Self::Marketing`] to a group: a copy for each participant.
    GroupMarketing,
    /// [`Self::Utility`] to a group.
    GroupUtility,
    /// [`Self::Service`] to a group.
    GroupService,
    /// Calls that the business makes, by pulses of six seconds.
    Call,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Marketing,
        Self::Utility,
        Self::Authentication,
        Self::AuthenticationInternational,
        Self::Service,
        Self::GroupMarketing,
        Self::GroupUtility,
        Self::GroupService,
        Self::Call,
    ];
    /// Those of messages.
    pub const MESSAGES: [Self; 8] = [
        Self::Marketing,
        Self::Utility,
        Self::Authentication,
        Self::AuthenticationInternational,
        Self::Service,
        Self::GroupMarketing,
        Self::GroupUtility,
        Self::GroupService,
    ];

    /// The word in the database and in price books.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Utility => "utility",
            Self::Authentication => "authentication",
            Self::AuthenticationInternational => "authentication_international",
            Self::Service => "service",
            Self::GroupMarketing => "group_marketing",
            Self::GroupUtility => "group_utility",
            Self::GroupService => "group_service",
            Self::Call => "call",
        }
    }

    /// What it is when it is said to a group, where nobody authenticates and nobody calls.
    #[must_use]
    pub fn in_group(self) -> Self {
        match self {
            Self::Marketing | Self::GroupMarketing => Self::GroupMarketing,
            Self::Utility | Self::Authentication | Self::AuthenticationInternational | Self::GroupUtility => {
                Self::GroupUtility
            }
            Self::Service | Self::GroupService | Self::Call => Self::GroupService,
        }
    }

    /// What it is when it is said to one person.
    #[must_use]
    pub fn outside_groups(self) -> Self {
        match self {
            Self::GroupMarketing => Self::Marketing,
            Self::GroupUtility => Self::Utility,
            Self::GroupService => Self::Service,
            other => other,
        }
    }

    /// Whether it is a word for what is said to a group.
    pub fn is_of_group(self) -> bool {
        self != self.outside_groups()
    }

    /// The category whose volume of the month a charged message adds to; `None`: its price has no tiers.
    pub(crate) fn accrues_with(self) -> Option<Self> {
        match self {
            Self::Utility | Self::GroupUtility => Some(Self::Utility),
            Self::Authentication | Self::AuthenticationInternational => Some(Self::Authentication),
            Self::Marketing | Self::Service | Self::GroupMarketing | Self::GroupService | Self::Call => None,
        }
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;
    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        Self::ALL.into_iter().find(|category| category.as_str() == text).ok_or(UnknownCategory)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a message was priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PricingType {
    /// By the price book.
    Regular,
    /// Free: a service message, or one inside the customer-service window.
    FreeCustomerService,
    /// Free: the same in a group.
    FreeGroupCustomerService,
    /// Free: the person came by an ad or a page button.
    FreeEntryPoint,
}

impl PricingType {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Regular, Self::FreeCustomerService, Self::FreeGroupCustomerService, Self::FreeEntryPoint];

    /// The word in the database and in webhooks.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::FreeCustomerService => "free_customer_service",
            Self::FreeGroupCustomerService => "free_group_customer_service",
            Self::FreeEntryPoint => "free_entry_point",
        }
    }

    /// What it is called in a group.
    pub(crate) fn in_group(self) -> Self {
        match self {
            Self::FreeCustomerService => Self::FreeGroupCustomerService,
            other => other,
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// The `pricing` object of a status webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pricing {
    /// Whether the business pays for it.
    pub billable: bool,
    /// How it was priced.
    pub pricing_type: PricingType,
    /// What it was for.
    pub category: Category,
}

impl Pricing {
    /// The pricing model of all messages: per message.
    pub const MODEL: &'static str = "PMP";

    pub(crate) fn new(pricing_type: PricingType, category: Category) -> Self {
        Self { billable: pricing_type == PricingType::Regular, pricing_type, category }
    }
}

/// The windows between a phone number and a person as they stand when a message is sent: each with its end, which may
/// come before the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowState {
    /// The customer-service window is open until then.
    pub customer_service_until: Option<Timestamp>,
    /// The free entry point is open until then.
    pub free_entry_point_until: Option<Timestamp>,
}
