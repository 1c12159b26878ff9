//! Analytics through the door: the sums are those of the messages and of the charges.

use super::limits::{number, template};
use super::*;
use plaza_protocol::MessageId;

const DAY_S: i64 = 24 * 3600;

impl World {
    async fn presses(&self, account: AccountId, at: usize, wamid: &str, text: &str) {
        let ctx = self.app.ctx.clone();
        let reply = content::ButtonReply { text: text.to_owned(), payload: text.to_owned() };
        let answered = plaza_business::wamid::parse(wamid).unwrap();
        let inbound = Inbound {
            account,
            number: number(at).parse().unwrap(),
            name: "Ben".to_owned(),
            message_id: ctx.ordered_id(),
            at: ctx.now(),
            content: Content {
                reply_to: answered.as_bytes().to_vec(),
                sender_name: "Ben".to_owned(),
                body: Some(content::Body::ButtonReply(reply)),
                is_forwarded: false,
            },
            group: None,
        };
        let (business, phone) = (self.app.business.clone(), self.shop.phone_number_id);
        let receive = async move |ctx: &Ctx, tx: &mut Tx| business.received(ctx, tx, phone, &inbound).await;
        self.app.db.transact::<_, SendError, _>(&ctx, "test.receive", receive).await.unwrap();
    }

    async fn has_read(&self, wamid: &str) {
        let id = plaza_business::wamid::parse(wamid).unwrap();
        let (business, at) = (self.app.business.clone(), self.app.ctx.now());
        let read = async move |ctx: &Ctx, tx: &mut Tx| business.read(ctx, tx, &[(MessageId(id.0), at)]).await;
        self.app.db.transact(&self.app.ctx, "test.read", read).await.unwrap();
    }

    async fn sends(&self, name: &str, to: &str) -> String {
        let (status, sent) = self.post(&self.messages(), template(name, to)).await;
        assert_eq!(status, 200, "{sent}");
        sent["messages"][0]["id"].as_str().unwrap().to_owned()
    }

    /// What was paid so far.
    async fn spent(&self) -> f64 {
        let portfolio = self.shop.business_id;
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::balance(ctx, tx, portfolio).await;
        let balance = self.app.db.read(&self.app.ctx, "test.balance", read).await.unwrap();
        Micros(100_000_000 - balance.posted.0).to_string().parse().unwrap()
    }

