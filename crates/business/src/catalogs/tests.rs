use super::*;

fn draft(known: Option<Product>) -> Draft {
    Draft::of(&plaza_db::testing::ctx().0, known, "loaf")
}

#[test]
fn a_product_that_is_written_again_keeps_what_is_not_given() {
    let mut first = draft(None);
    let given = json!({"name": "Loaf", "currency": "eur", "brand": "Tulip", "url": null});
    first.fill(given.as_object().unwrap(), &["name", "brand", "url"]);
    first.price = Some(Micros(4_200_000));
    let first = first.finished().unwrap();
    assert_eq!((first.currency.as_str(), first.availability.as_str()), ("EUR", "in stock"));
    let mut second = draft(Some(first.clone()));
    second.fill(json!({"brand": null}).as_object().unwrap(), &["name", "brand"]);
    let second = second.finished().unwrap();
    assert_eq!(second, Product { brand: String::new(), ..first });
}

#[test]
fn a_batch_is_a_list_of_items() {
    for (wrong, what) in [
        (json!({}), "missing"),
        (json!({"requests": []}), "empty"),
        (json!({"requests": "x"}), "no JSON"),
        (json!({"requests": {}}), "no list"),
        (json!({"requests": vec![json!({}); BATCH_ITEMS_MAX + 1]}), "too many"),
    ] {
        assert!(requests(&wrong).is_err(), "{what}");
    }
    assert_eq!(requests(&json!({"requests": "[{}]"})).unwrap().len(), 1);
    assert_eq!(
        requests(&json!({"requests": vec![json!({}); BATCH_ITEMS_MAX]})).unwrap().len(),
        BATCH_ITEMS_MAX
    );
}
