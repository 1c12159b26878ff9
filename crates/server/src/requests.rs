//! The requests of a device that are not messages: each is one operation of `messaging` in one transaction.

use crate::app::App;
use crate::gateway::GatewayError;
use plaza_business::calls::{self, CallError};
use plaza_business::groups::GroupWork;
use plaza_business::management::ManageError;
use plaza_db::{DbError, Tx};
use plaza_messaging::accounts::{self, Device};
use plaza_messaging::groups::{self, Joining};
use plaza_messaging::{MessagingError, conversations, key_packages};
use plaza_protocol::wire::request::Body as Request;
use plaza_protocol::wire::response::Body as Response;
use plaza_protocol::{AccountId, Actor, Chain, ConversationId, Ctx, Wake, wire};
use std::sync::Arc;

/// The same accounts, businesses among them with whether they take calls of who asks.
async fn with_calls(
    ctx: &Ctx,
    tx: &mut Tx,
    device: Device,
    mut accounts: Vec<wire::Account>,
) -> Result<Vec<wire::Account>, MessagingError> {
    if !accounts.iter().any(|account| account.is_business) {
        return Ok(accounts);
    }
    let own = accounts::views(tx, &[device.account]).await?.remove(&device.account);
    let Some(own) = own.and_then(|own| own.number.parse().ok()) else { return Ok(accounts) };
    for account in accounts.iter_mut().filter(|account| account.is_business) {
        let Ok(id) = AccountId::from_slice(&account.account_id) else { continue };
        let shown = match calls::shown(ctx, tx, id, &own).await {
            Ok(shown) => shown,
            Err(CallError::Db(error)) => return Err(error.into()),
            Err(_) => wire::TakesCalls::No,
        };
        account.takes_calls = shown.into();
    }
    Ok(accounts)
}

/// Carries a request out.
pub(crate) async fn answer(
    app: &Arc<App>,
    device: Device,
    request: Request,
) -> Result<Response, MessagingError> {
    let ctx = app.ctx_for(Actor::Device { account: device.account, device: device.device });
    let db = &app.db;
    let done = || Response::Done(wire::Done {});
    let outcome = match request {
        Request::Commit(body) => db
            .transact(&ctx, "conversations.commit", async move |ctx, tx| {
                conversations::commit(ctx, tx, &body).await
            })
            .await
            .map(Response::Sent),
        Request::CreateConversation(body) => {
            let create = async move |ctx: &_, tx: &mut _| conversations::create(ctx, tx, &body).await;
            db.transact(&ctx, "conversations.create", create).await.map(Response::Created)
        }
        Request::PublishKeyPackages(body) => {
            let publish = async move |ctx: &_, tx: &mut _| key_packages::publish(ctx, tx, &body).await;
            db.transact(&ctx, "key_packages.publish", publish).await.map(|()| done())
        }
        Request::ClaimKeyPackages(body) => {
            let claim = async move |ctx: &_, tx: &mut _| key_packages::claim(ctx, tx, &body).await;
            db.transact(&ctx, "key_packages.claim", claim).await.map(Response::ClaimedKeyPackages)
        }
        Request::LookUpNumber(body) => {
            // It writes too: the look-up is taken off the account's budget.
            let look_up = async move |ctx: &Ctx, tx: &mut Tx| {
                let found = accounts::look_up(ctx, tx, &body.number).await?;
                Ok::<_, MessagingError>(with_calls(ctx, tx, device, found.into_iter().collect()).await?.pop())
            };
            let found = db.transact(&ctx, "accounts.look_up", look_up).await;
            found.and_then(|found| found.map(Response::Account).ok_or(MessagingError::NotRegistered))
        }
        Request::GetAccounts(body) => {
            let ids: Result<Vec<_>, _> =
                body.account_ids.iter().map(|id| AccountId::from_slice(id)).collect();
            let ids = ids.map_err(|_| MessagingError::Invalid {
                member: "account_ids",
                problem: "each must have 16 bytes".to_owned(),
            })?;
            let get = async move |ctx: &Ctx, tx: &mut Tx| {
                let accounts = accounts::get(ctx, tx, &ids).await?;
                with_calls(ctx, tx, device, accounts).await
            };
            db.read(&ctx, "accounts.get", get)
                .await
                .map(|accounts| Response::Accounts(wire::Accounts { accounts }))
        }
        Request::ListConversations(body) => {
            let list = async move |ctx: &_, tx: &mut _| conversations::list(ctx, tx, &body).await;
            db.read(&ctx, "conversations.list", list).await.map(Response::Conversations)
        }
        Request::GetConversation(body) => {
            let get = async move |ctx: &_, tx: &mut _| conversations::get(ctx, tx, &body).await;
            db.read(&ctx, "conversations.get", get).await.map(Response::Conversation)
        }
        Request::SetName(body) => {
            let set = async move |ctx: &_, tx: &mut _| accounts::set_name(ctx, tx, &body.name).await;
            db.transact(&ctx, "accounts.set_name", set).await.map(|()| done())
        }
        Request::GetInvitation(body) => {
            // It writes too: the look is taken off the account's budget.
            let look = async move |ctx: &_, tx: &mut _| groups::invitation(ctx, tx, &body.code).await;
            db.transact(&ctx, "groups.invitation", look).await.map(Response::Invitation)
        }
        Request::JoinGroup(body) => app.join_group(&ctx, body.code).await.map(Response::JoinedGroup),
        Request::CancelJoin(body) => app.cancel_join(&ctx, body.code).await.map(|()| done()),
        Request::LeaveGroup(body) => app.leave_group(&ctx, body).await.map(|()| done()),
        Request::Send(_) | Request::ReadUpTo(_) => Err(MessagingError::NotFound("request")),
    };
    if let Err(error @ (MessagingError::Db(_) | MessagingError::BadMls { .. })) = &outcome {
        tracing::warn!(device.id = %device.device, error = %Chain(error), "a request was not carried out");
    }
    outcome
}

