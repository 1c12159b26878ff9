//! The rows. One line is one operation; who asks for an address gets what stands here and nothing else.

use super::{Needs, On, Operation, Reading, Source, State};
use crate::cloud_api::errors::GraphError;
use crate::cloud_api::{Answer, Call};
use crate::cloud_api::{
    analytics, blocks, businesses, calls, catalogs, collections, flows, groups, media, messages,
    phone_numbers, pictures, preverified, settings,
};
use crate::cloud_api::{solutions, subscriptions, templates, tokens, uploads, users, wabas};
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
    GET    ROOT     "message_template_library"    SEEN MANAGING, DONE => templates::library;
    GET    ROOT     "signups/{signup}"            SEEN MANAGING, DONE => collections::signup;
    POST   ROOT     "signups/{signup}"            SEEN MANAGING, DONE => collections::change_signup;
    POST   ROOT     "whatsapp/webhooks"           SPEC TOKEN,    refused("it is the receiver's side: your server offers it, and Plaza calls it") => no;

    GET    BUSINESS ""                                  SPEC MANAGING, differs("a time zone has its name, not a number of Meta's list") => businesses::get;
    GET    BUSINESS "owned_whatsapp_business_accounts"  SPEC MANAGING, DONE => businesses::owned_wabas;
    GET    BUSINESS "client_whatsapp_business_accounts" SPEC MANAGING, DONE => businesses::client_wabas;
    POST   BUSINESS "add_phone_numbers"                 SPEC MANAGING, DONE => preverified::add;
    GET    BUSINESS "preverified_numbers"               SPEC MANAGING, DONE => preverified::list;
    POST   BUSINESS "share_preverified_numbers"         SPEC MANAGING, DONE => preverified::share;
    GET    BUSINESS "extendedcredits"                   SPEC MANAGING, differs("the prepaid balance stands as the one line of credit") => businesses::credits;
    POST   BUSINESS "onboard_partners_to_mm_lite"       SPEC MANAGING, differs("every account may send marketing messages; nothing is invited") => businesses::onboard;
    GET    BUSINESS "system_users"                      SEEN MANAGING, DONE => users::list;
    POST   BUSINESS "system_users"                      SEEN MANAGING, DONE => users::create;
    GET    BUSINESS "owned_product_catalogs"            SEEN MANAGING, DONE => catalogs::owned;
    POST   BUSINESS "owned_product_catalogs"            SEEN MANAGING, DONE => catalogs::create;

    GET    WABA     ""                            SPEC TOKEN,    DONE => wabas::get;
    POST   WABA     ""                            SPEC MANAGING, differs("the time zone is that of the business, whose invoices follow it") => wabas::change;
    GET    WABA     "phone_numbers"               SPEC MANAGING, DONE => phone_numbers::list;
    POST   WABA     "phone_numbers"               SPEC MANAGING, differs("a number cannot be moved here from another provider") => phone_numbers::add;
    GET    WABA     "activities"                  SPEC MANAGING, DONE => wabas::activities;
    GET    WABA     "assigned_users"              SPEC MANAGING, DONE => wabas::assigned_users;
    POST   WABA     "assigned_users"              SPEC MANAGING, DONE => wabas::assign_user;
    DELETE WABA     "assigned_users"              SPEC MANAGING, DONE => wabas::unassign_user;
    GET    WABA     "schedules"                   SPEC MANAGING, DONE => collections::schedules;
    POST   WABA     "schedules"                   SPEC MANAGING, DONE => collections::create_schedule;
    GET    WABA     "subscribed_apps"             SPEC MANAGING, DONE => subscriptions::waba_list;
    POST   WABA     "subscribed_apps"             SPEC MANAGING, DONE => subscriptions::waba_subscribe;
    DELETE WABA     "subscribed_apps"             SPEC MANAGING, DONE => subscriptions::waba_unsubscribe;
    GET    WABA     "solutions"                   SPEC MANAGING, DONE => wabas::solutions;
    GET    WABA     "in_progress_onbehalf_request" SPEC MANAGING, differs("always empty: accounts belong to their business from the start") => wabas::onbehalf_requests;
    POST   WABA     "obo_mobility_intent"         SPEC MANAGING, differs("it is noted; the operator carries it out") => wabas::mobility;
    POST   WABA     "set_obo_mobility_intent"     SPEC MANAGING, differs("it is noted; the operator carries it out") => wabas::set_mobility;
    POST   WABA     "set_solution_migration_intent" SPEC MANAGING, differs("it is noted; the operator carries it out") => wabas::migration;
    GET    WABA     "message_templates"           SPEC MANAGING, DONE => templates::list;
    POST   WABA     "message_templates"           SPEC MANAGING, DONE => templates::create;
    DELETE WABA     "message_templates"           SPEC MANAGING, DONE => templates::delete;
    POST   WABA     "message_templates/archive"   SEEN MANAGING, DONE => templates::archive;
    POST   WABA     "message_templates/unarchive" SEEN MANAGING, DONE => templates::unarchive;
    GET    WABA     "message_template_previews"   SEEN MANAGING, differs("30 languages; any other has the English text") => templates::previews;
    POST   WABA     "upsert_message_templates"    SEEN MANAGING, DONE => templates::upsert;
    POST   WABA     "migrate_message_templates"   SEEN MANAGING, DONE => templates::migrate;
    GET    WABA     "flows"                       SPEC MANAGING, DONE => flows::list;
    POST   WABA     "flows"                       SPEC MANAGING, DONE => flows::create;
    POST   WABA     "migrate_flows"               SPEC MANAGING, DONE => flows::migrate;
    GET    WABA     "template_analytics"          SEEN MANAGING, DONE => analytics::templates;
    GET    WABA     "template_group_analytics"    SEEN MANAGING, differs("a template group is a template in all its languages, named by its name") => analytics::template_groups;
    GET    WABA     "group_analytics"             SEEN MANAGING, DONE => analytics::groups;
    GET    WABA     "signups"                     SEEN MANAGING, DONE => collections::signups;
    POST   WABA     "signups"                     SEEN MANAGING, DONE => collections::create_signup;
    GET    WABA     "payment_configurations"      SEEN MANAGING, DONE => collections::payment_configurations;
    POST   WABA     "payment_configuration"       SEEN MANAGING, differs("the address to connect a provider leads to the operator") => collections::create_payment;
    DELETE WABA     "payment_configuration"       SEEN MANAGING, DONE => collections::delete_payment;
    GET    WABA     "payment_configuration/{name}" SEEN MANAGING, DONE => collections::payment_configuration;
    POST   WABA     "payment_configuration/{name}" SEEN MANAGING, DONE => collections::change_payment;
    DELETE WABA     "payment_configuration/{name}" SEEN MANAGING, DONE => collections::delete_payment;
    POST   WABA     "generate_payment_configuration_oauth_link" SEEN MANAGING, differs("the address to connect a provider leads to the operator") => collections::payment_link;
    GET    WABA     "welcome_message_sequences"   SEEN MANAGING, DONE => collections::sequences;
    POST   WABA     "welcome_message_sequences"   SEEN MANAGING, DONE => collections::put_sequence;
    DELETE WABA     "welcome_message_sequences"   SEEN MANAGING, DONE => collections::delete_sequence;
    GET    WABA     "product_catalogs"            SEEN MANAGING, DONE => catalogs::connected;
    POST   WABA     "product_catalogs"            SEEN MANAGING, DONE => catalogs::connect;
    DELETE WABA     "product_catalogs"            SEEN MANAGING, DONE => catalogs::disconnect;

    GET    PHONE    ""                            SPEC TOKEN,    DONE => phone_numbers::get;
    POST   PHONE    ""                            SPEC MANAGING, DONE => phone_numbers::configure;
    POST   PHONE    "messages"                    SPEC SENDING,  DONE => messages::post;
    POST   PHONE    "marketing_messages"          SPEC SENDING,  differs("both product policies go the same way, and what a person does is told to the sender alone") => messages::post_marketing;
    POST   PHONE    "messages_encrypted"          SPEC SENDING,  refused("the description leaves the keys open; send at the address messages, over TLS: from here on a message is encrypted for the person's devices") => no;
    POST   PHONE    "media"                       SPEC SENDING stream, DONE => media::upload;
    POST   PHONE    "register"                    SPEC MANAGING, differs("a backup of another installation cannot be restored") => phone_numbers::register;
    POST   PHONE    "deregister"                  SPEC MANAGING, DONE => phone_numbers::deregister;
    POST   PHONE    "request_code"                SPEC MANAGING, differs("the code stands on the sandbox's outbox page; without a courier, a server outside the sandbox says so") => phone_numbers::request_code;
    POST   PHONE    "verify_code"                 SPEC MANAGING, DONE => phone_numbers::verify_code;
    GET    PHONE    "settings"                    SPEC MANAGING, DONE => settings::settings;
    POST   PHONE    "settings"                    SPEC MANAGING, DONE => settings::set_settings;
    GET    PHONE    "whatsapp_business_profile"   SPEC TOKEN,    DONE => settings::profile;
    POST   PHONE    "whatsapp_business_profile"   SPEC MANAGING, DONE => settings::set_profile;
    GET    PHONE    "whatsapp_commerce_settings"  SPEC MANAGING, DONE => settings::commerce;
    POST   PHONE    "whatsapp_commerce_settings"  SPEC MANAGING, DONE => settings::set_commerce;
    GET    PHONE    "whatsapp_business_encryption" SPEC MANAGING, DONE => settings::encryption;
    POST   PHONE    "whatsapp_business_encryption" SPEC MANAGING, DONE => settings::set_encryption;
    GET    PHONE    "business_compliance_info"    SPEC MANAGING, DONE => settings::compliance;
    POST   PHONE    "business_compliance_info"    SPEC MANAGING, DONE => settings::set_compliance;
    GET    PHONE    "official_business_account"   SPEC MANAGING, DONE => settings::official;
    POST   PHONE    "official_business_account"   SPEC MANAGING, DONE => settings::set_official;
    POST   PHONE    "conversational_automation"   SPEC MANAGING, DONE => settings::set_automation;
    GET    PHONE    "message_qrdls"               SPEC MANAGING, DONE => pictures::list;
    POST   PHONE    "message_qrdls"               SPEC MANAGING, DONE => pictures::put;
    GET    PHONE    "message_qrdls/{code}"        SPEC MANAGING, DONE => pictures::get;
    POST   PHONE    "message_qrdls/{code}"        SEEN MANAGING, DONE => pictures::put;
    DELETE PHONE    "message_qrdls/{code}"        SPEC MANAGING, DONE => pictures::delete;
    GET    PHONE    "block_users"                 SPEC SENDING,  DONE => blocks::list;
    POST   PHONE    "block_users"                 SPEC SENDING,  DONE => blocks::block;
    DELETE PHONE    "block_users"                 SPEC SENDING,  DONE => blocks::unblock;
    GET    PHONE    "message_history"             SPEC MANAGING, differs("without message_id, the latest hundred of the last day") => phone_numbers::message_history;
    GET    PHONE    "call_permissions"            SPEC SENDING,  differs("the words are those of the documentation: no_permission, temporary and permanent") => calls::permissions;
    POST   PHONE    "calls"                       SPEC SENDING,  differs("media goes from peer to peer: the answer of a person comes when they pick up") => calls::control;
    GET    PHONE    "groups"                      SPEC SENDING,  DONE => groups::list;
    POST   PHONE    "groups"                      SPEC SENDING,  differs("every number may have groups; they are there when the answer comes") => groups::create;
    GET    PHONE    "username"                    SEEN MANAGING, DONE => phone_numbers::username;
    POST   PHONE    "username"                    SEEN MANAGING, DONE => phone_numbers::set_username;
    DELETE PHONE    "username"                    SEEN MANAGING, DONE => phone_numbers::delete_username;
    GET    PHONE    "username_suggestions"        SEEN MANAGING, DONE => phone_numbers::username_suggestions;
    GET    PHONE    "payments/{configuration}/{reference}" SEEN SENDING, PLANNED => no;
    POST   PHONE    "payments_refund"             SEEN SENDING,  PLANNED => no;
    POST   PHONE    "smb_app_data"                SEEN MANAGING, refused("a number lives here or in an app, not in both: there is nothing to synchronise") => no;

    GET    PROFILE  ""                            SPEC TOKEN,    DONE => settings::profile_node;
    POST   PROFILE  ""                            SPEC MANAGING, DONE => settings::set_profile_node;
    GET    BOT      ""                            SPEC TOKEN,    DONE => settings::bot;

    GET    APP      "connected_client_businesses" SPEC MANAGING, DONE => solutions::connected;
    POST   APP      "whatsapp_business_solution"  SPEC MANAGING, DONE => solutions::create;
    GET    APP      "whatsapp_business_solutions" SPEC MANAGING, DONE => solutions::list;
    GET    APP      "subscriptions"               SEEN MANAGING, DONE => subscriptions::app_list;
    POST   APP      "subscriptions"               SEEN MANAGING, DONE => subscriptions::app_subscribe;
    DELETE APP      "subscriptions"               SEEN MANAGING, DONE => subscriptions::app_unsubscribe;
    POST   APP      "uploads"                     SEEN MANAGING, DONE => uploads::open;

    GET    TEMPLATE ""                            SPEC TOKEN,    DONE => templates::get;
    POST   TEMPLATE ""                            SPEC MANAGING, DONE => templates::edit;
    GET    TEMPLATE "compare"                     SEEN MANAGING, differs("blocks are not told by template: block rates come in the order asked for") => templates::compare;
    POST   TEMPLATE "unpause"                     SEEN MANAGING, DONE => templates::unpause;

    GET    FLOW     ""                            SPEC MANAGING, DONE => flows::get;
    POST   FLOW     ""                            SPEC MANAGING, DONE => flows::update;
    DELETE FLOW     ""                            SPEC MANAGING, DONE => flows::delete;
    GET    FLOW     "assets"                      SPEC MANAGING, DONE => flows::assets;
    POST   FLOW     "assets"                      SPEC MANAGING stream, DONE => flows::upload;
    POST   FLOW     "publish"                     SPEC MANAGING, DONE => flows::publish;
    POST   FLOW     "deprecate"                   SPEC MANAGING, DONE => flows::deprecate;

    GET    MEDIA    ""                            SPEC SENDING,  DONE => media::get;
    DELETE MEDIA    ""                            SPEC SENDING,  DONE => media::delete;
    GET    MEDIA    "download/{key}"              SPEC SENDING,  DONE => media::download;

    GET    GROUP    ""                            SPEC SENDING,  DONE => groups::get;
    POST   GROUP    ""                            SPEC SENDING stream, DONE => groups::update;
    DELETE GROUP    ""                            SPEC SENDING,  DONE => groups::delete;
    GET    GROUP    "invite_link"                 SEEN SENDING,  DONE => groups::invite_link;
    POST   GROUP    "invite_link"                 SPEC SENDING,  DONE => groups::reset_invite_link;
    DELETE GROUP    "invite_link"                 SPEC SENDING,  DONE => groups::delete_invite_link;
    GET    GROUP    "join_requests"               SPEC SENDING,  DONE => groups::join_requests;
    POST   GROUP    "join_requests"               SPEC SENDING,  DONE => groups::approve;
    DELETE GROUP    "join_requests"               SPEC SENDING,  DONE => groups::reject;
    POST   GROUP    "participants"                SPEC SENDING,  differs("nobody is put into a group: people join by its invite link") => groups::add_participants;
    DELETE GROUP    "participants"                SPEC SENDING,  DONE => groups::remove_participants;

    GET    PREVERIFIED ""                         SPEC MANAGING, DONE => preverified::get;
    DELETE PREVERIFIED ""                         SPEC MANAGING, DONE => preverified::delete;
    GET    PREVERIFIED "partners"                 SPEC MANAGING, DONE => preverified::partners;
    POST   PREVERIFIED "request_code"             SPEC MANAGING, differs("the code stands on the sandbox's outbox page; without a courier, a server outside the sandbox says so") => preverified::request_code;
    POST   PREVERIFIED "verify_code"              SPEC MANAGING, DONE => preverified::verify_code;

    POST   USER     "access_tokens"               SEEN MANAGING, DONE => users::issue_token;
    GET    USER     "assigned_whatsapp_business_accounts" SPEC MANAGING, DONE => users::accounts;

    GET    SOLUTION ""                            SPEC MANAGING, DONE => solutions::get;
    GET    SOLUTION "access_token"                SPEC MANAGING, DONE => solutions::access_token;
    POST   SOLUTION "accept"                      SPEC MANAGING, DONE => solutions::accept;
    POST   SOLUTION "reject"                      SPEC MANAGING, DONE => solutions::reject;
    POST   SOLUTION "send_deactivation_request"   SPEC MANAGING, DONE => solutions::request_deactivation;
    POST   SOLUTION "accept_deactivation_request" SPEC MANAGING, DONE => solutions::accept_deactivation;
    POST   SOLUTION "reject_deactivation_request" SPEC MANAGING, DONE => solutions::reject_deactivation;
    GET    MIGRATION ""                           SPEC MANAGING, DONE => wabas::migration_node;
    GET    MOBILITY ""                            SPEC MANAGING, DONE => wabas::mobility_node;

    GET    HISTORY  "events"                      SPEC MANAGING, DONE => phone_numbers::message_events;

    GET    UPLOAD   ""                            SEEN MANAGING, DONE => uploads::get;
    POST   UPLOAD   ""                            SEEN MANAGING stream, DONE => uploads::append;

    GET    CATALOG  ""                            SEEN MANAGING, DONE => catalogs::get;
    GET    CATALOG  "products"                    SEEN MANAGING, DONE => catalogs::products;
    POST   CATALOG  "products"                    SEEN MANAGING, DONE => catalogs::put_product;
    POST   CATALOG  "items_batch"                 SEEN MANAGING, differs("all is done when the answer comes; the handle has nothing to be asked for") => catalogs::batch;
}
