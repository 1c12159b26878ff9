//! The rows. One line is one operation; who asks for an address gets what stands here and nothing else.

use super::{Needs, On, Operation, Reading, Source, State};
use crate::cloud_api::errors::GraphError;
use crate::cloud_api::{Answer, Call};
use crate::cloud_api::{flows, media, messages, phone_numbers, subscriptions, templates, tokens, wabas};
use axum::http::Method;
use plaza_business::apps::Scope;
use plaza_business::portfolios::NodeKind;

const ROOT: On = On::Root;
const BUSINESS: On = On::Node(NodeKind::Portfolio);
const WABA: On = On::Node(NodeKind::Waba);
const PHONE: On = On::Node(NodeKind::PhoneNumber);
const PROFILE: On = On::Node(NodeKind::BusinessProfile);
const BOT: On = On::Node(NodeKind::Bot);
const APP: On = On::Node(NodeKind::App);
const TEMPLATE: On = On::Node(NodeKind::Template);
const FLOW: On = On::Node(NodeKind::Flow);
const MEDIA: On = On::Node(NodeKind::Media);
const GROUP: On = On::Node(NodeKind::Group);
const PREVERIFIED: On = On::Node(NodeKind::PreverifiedNumber);
const USER: On = On::Node(NodeKind::User);
const SOLUTION: On = On::Node(NodeKind::Solution);
const MIGRATION: On = On::Node(NodeKind::MigrationIntent);
const MOBILITY: On = On::Node(NodeKind::MobilityIntent);
const HISTORY: On = On::Node(NodeKind::MessageHistory);
const UPLOAD: On = On::Node(NodeKind::UploadSession);
const CATALOG: On = On::Node(NodeKind::Catalog);

/// The published description has it.
const SPEC: Source = Source::OpenApi;
/// Clients in the field use it.
const SEEN: Source = Source::Clients;

const NOTHING: Needs = Needs::Nothing;
const TOKEN: Needs = Needs::Token;
const SENDING: Needs = Needs::Scope(Scope::Messaging);
const MANAGING: Needs = Needs::Scope(Scope::Management);

const DONE: State = State::Done;
const PLANNED: State = State::Planned;

const fn differs(how: &'static str) -> State {
    State::Differs(how)
}

const fn refused(why: &'static str) -> State {
    State::Refused(why)
}

/// A row whose body is for the handler to read has the word `stream` behind its permission.
macro_rules! operations {
    (@reading) => { Reading::Parameters };
    (@reading stream) => { Reading::Stream };
    ($($method:ident $on:ident $edge:literal $source:ident $needs:ident $($reading:ident)?, $state:expr => $run:path;)*) => {
        pub(super) static OPERATIONS: &[Operation] = &[$(Operation {
            method: Method::$method,
            on: $on,
            edge: $edge,
            source: $source,
            needs: $needs,
            reading: operations!(@reading $($reading)?),
            state: $state,
            run: |call| Box::pin(async move { $run(call).await.map(Answer::from) }),
        }),*];
    };
}

/// What is known and not here yet, and what makes no sense here.
async fn no(call: Call) -> Result<Answer, GraphError> {
    Err(GraphError::not_offered(call.operation))
}

