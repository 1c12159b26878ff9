//! Price books as the operator keeps them: files, drafts, versions, contracts.

use crate::*;
use plaza_billing::{Book, BookKind, BooksError, Draft, Notice, Preview, PriceChange, Version};
use plaza_protocol::{Actor, PriceBookId, PriceVersionId};

const GERMANY: &str = "+4915112345678";
const HEADER: &str = "effective_from,effective_to,market,currency,category,tier_from,price\n";

impl World {
    async fn operator<T, F>(&self, work: F) -> Result<T, BooksError>
    where
        F: AsyncFn(&Ctx, &mut Tx) -> Result<T, BooksError> + Send + 'static,
        T: Send + 'static,
    {
        self.db.transact(&self.ctx.acting_as(Actor::Operator), "test.books", work).await
    }

    /// The list book in dollars.
    async fn list(&self) -> Book {
        let books = self.operator(async |ctx, tx| plaza_billing::books(ctx, tx, None).await).await.unwrap();
        let is_list = |book: &Book| book.kind() == BookKind::List && book.currency == Currency::USD;
        books.into_iter().find(is_list).unwrap()
    }

    async fn versions(&self, book: PriceBookId) -> Vec<Version> {
        self.operator(async move |ctx, tx| plaza_billing::book(ctx, tx, book).await).await.unwrap().1
    }

    async fn export(&self, book: PriceBookId, version: PriceVersionId) -> String {
        let export =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::export(ctx, tx, book, Some(version)).await;
        self.operator(export).await.unwrap()
    }

    async fn draft(&self, book: PriceBookId, text: &str) -> Result<Draft, BooksError> {
        let text = text.to_owned();
        self.operator(async move |ctx, tx| {
            plaza_billing::draft(ctx, tx, (book, Notice::default()), &text).await
        })
        .await
    }

    async fn publish(&self, draft: PriceVersionId) -> Result<Version, BooksError> {
        self.operator(async move |ctx, tx| plaza_billing::publish(ctx, tx, draft, Notice::default()).await)
            .await
    }

