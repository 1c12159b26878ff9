//! What the two sides of a call say to each other until their media flows, and how it ended.
//!
//! A call is named by the message that offers it. The media itself goes from peer to peer (WebRTC): a session
//! description (SDP, RFC 8866) travels in the offer and one in the answer, encrypted like any message. Only
//! [`CallEnded`] stands in the timeline; everything else is of the moment, and means nothing to a device that does not
//! know the call.

use super::message_id;
use crate::DeviceId;
use prost::{Message, Oneof};
use serde::Serialize;

/// A signal of a call.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct Call {
    /// The message that offered the call; empty in the offer itself.
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "message_id")]
    pub call_id: Vec<u8>,
    #[prost(oneof = "signal::Signal", tags = "2, 3, 4, 5, 6, 7, 8")]
    #[serde(flatten)]
    pub signal: Option<signal::Signal>,
}

/// The kinds of signal.
pub mod signal {
    use super::{
        CallAccepted, CallAlive, CallAnswer, CallEnded, CallHangUp, CallOffer, CallRinging, Oneof, Serialize,
    };

    /// One of them.
    #[derive(Clone, PartialEq, Oneof, Serialize)]
    #[serde(tag = "signal", rename_all = "snake_case")]
    pub enum Signal {
        /// Somebody calls.
        #[prost(message, tag = "2")]
        Offer(CallOffer),
        /// It rings at a device.
        #[prost(message, tag = "3")]
        Ringing(CallRinging),
        /// The session description of who is called.
        #[prost(message, tag = "4")]
        Answer(CallAnswer),
        /// The call is picked up.
        #[prost(message, tag = "5")]
        Accepted(CallAccepted),
        /// A person ends it, or does not want it.
        #[prost(message, tag = "6")]
        HangUp(CallHangUp),
        /// The call is going on.
        #[prost(message, tag = "7")]
        Alive(CallAlive),
        /// It is over.
        #[prost(message, tag = "8")]
        Ended(CallEnded),
    }
}

impl Call {
    /// A signal of a call that is known by the message that offered it.
    pub fn about(call: crate::MessageId, signal: signal::Signal) -> Self {
        Self { call_id: call.as_bytes().to_vec(), signal: Some(signal) }
    }

    /// Whether it stands in the timeline.
    pub fn is_item(&self) -> bool {
        matches!(self.signal, Some(signal::Signal::Ended(_)))
    }

    pub(super) fn summary(&self) -> String {
        match &self.signal {
            Some(signal::Signal::Ended(ended)) if ended.is_missed() => "Missed voice call".to_owned(),
            _ => "Voice call".to_owned(),
        }
    }
}

/// Somebody calls. All devices of who is called ring, for a minute at most.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallOffer {
    /// The session description of the calling side, with its candidates.
    #[prost(string, tag = "1")]
    pub sdp: String,
    /// What stood on the button that the person pressed, if the business gave it something to remember.
    #[prost(string, tag = "2")]
    pub payload: String,
}

/// A device has told its person.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallRinging {}

/// The session description of who is called.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallAnswer {
    #[prost(string, tag = "1")]
    pub sdp: String,
    /// The media may connect already; nobody has picked up yet.
    #[prost(bool, tag = "2")]
    pub is_early: bool,
}

/// The call is picked up. Of several devices that answered this one has it; the others stop.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallAccepted {
    /// The person's device.
    #[prost(bytes = "vec", tag = "1")]
    #[serde(serialize_with = "device_id")]
    pub device_id: Vec<u8>,
}

/// A person ends a call, or does not want it.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallHangUp {
    #[prost(enumeration = "HangUpReason", tag = "1")]
    #[serde(serialize_with = "hang_up_reason")]
    pub reason: i32,
}

/// Why a person's side ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum HangUpReason {
    /// The person pressed the button.
    Person = 0,
    /// The person is in another call.
    Busy = 1,
    /// The media did not connect, or broke.
    Media = 2,
}

impl HangUpReason {
    /// The word in views.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Busy => "busy",
            Self::Media => "media",
        }
    }
}

/// The call is going on: said by the person's device in regular intervals. Where it stays away, the call is lost.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallAlive {}

/// A call is over.
#[derive(Clone, PartialEq, Message, Serialize)]
pub struct CallEnded {
    #[prost(enumeration = "CallOutcome", tag = "1")]
    #[serde(serialize_with = "outcome")]
    pub outcome: i32,
    /// From picking up to the end; 0: nobody picked up.
    #[prost(int64, tag = "2")]
    pub seconds: i64,
    /// The person called; otherwise the business did.
    #[prost(bool, tag = "3")]
    pub is_from_person: bool,
}

impl CallEnded {
    /// Whether the person did not get a call that was for them.
    pub fn is_missed(&self) -> bool {
        !self.is_from_person && self.seconds == 0 && self.outcome() != CallOutcome::Declined
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum CallOutcome {
    /// Never sent.
    Unknown = 0,
    /// The two have spoken, and one has hung up.
    Completed = 1,
    /// Nobody picked up in time.
    Unanswered = 2,
    /// Who was called did not want it.
    Declined = 3,
    /// Who called gave up.
    Cancelled = 4,
    /// Who was called is in another call.
    Busy = 5,
    /// One side was not heard of any more.
    Lost = 6,
    /// The business takes no calls, or none now.
    Closed = 7,
    /// It could not be put through.
    Failed = 8,
}

impl CallOutcome {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Unknown,
        Self::Completed,
        Self::Unanswered,
        Self::Declined,
        Self::Cancelled,
        Self::Busy,
        Self::Lost,
        Self::Closed,
        Self::Failed,
    ];

    /// The word in the database and in views.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Completed => "completed",
            Self::Unanswered => "unanswered",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::Busy => "busy",
            Self::Lost => "lost",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }
}

fn outcome<S: serde::Serializer>(number: &i32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(CallOutcome::try_from(*number).unwrap_or(CallOutcome::Unknown).as_str())
}

fn hang_up_reason<S: serde::Serializer>(number: &i32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(HangUpReason::try_from(*number).unwrap_or(HangUpReason::Person).as_str())
}

fn device_id<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    match DeviceId::from_slice(bytes) {
        Ok(id) => serializer.collect_str(&id),
        Err(_) => serializer.serialize_str(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_nobody_took_is_missed_by_the_person_only() {
        let ended = |outcome: CallOutcome, seconds, is_from_person| CallEnded {
            outcome: outcome.into(),
            seconds,
            is_from_person,
        };
        assert!(ended(CallOutcome::Unanswered, 0, false).is_missed());
        assert!(ended(CallOutcome::Cancelled, 0, false).is_missed());
        assert!(!ended(CallOutcome::Declined, 0, false).is_missed());
        assert!(!ended(CallOutcome::Completed, 9, false).is_missed());
        assert!(!ended(CallOutcome::Unanswered, 0, true).is_missed());
    }

    #[test]
    fn views_have_words() {
        let ended = CallEnded { outcome: CallOutcome::Completed.into(), seconds: 75, is_from_person: true };
        let call = Call::about(crate::MessageId(uuid::Uuid::from_u128(7)), signal::Signal::Ended(ended));
        let json = serde_json::to_string(&super::super::Body::Call(call)).unwrap();
        let expected = r#"{"kind":"call","call_id":"msg_00000000000000000000000000000007","signal":"ended","outcome":"completed","seconds":75,"is_from_person":true}"#;
        assert_eq!(json, expected);
    }
}
