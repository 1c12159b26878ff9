//! Tokens: `GET /oauth/access_token`, `GET /debug_token`.

use super::errors::GraphError;
use super::{Call, auth};
use plaza_business::apps::{self, AuthenticateError, Scope, Token, TokenKind};
use plaza_business::management::ManageError;
use plaza_business::{codes, users};
use plaza_db::Tx;
use plaza_protocol::{Actor, Ctx};
use serde_json::{Value, json};

/// An app's id and secret are exchanged for its app token, which is made of the two.
pub(super) async fn exchange(call: Call) -> Result<Value, GraphError> {
    let (app, ctx, params) = (&call.app, &call.ctx, &call.params);
    if let Some(code) = params.text("code") {
        return exchange_code(&call, code).await;
    }
    let grant = params.text("grant_type").unwrap_or_else(|| "client_credentials".to_owned());
    if grant != "client_credentials" {
        let details = "grant_type: client_credentials is expected, or a code without a grant_type";
        return Err(GraphError::new(codes::INVALID_PARAMETER).details(details));
    }
    let token = format!("{}|{}", params.required("client_id")?, params.required("client_secret")?);
    match auth::look_up(app, ctx, token.clone()).await {
        Ok(_) => Ok(json!({"access_token": token, "token_type": "bearer"})),
        Err(AuthenticateError::Unknown) => {
            Err(GraphError::new(codes::CLIENT_SECRET).details("client_id or client_secret is wrong"))
        }
        Err(error) => Err(error.into()),
    }
}

/// A code of a client is exchanged, once, for a token to its accounts.
async fn exchange_code(call: &Call, code: String) -> Result<Value, GraphError> {
    let (id, secret) = (call.params.required("client_id")?, call.params.required("client_secret")?);
    let token = match auth::look_up(&call.app, &call.ctx, format!("{id}|{secret}")).await {
        Ok(token) => token,
        Err(AuthenticateError::Unknown) => {
            return Err(GraphError::new(codes::CLIENT_SECRET).details("client_id or client_secret is wrong"));
        }
        Err(error) => return Err(error.into()),
    };
    let ctx = call.ctx.acting_as(Actor::App { app: token.app, portfolio: token.portfolio });
    let exchange = async move |ctx: &Ctx, tx: &mut Tx| {
        let app = apps::app(ctx, tx, token.app).await?.ok_or(ManageError::NotFound)?;
        users::exchange_code(ctx, tx, &app, &code).await
    };
    let (access_token, expires_at) = call.app.db.transact(&ctx, "cloud_api.exchange_code", exchange).await?;
    let expires_in = expires_at.since(call.ctx.now()).as_secs();
    Ok(json!({"access_token": access_token.0, "token_type": "bearer", "expires_in": expires_in}))
}

/// What a token is good for. Of a token of another portfolio only that it is not good here is told.
pub(super) async fn debug(call: Call) -> Result<Value, GraphError> {
    let input = call.params.required("input_token")?;
    let found = match auth::look_up(&call.app, &call.ctx, input).await {
        Ok(token) if token.portfolio == call.token.portfolio || token.app == call.token.app => token,
        Ok(_) | Err(AuthenticateError::Unknown | AuthenticateError::Expired(_)) => return Ok(invalid()),
        Err(error) => return Err(error.into()),
    };
    let app = found.app;
    let read = async move |ctx: &Ctx, tx: &mut Tx| apps::app(ctx, tx, app).await;
    let name = call.app.db.read(&call.ctx, "cloud_api.app", read).await?.map(|app| app.name);
    Ok(json!({"data": view(&found, name)}))
}

fn invalid() -> Value {
    let error = json!({"code": codes::TOKEN_INVALID.number, "message": codes::TOKEN_INVALID.title});
    json!({"data": {"is_valid": false, "scopes": [], "error": error}})
}

fn view(token: &Token, application: Option<String>) -> Value {
    let kind = match token.kind {
        TokenKind::SystemUser => "SYSTEM_USER",
        TokenKind::App | TokenKind::Nobody => "APP",
    };
    let scopes: Vec<&str> = token.scopes.iter().copied().map(Scope::as_str).collect();
    let granular = scopes.iter().map(|scope| match &token.targets {
        Some(targets) => {
            let targets: Vec<String> = targets.iter().map(i64::to_string).collect();
            json!({"scope": scope, "target_ids": targets})
        }
        None => json!({"scope": scope}),
    });
    let granular: Vec<Value> = granular.collect();
    json!({
        "app_id": token.app.to_string(),
        "type": kind,
        "application": application,
        "issued_at": token.issued_at.seconds(),
        "expires_at": token.expires_at.map_or(0, |at| at.seconds()),
        "data_access_expires_at": token.expires_at.map_or(0, |at| at.seconds()),
        "is_valid": true,
        "scopes": scopes,
        "granular_scopes": granular,
        "user_id": token.user.unwrap_or(token.portfolio.0).to_string(),
    })
}