operations! {
    GET    ROOT     "oauth/access_token"          SEEN NOTHING,  DONE => tokens::exchange;
    GET    ROOT     "debug_token"                 SEEN TOKEN,    DONE => tokens::debug;
    GET    ROOT     "message_template_library"    SEEN MANAGING, PLANNED => no;
    GET    ROOT     "signups/{signup}"            SEEN MANAGING, PLANNED => no;
    POST   ROOT     "signups/{signup}"            SEEN MANAGING, PLANNED => no;
    POST   ROOT     "whatsapp/webhooks"           SPEC TOKEN,    refused("it is the receiver's side: your server offers it, and Plaza calls it") => no;

    GET    BUSINESS ""                                  SPEC MANAGING, PLANNED => no;
    GET    BUSINESS "owned_whatsapp_business_accounts"  SPEC MANAGING, PLANNED => no;
    GET    BUSINESS "client_whatsapp_business_accounts" SPEC MANAGING, PLANNED => no;
    POST   BUSINESS "add_phone_numbers"                 SPEC MANAGING, PLANNED => no;
    GET    BUSINESS "preverified_numbers"               SPEC MANAGING, PLANNED => no;
    POST   BUSINESS "share_preverified_numbers"         SPEC MANAGING, PLANNED => no;
    GET    BUSINESS "extendedcredits"                   SPEC MANAGING, PLANNED => no;
    POST   BUSINESS "onboard_partners_to_mm_lite"       SPEC MANAGING, PLANNED => no;
    GET    BUSINESS "owned_product_catalogs"            SEEN MANAGING, PLANNED => no;
    POST   BUSINESS "owned_product_catalogs"            SEEN MANAGING, PLANNED => no;

    GET    WABA     ""                            SPEC TOKEN,    DONE => wabas::get;
    POST   WABA     ""                            SPEC MANAGING, PLANNED => no;
    GET    WABA     "phone_numbers"               SPEC MANAGING, DONE => phone_numbers::list;
    POST   WABA     "phone_numbers"               SPEC MANAGING, PLANNED => no;
    GET    WABA     "activities"                  SPEC MANAGING, PLANNED => no;
    GET    WABA     "assigned_users"              SPEC MANAGING, PLANNED => no;
    POST   WABA     "assigned_users"              SPEC MANAGING, PLANNED => no;
    DELETE WABA     "assigned_users"              SPEC MANAGING, PLANNED => no;
    GET    WABA     "schedules"                   SPEC MANAGING, PLANNED => no;
    POST   WABA     "schedules"                   SPEC MANAGING, PLANNED => no;
    GET    WABA     "subscribed_apps"             SPEC MANAGING, DONE => subscriptions::waba_list;
    POST   WABA     "subscribed_apps"             SPEC MANAGING, DONE => subscriptions::waba_subscribe;
    DELETE WABA     "subscribed_apps"             SPEC MANAGING, DONE => subscriptions::waba_unsubscribe;
    GET    WABA     "solutions"                   SPEC MANAGING, PLANNED => no;
    GET    WABA     "in_progress_onbehalf_request" SPEC MANAGING, PLANNED => no;
    POST   WABA     "obo_mobility_intent"         SPEC MANAGING, PLANNED => no;
    POST   WABA     "set_obo_mobility_intent"     SPEC MANAGING, PLANNED => no;
    POST   WABA     "set_solution_migration_intent" SPEC MANAGING, PLANNED => no;
    GET    WABA     "message_templates"           SPEC MANAGING, DONE => templates::list;
    POST   WABA     "message_templates"           SPEC MANAGING, DONE => templates::create;
    DELETE WABA     "message_templates"           SPEC MANAGING, DONE => templates::delete;
    POST   WABA     "message_templates/archive"   SEEN MANAGING, PLANNED => no;
    POST   WABA     "message_templates/unarchive" SEEN MANAGING, PLANNED => no;
    GET    WABA     "message_template_previews"   SEEN MANAGING, PLANNED => no;
    POST   WABA     "upsert_message_templates"    SEEN MANAGING, PLANNED => no;
    POST   WABA     "migrate_message_templates"   SEEN MANAGING, PLANNED => no;
    GET    WABA     "flows"                       SPEC MANAGING, DONE => flows::list;
    POST   WABA     "flows"                       SPEC MANAGING, DONE => flows::create;
    POST   WABA     "migrate_flows"               SPEC MANAGING, DONE => flows::migrate;
    GET    WABA     "template_analytics"          SEEN MANAGING, PLANNED => no;
    GET    WABA     "template_group_analytics"    SEEN MANAGING, PLANNED => no;
    GET    WABA     "group_analytics"             SEEN MANAGING, PLANNED => no;
    GET    WABA     "signups"                     SEEN MANAGING, PLANNED => no;
    POST   WABA     "signups"                     SEEN MANAGING, PLANNED => no;
    GET    WABA     "payment_configurations"      SEEN MANAGING, PLANNED => no;
    POST   WABA     "payment_configuration"       SEEN MANAGING, PLANNED => no;
    DELETE WABA     "payment_configuration"       SEEN MANAGING, PLANNED => no;
    GET    WABA     "payment_configuration/{name}" SEEN MANAGING, PLANNED => no;
    POST   WABA     "payment_configuration/{name}" SEEN MANAGING, PLANNED => no;
    DELETE WABA     "payment_configuration/{name}" SEEN MANAGING, PLANNED => no;
    POST   WABA     "generate_payment_configuration_oauth_link" SEEN MANAGING, PLANNED => no;
    GET    WABA     "welcome_message_sequences"   SEEN MANAGING, PLANNED => no;
    POST   WABA     "welcome_message_sequences"   SEEN MANAGING, PLANNED => no;
    DELETE WABA     "welcome_message_sequences"   SEEN MANAGING, PLANNED => no;
    GET    WABA     "product_catalogs"            SEEN MANAGING, PLANNED => no;
    POST   WABA     "product_catalogs"            SEEN MANAGING, PLANNED => no;
    DELETE WABA     "product_catalogs"            SEEN MANAGING, PLANNED => no;

    GET    PHONE    ""                            SPEC TOKEN,    DONE => phone_numbers::get;
    POST   PHONE    ""                            SPEC MANAGING, differs("only the callback can be set") => phone_numbers::configure;
    POST   PHONE    "messages"                    SPEC SENDING,  DONE => messages::post;
    POST   PHONE    "marketing_messages"          SPEC SENDING,  PLANNED => no;
    POST   PHONE    "messages_encrypted"          SPEC SENDING,  PLANNED => no;
    POST   PHONE    "media"                       SPEC SENDING stream, DONE => media::upload;
    POST   PHONE    "register"                    SPEC MANAGING, differs("the PIN is not kept") => phone_numbers::register;
    POST   PHONE    "deregister"                  SPEC MANAGING, DONE => phone_numbers::deregister;
    POST   PHONE    "request_code"                SPEC MANAGING, PLANNED => no;
    POST   PHONE    "verify_code"                 SPEC MANAGING, PLANNED => no;
    GET    PHONE    "settings"                    SPEC MANAGING, PLANNED => no;
    POST   PHONE    "settings"                    SPEC MANAGING, PLANNED => no;
    GET    PHONE    "whatsapp_business_profile"   SPEC TOKEN,    PLANNED => no;
    POST   PHONE    "whatsapp_business_profile"   SPEC MANAGING, PLANNED => no;
    GET    PHONE    "whatsapp_commerce_settings"  SPEC MANAGING, PLANNED => no;
    POST   PHONE    "whatsapp_commerce_settings"  SPEC MANAGING, PLANNED => no;
    GET    PHONE    "whatsapp_business_encryption" SPEC MANAGING, PLANNED => no;
    POST   PHONE    "whatsapp_business_encryption" SPEC MANAGING, PLANNED => no;
    GET    PHONE    "business_compliance_info"    SPEC MANAGING, PLANNED => no;
    POST   PHONE    "business_compliance_info"    SPEC MANAGING, PLANNED => no;
    GET    PHONE    "official_business_account"   SPEC MANAGING, PLANNED => no;
    POST   PHONE    "official_business_account"   SPEC MANAGING, PLANNED => no;
    POST   PHONE    "conversational_automation"   SPEC MANAGING, PLANNED => no;
    GET    PHONE    "message_qrdls"               SPEC MANAGING, PLANNED => no;
    POST   PHONE    "message_qrdls"               SPEC MANAGING, PLANNED => no;
    GET    PHONE    "message_qrdls/{code}"        SPEC MANAGING, PLANNED => no;
    DELETE PHONE    "message_qrdls/{code}"        SPEC MANAGING, PLANNED => no;
    GET    PHONE    "block_users"                 SPEC SENDING,  PLANNED => no;
    POST   PHONE    "block_users"                 SPEC SENDING,  PLANNED => no;
    DELETE PHONE    "block_users"                 SPEC SENDING,  PLANNED => no;
    GET    PHONE    "message_history"             SPEC MANAGING, PLANNED => no;
    GET    PHONE    "call_permissions"            SPEC SENDING,  PLANNED => no;
    POST   PHONE    "calls"                       SPEC SENDING,  PLANNED => no;
    GET    PHONE    "groups"                      SPEC SENDING,  PLANNED => no;
    POST   PHONE    "groups"                      SPEC SENDING,  PLANNED => no;
    GET    PHONE    "username"                    SEEN MANAGING, PLANNED => no;
    POST   PHONE    "username"                    SEEN MANAGING, PLANNED => no;
    DELETE PHONE    "username"                    SEEN MANAGING, PLANNED => no;
    GET    PHONE    "username_suggestions"        SEEN MANAGING, PLANNED => no;
    GET    PHONE    "payments/{configuration}/{reference}" SEEN SENDING, PLANNED => no;
    POST   PHONE    "payments_refund"             SEEN SENDING,  PLANNED => no;
    POST   PHONE    "smb_app_data"                SEEN MANAGING, PLANNED => no;

    GET    PROFILE  ""                            SPEC TOKEN,    PLANNED => no;
    POST   PROFILE  ""                            SPEC MANAGING, PLANNED => no;
    GET    BOT      ""                            SPEC TOKEN,    PLANNED => no;

    GET    APP      "connected_client_businesses" SPEC MANAGING, PLANNED => no;
    POST   APP      "whatsapp_business_solution"  SPEC MANAGING, PLANNED => no;
    GET    APP      "whatsapp_business_solutions" SPEC MANAGING, PLANNED => no;
    GET    APP      "subscriptions"               SEEN MANAGING, DONE => subscriptions::app_list;
    POST   APP      "subscriptions"               SEEN MANAGING, DONE => subscriptions::app_subscribe;
    DELETE APP      "subscriptions"               SEEN MANAGING, DONE => subscriptions::app_unsubscribe;
    POST   APP      "uploads"                     SEEN MANAGING, PLANNED => no;

    GET    TEMPLATE ""                            SPEC TOKEN,    DONE => templates::get;
    POST   TEMPLATE ""                            SPEC MANAGING, PLANNED => no;
    GET    TEMPLATE "compare"                     SEEN MANAGING, PLANNED => no;
    POST   TEMPLATE "unpause"                     SEEN MANAGING, PLANNED => no;

    GET    FLOW     ""                            SPEC MANAGING, differs("the preview is the flow JSON itself") => flows::get;
    POST   FLOW     ""                            SPEC MANAGING, DONE => flows::update;
    DELETE FLOW     ""                            SPEC MANAGING, DONE => flows::delete;
    GET    FLOW     "assets"                      SPEC MANAGING, DONE => flows::assets;
    POST   FLOW     "assets"                      SPEC MANAGING stream, DONE => flows::upload;
    POST   FLOW     "publish"                     SPEC MANAGING, DONE => flows::publish;
    POST   FLOW     "deprecate"                   SPEC MANAGING, DONE => flows::deprecate;

    GET    MEDIA    ""                            SPEC SENDING,  DONE => media::get;
    DELETE MEDIA    ""                            SPEC SENDING,  DONE => media::delete;
    GET    MEDIA    "download/{key}"              SPEC SENDING,  DONE => media::download;

    GET    GROUP    ""                            SPEC SENDING,  PLANNED => no;
    POST   GROUP    ""                            SPEC SENDING,  PLANNED => no;
    DELETE GROUP    ""                            SPEC SENDING,  PLANNED => no;
    GET    GROUP    "invite_link"                 SEEN SENDING,  PLANNED => no;
    POST   GROUP    "invite_link"                 SPEC SENDING,  PLANNED => no;
    DELETE GROUP    "invite_link"                 SPEC SENDING,  PLANNED => no;
    GET    GROUP    "join_requests"               SPEC SENDING,  PLANNED => no;
    POST   GROUP    "join_requests"               SPEC SENDING,  PLANNED => no;
    DELETE GROUP    "join_requests"               SPEC SENDING,  PLANNED => no;
    POST   GROUP    "participants"                SPEC SENDING,  PLANNED => no;
    DELETE GROUP    "participants"                SPEC SENDING,  PLANNED => no;

    GET    PREVERIFIED ""                         SPEC MANAGING, PLANNED => no;
    DELETE PREVERIFIED ""                         SPEC MANAGING, PLANNED => no;
    GET    PREVERIFIED "partners"                 SPEC MANAGING, PLANNED => no;
    POST   PREVERIFIED "request_code"             SPEC MANAGING, PLANNED => no;
    POST   PREVERIFIED "verify_code"              SPEC MANAGING, PLANNED => no;

    GET    USER     "assigned_whatsapp_business_accounts" SPEC MANAGING, PLANNED => no;

    GET    SOLUTION ""                            SPEC MANAGING, PLANNED => no;
    GET    SOLUTION "access_token"                SPEC MANAGING, PLANNED => no;
    POST   SOLUTION "accept"                      SPEC MANAGING, PLANNED => no;
    POST   SOLUTION "reject"                      SPEC MANAGING, PLANNED => no;
    POST   SOLUTION "send_deactivation_request"   SPEC MANAGING, PLANNED => no;
    POST   SOLUTION "accept_deactivation_request" SPEC MANAGING, PLANNED => no;
    POST   SOLUTION "reject_deactivation_request" SPEC MANAGING, PLANNED => no;
    GET    MIGRATION ""                           SPEC MANAGING, PLANNED => no;
    GET    MOBILITY ""                            SPEC MANAGING, PLANNED => no;

    GET    HISTORY  "events"                      SPEC MANAGING, PLANNED => no;

    GET    UPLOAD   ""                            SEEN MANAGING, PLANNED => no;
    POST   UPLOAD   ""                            SEEN MANAGING stream, PLANNED => no;

    GET    CATALOG  ""                            SEEN MANAGING, PLANNED => no;
    GET    CATALOG  "products"                    SEEN MANAGING, PLANNED => no;
    POST   CATALOG  "products"                    SEEN MANAGING, PLANNED => no;
    POST   CATALOG  "items_batch"                 SEEN MANAGING, PLANNED => no;
}
