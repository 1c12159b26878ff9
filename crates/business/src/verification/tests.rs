//! Verification through its operations, on both engines.

use super::*;
use crate::testing::{NUMBER, Shop};
use plaza_billing::plans::{NewSubscription, PlanSource, Term};
use plaza_db::testing::each_engine;
use plaza_db::{Sql, params};
use plaza_protocol::content::{Body, Content, Feedback, Opinion};
use plaza_protocol::{Micros, PhoneNumber};

const ADA: Reviewer<'static> = Reviewer { name: "Ada", four_eyes: true };
const BOB: Reviewer<'static> = Reviewer { name: "Bob", four_eyes: true };
const ALONE: Reviewer<'static> = Reviewer { name: "Ada", four_eyes: false };

/// The gateway does this when a business is opened.
const INSERT_SHOP: Sql = Sql {
    name: "tests::INSERT_SHOP",
    text: "INSERT INTO account (account_id, number, name, is_business, is_verified, hosted_by, created_at)
        VALUES ($1, $2, $3, TRUE, FALSE, 'Plaza', $4)",
};

impl Shop {
    async fn with_plan(self) -> Self {
        let (portfolio, phone) = (self.created.business_id, self.created.phone_number_id);
        let start = async move |ctx: &Ctx, tx: &mut Tx| {
            let shop = portfolios::store::phone_number(tx, phone).await?.expect("it was made");
            tx.execute(INSERT_SHOP, params![shop.account_id, &shop.number, "Tulip", ctx.now()]).await?;
            plans::import_plans(ctx, tx, &PlanSource::reference()).await.expect("the plans are good");
            let new = NewSubscription { plan: "verified".to_owned(), term: Term::Month, trial: true };
            plans::start(ctx, tx, portfolio, &new).await
        };
        self.db.transact(&self.system, "test.plan", start).await.unwrap();
        self
    }

    async fn document(&self, kind: &str) -> Result<Document, ManageError> {
        let new = NewDocument {
            kind: kind.to_owned(),
            name: format!("{kind}.pdf"),
            media_type: "application/pdf",
            bytes: 7,
            blob: self.system.uuid(),
            key: Secret([9; 32]),
            blob_sha256: [1; 32],
        };
        let (business, portfolio) = (self.business.clone(), self.created.business_id);
        let add = async move |ctx: &Ctx, tx: &mut Tx| {
            business.add_verification_document(ctx, tx, portfolio, &new).await
        };
        self.db.transact(&self.app, "test.document", add).await
    }

    async fn save(&self, request: Value) -> Result<Verification, ManageError> {
        let portfolio = self.created.business_id;
        let save = async move |ctx: &Ctx, tx: &mut Tx| save(ctx, tx, portfolio, &request).await;
        self.db.transact(&self.app, "test.save", save).await
    }

    async fn submit(&self) -> Result<Verification, ManageError> {
        let portfolio = self.created.business_id;
        self.clock.advance(std::time::Duration::from_secs(1));
        let submit = async move |ctx: &Ctx, tx: &mut Tx| submit(ctx, tx, portfolio).await;
        self.db.transact(&self.app, "test.submit", submit).await
    }

    /// Applies with everything that is needed.
    async fn applies(&self) {
        self.document("registration").await.unwrap();
        self.save(application()).await.unwrap();
        assert_eq!(self.submit().await.unwrap().status, Status::Pending);
    }

    async fn decide(&self, by: Reviewer<'static>, decision: Decision) -> Result<Verification, ManageError> {
        let portfolio = self.created.business_id;
        self.clock.advance(std::time::Duration::from_secs(1));
        let decide = async move |ctx: &Ctx, tx: &mut Tx| decide(ctx, tx, portfolio, by, &decision).await;
        self.db.transact(&self.system, "test.decide", decide).await
    }

    /// What a person's client is told.
    async fn badge(&self) -> bool {
        let number: PhoneNumber = NUMBER.parse().unwrap();
        let read = async move |ctx: &Ctx, tx: &mut Tx| {
            let account = accounts::by_number(ctx, tx, &number).await?;
            let account = account.expect("the shop is on the network");
            accounts::views(tx, &[account]).await
        };
        let views = self.db.read(&self.system, "test.badge", read).await.unwrap();
        views.values().next().unwrap().is_verified
    }

