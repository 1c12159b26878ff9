//! Tokens: `GET /oauth/access_token`, `GET /debug_token`.

use super::errors::GraphError;
use super::{Call, auth};
use plaza_business::apps::{self, AuthenticateError, Scope, Token, TokenKind};
use plaza_business::codes;
use plaza_db::Tx;
use plaza_protocol::Ctx;
use serde_json::{Value, json};

/// An app's id and secret are exchanged for its app token, which is made of the two.
pub(super) async fn exchange(call: Call) -> Result<Value, GraphError> {
    let (app, ctx, params) = (&call.app, &call.ctx, &call.params);
    let grant = params.text("grant_type").unwrap_or_else(|| "client_credentials".to_owned());
    if grant != "client_credentials" || params.text("code").is_some() {
        let details = "grant_type: client_credentials is expected; other grants are not supported yet";
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

/// What a token is good for. Of a token of another portfolio only that it is not good here is told.
pub(super) async fn debug(call: Call) -> Result<Value, GraphError> {
    let input = call.params.required("input_token")?;
    let found = match auth::look_up(&call.app, &call.ctx, input).await {
        Ok(token) if token.portfolio == call.token.portfolio => token,
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
    let granular: Vec<Value> = scopes.iter().map(|scope| json!({"scope": scope})).collect();
    json!({
        "app_id": token.app.to_string(),
        "type": kind,
        "application": application,
        "issued_at": token.issued_at.seconds(),
        "expires_at": token.expires_at.map_or(0, |at| at.seconds()),
        "data_access_expires_at": 0,
        "is_valid": true,
        "scopes": scopes,
        "granular_scopes": granular,
        "user_id": token.portfolio.to_string(),
    })
}