    /// What is wrong with a file.
    async fn faults(&self, book: PriceBookId, text: &str) -> Vec<String> {
        match self.draft(book, text).await {
            Err(BooksError::File(faults)) => faults
                .into_iter()
                .map(|fault| format!("{} {}: {}", fault.row, fault.column, fault.what))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    async fn contract(&self) -> PriceBookId {
        let open = async |ctx: &Ctx, tx: &mut Tx| plaza_billing::open_contract(ctx, tx, TULIP, "Tulip").await;
        self.operator(open).await.unwrap()
    }
}

#[tokio::test]
async fn an_exported_version_is_taken_in_as_it_is_and_counts_from_its_first_day() {
    each_world(async |world| {
        let book = world.list().await.price_book_id;
        let october = world.versions(book).await[2];
        let text = world.export(book, october.price_version_id).await;
        assert_eq!(text.lines().count(), 207);
        let text = text
            .replace("2026-10-01,", "2027-04-01,")
            .replace("Germany,USD,utility,0,0.055\n", "Germany,USD,utility,0,0.07\n");
        let draft = world.draft(book, &text).await.unwrap();
        assert_eq!(draft.prices, 206);
        assert_eq!(world.draft(book, &text).await.unwrap(), draft, "the same file is the same draft");
        // Nothing counts before it is published.
        let utility = |world: &World| world.message(Category::Utility, GERMANY, at("2027-04-02T00:00:00Z"));
        let before = world.send_and_deliver(utility(&world), at("2027-04-02T00:00:00Z")).await;
        assert_eq!(before.amount.to_string(), "0.055");
        let after = world.message(Category::Utility, GERMANY, at("2027-03-31T00:00:00Z"));
        let version = world.publish(draft.price_version_id).await.unwrap();
        assert_eq!((version.price_version_id, version.prices), (draft.price_version_id, 206));
        assert_eq!(world.export(book, version.price_version_id).await, text);
        assert!(matches!(world.publish(draft.price_version_id).await, Err(BooksError::NotFound("draft"))));
        assert_eq!(
            world.hold(std::slice::from_ref(&after)).await[0].clone().unwrap().held.to_string(),
            "0.07"
        );
        let charged = world.deliver(vec![(after.message_id, at("2027-03-31T23:00:00Z"))]).await[0];
        assert_eq!(charged.amount.to_string(), "0.055");
        let charged = world.send_and_deliver(utility(&world), at("2027-04-02T00:00:00Z")).await;
        assert_eq!(charged.amount.to_string(), "0.07");
        // The rules of the version before go on.
        let service = world.message(Category::Service, GERMANY, at("2027-04-02T00:00:00Z"));
        assert!(!world.send_and_deliver(service, at("2027-04-02T00:00:00Z")).await.pricing.billable);
        // What was charged by the older version before the newer one was published does not agree with it any more: a
        // version is published before it counts, which the clock of this test did not mind.
        let differences = world.verify().await.differences;
        assert!(differences.iter().all(|difference| difference.starts_with("chg_")), "{differences:?}");
        // The reference is imported at each start: what the operator published stays.
        let import = async |ctx: &Ctx, tx: &mut Tx| {
            plaza_billing::import_price_book(ctx, tx, &PriceSource::reference()).await
        };
        world.db.transact(&world.ctx, "test.import", import).await.unwrap();
        let charged = world.send_and_deliver(utility(&world), at("2027-04-02T00:00:00Z")).await;
        assert_eq!(charged.amount.to_string(), "0.07");
    })
    .await;
}

#[tokio::test]
async fn everything_that_is_wrong_in_a_file_is_named() {
    each_world(async |world| {
        let list = world.list().await.price_book_id;
        let contract = world.contract().await;
        let row = |row: &str| format!("{HEADER}{row}\n");
        for (text, expected) in [
            (String::new(), "0 effective_from: the column is missing"),
            (HEADER.to_owned(), "0 price: there is no price"),
            (format!("\u{feff}{HEADER}"), "0 : the file begins with a byte order mark: save it"),
            (HEADER.replace(',', ";"), "0 : columns are separated by semicolons or tabs"),
            (HEADER.replace("price", "prize"), "0 : unknown column prize"),
            (HEADER.replace("market", "price"), "0 price: the column is there twice"),
            (
                row("2027-01-01,,Germany,USD,utility,0,0,055"),
                "1 : it has 8 columns, the header 7: a decimal comma",
            ),
            (row("2027-01-01,,Germany,USD,utility,0,\"0,055\""), "1 price: decimals have a point"),
            (row("2027-01-01,,Germany,USD,utility,0,-0.05"), "1 price: a price is never below zero"),
            (row("2027-01-01,,Germany,USD,utility,0,0.0000001"), "1 price: at most six digits"),
            (row("2027-01-01,,Germany,USD,utility,0,9223372036855"), "1 price: it is too large"),
            (row("2027-01-01,,Germany,USD,utility,0,cheap"), "1 price: a decimal such as"),
            (row("2027-01-01,,Germany,XXX,utility,0,1"), "1 currency: unknown currency"),
            (row("2027-01-01,,Germany,EUR,utility,0,1"), "1 currency: the book is in USD"),
            (row("2027-01-01,,Germany,USD,utilities,0,1"), "1 category: unknown category"),
            (row("2027-01-01,,Germany,USD,call,0,1"), "1 category: messages and calls have books"),
            (row("2027-01-01,,Atlantis,USD,utility,0,1"), "1 market: there is no market Atlantis"),
            (row("01.01.2027,,Germany,USD,utility,0,1"), "1 effective_from: a day such as"),
            (
                row("2027-01-01,2026-12-31,Germany,USD,utility,0,1"),
                "1 effective_to: the last day comes before",
            ),
            (row("2027-01-01,,Germany,USD,utility,x,1"), "1 tier_from: a number of messages"),
            (row("2027-01-01,,Germany,USD,utility,5,1"), "1 tier_from: the tier that begins at 0"),
            (row("2027-01-01,,Germany,USD,service,5,1"), "1 tier_from: only utility"),
            (row("2026-11-01,,Germany,USD,utility,0,1"), "1 effective_from: 2026-11-02 or later is needed"),
            (
                row("2027-01-01,,Germany,USD,utility,0,1\n2027-01-01,,Germany,USD,utility,0,2"),
                "2 category: row 1 has the same market",
            ),
            (
                row("2027-01-01,,Germany,USD,utility,0,1\n2027-01-02,,Germany,USD,service,0,2"),
                "2 effective_from: a file holds one version",
            ),
        ] {
            let faults = world.faults(contract, &text).await;
            assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{text}: {faults:?}");
        }
        let faults = world.faults(list, &row("2027-01-01,,Germany,USD,utility,0,1")).await;
        assert!(faults.contains(
            &"1 effective_from: it overlaps the version of 2027-01-01, which is published".to_owned()
        ));
        assert!(
            faults.contains(&"0 market: Brazil has prices in the version before, and none here".to_owned())
        );
        let faults = world.faults(list, &row("2026-11-30,,Germany,USD,utility,0,1")).await;
        assert!(faults.contains(
            &"1 effective_from: 2026-12-02 or later is needed: a price is told before it counts".to_owned()
        ));
        let faults = world.faults(list, &row("2026-12-03,2027-01-01,Germany,USD,utility,0,1")).await;
        assert!(faults.contains(
            &"1 effective_from: it overlaps the version of 2027-01-01, which is published".to_owned()
        ));
        // Many faults are told up to a bound, and nothing is kept.
        let many = format!("{HEADER}{}", "2027-01-01,,Germany,USD,utility,0,x\n".repeat(500));
        assert_eq!(world.faults(contract, &many).await.len(), 100);
        let (_, _, drafts) =
            world.operator(async move |ctx, tx| plaza_billing::book(ctx, tx, contract).await).await.unwrap();
        assert_eq!(drafts, []);
        // Nobody else sees that there are books.
        let app = world.ctx.acting_as(Actor::Anonymous);
        let read = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::book(ctx, tx, contract).await;
        assert!(matches!(world.db.read(&app, "test", read).await, Err(BooksError::NotFound("price book"))));
    })
    .await;
}

#[tokio::test]
async fn a_contract_stands_in_for_the_list_while_it_lasts() {
    each_world(async |world| {
        let other = PortfolioId(141);
        world.open(other, Currency::USD, "UTC").await;
        world.top_up(other, "10", "start").await.unwrap();
        let contract = world.contract().await;
        assert_eq!(world.contract().await, contract, "opening it again changes nothing");
        let text = format!(
            "{HEADER}2026-11-10,2026-11-19,Germany,USD,marketing,0,0.10\n\
             2026-11-10,2026-11-19,Germany,USD,utility,0,0.04\n2026-11-10,2026-11-19,Germany,USD,utility,1,0.03\n"
        );
        let draft = world.draft(contract, &text).await.unwrap();
        world.publish(draft.price_version_id).await.unwrap();
        assert_eq!(world.export(contract, draft.price_version_id).await, text);
        let marketing = |category, sent: &str| world.message(category, GERMANY, at(sent));
        let cost = async |category, day: &str| {
            world.send_and_deliver(marketing(category, day), at(day)).await.amount.to_string()
        };
        assert_eq!(cost(Category::Marketing, "2026-11-09T23:59:59Z").await, "0.1365");
        assert_eq!(cost(Category::Marketing, "2026-11-10T00:00:00Z").await, "0.10");
        assert_eq!(cost(Category::GroupMarketing, "2026-11-19T23:59:59Z").await, "0.10");
        assert_eq!(cost(Category::Utility, "2026-11-19T23:59:58Z").await, "0.04");
        assert_eq!(cost(Category::Utility, "2026-11-19T23:59:59Z").await, "0.03");
        // What the contract does not name, and whoever has none, pays by the list.
        assert_eq!(cost(Category::Authentication, "2026-11-19T23:59:59Z").await, "0.055");
        let stranger = Intent { portfolio_id: other, ..marketing(Category::Marketing, "2026-11-12T00:00:00Z") };
        assert_eq!(world.send_and_deliver(stranger, at("2026-11-12T00:00:00Z")).await.amount.to_string(), "0.1365");
        // The contract may end before the delivery: the price of the list is held.
        let late = marketing(Category::Marketing, "2026-11-15T00:00:00Z");
        assert_eq!(world.hold(std::slice::from_ref(&late)).await[0].clone().unwrap().held.to_string(), "0.1365");
        let charged = world.deliver(vec![(late.message_id, at("2026-11-20T00:00:00Z"))]).await[0];
        assert_eq!(charged.amount.to_string(), "0.1365");
        world.assert_sound().await;
        // A change of the list reaches those with a contract, too.
        let list = world.list().await.price_book_id;
        let october = world.versions(list).await[2].price_version_id;
        let text = world.export(list, october).await.replace("2026-10-01,", "2026-12-05,");
        let text = text.replace("Germany,USD,marketing,0,0.1365\n", "Germany,USD,marketing,0,0.2\n");
        let draft = world.draft(list, &text).await.unwrap();
        world.publish(draft.price_version_id).await.unwrap();
        assert_eq!(cost(Category::Marketing, "2026-12-05T00:00:00Z").await, "0.20");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_draft_is_compared_and_a_month_is_rated_by_it() {
    each_world(async |world| {
        let day = "2026-10-05T12:00:00Z";
        for category in [Category::Marketing, Category::Utility, Category::Utility, Category::Service] {
            world.send_and_deliver(world.message(category, GERMANY, at(day)), at(day)).await;
        }
        let capped = Intent {
            max_price: Some(micros("0.05")),
            ..world.message(Category::Marketing, GERMANY, at(day))
        };
        world.send_and_deliver(capped, at(day)).await;
        let contract = world.contract().await;
        let text = format!(
            "{HEADER}2026-12-01,,Germany,USD,marketing,0,0.15\n2026-12-01,,Germany,USD,utility,0,0.055\n\
             2026-12-01,,Germany,USD,utility,1,0.04\n"
        );
        let draft = world.draft(contract, &text).await.unwrap().price_version_id;
        let changes = world
            .operator(async move |ctx, tx| plaza_billing::compare_draft(ctx, tx, draft).await)
            .await
            .unwrap();
        let change = |category, tier_from, before: Option<&str>, after: Option<&str>| PriceChange {
            market: "Germany".to_owned(),
            category,
            tier_from,
            before: before.map(micros),
            after: after.map(micros),
        };
        let expected = [
            change(Category::Marketing, 0, Some("0.1365"), Some("0.15")),
            change(Category::Utility, 1, None, Some("0.04")),
            // They follow the categories outside of groups.
            change(Category::GroupMarketing, 0, Some("0.1365"), Some("0.15")),
            change(Category::GroupUtility, 1, None, Some("0.04")),
        ];
        assert_eq!(changes, expected);
        let preview = async |period: i64| {
            world.operator(async move |ctx, tx| plaza_billing::preview(ctx, tx, draft, period).await).await
        };
        let Preview { lines, currency, .. } = preview(202_610).await.unwrap();
        assert_eq!(currency, Currency::USD);
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                let (before, after) = (line.before, line.after);
                format!(
                    "{} {} {} {} {before} {after}",
                    line.category, line.market, line.messages, line.billable
                )
            })
            .collect();
        assert_eq!(
            lines,
            [
                "marketing Germany 2 2 0.1865 0.20",
                "utility Germany 2 2 0.11 0.095",
                "service Germany 1 0 0.00 0.00"
            ]
        );
        assert_eq!(preview(202_609).await.unwrap().lines, []);
        assert!(matches!(preview(202_613).await, Err(BooksError::Invalid(_))));
        // Nothing was charged by looking.
        world.assert_sound().await;
        let drop_it = async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::drop_draft(ctx, tx, draft).await;
        world.operator(drop_it).await.unwrap();
        assert!(matches!(world.publish(draft).await, Err(BooksError::NotFound("draft"))));
        // Two versions are compared by what is in force on their first days.
        let list = world.list().await.price_book_id;
        let versions = world.versions(list).await;
        let pair = (versions[2].price_version_id, versions[3].price_version_id);
        let compare =
            async move |ctx: &Ctx, tx: &mut Tx| plaza_billing::compare_versions(ctx, tx, list, pair).await;
        let changes = world.operator(compare).await.unwrap();
        assert!(changes.contains(&PriceChange {
            market: "India".to_owned(),
            category: Category::Utility,
            tier_from: 1_000_000,
            before: None,
            after: Some(micros("0.00133")),
        }));
        assert!(changes.iter().all(|change| change.tier_from > 0), "list prices stay as they are");
    })
    .await;
}