    async fn steps(&self) -> Vec<(String, String)> {
        let portfolio = self.created.business_id;
        let read = async move |ctx: &Ctx, tx: &mut Tx| steps(ctx, tx, Some(portfolio), None).await;
        let steps = self.db.read(&self.system, "test.steps", read).await.unwrap();
        steps.into_iter().rev().map(|step| (step.kind, step.actor)).collect()
    }

    async fn queue(&self, status: Option<Status>) -> Vec<(Status, i64)> {
        let read = async move |ctx: &Ctx, tx: &mut Tx| queue(ctx, tx, status).await;
        let waiting = self.db.read(&self.system, "test.queue", read).await.unwrap();
        waiting.into_iter().map(|waiting| (waiting.verification.status, waiting.reports)).collect()
    }
}

fn application() -> Value {
    json!({"legal_name": "Tulip GmbH", "registration_number": "HRB 1234 B", "address": "Gartenweg 1, Berlin",
        "website": "https://tulip.example"})
}

fn reject(reason: &str, words: &str) -> Decision {
    Decision::Reject(reason.to_owned(), words.to_owned())
}

async fn each_shop<F: AsyncFn(Shop)>(test: F) {
    each_engine(async |db| test(Shop::open(db, Micros(100_000_000)).await.with_plan().await).await).await;
}

#[tokio::test]
async fn what_was_looked_at_is_shown_until_it_is_withdrawn() {
    each_shop(async |shop| {
        shop.subscribe(&["account_review_update"]).await;
        let refused = shop.submit().await.unwrap_err().to_string();
        let expected =
            "something is missing: legal_name, registration_number, address, document:registration";
        assert_eq!(refused, expected);
        shop.applies().await;
        assert!(shop.submit().await.is_err(), "it waits");
        assert!(shop.document("tax").await.is_err(), "what is looked at does not change");
        assert_eq!(shop.queue(None).await, [(Status::Pending, 0)]);
        assert!(!shop.badge().await);
        shop.decide(ALONE, Decision::AskForMore("A newer extract, please.".to_owned())).await.unwrap();
        shop.document("tax").await.unwrap();
        shop.submit().await.unwrap();
        assert_eq!(shop.decide(ALONE, Decision::Approve).await.unwrap().status, Status::Approved);
        assert!(shop.badge().await);
        assert!(shop.decide(ALONE, Decision::Approve).await.is_err(), "nothing waits");
        let withdraw = Decision::Withdraw("IMPERSONATION".to_owned(), String::new());
        assert_eq!(shop.decide(ALONE, withdraw).await.unwrap().status, Status::Withdrawn);
        assert!(!shop.badge().await);
        let app = format!("app:{}", shop.created.app_id);
        let expected = [
            ("document_added", app.as_str()),
            ("submitted", &app),
            ("more_wanted", "operator:Ada"),
            ("document_added", &app),
            ("submitted", &app),
            ("approved", "operator:Ada"),
            ("withdrawn", "operator:Ada"),
        ];
        let steps = shop.steps().await;
        assert_eq!(
            steps.iter().map(|(kind, actor)| (kind.as_str(), actor.as_str())).collect::<Vec<_>>(),
            expected
        );
        let told = shop.values().await;
        let words: Vec<_> = told.iter().filter_map(|value| value["decision"].as_str()).collect();
        assert_eq!(words, ["PENDING", "DEFERRED", "PENDING", "APPROVED", "REJECTED"]);
    })
    .await;
}

#[tokio::test]
async fn four_eyes_are_those_of_two() {
    each_shop(async |shop| {
        shop.applies().await;
        let first = shop.decide(ADA, Decision::Approve).await.unwrap();
        assert_eq!((first.status, first.approved_by.as_deref()), (Status::Seconded, Some("Ada")));
        assert!(!shop.badge().await);
        let refused = shop.decide(ADA, Decision::Approve).await.unwrap_err();
        assert_eq!(refused.to_string(), "you have approved it already: another operator has to look too");
        assert_eq!(shop.queue(None).await, [(Status::Seconded, 0)]);
        assert_eq!(shop.decide(BOB, Decision::Approve).await.unwrap().status, Status::Approved);
        assert!(shop.badge().await);
        // One is enough to say no, and what was approved before counts no more.
        shop.decide(ADA, Decision::Withdraw("POLICY".to_owned(), "Spam.".to_owned())).await.unwrap();
        shop.submit().await.unwrap();
        shop.decide(ADA, Decision::Approve).await.unwrap();
        assert_eq!(shop.decide(BOB, reject("UNREADABLE", "")).await.unwrap().status, Status::Rejected);
        shop.submit().await.unwrap();
        assert_eq!(shop.decide(BOB, Decision::Approve).await.unwrap().status, Status::Seconded);
    })
    .await;
}

