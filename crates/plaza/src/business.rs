//! `plaza business` and `plaza template`: what the operator does on a running server, over its HTTP surface.

use crate::output;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where the server is, and who asks.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// The server.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The operator's token. Default: the file in --data; with a sandbox on this machine none is needed.
    #[arg(long, env = "PLAZA_OPERATOR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The server's data folder, to read the operator's token from.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BusinessCommand {
    /// Make a business: portfolio, account, phone number, app and access token.
    Create(Create),
    /// Let an account's webhooks go to an address.
    Subscribe(Subscribe),
    /// Add to a portfolio's balance.
    Credit(Credit),
    /// Give back a balance that nobody had used and that has lapsed.
    Reinstate(Balance),
    /// Show what a portfolio has to pay from, what it spends, and its caps.
    Balance(Balance),
    /// Say how much a portfolio may owe.
    CreditLine(CreditLine),
    /// Give a portfolio promotional credit that ends.
    Promo(Promo),
    /// Cap what a portfolio, an account, a number or a template may spend in a day or a month.
    Cap(Cap),
    /// Say to how many people a portfolio may write first within 24 hours.
    Limit(Limit),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    #[command(flatten)]
    server: Server,
    /// What people see.
    #[arg(long)]
    name: String,
    /// Its phone number, with the country code.
    #[arg(long)]
    number: String,
    /// Two letters. Default: the country of the number.
    #[arg(long)]
    country: Option<String>,
    /// What it pays in. Default: USD.
    #[arg(long)]
    currency: Option<String>,
    /// What it starts with. Default: 100.00 in the sandbox, else nothing.
    #[arg(long)]
    credit: Option<String>,
    /// IANA name, for its months. Default: UTC.
    #[arg(long)]
    time_zone: Option<String>,
    /// To how many people it may write first: TIER_250 and so on. Default: as the server is configured.
    #[arg(long, value_name = "TIER")]
    messaging_limit: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Subscribe {
    #[command(flatten)]
    server: Server,
    /// The account.
    #[arg(long)]
    waba: String,
    /// Where webhooks go.
    #[arg(long)]
    callback: String,
    /// What the endpoint expects in the handshake.
    #[arg(long)]
    verify_token: String,
}

#[derive(Debug, Args)]
pub(crate) struct Credit {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
    /// How much, for example 100.00.
    #[arg(long)]
    amount: String,
    /// What it was paid in, if that is not what the portfolio pays in.
    #[arg(long, requires = "rate")]
    currency: Option<String>,
    /// What one unit of it is worth in what the portfolio pays in, for example 1.0834.
    #[arg(long, requires = "currency")]
    rate: Option<String>,
    /// The same key twice credits once.
    #[arg(long)]
    key: String,
}

#[derive(Debug, Args)]
pub(crate) struct Balance {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
}

#[derive(Debug, Args)]
pub(crate) struct CreditLine {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
    /// What it may owe, for example 500.00; 0 ends the credit.
    #[arg(long)]
    limit: String,
    /// The same key twice changes once.
    #[arg(long)]
    key: String,
}

#[derive(Debug, Args)]
pub(crate) struct Promo {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
    /// How much, for example 20.00.
    #[arg(long)]
    amount: String,
    /// It ends after so many days.
    #[arg(long)]
    days: u32,
    /// What for, as the business reads it.
    #[arg(long)]
    note: Option<String>,
    /// The same key twice gives once.
    #[arg(long)]
    key: String,
}

#[derive(Debug, Args)]
pub(crate) struct Cap {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
    /// portfolio, account, number or campaign.
    #[arg(long, default_value = "portfolio")]
    scope: String,
    /// Which account or number, by its id, or which template, by its name.
    #[arg(long)]
    subject: Option<String>,
    /// day or month, in the portfolio's time zone.
    #[arg(long, default_value = "month")]
    period: String,
    /// How much may be spent, for example 100.00.
    #[arg(long)]
    limit: String,
    /// block refuses what goes beyond, alert only tells.
    #[arg(long, default_value = "block")]
    action: String,
}

