//! # How templates do
//!
//! Each template by day: how often it was sent, delivered and read, how often its quick replies were pressed, and what
//! it cost. For this the insights of the account have to be switched on, once and for good.
//!
//! Sending, delivery and reading are counted from the messages. What the deliveries cost is summed in the transaction
//! of their charges, a press of a button in that of its message; both by a quarter of an hour, so that the edges of a
//! time are cut to that. Presses by people of the European Union, the United Kingdom and Japan are not counted.
//!
//! A **template group** is a template in all its languages; it is named by the template's name.

use super::store::{self, Step, Which};
use super::{Span, amount, quarter, words};
use crate::codes;
use crate::country;
use crate::documents::{Kind, Shape, field, required};
use crate::management::ManageError;
use crate::portfolios::{self, Waba};
use crate::templates::{self, Template, TemplateError};
use crate::wabas;
use plaza_db::{DbError, Tx};
use plaza_protocol::{Ctx, Micros, PhoneNumber, TemplateId, Timestamp, WabaId};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// How far back templates are counted.
const LOOK_BACK: Duration = Duration::from_secs(90 * 24 * 3600);
/// Templates, or groups of them, of one question.
const TEMPLATES_MAX: usize = 10;
/// Characters of a button that are kept.
const BUTTON_CHARACTERS_MAX: usize = 25;

const TIMES: i64 = 100_000_000_000;
const METRICS: &[&str] = &["SENT", "DELIVERED", "READ", "CLICKED", "COST"];
const PRODUCTS: &[&str] = &["CLOUD_API", "MARKETING_MESSAGES_LITE_API"];
const ASKED: Shape = Shape(&[
    required("start", Kind::Number(0, TIMES)),
    required("end", Kind::Number(0, TIMES)),
    field("granularity", Kind::Choice(&["DAILY", "DAY"])),
    field("metric_types", Kind::List(10, &Kind::Choice(METRICS))),
    field("product_type", Kind::Choice(PRODUCTS)),
    field("template_ids", Kind::List(TEMPLATES_MAX, &Kind::Text(1, 20))),
    field("template_group_ids", Kind::List(TEMPLATES_MAX, &Kind::Text(1, 512))),
]);

/// Countries of the European Union, with the United Kingdom and Japan.
#[rustfmt::skip]
const CLICKS_NOT_COUNTED: &[&str] = &[
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV", "LT", "LU", "MT",
    "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "GB", "JP",
];

/// What the delivery of a template cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) template: TemplateId,
    pub(crate) is_marketing_lite: bool,
    pub(crate) at: Timestamp,
    pub(crate) amount: Micros,
}