#[tokio::test]
async fn a_decision_says_why() {
    each_shop(async |shop| {
        shop.applies().await;
        let refused = async |decision: Decision| shop.decide(ALONE, decision).await.unwrap_err().to_string();
        assert!(refused(reject("UGLY", "")).await.starts_with("reason: one of UNREADABLE"));
        assert_eq!(refused(reject("OTHER", " ")).await, "words: another reason is given in words");
        assert_eq!(
            refused(Decision::AskForMore(String::new())).await,
            "words: say what the business has to show"
        );
        assert!(refused(reject("POLICY", &"x".repeat(1001))).await.starts_with("words: at most 1000"));
        assert!(
            refused(Decision::Withdraw("POLICY".to_owned(), String::new())).await.starts_with("only what")
        );
        assert!(refused(Decision::Dismiss(String::new())).await.starts_with("nobody has reported"));
        let portfolio = shop.created.business_id;
        let own =
            async move |ctx: &Ctx, tx: &mut Tx| decide(ctx, tx, portfolio, ALONE, &Decision::Approve).await;
        assert!(matches!(shop.db.transact(&shop.app, "test.own", own).await, Err(ManageError::NotFound)));
        let rejected = shop.decide(ALONE, reject("NAME_MISMATCH", "It says Rose.")).await.unwrap();
        assert_eq!((rejected.reason.as_str(), rejected.words.as_str()), ("NAME_MISMATCH", "It says Rose."));
    })
    .await;
}

#[tokio::test]
async fn the_badge_goes_with_the_plan() {
    each_shop(async |shop| {
        shop.applies().await;
        shop.decide(ALONE, Decision::Approve).await.unwrap();
        assert!(shop.badge().await);
        // The trial ends, and the balance goes elsewhere: days of grace, then nothing.
        let portfolio = shop.created.business_id;
        let end = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::cancel(ctx, tx, portfolio, plans::Cancel::AtEnd).await.map(drop)
        };
        shop.db.transact(&shop.app, "test.cancel", end).await.unwrap();
        let step = async |ctx: &Ctx, tx: &mut Tx| step_plans(ctx, tx).await;
        shop.clock.advance(std::time::Duration::from_secs(13 * 24 * 3600));
        assert!(!shop.db.transact(&shop.system, "test.step", step).await.unwrap());
        assert!(shop.badge().await);
        shop.clock.advance(std::time::Duration::from_secs(24 * 3600));
        assert!(shop.db.transact(&shop.system, "test.step", step).await.unwrap());
        assert!(!shop.badge().await);
    })
    .await;
}

#[tokio::test]
async fn what_people_report_is_looked_at() {
    each_shop(async |shop| {
        let says = |opinion: Opinion| Content {
            sender_name: "Ana".to_owned(),
            body: Some(Body::Feedback(Feedback { opinion: opinion.into() })),
            ..Content::default()
        };
        shop.ana_sends(says(Opinion::Reported)).await;
        assert_eq!(shop.queue(None).await, [], "spam is another matter");
        shop.ana_sends(says(Opinion::Impersonates)).await;
        shop.ana_sends(says(Opinion::Impersonates)).await;
        assert_eq!(shop.queue(None).await, [(Status::Draft, 1)], "once for each person");
        assert_eq!(shop.steps().await, [("reported".to_owned(), "person".to_owned())]);
        shop.decide(ALONE, Decision::Dismiss("It is the real one.".to_owned())).await.unwrap();
        assert_eq!(shop.queue(None).await, []);
    })
    .await;
}