#[derive(Debug, Args)]
pub(crate) struct Limit {
    #[command(flatten)]
    server: Server,
    /// The portfolio.
    #[arg(long)]
    business: String,
    /// TIER_250, TIER_2K, TIER_10K, TIER_100K or TIER_UNLIMITED.
    #[arg(long, value_name = "TIER")]
    messaging_limit: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TemplateCommand {
    /// Make a template.
    Create(CreateTemplate),
    /// Approve a template.
    Approve(Decide),
    /// Reject a template.
    Reject(Decide),
}

#[derive(Debug, Args)]
pub(crate) struct CreateTemplate {
    #[command(flatten)]
    server: Server,
    /// The account.
    #[arg(long)]
    waba: String,
    /// Lower case, digits and underscores.
    #[arg(long)]
    name: String,
    /// For example en_US.
    #[arg(long, default_value = "en_US")]
    language: String,
    /// MARKETING, UTILITY or AUTHENTICATION.
    #[arg(long, default_value = "UTILITY")]
    category: String,
    /// The text, with gaps as {{1}} or {{name}}.
    #[arg(long)]
    body: String,
    /// Above the text.
    #[arg(long)]
    header: Option<String>,
    /// Below the text.
    #[arg(long)]
    footer: Option<String>,
    /// An example for each gap, in their order.
    #[arg(long = "example")]
    examples: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    #[command(flatten)]
    server: Server,
    /// The account.
    #[arg(long)]
    waba: String,
    /// The template's name.
    #[arg(long)]
    name: String,
    /// For example en_US. Default: all languages.
    #[arg(long)]
    language: Option<String>,
    /// Why it is rejected.
    #[arg(long)]
    reason: Option<String>,
}

impl Server {
    /// Posts to the operator's surface; an error is said in the server's own words.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Asks the operator's surface.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::GET, path, None).await
    }

    /// Asks for JSON, with JSON or nothing.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let text = self.ask(method, path, body.map(Value::to_string)).await?;
        serde_json::from_str(&text).context("the server's answer cannot be read")
    }

    /// Asks the operator's surface, with a body or none.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> anyhow::Result<String> {
        let url = self.url.trim_end_matches('/');
        let token = operator_token(url, self.token.as_deref(), self.data.as_deref()).await?;
        let url = format!("{url}/operator/api/{path}");
        let mut request = reqwest::Client::new().request(method, url).bearer_auth(token);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.context("the server does not answer")?;
        let ok = response.status().is_success();
        let answer = response.text().await.context("the server's answer cannot be read")?;
        if !ok {
            let problem: Value = serde_json::from_str(&answer).unwrap_or_default();
            let faults = problem["errors"].as_array().into_iter().flatten().map(|fault| {
                let column = fault["column"].as_str().unwrap_or_default();
                let what = fault["what"].as_str().unwrap_or_default();
                format!("\n  row {}, {column}: {what}", fault["row"])
            });
            let detail = problem["detail"].as_str().unwrap_or("the server refused");
            bail!("{detail}{}", faults.collect::<String>());
        }
        Ok(answer)
    }

    /// Whether scripts read what is printed.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    pub(crate) fn print(&self, answer: &Value) {
        if self.json {
            output::line(answer);
            return;
        }
        for (name, value) in answer.as_object().into_iter().flatten() {
            output::line(format!(
                "{name:22} {}",
                value.as_str().map_or_else(|| value.to_string(), str::to_owned)
            ));
        }
    }
}

/// The operator's token: as it is given, else from the data folder, else that of a sandbox on this machine.
pub(crate) async fn operator_token(
    url: &str,
    given: Option<&str>,
    data: Option<&Path>,
) -> anyhow::Result<String> {
    if let Some(token) = given {
        return Ok(token.to_owned());
    }
    if let Some(data) = data {
        let path = data.join("operator-token");
        let token = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        return Ok(token.trim().to_owned());
    }
    let session = reqwest::get(format!("{url}/_sandbox/session")).await?;
    if !session.status().is_success() {
        bail!("the operator's token is needed: --token, PLAZA_OPERATOR_TOKEN, or --data DIR");
    }
    let session: Value = session.json().await?;
    session["operator_token"].as_str().map(str::to_owned).context("the server gave no session")
}

