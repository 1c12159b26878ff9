//! What a business asks of its groups, read with the forgiveness that clients need.

use crate::codes;
use crate::contacts::{self, Contact};
use crate::json::node::{Node, Refusal};
use crate::json::{list_member, text, text_member};
use crate::management::ManageError;
use crate::media::kinds::MediaKind;
use plaza_protocol::PhoneNumber;
use plaza_protocol::limits::{
    GROUP_DESCRIPTION_CHARACTERS_MAX, GROUP_PARTICIPANTS_MAX, GROUP_PICTURE_BYTES_MAX,
    GROUP_SUBJECT_CHARACTERS_MAX, PAGE_ROWS_MAX,
};
use serde_json::Value;

/// Pixels of a picture's side, at least.
const PICTURE_PIXELS_MIN: u32 = 192;

impl From<Refusal> for ManageError {
    fn from(refusal: Refusal) -> Self {
        match refusal.what {
            Some(what) => Self::invalid(&refusal.member, &what),
            None => {
                let what = format!("the parameter {} is required", refusal.member);
                Self::refused(codes::INVALID_PARAMETER, what)
            }
        }
    }
}

fn require_product(asked: &Value) -> Result<(), ManageError> {
    match text_member(asked, "messaging_product") {
        Some(product) if product.eq_ignore_ascii_case("whatsapp") => Ok(()),
        Some(_) => Err(ManageError::invalid("messaging_product", "\"whatsapp\" is expected")),
        None => Err(crate::json::node::missing("messaging_product").into()),
    }
}

fn subject(root: &Node<'_>) -> Result<String, ManageError> {
    // White space around it does not count.
    let written = root.text("subject", usize::MAX)?;
    let subject = written.trim();
    let characters = subject.chars().count();
    if characters == 0 || characters > GROUP_SUBJECT_CHARACTERS_MAX || subject.chars().any(char::is_control) {
        let what = format!("1 to {GROUP_SUBJECT_CHARACTERS_MAX} characters are expected, all on one line");
        return Err(ManageError::invalid("subject", &what));
    }
    Ok(subject.to_owned())
}

/// A group to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateGroup {
    pub(super) subject: String,
    pub(super) description: String,
    pub(super) is_approval_required: bool,
}

impl CreateGroup {
    /// Reads the parameters of a call.
    pub fn read(asked: &Value) -> Result<Self, ManageError> {
        require_product(asked)?;
        let root = Node::root(asked);
        if !root.has("subject") {
            return Err(crate::json::node::missing("subject").into());
        }
        let is_approval_required = match root.word("join_approval_mode")?.as_str() {
            "" | "auto_approve" => false,
            "approval_required" => true,
            _ => {
                let what = "auto_approve or approval_required is expected";
                return Err(ManageError::invalid("join_approval_mode", what));
            }
        };
        let description = root.text("description", GROUP_DESCRIPTION_CHARACTERS_MAX)?.trim().to_owned();
        Ok(Self { subject: subject(&root)?, description, is_approval_required })
    }
}

/// The picture of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPicture {
    pub(super) mime_type: String,
    pub(super) bytes: Vec<u8>,
}

impl NewPicture {
    /// A file, if it can be one: JPEG or PNG, square, and neither too small nor too large.
    pub fn new(kind: &MediaKind, bytes: Vec<u8>) -> Result<Self, ManageError> {
        if !matches!(kind.mime_type.as_str(), "image/jpeg" | "image/png") {
            return Err(ManageError::invalid("file", "a picture, JPEG or PNG, is expected"));
        }
        if bytes.len() > GROUP_PICTURE_BYTES_MAX {
            let what = format!("at most {GROUP_PICTURE_BYTES_MAX} bytes are allowed");
            return Err(ManageError::invalid("file", &what));
        }
        let (width, height) = (kind.width, kind.height);
        if width.min(height) < PICTURE_PIXELS_MIN {
            let what = format!(
                "file: the picture has {width} × {height} pixels; {PICTURE_PIXELS_MIN} × {PICTURE_PIXELS_MIN} are needed"
            );
            return Err(ManageError::refused(codes::PICTURE_TOO_SMALL, what));
        }
        if width != height {
            let what = format!("file: the picture has {width} × {height} pixels; a square one is expected");
            return Err(ManageError::refused(codes::PICTURE_NOT_SQUARE, what));
        }
        Ok(Self { mime_type: kind.mime_type.clone(), bytes })
    }
}

