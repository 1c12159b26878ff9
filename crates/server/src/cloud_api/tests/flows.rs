//! Flows through the door: made, changed, looked at, published, copied; and whom their endpoint hears.

use super::*;
use plaza_business::flows;

pub(super) fn document(name: &str) -> String {
    let mut document = json!({"version": "6.0", "screens": [{"id": "BOOK", "terminal": true,
        "layout": {"type": "SingleColumnLayout", "children": [
            {"type": "TextInput", "name": "seats", "label": "Seats"},
            {"type": "Footer", "label": "Book", "on-click-action": {"name": name, "payload": {"seats": "${form.seats}"}}}]}}]});
    if name == "data_exchange" {
        document["data_api_version"] = json!("3.0");
        document["routing_model"] = json!({"BOOK": []});
    }
    document.to_string()
}

impl World {
    pub(super) async fn flow(&self, request: Value) -> String {
        let (status, made) = self.post(&format!("/v23.0/{}/flows", self.shop.waba_id), request).await;
        assert_eq!(status, 200, "{made}");
        made["id"].as_str().unwrap().to_owned()
    }

    async fn upload(&self, flow: &str, file: &str) -> (u16, Value) {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nflow.json\r\n--x\r\n\
             Content-Disposition: form-data; name=\"asset_type\"\r\n\r\nFLOW_JSON\r\n--x\r\n\
             Content-Disposition: form-data; name=\"file\"; filename=\"flow.json\"\r\n\
             Content-Type: application/json\r\n\r\n{file}\r\n--x--\r\n"
        );
        let request = self.request("POST", &format!("/v23.0/{flow}/assets"));
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        self.ask(request.body(Body::from(body)).unwrap()).await
    }
}

#[tokio::test]
async fn a_flow_from_its_making_to_its_end() {
    let world = World::open().await;
    let flow = world.flow(json!({"name": "booking", "categories": ["OTHER"]})).await;
    let (status, bad) = world.upload(&flow, "{\"version\": \"6.0\"}").await;
    let error = &bad["validation_errors"][0];
    assert_eq!((status, &bad["success"], &error["error"]), (200, &json!(true), &json!("MISSING_PROPERTY")));
    for member in ["line_start", "line_end", "column_start", "column_end"] {
        assert!(error[member].is_u64(), "{bad}");
    }
    assert_eq!(code(&world.post(&format!("/{flow}/publish"), json!({})).await), (400, 139_002));
    assert_eq!(
        world.upload(&flow, &document("complete")).await.1,
        json!({"success": true, "validation_errors": []})
    );
    let by_json = json!({"asset_type": "FLOW_JSON", "file": document("complete")});
    assert_eq!(world.post(&format!("/{flow}/assets"), by_json).await.0, 200);
    assert_eq!(
        code(&world.post(&format!("/{flow}/assets"), json!({"asset_type": "FLOW_JSON"})).await),
        (400, 100)
    );
    let renamed = json!({"name": "seats", "categories": "[\"SURVEY\"]"});
    assert_eq!(world.post(&format!("/{flow}"), renamed).await.1, json!({"success": true}));

    let fields = "id,name,status,categories,validation_errors,json_version,preview.invalidate(false),\
                  whatsapp_business_account,application,health_status,updated_at,metric.name(ENDPOINT_REQUEST_COUNT).granularity(DAY)";
    let (_, shown) = world.get(&format!("/v23.0/{flow}?fields={fields}")).await;
    assert_eq!((&shown["name"], &shown["json_version"]), (&json!("seats"), &json!("6.0")), "{shown}");
    assert_eq!(shown["whatsapp_business_account"]["id"], json!(world.shop.waba_id.to_string()));
    assert_eq!(shown["application"]["id"], json!(world.shop.app_id.to_string()));
    assert_eq!(shown["health_status"]["entities"][0]["entity_type"], "FLOW");
    assert_eq!(shown["metric"]["data_points"], json!([]));
    assert!(shown["preview"]["preview_url"].as_str().unwrap().starts_with("http://plaza.test/flow-preview/"));
    for time in [&shown["updated_at"], &shown["preview"]["expires_at"]] {
        let time = time.as_str().unwrap();
        assert!(time.len() == 24 && time.ends_with("+0000"), "{time}");
    }
    let (_, assets) = world.get(&format!("/{flow}/assets")).await;
    assert_eq!(assets["data"][0]["asset_type"], "FLOW_JSON");

    assert_eq!(code(&world.post(&format!("/{flow}/deprecate"), json!({})).await), (400, 139_003));
    assert_eq!(world.post(&format!("/{flow}/publish"), json!({})).await.1, json!({"success": true}));
    assert_eq!(code(&world.upload(&flow, "{}").await), (400, 139_001));
    let delete = async |flow: &str| {
        world.ask(world.request("DELETE", &format!("/{flow}")).body(Body::empty()).unwrap()).await
    };
    assert_eq!(code(&delete(&flow).await), (400, 139_004));
    assert_eq!(world.post(&format!("/{flow}/deprecate"), json!({})).await.1, json!({"success": true}));
    let draft = world.flow(json!({"name": "draft", "categories": "OTHER", "clone_flow_id": flow})).await;
    let (_, list) = world.get(&format!("/{}/flows?limit=1&summary=total_count", world.shop.waba_id)).await;
    assert_eq!((&list["data"][0]["id"], &list["summary"]["total_count"]), (&json!(draft), &json!(2)));
    assert!(list["paging"]["next"].is_string());
    assert_eq!(delete(&draft).await.1, json!({"success": true}));
    assert_eq!(code(&world.get(&format!("/{draft}")).await), (400, 100));
    let path = format!("/{}/migrate_flows", world.shop.waba_id);
    let foreign = world.post(&path, json!({"source_waba_id": world.rival.waba_id.to_string()})).await;
    assert_eq!(code(&foreign), (400, 100));
}

