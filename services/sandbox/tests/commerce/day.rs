//! A whole day in one call.

use sandbox::commerce::Config;
use serde_json::{Value, json};

use crate::client::{Served, serve};

async fn day(shop: &Served, body: &Value) -> Value {
    let answer = shop.control("commerce/day", &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

fn count(happened: &Value, what: &str) -> usize {
    happened[what].as_array().unwrap().len()
}

#[tokio::test]
async fn a_day_has_what_was_asked_of_it() {
    let shop = serve(Config { customers: 60, ..Config::default() }, 120).await;
    let happened = day(&shop, &json!({})).await;
    assert_eq!((count(&happened, "orders"), count(&happened, "first_orders")), (150, 30));
    assert_eq!((count(&happened, "edited_customers"), count(&happened, "credit_memos")), (20, 10));
    let mut emails = std::collections::BTreeSet::new();
    for order in shop.shop.ledger().iter().take(120) {
        emails.insert(order.customer_email.clone());
    }
    let firsts: Vec<u64> = happened["first_orders"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    for order in shop.shop.ledger().into_iter().skip(120) {
        let first = firsts.contains(&order.entity_id);
        assert_eq!(emails.contains(&order.customer_email), !first, "{order:?}");
    }
    let edited = happened["edited_customers"][0].to_string();
    let address = shop.get(&format!("customers/{edited}")).await.json["addresses"][0].clone();
    assert!(address["street"][0].as_str().unwrap().starts_with("Flyttegata "), "{address}");
    assert_eq!(shop.shop.ledger_credit_memos().len(), 10);
}

#[tokio::test]
async fn the_next_day_goes_on_with_the_orders_of_the_last() {
    let shop = serve(Config { customers: 30, ..Config::default() }, 60).await;
    let body = json!({ "seed": 1, "orders": 40, "new_customers": 5, "customer_edits": 3, "credit_memos": 4,
        "invoices": 20, "shipments": 10, "cancellations": 2, "webhook": false });
    let first = day(&shop, &body).await;
    assert_eq!((count(&first, "canceled_orders"), count(&first, "shipments")), (2, 10));
    assert_eq!(count(&first, "invoices"), 24, "refunds are of what was invoiced");
    let second = day(&shop, &json!({ "orders": 5, "new_customers": 5, "customer_edits": 0, "credit_memos": 3 })).await;
    assert_eq!((count(&second, "invoices"), count(&second, "credit_memos")), (0, 3), "those of yesterday are refunded");

    let third = json!({ "orders": 0, "new_customers": 0, "customer_edits": 0, "credit_memos": 0,
        "part_cancellations": 5 });
    let third = day(&shop, &third).await;
    assert_eq!((count(&third, "invoices"), count(&third, "partly_canceled_orders")), (5, 5), "{third}");
    for id in third["partly_canceled_orders"].as_array().unwrap() {
        let order = shop.get(&format!("orders/{id}")).await.json;
        assert!(
            order["total_canceled"].as_f64() > Some(0.0) && order["total_invoiced"].as_f64() > Some(0.0),
            "{order}"
        );
    }

    let twin = serve(Config { customers: 30, ..Config::default() }, 60).await;
    assert_eq!(day(&twin, &body).await, first, "the seed decides");
    let empty = serve(Config::default(), 0).await;
    assert_eq!(empty.control("commerce/day", "{}").await.status, 409);
}
