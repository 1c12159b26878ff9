//! # Stripe, and what speaks like it
//!
//! Form-encoded REST. The version of the interface is named in each call, so that a newer default changes nothing here. An
//! intent is made and confirmed in two calls, so that nothing depends on the idempotency keys that are sent along.

use crate::amount::{from_minor, to_minor};
use crate::provider::{
    Attached, Network, Order, Payout, Provider, ProviderError, RefundOrder, RefundStatus, RefundTruth,
    Request, SetUp, Status, Truth,
};
use async_trait::async_trait;
use plaza_protocol::{Ctx, Currency, Micros, PortfolioId, Secret, Timestamp};
use serde_json::Value;
use std::sync::Arc;
use url::form_urlencoded::{Serializer, byte_serialize};

/// The version of the interface: intents name their newest charge, and are for cards unless they say otherwise.
const VERSION: &str = "2022-11-15";
/// Rows of a list.
const LIST_ROWS: &str = "100";

/// The adapter.
#[derive(Debug)]
pub struct Stripe {
    network: Arc<dyn Network>,
    url: String,
    secret_key: Secret<String>,
    publishable_key: String,
}

type Form<'a> = [(&'a str, &'a str)];

impl Stripe {
    /// `url`: without a slash at its end, such as `https://api.stripe.com`.
    pub fn new(
        network: Arc<dyn Network>,
        url: String,
        secret_key: Secret<String>,
        publishable_key: String,
    ) -> Self {
        Self { network, url: url.trim_end_matches('/').to_owned(), secret_key, publishable_key }
    }

    async fn post(&self, path: &str, form: &Form<'_>, key: Option<String>) -> Result<Value, ProviderError> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        self.call(true, format!("{}/v1/{path}", self.url), body, key).await
    }

    async fn get(&self, path: &str, query: &Form<'_>) -> Result<Value, ProviderError> {
        let query = Serializer::new(String::new()).extend_pairs(query).finish();
        let mark = if query.is_empty() { "" } else { "?" };
        self.call(false, format!("{}/v1/{path}{mark}{query}", self.url), String::new(), None).await
    }

    async fn call(
        &self,
        is_post: bool,
        url: String,
        body: String,
        key: Option<String>,
    ) -> Result<Value, ProviderError> {
        let mut headers = vec![
            ("authorization", format!("Bearer {}", self.secret_key.0)),
            ("stripe-version", VERSION.to_owned()),
        ];
        if is_post {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        }
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let answer = self.network.call(Request { is_post, url, headers, body }).await;
        let answer = answer.map_err(|error| ProviderError::Unknown(error.to_string()))?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let of_error = |member: &str| said.get("error").and_then(|error| error.get(member)).and_then(text);
        let words = || of_error("message").unwrap_or("no reason was given").to_owned();
        match answer.status {
            200..=299 if said.is_object() => Ok(said),
            402 => {
                let code = of_error("decline_code").or_else(|| of_error("code")).unwrap_or("card_declined");
                Err(ProviderError::Declined { code: code.to_owned(), message: words() })
            }
            404 => Err(ProviderError::Missing),
            401 | 403 => {
                // The operator's fault, and to be repaired: no payment fails for it.
                tracing::error!(
                    status = answer.status,
                    "the payment provider does not accept the secret key"
                );
                Err(ProviderError::Unknown("the provider does not accept the operator's key".to_owned()))
            }
            // Somebody else is at the same object, or too many calls at a time.
            409 | 429 => Err(ProviderError::Unknown(words())),
            status @ 400..=499 => Err(ProviderError::Refused(format!("{} ({status})", words()))),
            status => Err(ProviderError::Unknown(format!("status {status}"))),
        }
    }

    async fn customer(&self, portfolio: PortfolioId, known: Option<&str>) -> Result<String, ProviderError> {
        if let Some(known) = known {
            return Ok(known.to_owned());
        }
        let id = portfolio.to_string();
        let key = Some(format!("customer-{id}"));
        let made = self.post("customers", &[("metadata[portfolio_id]", &id)], key).await?;
        wanted(&made, "id")
    }

