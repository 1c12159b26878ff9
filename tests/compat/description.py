"""The published description of the interface, with its errors corrected.

`fixtures/business-messaging-api_v23.0.json` is Meta's own OpenAPI file (MIT; its licence stands beside it), made smaller:
without descriptions, headers and examples of answers. It is wrong in places. Each correction stands in CORRECTIONS as
a change and its reason, so that nothing is forgiven silently.
"""

import copy
import dataclasses
import json
import pathlib
import re

import jsonschema

HERE = pathlib.Path(__file__).parent
METHODS = ("get", "post", "delete")


@dataclasses.dataclass(frozen=True)
class Correction:
    """A JSON pointer into the description, what is merged in there (RFC 7386), and why."""

    at: str
    change: dict
    reason: str


def _schema(name: str, change: dict, reason: str) -> Correction:
    return Correction(f"/components/schemas/{name}", change, reason)


SWITCH = {"enum": ["ENABLED", "DISABLED"]}
UPPER_CASE = "settings are written in upper case, in the documentation and by the clients that read them"
AN_EDGE = "an edge among the fields is a list like any other: {data, paging}"
STATUSES = [
    "PENDING",
    "CONNECTED",
    "DISCONNECTED",
    "MIGRATED",
    "BANNED",
    "RESTRICTED",
    "FLAGGED",
    "RATE_LIMITED",
    "DELETED",
    "UNVERIFIED",
    "UNKNOWN",
]
DIALLED = {"pattern": r"^\+[1-9]\d{1,14}$"}
CORRECTIONS: tuple[Correction, ...] = (
    Correction(
        "/paths/~1{Version}~1{Media-ID}/get/responses/200/content/application~1json/schema/properties/file_size",
        {"type": ["integer", "string"]},
        "it is a number of bytes; clients read numbers and texts",
    ),
    Correction(
        "/paths/~1{Version}~1{Business-ID}/get/responses/200/content/application~1json/schema/properties/timezone_id",
        {"type": "string"},
        "the numbers of zones are a list of Meta's own; here a zone has its name",
    ),
    Correction(
        "/paths/~1{Version}~1{Phone-Number-ID}~1message_qrdls~1{QR-Code-ID}/get/responses/200/content/application~1json/schema",
        {
            "$ref": None,
            "type": "object",
            "required": ["data"],
            "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/QrCodeResponse"}}},
        },
        "one code comes in a list, as the documentation shows it and clients read it",
    ),
    Correction(
        "/paths/~1{Version}~1{group_id}~1invite_link/delete/responses/200/content/application~1json/schema/properties/success",
        {"type": "boolean"},
        "success is true or false everywhere",
    ),
    _schema(
        "WhatsAppBusinessProfileResponse",
        {
            "properties": {
                "data": {"items": {"$ref": "#/components/schemas/WhatsAppBusinessProfile", "properties": None}}
            }
        },
        "the profile is the item itself; clients find nothing below a member business_profile",
    ),
    Correction(
        "/paths/~1{Version}~1{Phone-Number-ID}~1calls/post/responses/200/content/application~1json/schema",
        {
            "oneOf": None,
            "anyOf": [
                {"$ref": "#/components/schemas/CallResponsePayload"},
                {"$ref": "#/components/schemas/CallTerminateResponsePayload"},
            ],
        },
        "neither requires anything, so that every answer fits both",
    ),
    _schema("CallingSettingsResponse", {"required": ["status"]}, "no client is told addresses of servers here"),
    _schema(
        "CallingSettingsResponse",
        {
            "properties": {
                "status": SWITCH,
                "call_icon_visibility": {"enum": ["DEFAULT", "DISABLE_ALL"]},
                "callback_permission_status": SWITCH,
            }
        },
        UPPER_CASE,
    ),
    _schema("SipSettingsResponse", {"properties": {"status": SWITCH}}, UPPER_CASE),
    _schema("VideoSettingsResponse", {"properties": {"status": SWITCH}}, UPPER_CASE),
    _schema("PayloadEncryptionSettingsResponse", {"properties": {"status": SWITCH}}, UPPER_CASE),
    _schema(
        "StorageConfigurationSettingsResponse",
        {
            "properties": {
                "status": {
                    "enum": [
                        "DEFAULT",
                        "IN_COUNTRY_STORAGE_ENABLED",
                        "IN_COUNTRY_STORAGE_DISABLED",
                        "NO_STORAGE_ENABLED",
                    ]
                }
            }
        },
        UPPER_CASE,
    ),
    _schema(
        "CallPermissionCheckResponsePayload",
        {"properties": {"permission": {"properties": {"status": {"enum": ["no_permission", "temporary", "permanent"]}}}}},
        "the documentation and the clients know no_permission, temporary and permanent",
    ),
    _schema(
        "CustomerCareDetails",
        {"properties": {"mobile_number": DIALLED, "landline_number": DIALLED}},
        "the patterns were escaped twice: no number matches them",
    ),
    _schema(
        "WhatsAppBusinessAppealStatus",
        {"enum": ["NONE", "PENDING", "APPROVED", "REJECTED", "UNDER_REVIEW", "EXPIRED", "CANCELLED"]},
        "a number that never applied has a status too",
    ),
    _schema(
        "GrievanceOfficerDetails",
        {"properties": {"mobile_number": DIALLED, "landline_number": DIALLED}},
        "the patterns were escaped twice: no number matches them",
    ),
    _schema(
        "BusinessVerificationStatus",
        {"enum": ["verified", "not_verified", "pending", "rejected"]},
        "clients know it in lower case",
    ),
    _schema(
        "WhatsAppCodeVerificationStatus",
        {"enum": ["VERIFIED", "NOT_VERIFIED", "EXPIRED", "PENDING"]},
        "what clients know is NOT_VERIFIED",
    ),
    _schema(
        "PhoneNumberInfo",
        {"properties": {"code_verification_status": {"$ref": "#/components/schemas/WhatsAppCodeVerificationStatus"}}},
        "one and the same member has one and the same words",
    ),
    _schema(
        "WhatsAppPhoneNumberQualityRating",
        {"enum": ["GREEN", "YELLOW", "RED", "UNKNOWN"]},
        "what clients know is UNKNOWN; NA stands nowhere else",
    ),
    _schema(
        "PhoneNumberInfo",
        {"properties": {"quality_rating": {"$ref": "#/components/schemas/WhatsAppPhoneNumberQualityRating"}}},
        "one and the same member has one and the same words",
    ),
    _schema("WhatsAppPhoneNumberStatus", {"enum": STATUSES}, "LINKED and UNLINKED are the words of another list"),
    _schema("WhatsAppAccountNumberStatus", {"enum": STATUSES}, "one and the same member has one and the same words"),
    _schema(
        "WhatsAppBusinessAccount",
        {
            "properties": {
                edge: {"type": "object", "items": None, "required": ["data"]}
                for edge in ("subscribed_apps", "phone_numbers", "schedules", "message_templates")
            }
        },
        AN_EDGE,
    ),
)


