//! Users, partners, proofs and allowances, through the door.

use super::*;
use plaza_business::users;

#[tokio::test]
async fn an_employee_reaches_what_it_is_assigned_to() {
    let world = World::open().await;
    let (business, waba, phone) = (world.shop.business_id, world.shop.waba_id, world.shop.phone_number_id);
    let (_, made) =
        world.post(&format!("/{business}/system_users"), json!({"name": "bot", "role": "EMPLOYEE"})).await;
    let user = made["id"].as_str().unwrap();
    let scope = "whatsapp_business_messaging,whatsapp_business_management";
    let ends = json!({"scope": scope, "set_token_expires_in_60_days": true});
    let (_, issued) = world.post(&format!("/{user}/access_tokens"), ends).await;
    let token = issued["access_token"].as_str().unwrap();
    let number = format!("/{phone}?fields=status");
    assert_eq!(code(&world.as_token("GET", &number, token, json!({})).await), (403, 200), "not assigned");
    let assign = format!("/{waba}/assigned_users?user={user}&tasks=%5B'MANAGE','DEVELOP'%5D");
    assert_eq!(world.post(&assign, json!({})).await.0, 200);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.as_token("GET", &number, token, json!({})).await.0, 200);
    let (_, users) =
        world.get(&format!("/{waba}/assigned_users?business={business}&summary=total_count")).await;
    assert_eq!(
        (&users["data"][0]["tasks"], &users["summary"]["total_count"]),
        (&json!(["MANAGE", "DEVELOP"]), &json!(1))
    );
    let (_, accounts) = world.get(&format!("/{user}/assigned_whatsapp_business_accounts")).await;
    assert_eq!(accounts["data"][0]["id"], waba.to_string());
    let (_, looked) = world.get(&format!("/debug_token?input_token={token}")).await;
    assert_eq!(
        (&looked["data"]["user_id"], &looked["data"]["granular_scopes"][0]["target_ids"]),
        (&json!(user), &json!([waba.to_string()]))
    );
    assert!(looked["data"]["expires_at"].as_i64().unwrap() > 0);
    let admin =
        world.as_token("POST", &format!("/{user}/access_tokens"), token, json!({"scope": scope})).await;
    assert_eq!(code(&admin), (403, 200), "an employee makes no tokens");
    assert_eq!(world.delete(&format!("/{waba}/assigned_users?user={user}"), json!({})).await.0, 200);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(code(&world.as_token("GET", &number, token, json!({})).await), (403, 200));
}

#[tokio::test]
async fn a_partner_exchanges_its_code_and_serves_the_client() {
    let world = World::open().await;
    let (client, waba, app) = (world.shop.business_id, world.shop.waba_id, world.rival.app_id);
    let issue = async move |ctx: &Ctx, tx: &mut Tx| users::issue_code(ctx, tx, app, client, &[waba]).await;
    let given = world.app.db.transact(&world.app.ctx, "test.code", issue).await.unwrap().0;
    let exchange = |secret: &str| {
        format!(
            "/v23.0/oauth/access_token?client_id={app}&client_secret={secret}&code={given}&redirect_uri=x"
        )
    };
    assert_eq!(code(&world.get(&exchange("wrong")).await), (400, 1));
    let (status, answer) = world.get(&exchange(&world.rival.app_secret.0)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["expires_in"].as_i64().unwrap() > 0);
    assert_eq!(code(&world.get(&exchange(&world.rival.app_secret.0)).await), (400, 100), "once");
    let token = answer["access_token"].as_str().unwrap();
    let own = world.as_token("GET", &format!("/{waba}?fields=ownership_type"), token, json!({})).await;
    assert_eq!(own.0, 200, "{}", own.1);
    let users = format!("/{client}/system_users");
    let maker = world.as_token("POST", &users, token, json!({"name": "x", "role": "ADMIN"})).await;
    assert_eq!(code(&maker), (403, 200), "a partner does not act for the business");
    let number = json!({"phone_number": "+4930901777"});
    let adder = world.as_token("POST", &format!("/{client}/add_phone_numbers"), token, number).await;
    assert_eq!(code(&adder), (403, 200));
    let subscribe = world.as_token("POST", &format!("/{waba}/subscribed_apps"), token, json!({})).await;
    assert_eq!(subscribe.0, 200, "{}", subscribe.1);
    let theirs =
        async |path: String| world.as_token("GET", &path, &world.rival.access_token.0, json!({})).await.1;
    let connected = theirs(format!("/{app}/connected_client_businesses?fields=name")).await;
    assert_eq!(connected["data"], json!([{"id": client.to_string(), "name": "Tulip"}]));
    let accounts = theirs(format!(
        "/{}/client_whatsapp_business_accounts?fields=name,ownership_type",
        world.rival.business_id
    ))
    .await;
    assert_eq!(
        accounts["data"][0],
        json!({"id": waba.to_string(), "name": "Tulip", "ownership_type": "CLIENT_OWNED"})
    );
    let owned = theirs(format!("/{}/owned_whatsapp_business_accounts", world.rival.business_id)).await;
    assert_eq!(owned["data"][0]["id"], world.rival.waba_id.to_string());

    let new = json!({"solution_name": "Both", "partner_app_id": world.shop.app_id.to_string(),
        "owner_permissions": ["MESSAGING"], "partner_permissions": "[\"MESSAGING\"]"});
    let path = format!("/{app}/whatsapp_business_solution");
    let (_, made) = world.as_token("POST", &path, &world.rival.access_token.0, new).await;
    let solution = made["solution_id"].as_str().unwrap();
    let (_, seen) = world.get(&format!("/{solution}?fields=status,owner_app{{id}}")).await;
    assert_eq!((&seen["status"], &seen["owner_app"]["id"]), (&json!("INITIATED"), &json!(app.to_string())));
    let accept = json!({"partner_app_id": world.shop.app_id.to_string()});
    assert_eq!(world.post(&format!("/{solution}/accept"), accept).await.1["partner_status"], "ACCEPTED");
    let (_, listed) =
        world.get(&format!("/{}/whatsapp_business_solutions?role=PARTNER", world.shop.app_id)).await;
    assert_eq!(listed["data"][0]["status"], "ACTIVE");
    let token = theirs(format!("/{solution}/access_token?business_id={client}")).await;
    assert!(token["access_token"].is_string(), "{token}");
    assert_eq!(world.post(&format!("/{solution}/send_deactivation_request"), json!({})).await.0, 200);
    let end = format!("/{solution}/reject");
    let (_, kept) = world
        .as_token("POST", &end, &world.rival.access_token.0, json!({"request_type": "DEACTIVATION_REQUEST"}))
        .await;
    assert_eq!(kept["rejected_request_type"], "DEACTIVATION_REQUEST");
    let intent = json!({"solution_id": solution, "migration_intent": "INITIATE_MIGRATION"});
    let (_, noted) = world.post(&format!("/{waba}/set_solution_migration_intent"), intent).await;
    let (_, read) = world.get(&format!("/{}", noted["migration_intent_id"].as_str().unwrap())).await;
    assert_eq!(read["status"], "INITIATED");
}