/// Adds the costs of deliveries to the sums, in the transaction of their charges.
pub(crate) async fn note_spent(tx: &mut Tx, spent: &[Spent]) -> Result<(), DbError> {
    let mut sums: BTreeMap<(TemplateId, bool, Timestamp), i64> = BTreeMap::new();
    for one in spent.iter().filter(|one| one.amount > Micros::ZERO) {
        let sum = sums.entry((one.template, one.is_marketing_lite, quarter(one.at))).or_default();
        *sum = sum.saturating_add(one.amount.0);
    }
    // In the order of their keys, which is the order of the locks.
    let rows = sums.into_iter().map(|((template, is_marketing_lite, quarter), amount)| {
        plaza_db::params![template, is_marketing_lite, quarter, amount]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() { Ok(()) } else { store::add_spent(tx, rows).await }
}

/// Counts the press of a quick reply of a template.
pub(crate) async fn note_click(
    ctx: &Ctx,
    tx: &mut Tx,
    template: TemplateId,
    is_marketing_lite: bool,
    (by, button): (&PhoneNumber, &str),
) -> Result<(), DbError> {
    if CLICKS_NOT_COUNTED.contains(&country::of(by)) {
        return Ok(());
    }
    let button: String = button.chars().take(BUTTON_CHARACTERS_MAX).collect();
    store::add_click(tx, template, is_marketing_lite, quarter(ctx.now()), &button).await
}

/// What is counted in one data point.
#[derive(Default)]
struct Sums {
    sent: i64,
    delivered: i64,
    read: i64,
    spent: i64,
    clicks: BTreeMap<String, i64>,
}

impl Sums {
    fn view(&self, view: &mut Map<String, Value>, metrics: &[String]) {
        let wants = |metric: &str| metrics.is_empty() || metrics.iter().any(|known| known == metric);
        for (metric, name, count) in [
            ("SENT", "sent", self.sent),
            ("DELIVERED", "delivered", self.delivered),
            ("READ", "read", self.read),
        ] {
            if wants(metric) {
                view.insert(name.to_owned(), json!(count));
            }
        }
        if wants("CLICKED") {
            let clicks = self.clicks.iter().map(|(button, count)| {
                json!({"type": "quick_reply_button", "button_content": button, "count": count})
            });
            view.insert("clicked".to_owned(), clicks.collect());
        }
        if wants("COST") {
            let mut costs = vec![json!({"type": "amount_spent", "value": amount(Micros(self.spent))})];
            if let Some(each) = self.spent.checked_div(self.delivered) {
                costs.push(json!({"type": "cost_per_delivered", "value": amount(Micros(each))}));
            }
            view.insert("cost".to_owned(), Value::Array(costs));
        }
    }
}

/// A question about templates.
struct Question {
    waba: Waba,
    span: Span,
    is_marketing_lite: bool,
    asked: Map<String, Value>,
}

impl Question {
    async fn read(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Self, ManageError> {
        let settings = wabas::settings(ctx, tx, waba).await?;
        if settings.get("is_enabled_for_insights") != Some(&json!(true)) {
            let what = "switch the insights of the account on first: POST is_enabled_for_insights=true to it";
            return Err(ManageError::refused(codes::INSIGHTS_OFF, what));
        }
        let waba = portfolios::waba(ctx, tx, waba).await?;
        let asked = ASKED.read(asked)?;
        let span = Span::read(ctx, &waba, &asked, LOOK_BACK)?;
        let product = asked.get("product_type").and_then(Value::as_str);
        let is_marketing_lite = product == Some("MARKETING_MESSAGES_LITE_API");
        Ok(Self { waba, span, is_marketing_lite, asked })
    }

    fn names(&self, member: &str) -> Result<Vec<String>, ManageError> {
        let names = words(&self.asked, member);
        if names.is_empty() {
            let what = format!("1 to {TEMPLATES_MAX} are expected");
            return Err(ManageError::invalid(member, &what));
        }
        Ok(names)
    }

    /// The sums of some templates together, a point a day.
    async fn sums(
        &self,
        tx: &mut Tx,
        templates: &[TemplateId],
    ) -> Result<BTreeMap<(Timestamp, Timestamp), Sums>, ManageError> {
        let points = self.span.points()?.into_iter().map(|point| (point, Sums::default()));
        let mut sums: BTreeMap<_, Sums> = points.collect();
        for template in templates {
            let which = Which {
                template: *template,
                is_marketing_lite: self.is_marketing_lite,
                from: self.span.from,
                to: self.span.to,
            };
            for (at, count) in store::steps(tx, which, Step::Sent).await? {
                let sum = &mut sums.entry(self.span.point(at)).or_default().sent;
                *sum = sum.saturating_add(count);
            }
            for (at, count) in store::steps(tx, which, Step::Delivered).await? {
                let sum = &mut sums.entry(self.span.point(at)).or_default().delivered;
                *sum = sum.saturating_add(count);
            }
            for (at, count) in store::steps(tx, which, Step::Read).await? {
                let sum = &mut sums.entry(self.span.point(at)).or_default().read;
                *sum = sum.saturating_add(count);
            }
            for (at, amount) in store::spent(tx, which).await? {
                let sum = &mut sums.entry(self.span.point(at)).or_default().spent;
                *sum = sum.saturating_add(amount.0);
            }
            for (at, button, count) in store::clicked(tx, which).await? {
                let clicks = &mut sums.entry(self.span.point(at)).or_default().clicks;
                let sum = clicks.entry(button).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        Ok(sums)
    }

    fn answer(&self, points: Vec<Value>) -> Value {
        let product = if self.is_marketing_lite { "marketing_messages_lite_api" } else { "cloud_api" };
        json!({
            "granularity": "DAILY",
            "product_type": product,
            "data_points": points,
            "waba_timezone": self.waba.time_zone,
        })
    }
}

/// The `template_analytics` of an account.
pub async fn templates(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Value, ManageError> {
    let question = Question::read(ctx, tx, waba, asked).await?;
    let metrics = words(&question.asked, "metric_types");
    let mut points = Vec::new();
    for name in question.names("template_ids")? {
        let template = template_of(ctx, tx, waba, &name).await?;
        for ((start, end), sums) in question.sums(tx, &[template]).await? {
            let mut view = Map::from_iter([
                ("template_id".to_owned(), json!(template.to_string())),
                ("start".to_owned(), json!(start.seconds())),
                ("end".to_owned(), json!(end.seconds())),
            ]);
            sums.view(&mut view, &metrics);
            points.push(Value::Object(view));
        }
    }
    Ok(question.answer(points))
}

/// A template of the account; another one's looks as if it did not exist.
async fn template_of(ctx: &Ctx, tx: &mut Tx, waba: WabaId, id: &str) -> Result<TemplateId, ManageError> {
    let unknown = || ManageError::invalid("template_ids", &format!("the account has no template {id}"));
    let id: TemplateId = id.parse().map_err(|_| unknown())?;
    match templates::get(ctx, tx, id).await {
        Ok(Template { waba_id, template_id, .. }) if waba_id == waba => Ok(template_id),
        Err(TemplateError::Db(error)) => Err(error.into()),
        _ => Err(unknown()),
    }
}

/// The `template_group_analytics` of an account: all languages of a template together.
pub async fn groups(ctx: &Ctx, tx: &mut Tx, waba: WabaId, asked: &Value) -> Result<Value, ManageError> {
    let question = Question::read(ctx, tx, waba, asked).await?;
    let metrics = words(&question.asked, "metric_types");
    let metrics: Vec<String> =
        if metrics.is_empty() { ["SENT", "DELIVERED", "READ"].map(str::to_owned).to_vec() } else { metrics };
    let all = templates::list(ctx, tx, waba).await.map_err(|error| match error {
        TemplateError::Db(error) => ManageError::Db(error),
        _ => ManageError::NotFound,
    })?;
    let mut points = Vec::new();
    for name in question.names("template_group_ids")? {
        let languages: Vec<TemplateId> = all
            .iter()
            .filter(|template| template.name == name)
            .map(|template| template.template_id)
            .collect();
        if languages.is_empty() {
            let what = format!("the account has no template that is called {name}");
            return Err(ManageError::invalid("template_group_ids", &what));
        }
        for ((start, end), sums) in question.sums(tx, &languages).await? {
            let mut view = Map::from_iter([
                ("template_group_id".to_owned(), json!(name)),
                ("start".to_owned(), json!(start.seconds())),
                ("end".to_owned(), json!(end.seconds())),
            ]);
            sums.view(&mut view, &metrics);
            points.push(Value::Object(view));
        }
    }
    Ok(question.answer(points))
}