pub(crate) async fn run(command: BusinessCommand) -> anyhow::Result<ExitCode> {
    match command {
        BusinessCommand::Create(create) => {
            let body = json!({
                "name": create.name, "number": create.number, "country": create.country, "currency": create.currency,
                "credit": create.credit, "time_zone": create.time_zone, "messaging_limit": create.messaging_limit,
            });
            create.server.print(&create.server.post("businesses", &body).await?);
        }
        BusinessCommand::Subscribe(subscribe) => {
            let path = format!("wabas/{}/subscribe", subscribe.waba);
            let body = json!({"callback": subscribe.callback, "verify_token": subscribe.verify_token});
            subscribe.server.print(&subscribe.server.post(&path, &body).await?);
        }
        BusinessCommand::Limit(limit) => {
            let path = format!("businesses/{}/messaging-limit", limit.business);
            let body = json!({"messaging_limit": limit.messaging_limit});
            limit.server.print(&limit.server.post(&path, &body).await?);
        }
        BusinessCommand::Balance(balance) => {
            let path = format!("businesses/{}/billing", balance.business);
            balance.server.print(&balance.server.get(&path).await?);
        }
        BusinessCommand::Reinstate(of) => {
            let path = format!("businesses/{}/reinstate", of.business);
            of.server.print(&of.server.post(&path, &json!({})).await?);
        }
        BusinessCommand::CreditLine(line) => {
            let path = format!("businesses/{}/credit-line", line.business);
            let body = json!({"limit": line.limit, "key": line.key});
            line.server.print(&line.server.post(&path, &body).await?);
        }
        BusinessCommand::Promo(promo) => {
            let path = format!("businesses/{}/promo", promo.business);
            let body = json!({
                "amount": promo.amount, "days": promo.days, "note": promo.note, "key": promo.key,
            });
            promo.server.print(&promo.server.post(&path, &body).await?);
        }
        BusinessCommand::Cap(cap) => {
            let path = format!("businesses/{}/caps", cap.business);
            let body = json!({
                "scope": cap.scope, "subject": cap.subject, "period": cap.period, "limit": cap.limit,
                "action": cap.action,
            });
            cap.server.print(&cap.server.post(&path, &body).await?);
        }
        BusinessCommand::Credit(credit) => {
            let path = format!("businesses/{}/credit", credit.business);
            let body = json!({
                "amount": credit.amount, "currency": credit.currency, "rate": credit.rate, "key": credit.key,
            });
            credit.server.print(&credit.server.post(&path, &body).await?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn run_template(command: TemplateCommand) -> anyhow::Result<ExitCode> {
    match command {
        TemplateCommand::Create(create) => {
            let path = format!("wabas/{}/templates", create.waba);
            let body = template(&create);
            create.server.print(&create.server.post(&path, &body).await?);
        }
        TemplateCommand::Approve(decide) => decide_on(&decide, "approve").await?,
        TemplateCommand::Reject(decide) => decide_on(&decide, "reject").await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A template as the Cloud API takes it.
fn template(create: &CreateTemplate) -> Value {
    let mut components = Vec::new();
    if let Some(header) = &create.header {
        components.push(json!({"type": "HEADER", "format": "TEXT", "text": header}));
    }
    let gaps = gaps(&create.body);
    let named = gaps.iter().any(|gap| gap.parse::<u32>().is_err());
    let example = |at: usize| create.examples.get(at).cloned().unwrap_or_else(|| "example".to_owned());
    let mut body = json!({"type": "BODY", "text": create.body});
    if named {
        let examples = gaps.iter().enumerate();
        let params: Vec<Value> =
            examples.map(|(at, gap)| json!({"param_name": gap, "example": example(at)})).collect();
        body["example"] = json!({"body_text_named_params": params});
    } else if !gaps.is_empty() {
        let examples: Vec<String> = (0..gaps.len()).map(example).collect();
        body["example"] = json!({"body_text": [examples]});
    }
    components.push(body);
    if let Some(footer) = &create.footer {
        components.push(json!({"type": "FOOTER", "text": footer}));
    }
    json!({
        "name": create.name, "language": create.language, "category": create.category,
        "parameter_format": if named { "named" } else { "positional" }, "components": components,
    })
}

/// The gaps of a text, in their order, each once.
fn gaps(text: &str) -> Vec<String> {
    let mut gaps: Vec<String> = Vec::new();
    for piece in text.split("{{").skip(1) {
        if let Some((gap, _)) = piece.split_once("}}") {
            let gap = gap.trim().to_owned();
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
    }
    gaps
}

async fn decide_on(decide: &Decide, decision: &str) -> anyhow::Result<()> {
    let path = format!("wabas/{}/templates/{}/{decision}", decide.waba, decide.name);
    let body = json!({"language": decide.language, "reason": decide.reason});
    decide.server.print(&decide.server.post(&path, &body).await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_found_once_and_in_order() {
        assert_eq!(gaps("Hi {{who}}, order {{ nr }} for {{who}}"), ["who", "nr"]);
        assert_eq!(gaps("Order {{1}} of {{2}}"), ["1", "2"]);
        assert!(gaps("no gaps } {{").is_empty());
    }
}
