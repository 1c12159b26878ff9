//! `/{phone-number-id}/block_users`.

use super::errors::GraphError;
use super::{Call, list as lists};
use plaza_business::blocks::{self, Change, Page, User};
use plaza_business::{codes, json as sloppy};
use plaza_db::Tx;
use plaza_protocol::{AccountId, Ctx};
use serde_json::{Value, json};

fn view(user: &User) -> Value {
    let mut view = json!({"input": user.input});
    if let Some(members) = view.as_object_mut() {
        for (name, value) in [("wa_id", &user.wa_id), ("user_id", &user.user_id)] {
            if let Some(value) = value {
                members.insert(name.to_owned(), json!(value));
            }
        }
    }
    view
}

pub(super) async fn block(call: Call) -> Result<Value, GraphError> {
    change(call, Change::Block, "added_users").await
}

pub(super) async fn unblock(call: Call) -> Result<Value, GraphError> {
    change(call, Change::Unblock, "removed_users").await
}

async fn change(call: Call, change: Change, done: &str) -> Result<Value, GraphError> {
    let product = call.params.scalar("messaging_product")?;
    if product.is_some_and(|product| !product.eq_ignore_ascii_case("whatsapp")) {
        let what = "messaging_product: \"whatsapp\" is expected";
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(what));
    }
    let given = call.params.value().get("block_users").cloned().unwrap_or_default();
    let given = match &given {
        Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => given,
    };
    let users =
        sloppy::list_member(&json!({"users": given}), "users").map(<[Value]>::to_vec).unwrap_or_default();
    let phone = call.phone();
    let work = async move |ctx: &Ctx, tx: &mut Tx| blocks::change(ctx, tx, phone, change, &users).await;
    let changed = call.write("cloud_api.change_blocks", work).await?;
    let mut users = json!({done: changed.done.iter().map(view).collect::<Vec<_>>()});
    let answer = |users: Value| json!({"messaging_product": "whatsapp", "block_users": users});
    if changed.failed.is_empty() {
        return Ok(answer(users));
    }
    let failed = changed.failed.iter().map(|(user, code, why)| {
        let mut view = view(user);
        let error = json!({"code": code.number, "message": code.title, "error_data": {"details": why}});
        if let Some(members) = view.as_object_mut() {
            members.insert("errors".to_owned(), json!([error]));
        }
        view
    });
    if let Some(members) = users.as_object_mut() {
        members.insert("failed_users".to_owned(), failed.collect());
    }
    let what = "some of the people could not be changed: block_users.failed_users says which, and why";
    Err(GraphError::new(codes::BLOCK_FAILED).details(what).beside(answer(users)))
}

pub(super) async fn list(call: Call) -> Result<Value, GraphError> {
    let mark = |name| -> Result<Option<AccountId>, GraphError> {
        let text = lists::decode_cursor(&call, name)?;
        let invalid = || {
            let what = format!("{name}: a cursor of an earlier answer is expected");
            GraphError::new(codes::INVALID_PARAMETER).details(what)
        };
        text.map(|text| text.parse().map_err(|_| invalid())).transpose()
    };
    let page = match (mark("after")?, mark("before")?) {
        (Some(after), _) => Page::After(after),
        (None, Some(before)) => Page::Before(before),
        (None, None) => Page::First,
    };
    let (phone, limit) = (call.phone(), lists::page_rows(&call)?);
    let list = async move |ctx: &Ctx, tx: &mut Tx| blocks::list(ctx, tx, phone, page, limit).await;
    let mut found = call.read("cloud_api.blocks", list).await?;
    // One more than the page has tells that there are more; backwards it stands in front.
    let has_more = found.len() > limit;
    let is_back = matches!(page, Page::Before(_));
    if has_more && is_back {
        found.remove(0);
    }
    found.truncate(limit);
    let cursor = |row: Option<&(AccountId, User)>| {
        row.map(|(account, _)| lists::encode_cursor(&account.to_string())).unwrap_or_default()
    };
    let cursors = (cursor(found.first()), cursor(found.last()));
    let data = found.iter().map(|(_, user)| {
        let mut view = view(user);
        if let Some(members) = view.as_object_mut() {
            members.insert("messaging_product".to_owned(), json!("whatsapp"));
        }
        view
    });
    let (has_previous, has_next) = match page {
        Page::First => (false, has_more),
        Page::After(_) => (true, has_more),
        Page::Before(_) => (has_more, true),
    };
    let cursors = (cursors.0.as_str(), cursors.1.as_str());
    Ok(lists::envelope(&call, data.collect(), cursors, (has_previous && !found.is_empty(), has_next)))
}