@dataclasses.dataclass(frozen=True)
class Operation:
    method: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.path.removeprefix('/{Version}')}"

    def __str__(self) -> str:
        return self.name


def merged(target, change):
    """RFC 7386: null takes a member away."""
    if not isinstance(change, dict):
        return change
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in change.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value)
    return target


def corrected(document: dict) -> dict:
    document = copy.deepcopy(document)
    for correction in CORRECTIONS:
        words = [word.replace("~1", "/").replace("~0", "~") for word in correction.at.split("/")[1:]]
        place = document
        for word in words[:-1]:
            place = place[int(word) if isinstance(place, list) else word]
        last = int(words[-1]) if isinstance(place, list) else words[-1]
        place[last] = merged(place[last], correction.change)
    return document


PUBLISHED = json.loads((HERE / "fixtures/business-messaging-api_v23.0.json").read_text())
DOCUMENT = corrected(PUBLISHED)
# The codes of the interface, as documentation and clients name them; beside them two that clients only see.
ERROR_CODES = {int(code) for code in (HERE / "fixtures/error_codes.txt").read_text().split()}
ERROR_CODES |= {
    15,  # a method that wants the app's own token
    2200,  # a callback that did not answer the handshake
}


def operations() -> list[Operation]:
    return [Operation(method, path) for path, item in DOCUMENT["paths"].items() for method in METHODS if method in item]


def described(operation: Operation) -> dict:
    return DOCUMENT["paths"][operation.path][operation.method]


def resolved(item: dict) -> dict:
    """What a reference points to."""
    while "$ref" in item:
        target = DOCUMENT
        for word in item["$ref"].removeprefix("#/").split("/"):
            target = target[word.replace("~1", "/").replace("~0", "~")]
        item = target
    return item


def examples(operation: Operation) -> dict[str, tuple[str, dict]]:
    """The examples of a request by name: their media type and value."""
    found = {}
    for kind, media in described(operation).get("requestBody", {}).get("content", {}).items():
        named = media.get("examples") or ({"example": {"value": media["example"]}} if "example" in media else {})
        found |= {name: (kind, example["value"]) for name, example in named.items()}
    return found