#[tokio::test]
async fn an_endpoint_is_asked_how_it_is_before_its_flow_is_published() {
    let world = World::open().await;
    let url = endpoint(|_| http("500 X", "")).await;
    let made = json!({"name": "a", "categories": "OTHER", "flow_json": document("data_exchange"), "endpoint_uri": url});
    let flow = world.flow(made).await;
    assert_eq!(code(&world.post(&format!("/{flow}/publish"), json!({})).await), (400, 139_002), "no key");
    let vector: Value =
        serde_json::from_str(include_str!("../../../../business/fixtures/flow_vector.json")).unwrap();
    let (phone, key) = (world.shop.phone_number_id, vector["public_key_pem"].as_str().unwrap().to_owned());
    let path = format!("/{phone}/whatsapp_business_encryption");
    assert_eq!(world.post(&path, json!({"business_public_key": key})).await.0, 200);
    let unwell = world.post(&format!("/{flow}/publish"), json!({})).await;
    assert_eq!(code(&unwell), (400, 139_002));
    let details = unwell.1["error"]["error_data"]["details"].as_str().unwrap();
    assert_eq!(details, "the endpoint is not well: it answered 500 to a ping");
    world.clock.advance(Duration::from_secs(1));
    let metric = format!("/{flow}?fields=metric.name(ENDPOINT_REQUEST_ERROR).granularity(LIFETIME)");
    let (_, shown) = world.get(&metric).await;
    assert_eq!(
        shown["metric"]["data_points"][0]["data"],
        json!([{"key": "http_status_error", "value": 1}]),
        "{shown}"
    );
}

#[tokio::test]
async fn a_message_with_a_flow_is_refused_with_its_code() {
    let world = World::open().await;
    world.ana_writes().await;
    let flow =
        world.flow(json!({"name": "a", "categories": "OTHER", "flow_json": document("complete")})).await;
    let message = json!({"messaging_product": "whatsapp", "to": ANA, "type": "interactive", "interactive": {
        "type": "flow", "body": {"text": "Book"}, "action": {"name": "flow", "parameters": {
            "flow_message_version": "3", "flow_cta": "Book", "flow_id": flow}}}});
    assert_eq!(code(&world.post(&world.messages(), message.clone()).await), (400, 131_009), "a draft");
    world.post(&format!("/{flow}/publish"), json!({})).await;
    assert_eq!(world.post(&world.messages(), message.clone()).await.0, 200);
    let id = flow.parse().unwrap();
    let system = world.app.ctx.acting_as(Actor::System);
    for (status, number) in [(flows::Status::Blocked, 132_068), (flows::Status::Throttled, 132_069)] {
        let set = async move |ctx: &Ctx, tx: &mut Tx| flows::set_status(ctx, tx, id, status).await;
        world.app.db.transact(&system, "test.status", set).await.unwrap();
        let mut last = world.post(&world.messages(), message.clone()).await;
        for _ in 0..10 {
            last = world.post(&world.messages(), message.clone()).await;
        }
        assert_eq!(code(&last), (400, number));
    }
}