/// A group of a business could not be changed.
fn group_error(error: ManageError) -> MessagingError {
    match error {
        ManageError::Messaging(error) => error,
        ManageError::Db(error) => error.into(),
        ManageError::NotFound => MessagingError::NotFound("group"),
        ManageError::Refused { .. } | ManageError::Seal(_) => {
            MessagingError::Conflict("the group cannot be joined")
        }
    }
}

/// The hosted device could not follow.
fn gateway_error(error: GatewayError) -> MessagingError {
    match error {
        GatewayError::Messaging(error) => error,
        GatewayError::Db(error) => error.into(),
        other => {
            tracing::error!(error = %Chain(&other), "the hosted device of a group could not follow");
            DbError::Commit("the hosted device could not follow".to_owned()).into()
        }
    }
}

/// What people do with groups: the membership changes, the business is told, and the hosted device brings the MLS group
/// after, all in one transaction.
impl App {
    async fn follow(&self, ctx: &Ctx, tx: &mut Tx, work: Option<GroupWork>) -> Result<(), MessagingError> {
        let Some(work) = work else { return Ok(()) };
        self.gateway.work_for_group(ctx, tx, &self.delivery, &work).await.map_err(gateway_error)
    }

    async fn join_group(
        self: &Arc<Self>,
        ctx: &Ctx,
        code: String,
    ) -> Result<wire::JoinedGroup, MessagingError> {
        let app = self.clone();
        let join = async move |ctx: &Ctx, tx: &mut Tx| {
            let (group, joining) = groups::join(ctx, tx, &code).await?;
            let told = app.business.person_joins(ctx, tx, &group, &joining).await;
            app.follow(ctx, tx, told.map_err(group_error)?).await?;
            let waits = Joining::Already { is_requested: true };
            let is_requested = joining == waits || matches!(joining, Joining::Requested(_));
            Ok(wire::JoinedGroup {
                conversation_id: group.conversation.as_bytes().to_vec(),
                is_requested,
                group: Some(group.view()),
            })
        };
        self.db.transact(ctx, "groups.join", join).await
    }

    async fn cancel_join(self: &Arc<Self>, ctx: &Ctx, code: String) -> Result<(), MessagingError> {
        let app = self.clone();
        let cancel = async move |ctx: &Ctx, tx: &mut Tx| {
            if let Some((group, request)) = groups::cancel(ctx, tx, &code).await? {
                let told = app.business.person_cancels(ctx, tx, &group, &request).await;
                told.map_err(group_error)?;
            }
            Ok(())
        };
        self.db.transact(ctx, "groups.cancel", cancel).await
    }

    async fn leave_group(self: &Arc<Self>, ctx: &Ctx, body: wire::LeaveGroup) -> Result<(), MessagingError> {
        let conversation = ConversationId::from_slice(&body.conversation_id)
            .map_err(|_| MessagingError::NotFound("group"))?;
        let app = self.clone();
        let leave = async move |ctx: &Ctx, tx: &mut Tx| {
            let group = groups::leave(ctx, tx, conversation).await?;
            let told = app.business.person_leaves(ctx, tx, &group).await;
            app.follow(ctx, tx, told.map_err(group_error)?).await
        };
        self.db.transact(ctx, "groups.leave", leave).await
    }
}

impl App {
    /// Tells the other members of a conversation something of the moment.
    pub(crate) async fn tell_members(
        &self,
        device: Device,
        conversation: ConversationId,
        kind: wire::EphemeralKind,
        is_answer: bool,
    ) {
        let ctx = self.ctx_for(Actor::System);
        let members = async move |_: &_, tx: &mut _| conversations::members(tx, conversation).await;
        let Ok(members) = self.db.read(&ctx, "conversations.members", members).await else { return };
        if !members.contains(&device.account) {
            return;
        }
        let ephemeral = wire::Ephemeral {
            kind: kind.into(),
            conversation_id: conversation.as_bytes().to_vec(),
            account_id: device.account.as_bytes().to_vec(),
            is_answer,
        };
        let accounts = members.into_iter().filter(|other| *other != device.account).collect();
        self.bus.publish(vec![Wake::Ephemeral { accounts, ephemeral }]);
    }
}
