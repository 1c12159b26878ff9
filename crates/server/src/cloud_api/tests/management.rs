//! Managing a number and an account, through the door.

use super::*;

const OK: (u16, i64) = (200, 0);

/// The code of an answer, zero if it is none of an error.
fn outcome(answer: &(u16, Value)) -> (u16, i64) {
    if answer.0 == 200 { OK } else { code(answer) }
}

#[tokio::test]
async fn a_number_is_added_and_read_in_all_its_fields() {
    let world = World::open().await;
    let waba = world.shop.waba_id;
    let new = json!({"cc": "999", "phone_number": "30901999", "verified_name": "Tulip Garden"});
    let (status, added) = world.post(&format!("/v23.0/{waba}/phone_numbers"), new).await;
    assert_eq!(status, 200, "{added}");
    let phone = added["id"].as_str().unwrap();
    let pin = json!({"messaging_product": "whatsapp", "pin": "123456"});
    let register = format!("/{phone}/register");
    assert_eq!(code(&world.post(&register, pin.clone()).await), (400, 133_006));
    let (_, health) = world.get(&format!("/{phone}?fields=health_status{{entities}},status")).await;
    assert_eq!(health["status"], "UNVERIFIED");
    assert_eq!(health["health_status"]["entities"][0]["errors"][0]["error_code"], 133_006);
    assert!(health["health_status"].get("can_send_message").is_none(), "not asked for");
    let ask = world.get(&format!("/{phone}/request_code?code_method=SMS&language=en_US&method=post")).await;
    assert_eq!(outcome(&ask).0, 400, "asking changes nothing");
    let ask = json!({"code_method": "VOICE", "language": "en_US"});
    assert_eq!(world.post(&format!("/{phone}/request_code"), ask).await.0, 200);
    assert_eq!(code(&world.post(&format!("/{phone}/verify_code?code=111111"), json!({})).await), (400, 100));
    let (_, verified) = world.post(&format!("/{phone}/verify_code?code=000-000"), json!({})).await;
    assert_eq!(verified, json!({"success": true, "id": phone}));
    assert_eq!(world.post(&register, pin).await.0, 200);
    let change = json!({"username": "tulip.garden", "search_visibility": "VISIBLE"});
    assert_eq!(world.post(&format!("/{phone}/"), change).await.0, 200);
    let fields = "status,code_verification_status,is_pin_enabled,username,throughput,webhook_configuration,\
        conversational_automation{enable_welcome_message},whatsapp_business_manager_messaging_limit,name_status";
    let (_, view) = world.get(&format!("/{phone}?fields={fields}")).await;
    assert_eq!(
        view,
        json!({
            "id": phone, "status": "CONNECTED", "code_verification_status": "VERIFIED", "is_pin_enabled": true,
            "username": "tulip.garden", "throughput": {"level": "STANDARD"}, "webhook_configuration": {},
            "conversational_automation": {"id": (phone.parse::<i64>().unwrap() + 2_000_000_000_000_000).to_string(),
                "enable_welcome_message": false},
            "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED", "name_status": "APPROVED",
        })
    );
    let (_, names) = world.get(&format!("/{phone}/username_suggestions")).await;
    assert!(names["data"][0]["username_suggestions"].as_array().unwrap().len() > 2, "{names}");
    let taken = json!({"username": "tulip.garden"});
    let first = world.shop.phone_number_id;
    assert_eq!(code(&world.post(&format!("/{first}/username"), taken).await), (400, 147_001));
    assert_eq!(world.delete(&format!("/{phone}/username"), json!({})).await.0, 200);
    assert_eq!(world.get(&format!("/{phone}/username")).await.1, json!({}));

    let (_, log) = world.get(&format!("/{waba}/activities?fields=activity_type,actor_type&limit=2")).await;
    assert_eq!(log["data"].as_array().unwrap().len(), 2);
    assert_eq!(log["data"][0]["actor_type"], "API");
    let (_, added) = world.get(&format!("/{waba}/activities?activity_type=PHONE_NUMBER_ADDED")).await;
    assert_eq!(added["data"][0]["details"]["phone_number_id"], phone);
    let (_, account) =
        world.get(&format!("/{waba}?fields=phone_numbers{{id}},health_status{{can_send_message}}")).await;
    assert_eq!(account["phone_numbers"]["data"].as_array().unwrap().len(), 2);
    assert_eq!(account["health_status"], json!({"can_send_message": "AVAILABLE"}));
}