#[tokio::test]
async fn an_app_can_want_proof_that_its_secret_is_known() {
    let world = World::open().await;
    let app = world.shop.app_id;
    let set =
        async move |ctx: &Ctx, tx: &mut Tx| plaza_business::apps::require_proof(ctx, tx, app, true).await;
    world.app.db.transact(&world.app.ctx, "test.proof", set).await.unwrap();
    let signature =
        plaza_business::webhooks::signature(&world.shop.app_secret.0, world.shop.access_token.0.as_bytes());
    let proof = signature.trim_start_matches("sha256=");
    let path = format!("/{}", world.shop.phone_number_id);
    assert_eq!(code(&world.get(&path).await), (400, 100), "none");
    assert_eq!(code(&world.get(&format!("{path}?appsecret_proof=00")).await), (400, 100), "wrong");
    assert_eq!(world.get(&format!("{path}?appsecret_proof={proof}")).await.0, 200);
}

#[tokio::test]
async fn an_account_is_managed_so_often_an_hour() {
    let world = World::open().await;
    let path = format!("/{}/phone_numbers", world.shop.waba_id);
    let ask = async || {
        let request = world.request("GET", &path).body(Body::empty()).unwrap();
        let response = handle(State(world.app.clone()), request).await;
        let usage = response.headers()["x-business-use-case-usage"].to_str().unwrap().to_owned();
        (response.status().as_u16(), serde_json::from_str::<Value>(&usage).unwrap())
    };
    let deregister = json!({});
    assert_eq!(world.post(&format!("/{}/deregister", world.shop.phone_number_id), deregister).await.0, 200);
    for _ in 1..199 {
        assert_eq!(ask().await.0, 200);
    }
    let (status, usage) = ask().await;
    let usage = &usage[world.shop.waba_id.to_string()][0];
    assert_eq!(
        (status, &usage["call_count"], &usage["type"]),
        (200, &json!(100), &json!("whatsapp_business_management"))
    );
    let answer = world.get(&path).await;
    assert_eq!(code(&answer), (400, 80_007), "{}", answer.1);
    assert_eq!(ask().await.1[world.shop.waba_id.to_string()][0]["estimated_time_to_regain_access"], 60);
    world.clock.advance(Duration::from_secs(3600));
    let register = json!({"messaging_product": "whatsapp", "pin": "123456"});
    assert_eq!(world.post(&format!("/{}/register", world.shop.phone_number_id), register).await.0, 200);
    for _ in 0..210 {
        assert_eq!(ask().await.0, 200, "5,000 with a registered number");
    }
}