    async fn field(&self, field: &str) -> Value {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("fields", field).finish();
        let (status, answer) = self.get(&format!("/v23.0/{}?{query}", self.shop.waba_id)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }
}

fn sum(points: &Value, member: &str) -> f64 {
    points.as_array().unwrap().iter().map(|point| point[member].as_f64().unwrap()).sum()
}

#[tokio::test]
async fn templates_are_counted_by_day_and_cost_what_was_paid() {
    World::on_each_engine(business, async |world| {
        let ben = world.person(&number(0)).await;
        world.person(&number(1)).await;
        let made = json!({"name": "ready", "language": "en_US", "category": "UTILITY", "components": [
            {"type": "BODY", "text": "Fresh bread today."},
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Keep one"}]}]});
        let path = format!("/{}/message_templates", world.shop.waba_id);
        let (_, made) = world.post(&path, made).await;
        let id = made["id"].as_str().unwrap().to_owned();
        let now = world.app.ctx.now().seconds();
        // Midnight in Berlin before the test begins at 09:00 UTC.
        let monday = now - 10 * 3600;
        let edge = format!("/v23.0/{}/template_analytics", world.shop.waba_id);
        let ask = async |more: &str| {
            let asked =
                format!("start={monday}&end={}&granularity=daily&template_ids={id}", monday + 2 * DAY_S);
            world.get(&format!("{edge}?{asked}{more}")).await
        };
        assert_eq!(code(&ask("").await), (400, 200_007), "not switched on");
        let on = format!("/{}?is_enabled_for_insights=true", world.shop.waba_id);
        assert_eq!(world.post(&on, json!({})).await.0, 200);

        let first = world.sends("ready", &number(0)).await;
        let second = world.sends("ready", &number(1)).await;
        let third = world.sends("ready", ANA).await;
        world.acknowledge(&first).await;
        let paid_at_once = world.spent().await;
        // A second before midnight, and a second after.
        world.clock.advance(Duration::from_secs(14 * 3600 - 1));
        world.acknowledge(&second).await;
        let paid_on_monday = world.spent().await;
        world.clock.advance(Duration::from_secs(2));
        world.acknowledge(&third).await;
        world.acknowledge(&third).await;
        world.has_read(&first).await;
        world.presses(ben, 0, &first, "Keep one").await;
        let paid = world.spent().await;
        assert!(paid > paid_on_monday && paid_on_monday > paid_at_once && paid_at_once > 0.0);

        let (status, answer) = ask("").await;
        assert_eq!(status, 200, "{answer}");
        let answer = &answer["data"][0];
        assert_eq!((&answer["granularity"], &answer["product_type"]), (&json!("DAILY"), &json!("cloud_api")));
        let points = answer["data_points"].as_array().unwrap();
        assert_eq!(points.len(), 2);
        let view = |point: &Value| {
            let counts = ["sent", "delivered", "read"].map(|name| point[name].as_i64().unwrap());
            (point["start"].as_i64().unwrap() - monday, counts)
        };
        assert_eq!(view(&points[0]), (0, [3, 2, 0]));
        assert_eq!(view(&points[1]), (DAY_S, [0, 1, 1]));
        let clicked = json!([{"type": "quick_reply_button", "button_content": "Keep one", "count": 1}]);
        assert_eq!((&points[0]["clicked"], &points[1]["clicked"]), (&json!([]), &clicked));
        let spent = |point: &Value| point["cost"][0]["value"].as_f64().unwrap();
        assert_eq!(spent(&points[0]), paid_on_monday);
        assert!((spent(&points[0]) + spent(&points[1]) - paid).abs() < 1e-9);
        assert_eq!(points[1]["cost"][1]["type"], "cost_per_delivered");
        assert_eq!(points[1]["cost"][1]["value"], points[1]["cost"][0]["value"]);

        // Each metric alone, the other product, the other address of the same question.
        let (_, answer) = ask("&metric_types=read").await;
        let point = &answer["data"][0]["data_points"][1];
        assert_eq!((point.get("sent"), &point["read"]), (None, &json!(1)));
        let (_, answer) = ask("&product_type=MARKETING_MESSAGES_LITE_API").await;
        assert_eq!(sum(&answer["data"][0]["data_points"], "sent"), 0.0);
        let groups = edge.replace("template_analytics", "template_group_analytics");
        let asked = format!("start={monday}&end={}&template_group_ids=ready", monday + 2 * DAY_S);
        let (_, answer) = world.get(&format!("{groups}?{asked}")).await;
        let points = &answer["data"][0]["data_points"];
        assert_eq!((sum(points, "sent"), sum(points, "delivered"), sum(points, "read")), (3.0, 3.0, 1.0));
        assert_eq!(points[0]["template_group_id"], "ready");

        for (path, member) in [
            (format!("{edge}?start={monday}&end={monday}&template_ids={id}"), "end"),
            (format!("{edge}?start={}&end={now}&template_ids={id}", now - 91 * DAY_S), "start"),
            (format!("{edge}?start={monday}&end={now}"), "template_ids"),
            (format!("{edge}?start={monday}&end={now}&template_ids=17"), "template_ids"),
            (format!("{edge}?start={monday}&end={now}&template_ids=1,2,3,4,5,6,7,8,9,10,11"), "template_ids"),
            (format!("{edge}?start={monday}&end={now}&template_ids={id}&granularity=hourly"), "granularity"),
            (format!("{groups}?start={monday}&end={now}&template_group_ids=nothing"), "template_group_ids"),
        ] {
            let answer = world.get(&path).await;
            assert_eq!(code(&answer), (400, 100), "{path}");
            let details = answer.1["error"]["error_data"]["details"].as_str().unwrap();
            assert!(details.starts_with(member), "{path}: {details}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_accounts_messages_and_prices_add_up() {
    World::on_each_engine(business, async |world| {
        world.person(&number(0)).await;
        for (name, category) in [("ready", "UTILITY"), ("news", "MARKETING")] {
            let path = format!("/{}/message_templates", world.shop.waba_id);
            let made = json!({"name": name, "language": "en_US", "category": category,
                "components": [{"type": "BODY", "text": "Fresh bread today."}]});
            assert_eq!(world.post(&path, made).await.0, 200);
        }
        let start = world.app.ctx.now().seconds();
        let mut sent = Vec::new();
        for day in 0..3 {
            for (name, to) in [("ready", ANA), ("news", ANA), ("news", &number(0))] {
                let wamid = world.sends(name, to).await;
                world.acknowledge(&wamid).await;
                sent.push(wamid);
            }
            if day == 1 {
                world.ana_writes().await;
                assert_eq!(world.post(&world.messages(), text()).await.0, 200);
            }
            world.clock.advance(Duration::from_secs(DAY_S as u64));
        }
        world.sends("ready", ANA).await;
        let end = world.app.ctx.now().seconds() + 1;
        let paid = world.spent().await;

        for granularity in ["HALF_HOUR", "DAY", "MONTH"] {
            let field = format!("analytics.start({start}).end({end}).granularity({granularity})");
            let answer = world.field(&field).await;
            let points = &answer["analytics"]["data_points"];
            assert_eq!((sum(points, "sent"), sum(points, "delivered")), (11.0, 9.0), "{granularity}");
            let field = format!("{field}.product_types([0,100]).country_codes([\"DE\"]).phone_numbers([])");
            let answer = world.field(&field).await;
            let points = &answer["analytics"]["data_points"];
            // Seven templates to Germany, and one message from there.
            assert_eq!((sum(points, "sent"), sum(points, "delivered")), (8.0, 7.0), "{granularity}");
            assert_eq!(answer["analytics"]["country_codes"], json!(["DE"]));
            let field = format!("pricing_analytics.start({start}).end({end}).granularity({granularity})");
            let answer = world.field(&field).await;
            let points = &answer["pricing_analytics"]["data"][0]["data_points"];
            assert_eq!(sum(points, "volume"), 9.0);
            assert!((sum(points, "cost") - paid).abs() < 1e-9, "{granularity}: {points}");
        }
        let field = format!(
            "pricing_analytics.start({start}).end({end}).granularity(MONTHLY)\
             .dimensions([\"PRICING_CATEGORY\",\"COUNTRY\",\"PHONE\",\"PRICING_TYPE\",\"TIER\"])"
        );
        let answer = world.field(&field).await;
        let points = answer["pricing_analytics"]["data"][0]["data_points"].as_array().unwrap().clone();
        let volumes: Vec<(&str, &str, i64)> = points
            .iter()
            .map(|point| {
                let text = |name: &str| point[name].as_str().unwrap();
                assert_eq!((text("phone_number"), text("pricing_type")), ("4930901820", "REGULAR"));
                assert_eq!(text("tier"), "0:MAX");
                (text("country"), text("pricing_category"), point["volume"].as_i64().unwrap())
            })
            .collect();
        assert_eq!(volumes, [("BR", "MARKETING", 3), ("DE", "MARKETING", 3), ("DE", "UTILITY", 3)]);
        let of =
            |filter: &str| format!("pricing_analytics.start({start}).end({end}).granularity(DAILY).{filter}");
        let answer = world.field(&of("pricing_categories([\"UTILITY\"]).metric_types([\"COST\"])")).await;
        let points = answer["pricing_analytics"]["data"][0]["data_points"].as_array().unwrap().clone();
        assert_eq!((points.len(), points[0].get("volume")), (3, None));
        let answer = world.field(&of("phone_numbers([\"4930901821\"])")).await;
        assert_eq!(answer["pricing_analytics"]["data"][0]["data_points"], json!([]), "not its number");
        let field = format!("conversation_analytics.start({start}).end({end}).granularity(DAILY)");
        let answer = world.field(&field).await;
        assert_eq!(answer["conversation_analytics"], json!({"data": [{"data_points": []}]}));

        let field = format!("analytics.start({start}).end({end}).granularity(DAY).product_types([0,101])");
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("fields", &field).finish();
        let refused = world.get(&format!("/{}?{query}", world.shop.waba_id)).await;
        assert_eq!((code(&refused), &refused.1["error"]["error_subcode"]), ((400, 100), &json!(2_388_077)));
        let rival = world.rival.access_token.0.clone();
        let theirs =
            world.as_token("GET", &format!("/{}?{query}", world.shop.waba_id), &rival, json!({})).await;
        assert_eq!(theirs.1["error"]["error_subcode"], 33, "another's account");
    })
    .await;
}