#[tokio::test]
async fn the_documents_of_a_number() {
    let world = World::open().await;
    let phone = world.shop.phone_number_id;
    let at = |edge: &str| format!("/v23.0/{phone}/{edge}");
    let set = async |edge: &str, body: Value| outcome(&world.post(&at(edge), body).await);
    let profile = json!({"messaging_product": "whatsapp", "about": "Open", "vertical": "retail", "email": "a@b.example"});
    assert_eq!(set("whatsapp_business_profile", profile).await, OK);
    let (_, read) = world.get(&at("whatsapp_business_profile?fields=about,vertical,email,websites")).await;
    assert_eq!(
        read["data"],
        json!([{"messaging_product": "whatsapp", "about": "Open", "vertical": "RETAIL", "email": "a@b.example"}])
    );
    let node = 1_000_000_000_000_000 + phone.0;
    let (_, read) = world.get(&format!("/{node}?fields=about,account_name")).await;
    assert_eq!(read, json!({"id": node.to_string(), "about": "Open", "account_name": "Tulip"}));
    assert_eq!(
        code(&world.get(&format!("/{}", 1_000_000_000_000_000 + world.rival.phone_number_id.0)).await),
        (400, 100)
    );
    assert_eq!(set("whatsapp_business_profile", json!({"email": "nobody"})).await, (400, 100));

    assert_eq!(
        set("whatsapp_commerce_settings?is_cart_enabled=False&is_catalog_visible=True", json!({})).await,
        OK
    );
    let (_, read) = world.get(&at("whatsapp_commerce_settings")).await;
    assert_eq!(
        (&read["data"][0]["is_cart_enabled"], &read["data"][0]["is_catalog_visible"]),
        (&json!(false), &json!(true))
    );
    let calling =
        json!({"calling": {"status": "ENABLED", "sip": {"servers": [{"hostname": "sip.example"}]}}});
    assert_eq!(set("settings", calling).await, OK);
    let (_, hidden) = world.get(&at("settings")).await;
    assert!(hidden["calling"]["sip"]["servers"][0].get("sip_user_password").is_none());
    let (_, shown) = world.get(&at("settings?include_sip_credentials=true")).await;
    assert!(shown["calling"]["sip"]["servers"][0]["sip_user_password"].is_string());
    assert_eq!(set("settings", json!({"other": 1})).await, (400, 100));

    let key = include_str!("../../../../business/src/settings/test_key.pem");
    let form =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("business_public_key", key).finish();
    let request = world
        .request("POST", &at("whatsapp_business_encryption"))
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(world.ask(request.body(Body::from(form)).unwrap()).await.0, 200);
    let multipart = format!(
        "--x\r\nContent-Disposition: form-data; name=\"business_public_key\"\r\n\r\n{key}\r\n--x--\r\n"
    );
    let request = world
        .request("POST", &at("whatsapp_business_encryption"))
        .header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(world.ask(request.body(Body::from(multipart)).unwrap()).await.0, 200);
    let (_, read) = world.get(&at("whatsapp_business_encryption")).await;
    assert_eq!(
        (&read["data"][0]["business_public_key"], &read["data"][0]["business_public_key_signature_status"]),
        (&json!(key), &json!("VALID"))
    );

    let query = "conversational_automation?enable_welcome_message=true&prompts=%5B%22Hello%22%5D";
    assert_eq!(set(query, json!({})).await, OK);
    let (_, read) = world.get(&format!("/{phone}?fields=conversational_automation")).await;
    let bot = read["conversational_automation"]["id"].as_str().unwrap();
    assert_eq!(
        world.get(&format!("/{bot}?fields=prompts")).await.1,
        json!({"id": bot, "prompts": ["Hello"]})
    );
    let apply = json!({"action": "SUBMIT_APPLICATION", "application_data": {"business_name": "Tulip"}});
    let (_, applied) = world.post(&at("official_business_account"), apply).await;
    assert_eq!(applied["updated_status"]["oba_status"], "APPROVED");
    let (_, read) = world.get(&format!("/{phone}?fields=is_official_business_account")).await;
    assert_eq!(read["is_official_business_account"], true);
    assert_eq!(world.get(&at("business_compliance_info")).await.1, json!({"data": []}));
}