/// What is to be another thing from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeGroup {
    pub(super) subject: Option<String>,
    pub(super) description: Option<String>,
    pub(super) picture: Option<NewPicture>,
}

impl ChangeGroup {
    /// Reads the parameters of a call, and the picture beside them.
    pub fn read(asked: &Value, picture: Option<NewPicture>) -> Result<Self, ManageError> {
        require_product(asked)?;
        let root = Node::root(asked);
        let subject = root.has("subject").then(|| subject(&root)).transpose()?;
        let description = root.text("description", GROUP_DESCRIPTION_CHARACTERS_MAX)?;
        let description = root.has("description").then(|| description.trim().to_owned());
        if subject.is_none() && description.is_none() && picture.is_none() {
            let what = "subject, description or a picture (file, in a multipart body) is expected";
            return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
        }
        Ok(Self { subject, description, picture })
    }
}

/// Join requests, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requests(pub(super) Vec<String>);

impl Requests {
    /// Reads the parameters of a call.
    pub fn read(asked: &Value) -> Result<Self, ManageError> {
        require_product(asked)?;
        let items = items(asked, "join_requests")?;
        let words = items.iter().map(|item| {
            text(item).ok_or_else(|| ManageError::invalid("join_requests", "a list of texts is expected"))
        });
        let words = words.collect::<Result<Vec<_>, _>>()?;
        within(&words, "join_requests", PAGE_ROWS_MAX)?;
        Ok(Self(words))
    }
}

/// Somebody, as a request names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As it was written.
    pub input: String,
}

impl Person {
    /// Whether this is who is named.
    pub(super) fn is(&self, contact: &Contact) -> bool {
        if contacts::is_user_id(self.input.trim()) {
            return self.input.trim() == contact.user_id;
        }
        self.input.parse::<PhoneNumber>().is_ok_and(|number| number == contact.number)
    }
}

/// People, as they were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People(pub(super) Vec<Person>);

impl People {
    /// Reads the parameters of a call.
    pub fn read(asked: &Value) -> Result<Self, ManageError> {
        require_product(asked)?;
        let expected = "a list of objects with user or user_id is expected";
        let person = |item: &Value| {
            let named = ["user", "wa_id", "user_id"].iter().find_map(|name| text_member(item, name));
            named.or_else(|| text(item)).map(|input| Person { input })
        };
        let items = items(asked, "participants")?;
        let people = items.iter().map(person).collect::<Option<Vec<_>>>();
        let people = people.ok_or_else(|| ManageError::invalid("participants", expected))?;
        within(&people, "participants", GROUP_PARTICIPANTS_MAX)?;
        Ok(Self(people))
    }
}

fn items(asked: &Value, name: &str) -> Result<Vec<Value>, ManageError> {
    match crate::json::member(asked, name) {
        None => Err(crate::json::node::missing(name).into()),
        // A form writes it as a text.
        Some(Value::String(written)) => {
            serde_json::from_str(written).map_err(|_| ManageError::invalid(name, "a list is expected"))
        }
        Some(_) => list_member(asked, name)
            .map(<[Value]>::to_vec)
            .ok_or_else(|| ManageError::invalid(name, "a list is expected")),
    }
}

fn within<T>(items: &[T], name: &str, items_max: usize) -> Result<(), ManageError> {
    if items.is_empty() || items.len() > items_max {
        return Err(ManageError::invalid(name, &format!("1 to {items_max} items are expected")));
    }
    Ok(())
}
