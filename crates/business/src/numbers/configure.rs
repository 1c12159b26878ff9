//! `POST /{phone-number-id}`: several things about a number in one request.

use crate::Business;
use crate::documents::{Kind, Shape, field};
use crate::management::ManageError;
use crate::numbers::{log, store, text};
use crate::usernames;
use crate::webhooks::{self, Callback};
use crate::{codes, portfolios};
use plaza_db::Tx;
use plaza_protocol::{AppId, Ctx, PhoneNumberId};
use serde_json::Value;

const DATA: Shape = Shape(&[field("pin", Kind::Text(1, 20))]);
const CHANGE: Shape = Shape(&[
    field("pin", Kind::Text(1, 20)),
    field("whatsapp_business_api_data", Kind::Object(&DATA)),
    field("new_display_name", Kind::Text(1, super::NAME_CHARACTERS_MAX)),
    field("search_visibility", Kind::Choice(&["VISIBLE", "HIDDEN", "NON_VISIBLE"])),
    field("username", Kind::Text(1, 64)),
]);

impl Business {
    /// Changes what the request has. `callback` is the number's own one for an app: one to set, or none in its place.
    pub async fn configure_number(
        &self,
        ctx: &Ctx,
        tx: &mut Tx,
        phone: PhoneNumberId,
        request: &Value,
        callback: Option<(AppId, Option<&Callback>)>,
    ) -> Result<(), ManageError> {
        let number = portfolios::phone_number(ctx, tx, phone).await?;
        let change = CHANGE.read(request)?;
        let data = change.get("whatsapp_business_api_data").and_then(Value::as_object);
        let pin = text(&change, "pin").or_else(|| data.and_then(|data| text(data, "pin")));
        let mut is_empty = true;
        if let Some((app, callback)) = callback {
            webhooks::set_phone_number_callback(ctx, tx, phone, app, callback).await?;
            is_empty = false;
        }
        if let Some(pin) = pin {
            self.set_pin(ctx, tx, &number, pin).await?;
            is_empty = false;
        }
        if let Some(name) = text(&change, "new_display_name") {
            self.request_name(ctx, tx, &number, name).await?;
            is_empty = false;
        }
        if let Some(word) = text(&change, "search_visibility") {
            let mut state = store::state(tx, phone).await?;
            state.search_visibility = if word == "VISIBLE" { word } else { "NON_VISIBLE" }.to_owned();
            store::put(tx, phone, &state).await?;
            log(ctx, tx, &number, "ACCOUNT_UPDATED", "the visibility of a phone number was changed").await?;
            is_empty = false;
        }
        if let Some(name) = text(&change, "username") {
            usernames::set(ctx, tx, phone, name).await?;
            is_empty = false;
        }
        if is_empty {
            let what = "one of pin, new_display_name, search_visibility, username or webhook_configuration is expected";
            return Err(ManageError::refused(codes::INVALID_PARAMETER, what));
        }
        Ok(())
    }
}