def parameters(operation: Operation) -> list[dict]:
    own = described(operation).get("parameters", [])
    shared = DOCUMENT["paths"][operation.path].get("parameters", [])
    return [resolved(parameter) for parameter in [*shared, *own]]


def problems(operation: Operation, status: int, body) -> list[str]:
    """What is wrong with an answer; empty if it is as described.

    An error is judged by the description of errors as clients know it: the file describes them a dozen times over, with
    different members each.
    """
    if status >= 400:
        return error_problems(status, body)
    responses = described(operation)["responses"]
    if str(status) not in responses:
        return [f"the status {status} is not described"]
    media = resolved(responses[str(status)]).get("content", {}).get("application/json", {})
    if "schema" not in media:
        return []
    return schema_problems(media["schema"], body)


FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_moment(value) -> bool:
    """As RFC 3339 writes it, or as Graph does, without the colon in the zone."""
    return not isinstance(value, str) or bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", value)
    )


@FORMATS.checks("uri")
def _is_address(value) -> bool:
    return not isinstance(value, str) or bool(re.match(r"[a-z][a-z0-9+.-]*:[^\s]+$", value))


def schema_problems(schema: dict, value) -> list[str]:
    schema = {"components": DOCUMENT["components"], "allOf": [schema]}
    validator = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    leaves = [leaf for error in validator.iter_errors(value) for leaf in _leaves(error)]
    return sorted(f"{leaf.json_path}: {leaf.message[:300]}" for leaf in leaves)


def _leaves(error):
    if not error.context:
        return [error]
    return [leaf for cause in error.context for leaf in _leaves(cause)]


ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "code", "fbtrace_id"],
            "properties": {
                "message": {"type": "string", "minLength": 1},
                "type": {"enum": ["OAuthException", "GraphMethodException"]},
                "code": {"type": "integer"},
                "error_subcode": {"type": "integer"},
                "fbtrace_id": {"type": "string", "minLength": 1},
                "is_transient": {"type": "boolean"},
                "error_data": {
                    "type": "object",
                    "required": ["messaging_product", "details"],
                    "properties": {"messaging_product": {"const": "whatsapp"}, "details": {"type": "string"}},
                },
            },
        }
    },
}


def error_problems(status: int, body) -> list[str]:
    """What is wrong with an answer that refuses."""
    found = schema_problems(ERROR, body)
    if found:
        return found
    code = body["error"]["code"]
    if code not in ERROR_CODES:
        return [f"the code {code} is not known"]
    if status >= 500 and status != 503:
        return [f"the status {status} says that the server is at fault: {body}"]
    return []


# What stands in an address here, and in docs/cloud-api.md.
PLACEHOLDERS = {
    "Application-ID": "app-id",
    "Business-ID": "business-id",
    "Flow-ID": "flow-id",
    "Media-ID": "media-id",
    "Message-History-ID": "message-history-id",
    "Migration-Intent-ID": "migration-intent-id",
    "OBO-Mobility-Intent-ID": "mobility-intent-id",
    "Phone-Number-ID": "phone-number-id",
    "Pre-Verified-Phone-Number-ID": "preverified-number-id",
    "QR-Code-ID": "code",
    "Solution-ID": "solution-id",
    "TEMPLATE_ID": "template-id",
    "User-ID": "user-id",
    "WABA-Bot-ID": "bot-id",
    "WABA-ID": "waba-id",
    "WhatsApp-Account-Number-ID": "phone-number-id",
    "WhatsApp-Business-Account-ID": "waba-id",
    "WhatsApp-Business-Profile-ID": "business-profile-id",
    "group_id": "group-id",
    # An address of a file is what its look-up says; here it lies below the file.
    "Media-URL": "media-id}/download/{key",
}


def state(operation: Operation) -> str:
    """How far the operation goes by docs/cloud-api.md: done, differs, refused or planned."""
    address = re.sub(r"\{([^}]*)\}", lambda found: f"{{{PLACEHOLDERS[found[1]]}}}", operation.name)
    return STATES[address.replace(" /{media-id}}", " /{media-id}")]


def _states() -> dict[str, str]:
    text = (HERE.parents[1] / "docs/cloud-api.md").read_text()
    return dict(re.findall(r"^\| `([A-Z]+ [^`]*)` \| \w+ \| [\w ]+ \| (\w+)", text, re.MULTILINE))


STATES = _states()