#[tokio::test]
async fn codes_lead_to_the_chat_and_can_be_printed() {
    let world = World::open().await;
    let path = format!("/v23.0/{}/message_qrdls", world.shop.phone_number_id);
    let (_, made) =
        world.post(&path, json!({"prefilled_message": "A table, please", "generate_qr_image": "SVG"})).await;
    let code_text = made["code"].as_str().unwrap().to_owned();
    assert_eq!(code_text.len(), 14);
    assert_eq!(made["deep_link_url"], format!("http://plaza.test/message/{code_text}"));
    assert_eq!(made["qr_image_url"], format!("http://plaza.test/message/{code_text}.svg"));
    world.clock.advance(Duration::from_secs(1));
    world.post(&path, json!({"prefilled_message": "Second"})).await;
    let (_, changed) = world.post(&path, json!({"code": code_text, "prefilled_message": "Two tables"})).await;
    assert_eq!((&changed["code"], &changed["prefilled_message"]), (&json!(code_text), &json!("Two tables")));
    let (_, page) = world.get(&format!("{path}?limit=1&fields=prefilled_message&summary=total_count")).await;
    assert_eq!(
        (&page["data"][0]["prefilled_message"], &page["summary"]["total_count"]),
        (&json!("Second"), &json!(2))
    );
    let next = page["paging"]["next"].as_str().unwrap().trim_start_matches("http://plaza.test");
    assert_eq!(world.get(next).await.1["data"][0]["code"], code_text.as_str());
    let (_, one) = world.get(&format!("{path}/{code_text}?fields=code,qr_image_url.format(PNG)")).await;
    assert!(one["data"][0]["qr_image_url"].as_str().unwrap().ends_with(".png"));
    let follow = async |code: &str| follow(&world.app, code, "http://plaza.test").await;
    let opened = follow(&code_text).await;
    assert_eq!(opened.status(), StatusCode::FOUND);
    assert_eq!(opened.headers()[header::LOCATION], "/chat?to=%2B4930901820&text=Two+tables");
    assert_eq!(follow(&format!("{code_text}.svg")).await.headers()[header::CONTENT_TYPE], "image/svg+xml");
    assert_eq!(follow(&format!("{code_text}.png")).await.headers()[header::CONTENT_TYPE], "image/png");
    assert_eq!(world.delete(&format!("{path}/{code_text}"), json!({})).await.0, 200);
    assert_eq!(follow(&code_text).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(world.get(&format!("{path}/{code_text}")).await, (200, json!({"data": []})));
    assert_eq!(code(&world.post(&path, json!({"prefilled_message": "x".repeat(141)})).await), (400, 100));
}

#[tokio::test]
async fn a_list_of_people_is_blocked_as_far_as_it_goes() {
    let world = World::open().await;
    world.ana_writes().await;
    let path = format!("/{}/block_users", world.shop.phone_number_id);
    let users =
        json!({"messaging_product": "whatsapp", "block_users": [{"user": ANA}, {"user": "+4915199999999"}]});
    let answer = world.post(&path, users).await;
    assert_eq!(code(&answer), (400, 139_100));
    assert_eq!(answer.1["block_users"]["added_users"][0]["wa_id"], "4915112345678");
    assert_eq!(answer.1["block_users"]["failed_users"][0]["errors"][0]["code"], 131_026);
    let (_, listed) = world.get(&path).await;
    let person = &listed["data"][0];
    assert_eq!(
        (&person["messaging_product"], &person["input"]),
        (&json!("whatsapp"), &json!("4915112345678"))
    );
    let after = listed["paging"]["cursors"]["after"].as_str().unwrap();
    let (_, rest) = world.get(&format!("{path}?after={after}")).await;
    assert_eq!(rest["data"], json!([]));
    let (status, freed) = world.delete(&path, json!({"block_users": [{"user": ANA}]})).await;
    assert_eq!((status, &freed["block_users"]["removed_users"][0]["input"]), (200, &json!(ANA)));
    assert_eq!(world.get(&path).await.1["data"], json!([]));
    assert_eq!(code(&world.post(&path, json!({})).await), (400, 100));
}

#[tokio::test]
async fn a_file_arrives_in_pieces_and_becomes_the_picture_of_a_profile() {
    let world = World::open().await;
    let bytes = vec![7_u8; 3 * 1024 * 1024 / 2];
    let open = format!(
        "/v23.0/{}/uploads?file_name=a.png&file_length={}&file_type=image%2Fpng",
        world.shop.app_id,
        bytes.len()
    );
    let (_, opened) = world.post(&open, json!({})).await;
    let id = opened["id"].as_str().unwrap();
    assert!(id.starts_with("upload:"));
    let put = async |offset: usize, part: &[u8]| {
        let request = HttpRequest::builder()
            .method("POST")
            .uri(format!("/v23.0/{id}"))
            .header("authorization", format!("OAuth {}", world.shop.access_token.0))
            .header("file_offset", offset.to_string());
        world.ask(request.body(Body::from(part.to_vec())).unwrap()).await
    };
    assert_eq!(put(0, &bytes[..1000]).await.1["file_offset"], 1000);
    assert_eq!(world.get(&format!("/v23.0/{id}")).await.1, json!({"id": id, "file_offset": 1000}));
    assert_eq!(code(&put(0, b"x").await), (400, 100));
    let (status, done) = put(1000, &bytes[1000..]).await;
    assert_eq!(status, 200, "{done}");
    let profile = format!("/{}/whatsapp_business_profile", world.shop.phone_number_id);
    assert_eq!(world.post(&profile, json!({"profile_picture_handle": done["h"]})).await.0, 200);
    let (_, read) = world.get(&format!("{profile}?fields=profile_picture_url")).await;
    let url = read["data"][0]["profile_picture_url"].as_str().unwrap();
    assert_eq!(url, format!("http://plaza.test/picture/{}", world.shop.phone_number_id));
    let shown = picture(&world.app, &world.shop.phone_number_id.to_string()).await;
    let shown = axum::body::to_bytes(shown.into_body(), 1 << 22).await.unwrap();
    assert!(shown == bytes);
    let foreign = world.as_token("GET", &format!("/{id}"), &world.rival.access_token.0, json!({})).await;
    assert_eq!((code(&foreign), &foreign.1["error"]["error_subcode"]), ((400, 100), &json!(33)));
}

#[tokio::test]
async fn an_accounts_collections() {
    let world = World::open().await;
    let at = |edge: &str| format!("/v23.0/{}/{edge}", world.shop.waba_id);
    let schedule = json!({"name": "Week", "schedule_type": "business_hours", "start_time": "09:00", "end_time": "18:00",
        "days_of_week": ["monday"]});
    let (_, made) = world.post(&at("schedules"), schedule).await;
    assert!(made["id"].is_string(), "{made}");
    let (_, read) = world.get(&at("schedules?fields=name,status,days_of_week")).await;
    assert_eq!(read["data"][0]["days_of_week"], json!(["MONDAY"]));
    let signup = json!({"signup_message": "News?", "confirmation_message": "Thanks", "privacy_policy_url": "https://a.example/p",
        "policy": {"tos": "x", "accepted": true}});
    let (_, made) = world.post(&at("signups"), signup).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(world.post(&format!("/signups/{id}"), json!({"status": "disabled"})).await.1["success"], true);
    let (_, read) = world.get(&format!("/v23.0/signups/{id}")).await;
    assert_eq!(
        (&read["status"], &read["waba_id"]),
        (&json!("DISABLED"), &json!(world.shop.waba_id.to_string()))
    );
    let foreign =
        world.as_token("GET", &format!("/signups/{id}"), &world.rival.access_token.0, json!({})).await;
    assert_eq!(code(&foreign), (400, 100));
    let sequence = "welcome_message_sequence=%7B%22text%22%3A%22Hi%22%7D&name=ad";
    let (_, made) = world.post(&at(&format!("welcome_message_sequences?{sequence}")), json!({})).await;
    let id = made["sequence_id"].as_str().unwrap().to_owned();
    let (_, read) = world.get(&at(&format!("welcome_message_sequences?sequence_id={id}"))).await;
    assert_eq!(read["data"][0]["welcome_message_sequence"]["text"], "Hi");
    assert_eq!(
        world.delete(&at(&format!("welcome_message_sequences?sequence_id={id}")), json!({})).await.0,
        200
    );
    let payment = json!({"configuration_name": "main", "purpose_code": "00", "merchant_category_code": "5411",
        "provider_name": "razorpay", "redirect_url": "https://a.example"});
    assert_eq!(world.post(&at("payment_configuration"), payment).await.1["success"], true);
    let change = json!({"data_endpoint_url": "https://a.example/data"});
    assert_eq!(world.post(&at("payment_configuration/main"), change).await.0, 200);
    let (_, read) = world.get(&at("payment_configurations")).await;
    assert_eq!(read["data"][0]["payment_configurations"][0]["data_endpoint_url"], "https://a.example/data");
    assert_eq!(world.delete(&at("payment_configuration/main"), json!({})).await.0, 200);
    assert_eq!(code(&world.get(&at("payment_configuration/main")).await), (400, 100));
    assert_eq!(world.post(&at("?name=Tulips&is_enabled_for_insights=true"), json!({})).await.0, 200);
    assert_eq!(world.get(&at("?fields=name,is_enabled_for_insights")).await.1["name"], "Tulips");
    assert_eq!(code(&world.post(&at(""), json!({"is_enabled_for_insights": false})).await), (400, 200_006));
}

#[tokio::test]
async fn what_happened_to_a_message() {
    let world = World::open().await;
    world.ana_writes().await;
    let (_, sent) = world.post(&world.messages(), text()).await;
    let wamid = sent["messages"][0]["id"].as_str().unwrap();
    let path = format!("/v23.0/{}/message_history", world.shop.phone_number_id);
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("message_id", wamid).finish();
    let (_, found) = world.get(&format!("{path}?{query}")).await;
    let history = &found["data"][0];
    assert_eq!(
        (&history["message_id"], &history["events"]["data"][0]["delivery_status"]),
        (&json!(wamid), &json!("SENT"))
    );
    let id = history["id"].as_str().unwrap();
    let (_, events) = world.get(&format!("/v23.0/{id}/events?status_filter=sent")).await;
    assert_eq!(events["data"][0]["node"]["delivery_status"], "SENT");
    assert_eq!(world.get(&format!("/v23.0/{id}/events?status_filter=READ")).await.1["data"], json!([]));
    let foreign =
        world.as_token("GET", &format!("/{id}/events"), &world.rival.access_token.0, json!({})).await;
    assert_eq!((code(&foreign), &foreign.1["error"]["error_subcode"]), ((400, 100), &json!(33)));
}