    async fn intent(&self, path: &str, form: &Form<'_>, key: Option<String>) -> Result<Truth, ProviderError> {
        truth(&self.post(path, form, key).await?)
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn wanted(value: &Value, member: &'static str) -> Result<String, ProviderError> {
    let found = value.get(member).and_then(text);
    Ok(found.ok_or_else(|| ProviderError::Unknown(format!("the answer has no {member}")))?.to_owned())
}

/// An id, or an object that has one.
fn id_of(value: &Value) -> Option<String> {
    text(value).or_else(|| value.get("id").and_then(text)).map(str::to_owned)
}

fn money(value: &Value) -> Result<(Micros, Currency), ProviderError> {
    let currency = value.get("currency").and_then(text).unwrap_or_default().to_ascii_uppercase();
    let currency: Option<Currency> = currency.parse().ok();
    let amount = value.get("amount").and_then(Value::as_i64);
    let both =
        currency.zip(amount).and_then(|(currency, amount)| Some((from_minor(amount, currency)?, currency)));
    both.ok_or_else(|| {
        ProviderError::Unknown("the answer has no amount in a currency that is known".to_owned())
    })
}

fn truth(intent: &Value) -> Result<Truth, ProviderError> {
    let (amount, currency) = money(intent)?;
    let status = match intent.get("status").and_then(text).unwrap_or_default() {
        "requires_confirmation" => Status::Unconfirmed,
        "requires_action" => Status::RequiresAction,
        "processing" | "requires_capture" => Status::Processing,
        "succeeded" => Status::Succeeded,
        "requires_payment_method" => Status::Declined,
        "canceled" => Status::Canceled,
        other => return Err(ProviderError::Unknown(format!("the state {other:?} is not known"))),
    };
    let error = intent.get("last_payment_error").filter(|error| error.is_object());
    let failure = error.map(|error| {
        let member = |name: &str| error.get(name).and_then(text);
        let code = member("decline_code").or_else(|| member("code")).unwrap_or("card_declined");
        (code.to_owned(), member("message").unwrap_or("the payment was declined").to_owned())
    });
    Ok(Truth {
        status,
        amount,
        currency,
        charge: intent.get("latest_charge").and_then(id_of),
        action: (status == Status::RequiresAction)
            .then(|| intent.get("client_secret").and_then(id_of))
            .flatten(),
        failure,
    })
}

fn refund_truth(refund: &Value) -> Result<RefundTruth, ProviderError> {
    let status = match refund.get("status").and_then(text).unwrap_or_default() {
        "succeeded" => RefundStatus::Succeeded,
        "failed" | "canceled" => RefundStatus::Failed,
        _ => RefundStatus::Processing,
    };
    Ok(RefundTruth { reference: wanted(refund, "id")?, status })
}

/// An id as a part of a path.
fn part(id: &str) -> String {
    byte_serialize(id.as_bytes()).collect()
}

#[async_trait]
impl Provider for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    async fn set_up(&self, portfolio: PortfolioId, customer: Option<&str>) -> Result<SetUp, ProviderError> {
        let customer = self.customer(portfolio, customer).await?;
        let form = [("customer", customer.as_str()), ("usage", "off_session")];
        let intent = self.post("setup_intents", &form, None).await?;
        let client_secret = wanted(&intent, "client_secret")?;
        Ok(SetUp { customer, client_secret, publishable_key: self.publishable_key.clone() })
    }

    async fn attach(
        &self,
        portfolio: PortfolioId,
        customer: Option<&str>,
        token: &str,
    ) -> Result<Attached, ProviderError> {
        let customer = self.customer(portfolio, customer).await?;
        let path = format!("payment_methods/{}", part(token));
        // A card that was taken in the page belongs to the customer already.
        let known = self.get(&path, &[]).await?;
        let method = if known.get("customer").and_then(id_of).as_ref() == Some(&customer) {
            known
        } else {
            self.post(&format!("{path}/attach"), &[("customer", &customer)], None).await?
        };
        let kind = wanted(&method, "type")?;
        let details = method.get(&kind);
        let number = |member: &str| details?.get(member).and_then(Value::as_i64);
        let expires = number("exp_year").zip(number("exp_month"));
        let word = |member: &str| {
            let said = details.and_then(|details| details.get(member)).and_then(text);
            said.unwrap_or_default().to_owned()
        };
        Ok(Attached {
            customer,
            brand: word("brand"),
            last4: word("last4"),
            expires: expires.map_or_else(String::new, |(year, month)| format!("{year:04}-{month:02}")),
            kind,
        })
    }

    async fn detach(&self, token: &str) -> Result<(), ProviderError> {
        self.post(&format!("payment_methods/{}/detach", part(token)), &[], None).await.map(|_| ())
    }

    async fn prepare(&self, _ctx: &Ctx, order: &Order) -> Result<String, ProviderError> {
        let minor = to_minor(order.amount, order.currency)
            .map_err(|error| ProviderError::Refused(error.to_string()))?;
        let (minor, currency) = (minor.to_string(), order.currency.code().to_ascii_lowercase());
        let (payment, portfolio) = (order.payment_id.to_string(), order.portfolio_id.to_string());
        let form = [
            ("amount", minor.as_str()),
            ("currency", &currency),
            ("customer", &order.customer),
            ("payment_method", &order.token),
            ("metadata[payment_id]", &payment),
            ("metadata[portfolio_id]", &portfolio),
        ];
        let intent = self.post("payment_intents", &form, Some(payment.clone())).await?;
        wanted(&intent, "id")
    }

    async fn confirm(&self, _ctx: &Ctx, reference: &str, off_session: bool) -> Result<Truth, ProviderError> {
        let path = format!("payment_intents/{}/confirm", part(reference));
        let form: &Form<'_> = if off_session { &[("off_session", "true")] } else { &[] };
        match self.intent(&path, form, Some(format!("{reference}-confirm"))).await {
            // Not all that speak like Stripe know the word.
            Err(ProviderError::Refused(what)) if off_session && what.contains("off_session") => {
                self.intent(&path, &[], Some(format!("{reference}-confirm-again"))).await
            }
            other => other,
        }
    }

    async fn look_up(&self, _ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError> {
        truth(&self.get(&format!("payment_intents/{}", part(reference)), &[]).await?)
    }

    async fn cancel(&self, _ctx: &Ctx, reference: &str) -> Result<Truth, ProviderError> {
        self.intent(&format!("payment_intents/{}/cancel", part(reference)), &[], None).await
    }

    async fn refund(&self, _ctx: &Ctx, order: &RefundOrder) -> Result<RefundTruth, ProviderError> {
        let minor = to_minor(order.amount, order.currency)
            .map_err(|error| ProviderError::Refused(error.to_string()))?;
        let (minor, id) = (minor.to_string(), order.refund_id.to_string());
        let form = [("charge", order.charge.as_str()), ("amount", &minor), ("metadata[refund_id]", &id)];
        refund_truth(&self.post("refunds", &form, Some(id.clone())).await?)
    }

    async fn find_refund(
        &self,
        _ctx: &Ctx,
        order: &RefundOrder,
    ) -> Result<Option<RefundTruth>, ProviderError> {
        let query = [("charge", order.charge.as_str()), ("limit", LIST_ROWS)];
        let list = self.get("refunds", &query).await?;
        let id = order.refund_id.to_string();
        let found = list.get("data").and_then(Value::as_array).into_iter().flatten();
        let found = found.into_iter().find(|refund| {
            refund.pointer("/metadata/refund_id").and_then(Value::as_str) == Some(id.as_str())
        });
        found.map(refund_truth).transpose()
    }

    async fn fee(
        &self,
        _ctx: &Ctx,
        charge: &str,
        currency: Currency,
    ) -> Result<Option<Micros>, ProviderError> {
        let charge = self.get(&format!("charges/{}", part(charge)), &[]).await?;
        let Some(transaction) = charge.get("balance_transaction").and_then(id_of) else { return Ok(None) };
        let transaction = self.get(&format!("balance_transactions/{}", part(&transaction)), &[]).await?;
        let (_, settled) = money(&transaction)?;
        let fee = transaction.get("fee").and_then(Value::as_i64).and_then(|fee| from_minor(fee, currency));
        // What is settled in another currency has its fee there, and is booked by hand.
        Ok(fee.filter(|_| settled == currency))
    }

    async fn payouts(&self, _ctx: &Ctx) -> Result<Vec<Payout>, ProviderError> {
        let list = self.get("payouts", &[("limit", LIST_ROWS)]).await?;
        let rows = list.get("data").and_then(Value::as_array).into_iter().flatten();
        let paid = rows.filter(|payout| payout.get("status").and_then(Value::as_str) == Some("paid"));
        let read = paid.map(|payout| {
            let (amount, currency) = money(payout)?;
            let seconds = payout.get("arrival_date").and_then(Value::as_i64).unwrap_or_default();
            let arrived_at = Timestamp::from_seconds(seconds);
            Ok(Payout { reference: wanted(payout, "id")?, amount, currency, arrived_at })
        });
        read.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NetworkError, Response};
    use serde_json::json;
    use std::sync::Mutex;

    /// Answers in turn, and remembers what was asked.
    #[derive(Debug)]
    struct Scripted {
        answers: Mutex<Vec<Result<Response, NetworkError>>>,
        asked: Mutex<Vec<Request>>,
    }

    #[async_trait]
    impl Network for Scripted {
        async fn call(&self, request: Request) -> Result<Response, NetworkError> {
            self.asked.lock().unwrap().push(request);
            self.answers.lock().unwrap().remove(0)
        }
    }

    fn stripe(answers: Vec<Result<Response, NetworkError>>) -> (Stripe, Arc<Scripted>) {
        let network = Arc::new(Scripted { answers: Mutex::new(answers), asked: Mutex::default() });
        let key = Secret("sk_test_1".to_owned());
        (Stripe::new(network.clone(), "https://api.example.org/".to_owned(), key, String::new()), network)
    }

    fn answer(status: u16, body: &Value) -> Result<Response, NetworkError> {
        Ok(Response { status, body: body.to_string().into_bytes(), max_age: None })
    }

    #[tokio::test]
    async fn a_call_is_form_encoded_with_key_version_and_idempotency_key() {
        let (stripe, network) = stripe(vec![answer(200, &json!({"id": "cus_1"}))]);
        assert_eq!(stripe.customer(PortfolioId(7), None).await.unwrap(), "cus_1");
        let asked = network.asked.lock().unwrap().remove(0);
        assert_eq!(asked.url, "https://api.example.org/v1/customers");
        assert_eq!(asked.body, "metadata%5Bportfolio_id%5D=7");
        for header in [
            ("authorization", "Bearer sk_test_1"),
            ("stripe-version", VERSION),
            ("content-type", "application/x-www-form-urlencoded"),
            ("idempotency-key", "customer-7"),
        ] {
            assert!(asked.headers.contains(&(header.0, header.1.to_owned())), "{header:?}");
        }
        assert!(!format!("{stripe:?}").contains("sk_test_1"));
    }

    #[tokio::test]
    async fn an_answer_says_no_nothing_or_not_yet() {
        let declined =
            json!({"error": {"code": "card_declined", "decline_code": "stolen_card", "message": "No."}});
        let cases = [
            (
                answer(402, &declined),
                ProviderError::Declined { code: "stolen_card".into(), message: "No.".into() },
            ),
            (answer(404, &json!({})), ProviderError::Missing),
            (
                answer(400, &json!({"error": {"message": "Bad."}})),
                ProviderError::Refused("Bad. (400)".into()),
            ),
            (answer(503, &json!({})), ProviderError::Unknown("status 503".into())),
            (
                Err(NetworkError::NoAnswer("late".into())),
                ProviderError::Unknown("the provider did not answer: late".into()),
            ),
        ];
        for (given, expected) in cases {
            let (stripe, _) = stripe(vec![given]);
            assert_eq!(stripe.look_up(&plaza_db::testing::ctx().0, "pi_1").await.unwrap_err(), expected);
        }
        let (stripe, _) = stripe(vec![answer(200, &json!([1]))]);
        assert!(matches!(
            stripe.look_up(&plaza_db::testing::ctx().0, "pi_1").await.unwrap_err(),
            ProviderError::Unknown(_)
        ));
    }

    #[tokio::test]
    async fn a_provider_that_knows_no_off_session_is_asked_without() {
        let intent = json!({"id": "pi_1", "amount": 500, "currency": "usd", "status": "succeeded",
            "latest_charge": {"id": "ch_1"}});
        let refusal = json!({"error": {"message": "Unexpected off_session"}});
        let (stripe, network) = stripe(vec![answer(400, &refusal), answer(200, &intent)]);
        let truth = stripe.confirm(&plaza_db::testing::ctx().0, "pi_1", true).await.unwrap();
        assert_eq!((truth.status, truth.amount), (Status::Succeeded, Micros(5_000_000)));
        assert_eq!(truth.charge.as_deref(), Some("ch_1"));
        let asked = network.asked.lock().unwrap();
        assert_eq!((asked[0].body.as_str(), asked[1].body.as_str()), ("off_session=true", ""));
    }
}
