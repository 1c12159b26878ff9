//! A person buys a plan and an item in the built-in store; the operator sees what was bought, and not by whom.

use crate::server::{Person, Server, post};
use serde_json::{Value, json};
use std::process::Command;

async fn look(ana: &Person) -> Value {
    ana.client.ask_store("", None).await.unwrap()
}

async fn order(ana: &Person, plan: &str, term: &str, token: &str) -> Result<Value, String> {
    let order = json!({"plan": plan, "term": term, "token": token});
    ana.client.ask_store("/orders", Some(&order)).await.map_err(|error| error.to_string())
}

/// What the store owes for an item of 4.00, less 15 %, less the dollar that it gave back, comes to the bank.
async fn the_store_pays_out(server: &Server) {
    let owed = server.operator("reconciliation").await["stores"][0].clone();
    assert_eq!((&owed["store"], &owed["owed_micros"]), (&json!("sandbox"), &json!(2_550_000)), "{owed}");
    assert_eq!(owed["months"][0]["amount_micros"], json!(2_550_000));
    let statement =
        "id,booked_on,amount,currency,reference,payer\nP1,2026-11-02,2.50,USD,payout,Sandbox Store\n";
    let (status, read) = server.post_operator("bank-statements", &json!({"statement": statement})).await;
    assert_eq!(status, 200, "{read}");
    let entry = read["unmatched"][0]["entry_id"].as_str().unwrap();
    let pay_out = |parts: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_plaza"))
            .args(["payment", "payout", entry, "--store", "sandbox", "--url", &server.url])
            .args(parts)
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (ok, said) = pay_out(&["--part", "USD:3.00:2.50"]);
    assert!(!ok && said.contains("the store owes 2.55"), "{said}");
    for _ in 0..2 {
        let (ok, said) = pay_out(&["--part", "USD:2.55:2.50"]);
        assert!(ok && said.contains("USD: 2.55 settled: 2.50 paid, 0.00 withheld, 0.05 more"), "{said}");
    }
    let now = server.operator("reconciliation").await;
    assert_eq!((&now["stores"][0]["owed_micros"], &now["suspense"]), (&json!(0), &json!([])), "{now}");
    assert_eq!(server.operator("store-payouts").await["data"][0]["amount_micros"], json!(2_500_000));
    let report = "Start Date\tEnd Date\tExtended Partner Share\tPartner Share Currency\n\
                  10/05/2026\t11/01/2026\t1.70\tUSD\n";
    let (_, told) = server.post_operator("store-reports", &json!({"report": report})).await;
    let part =
        json!({"currency": "USD", "expected_micros": 0, "paid_micros": 1_700_000, "arrived_micros": null});
    assert_eq!((&told["store"], &told["parts"]), (&json!("apple"), &json!([part])), "{told}");
    let (status, wrong) = server.post_operator("store-reports", &json!({"report": "a,b"})).await;
    assert_eq!((status, wrong["code"].as_str()), (400, Some("invalid")), "{wrong}");
}

#[tokio::test]
async fn what_a_person_buys_is_theirs_until_it_ends_or_is_given_back() {
    let server = Server::start().await;
    let ana = Person::register(&server, "+999000001", "Ana").await;
    let ben = Person::register(&server, "+999000002", "Ben").await;
    let before = look(&ana).await;
    assert_eq!(before["entitlements"], json!({"pinned_conversations": 3}));
    assert_eq!((before["currency"].as_str(), before["had_trial"].as_bool()), (Some("USD"), Some(false)));

    let declined = order(&ana, "plus", "month", "declined").await.unwrap_err();
    assert!(declined.contains("declined"), "{declined}");
    assert!(order(&ana, "verified", "month", "good").await.is_err(), "a plan of businesses");
    assert!(order(&ana, "plus", "once", "good").await.is_err(), "it is not sold so");
    let tried = order(&ana, "plus", "month", "good").await.unwrap();
    assert_eq!(
        (tried["state"].as_str(), tried["is_trial"].as_bool()),
        (Some("active"), Some(true)),
        "{tried}"
    );
    assert!(order(&ana, "plus", "year", "good").await.unwrap_err().contains("already"));
    let item = order(&ana, "themes", "once", "good").await.unwrap();
    assert_eq!(item["expires_at"], Value::Null);
    let now = look(&ana).await;
    assert_eq!(
        now["entitlements"],
        json!({"accent_themes": true, "pinned_conversations": 20, "sticker_packs": true})
    );
    assert_eq!(now["purchases"].as_array().map(Vec::len), Some(2));

    // Nobody else sees it, changes it, or shows it as theirs.
    assert_eq!(look(&ben).await["purchases"], json!([]));
    let renewal = format!("/purchases/{}/renewal", tried["purchase_id"].as_str().unwrap());
    assert!(ben.client.ask_store(&renewal, Some(&json!({"renews": false}))).await.is_err());
    let made_up = json!({"store": "sandbox", "proof": "sandbox_made_up"});
    assert!(ben.client.ask_store("/purchases", Some(&made_up)).await.is_err());
    assert_eq!(
        post(&format!("{}/v1/store/orders", server.url), None, &json!({"plan": "plus", "term": "month"}))
            .await
            .0,
        401
    );
    let hint = format!("{}/_payments/stores/sandbox/notifications", server.url);
    assert_eq!(post(&hint, None, &json!({})).await.0, 404);

    let stopped = ana.client.ask_store(&renewal, Some(&json!({"renews": false}))).await.unwrap();
    assert_eq!((stopped["state"].as_str(), stopped["renews"].as_bool()), (Some("active"), Some(false)));

    let page = server.operator("purchases").await;
    let rows = page["data"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    assert!(!page.to_string().contains("999000001") && !page.to_string().contains("account"), "{page}");
    assert_eq!(rows[0]["payments"][0]["amount_micros"], json!(4_000_000));
    assert_eq!(page["sales"][0]["plan"], json!("themes"));
    assert_eq!(page["next"], Value::Null, "that was all");
    let first = server.operator("purchases?limit=1&store=sandbox").await;
    assert_eq!((first["data"].as_array().unwrap().len(), &first["stores"]), (1, &json!(["sandbox"])));
    let next = first["next"].as_str().unwrap();
    let second = server.operator(&format!("purchases?limit=1&after={next}")).await;
    assert_eq!(second["data"][0]["purchase_id"], tried["purchase_id"]);
    assert_eq!(server.operator("purchases?store=apple").await["data"], json!([]));
    let id = item["purchase_id"].as_str().unwrap();
    let part = format!("purchases/{id}/refund");
    let (status, refused) = server.post_operator(&part, &json!({"amount": "9.00"})).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("invalid")), "{refused}");
    assert_eq!(server.post_operator(&part, &json!({"amount": "1.00"})).await.0, 200);
    assert_eq!(
        look(&ana).await["purchases"][0]["state"],
        json!("active"),
        "a lower price takes nothing away"
    );
    the_store_pays_out(&server).await;
    assert_eq!(server.post_operator(&format!("purchases/{id}/refund"), &json!({})).await.0, 200);
    assert_eq!(look(&ana).await["purchases"][0]["state"], json!("revoked"));
    assert_eq!(server.operator("purchases?state=revoked").await["data"].as_array().map(Vec::len), Some(1));

    // The trial ends without a renewal; housekeeping has its turn with the clock.
    let clock = format!("{}/_sandbox/clock", server.url);
    assert_eq!(post(&clock, None, &json!({"advance_s": 9 * 86_400})).await.0, 200);
    assert_eq!(look(&ana).await["entitlements"], json!({"pinned_conversations": 3}));
}
