//! What a component may have: a table. A row names the component, the version that brought it, the members that it must
//! have, those that it may have, and how long its texts may be. Texts with references in them are as long as their
//! values: only fixed ones are measured.

/// The greatest number of a version.
pub(super) type Version = (u8, u8);

/// What one type of component may have.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) name: &'static str,
    pub(super) since: Version,
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
    /// Characters of members.
    pub(super) longest: &'static [(&'static str, usize)],
    /// Items of a list member, from and to.
    pub(super) items: Option<(&'static str, usize, usize)>,
    /// How many a screen may have.
    pub(super) most: usize,
    /// Whether a person's answer stands in it: `${form.name}`.
    pub(super) is_input: bool,
}

const fn row(name: &'static str, since: Version) -> Component {
    Component {
        name,
        since,
        required: &[],
        optional: &[],
        longest: &[],
        items: None,
        most: usize::MAX,
        is_input: false,
    }
}

const ANY: Version = (2, 1);
const TEXT: &[&str] = &["text"];
const NAMED: &[&str] = &["name", "label"];
const CHOICE: &[&str] = &["name", "data-source"];

/// All types.
pub(super) const COMPONENTS: &[Component] = &[
    Component { required: TEXT, optional: &["visible"], longest: &[("text", 80)], ..row("TextHeading", ANY) },
    Component {
        required: TEXT,
        optional: &["visible"],
        longest: &[("text", 80)],
        ..row("TextSubheading", ANY)
    },
    Component {
        required: TEXT,
        optional: &["visible", "markdown", "font-weight", "strikethrough"],
        longest: &[("text", 4096)],
        ..row("TextBody", ANY)
    },
    Component {
        required: TEXT,
        optional: &["visible", "markdown", "font-weight", "strikethrough"],
        longest: &[("text", 4096)],
        ..row("TextCaption", ANY)
    },
    Component { required: TEXT, optional: &["visible"], ..row("RichText", (5, 1)) },
    Component {
        required: NAMED,
        optional: &[
            "input-type",
            "label-variant",
            "pattern",
            "required",
            "min-chars",
            "max-chars",
            "helper-text",
            "enabled",
            "visible",
            "init-value",
            "error-message",
        ],
        longest: &[("label", 50), ("helper-text", 80), ("error-message", 30)],
        is_input: true,
        ..row("TextInput", ANY)
    },
    Component {
        required: NAMED,
        optional: &[
            "label-variant",
            "required",
            "max-length",
            "helper-text",
            "enabled",
            "visible",
            "init-value",
            "error-message",
        ],
        longest: &[("label", 50), ("helper-text", 80), ("error-message", 30)],
        is_input: true,
        ..row("TextArea", ANY)
    },
    Component {
        required: CHOICE,
        optional: &[
            "label",
            "description",
            "min-selected-items",
            "max-selected-items",
            "required",
            "visible",
            "enabled",
            "init-value",
            "error-message",
            "media-size",
            "on-select-action",
            "on-unselect-action",
        ],
        longest: &[("label", 30), ("description", 300)],
        items: Some(("data-source", 1, 20)),
        is_input: true,
        ..row("CheckboxGroup", ANY)
    },
    Component {
        required: CHOICE,
        optional: &[
            "label",
            "description",
            "required",
            "visible",
            "enabled",
            "init-value",
            "error-message",
            "media-size",
            "on-select-action",
            "on-unselect-action",
        ],
        longest: &[("label", 30), ("description", 300)],
        items: Some(("data-source", 1, 20)),
        is_input: true,
        ..row("RadioButtonsGroup", ANY)
    },
    Component {
        required: &["name", "label", "data-source"],
        optional: &[
            "required",
            "visible",
            "enabled",
            "init-value",
            "error-message",
            "on-select-action",
            "on-unselect-action",
        ],
        longest: &[("label", 20)],
        items: Some(("data-source", 1, 200)),
        is_input: true,
        ..row("Dropdown", ANY)
    },
    Component {
        required: &["name", "label", "data-source"],
        optional: &[
            "description",
            "min-selected-items",
            "max-selected-items",
            "required",
            "visible",
            "enabled",
            "init-value",
            "error-message",
            "on-select-action",
            "on-unselect-action",
        ],
        longest: &[("label", 80), ("description", 300)],
        items: Some(("data-source", 2, 20)),
        is_input: true,
        ..row("ChipsSelector", (6, 3))
    },
    Component {
        required: &["label", "on-click-action"],
        optional: &["left-caption", "center-caption", "right-caption", "enabled"],
        longest: &[("label", 35), ("left-caption", 15), ("center-caption", 15), ("right-caption", 15)],
        ..row("Footer", ANY)
    },
    Component {
        required: NAMED,
        optional: &[
            "required",
            "visible",
            "init-value",
            "on-click-action",
            "on-select-action",
            "on-unselect-action",
        ],
        longest: &[("label", 120)],
        most: 5,
        is_input: true,
        ..row("OptIn", ANY)
    },
    Component {
        required: &["text", "on-click-action"],
        optional: &["visible"],
        longest: &[("text", 35)],
        most: 2,
        ..row("EmbeddedLink", ANY)
    },
    Component {
        required: &["name", "list-items"],
        optional: &["label", "description", "media-size", "on-click-action", "visible"],
        longest: &[("label", 80), ("description", 300)],
        items: Some(("list-items", 1, 20)),
        most: 2,
        ..row("NavigationList", (6, 2))
    },
    Component {
        required: NAMED,
        optional: &[
            "min-date",
            "max-date",
            "unavailable-dates",
            "helper-text",
            "enabled",
            "required",
            "visible",
            "init-value",
            "error-message",
            "on-select-action",
        ],
        longest: &[("label", 40), ("helper-text", 80), ("error-message", 80)],
        is_input: true,
        ..row("DatePicker", ANY)
    },
    Component {
        required: NAMED,
        optional: &[
            "title",
            "description",
            "mode",
            "min-date",
            "max-date",
            "unavailable-dates",
            "min-days",
            "max-days",
            "include-days",
            "helper-text",
            "enabled",
            "required",
            "visible",
            "init-value",
            "error-message",
            "on-select-action",
        ],
        longest: &[
            ("title", 80),
            ("description", 300),
            ("label", 40),
            ("helper-text", 80),
            ("error-message", 80),
        ],
        is_input: true,
        ..row("CalendarPicker", (6, 1))
    },
    Component {
        required: &["src"],
        optional: &["width", "height", "scale-type", "aspect-ratio", "alt-text", "visible"],
        most: 3,
        ..row("Image", ANY)
    },
    Component {
        required: &["images"],
        optional: &["aspect-ratio", "scale-type", "visible"],
        items: Some(("images", 1, 3)),
        most: 2,
        ..row("ImageCarousel", (7, 1))
    },
    Component {
        required: NAMED,
        optional: &[
            "description",
            "photo-source",
            "max-file-size-kb",
            "min-uploaded-photos",
            "max-uploaded-photos",
            "enabled",
            "visible",
            "error-message",
        ],
        longest: &[("label", 80), ("description", 300)],
        most: 1,
        is_input: true,
        ..row("PhotoPicker", (4, 0))
    },
    Component {
        required: NAMED,
        optional: &[
            "description",
            "max-file-size-kb",
            "min-uploaded-documents",
            "max-uploaded-documents",
            "allowed-mime-types",
            "enabled",
            "visible",
            "error-message",
        ],
        longest: &[("label", 80), ("description", 300)],
        most: 1,
        is_input: true,
        ..row("DocumentPicker", (4, 0))
    },
    Component {
        required: &["name", "children"],
        optional: &["init-values", "error-messages", "visible"],
        ..row("Form", ANY)
    },
    Component { required: &["condition", "then"], optional: &["else"], ..row("If", (4, 0)) },
    Component { required: &["value", "cases"], ..row("Switch", (4, 0)) },
];

/// What a type may have.
pub(super) fn find(name: &str) -> Option<&'static Component> {
    COMPONENTS.iter().find(|component| component.name == name)
}
