//! # A world from a file
//!
//! `plaza serve --sandbox --seed world.json` begins with the businesses, templates and people that a test expects. They
//! are made through the same addresses that everybody uses, so that a seed can hold nothing that a test could not make.
//! What is there already is left alone: the same file at every start is fine. Keys and tokens are made anew in a new
//! data folder; `GET /_sandbox/world` tells them.

use super::people::NewPerson;
use crate::app::App;
use axum::body::Body;
use axum::http::{Request, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::Arc;

/// Where the keys of seeded businesses are kept, beside the people.
const FILE: &str = "world.json";
/// Bytes of an answer to a step of seeding.
const ANSWER_BYTES_MAX: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seed {
    #[serde(default)]
    people: Vec<NewPerson>,
    #[serde(default)]
    businesses: Vec<NewBusiness>,
}

#[derive(Debug, Deserialize)]
struct NewBusiness {
    number: String,
    #[serde(default)]
    templates: Vec<Value>,
    /// As `POST /operator/api/businesses` takes it.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// A seed cannot be planted.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file is not what is expected.
    #[error("the seed has a mistake: {0}")]
    Mistake(#[from] serde_json::Error),
    /// A step was refused.
    #[error("{step} was refused: {answer}")]
    Refused {
        /// Which.
        step: String,
        /// The answer.
        answer: String,
    },
    /// The keys could not be kept.
    #[error("keeping the keys of the seeded businesses")]
    File(#[from] std::io::Error),
}

/// Makes what is in the seed and not there yet.
pub(crate) async fn plant(app: &Arc<App>, seed: &str) -> Result<(), SeedError> {
    let seed: Seed = serde_json::from_str(seed)?;
    let mut known = businesses(app).await;
    for new in seed.businesses {
        if known.iter().any(|business| business["number"] == new.number.as_str()) {
            continue;
        }
        let mut request = new.rest;
        request.insert("number".to_owned(), json!(new.number));
        let token = app.settings.operator_token.0.clone();
        let mut made = ask(app, "/operator/api/businesses", &token, &Value::Object(request)).await?;
        let waba = made["waba_id"].as_str().unwrap_or_default().to_owned();
        let access = made["access_token"].as_str().unwrap_or_default().to_owned();
        for template in &new.templates {
            ask(app, &format!("/v23.0/{waba}/message_templates"), &access, template).await?;
        }
        if let Some(members) = made.as_object_mut() {
            members.insert("number".to_owned(), json!(new.number));
        }
        known.push(made);
        keep(app, &known).await?;
    }
    for person in seed.people {
        let name = format!("{person:?}");
        let added = app.sandbox.people.add(&app.ctx, person).await;
        added.map_err(|problem| SeedError::Refused { step: name, answer: format!("{problem:?}") })?;
    }
    Ok(())
}

/// The seeded businesses with their keys.
pub(crate) async fn businesses(app: &App) -> Vec<Value> {
    let text = tokio::fs::read(file(app)).await.unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

fn file(app: &App) -> PathBuf {
    app.settings.sandbox_folder.join(FILE)
}

async fn keep(app: &App, businesses: &[Value]) -> Result<(), SeedError> {
    tokio::fs::create_dir_all(&app.settings.sandbox_folder).await?;
    Ok(tokio::fs::write(file(app), serde_json::to_vec_pretty(businesses)?).await?)
}

/// One step, as anybody would take it.
async fn ask(app: &Arc<App>, path: &str, token: &str, body: &Value) -> Result<Value, SeedError> {
    let refused = |answer: String| SeedError::Refused { step: format!("POST {path}"), answer };
    let request = Request::post(path)
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .map_err(|error| refused(error.to_string()))?;
    let response = crate::answer(app, request).await;
    let is_done = response.status().is_success();
    let bytes = axum::body::to_bytes(response.into_body(), ANSWER_BYTES_MAX).await;
    let bytes = bytes.map_err(|error| refused(error.to_string()))?;
    if !is_done {
        return Err(refused(String::from_utf8_lossy(&bytes).into_owned()));
    }
    Ok(serde_json::from_slice(&bytes)?)
}
