//! What the operator sets once: how numbers look, and what is taxed.

use super::*;
use plaza_billing::invoices::{Numbered, Series};

/// How numbers look, from a year on.
async fn series(
    world: &World,
    kind: Numbered,
    year: i64,
    (prefix, year_digits, digits): (&'static str, i64, i64),
) -> Result<(), InvoiceError> {
    let set = async move |ctx: &Ctx, tx: &mut Tx| {
        let series = Series { prefix: prefix.to_owned(), year_digits, digits };
        invoices::set_series(ctx, tx, kind, year, &series).await
    };
    world.write(set).await
}

#[tokio::test]
async fn numbers_look_as_the_operator_says_from_the_first_of_a_year_on() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        for wrong in [
            ("", 4, 6),
            ("inv-", 4, 6),
            ("R_", 4, 6),
            ("A-LONG-PREFIX-OF-17", 4, 6),
            ("R", 3, 6),
            ("R", 4, 2),
        ] {
            let refused = series(&world, Numbered::Invoice, 2026, wrong).await;
            assert!(matches!(refused, Err(InvoiceError::Invalid(_))), "{wrong:?}: {refused:?}");
        }
        let same = series(&world, Numbered::CreditNote, 2026, ("INV-", 4, 6)).await;
        assert!(matches!(same, Err(InvoiceError::SameNumbers(2026))), "as invoices have: {same:?}");
        let past = series(&world, Numbered::Invoice, 2025, ("R", 2, 4)).await;
        assert!(matches!(past, Err(InvoiceError::Invalid(_))), "{past:?}");
        series(&world, Numbered::Invoice, 2026, ("R/", 2, 4)).await.unwrap();
        world.assert_sound().await;

        world.november(3).await;
        let (invoice, _) = world.issued(NOVEMBER).await;
        assert_eq!(invoice.number.as_deref(), Some("R/26-0001"));
        let late = series(&world, Numbered::Invoice, 2026, ("S", 4, 6)).await;
        assert!(matches!(late, Err(InvoiceError::SeriesInUse(2026))), "{late:?}");
        series(&world, Numbered::Invoice, 2027, ("S", 4, 6)).await.unwrap();
        let read = async |ctx: &Ctx, tx: &mut Tx| invoices::numbers(ctx, tx).await;
        let told: Vec<_> = world
            .write(read)
            .await
            .unwrap()
            .into_iter()
            .map(|of| (of.kind, of.year, of.last, of.series.number(of.year, of.last + 1)))
            .collect();
        let expected = [
            (Numbered::Invoice, 2026, 1, "R/26-0002"),
            (Numbered::Invoice, 2027, 0, "S2027-000001"),
            (Numbered::CreditNote, 2026, 0, "CN-2026-000001"),
            (Numbered::CreditNote, 2027, 0, "CN-2027-000001"),
        ];
        assert_eq!(told, expected.map(|(kind, year, last, next)| (kind, year, last, next.to_owned())));
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn invoices_and_credit_notes_never_come_to_have_the_same_numbers() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        const X: (&str, i64, i64) = ("X-", 4, 6);
        series(&world, Numbered::Invoice, 2027, X).await.unwrap();
        let later = series(&world, Numbered::CreditNote, 2026, X).await;
        assert!(matches!(later, Err(InvoiceError::SameNumbers(2027))), "from 2027 on: {later:?}");
        let written = series(&world, Numbered::CreditNote, 2026, ("X-20", 2, 6)).await;
        assert!(
            matches!(written, Err(InvoiceError::SameNumbers(2027))),
            "another way of writing: {written:?}"
        );
        // What another series takes the place of before is no matter.
        series(&world, Numbered::CreditNote, 2027, ("Y-", 4, 6)).await.unwrap();
        series(&world, Numbered::CreditNote, 2026, X).await.unwrap();
        let same = series(&world, Numbered::Invoice, 2026, X).await;
        assert!(matches!(same, Err(InvoiceError::SameNumbers(2026))), "{same:?}");
        let usual = series(&world, Numbered::Invoice, 2026, ("CN-", 4, 6)).await;
        assert!(usual.is_ok(), "credit notes have no such numbers any more: {usual:?}");
        world.assert_sound().await;
    })
    .await;
}

#[tokio::test]
async fn two_kinds_that_take_the_same_series_at_once_are_not_both_heard() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let (invoices, notes) = tokio::join!(
            series(&world, Numbered::Invoice, 2027, ("X-", 4, 6)),
            series(&world, Numbered::CreditNote, 2026, ("X-", 4, 6)),
        );
        assert!(invoices.is_ok() != notes.is_ok(), "{invoices:?} {notes:?}");
    })
    .await;
}

#[tokio::test]
async fn a_rate_is_taken_back_before_it_is_used() {
    each_world(async |world| {
        world.parties(buyer("DE", "", false)).await;
        world.clock.set(at("2026-12-04T01:00:00Z"));
        let rate = |from: &str| TaxRate {
            jurisdiction: "DE".to_owned(),
            effective_from: at(from),
            effective_to: None,
            ppm: 250_000,
            name: "VAT".to_owned(),
            reverse_charge: true,
        };
        let add = async |world: &World, rate: TaxRate| {
            world.write(async move |ctx, tx| invoices::set_tax_rate(ctx, tx, &rate).await).await
        };
        let remove = async |world: &World, from: &'static str| {
            let remove =
                async move |ctx: &Ctx, tx: &mut Tx| invoices::remove_tax_rate(ctx, tx, "DE", at(from)).await;
            world.write(remove).await
        };
        let ends = async |world: &World| -> Vec<_> {
            let rates = world.write(async |ctx: &Ctx, tx: &mut Tx| invoices::tax_rates(ctx, tx).await).await;
            let rates = rates.unwrap().into_iter().filter(|rate| rate.jurisdiction == "DE");
            rates.map(|rate| (rate.ppm, rate.effective_to)).collect()
        };
        const NEXT: &str = "2027-01-01T00:00:00Z";
        let unknown = remove(&world, NEXT).await;
        assert!(matches!(unknown, Err(InvoiceError::UnknownRate)), "{unknown:?}");
        add(&world, rate(NEXT)).await.unwrap();
        assert_eq!(ends(&world).await, [(190_000, Some(at(NEXT))), (250_000, None)]);
        remove(&world, NEXT).await.unwrap();
        assert_eq!(ends(&world).await, [(190_000, None)], "the one before goes on");

        // It has begun, and nothing was issued since.
        const BEGUN: &str = "2026-11-01T00:00:00Z";
        add(&world, rate(BEGUN)).await.unwrap();
        remove(&world, BEGUN).await.unwrap();
        add(&world, rate(BEGUN)).await.unwrap();
        world.november(3).await;
        let (invoice, _) = world.issued(NOVEMBER).await;
        assert_eq!(invoice.document().unwrap().taxes[0].treatment.ppm, 250_000);
        let used = remove(&world, BEGUN).await;
        assert!(matches!(used, Err(InvoiceError::RateUsed)), "{used:?}");
        assert_eq!(ends(&world).await, [(190_000, Some(at(BEGUN))), (250_000, None)], "nothing was changed");
        world.assert_sound().await;
    })
    .await;
}