#[tokio::test]
async fn another_business_sees_nothing() {
    each_shop(async |shop| {
        let paper = shop.document("registration").await.unwrap();
        let rival = shop.app.acting_as(shop.rival().await);
        let (business, portfolio) = (shop.business.clone(), shop.created.business_id);
        let find = {
            let business = business.clone();
            async move |ctx: &Ctx, tx: &mut Tx| {
                business.verification_document(ctx, tx, paper.document_id).await
            }
        };
        assert!(matches!(shop.db.read(&rival, "test.rival", find.clone()).await, Err(ManageError::NotFound)));
        let (_, key) = shop.db.read(&shop.app, "test.own", find).await.unwrap();
        assert_eq!(key.0, [9; 32]);
        let read = async move |ctx: &Ctx, tx: &mut Tx| get(ctx, tx, portfolio).await;
        assert!(matches!(shop.db.read(&rival, "test.rival", read).await, Err(ManageError::NotFound)));
        let remove =
            async move |ctx: &Ctx, tx: &mut Tx| remove_document(ctx, tx, portfolio, paper.document_id).await;
        assert!(matches!(shop.db.transact(&rival, "test.rival", remove).await, Err(ManageError::NotFound)));
        assert_eq!(shop.db.transact(&shop.app, "test.own", remove).await.unwrap(), paper.blob);
        for _ in 0..DOCUMENTS_MAX {
            shop.document("other").await.unwrap();
        }
        assert!(shop.document("other").await.unwrap_err().to_string().contains("10 already"));
    })
    .await;
}

#[tokio::test]
async fn a_plan_brings_more_agents() {
    each_shop(async |shop| {
        let portfolio = shop.created.business_id;
        let hire = async |count: usize| {
            let hire = async move |ctx: &Ctx, tx: &mut Tx| {
                for n in 0..count {
                    crate::users::create(
                        ctx,
                        tx,
                        portfolio,
                        &json!({"name": format!("Till {n}"), "role": "EMPLOYEE"}),
                    )
                    .await?;
                }
                Ok::<_, ManageError>(())
            };
            shop.db.transact(&shop.app, "test.hire", hire).await
        };
        hire(150).await.unwrap();
        assert!(hire(1).await.unwrap_err().to_string().contains("has 150 system users already"));
        let end = async move |ctx: &Ctx, tx: &mut Tx| {
            plans::cancel(ctx, tx, portfolio, plans::Cancel::Now).await.map(drop)
        };
        shop.db.transact(&shop.app, "test.cancel", end).await.unwrap();
        assert!(hire(1).await.unwrap_err().to_string().contains("has 100 system users already"));
    })
    .await;
}

#[test]
fn a_document_is_what_it_looks_like() {
    let refused = |name: &str, kind: &str, bytes: &[u8]| look(name, kind, bytes).unwrap_err().to_string();
    assert_eq!(look("a", "tax", b"%PDF-1.7 ...").unwrap(), "application/pdf");
    assert_eq!(look("a", "tax", b"\x89PNG\r\n\x1a\n...").unwrap(), "image/png");
    assert_eq!(look("a", "tax", b"\xff\xd8\xff...").unwrap(), "image/jpeg");
    assert_eq!(refused("a", "tax", b"<html>"), "file: a PDF, a PNG or a JPEG is expected");
    assert_eq!(refused("a", "tax", b""), "file: it is empty");
    assert!(refused("a", "tax", &vec![b'%'; DOCUMENT_BYTES_MAX + 1]).contains("larger than 10 MB"));
    assert!(refused("a", "passport", b"%PDF-").starts_with("kind: one of registration"));
    assert!(refused("", "tax", b"%PDF-").starts_with("name:"));
}

#[tokio::test]
async fn who_is_verified_may_write_to_more_people_and_hears_it() {
    each_shop(async |shop| {
        shop.subscribe(&["business_capability_update"]).await;
        let portfolio = shop.created.business_id;
        let limit =
            async move |ctx: &Ctx, tx: &mut Tx| reach::set(ctx, tx, portfolio, reach::Tier::People250).await;
        shop.db.transact(&shop.system, "test.limit", limit).await.unwrap();
        let before = shop.values().await.len();
        shop.applies().await;
        shop.decide(ALONE, Decision::Approve).await.unwrap();
        let told = shop.values().await;
        assert_eq!(told.len(), before + 1);
        assert_eq!(told[before]["max_daily_conversations_per_business"], "TIER_2K");
        let withdraw = Decision::Withdraw("POLICY".to_owned(), String::new());
        shop.decide(ALONE, withdraw).await.unwrap();
        let standing = async move |ctx: &Ctx, tx: &mut Tx| reach::standing(ctx, tx, portfolio).await;
        let standing = shop.db.read(&shop.system, "test.standing", standing).await.unwrap();
        assert_eq!(standing.tier, reach::Tier::People2K, "what was earned stays");
    })
    .await;
}
