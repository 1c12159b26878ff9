//! Every operation of the table, through the door: without a token, on another portfolio's node, on a missing one, and
//! on one's own.

use super::super::operations::{On, Operation, State, all};
use super::*;
use plaza_business::portfolios::NodeKind;

const INSERT_NODE: Sql = Sql {
    name: "tests::INSERT_NODE",
    text: "INSERT INTO graph_node (node_id, kind, portfolio_id) VALUES ($1, $2, $3)",
};
const MISSING: i64 = 100_000_000_000_001;

/// A node of each kind that is in no other table; the real ones where there are such.
async fn nodes(world: &World, shop: &CreatedBusiness, first: i64) -> HashMap<NodeKind, String> {
    let portfolio = shop.business_id;
    let insert = async move |_: &Ctx, tx: &mut Tx| {
        for (id, kind) in (first..).zip(NodeKind::ALL) {
            tx.execute(INSERT_NODE, params![id, kind.as_str(), portfolio]).await?;
        }
        Ok::<_, DbError>(())
    };
    world.app.db.transact(&world.app.ctx, "test.nodes", insert).await.unwrap();
    let mut nodes: HashMap<NodeKind, String> =
        (first..).zip(NodeKind::ALL).map(|(id, kind)| (*kind, id.to_string())).collect();
    nodes.insert(NodeKind::Portfolio, shop.business_id.to_string());
    nodes.insert(NodeKind::Waba, shop.waba_id.to_string());
    nodes.insert(NodeKind::PhoneNumber, shop.phone_number_id.to_string());
    nodes.insert(NodeKind::App, shop.app_id.to_string());
    nodes.insert(NodeKind::UploadSession, format!("upload:{first}"));
    nodes
}

fn path(row: &Operation, node: &str) -> String {
    let edge = row.edge.replace(['{', '}'], "");
    match row.on {
        On::Root => format!("/v23.0/{edge}"),
        On::Node(_) => format!("/v23.0/{node}/{edge}"),
    }
}

#[tokio::test]
async fn every_operation_asks_who_calls_and_whose_the_node_is() {
    let world = World::open().await;
    let own = nodes(&world, &world.shop, 200_000_000_000_000).await;
    let foreign = nodes(&world, &world.rival, 300_000_000_000_000).await;
    for row in all() {
        let name = format!("{} {}", row.method, row.address());
        let kind = match row.on {
            On::Root => NodeKind::Waba,
            On::Node(kind) => kind,
        };
        let ask = async |node: &str, token: Option<&str>| {
            let mut request = HttpRequest::builder().method(row.method.clone()).uri(path(row, node));
            if let Some(token) = token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            world.ask(request.body(Body::empty()).unwrap()).await
        };
        let token = Some(world.shop.access_token.0.as_str());
        if row.edge != "oauth/access_token" {
            assert_eq!(code(&ask(&own[&kind], None).await), (401, 104), "{name}: no token");
            assert_eq!(code(&ask(&own[&kind], Some("EAAwrong")).await), (401, 190), "{name}: wrong token");
        }
        if row.on != On::Root && kind != NodeKind::UploadSession {
            let gone = ask(&MISSING.to_string(), token).await;
            let error = &gone.1["error"];
            assert_eq!((code(&gone), &error["error_subcode"]), ((400, 100), &json!(33)), "{name}");
            let told = gone.1["error"]["message"].as_str().unwrap().replace(&MISSING.to_string(), "ID");
            let theirs = ask(&foreign[&kind], token).await;
            let words = theirs.1["error"]["message"].as_str().unwrap_or_default();
            assert_eq!(words.replace(&foreign[&kind], "ID"), told, "{name}: {}", theirs.1);
            assert_eq!(code(&theirs), (400, 100), "{name}");
        }
        let mine = ask(&own[&kind], token).await;
        assert!(mine.0 < 500, "{name}: {}", mine.1);
        let details = mine.1["error"]["error_data"]["details"].as_str().unwrap_or_default();
        match row.state {
            State::Planned => assert!(details.ends_with("is not supported yet"), "{name}: {}", mine.1),
            State::Refused(why) => assert!(details.ends_with(why), "{name}: {}", mine.1),
            State::Done | State::Differs(_) => {
                let is_missing =
                    details.ends_with("is not supported yet") || details.ends_with("on this object");
                assert!(!is_missing, "{name} cannot be addressed: {}", mine.1);
            }
        }
    }
}
