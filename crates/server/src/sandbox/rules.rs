//! # Errors by rule
//!
//! A bot's answer to "too many messages" or "try again later" is hard to test against a server that works. A rule says
//! which request is refused, how often, and with which code of the Cloud API; the answer looks like any other refusal,
//! and nothing else happens. Rules live in memory: a restart or a restore takes them away.

use crate::problem::Problem;
use axum::http::Method;
use plaza_business::codes::{self, Code};
use plaza_protocol::ErrorCode;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, PoisonError};

/// Rules at a time.
const RULES_MAX: usize = 100;
/// Requests that one rule refuses.
const TIMES_MAX: u32 = 1_000_000;
/// Characters of what a refusal says.
const DETAILS_CHARACTERS_MAX: usize = 1000;

/// What a test asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRule {
    /// `*/messages`: the words of an address, without its version; `*` is any one word.
    path: String,
    method: Option<String>,
    code: i64,
    status: Option<u16>,
    details: Option<String>,
    /// How many requests are let through first.
    #[serde(default)]
    after: u32,
    /// How many are refused then.
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

/// A rule as it stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rule {
    path: String,
    method: Option<String>,
    code: i64,
    status: u16,
    details: String,
    after: u32,
    times: u32,
    /// How many requests it has refused.
    refused: u32,
}

/// What a request is refused with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) details: String,
}

impl Rule {
    fn read(new: NewRule) -> Result<Self, Problem> {
        let wrong = |what: &str| Problem::new(ErrorCode::Invalid, what);
        if new.path.split('/').all(str::is_empty) {
            return Err(wrong("path: an address such as */messages is expected"));
        }
        if new.times == 0 || new.times > TIMES_MAX || new.after > TIMES_MAX {
            return Err(wrong("times: 1 to 1000000 is expected; after: 0 to 1000000"));
        }
        let known = codes::ALL.iter().find(|code| code.number == new.code);
        let status = new.status.or(known.map(|code| code.status)).unwrap_or(400);
        if !(400..=599).contains(&status) {
            return Err(wrong("status: 400 to 599 is expected"));
        }
        let details =
            new.details.clone().unwrap_or_else(|| "a rule of the sandbox refuses this request".to_owned());
        if details.chars().count() > DETAILS_CHARACTERS_MAX {
            return Err(wrong("details: at most 1000 characters are allowed"));
        }
        let method = new.method.as_ref().map(|method| method.to_ascii_uppercase());
        let NewRule { path, code, after, times, .. } = new;
        Ok(Self { path, method, code, status, details, after, times, refused: 0 })
    }

    fn matches(&self, method: &Method, words: &[&str]) -> bool {
        let mut pattern = self.path.split('/').filter(|word| !word.is_empty());
        let is_path =
            words.iter().all(|word| pattern.next().is_some_and(|wanted| wanted == "*" || wanted == *word));
        let is_method = self.method.as_deref().is_none_or(|wanted| wanted == method.as_str());
        is_method && is_path && pattern.next().is_none()
    }

    fn refusal(&self) -> Refusal {
        let known = codes::ALL.iter().find(|code| code.number == self.code);
        let title = known.map_or("Refused by a rule of the sandbox", |code| code.title);
        let code = Code { number: self.code, status: self.status, title };
        Refusal { code, details: self.details.clone() }
    }
}

/// The rules that stand.
#[derive(Debug, Default)]
pub(crate) struct Rules(Mutex<Vec<Rule>>);

impl Rules {
    pub(crate) fn add(&self, new: NewRule) -> Result<Rule, Problem> {
        let rule = Rule::read(new)?;
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if rules.len() >= RULES_MAX {
            return Err(Problem::new(
                ErrorCode::Invalid,
                "there are 100 rules already: DELETE /_sandbox/rules",
            ));
        }
        rules.push(rule.clone());
        Ok(rule)
    }

    pub(crate) fn list(&self) -> Vec<Rule> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Whether a request is refused, by the first rule that speaks of it and is not used up.
    pub(crate) fn take(&self, method: &Method, words: &[&str]) -> Option<Refusal> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules.iter_mut().find(|rule| rule.refused < rule.times && rule.matches(method, words))?;
        if rule.after > 0 {
            rule.after = rule.after.saturating_sub(1);
            return None;
        }
        rule.refused = rule.refused.saturating_add(1);
        Some(rule.refusal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rules(new: &[serde_json::Value]) -> Rules {
        let rules = Rules::default();
        for rule in new {
            rules.add(serde_json::from_value(rule.clone()).unwrap()).unwrap();
        }
        rules
    }

    #[test]
    fn a_rule_refuses_as_often_as_it_says() {
        let rules = rules(&[
            json!({"path": "*/messages", "method": "post", "code": 130_429, "after": 1, "times": 2}),
        ]);
        let ask = |method, words: &[&str]| rules.take(&method, words).map(|refusal| refusal.code);
        assert_eq!(ask(Method::GET, &["17", "messages"]), None);
        assert_eq!(ask(Method::POST, &["17", "media"]), None);
        assert_eq!(ask(Method::POST, &["17", "messages", "x"]), None);
        assert_eq!(ask(Method::POST, &["17", "messages"]), None, "the first is let through");
        for _ in 0..2 {
            assert_eq!(ask(Method::POST, &["17", "messages"]), Some(codes::THROUGHPUT));
        }
        assert_eq!(ask(Method::POST, &["17", "messages"]), None, "it is used up");
    }

    #[test]
    fn a_rule_that_cannot_be_is_refused() {
        for wrong in [
            json!({"path": "/", "code": 1}),
            json!({"path": "*", "code": 1, "times": 0}),
            json!({"path": "*", "code": 1, "status": 200}),
        ] {
            assert!(Rules::default().add(serde_json::from_value(wrong.clone()).unwrap()).is_err(), "{wrong}");
        }
    }
}
